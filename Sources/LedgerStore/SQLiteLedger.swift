package import Ledger
package import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import GRDB
package import Logging
internal import Synchronization
#if canImport(Glibc)
internal import Glibc
#endif

/// The ledger of one machine: SQLite through GRDB, one writer on a thread of its own, everything that waits in one
/// commit.
///
/// `synchronous` is FULL: GRDB sets NORMAL in WAL mode after `prepareDatabase`, and with NORMAL the last commits may
/// vanish when power fails, which is what an earthquake does.
package final class SQLiteLedger: Ledger {
    private let pool: DatabasePool
    private let buffer: LedgerBuffer
    private let notes: Mutex<[String: [UInt8]]>
    private let logger: Logger
    private let writer: LedgerThread

    /// - Parameters:
    ///   - path: the database file; its folder exists.
    ///   - limit: rows that may wait for the disk: a national earthquake for one town is some 10,000.
    package init(path: String, limit: Int = 200_000, logger: Logger) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "ledger"
        pool = try DatabasePool(path: path, configuration: configuration)
        try pool.barrierWriteWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        try LedgerSchema.migrator.migrate(pool)
        let known = try pool.read { db in
            try Row.fetchAll(db, sql: "SELECT key, value FROM note").map { row in
                (row[0] as String, [UInt8](row[1] as Data))
            }
        }
        notes = Mutex(Dictionary(uniqueKeysWithValues: known))
        buffer = LedgerBuffer(limit: limit)
        self.logger = logger
        writer = LedgerThread(pool: pool, buffer: buffer, logger: logger)
        writer.start()
    }

    package func town(_ id: TownID) -> any TownLedger { SQLiteTown(id: id, pool: pool, buffer: buffer) }

    package func keep(_ bulletin: KeptBulletin) -> Commit {
        let commit = Commit()
        buffer.add(.bulletin(bulletin), commit)
        return commit
    }

    package func bulletins(limit: Int) async throws -> [KeptBulletin] {
        try await pool.read { db in try LedgerSchema.bulletins(db, limit: limit) }
    }

    package func flush() -> Commit {
        let commit = Commit()
        buffer.add(.barrier, commit)
        return commit
    }

    package var backlog: (waiting: Int, lost: Int) { buffer.backlog }

    package func close() async {
        buffer.close()
        await writer.finished()
        do { try pool.close() } catch { logger.error("ledger not closed cleanly", metadata: ["error": "\(error)"]) }
    }

    /// 2 is FULL. For the test that proves it.
    package func synchronousLevel() throws -> Int {
        try pool.barrierWriteWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Makes the disk look full at `pages` of 4096 octets. For the test of that day.
    package func limitPages(to pages: Int) throws {
        try pool.barrierWriteWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }

    /// How SQLite goes about a page of the log. For the test that proves it.
    package func planOfLogPage(newest: Bool) throws -> [String] {
        guard let town = TownID("042056") else { return [] }
        var query = DeliveryQuery()
        query.newest = newest
        let (sql, arguments) = SQLiteTown(id: town, pool: pool, buffer: buffer).question(query)
        return try pool.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { $0["detail"] }
        }
    }

    // MARK: Notebook

    package func read(_ key: String) -> [UInt8]? { notes.withLock { $0[key] } }

    package func write(_ key: String, _ value: [UInt8]?) {
        // Inside the lock, so that two writes of one key reach the disk in the order they were made.
        notes.withLock { notes in
            notes[key] = value
            buffer.add(.note(key, value))
        }
    }

    package func keys(prefix: String) -> [String] {
        notes.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }
}

/// The one thread that writes.
private final class LedgerThread: Sendable {
    private let pool: DatabasePool
    private let buffer: LedgerBuffer
    private let logger: Logger
    private let end = Commit()

    init(pool: DatabasePool, buffer: LedgerBuffer, logger: Logger) {
        self.pool = pool
        self.buffer = buffer
        self.logger = logger
    }

    func start() {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let failure = pthread_create(&thread, nil, { pointer in
            Unmanaged<LedgerThread>.fromOpaque(pointer!).takeRetainedValue().work()
            return nil
        }, box.toOpaque())
        guard failure == 0 else {
            box.release()
            preconditionFailure("no thread for the ledger: \(failure)")
        }
        pthread_detach(thread)
    }

    func finished() async { await end.settled() }

    private func work() {
        while let writes = buffer.takeAll() {
            do {
                try write(writes.map(\.0))
                for (_, commit) in writes { commit?.fulfil(nil) }
            } catch let error as DatabaseError where Self.mayPass(error) {
                keep(writes, error)
            } catch {
                oneByOne(writes)
            }
        }
        end.fulfil(nil)
    }

    private func write(_ writes: [LedgerWrite]) throws {
        try pool.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                for write in writes { try LedgerSchema.apply(write, to: db) }
                return .commit
            }
        }
    }

    /// The disk's trouble and not the row's: full, read-only, gone for a while.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_NOMEM]
            .contains(error.resultCode)
    }

    /// Whoever waits hears of it now; the rows wait for the disk to come back.
    private func keep(_ writes: [(LedgerWrite, Commit?)], _ error: DatabaseError) {
        let isKept = buffer.putBack(writes.map(\.0))
        if !isKept { buffer.countLost(writes.reduce(0) { $0 + $1.0.weight }) }
        // Once for each refusal somebody hears of, not for each second of a full disk.
        if !isKept || writes.contains(where: { $0.1 != nil }) {
            logger.critical("ledger cannot write", metadata: [
                "rows": "\(writes.count)", "error": "\(error)", "kept": "\(isKept)",
            ])
        }
        for (_, commit) in writes { commit?.fulfil(.disk("\(error)")) }
        if isKept { buffer.pause() }
    }

    /// One of them is bad: it must not take the others with it.
    private func oneByOne(_ writes: [(LedgerWrite, Commit?)]) {
        for (one, commit) in writes {
            do {
                try write([one])
                commit?.fulfil(nil)
            } catch {
                buffer.countLost(one.weight)
                logger.critical("ledger refuses a row", metadata: ["error": "\(error)"])
                commit?.fulfil(.disk("\(error)"))
            }
        }
    }
}
