/// The end of each day of the record, signed by this hub's key.
///
///     midnight ──▶ where each chain stood ──▶ signed ──▶ notebook   day-root/CHAIN/DAY
///                                                   └──▶ beside it  roots/CHAIN, the newest alone
///
/// What lies beside is not in the record's file: who makes that file anew, with all that was signed taken out of it, is found by it. A chain
/// without any signed day is one that no hub of this version has kept yet; that is said and is no flaw.
internal import AlertModel
package import Bundles
internal import ChannelKit
internal import Dispatching
package import Foundation
package import Ledger
internal import Logging
internal import Synchronization

package struct DayRoots: Sendable {
    /// In the data folder.
    package static let folderName = "roots"
    package static let prefix = "day-root/"
    /// Days are signed this soon after their end; a day that is over for longer and is not signed was made anew.
    package static let grace: TimeInterval = 3600

    private let key: OwnPaperKey
    private let notebook: any Notebook
    /// Nil where there is no disk.
    private let folder: URL?
    private let turn = TurnLock()

    private final class TurnLock: Sendable { let lock = Mutex(()) }

    init(key: OwnPaperKey, notebook: any Notebook, folder: URL?) {
        (self.key, self.notebook, self.folder) = (key, notebook, folder)
    }

    package var signer: PaperKey { key.known }

    package func signed(_ chain: String) throws(SignedDays.Flaw) -> SignedDays { try signed(chain, isEnd: false) }

    /// - Parameter isEnd: the newest alone: a country's towns are signed in one minute.
    private func signed(_ chain: String, isEnd: Bool) throws(SignedDays.Flaw) -> SignedDays {
        let keys = notebook.keys(prefix: Self.prefix + chain + "/")
        let papers = keys.suffix(isEnd ? 1 : keys.count).compactMap { notebook.read($0) }
        return try SignedDays(papers, beside: folder.flatMap { Self.beside(chain, in: $0) }, of: chain, by: key.known, isEnd: isEnd)
    }

    package static func beside(_ chain: String, in folder: URL) -> [UInt8]? {
        (try? Data(contentsOf: folder.appending(path: chain))).map { [UInt8]($0) }
    }

    /// Signs where a chain stood when `day` ended, unless that is signed. What does not fit what was signed before is not signed over.
    /// - Returns: nil where there is nothing new to sign.
    func sign(_ chain: String, _ head: ChainHead, day: String, now: Date) throws -> DayRoot? {
        try turn.lock.withLock { _ in
            let days = try signed(chain, isEnd: true)
            // What a crash kept from the notebook is beside it.
            if let last = days.last { notebook.write(Self.key(chain, last.body.day), last.paper.octets) }
            guard head.number > days.last?.body.number ?? 0, day > days.last?.body.day ?? "" else { return nil }
            let root = try DayRoot(
                .init(chain: chain, day: day, number: head.number, hash: head.hashText, after: days.last?.paper.digest, signed: Int(now.timeIntervalSince1970)), by: key)
            notebook.write(Self.key(chain, day), root.paper.octets)
            keepBeside(root)
            return root
        }
    }

    /// A disk that refuses it keeps nobody from signing: the record has it.
    private func keepBeside(_ root: DayRoot) {
        guard let folder else { return }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try? Data(root.paper.octets).write(to: folder.appending(path: root.body.chain), options: .atomic)
    }

    private static func key(_ chain: String, _ day: String) -> String { prefix + chain + "/" + day }

    /// The heads a chain has to pass.
    package static func heads(_ days: SignedDays) -> [KnownHead] {
        days.roots.compactMap { root in
            ChainHead(number: root.body.number, hashText: root.body.hash).map { KnownHead($0, source: "\(root.body.day)の署名") }
        }
    }

    /// What the facts alone do not show: days that are over and were never signed, though others were.
    package static func judge(_ report: inout ChainReport, _ days: SignedDays, now: Date) {
        guard report.flaw == nil, let last = days.last, let finished = report.finishedDay.map(Self.day), let began = report.lastDay,
            finished > last.body.day, now.timeIntervalSince(began) > grace
        else { return }
        report.flaw = .init(
            number: last.body.number + 1, kind: nil, subject: "",
            words: "\(last.body.day)より後の、\(finished)までの記録に署名がありません。署名ごと作り直されたか、ハブがその後一度も動いていません (days that are over are not signed: made anew, or the hub has not run since)")
    }

    /// `2026-11-28`, in Japan.
    static func day(_ date: Date) -> String { String(JapanTime.text(date).prefix(10)) }
}

/// A chain's signed days, for people.
package struct SignedDaysNote: Sendable, Hashable {
    package var count: Int
    package var last: String
    package var signer: String

    package init?(_ days: SignedDays) {
        guard let root = days.last else { return nil }
        (count, last, signer) = (days.roots.count, root.body.day, root.signer.fingerprint)
    }
}

extension Hub {
    /// Signs for each chain the days that are over. What cannot be signed is named, and the others are.
    /// - Returns: false where one could not be.
    package func signDays(now: Date) async -> Bool {
        var isWhole = true
        // Of what waits for the disk much was before midnight.
        try? await onDisk()
        for town in towns.all.map(\.id) + [nil] {
            do {
                try await signDay(of: town, now: now)
                attention.settle(.ledger, subject: Self.rootName(town), of: town)
            } catch is CancellationError {
                return false
            } catch {
                isWhole = false
                let words = (error as? SignedDays.Flaw)?.words ?? "\(error)"
                logger.critical("a day of the record is not signed", metadata: ["chain": "\(CommonChain.name(of: town))", "why": "\(words)"])
                attention.notice(
                    .ledger, Self.rootName(town), "記録の一日分に署名できません。記録が作り直されたおそれがあります。noroshi log verify で確かめてください: \(words) (a day of the record is not signed)",
                    from: "roots", of: town, at: now)
            }
        }
        return isWhole
    }

    /// - Throws: `SignedDays.Flaw` where what was signed before does not fit what is there now.
    func signDay(of town: TownID?, now: Date) async throws {
        let midnight = JapanTime.midnight(before: now), chain = CommonChain.name(of: town)
        guard let head = try await ledger.head(of: town, before: midnight) else { return }
        if let root = try roots.sign(chain, head, day: DayRoots.day(midnight.addingTimeInterval(-1)), now: now) {
            logger.info("a day of the record is signed", metadata: ["chain": "\(chain)", "day": "\(root.body.day)", "fact": "\(root.body.number)"])
        }
    }

    private static func rootName(_ town: TownID?) -> String { "root \(CommonChain.name(of: town))" }
}
