/// What waits, written as one transaction.
///
///     BEGIN ─▶ I am the one who writes ─▶ ends of the chains ─▶ what is there already ─▶ rows, facts ─▶ COMMIT
///              (the hub's row, locked)
///
/// A commit whose answer was lost is made again: whatever is there already is not written again, and has no second fact. Therefore each
/// kind of row has a key that does not depend on when it is written, a step and a bulletin by who wrote it and his own count.
///
/// One statement after the other, and none sent ahead. The first of them locks the hub's row until the end: a transaction of ours that
/// hangs in a frozen server holds back all that come after it, and one whose first statement runs late has nobody any more who would send
/// the second. So nothing of an older transaction is ever written behind a newer one.
internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger
internal import LedgerStore

final class PostgresBatch {
    struct Key: Hashable {
        let town: String
        let id: String

        init(town: String, id: String) { (self.town, self.id) = (town, id.untilNul) }
    }

    /// Rows of one statement: far below its time on any disk.
    static let slice = 1000

    let line: PostgresLine
    /// Nil: of somebody who is not on duty any more and hands over what he recorded while he was; the hub's row is locked all the same.
    private let writer: Int64?
    /// Whose count the numbers of these writes are: a start of this hub, this one or an earlier.
    private let name: Int64
    private let writes: [WaitingWrite]
    var heads: [String: ChainHead] = [:]
    var facts: [[PostgresValue]] = []
    /// The last number of the log before this batch.
    private var log: Int64 = 0
    private var last: (content: AlertContent, town: String?, body: PostgresBody)?
    var stands = PostgresStands()

    /// - Parameter name: needed where there is no writer.
    init(_ writes: [WaitingWrite], by writer: Int64?, named name: Int64? = nil, on line: PostgresLine) {
        self.writes = writes
        self.writer = writer
        self.name = name ?? writer ?? 0
        self.line = line
    }

    /// Whether each was new. When it throws nothing is known to be written.
    func write(until term: Duration) throws(PostgresTrouble) -> [Bool] {
        let towns = Set(writes.compactMap(\.write.town?.code)), seen = towns.union(writes.flatMap { $0.write.sharing.map(\.code) })
        try line.begin(seen.sorted() + [CommonChain.name, PostgresSchema.hub])
        do throws(PostgresTrouble) {
            log = try claimLog(term)
            let news: [Bool] = writes.isEmpty ? [] : try writeRows(towns)
            // A transaction that had failed would answer ROLLBACK.
            guard try line.run("COMMIT").tag == "COMMIT" else { throw .refused(state: "25P02", words: "not committed") }
            return news
        } catch {
            line.rollBack()
            throw error
        }
    }

    /// We are the one who writes, and go on being it; so many numbers of the log are ours.
    private func claimLog(_ term: Duration) throws(PostgresTrouble) -> Int64 {
        let count = writes.reduce(0) { count, waiting in
            switch waiting.write {
            case .alert(_, let alert): count + alert.deliveries.count
            case .passed(let passed): count + passed.groups.count
            default: count
            }
        }
        guard let writer else {
            let rows = try line.run("UPDATE hub SET log = log + $1::int8 WHERE town = 'hub' RETURNING log", [.int(count)])
            return (rows.isEmpty ? 0 : rows.int(0, 0) ?? 0) - Int64(count)
        }
        let rows = try line.run(
            "UPDATE hub SET until = clock_timestamp() + make_interval(secs => $2::float8), log = log + $3::int8 WHERE writer = $1::int8 RETURNING log",
            [.int(writer), .double(term / .seconds(1)), .int(count)], keepsPlan: true)
        guard let last = rows.isEmpty ? nil : rows.int(0, 0) else { throw .taken(by: LeaseHolder(owner: (try? PostgresOwner.holder(on: line)) ?? "?", address: "").name) }
        return last - Int64(count)
    }

    // MARK: chains

