/// A sealed copy on its way in: octets go to the disk as they come, beside their place, and are put into it when they are what the slip says.
internal import AlertModel
internal import Bundles
internal import Crypto
internal import Foundation
internal import Glibc
internal import Synchronization

extension HeldCopies {
    package final class Taking: Sendable {
        private struct State {
            var descriptor: Int32
            var hash = SHA256()
            /// Come, and written.
            var count = 0, written = 0
            var waiting: [UInt8] = []
            var isLookedAt = false
            /// Since the disk was last asked.
            var unsettled = 0
        }

        static let mark = ".new-"
        /// What is handed to the disk at once, and what it has before it is asked whether it has it: others' rows wait for no more than that.
        private static let piece = 256 << 10, settles = 8 << 20
        /// Octets by which a seal is known.
        private static let head = 512

        private let shelf: HeldCopies
        private let slip: CopySlip
        private let town: TownID
        private let from: String
        private let new: URL
        private let state: Mutex<State>

        private init(_ shelf: HeldCopies, _ slip: CopySlip, _ town: TownID, _ from: String, _ new: URL, _ descriptor: Int32) {
            (self.shelf, self.slip, self.town, self.from, self.new) = (shelf, slip, town, from, new)
            state = Mutex(State(descriptor: descriptor))
        }

        deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

        static func begin(_ slip: CopySlip, _ town: TownID, from: String, at shelf: HeldCopies) async throws(Refusal) -> Taking {
            try await shelf.thread.run { () -> Result<Taking, Refusal> in
                let place = shelf.place(town)
                do { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
                    return .failure(.disk("\(place.path): \(error.localizedDescription)"))
                }
                shelf.sweep(town)
                let new = place.appending(path: mark + UUID().uuidString)
                let descriptor = open(new.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
                guard descriptor >= 0 else { return .failure(trouble(new)) }
                return .success(Taking(shelf, slip, town, from, new, descriptor))
            }.get()
        }

        private static func trouble(_ file: URL) -> Refusal {
            let number = errno
            return number == ENOSPC || number == EDQUOT ? .noRoom : .disk("\(file.path): \(String(cString: strerror(number)))")
        }

        /// The next octets. Returns when the disk has taken all but the last few.
        package func write(_ octets: [UInt8]) async throws(Refusal) {
            let isFull = try state.withLock { state throws(Refusal) in
                state.count += octets.count
                guard state.count <= slip.body.octets else { throw .changed }
                state.waiting += octets
                return state.waiting.count >= Self.piece
            }
            if isFull { try await pass() }
        }

        private func pass() async throws(Refusal) {
            try await shelf.thread.run { [self] in
                state.withLock { state -> Result<Void, Refusal> in
                    if !state.isLookedAt {
                        guard shelf.isSealed(Array(state.waiting.prefix(Self.head))) else { return .failure(.open) }
                        state.isLookedAt = true
                    }
                    // Others use this disk too.
                    guard HeldCopies.free(new) - state.waiting.count >= shelf.bounds.room else { return .failure(.noRoom) }
                    return write(&state)
                }
            }.get()
        }

        private func write(_ state: inout State) -> Result<Void, Refusal> {
            state.hash.update(data: state.waiting)
            var done = 0
            while done < state.waiting.count {
                let count = state.waiting.withUnsafeBytes { Glibc.write(state.descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return .failure(Self.trouble(new)) }
                done += count
            }
            state.written += done
            state.unsettled += done
            state.waiting.removeAll(keepingCapacity: true)
            if state.unsettled >= Self.settles {
                guard fdatasync(state.descriptor) == 0 else { return .failure(Self.trouble(new)) }
                state.unsettled = 0
            }
            return .success(())
        }

        /// All of it has come.
        package func finish() async throws(Refusal) -> Held {
            let isWhole = state.withLock { $0.count == slip.body.octets }
            guard isWhole else { throw .cut }
            try await pass()
            let held = try await shelf.thread.run { [self] in settle() }.get()
            shelf.leave(town)
            return held
        }

        private func settle() -> Result<Held, Refusal> {
            let refusal = state.withLock { state -> Refusal? in
                guard state.hash.finalize().map({ ($0 < 16 ? "0" : "") + String($0, radix: 16) }).joined() == slip.body.sha256 else { return .changed }
                return fsync(state.descriptor) == 0 ? nil : Self.trouble(new)
            }
            if let refusal { return .failure(refusal) }
            let place = shelf.place(town), file = place.appending(path: slip.fileName), now = shelf.clock()
            let seen = Seen(received: now, from: from, proved: now)
            guard access(file.path, F_OK) != 0 else { return .failure(.disk("\(file.lastPathComponent): もうあります (is there already)")) }
            // The slip first: a copy without one would be nobody's.
            let besides = [(URL(filePath: file.path + CopySlip.suffix), Data(slip.paper.octets)), (HeldCopies.seenFile(file), (try? JSONEncoder().encode(seen)) ?? Data())]
            for (target, octets) in besides {
                do { try Self.put(octets, at: target) } catch {
                    for (target, _) in besides { try? FileManager.default.removeItem(at: target) }
                    return .failure(HeldCopies.free(place) < 1 << 20 ? .noRoom : .disk("\(target.path): \(error.localizedDescription)"))
                }
            }
            // A link, and not a move: what is there stays.
            guard link(new.path, file.path) == 0 else {
                let refusal = Self.trouble(file)
                for (target, _) in besides { try? FileManager.default.removeItem(at: target) }
                return .failure(refusal)
            }
            unlink(new.path)
            Self.settle(place)
            shelf.prune(town)
            return .success(Held(slip: slip, seen: seen, file: file))
        }

        static func put(_ octets: Data, at file: URL) throws {
            try octets.write(to: file, options: .atomic)
            chmod(file.path, 0o600)
            settle(file)
        }

        /// On the disk, not only in memory.
        private static func settle(_ place: URL) {
            let descriptor = open(place.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            fsync(descriptor)
            close(descriptor)
        }

        /// Nothing of it stays.
        package func abandon() async {
            await shelf.thread.run { [self] in _ = unlink(new.path) }
            shelf.leave(town)
        }
    }
}
