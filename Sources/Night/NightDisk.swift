/// The disk of a night: what is on it, in order, across kills, and what a running hub has handed over and not been promised.
///
///     hub ──▶ NightLedger (one for each run) ──▶ [tail] ──▶ sync ──▶ on disk, and every promise is kept
///                                                  ├──▶ refused: promises are broken, the rows wait on
///                                                  └──▶ kill: some first part of the tail is there, the rest never was
///
/// In place of SQLite, which is tested elsewhere; the same suite holds both to the same answers.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import Synchronization

final class NightDisk: Sendable {
    enum Write: Sendable {
        case alert(TownID, RecordedAlert)
        case passed(PassedAlert)
        case step(TownID, RecordedStep)
        case receipt(TownID, RecordedReceipt)
        case report(TownID, RecordedReport)
        case deed(TownID, RecordedDeed)
        case bulletin(KeptBulletin)
        case note(String, [UInt8]?)
        case barrier
    }

    /// An alert as it was written, with the run that wrote it.
    struct Recorded: Sendable {
        var town: TownID
        var alert: RecordedAlert
        var run: Int
    }

    private struct State {
        var tail: [(write: Write, commit: Commit?)] = []
        var run = 0
        var recorded: [Recorded] = []
        var steps: [RecordedStep] = []
        var durable: Set<String> = []
        var contents: [TownID: [RecordedAlert]] = [:]
        var bulletins: Set<[UInt8]> = []
    }

    let file = MemoryLedger()
    private let state = Mutex(State())

    var run: Int { state.withLock(\.run) }
    var hasTail: Bool { state.withLock { !$0.tail.isEmpty } }
    func isDurable(_ alert: AlertID, in town: TownID) -> Bool { state.withLock { $0.durable.contains("\(town) \(alert)") } }
    func isDurable(bulletin octets: [UInt8]) -> Bool { state.withLock { $0.bulletins.contains(octets) } }
    /// What a town's alerts are on disk, in the order they were written.
    func contents(_ town: TownID) -> [RecordedAlert] { state.withLock { $0.contents[town] ?? [] } }

    /// What was handed over since the last time this was asked.
    func news() -> (alerts: [Recorded], steps: [RecordedStep]) {
        state.withLock { state in
            defer { (state.recorded, state.steps) = ([], []) }
            return (state.recorded, state.steps)
        }
    }

    func add(_ write: Write, _ commit: Commit?, run: Int) {
        let isTaken = state.withLock { state in
            // Of a hub that was killed nothing comes any more.
            guard state.run == run else { return false }
            state.tail.append((write, commit))
            switch write {
            case .alert(let town, let alert): state.recorded.append(Recorded(town: town, alert: alert, run: run))
            case .step(_, let step): state.steps.append(step)
            default: break
            }
            return true
        }
        if !isTaken { commit?.fulfil(.closed) }
    }

    func sync() {
        let tail = state.withLock { state in
            defer { state.tail = [] }
            return state.tail
        }
        for entry in tail {
            let isNew = write(entry.write)
            entry.commit?.fulfil(nil, isNew: isNew)
        }
    }

    /// The promises are broken; the rows are written when the disk takes something again.
    func refuse(_ why: String) {
        let broken = state.withLock { state in
            let commits = state.tail.compactMap(\.commit)
            state.tail = state.tail.map { ($0.write, nil) }
            return commits
        }
        for commit in broken { commit.fulfil(.disk(why)) }
    }

    /// The power is gone. Of what was not promised the first `kept` rows had come to the disk.
    func kill(kept: Int) {
        let tail = state.withLock { state in
            defer { state.tail = [] }
            state.run += 1
            return state.tail
        }
        for entry in tail.prefix(kept) { _ = write(entry.write) }
    }

    var tailCount: Int { state.withLock { $0.tail.count } }

    private func write(_ write: Write) -> Bool {
        switch write {
        case .alert(let town, let alert):
            _ = file.town(town).record(alert)
            state.withLock { state in
                if state.durable.insert("\(town) \(alert.content.id)").inserted { state.contents[town, default: []].append(alert) }
            }
        case .passed(let passed): _ = file.record(passed)
        case .step(let town, let step): file.town(town).append(step)
        case .receipt(let town, let receipt): return file.town(town).append(receipt).isNew
        case .report(let town, let report): return file.town(town).append(report).isNew
        case .deed(let town, let deed): return file.town(town).append(deed).isNew
        case .bulletin(let bulletin):
            _ = file.keep(bulletin)
            if bulletin.verdict == .accepted { state.withLock { _ = $0.bulletins.insert(bulletin.octets) } }
        case .note(let key, let value): file.write(key, value)
        case .barrier: break
        }
        return true
    }
}

