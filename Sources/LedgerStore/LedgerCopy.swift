internal import AlertModel
internal import ChannelKit
internal import Foundation
package import FoundationEssentials
internal import GRDB
package import Ledger
#if canImport(Glibc)
internal import Glibc
#endif

/// A whole ledger as it is at one moment: copied beside a running hub, counted, and made harmless where it is put to work again.
package enum LedgerCopy {
    /// What is in a copy, as it says of itself, and as whoever opens it finds it.
    package struct Contents: Sendable, Hashable, Codable {
        package var alerts = 0, deliveries = 0, reports = 0, facts = 0
        /// `NUMBER:HASH` of the last fact, by chain.
        package var heads: [String: String] = [:]
        package init() {}
    }

    /// One moment's copy into a new file. The ledger is only read; a hub may go on writing.
    package static func take(from ledger: String, to file: String) throws(TownFile.Failure) {
        guard access(ledger, R_OK) == 0 else { throw .disk("\(ledger): \(String(cString: strerror(errno)))") }
        do {
            let source = try reading(ledger)
            let target = try DatabaseQueue(path: file)
            try source.backup(to: target)
            // One file, which needs none beside it to be read.
            try target.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try target.close()
            try source.close()
        } catch {
            throw .disk("\(error)")
        }
    }

    /// Counts what is in a ledger's file, whose pages are looked through first.
    package static func contents(of file: String) throws(TownFile.Failure) -> Contents {
        do {
            let queue = try reading(file)
            defer { try? queue.close() }
            return try queue.read { db in
                let complaint = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? ""
                guard complaint == "ok" else { throw TownFile.Failure.notWhole(complaint) }
                var contents = Contents()
                func count(_ table: String) throws -> Int { try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
                (contents.alerts, contents.deliveries) = (try count("alert"), try count("delivery"))
                (contents.reports, contents.facts) = (try count("report"), try count("fact"))
                for row in try Row.fetchAll(db, sql: "SELECT chain, number, hash FROM chain") {
                    let hash = try (row.value("hash") as Data).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                    contents.heads[try row.value("chain")] = "\(try row.value("number") as Int64):\(hash)"
                }
                return contents
            }
        } catch let failure as TownFile.Failure {
            throw failure
        } catch {
            throw .notWhole("\(error)")
        }
    }

    /// Makes a copy fit to be served: what had not ended waits for a person, and a note says whose moment it is. Returns how many are held.
    package static func disarm(_ file: String, made: Date, now: Date) throws(TownFile.Failure) -> Int {
        do {
            let queue = try DatabaseQueue(path: file)
            defer { try? queue.close() }
            return try queue.writeWithoutTransaction { db in
                var held = 0
                try db.inTransaction(.immediate) {
                    for town in try String.fetchAll(db, sql: "SELECT DISTINCT town FROM delivery ORDER BY town").compactMap({ TownID($0) }) {
                        held += try Holding.hold(
                            town, now, "写しから戻したときに、まだ終わっていませんでした。送るか取り下げるかを人が決めます (not ended when this copy was restored: release or drop it)",
                            by: "restore", db)
                    }
                    for row in try Row.fetchAll(db, sql: "SELECT key, value FROM note") {
                        let (key, value): (String, [UInt8]) = try (row.value("key"), [UInt8](row.value("value") as Data))
                        guard let waiting = try Holding.untimed(key, value) else { continue }
                        try LedgerSchema.put(key, waiting, db)
                    }
                    try keep(RestoredCopy(made: made, at: now), db)
                    return .commit
                }
                return held
            }
        } catch {
            throw .disk("\(error)")
        }
    }

    private static func keep(_ copy: RestoredCopy, _ db: Database) throws {
        try LedgerSchema.put(RestoredCopy.note, try copy.octets(), db)
    }

    private static func copy(in db: Database) throws -> RestoredCopy? {
        guard try db.tableExists("note") else { return nil }
        return try Data.fetchOne(db, sql: "SELECT value FROM note WHERE key = ?", arguments: [RestoredCopy.note]).flatMap { RestoredCopy(octets: [UInt8]($0)) }
    }

    /// The copy a data folder holds, while nobody has put it to work; nil for every other record, and for what cannot be read.
    package static func undecided(_ ledger: String) -> RestoredCopy? {
        guard access(ledger, R_OK) == 0, let queue = try? reading(ledger) else { return nil }
        defer { try? queue.close() }
        guard let found = try? queue.read({ try copy(in: $0) }), !found.isBegun else { return nil }
        return found
    }

    /// A person's word that a hub may start on it. False where there is nothing to decide.
    package static func begin(_ ledger: String) throws(TownFile.Failure) -> Bool {
        guard undecided(ledger) != nil else { return false }
        do {
            let queue = try DatabaseQueue(path: ledger)
            defer { try? queue.close() }
            return try queue.write { db in
                guard var found = try copy(in: db) else { return false }
                found.isBegun = true
                try keep(found, db)
                return true
            }
        } catch {
            throw .disk("\(error)")
        }
    }

    private static func reading(_ file: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "copy"
        return try DatabaseQueue(path: file, configuration: configuration)
    }
}

/// What had not ended when a record came to another place.
enum Holding {
    static func hold(_ town: TownID, _ now: Date, _ words: String, by actor: String, _ db: Database) throws -> Int {
        let rows = try Row.fetchAll(db, sql: """
            SELECT s.delivery, s.attempts FROM main.log_state l CROSS JOIN main.delivery d ON d.number = l.number
            CROSS JOIN main.standing s ON s.town = d.town AND s.delivery = d.id
            WHERE l.town = ? AND l.mode IN ('actual', 'exercise') AND l.state IN (\(LedgerSchema.openStates)) ORDER BY s.delivery
            """, arguments: [town.code])
        let writing = Writing()
        for row in rows {
            let step = try RecordedStep(
                delivery: DeliveryID(row.value("delivery")), at: now, state: .held, attempt: row.value("attempts"), detail: words, actor: actor)
            try LedgerSchema.insert(step, of: town, writing, db)
        }
        try writing.pen.close(db)
        return rows.count
    }

    /// A note of what waited for its minute: there its minute is over, and somebody is asked. Nil for every other note.
    static func untimed(_ key: String, _ value: [UInt8]) throws -> [UInt8]? {
        guard key.hasPrefix("approval/"), var act = TownFile.object(value), act["isTimed"] as? Bool == true else { return nil }
        act["isTimed"] = false
        return [UInt8](try JSONSerialization.data(withJSONObject: act))
    }
}
