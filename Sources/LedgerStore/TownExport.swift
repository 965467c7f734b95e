package import AlertModel
package import FoundationEssentials
internal import GRDB
internal import Ledger
#if canImport(Glibc)
internal import Glibc
#endif

/// Takes a town out of a data folder into one file. The folder is only read, also beside a running hub: what is written is one
/// moment's.
package struct TownExport: Sendable {
    let town: TownID
    let data: String
    private var ledger: String { data + "/ledger.sqlite" }
    /// Tables whose rows are a town's own.
    static let own = ["alert", "said", "delivery", "standing", "step", "receipt", "report", LedgerSchema.deedTable]

    package init(_ town: TownID, data: String) {
        self.town = town
        self.data = data
    }

    package func write(to file: String, now: Date) throws(TownFile.Failure) -> TownFile.Contents {
        let place = file + ".ledger"
        func clean() { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(place + suffix) } }
        clean()
        defer { clean() }
        guard access(ledger, R_OK) == 0 else { throw .disk("\(ledger): \(String(cString: strerror(errno)))") }
        do {
            let contents = try fill(place, now)
            try TownFile.seal(place, into: file)
            return contents
        } catch let failure as TownFile.Failure {
            throw failure
        } catch {
            throw .disk("\(error)")
        }
    }

    private func fill(_ place: String, _ now: Date) throws -> TownFile.Contents {
        let target = try DatabaseQueue(path: place)
        defer { try? target.close() }
        try LedgerSchema.migrator.migrate(target)
        var contents = TownFile.Contents()
        (contents.town, contents.made) = (town.code, now)
        try target.writeWithoutTransaction { db in
            try db.execute(sql: "CREATE TABLE town_about (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE town_page (name TEXT PRIMARY KEY, octets BLOB)")
            // The ledger first: what leaves it meanwhile is in an archive by then.
            let generation = try attached(ledger, db) { () -> [UInt8] in
                try copyOwn(db)
                try copyPassed(db)
                try copyNotes(db, &contents)
                try db.execute(sql: "DELETE FROM chain; INSERT INTO chain SELECT * FROM a.chain WHERE chain IN (?, ?)", arguments: [town.code, LedgerSchema.generation])
                return try Archive.generation(db)
            }
            let archive = Archive(besideLedger: ledger)
            for path in archive.files(of: town.code) + archive.files(of: CommonChain.name) where try Archive.reading(path).read({ try Archive.generation($0) }) == generation {
                try attached(path, db) {
                    try copyOwn(db)
                    try copyPassed(db)
                }
            }
            try copyPages(db)
            try db.execute(sql: "INSERT INTO town_about VALUES ('town', ?), ('made', ?)", arguments: [town.code, JapanTime.text(now)])
            contents.alerts = try Int.fetchOne(db, sql: "SELECT count(*) FROM alert") ?? 0
            contents.deliveries = try Int.fetchOne(db, sql: "SELECT count(*) FROM delivery") ?? 0
            contents.facts = try Int.fetchOne(db, sql: "SELECT count(*) FROM fact") ?? 0
        }
        return contents
    }

    /// As it is at one moment.
    private func attached<Value>(_ path: String, _ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "ATTACH DATABASE ? AS a", arguments: [path])
        var value: Value?
        try db.inTransaction {
            value = try body()
            return .commit
        }
        // What was prepared for it would keep it from being let go.
        db.clearSchemaCache()
        try db.execute(sql: "DETACH DATABASE a")
        guard let value else { throw TownFile.Failure.disk(path) }
        return value
    }

    private func copyOwn(_ db: Database) throws {
        // An archive of an earlier version lacks what came since.
        let known = try Set(String.fetchAll(db, sql: "SELECT name FROM a.sqlite_master WHERE type = 'table'"))
        for table in Self.own where known.contains(table) {
            try db.execute(sql: "INSERT OR IGNORE INTO main.\(table) SELECT * FROM a.\(table) WHERE town = ?", arguments: [town.code])
        }
        try db.execute(sql: "INSERT OR IGNORE INTO main.fact SELECT * FROM a.fact WHERE chain = ?", arguments: [town.code])
        try db.execute(sql: "INSERT OR IGNORE INTO main.content SELECT * FROM a.content WHERE number IN (SELECT body FROM main.alert)")
    }

    /// The town's share of what passed many by, and of their towns its own line alone.
    private func copyPassed(_ db: Database) throws {
        let sets = try Row.fetchAll(db, sql: """
            SELECT number, substr(towns, instr(towns, char(10) || ?1) + 1, 512) AS line FROM a.town_set WHERE instr(towns, char(10) || ?1) > 0
            """, arguments: [town.code])
        for row in sets {
            let (number, line): (Int64, String) = try (row.value("number"), row.value("line"))
            let own = String(line.prefix { $0 != "\n" })
            guard let share = LedgerSchema.share(of: town, own) else { continue }
            try db.execute(sql: "INSERT OR IGNORE INTO main.town_set (number, sum, towns) VALUES (?,?,?)", arguments: [
                number, LedgerSchema.checksum("\n\(own)\n"), "\n\(own)\n",
            ])
            try db.execute(sql: "INSERT OR IGNORE INTO main.passed SELECT * FROM a.passed WHERE towns = ?", arguments: [number])
            try db.execute(sql: "UPDATE main.passed SET far_ends = ?, fact = NULL WHERE towns = ?", arguments: [share.farEnds, number])
        }
        try db.execute(sql: "INSERT OR IGNORE INTO main.content SELECT * FROM a.content WHERE number IN (SELECT body FROM main.passed)")
    }

    private func copyNotes(_ db: Database, _ contents: inout TownFile.Contents) throws {
        for row in try Row.fetchAll(db, sql: "SELECT key, value FROM a.note") {
            let (key, value): (String, [UInt8]) = try (row.value("key"), [UInt8](row.value("value") as Data))
            if TownFile.isShared(town, key: key, value: value) { contents.left.append(String(key.dropFirst(15))) }
            guard TownFile.isOf(town, key: key, value: value) else { continue }
            try db.execute(sql: "INSERT INTO main.note VALUES (?,?)", arguments: [key, Data(value)])
            contents.notes += 1
            if key.hasPrefix("device/") { contents.devices += 1 }
        }
    }

    /// What the pages of the town's spots show. They lie in the data folder, beside the record.
    private func copyPages(_ db: Database) throws {
        for page in try TownPages.all(in: data) where page.town == town.code {
            try db.execute(sql: "INSERT INTO town_page VALUES (?,?)", arguments: [page.name, page.octets])
        }
    }
}

/// States of spots: `<channel>/<spot>/state.json`, whose spot says its town.
enum TownPages {
    static func all(in data: String) throws -> [(name: String, town: String, octets: Data)] {
        folders(data).flatMap { channel in
            folders("\(data)/\(channel)").compactMap { spot in
                let name = "\(channel)/\(spot)/state.json"
                guard let octets = try? Data(contentsOf: URL(filePath: "\(data)/\(name)")), let place = TownFile.object([UInt8](octets))?["place"] as? [String: Any],
                    let town = place["town"] as? String else { return nil }
                return (name, town, octets)
            }
        }
    }

    /// A name that is no way out of the data folder.
    static func isSafe(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[2] == "state.json" && parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && part.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [0x2D, 0x5F, 0x2E].contains($0) }
        }
    }

    private static func folders(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if !name.hasPrefix("."), name != "archive" { names.append(name) }
        }
        return names.sorted()
    }
}
