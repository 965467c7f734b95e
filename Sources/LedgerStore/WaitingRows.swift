/// What a database elsewhere has not taken yet, on this machine's own disk: in the order in which it came, each under the name it has for
/// good, so that it may be handed over as often as need be and is there once.
///
///     database away ──▶ add (one transaction, FULL) ──▶ "recorded on this machine only"
///     it is back    ──▶ first … ──▶ handed over ──▶ remove
///
/// Name: rows that wait for the database. Bound: the disk. Gauge: `backlog`. When the disk takes no more they wait in memory, as far as there
/// is room (`LedgerBuffer`).
internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger
internal import Synchronization

package final class WaitingRows: Sendable {
    package struct Row: Sendable {
        package let place: Int64
        /// Whose count `number` is.
        package let writer: Int64
        package let number: Int64
        package let write: LedgerWrite
    }

    private let queue: DatabaseQueue
    private let weight: Mutex<Int>

    package init(path: String) throws {
        var configuration = Configuration()
        configuration.label = "rows that wait"
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: """
                PRAGMA synchronous = FULL;
                CREATE TABLE IF NOT EXISTS waiting (
                  place INTEGER PRIMARY KEY AUTOINCREMENT, writer INTEGER NOT NULL, number INTEGER NOT NULL, weight INTEGER NOT NULL, form BLOB NOT NULL,
                  UNIQUE (writer, number))
                """)
        }
        weight = Mutex(try queue.read { try Int.fetchOne($0, sql: "SELECT coalesce(sum(weight), 0) FROM waiting") ?? 0 })
    }

    /// Rows they will become.
    package var backlog: Int { weight.withLock(\.self) }
    package var isEmpty: Bool { backlog == 0 }

    /// All of them or none; there when it returns.
    package func add(_ writes: [WaitingWrite], by writer: Int64) throws {
        let forms = try writes.compactMap { waiting in try WaitingForm(waiting.write).map { (waiting, try JSONEncoder().encode($0)) } }
        let added = try queue.write { db in
            let insert = try db.makeStatement(sql: "INSERT OR IGNORE INTO waiting (writer, number, weight, form) VALUES (?,?,?,?)")
            return try forms.reduce(0) { sum, one in
                let (waiting, form) = one
                let values: [(any DatabaseValueConvertible)?] = [writer, waiting.number, waiting.write.weight, form]
                try insert.execute(arguments: StatementArguments(values))
                // What is here already waits once, and is handed over once.
                return sum + (db.changesCount > 0 ? waiting.write.weight : 0)
            }
        }
        weight.withLock { $0 += added }
    }

    /// The oldest, of one writer.
    package func first(_ count: Int) throws -> [Row] {
        let rows = try queue.read { try GRDB.Row.fetchAll($0, sql: "SELECT place, writer, number, form FROM waiting ORDER BY place LIMIT ?", arguments: [count]) }
        let found = try rows.map { row in
            Row(
                place: try row.value(at: 0), writer: try row.value(at: 1), number: try row.value(at: 2),
                write: try JSONDecoder().decode(WaitingForm.self, from: try row.value(at: 3) as Data).write)
        }
        return Array(found.prefix { $0.writer == found[0].writer })
    }

    /// They are in the database.
    package func remove(_ rows: [Row]) throws {
        guard let first = rows.first, let last = rows.last else { return }
        try queue.write { try $0.execute(sql: "DELETE FROM waiting WHERE place BETWEEN ? AND ?", arguments: [first.place, last.place]) }
        weight.withLock { $0 -= rows.reduce(0) { $0 + $1.write.weight } }
    }

    package func close() { try? queue.close() }
}

/// A write as it lies on the disk.
private struct WaitingForm: Codable {
    struct Note: Codable {
        var key: String
        var value: Data?
    }
    var town: TownID?
    var alert: RecordedAlert?
    var passed: PassedAlert?
    var step: RecordedStep?
    var receipt: RecordedReceipt?
    var report: RecordedReport?
    var deed: RecordedDeed?
    var bulletin: KeptBulletin?
    var notes: [Note]?

    /// Nil for what is no row.
    init?(_ write: LedgerWrite) {
        switch write {
        case .alert(let town, let alert): (self.town, self.alert) = (town, alert)
        case .passed(let passed): self.passed = passed
        case .step(let town, let step): (self.town, self.step) = (town, step)
        case .receipt(let town, let receipt): (self.town, self.receipt) = (town, receipt)
        case .report(let town, let report): (self.town, self.report) = (town, report)
        case .deed(let town, let deed): (self.town, self.deed) = (town, deed)
        case .bulletin(let bulletin): self.bulletin = bulletin
        case .notes(let entries): notes = entries.map { Note(key: $0.key, value: $0.value.map { Data($0) }) }
        case .leave, .barrier, .beginAnew: return nil
        }
    }

    var write: LedgerWrite {
        if let passed { return .passed(passed) }
        if let bulletin { return .bulletin(bulletin) }
        if let notes { return .notes(notes.map { ($0.key, $0.value.map { [UInt8]($0) }) }) }
        guard let town else { return .barrier }
        if let alert { return .alert(town, alert) }
        if let step { return .step(town, step) }
        if let receipt { return .receipt(town, receipt) }
        if let report { return .report(town, report) }
        if let deed { return .deed(town, deed) }
        return .barrier
    }
}
