internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// What a fact says, read back from its rows: the same values in the same order as they were written with.
///
/// A row knows its fact's number (`fact`; of an alert also `skips`), and a fact knows its row: by its subject, a step by `row`.
/// Numbers of rows are in no digest: a town's record that moves to another hub is counted anew there.
extension LedgerSchema {
    static func addChain(_ db: Database) throws {
        try db.execute(sql: """
            CREATE TABLE fact (
              chain TEXT NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, subject TEXT NOT NULL, row INTEGER, at REAL NOT NULL,
              actor TEXT NOT NULL, cause TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (chain, number)) WITHOUT ROWID;
            CREATE TABLE chain (chain TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
            ALTER TABLE alert ADD COLUMN fact INTEGER;
            ALTER TABLE alert ADD COLUMN skips INTEGER;
            ALTER TABLE step ADD COLUMN fact INTEGER;
            ALTER TABLE receipt ADD COLUMN fact INTEGER;
            ALTER TABLE report ADD COLUMN fact INTEGER;
            ALTER TABLE passed ADD COLUMN fact INTEGER;
            """)
        try beginChains(db, because: "migrated")
    }

    static let generation = "generation"

    /// For what leaves: skips that are there still, and what nobody says any more.
    static func addRetention(_ db: Database) throws {
        try db.execute(sql: """
            CREATE INDEX alert_skips ON alert (town, accepted) WHERE skips IS NOT NULL;
            CREATE INDEX alert_body ON alert (body);
            CREATE INDEX passed_body ON passed (body);
            CREATE INDEX passed_towns ON passed (towns);
            """)
        // Whose chains these are: a ledger that is begun anew counts from 1 again.
        try db.execute(sql: "INSERT INTO chain VALUES (?, 0, randomblob(16))", arguments: [generation])
    }

    /// What people did that is no alert; it was never outside of a chain. An archive of an earlier version has none.
    static func addDeeds(_ db: Database) throws {
        try db.execute(sql: """
            CREATE TABLE \(deedTable) (
              town TEXT NOT NULL, id TEXT NOT NULL, mode TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, at REAL NOT NULL,
              actor TEXT NOT NULL, body TEXT NOT NULL, fact INTEGER, PRIMARY KEY (town, id)) WITHOUT ROWID;
            CREATE INDEX deed_time ON \(deedTable) (town, at);
            """)
    }

    static let deedTable = "deed"

    /// What an alert's fact says, but for its sends.
    static let alertColumns = "id, event, mode, accepted, actor"
    static let deliveryColumns = "id, alert, event, mode, kind, title, channel, endpoint, endpoints, is_send, priority, reason, sentence, offered, expires"
    static let stepColumns = "delivery, at, state, attempt, detail, reference"
    static let receiptColumns = "id, alert, channel, endpoint, device, reach, occurred, received"
    static let reportColumns = "id, site, device, occurred, received, body"
    static let deedColumns = "id, mode, kind, subject, at, actor, body"
    static let passedColumns = "alert, event, mode, kind, title, channel, reason, sentence, accepted, expires, actor, far_ends"

    /// - Parameters:
    ///   - body: the digest of what it says; nil where the row is gone.
    ///   - said: of the words as they were packed.
    static func digest(alert values: FactDigest.Values, body: [UInt8]?, said: [UInt8]?, sends: [FactDigest.Values]) -> [UInt8] {
        var sum = FactDigest()
        sum.add(values)
        for part in [body, said] { if let part { sum.add(octets: part) } else { sum.addNothing() } }
        for send in sends { sum.add(send) }
        return sum.octets
    }

    static func digest(_ rows: [FactDigest.Values]) -> [UInt8] {
        var sum = FactDigest()
        for row in rows { sum.add(row) }
        return sum.octets
    }

    /// What the rows of a fact say now; nil where they are gone.
    static func digest(of fact: Fact, row: Int64?, in chain: String, _ bodies: BodyDigests, _ db: Database) throws -> [UInt8]? {
        switch fact.kind {
        case .alert: return try alertDigest(fact.subject, chain, bodies, db)
        case .skips:
            let rows = try deliveries(of: fact.subject, chain, areSends: false, db)
            return rows.isEmpty ? nil : digest(rows)
        case .step: return try one(db, "SELECT \(stepColumns) FROM step WHERE number = ? AND town = ? AND fact = ?", [row, chain, fact.number])
        case .receipt: return try one(db, "SELECT \(receiptColumns) FROM receipt WHERE town = ? AND id = ? AND fact = ?", [chain, fact.subject, fact.number])
        case .report: return try one(db, "SELECT \(reportColumns) FROM report WHERE town = ? AND id = ? AND fact = ?", [chain, fact.subject, fact.number])
        case .passed: return try passedDigest(fact, bodies, db)
        case .deed:
            guard try db.tableExists(deedTable) else { return nil }
            return try one(db, "SELECT \(deedColumns) FROM deed WHERE town = ? AND id = ? AND fact = ?", [chain, fact.subject, fact.number])
        }
    }

