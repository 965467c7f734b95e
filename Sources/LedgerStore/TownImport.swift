internal import AlertModel
internal import ChannelKit
internal import Foundation
package import FoundationEssentials
internal import GRDB
internal import Ledger
internal import Logging
#if canImport(Glibc)
internal import Glibc
#endif

/// Brings a town's file into a data folder whose hub does not run: all of it in one transaction, or nothing.
///
/// Nothing is sent by it. What had not ended is held, and a person is asked at the next start; a timed order that waited for a
/// second person waits for one. Rows are numbered anew, in their order; the town's chain goes on where it ended.
package struct TownImport: Sendable {
    let file: String
    let data: String
    private var ledger: String { data + "/ledger.sqlite" }

    package init(_ file: String, data: String) {
        self.file = file
        self.data = data
    }

    package func run(isTrial: Bool = false, now: Date) async throws(TownFile.Failure) -> TownFile.Contents {
        let place = ledger + ".town-\(getpid())"
        func clean() { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(place + suffix) } }
        clean()
        defer { clean() }
        try TownFile.unseal(file, to: place)
        let town = try await check(place)
        do {
            let pool = try LedgerFile(path: ledger).open()
            defer { try? pool.close() }
            return try await pool.writeWithoutTransaction { db in
                try db.execute(sql: "ATTACH DATABASE ? AS f", arguments: [place])
                var contents = TownFile.Contents()
                try db.inTransaction(.immediate) {
                    contents = try bring(town, now, db)
                    // Pages before the record: a spot without a page shows less than it should, and the next try mends it.
                    if !isTrial { try bringPages(db) }
                    return isTrial || contents.wasHere ? .rollback : .commit
                }
                db.clearSchemaCache()
                try db.execute(sql: "DETACH DATABASE f")
                return contents
            }
        } catch let failure as TownFile.Failure {
            throw failure
        } catch {
            throw .disk("\(error)")
        }
    }

    /// The town, once the file is known to be what some hub wrote.
    private func check(_ place: String) async throws(TownFile.Failure) -> TownID {
        do {
            let queue = try Archive.reading(place)
            defer { try? queue.close() }
            guard try await queue.read({ try !LedgerSchema.migrator.hasBeenSuperseded($0) && LedgerSchema.migrator.hasCompletedMigrations($0) }) else {
                throw TownFile.Failure.notWhole("このプログラムとは違う版のものです。両方を同じ版にしてください (of another version of this program)")
            }
            guard let code = try await queue.read({ try String.fetchOne($0, sql: "SELECT value FROM town_about WHERE key = 'town'") }), let town = TownID(code) else {
                throw TownFile.Failure.notWhole("どの町のものか書かれていません (of no town)")
            }
            let strangers = try await queue.read { db in
                try TownExport.own.contains {
                    try Row.fetchOne(db, sql: "SELECT 1 FROM \($0) WHERE town <> ? LIMIT 1", arguments: [code]) != nil
                } || Row.fetchOne(db, sql: "SELECT 1 FROM fact WHERE chain <> ? LIMIT 1", arguments: [code]) != nil
                    || Row.fetchAll(db, sql: "SELECT key, value FROM note").contains { !TownFile.isOf(town, key: $0["key"], value: [UInt8]($0["value"] as Data)) }
            }
            guard !strangers else { throw TownFile.Failure.notWhole("ほかの町のものが入っています (something of another town is in it)") }
            if let flaw = try await ChainCheck(code, ledger: queue).run().flaw { throw TownFile.Failure.notWhole(flaw.words) }
            return town
        } catch let failure as TownFile.Failure {
            throw failure
        } catch {
            throw .notWhole("\(error)")
        }
    }

    // MARK: rows

    private func bring(_ town: TownID, _ now: Date, _ db: Database) throws -> TownFile.Contents {
        var contents = try count(town, db)
        let head = try Row.fetchOne(db, sql: "SELECT number, hash FROM f.chain WHERE chain = ?", arguments: [town.code])
        if let head, try Row.fetchOne(
            db, sql: "SELECT 1 FROM main.fact WHERE chain = ? AND number = ? AND hash = ?", arguments: [town.code, head["number"] as Int64, head["hash"] as Data]) != nil {
            contents.wasHere = true
            return contents
        }
        try refuseLife(of: town, db)
        try bringContents(db)
        try bringRows(town, db)
        try bringPassed(town, db)
        try bringNotes(&contents, db)
        contents.held = try Holding.hold(
            town, now, "町が移ったときに、まだ終わっていませんでした。送るか取り下げるかを人が決めます (not ended when the town moved here: release or drop it)", by: "move", db)
        return contents
    }

    private func count(_ town: TownID, _ db: Database) throws -> TownFile.Contents {
        var contents = TownFile.Contents()
        contents.town = town.code
        func count(_ sql: String) throws -> Int { try Int.fetchOne(db, sql: sql) ?? 0 }
        contents.alerts = try count("SELECT count(*) FROM f.alert")
        contents.deliveries = try count("SELECT count(*) FROM f.delivery")
        contents.facts = try count("SELECT count(*) FROM f.fact")
        contents.notes = try count("SELECT count(*) FROM f.note")
        contents.devices = try count("SELECT count(*) FROM f.note WHERE key LIKE 'device/%'")
        return contents
    }

    /// What a hub writes for a town by itself (numbers a channel reserves) is no life; what people did is.
    private func refuseLife(of town: TownID, _ db: Database) throws {
        let facts = try Int.fetchOne(db, sql: "SELECT count(*) FROM main.fact WHERE chain = ?", arguments: [town.code]) ?? 0
        guard facts == 0 else { throw TownFile.Failure.occupied("記録が\(facts)件あります (\(facts) facts)") }
        let life = ["device/", "invitation/", "invitation-", "standing/", "shelters/", "stream/", "report-", "order-key/", "approval/"]
        for row in try Row.fetchAll(db, sql: "SELECT key, value FROM main.note") {
            let key: String = try row.value("key")
            guard life.contains(where: key.hasPrefix), TownFile.isOf(town, key: key, value: [UInt8](try row.value("value") as Data)) else { continue }
            throw TownFile.Failure.occupied("\(key.split(separator: "/").first ?? "") があります (there is such a note)")
        }
    }

    private func bringContents(_ db: Database) throws {
        try db.execute(sql: """
            INSERT INTO main.content (alert, content) SELECT alert, content FROM f.content n
            WHERE NOT EXISTS (SELECT 1 FROM main.content c WHERE c.alert = n.alert AND c.content = n.content) ORDER BY number;
            CREATE TEMP TABLE moved_body AS SELECT n.number AS old, min(c.number) AS new FROM f.content n
            JOIN main.content c ON c.alert = n.alert AND c.content = n.content GROUP BY n.number;
            CREATE TEMP TABLE moved_row AS SELECT number AS old, row_number() OVER (ORDER BY number)
              + coalesce((SELECT seq FROM main.sqlite_sequence WHERE name = 'delivery'), 0) AS new
              FROM (SELECT number FROM f.delivery UNION SELECT number FROM f.passed);
            CREATE UNIQUE INDEX temp.moved_row_old ON moved_row (old);
            CREATE TEMP TABLE moved_step AS SELECT number AS old, row_number() OVER (ORDER BY number)
              + coalesce((SELECT seq FROM main.sqlite_sequence WHERE name = 'step'), 0) AS new FROM f.step;
            CREATE UNIQUE INDEX temp.moved_step_old ON moved_step (old);
            """)
    }

    private func bringRows(_ town: TownID, _ db: Database) throws {
        try db.execute(sql: """
            INSERT INTO main.alert (town, \(LedgerSchema.alertColumns), content, body, fact, skips)
              SELECT town, \(LedgerSchema.alertColumns), content, (SELECT new FROM moved_body WHERE old = body), fact, skips FROM f.alert;
            INSERT INTO main.said SELECT * FROM f.said;
            INSERT INTO main.delivery (number, town, \(LedgerSchema.deliveryColumns))
              SELECT m.new, town, \(LedgerSchema.deliveryColumns) FROM f.delivery d JOIN moved_row m ON m.old = d.number ORDER BY m.new;
            INSERT INTO main.standing SELECT * FROM f.standing;
            INSERT INTO main.step (number, town, \(LedgerSchema.stepColumns), fact)
              SELECT m.new, town, \(LedgerSchema.stepColumns), fact FROM f.step s JOIN moved_step m ON m.old = s.number ORDER BY m.new;
            INSERT INTO main.receipt SELECT * FROM f.receipt;
            INSERT INTO main.report SELECT * FROM f.report;
            INSERT INTO main.deed SELECT * FROM f.deed;
            INSERT INTO main.fact (chain, number, kind, subject, row, at, actor, cause, hash)
              SELECT chain, number, kind, subject, (SELECT new FROM moved_step WHERE old = row), at, actor, cause, hash FROM f.fact;
            """)
        try db.execute(sql: "INSERT OR REPLACE INTO main.chain SELECT * FROM f.chain WHERE chain = ?", arguments: [town.code])
    }

    /// Beside what passed others by here; where the same bulletin passed this town by already, here, it stays as it is.
    private func bringPassed(_ town: TownID, _ db: Database) throws {
        let columns = LedgerSchema.passedColumns.split(separator: ",").map { "p." + $0.drop { $0 == " " } }.joined(separator: ", ")
        try db.execute(sql: """
            INSERT INTO main.town_set (sum, towns) SELECT DISTINCT sum, towns FROM f.town_set n
            WHERE NOT EXISTS (SELECT 1 FROM main.town_set t WHERE t.sum = n.sum AND t.towns = n.towns)
            """)
        try db.execute(sql: """
            INSERT INTO main.passed (number, \(LedgerSchema.passedColumns), towns, body)
            SELECT m.new, \(columns), (SELECT min(t.number) FROM main.town_set t WHERE t.sum = n.sum AND t.towns = n.towns),
              (SELECT new FROM moved_body WHERE old = p.body)
            FROM f.passed p JOIN f.town_set n ON n.number = p.towns JOIN moved_row m ON m.old = p.number
            WHERE NOT EXISTS (SELECT 1 FROM main.passed o JOIN main.town_set t ON t.number = o.towns
              WHERE o.alert = p.alert AND o.mode = p.mode AND instr(t.towns, char(10) || ?) > 0) ORDER BY m.new
            """, arguments: [town.code])
        try LedgerSchema.alignNumbers(db)
        try LedgerSchema.beginPassed(because: "moved", db)
        try db.execute(sql: "DROP TABLE moved_body; DROP TABLE moved_row; DROP TABLE moved_step")
    }

    // MARK: notes, pages, what waited

    private func bringNotes(_ contents: inout TownFile.Contents, _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT key, value FROM f.note") {
            let key: String = try row.value("key")
            let value = try [UInt8](row.value("value") as Data)
            if key.hasPrefix("people/account/"), try Row.fetchOne(db, sql: "SELECT 1 FROM main.note WHERE key = ?", arguments: [key]) != nil {
                contents.left.append(String(key.dropFirst(15)))
                continue
            }
            try LedgerSchema.put(key, try Holding.untimed(key, value) ?? value, db)
        }
    }

    private func bringPages(_ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT name, octets FROM f.town_page") {
            let name: String = try row.value("name"), path = "\(data)/\(name)"
            guard TownPages.isSafe(name) else { throw TownFile.Failure.notWhole("\(name)") }
            guard access(path, F_OK) != 0 else { continue }
            try FileManager.default.createDirectory(atPath: String(path.dropLast("/state.json".count)), withIntermediateDirectories: true)
            try (row.value("octets") as Data).write(to: URL(filePath: path), options: .atomic)
        }
    }
}
