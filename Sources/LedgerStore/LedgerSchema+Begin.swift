internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// Rows that were there before the chains: they are their first facts, in the order in which they were written as far as it is
/// known. From then on a change of them shows like any other.
extension LedgerSchema {
    /// - Parameter cause: why they had none.
    static func beginChains(_ db: Database, because cause: String) throws {
        let pen = ChainPen(), bodies = BodyDigests()
        try beginAlerts(pen, bodies, cause, db)
        try beginPassed(pen, bodies, cause, db)
        try begin(.step, "step", key: "number", at: "at", actor: "'line'", columns: stepColumns, pen, cause, db)
        try begin(.receipt, "receipt", key: "id", at: "received", actor: "device", columns: receiptColumns, pen, cause, db)
        try begin(.report, "report", key: "id", at: "received", actor: "device", columns: reportColumns, pen, cause, db)
        // A file of an earlier version gets its table after its chains.
        if try db.tableExists(deedTable) { try begin(.deed, deedTable, key: "id", at: "at", actor: "actor", columns: deedColumns, pen, cause, db) }
        try pen.close(db)
    }

    private static func beginAlerts(_ pen: ChainPen, _ bodies: BodyDigests, _ cause: String, _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT town, id, accepted, actor FROM alert WHERE fact IS NULL ORDER BY accepted, id") {
            let (town, id): (String, String) = try (row.value("town"), row.value("id"))
            var numbers: [Int64?] = []
            for kind in [Fact.Kind.alert, .skips] {
                let fact = Fact(number: 0, kind: kind, subject: id, at: Date(), actor: "", cause: "")
                let digest = try digest(of: fact, row: nil, in: town, bodies, db)
                numbers.append(try digest.map {
                    try pen.append(kind, id, in: town, at: row.value("accepted"), actor: row.value("actor"), cause: cause, saying: $0, db)
                })
            }
            try run(db, "UPDATE alert SET fact = ?, skips = ? WHERE town = ? AND id = ?", [numbers[0], numbers[1], town, id])
        }
    }

    static func beginPassed(because cause: String, _ db: Database) throws {
        let pen = ChainPen()
        try beginPassed(pen, BodyDigests(), cause, db)
        try pen.close(db)
    }

    private static func beginPassed(_ pen: ChainPen, _ bodies: BodyDigests, _ cause: String, _ db: Database) throws {
        let alerts = try Row.fetchAll(db, sql: "SELECT alert, mode, accepted, actor FROM passed WHERE fact IS NULL GROUP BY alert, mode ORDER BY min(number)")
        for row in alerts {
            let (alert, mode): (String, String) = try (row.value("alert"), row.value("mode"))
            let number = try ChainPen.head(of: CommonChain.name, db).number + 1
            try run(db, "UPDATE passed SET fact = ? WHERE alert = ? AND mode = ? AND fact IS NULL", [number, alert, mode])
            let fact = Fact(number: number, kind: .passed, subject: "\(mode)/\(alert)", at: Date(), actor: "", cause: "")
            guard let digest = try digest(of: fact, row: nil, in: CommonChain.name, bodies, db) else { continue }
            _ = try pen.append(.passed, fact.subject, in: CommonChain.name, at: row.value("accepted"), actor: row.value("actor"), cause: cause, saying: digest, db)
            try pen.close(db)
        }
    }

    private static func begin(
        _ kind: Fact.Kind, _ table: String, key: String, at: String, actor: String, columns: String, _ pen: ChainPen, _ cause: String, _ db: Database
    ) throws {
        let cursor = try Row.fetchCursor(db, sql: "SELECT town, \(key) AS chain_key, \(at) AS chain_at, \(actor) AS chain_actor, \(columns) FROM \(table) WHERE fact IS NULL ORDER BY \(at), \(key)")
        let update = try db.makeStatement(sql: "UPDATE \(table) SET fact = ? WHERE town = ? AND \(key) = ?")
        // The table is changed behind the reader: what is to be done is known before.
        var found: [(town: String, key: DatabaseValue, at: Double, actor: String, digest: [UInt8])] = []
        while let row = try cursor.next() {
            found.append((try row.value("town"), try row.value("chain_key"), try row.value("chain_at"), try row.value("chain_actor"), digest([.values(Array(row.databaseValues.dropFirst(4)))])))
        }
        for row in found {
            let number = Int64.fromDatabaseValue(row.key)
            let fact = try pen.append(
                kind, kind == .step ? "" : String.fromDatabaseValue(row.key) ?? "", in: row.town, at: row.at, actor: row.actor, cause: cause,
                row: kind == .step ? number : nil, saying: row.digest, db)
            try update.execute(arguments: [fact, row.town, row.key])
        }
    }
}