    private func readHeads(_ towns: Set<String>) throws(PostgresTrouble) {
        let chains = (towns.union([CommonChain.name])).sorted()
        let written = [PostgresValue.array(chains.map { .text($0) })]
        for _ in 0..<2 {
            // In one order, so that two writers do not wait for each other.
            let rows = try line.run("SELECT town, number, hash FROM chain WHERE town = ANY ($1::text[]) ORDER BY town FOR UPDATE", written: written, keepsPlan: true)
            for row in 0..<rows.count {
                heads[rows.text(row, 0) ?? ""] = ChainHead(number: rows.int(row, 1) ?? 0, hash: rows.bytes(row, 2) ?? [])
            }
            guard heads.count < chains.count else { return }
            try line.run(
                "INSERT INTO chain (town, number, hash) SELECT t, 0, $2::bytea FROM unnest($1::text[]) t ON CONFLICT DO NOTHING",
                written: written + [PostgresValue.octets(ChainHead.beginning.hash).written], keepsPlan: true)
        }
    }

    /// The number it is given in its chain.
    func append(_ kind: Fact.Kind, _ subject: String, in chain: String, at: Date, actor: String, cause: String, saying digest: [UInt8]) -> PostgresValue {
        // Through the number that is written: what is read back is what was hashed.
        let moment = Date(timeIntervalSince1970: at.timeIntervalSince1970)
        let fact = heads[chain, default: .beginning].append(kind, subject, in: chain, at: moment, actor: actor, cause: cause, saying: digest)
        facts.append([
            .text(chain), .int(fact.number), .int(kind.rawValue), .text(subject), .time(fact.at), .text(actor), .text(cause), .octets(fact.hash),
        ])
        return .int(fact.number)
    }

    private func closeChains() throws(PostgresTrouble) {
        guard !facts.isEmpty else { return }
        try add("fact", [("town", .text), ("number", .int), ("kind", .int), ("subject", .text), ("at", .double), ("actor", .text), ("cause", .text), ("hash", .octets)], facts)
        let ends = heads.map { [PostgresValue.text($0.key), .int($0.value.number), .octets($0.value.hash)] }
        try line.run(
            "UPDATE chain c SET number = n.number, hash = n.hash FROM unnest($1::text[], $2::int8[], $3::bytea[]) AS n (town, number, hash) WHERE c.town = n.town",
            written: Self.arrays(ends, 3), keepsPlan: true)
    }

    // MARK: rows

    private func writeRows(_ towns: Set<String>) throws(PostgresTrouble) -> [Bool] {
        try readHeads(towns)
        let known = try PostgresKnown(writes, name, on: line)
        var rows = PostgresNewRows()
        var number = log
        // What is new has its place in the log first: a delivery that is there already has no part in what its alert's fact says.
        for waiting in writes {
            switch waiting.write {
            case .alert(let town, let alert) where known.isNew(waiting):
                rows.add(deliveriesOf: alert, town, body(of: alert.content, in: town.code), &number)
            case .passed(let passed) where known.isNew(waiting):
                rows.add(passed, body(of: passed.content, in: nil), &number)
            default: break
            }
        }
        try rows.writeDeliveries(self)
        try stands.read(of: writes, known, seeded: rows, on: line)
        var news: [Bool] = []
        for waiting in writes {
            let isNew = known.isNew(waiting)
            if isNew { try take(waiting, &rows) }
            // As SQLite's ledger says it: an alert or a report that is sent again is as welcome as the first.
            switch waiting.write {
            case .receipt, .deed: news.append(isNew)
            default: news.append(true)
            }
        }
        try rows.write(self)
        try stands.write(on: self)
        try closeChains()
        return news
    }

