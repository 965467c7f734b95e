internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger
#if canImport(Glibc)
internal import Glibc
#endif

/// What is over, in one file a town and month: `archive/042056/2026-11.sqlite`, tables as in the ledger, so that whatever reads a
/// ledger reads it too. What passed towns by lies under `archive/common`.
///
/// A ledger that was begun anew counts from 1 again. Its facts never mix with those of the one before: a month that has a
/// file of the earlier one gets a second (`2026-11-2.sqlite`).
struct Archive: Sendable {
    let folder: String

    init(besideLedger path: String) {
        folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/archive"
    }

    /// `2026-11`, by the clock on people's walls.
    static func month(_ date: Date) -> String { String(JapanTime.text(date, milliseconds: false).prefix(7)) }

    static func month(ofFile path: String) -> String { String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...].prefix(7)) }

    /// Files of a chain, the oldest month first, of these months.
    func files(of chain: String, from first: String = "", to last: String = "9999-99") -> [String] {
        guard let directory = opendir("\(folder)/\(chain)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            guard name.hasSuffix(".sqlite"), name.utf8.count >= 14, case let month = String(name.prefix(7)), month >= first, month <= last else { continue }
            names.append("\(folder)/\(chain)/\(name)")
        }
        return names.sorted()
    }

    static func reading(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "archive"
        configuration.busyMode = .timeout(5)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Those whose facts are of this ledger's chains.
    func readers(of chain: String, generation: [UInt8]) throws -> [DatabaseQueue] {
        try files(of: chain).compactMap { path in
            let queue = try Self.reading(path)
            return try queue.read { try Self.generation($0) } == generation ? queue : nil
        }
    }

    static func generation(_ db: Database) throws -> [UInt8] {
        try Row.fetchOne(db, sql: "SELECT hash FROM chain WHERE chain = ?", arguments: [LedgerSchema.generation]).flatMap { Data.fromDatabaseValue($0[0]) }
            .map { [UInt8]($0) } ?? []
    }

    /// Writes rows into a month's file and reads them back from the disk. Those that are there already stay as they are.
    func keep(_ rows: [ArchivedRow], chain: String, month: String, generation: [UInt8]) throws {
        let path = try place(chain, month, generation)
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = EXTRA") }
            try LedgerSchema.migrator.migrate(queue)
            try queue.write { db in
                try db.execute(
                    sql: "INSERT INTO chain VALUES (?, 0, ?) ON CONFLICT (chain) DO UPDATE SET hash = excluded.hash", arguments: [LedgerSchema.generation, Data(generation)])
                for row in rows { try row.insert(into: db) }
            }
            try queue.close()
        }
        try Self.synced(path)
        try Self.synced("\(folder)/\(chain)")
        let queue = try Self.reading(path)
        defer { try? queue.close() }
        try queue.read { db in
            for row in rows where try !row.isThere(db) { throw Trouble(description: "\(path) に書いた行が、読み返すと違います: \(row.table) (a row reads back otherwise)") }
        }
    }

    /// The month's file of this ledger.
    private func place(_ chain: String, _ month: String, _ generation: [UInt8]) throws -> String {
        for path in [folder, "\(folder)/\(chain)"] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw Trouble(description: "\(path) を作れません: \(String(cString: strerror(errno))) (cannot be made)")
        }
        for number in 1..<1000 {
            let path = "\(folder)/\(chain)/\(month)\(number == 1 ? "" : "-\(number)").sqlite"
            guard access(path, F_OK) == 0 else { return path }
            let queue = try Self.reading(path)
            defer { try? queue.close() }
            let found = try queue.read { try $0.tableExists("chain") ? Self.generation($0) : generation }
            if found == generation { return path }
        }
        throw Trouble(description: "\(month)に使える名前が残っていません (no name left)")
    }

    private static func synced(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Trouble(description: "\(path): \(String(cString: strerror(errno)))") }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw Trouble(description: "\(path): \(String(cString: strerror(errno)))") }
    }

    struct Trouble: Error, CustomStringConvertible { let description: String }
}

/// A row on its way out of the record.
struct ArchivedRow: Sendable {
    let table: String
    let columns: [String]
    let values: [DatabaseValue]

    /// All rows a question finds, with all their columns.
    static func all(_ table: String, where condition: String, _ arguments: [(any DatabaseValueConvertible)?], _ db: Database) throws -> [ArchivedRow] {
        try Row.fetchAll(try db.cachedStatement(sql: "SELECT * FROM \(table) WHERE \(condition)"), arguments: StatementArguments(arguments)).map { row in
            ArchivedRow(table: table, columns: Array(row.columnNames), values: Array(row.databaseValues))
        }
    }

    subscript(_ column: String) -> DatabaseValue { columns.firstIndex(of: column).map { values[$0] } ?? .null }

    func insert(into db: Database) throws {
        // How a delivery stands may have been told once more since it was copied.
        let way = table == "standing" ? "REPLACE" : "IGNORE"
        let statement = try db.cachedStatement(
            sql: "INSERT OR \(way) INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))")
        try statement.execute(arguments: StatementArguments(values))
    }

    func isThere(_ db: Database) throws -> Bool {
        let condition = columns.map { "\($0) IS ?" }.joined(separator: " AND ")
        return try Row.fetchOne(try db.cachedStatement(sql: "SELECT 1 FROM \(table) WHERE \(condition)"), arguments: StatementArguments(values)) != nil
    }
}