/// The ledger as one run of the hub has it: it reads what is on disk, and its own notes.
final class NightLedger: Ledger {
    let disk: NightDisk
    let run: Int
    let planted: PlantedFault?
    private let notes = Mutex<[String: [UInt8]?]>([:])
    /// What is read while the hub starts.
    let isStarting = Mutex(true)

    init(_ disk: NightDisk, planted: PlantedFault?) {
        self.disk = disk
        self.planted = planted
        run = disk.run
    }

    func add(_ write: NightDisk.Write) -> Commit {
        let commit = Commit()
        disk.add(write, commit, run: run)
        // The answer comes before the disk has it.
        if planted == .answersBeforeTheDisk { commit.fulfil(nil) }
        return commit
    }

    func town(_ id: TownID) -> any TownLedger { NightTown(id: id, ledger: self) }
    func keep(_ bulletin: KeptBulletin) -> Commit { add(.bulletin(bulletin)) }
    func bulletins(limit: Int) async throws -> [KeptBulletin] { try await disk.file.bulletins(limit: limit) }
    func record(_ passed: PassedAlert) -> Commit { add(.passed(passed)) }
    func passed(since: Date, limit: Int) async throws -> [RecordedAlert] { try await disk.file.passed(since: since, limit: limit) }
    func flush() -> Commit { add(.barrier) }
    var backlog: (waiting: Int, lost: Int) { (disk.tailCount, 0) }
    func close() async {}

    func read(_ key: String) -> [UInt8]? {
        if let own = notes.withLock({ $0[key] }) { return own }
        if planted == .mixesUpTables, key.hasPrefix("standing/"), key.hasSuffix("/actual") {
            return disk.file.read(key.replacing("/actual", with: "/exercise"))
        }
        return disk.file.read(key)
    }
    func write(_ key: String, _ value: [UInt8]?) {
        guard disk.run == run else { return }
        notes.withLock { $0[key] = .some(value) }
        disk.add(.note(key, value), nil, run: run)
    }
    func keys(prefix: String) -> [String] {
        let own = notes.withLock { $0 }
        let all = Set(disk.file.keys(prefix: prefix)).union(own.keys.filter { $0.hasPrefix(prefix) })
        return all.filter { key in own[key].map { $0 != nil } ?? true }.sorted()
    }
}

private struct NightTown: TownLedger {
    let id: TownID
    let ledger: NightLedger
    private var file: any TownLedger { ledger.disk.file.town(id) }
    private var isStarting: Bool { ledger.isStarting.withLock { $0 } }

    func record(_ alert: RecordedAlert) -> Commit {
        var alert = alert
        if ledger.planted == .forgetsWhyNot { alert.deliveries.removeAll { !$0.isSend } }
        return ledger.add(.alert(id, alert))
    }
    func append(_ step: RecordedStep) { ledger.disk.add(.step(id, step), nil, run: ledger.run) }
    func append(_ receipt: RecordedReceipt) -> Commit { ledger.add(.receipt(id, receipt)) }
    func append(_ report: RecordedReport) -> Commit { ledger.add(.report(id, report)) }
    func append(_ deed: RecordedDeed) -> Commit { ledger.add(.deed(id, deed)) }
    func reports(_ query: ReportQuery) async throws -> [RecordedReport] { try await file.reports(query) }
    func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] { try await file.deeds(query) }
    func said(_ alert: AlertID) async throws -> [SaidText] { try await file.said(alert) }

    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] {
        var rows = try await file.deliveries(query)
        guard isStarting, query.unfinishedOnly else { return rows }
        switch ledger.planted {
        case .forgetsCancelsAtTheStart:
            let alerts = try await file.alerts(AlertQuery.all)
            let cancels = Set(alerts.filter { $0.content.message == .cancel || $0.content.act?.takesBack != nil }.map(\.content.id))
            rows.removeAll { cancels.contains($0.alert) }
        case .sendsWhatIsOver:
            for index in rows.indices { rows[index].delivery.expires.addTimeInterval(86_400) }
        default: break
        }
        return rows
    }

    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] {
        if isStarting, ledger.planted == .doesNotAskTheRecordForApprovals, query.id != nil { return [] }
        return try await file.alerts(query)
    }
}

extension AlertQuery {
    static var all: AlertQuery {
        var query = AlertQuery()
        query.limit = 100_000
        return query
    }
}
