/// What we meant to say, and what became of it.
///
///     accept ──▶ record(alert, decisions) ──▶ buffer ──▶ one commit for all that waits ──▶ "accepted"
///     runner ──▶ append(step) ───────────────▶   │
///
/// Everything is appended and nothing is changed: a delivery's status is the list of its steps. Writing answers at
/// once and is in order; the disk is somebody else's time. A town is part of every key, and there is no way to ask
/// for two towns at once. What passes towns by is written once, and read by each of them as its own rows.
package import AlertModel
package import ChannelKit
package import FoundationEssentials
internal import Synchronization

package protocol Ledger: Notebook {
    /// One town's part, the only way to any of its rows.
    func town(_ id: TownID) -> any TownLedger
    /// Keeps a bulletin as it came, with what was decided about it.
    func keep(_ bulletin: KeptBulletin) -> Commit
    /// The newest bulletins first.
    func bulletins(limit: Int) async throws -> [KeptBulletin]
    /// The same without their octets: 20,000 bulletins are a gigabyte.
    func bulletinHeads(limit: Int) async throws -> [KeptBulletin]
    /// An alert and the towns it passes by, once for all of them. Each town reads its own share with its own rows.
    func record(_ passed: PassedAlert) -> Commit
    /// What passed towns by at or after, the oldest first, at most `limit` of the newest: whoever follows the stories needs it, and no town.
    func passed(since: Date, limit: Int) async throws -> [RecordedAlert]
    /// Which of these towns have something a start must read: alerts of their own at or after, or deliveries that have not ended.
    func busy(_ towns: [TownID], since: Date) async throws -> Set<TownID>
    /// What a start reads of these towns, of each also the events that stand for longer than `since`.
    func pasts(of towns: [TownID: Set<EventID>], since: Date, now: Date) async -> [TownID: Result<TownPast, any Error>]
    /// Done when everything handed over so far is on disk.
    func flush() -> Commit
    /// Rows that wait for the disk, and rows lost because it never came.
    var backlog: (waiting: Int, lost: Int) { get }
    /// How long the last commit took, and how much disk is used; nil where there is no disk.
    var disk: LedgerDisk? { get }
    /// Writes what waits and closes.
    func close() async
    /// What of the record is missing or was begun anew, for people, Japanese first. Empty when all is well.
    var troubles: [String] { get }
    /// Whether this hub may act: where several hubs have one record, one at a time.
    var duty: Duty { get }
    /// A start has read what it needed: what lies in memory for that alone is let go.
    func endStart()
    /// Reads all of it for damage; what is found is in `troubles` afterwards.
    func examine() async
    /// Follows the chain of a town's record, or of what passed towns by (nil), to the first fact that is not what was recorded.
    /// - Parameter expected: heads that are known from elsewhere.
    func verify(_ town: TownID?, expecting expected: [KnownHead]) async throws -> ChainReport
    /// Where a chain stood at this moment: its last fact of before; nil where none is in the ledger.
    func head(of town: TownID?, before moment: Date) async throws -> ChainHead?
    /// A round of what leaves by this rule, in order: nothing is out of the record before it is in an archive. Ask again while there is more.
    func retire(_ rule: RetentionRule) async throws -> Retired
}

extension Ledger {
    package var troubles: [String] { [] }
    package var duty: Duty { .always }
    package func endStart() {}
    package func examine() async {}
    package func verify(_ town: TownID?, expecting expected: [KnownHead]) async throws -> ChainReport { ChainWalk(CommonChain.name(of: town)).report }
    package func head(of town: TownID?, before moment: Date) async throws -> ChainHead? { nil }
    package func retire(_ rule: RetentionRule) async throws -> Retired { Retired() }
    package func verify(_ town: TownID?) async throws -> ChainReport { try await verify(town, expecting: []) }
    /// - Parameter written: as somebody has it on paper.
    package func verify(_ town: TownID?, expecting written: ChainHead?) async throws -> ChainReport { try await verify(town, expecting: KnownHead.written(written)) }
    package func bulletinHeads(limit: Int) async throws -> [KeptBulletin] { try await bulletins(limit: limit) }
    package func busy(_ towns: [TownID], since: Date) async throws -> Set<TownID> { Set(towns) }
}

package struct LedgerDisk: Sendable, Hashable {
    package var commit: Duration
    /// Octets, of the file and its log together; nil where it lies on another machine.
    package var size: Int?

    package init(commit: Duration, size: Int?) {
        self.commit = commit
        self.size = size
    }
}