    private static func one(_ db: Database, _ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws -> [UInt8]? {
        try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)).map { digest([.row($0)]) }
    }

    private static func alertDigest(_ id: String, _ town: String, _ bodies: BodyDigests, _ db: Database) throws -> [UInt8]? {
        let known = try db.cachedStatement(sql: "SELECT \(alertColumns) FROM alert WHERE town = ? AND id = ?")
        guard let row = try Row.fetchOne(known, arguments: [town, id]) else { return nil }
        let body = try db.cachedStatement(sql: "SELECT body, content FROM alert WHERE town = ? AND id = ?")
        let said = try db.cachedStatement(sql: "SELECT texts FROM said WHERE town = ? AND alert = ?")
        return digest(
            alert: .row(row), body: try Row.fetchOne(body, arguments: [town, id]).flatMap { try bodies.digest(ofBodyIn: $0, db) },
            said: try Row.fetchOne(said, arguments: [town, id]).map { FactDigest.of(Data.fromDatabaseValue($0[0]) ?? Data()) },
            sends: try deliveries(of: id, town, areSends: true, db))
    }

    private static func deliveries(of alert: String, _ town: String, areSends: Bool, _ db: Database) throws -> [FactDigest.Values] {
        let known = try db.cachedStatement(sql: "SELECT \(deliveryColumns) FROM delivery WHERE town = ? AND alert = ? AND is_send = ? ORDER BY number")
        return try Row.fetchAll(known, arguments: [town, alert, areSends]).map { .row($0) }
    }

    private static func passedDigest(_ fact: Fact, _ bodies: BodyDigests, _ db: Database) throws -> [UInt8]? {
        let known = try db.cachedStatement(sql: "SELECT \(passedColumns), towns, body FROM passed WHERE alert = ? AND fact = ? ORDER BY number")
        let alert = fact.subject.drop { $0 != "/" }.dropFirst()
        let rows = try Row.fetchAll(known, arguments: [String(alert), fact.number])
        guard let first = rows.first else { return nil }
        return digest(try rows.map { row in
            try passedValues(Array(row.databaseValues.prefix(12)), towns: bodies.digest(ofSet: Int64.fromDatabaseValue(row["towns"]) ?? 0, db))
        } + [.values([Data(try bodies.digest(ofContent: Int64.fromDatabaseValue(first["body"]) ?? 0, db) ?? [])])])
    }

    static func passedValues(_ columns: [(any DatabaseValueConvertible)?], towns: [UInt8]?) -> FactDigest.Values {
        .values(columns + [Data(towns ?? [])])
    }
}

extension FactDigest {
    /// A row as it is written, or as it is read.
    enum Values {
        case values([(any DatabaseValueConvertible)?])
        case row(Row)
    }

    mutating func add(_ values: Values) {
        switch values {
        case .values(let values): add(values)
        case .row(let row): add(row)
        }
    }
}

/// Digests of what many rows share, each made once: what an alert says, and a set of towns.
final class BodyDigests {
    private var contents: [Int64: [UInt8]] = [:]
    private var sets: [Int64: [UInt8]] = [:]
    private static let bound = 10_000

    /// Of an older file what an alert says stands in its own row.
    func digest(ofBodyIn row: Row, _ db: Database) throws -> [UInt8]? {
        if let body = Int64.fromDatabaseValue(row["body"]) { return try digest(ofContent: body, db) }
        return Data.fromDatabaseValue(row["content"]).map { FactDigest.of($0) }
    }

    func digest(ofContent number: Int64, _ db: Database) throws -> [UInt8]? {
        try digest(number, &contents) { try read(db, "SELECT content FROM content WHERE number = ?", number) }
    }

    func digest(ofSet number: Int64, _ db: Database) throws -> [UInt8]? {
        try digest(number, &sets) { try read(db, "SELECT towns FROM town_set WHERE number = ?", number) }
    }

    private func read(_ db: Database, _ sql: String, _ number: Int64) throws -> Data? {
        try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: [number]).flatMap { Data.fromDatabaseValue($0[0]) }
    }

    private func digest(_ number: Int64, _ known: inout [Int64: [UInt8]], _ read: () throws -> Data?) rethrows -> [UInt8]? {
        if let digest = known[number] { return digest }
        guard let digest = try read().map({ FactDigest.of($0) }) else { return nil }
        if known.count >= Self.bound { known = [:] }
        known[number] = digest
        return digest
    }
}
