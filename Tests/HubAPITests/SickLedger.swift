import AlertModel
import ChannelKit
import Foundation
import Ledger
import Synchronization

/// A ledger whose disk does as the test says, from the moment it says so; what it has is in memory.
final class SickLedger: Ledger {
    enum Disk: Sendable {
        case well
        /// Neither yes nor no, ever.
        case hangs
        case refuses
        /// What no row was written for is no proof: SQLite says yes to an empty commit on a dead disk.
        case takesNothingButEmptyCommits
    }

    private let inner = MemoryLedger()
    private let disk: Mutex<Disk>

    init(_ disk: Disk) { self.disk = Mutex(disk) }

    /// So many reads find the database away; then it is there.
    let away = Reads()

    final class Reads: Sendable {
        private let left = Mutex(0)
        func fail(_ count: Int) { left.withLock { $0 = count } }
        var count: Int { left.withLock(\.self) }
        func look() throws {
            let isAway = left.withLock { left in
                left -= left > 0 ? 1 : 0
                return left > 0
            }
            if isAway { throw LedgerFailure.away("t") }
        }
    }

    func becomes(_ disk: Disk) { self.disk.withLock { $0 = disk } }

    /// - Parameter isEmpty: nothing was written for it.
    private func commit(_ inner: Commit, isEmpty: Bool = false) -> Commit {
        switch disk.withLock(\.self) {
        case .well: return inner
        case .hangs: return Commit()
        case .refuses: break
        case .takesNothingButEmptyCommits: if isEmpty { return .done() }
        }
        let commit = Commit()
        commit.fulfil(.disk("SQLITE_IOERR_FSYNC"))
        return commit
    }

    private struct SickTown: TownLedger {
        let inner: any TownLedger
        let away: Reads
        let commit: @Sendable (Commit) -> Commit
        func record(_ alert: RecordedAlert) -> Commit { commit(inner.record(alert)) }
        func append(_ step: RecordedStep) { inner.append(step) }
        func append(_ receipt: RecordedReceipt) -> Commit { commit(inner.append(receipt)) }
        func append(_ report: RecordedReport) -> Commit { commit(inner.append(report)) }
        func append(_ deed: RecordedDeed) -> Commit { commit(inner.append(deed)) }
        func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] { try await inner.deeds(query) }
        func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] {
            try away.look()
            return try await inner.deliveries(query)
        }
        func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] {
            try away.look()
            return try await inner.alerts(query)
        }
        func reports(_ query: ReportQuery) async throws -> [RecordedReport] { try await inner.reports(query) }
        func said(_ alert: AlertID) async throws -> [SaidText] { try await inner.said(alert) }
    }

    func town(_ id: TownID) -> any TownLedger { SickTown(inner: inner.town(id), away: away) { self.commit($0) } }
    func keep(_ bulletin: KeptBulletin) -> Commit { commit(inner.keep(bulletin)) }
    func bulletins(limit: Int) async throws -> [KeptBulletin] {
        try away.look()
        return try await inner.bulletins(limit: limit)
    }
    func record(_ passed: PassedAlert) -> Commit { commit(inner.record(passed)) }
    func passed(since: Date, limit: Int) async throws -> [RecordedAlert] { try await inner.passed(since: since, limit: limit) }
    func flush() -> Commit { commit(inner.flush(), isEmpty: inner.keys(prefix: "").isEmpty) }
    var backlog: (waiting: Int, lost: Int) { (0, 0) }
    func close() async {}
    func read(_ key: String) -> [UInt8]? { inner.read(key) }
    func write(_ key: String, _ value: [UInt8]?) { inner.write(key, value) }
    func keys(prefix: String) -> [String] { inner.keys(prefix: prefix) }
}