extension Ledger {
    package var disk: LedgerDisk? { nil }
}

package protocol TownLedger: Sendable {
    /// An alert and everything decided about it, as one.
    func record(_ alert: RecordedAlert) -> Commit
    func append(_ step: RecordedStep)
    /// What a device showed and who touched it. The same id twice counts once.
    func append(_ receipt: RecordedReceipt) -> Commit
    func append(_ report: RecordedReport) -> Commit
    /// The same id twice counts once.
    func append(_ deed: RecordedDeed) -> Commit
    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow]
    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert]
    /// What a start reads of it: its last days, and events that stand for longer.
    func past(since: Date, and events: Set<EventID>, now: Date) async throws -> TownPast
    func reports(_ query: ReportQuery) async throws -> [RecordedReport]
    func deeds(_ query: DeedQuery) async throws -> [RecordedDeed]
    /// What devices said of one alert, as it came.
    func receipts(of alert: AlertID) async throws -> [RecordedReceipt]
    /// The words in which an alert went out, as recorded then. Empty where none did, or where it is older than this.
    func said(_ alert: AlertID) async throws -> [SaidText]
}

extension TownLedger {
    package func receipts(of alert: AlertID) async throws -> [RecordedReceipt] { [] }

    /// The newest, of each device at most `RecordedReport.shownPerDevice`.
    package func reports(limit: Int) async throws -> [RecordedReport] {
        var query = ReportQuery()
        query.limit = limit
        return try await reports(query)
    }
}

extension Ledger {
    /// Writes a row of its own and promises when it is on disk. An empty commit writes nothing: SQLite says yes to it
    /// while every write and every fsync fails.
    package func proveWriting(at now: Date) -> Commit {
        write("readiness", Array("\(now.timeIntervalSince1970)".utf8))
        return flush()
    }
}

/// The promise that something is on disk.
package final class Commit: Sendable {
    private let state = CommitState()
    private let found = Mutex((wasKnown: false, isLocal: false))

    package init() {}

    /// False where the ledger had it already: what is told twice counts once. Asked after it is committed.
    package var isNew: Bool { !found.withLock(\.wasKnown) }

    /// True where it is on this machine's disk alone, until the database is there again. Asked after it is committed.
    package var isLocal: Bool { found.withLock(\.isLocal) }

    /// A promise that is kept already.
    package static func done(isNew: Bool = true) -> Commit {
        let commit = Commit()
        commit.fulfil(nil, isNew: isNew)
        return commit
    }

    /// Returns once it is on disk. Who is cancelled meanwhile waits no longer, whatever the disk does.
    package func committed() async throws {
        try await state.wait()
    }

    /// Returns once it is known what became of it, whoever is cancelled.
    package func settled() async { await state.settled() }

    package func fulfil(_ failure: LedgerFailure?, isNew: Bool = true, isLocal: Bool = false) {
        found.withLock { $0 = (!isNew, isLocal) }
        state.fulfil(failure)
    }
}

package enum LedgerFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The disk refused: full, read-only, gone.
    case disk(String)
    /// The database is not to be had just now, or did not answer in time.
    case away(String)
    /// Too much waits for the disk; this was not taken.
    case full
    case closed

    package var description: String {
        switch self {
        case .disk(let reason): "記録のディスクに書けません: \(reason) (the disk refused)"
        case .away(let reason): "記録のデータベースに届きません: \(reason) (the ledger's database is away)"
        case .full: "記録のディスクを待つものが多すぎます (too much waits for the ledger's disk)"
        case .closed: "記録は閉じています (the ledger is closed)"
        }
    }
}

/// A bulletin's bytes and their fate, for the operator and for the detection of exact duplicates.
package struct KeptBulletin: Sendable, Hashable, Codable {
    package enum Verdict: String, Sendable, Codable {
        case accepted, duplicate, refused
    }
    /// SHA-256 of the inflated bytes, hex.
    package var hash: String
    package var received: Date
    /// `http`, `folder:…`, `dmdata`, `qzss:…`
    package var source: String
    package var verdict: Verdict
    package var reason: String?
    /// The alerts it became.
    package var alerts: [AlertID]
    package var octets: [UInt8]

    package init(
        hash: String, received: Date, source: String, verdict: Verdict, reason: String?, alerts: [AlertID],
        octets: [UInt8]
    ) {
        self.hash = hash
        self.received = received
        self.source = source
        self.verdict = verdict
        self.reason = reason
        self.alerts = alerts
        self.octets = octets
    }
}
