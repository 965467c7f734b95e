import ArgumentParser
import Bundles
import Foundation
import LedgerStore
import Synchronization

/// Copies a record for as long as it runs: once a day as a whole, and each minute what has changed. It is a program of its own beside the hub, gives way to it, and
/// begins with a whole copy whenever it is started: what it knows of the record is in its memory alone. What is made goes to the partner beside that, and keeps nothing
/// of it waiting.
final class CopyFollower: Sendable {
    /// Of the time that passes, so much at most is spent on copying: a large record is followed in longer steps.
    private static let share = 20
    /// After a line that broke.
    private static let pause = Duration.seconds(30)
    private static let marks = [".whole-", ".segment-"]

    private let data, folder: URL
    private let seal: SealedCopy.Seal
    private let every: Duration
    private let wholeEvery: TimeInterval
    private let kept: Int
    private let partner: CopyPush?
    private let row = Mutex(CopyRow())
    private let bell = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Where the copying stands.
    private struct Stand {
        var known: CopySegment.Known?
        var last: CopySlip?
        var began = Date.distantPast
    }

    /// - Parameters:
    ///   - kept: so many whole copies stay in the folder, with what goes on from them.
    ///   - partner: his hub; nil: the folder is all.
    init(data: URL, folder: URL, seal: SealedCopy.Seal, every: Duration, wholeEvery: TimeInterval, kept: Int, partner: CopyPush?) {
        (self.data, self.folder, self.seal, self.every, self.wholeEvery) = (data, folder, seal, every, wholeEvery)
        (self.kept, self.partner) = (kept, partner)
    }

    private static func say(_ words: String) { Terminal.complain("\(Date().ISO8601Format()) \(words)") }

    /// Until it is told to end. What fails is said and tried again.
    func run() async throws {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
            throw TownFile.Failure.disk("\(folder.path): \(error.localizedDescription)")
        }
        sweep()
        await withDiscardingTaskGroup { group in
            if let partner { group.addTask { [self] in await push(to: partner) } }
            var stand = Stand()
            while !Task.isCancelled {
                let start = ContinuousClock.now
                do { try await step(&stand) } catch { Self.say("\(error)") }
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: max(every, start.duration(to: .now) * Self.share))
            }
            group.cancelAll()
        }
    }

    private func step(_ stand: inout Stand) async throws {
        let wantsWhole = row.withLock { $0.wantsWhole(Date()) }
        // A number is a second.
        let now = max(Seconds.of(Date()), (stand.last?.number ?? 0) + 1), made = Seconds.date(now)
        guard let known = stand.known, let last = stand.last, made.timeIntervalSince(stand.began) < wholeEvery, !wantsWhole else { return try await whole(made, &stand) }
        let new = place(Self.marks[1])
        defer { clear(new) }
        switch try await CopySegment.make(of: data, after: known, into: new, seal: seal, now: made) {
        case .same: return
        case .tooMuch: try await whole(made, &stand)
        case .made(let next):
            stand.last = try keep(new, made, after: last)
            stand.known = next
        }
    }

    private func whole(_ made: Date, _ stand: inout Stand) async throws {
        let new = place(Self.marks[0])
        defer { clear(new) }
        var index: PageIndex?
        let about = try await SealedCopy.make(of: data, into: new, seal: seal, now: made, look: { index = try PageIndex(of: $0) }, progress: { _ in })
        stand.last = try keep(new, made, after: nil)
        stand.known = index.map { CopySegment.Known($0, about, data: data) }
        stand.began = made
        Self.say("丸ごと写しました。情報 \(about.ledger.alerts)、記録 \(about.ledger.facts) 件 (a whole copy)")
        prune(but: made)
    }

    /// Under its name, with its slip first: a copy without one would be nobody's.
    private func keep(_ new: URL, _ made: Date, after last: CopySlip?) throws -> CopySlip {
        guard let slip = try CopySlip.write(for: new, made: made, after: last, data: data) else {
            throw TownFile.Failure.disk("署名する鍵がありません。ハブを一度起動してください (unsigned: start the hub once)")
        }
        let file = folder.appending(path: slip.fileName)
        for (source, target) in [(new.path + CopySlip.suffix, file.path + CopySlip.suffix), (new.path, file.path)] {
            guard rename(source, target) == 0 else { throw TownFile.Failure.disk("\(target): \(String(cString: strerror(errno)))") }
        }
        if partner != nil { row.withLock { $0.add(slip) } }
        bell.continuation.yield()
        return slip
    }

    // MARK: to the partner

    private func push(to partner: CopyPush) async {
        for await _ in bell.stream {
            while !Task.isCancelled, let slip = row.withLock({ $0.waiting.first }) {
                let answer = await send(slip, to: partner)
                row.withLock { $0.hear(answer, to: slip, now: Date()) }
                // Cancelled: the loop ends.
                if answer == .later { try? await ContinuousClock().sleep(for: Self.pause) }
            }
        }
    }

    private func send(_ slip: CopySlip, to partner: CopyPush) async -> CopyRow.Answer {
        do {
            _ = try await partner.send(folder.appending(path: slip.fileName), slip, { _ in })
            return .taken
        } catch let code as ExitCode {
            // It has been said.
            switch code.rawValue {
            case Exit.changed: return .another
            case Exit.badData, Exit.cannotWrite: return .refused
            default: return .later
            }
        } catch {
            Self.say("\(slip.fileName): \(error)")
            return .refused
        }
    }

    // MARK: the folder

    private func place(_ mark: String) -> URL { folder.appending(path: mark + "\(getpid())") }

    private func clear(_ new: URL) {
        for end in ["", CopySlip.suffix] { try? FileManager.default.removeItem(atPath: new.path + end) }
    }

    /// What a kill, a power cut or an end in the middle has left.
    private func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
            guard let mark = Self.marks.first(where: { name.hasPrefix($0) }), let pid = pid_t(name.dropFirst(mark.count).prefix { $0.isNumber }), pid == getpid() || kill(pid, 0) != 0 else { continue }
            try? FileManager.default.removeItem(at: folder.appending(path: name))
        }
    }

    /// The oldest leave, each with what goes on from it; never the one that was made just now, whatever the others say of their time.
    private func prune(but made: Date) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let slips = names.filter { $0.hasSuffix(CopySlip.suffix) }.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).flatMap { try? CopySlip(octets: [UInt8]($0)) }.flatMap { $0.fileName + CopySlip.suffix == name ? $0 : nil }
        }
        guard let own = slips.first(where: { $0.number == Seconds.of(made) }) else { return }
        let ours = slips.filter { $0.signer == own.signer }
        let stay = Set(ours.filter { !$0.isSegment }.map(\.number).sorted().suffix(kept)).union([own.number])
        for slip in ours where !stay.contains(slip.base) {
            for name in [slip.fileName, slip.fileName + CopySlip.suffix] { try? FileManager.default.removeItem(at: folder.appending(path: name)) }
        }
    }
}