    private func take(_ waiting: WaitingWrite, _ rows: inout PostgresNewRows) throws(PostgresTrouble) {
        switch waiting.write {
        case .alert(let town, let alert): rows.add(alert, town, self)
        case .passed(let passed): rows.add(factOf: passed, self)
        case .step(let town, let step): rows.add(step, town, (name, waiting.number), self)
        case .receipt(let town, let receipt): rows.add(receipt, town, self)
        case .report(let town, let report): rows.add(report, town, self)
        case .deed(let town, let deed): rows.add(deed, town, self)
        case .bulletin(let bulletin): rows.add(bulletin, (name, waiting.number))
        case .notes(let entries): rows.add(entries)
        case .barrier, .leave, .beginAnew: break
        }
    }

    /// What an alert says, and where: an order of a town's own stands among its rows, a bulletin once for all towns.
    func body(of content: AlertContent, in town: String?) -> PostgresBody {
        let town = content.town == nil ? nil : town
        // For each of hundreds of towns the same alert comes one after the other, and is put into octets once.
        if let last, last.town == town, last.content == content { return last.body }
        let body = PostgresBody(content, town: town)
        last = (content, town, body)
        return body
    }

    // MARK: statements

    typealias Column = (name: String, kind: PostgresValue.Kind)

    /// - Parameter tail: `ON CONFLICT …`; without one a row that is there already is an error, since its fact says that it is new.
    @discardableResult
    func add(_ table: String, _ columns: [Column], _ rows: [[PostgresValue]], tail: String = "") throws(PostgresTrouble) -> [PostgresRows] {
        var answers: [PostgresRows] = []
        let arrays = columns.enumerated().map { "$\($0.offset + 1)::\($0.element.kind.rawValue)[]" }.joined(separator: ", ")
        let sql = "INSERT INTO \(table) (\(columns.map(\.name).joined(separator: ", "))) SELECT * FROM unnest(\(arrays)) \(tail)"
        for start in stride(from: 0, to: rows.count, by: Self.slice) {
            let some = rows[start..<min(start + Self.slice, rows.count)]
            answers.append(try line.run(sql, written: Self.arrays(some, columns.count), keepsPlan: true))
        }
        return answers
    }

    /// Column by column.
    static func arrays(_ rows: some Collection<[PostgresValue]>, _ columns: Int) -> [[UInt8]?] {
        (0..<columns).map { column in PostgresValue.array(rows.lazy.map { $0[column] }) }
    }
}

extension PostgresLine {
    /// - Parameter towns: whose rows are seen until the end of the transaction.
    func begin(_ towns: [String], readsOnly: Bool = false) throws(PostgresTrouble) {
        let mode = readsOnly ? " ISOLATION LEVEL REPEATABLE READ READ ONLY" : ""
        // Codes of six digits and two words of ours.
        let names = towns.filter { $0.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 } }
        try say("BEGIN\(mode); SELECT set_config('noroshi.towns', '\(names.joined(separator: " "))', true)")
    }

    /// What is open is nobody's any more.
    func rollBack() {
        guard !isBroken else { return }
        try? say("ROLLBACK")
    }
}

extension LedgerWrite {
    /// Whose rows it becomes.
    var town: TownID? {
        switch self {
        case .alert(let town, _), .step(let town, _), .receipt(let town, _), .report(let town, _), .deed(let town, _): town
        case .passed, .bulletin, .notes, .barrier, .leave, .beginAnew: nil
        }
    }

    /// Whom it passes by.
    var sharing: [TownID] {
        if case .passed(let passed) = self { return passed.groups.flatMap { $0.towns.map(\.town) } }
        return []
    }
}

/// The octets of what an alert says.
struct PostgresBody {
    /// Nil: all towns'.
    var town: String?
    var octets: [UInt8]
    var hash: [UInt8]

    init(_ content: AlertContent, town: String?) {
        let encoder = JSONEncoder()
        // So that the same alert is the same octets.
        encoder.outputFormatting = .sortedKeys
        self.town = town
        octets = (try? encoder.encode(content)).map { [UInt8]($0) } ?? []
        hash = FactDigest.of(octets)
    }
}
