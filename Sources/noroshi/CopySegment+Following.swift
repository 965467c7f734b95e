import ArgumentParser
import Bundles
import Foundation
import LedgerStore

extension CopySegment {
    /// How far a copy was followed.
    struct Followed {
        var last: CopySlip
        var about: SealedCopy.About
        var count = 0
        /// Why no further; nil: there was nothing more.
        var stop: String?
    }

    /// Puts all that goes on from a copy, and lies beside it, onto the opened copy. What is missing or changed ends it there, and is said.
    static func follow(
        _ file: URL, _ slip: CopySlip, _ about: SealedCopy.About, identities: [String], onto stage: URL, progress: (String) -> Void
    ) async throws -> Followed {
        var followed = Followed(last: slip, about: about)
        let folder = file.deletingLastPathComponent(), slips = slips(in: folder, after: slip)
        guard !slips.isEmpty else { return followed }
        var index = try PageIndex(of: stage.appending(path: SealedCopy.ledgerName)), made = about.made
        for next in slips {
            let part = folder.appending(path: next.fileName), box = stage.appending(path: ".segment")
            guard next.body.before == followed.last.body.sha256 else {
                followed.stop = "番号 \(followed.last.number) の次の差分がありません (the one after number \(followed.last.number) is missing)"
                break
            }
            guard let found = try? SealedCopy.digest(part), found.octets == next.body.octets, found.digest == next.body.sha256 else {
                followed.stop = "番号 \(next.number) の差分が、書かれたときと違うか、ありません (number \(next.number) is not as it was written)"
                break
            }
            // What its hub has signed, and opens, fits; or nothing of all this is to be believed.
            try await SealedCopy.unpack(part, identities: identities, into: box, progress: { _ in })
            made = try apply(box, to: stage, &index).made
            try FileManager.default.removeItem(at: box)
            (followed.last, followed.count) = (next, followed.count + 1)
            if followed.count % 100 == 0 { progress("差分を重ねています… \(followed.count)／\(slips.count) (following)") }
        }
        guard followed.count > 0 else { return followed }
        progress("確かめています… (checking)")
        followed.about = try await SealedCopy.describe(stage, made: made)
        return followed
    }

    private static func slips(in folder: URL, after slip: CopySlip) -> [CopySlip] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".part" + CopySlip.suffix) }.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).flatMap { try? CopySlip(octets: [UInt8]($0)) }
        }.filter { $0.isSegment && $0.base == slip.number && $0.signer == slip.signer }.sorted { $0.number < $1.number }
    }
}

/// Copies a record for as long as it runs: once a day as a whole, and each minute what has changed. It is a program of its own beside the hub, gives way to it, and
/// begins with a whole copy whenever it is started: what it knows of the record is in its memory alone.
struct CopyFollower {
    /// Of the time that passes, so much at most is spent on copying: a large record is followed in longer steps.
    private static let share = 20

    let data, folder: URL
    let seal: SealedCopy.Seal
    let every: Duration
    let wholeEvery: TimeInterval
    /// So many whole copies stay in the folder, with what goes on from them.
    let kept: Int
    /// A partner's hub; nil: the folder is all.
    let partner: CopyPush?
    let say: (String) -> Void

    private final class State {
        var known: CopySegment.Known?
        var last: CopySlip?
        var began = Date.distantPast
        /// Not yet with the partner, in their order.
        var waiting: [(file: URL, slip: CopySlip)] = []
    }
    private let state = State()

    init(data: URL, folder: URL, seal: SealedCopy.Seal, every: Duration, wholeEvery: TimeInterval, kept: Int, partner: CopyPush?, say: @escaping (String) -> Void) {
        (self.data, self.folder, self.seal, self.every, self.wholeEvery) = (data, folder, seal, every, wholeEvery)
        (self.kept, self.partner, self.say) = (kept, partner, say)
    }

    /// Until it is told to end. What fails is said and tried again.
    func run() async throws {
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]) } catch {
            throw TownFile.Failure.disk("\(folder.path): \(error.localizedDescription)")
        }
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do { try await step() } catch { say("\(Date().ISO8601Format()) \(error)") }
            await push()
            let took = start.duration(to: .now)
            // Cancelled: the loop ends.
            try? await ContinuousClock().sleep(for: max(every, took * Self.share))
        }
    }

    private func step() async throws {
        // A number is a second.
        let now = max(Seconds.of(Date()), (state.last?.number ?? 0) + 1), made = Seconds.date(now)
        guard let known = state.known, let last = state.last, made.timeIntervalSince(state.began) < wholeEvery else { return try await whole(made) }
        let new = folder.appending(path: ".segment-\(getpid())")
        defer { try? FileManager.default.removeItem(at: new) }
        guard let next = try await CopySegment.make(of: data, after: known, into: new, seal: seal, now: made) else { return }
        try keep(new, try slip(for: new, made, after: last))
        state.known = next
    }

    private func whole(_ made: Date) async throws {
        let new = folder.appending(path: ".whole-\(getpid())")
        defer { try? FileManager.default.removeItem(at: new) }
        var index: PageIndex?
        let about = try await SealedCopy.make(of: data, into: new, seal: seal, now: made, look: { index = try PageIndex(of: $0) }, progress: { _ in })
        try keep(new, try slip(for: new, made, after: nil))
        state.known = index.map { CopySegment.Known($0, about, data: data) }
        state.began = made
        say("\(made.ISO8601Format()) 丸ごと写しました。情報 \(about.ledger.alerts)、記録 \(about.ledger.facts) 件 (a whole copy)")
        prune()
    }

    private func slip(for file: URL, _ made: Date, after last: CopySlip?) throws -> CopySlip {
        guard let slip = try CopySlip.write(for: file, made: made, after: last, data: data) else {
            throw TownFile.Failure.disk("署名する鍵がありません。ハブを一度起動してください (unsigned: start the hub once)")
        }
        return slip
    }

    /// Under its name, with its slip first: a copy without one would be nobody's.
    private func keep(_ new: URL, _ slip: CopySlip) throws {
        let file = folder.appending(path: slip.fileName)
        for (source, target) in [(new.path + CopySlip.suffix, file.path + CopySlip.suffix), (new.path, file.path)] {
            guard rename(source, target) == 0 else { throw TownFile.Failure.disk("\(target): \(String(cString: strerror(errno)))") }
        }
        state.last = slip
        if partner != nil { state.waiting.append((file, slip)) }
    }

    /// In their order; whoever is away gets them when he is back. What he holds is another history than ours: then he gets a whole one.
    private func push() async {
        guard let partner else { return }
        while let (file, slip) = state.waiting.first {
            do {
                _ = try await partner.send(file, slip, { _ in })
                state.waiting.removeFirst()
            } catch {
                // A refusal has been said already.
                guard let code = error as? ExitCode else { return say("\(Date().ISO8601Format()) \(slip.fileName): \(error)") }
                if code.rawValue == Exit.changed { (state.waiting, state.known) = ([], nil) }
                return
            }
        }
    }

    /// The oldest leave, each with what goes on from it.
    private func prune() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let slips = names.filter { $0.hasSuffix(CopySlip.suffix) }.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).flatMap { try? CopySlip(octets: [UInt8]($0)) }
        }.filter { $0.signer == state.last?.signer }
        let stay = Set(slips.filter { !$0.isSegment }.map(\.number).sorted().suffix(kept))
        for slip in slips where !stay.contains(slip.base) && !state.waiting.contains(where: { $0.slip == slip }) {
            for name in [slip.fileName, slip.fileName + CopySlip.suffix] { try? FileManager.default.removeItem(at: folder.appending(path: name)) }
        }
    }
}
