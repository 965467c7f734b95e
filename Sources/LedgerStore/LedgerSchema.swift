internal import Ledger
internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import GRDB

/// The tables. `alert`, `delivery`, `passed`, `step`, `receipt`, `report`, `deed` and `bulletin` are only ever added to; what an
/// alert says is in `content`, once for all its towns (in an older file beside each town's row); `standing` is what the steps and receipts of a delivery add up to, kept in the same transaction so that the log can be asked by
/// state. `note` is the channels' notebook. `fact` is the chain that makes a changed row show, `chain` where each ends (`LedgerSchema+Chain`).
enum LedgerSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: """
                CREATE TABLE alert (
                  town TEXT NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL, mode TEXT NOT NULL,
                  accepted REAL NOT NULL, actor TEXT NOT NULL, content BLOB NOT NULL,
                  PRIMARY KEY (town, id)) WITHOUT ROWID;
                CREATE INDEX alert_time ON alert (town, accepted);
                CREATE INDEX alert_event ON alert (town, event);
                CREATE TABLE delivery (
                  number INTEGER PRIMARY KEY AUTOINCREMENT,
                  town TEXT NOT NULL, id TEXT NOT NULL, alert TEXT NOT NULL, event TEXT NOT NULL, mode TEXT NOT NULL,
                  kind TEXT NOT NULL, title TEXT NOT NULL, channel TEXT NOT NULL, endpoint TEXT NOT NULL,
                  endpoints INTEGER NOT NULL, is_send INTEGER NOT NULL, priority INTEGER NOT NULL,
                  reason TEXT NOT NULL, sentence TEXT NOT NULL, offered REAL NOT NULL, expires REAL NOT NULL,
                  UNIQUE (town, id));
                CREATE INDEX delivery_alert ON delivery (town, alert);
                CREATE TABLE step (
                  number INTEGER PRIMARY KEY AUTOINCREMENT,
                  town TEXT NOT NULL, delivery TEXT NOT NULL, at REAL NOT NULL, state TEXT NOT NULL,
                  attempt INTEGER NOT NULL, detail TEXT, reference TEXT);
                CREATE INDEX step_delivery ON step (town, delivery);
                CREATE TABLE standing (
                  town TEXT NOT NULL, delivery TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
                  settled REAL, detail TEXT, reference TEXT, reached INTEGER NOT NULL DEFAULT 0,
                  shown INTEGER NOT NULL DEFAULT 0, touched INTEGER NOT NULL DEFAULT 0,
                  PRIMARY KEY (town, delivery)) WITHOUT ROWID;
                CREATE INDEX standing_state ON standing (town, state);
                CREATE TABLE receipt (
                  town TEXT NOT NULL, id TEXT NOT NULL, alert TEXT NOT NULL, channel TEXT NOT NULL,
                  endpoint TEXT NOT NULL, device TEXT NOT NULL, reach INTEGER NOT NULL, occurred REAL NOT NULL,
                  received REAL NOT NULL, PRIMARY KEY (town, id)) WITHOUT ROWID;
                CREATE UNIQUE INDEX receipt_level ON receipt (town, alert, device, reach);
                CREATE TABLE report (
                  town TEXT NOT NULL, id TEXT NOT NULL, site TEXT NOT NULL, device TEXT NOT NULL,
                  occurred REAL NOT NULL, received REAL NOT NULL, body TEXT NOT NULL,
                  PRIMARY KEY (town, id)) WITHOUT ROWID;
                CREATE TABLE bulletin (
                  number INTEGER PRIMARY KEY AUTOINCREMENT,
                  hash TEXT NOT NULL, received REAL NOT NULL, source TEXT NOT NULL, verdict TEXT NOT NULL,
                  reason TEXT, alerts TEXT NOT NULL, octets BLOB NOT NULL);
                CREATE INDEX bulletin_hash ON bulletin (hash);
                CREATE TABLE note (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
                """)
        }
        // The words as they were sent: to be shown as they were, whatever the templates say by then.
        migrator.registerMigration("said") { db in
            try db.execute(sql: """
                CREATE TABLE said (
                  town TEXT NOT NULL, alert TEXT NOT NULL, texts BLOB NOT NULL, PRIMARY KEY (town, alert)) WITHOUT ROWID;
                """)
        }
        // The log's pages: one of a town of many. At 3 million rows the first page took 8 s without it.
        migrator.registerMigration("delivery by town and number") { db in
            try db.execute(sql: "CREATE INDEX delivery_number ON delivery (town, number)")
        }
        migrator.registerMigration("content once, and what passed by") { db in
            try db.execute(sql: """
                CREATE TABLE content (number INTEGER PRIMARY KEY, alert TEXT NOT NULL, content BLOB NOT NULL);
                CREATE INDEX content_alert ON content (alert);
                ALTER TABLE alert ADD COLUMN body INTEGER;
                CREATE TABLE town_set (number INTEGER PRIMARY KEY, sum INTEGER NOT NULL, towns TEXT NOT NULL);
                CREATE INDEX town_set_sum ON town_set (sum);
                CREATE TABLE passed (
                  number INTEGER PRIMARY KEY, alert TEXT NOT NULL, event TEXT NOT NULL, mode TEXT NOT NULL, kind TEXT NOT NULL,
                  title TEXT NOT NULL, channel TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL, accepted REAL NOT NULL,
                  expires REAL NOT NULL, actor TEXT NOT NULL, far_ends INTEGER NOT NULL, towns INTEGER NOT NULL, body INTEGER NOT NULL);
                CREATE INDEX passed_alert ON passed (alert);
                CREATE INDEX passed_time ON passed (accepted, alert);
                """)
        }
        migrator.registerMigration("chain of facts") { db in try addChain(db) }
        migrator.registerMigration("what leaves") { db in try addRetention(db) }
        // The order in which reports are listed: a device that says much makes no page slow.
        migrator.registerMigration("reports by device") { db in
            try db.execute(sql: "CREATE INDEX report_device ON report (town, device, received DESC, id DESC, site)")
        }
        migrator.registerMigration("deeds") { db in try addDeeds(db) }
        migrator.registerMigration("the log by what it is asked by") { db in try addLogIndexes(db) }
        return migrator
    }

    /// False where it was there already and nothing was written.
    @discardableResult
    static func apply(_ write: LedgerWrite, to db: Database, _ writing: Writing) throws -> Bool {
        switch write {
        case .alert(let town, let alert): try insert(alert, of: town, writing, db)
        case .passed(let passed): try insert(passed, writing, db)
        case .step(let town, let step): try insert(step, of: town, writing, db)
        case .receipt(let town, let receipt): return try insert(receipt, of: town, writing, db)
        case .report(let town, let report): try insert(report, of: town, writing, db)
        case .deed(let town, let deed): return try insert(deed, of: town, writing, db)
        case .bulletin(let bulletin):
            try run(db, "INSERT INTO bulletin (hash, received, source, verdict, reason, alerts, octets) VALUES (?,?,?,?,?,?,?)", [
                bulletin.hash, bulletin.received.timeIntervalSince1970, bulletin.source, bulletin.verdict.rawValue,
                bulletin.reason, bulletin.alerts.map(\.text).joined(separator: " "), Data(bulletin.octets),
            ])
        case .notes(let entries): for (key, value) in entries { try put(key, value, db) }
        case .leave(let leaving): try leaving.apply(db)
        case .barrier, .beginAnew: break
        }
        return true
    }

    static func put(_ key: String, _ value: [UInt8]?, _ db: Database) throws {
        if let value {
            try run(db, "INSERT INTO note VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [key, Data(value)])
        } else {
            try run(db, "DELETE FROM note WHERE key = ?", [key])
        }
    }

    static func run(_ db: Database, _ sql: String, _ values: [(any DatabaseValueConvertible)?]) throws {
        let statement = try db.cachedStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(values))
    }

    static func bulletins(_ db: Database, limit: Int, withOctets: Bool) throws -> [KeptBulletin] {
        let columns = "hash, received, source, verdict, reason, alerts" + (withOctets ? ", octets" : ", x'' AS octets")
        return try Row.fetchAll(db, sql: "SELECT \(columns) FROM bulletin ORDER BY number DESC LIMIT ?", arguments: [limit]).map { row in
            try KeptBulletin(
                hash: row.value("hash"), received: Date(timeIntervalSince1970: row.value("received")), source: row.value("source"),
                verdict: KeptBulletin.Verdict(rawValue: row.value("verdict")) ?? .refused, reason: row.value("reason"),
                alerts: (row.value("alerts") as String).split(separator: " ").map { AlertID(String($0)) },
                octets: [UInt8](row.value("octets") as Data))
        }
    }
}
