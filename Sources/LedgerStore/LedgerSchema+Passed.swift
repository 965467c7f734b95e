internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// What is written once for many towns: what an alert says, and whom it passes by.
///
/// A set of towns is a text, a line for each: `042056/kesennuma-chu` where the channel has one far end in the town,
/// `042056*70` where it has more. The same towns are passed by again and again, so a set is kept once too.
extension LedgerSchema {
    /// The number of what it says; new where nobody has said it yet. By its octets and not by its id alone: what one town's
    /// ledger was given never stands in another's.
    static func body(of content: AlertContent, _ bodies: WrittenBodies, _ db: Database) throws -> WrittenBodies.Body {
        try bodies.body(of: content) { try body(of: content, db) }
    }

    private static func body(of content: AlertContent, _ db: Database) throws -> WrittenBodies.Body {
        let encoder = JSONEncoder()
        // So that the same alert is the same octets.
        encoder.outputFormatting = .sortedKeys
        let octets = try encoder.encode(content)
        let known = try db.cachedStatement(sql: "SELECT number FROM content WHERE alert = ? AND content = ?")
        let digest = FactDigest.of(octets)
        if let number = try Int64.fetchOne(known, arguments: [content.id.text, octets]) { return .init(number: number, digest: digest) }
        try run(db, "INSERT INTO content (alert, content) VALUES (?,?)", [content.id.text, octets])
        return .init(number: db.lastInsertedRowID, digest: digest)
    }

    static func insert(_ passed: PassedAlert, _ writing: Writing, _ db: Database) throws {
        let known = try db.cachedStatement(sql: "SELECT 1 FROM passed WHERE alert = ? AND mode = ?")
        guard !passed.groups.isEmpty, try Row.fetchOne(known, arguments: [passed.content.id.text, passed.mode.rawValue]) == nil else { return }
        let body = try body(of: passed.content, writing.bodies, db)
        var rows: [FactDigest.Values] = []
        for group in passed.groups {
            let values: [(any DatabaseValueConvertible)?] = [
                passed.content.id.text, passed.content.event.text, passed.mode.rawValue, passed.content.kind.rawValue,
                passed.content.title, group.channel, group.reason, group.sentence, passed.accepted.timeIntervalSince1970,
                passed.content.expires.timeIntervalSince1970, passed.actor, group.farEnds,
            ]
            let set = try set(of: group.towns, db)
            try run(db, "INSERT INTO passed (number, \(passedColumns), towns, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [try nextNumber(db)] + values + [set.number, body.number])
            rows.append(passedValues(values, towns: FactDigest.of(Data(set.text.utf8))))
        }
        let fact = try writing.pen.append(
            .passed, "\(passed.mode.rawValue)/\(passed.content.id.text)", in: CommonChain.name, at: passed.accepted.timeIntervalSince1970,
            actor: passed.actor, cause: passed.content.event.text, saying: digest(rows + [.values([Data(body.digest)])]), db)
        try run(db, "UPDATE passed SET fact = ? WHERE alert = ? AND mode = ?", [fact, passed.content.id.text, passed.mode.rawValue])
    }

    /// The log counts its rows in one sequence, whichever table they stand in: a reader's cursor is one number.
    private static func nextNumber(_ db: Database) throws -> Int64 {
        let last = try Int64.fetchOne(try db.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = 'delivery'"))
        if let last {
            try run(db, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'delivery'", [last + 1])
        } else {
            try run(db, "INSERT INTO sqlite_sequence (name, seq) VALUES ('delivery', 1)", [])
        }
        return (last ?? 0) + 1
    }

    /// After rows were brought from another file.
    static func alignNumbers(_ db: Database) throws {
        let last = try Int64.fetchOne(db, sql: "SELECT max(coalesce((SELECT max(number) FROM passed), 0), coalesce((SELECT max(number) FROM delivery), 0))") ?? 0
        try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'delivery'")
        try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('delivery', ?)", arguments: [last])
    }

    private static func set(of towns: [PassedAlert.Share], _ db: Database) throws -> (number: Int64, text: String) {
        let text = towns.reduce(into: "\n") { text, share in
            text += share.town.code + (share.endpoint.map { "/" + $0 } ?? "*\(share.farEnds)") + "\n"
        }
        let sum = checksum(text)
        let known = try db.cachedStatement(sql: "SELECT number FROM town_set WHERE sum = ? AND towns = ?")
        if let number = try Int64.fetchOne(known, arguments: [sum, text]) { return (number, text) }
        try run(db, "INSERT INTO town_set (sum, towns) VALUES (?,?)", [sum, text])
        return (db.lastInsertedRowID, text)
    }

    /// FNV-1a, to find the text by; whether it is the same is asked of the text.
    static func checksum(_ text: String) -> Int64 {
        Int64(bitPattern: text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 })
    }

    /// A town's share of a set; nil where the line is not what we write.
    static func share(of town: TownID, _ line: String) -> PassedAlert.Share? {
        let rest = line.dropFirst(town.code.count)
        switch rest.first {
        case "/": return PassedAlert.Share(town: town, farEnds: 1, endpoint: String(rest.dropFirst()))
        case "*": return Int(rest.dropFirst()).map { PassedAlert.Share(town: town, farEnds: $0, endpoint: nil) }
        default: return nil
        }
    }

    /// For `json_each`: one question, however many they are.
    static func list(_ alerts: [AlertID]?) -> String? {
        alerts.flatMap { try? JSONEncoder().encode($0.map(\.text)) }.map { String(decoding: $0, as: UTF8.self) }
    }

    static func passed(_ db: Database, since: Date, limit: Int, _ contents: Contents) throws -> [RecordedAlert] {
        let sql = """
            SELECT p.mode, p.accepted, p.actor, p.body FROM passed p
            WHERE p.accepted >= ? GROUP BY p.alert, p.mode ORDER BY p.accepted DESC, p.number DESC LIMIT ?
            """
        return try Row.fetchAll(db, sql: sql, arguments: [since.timeIntervalSince1970, limit]).reversed().compactMap { contents.alert($0, db) }
    }
}
