internal import FoundationEssentials
internal import GRDB

/// What can be read of a ledger that was put aside, into a new one: the notebook whole, and of the last three days what a
/// start reads. Row by row, from the front until a page is bad and then from the back: what lies between is lost here, and is
/// still in the file that was put aside.
struct LedgerSalvage {
    /// As far back as a start looks.
    static let since: TimeInterval = 72 * 3600
    static let rowLimit = 200_000
    /// A row's place in the old file's chain.
    private static let chained: Set = ["fact", "skips"]

    let old: DatabaseQueue
    let new: DatabasePool
    private(set) var rows = 0
    /// Rows that were read and are not what was written.
    private var spoilt = 0
    /// Tables of which not everything could be read.
    private(set) var holes: [String] = []

    init(from path: String, into new: DatabasePool) throws {
        var configuration = Configuration()
        configuration.label = "ledger put aside"
        // Nothing is changed in what was put aside.
        configuration.readonly = true
        configuration.busyMode = .timeout(1)
        old = try DatabaseQueue(path: path, configuration: configuration)
        self.new = new
    }

    mutating func run(now: Date) {
        let start = now.addingTimeInterval(-Self.since).timeIntervalSince1970
        copy("note", by: "key", where: "1")
        copy("content", by: "number", where: "1", wholeJSON: "content")
        copy("alert", by: "town, id", where: "accepted >= \(start)", wholeJSON: "content")
        copy("town_set", by: "number", where: "1")
        copy("passed", by: "number", where: "accepted >= \(start)")
        copy("bulletin", by: "number", where: "received >= \(start)")
        copy("said", by: "town, alert", where: "1", wholeJSON: "texts")
        copy("delivery", by: "number", where: "offered >= \(start)")
        // Of the deliveries that were copied; the others' are of no use.
        copy("standing", by: "town, delivery", where: "1", keeping: "SELECT 1 FROM delivery WHERE town = ? AND id = ?")
        copy(LedgerSchema.deedTable, by: "town, id", where: "at >= \(start)")
        do { try new.write { try LedgerSchema.alignNumbers($0) } } catch { holes.append("sqlite_sequence") }
        // The old chain is in the old file, with the rows that were not carried over.
        do { try new.write { try LedgerSchema.beginChains($0, because: "salvaged") } } catch { holes.append("chain") }
    }

    private mutating func copy(_ table: String, by key: String, where condition: String, keeping question: String? = nil, wholeJSON: String? = nil) {
        do {
            guard let columns = try common(table) else { return }
            let names = columns.joined(separator: ", ")
            let select = "SELECT \(names) FROM \(table) WHERE \(condition) ORDER BY "
            // A page may be in order and what stands on it not: one such row would keep a town's whole record from being read.
            let json = wholeJSON.flatMap { columns.firstIndex(of: $0) }
            let before = spoilt
            if try !copy(table, columns, select + key, question, json) || spoilt > before {
                let back = key.split(separator: ", ").map { "\($0) DESC" }.joined(separator: ", ")
                _ = try copy(table, columns, select + back, question, json)
                holes.append(table)
            }
        } catch {
            holes.append(table)
        }
    }

    /// The columns both have. Nil where one of them has no such table.
    private func common(_ table: String) throws -> [String]? {
        func names(_ db: Database) throws -> [String] { try db.columns(in: table).map(\.name) }
        guard let mine = try? new.read(names), let theirs = try? old.read(names) else { return nil }
        return mine.filter { theirs.contains($0) && !Self.chained.contains($0) }
    }

    /// False when a row could not be read.
    private mutating func copy(_ table: String, _ columns: [String], _ select: String, _ question: String?, _ json: Int?) throws -> Bool {
        let insert = """
            INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", ")))
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            """
        var (copied, left, isWhole) = (0, 0, false)
        do {
            // The reader outside: it may fail once more at its end, and what was copied stays.
            try old.read { source in
                (copied, left, isWhole) = try new.write { try Self.copy(select, of: source, insert, into: $0, question, json) }
            }
        } catch {
            isWhole = false
        }
        rows += copied
        spoilt += left
        return isWhole
    }

    private static func copy(
        _ select: String, of source: Database, _ insert: String, into target: Database, _ question: String?, _ json: Int?
    ) throws -> (copied: Int, left: Int, isWhole: Bool) {
        let statement = try target.cachedStatement(sql: insert)
        let check = try question.map { try target.cachedStatement(sql: $0) }
        var (count, left) = (0, 0)
        do {
            let cursor = try Row.fetchCursor(source, sql: select)
            while count < rowLimit, let row = try cursor.next() {
                let values = Array(row.databaseValues)
                if let check, try Row.fetchOne(check, arguments: StatementArguments(Array(values.prefix(2)))) == nil { continue }
                if let json, json < values.count, !isJSON(values[json]) {
                    left += 1
                    continue
                }
                try statement.execute(arguments: StatementArguments(values))
                count += 1
            }
        } catch {
            return (count, left, false)
        }
        return (count, left, true)
    }

    private static func isJSON(_ value: DatabaseValue) -> Bool {
        guard let octets = Data.fromDatabaseValue(value) else { return false }
        // What it says stands in `content`.
        return octets.isEmpty || (try? JSONDecoder().decode(Anything.self, from: SaidForm.plain(octets))) != nil
    }

    /// Takes whatever is JSON.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
