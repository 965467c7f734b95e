package import Ledger
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
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
///
/// A file that is damaged, of a newer schema, or gone is no reason not to start: it is put aside and named, a new one is
/// begun with what can be read, and the notebook's last copy brings the devices back. So too when it is found while running.
package final class SQLiteLedger: Ledger {
    private let book: LedgerBook
    private let buffer: LedgerBuffer
    private let logger: Logger
    private let writer: LedgerThread

    /// - Parameters:
    ///   - path: the database file; its folder exists.
    ///   - isFirst: nobody has written here before: a ledger that is not there is not missed.
    ///   - limit: rows that may wait for the disk: a national earthquake for one town is some 10,000.
    package init(path: String, isFirst: Bool = true, limit: Int = 200_000, logger: Logger) throws {
        book = try LedgerBook(path: path, isFirst: isFirst, logger: logger)
        buffer = LedgerBuffer(limit: limit)
        self.logger = logger
        writer = LedgerThread(book: book, buffer: buffer, logger: logger)
        writer.start()
    }

    private var pool: DatabasePool { book.pool }

    package var troubles: [String] { book.troubles }

    /// SQLite's own examination, beside everything else. A file that fails it is put aside by the writer.
    package func examine() async {
        do {
            let findings = try await pool.read { try String.fetchAll($0, sql: "PRAGMA quick_check(5)") }
            guard findings != ["ok"] else { return }
            buffer.add(.beginAnew(findings.joined(separator: "; ")))
        } catch let error as DatabaseError where LedgerFile.isDamage(error) {
            buffer.add(.beginAnew("\(error)"))
        } catch {
            logger.notice("ledger not examined", metadata: ["error": "\(error)"])
        }
    }

    /// SQLite's pages of five readers.
    package func endStart() { pool.releaseMemory() }

    package func town(_ id: TownID) -> any TownLedger { SQLiteTown(id: id, book: book, buffer: buffer) }

    package func keep(_ bulletin: KeptBulletin) -> Commit { buffer.promise(.bulletin(bulletin)) }

    package func bulletins(limit: Int) async throws -> [KeptBulletin] {
        try await pool.read { db in try LedgerSchema.bulletins(db, limit: limit, withOctets: true) }
    }

    package func bulletinHeads(limit: Int) async throws -> [KeptBulletin] {
        try await pool.read { db in try LedgerSchema.bulletins(db, limit: limit, withOctets: false) }
    }

    package func record(_ passed: PassedAlert) -> Commit { buffer.promise(.passed(passed)) }

    package func passed(since: Date, limit: Int) async throws -> [RecordedAlert] {
        let (pool, contents) = book.reading
        return try await pool.read { db in try LedgerSchema.passed(db, since: since, limit: limit, contents) }
    }

    package func busy(_ towns: [TownID], since: Date) async throws -> Set<TownID> {
        let open = DeliveryState.allCases.filter { !$0.isEnd }.map { "'\($0.rawValue)'" }.joined(separator: ",")
        return try await pool.read { db in
            // Two looks into an index for each town, and no row of a town that had nothing.
            let statement = try db.makeStatement(sql: """
                SELECT EXISTS (SELECT 1 FROM alert WHERE town = ?1 AND accepted >= ?2)
                    OR EXISTS (SELECT 1 FROM log_state WHERE town = ?1 AND mode IN ('actual', 'exercise') AND state IN (\(open)))
                """)
            return Set(try towns.filter { try Bool.fetchOne(statement, arguments: [$0.code, since.timeIntervalSince1970]) ?? true })
        }
    }

    package func pasts(of towns: [TownID: Set<EventID>], since: Date, now: Date) async -> [TownID: Result<TownPast, any Error>] {
        let (pool, contents) = book.reading, book = book, buffer = buffer
        do {
            return try await pool.read { db in
                Dictionary(uniqueKeysWithValues: towns.map { town, events in
                    (town, Result { try SQLiteTown(id: town, book: book, buffer: buffer).past(since: since, and: events, now: now, db, contents) })
                })
            }
        } catch {
            return towns.mapValues { _ in .failure(error) }
        }
    }

    package func verify(_ town: TownID?, expecting expected: [KnownHead]) async throws -> ChainReport {
        // One moment, however long it takes and whatever is written meanwhile.
        let snapshot = try pool.makeSnapshot(), chain = CommonChain.name(of: town)
        // What is not in it any more is in an archive by now.
        let archives = try book.archive.readers(of: chain, generation: try await snapshot.read { try Archive.generation($0) })
        return try await ChainCheck(chain, archives: archives, ledger: snapshot).run(expecting: expected)
    }

    /// From the end: of a day that is over no more than today's facts are passed over.
    package func head(of town: TownID?, before moment: Date) async throws -> ChainHead? {
        let chain = CommonChain.name(of: town)
        return try await pool.read { db in
            let row = try Row.fetchOne(
                try db.cachedStatement(sql: "SELECT number, hash FROM fact WHERE chain = ? AND at < ? ORDER BY number DESC LIMIT 1"), arguments: [chain, moment.timeIntervalSince1970])
            return try row.map { ChainHead(number: try $0.value("number"), hash: [UInt8](try $0.value("hash") as Data)) }
        }
    }

    package func retire(_ rule: RetentionRule) async throws -> Retired { try await retire(rule, slices: .max) }

    /// Stops when so many slices have left, as a power failure does. For the test of that day.
    package func retire(_ rule: RetentionRule, slices: Int) async throws -> Retired {
        let left = Mutex(0)
        return try await Retirement(
            rule: rule, ledger: pool, archive: book.archive,
            leave: { [buffer] slice in
                guard left.withLock({ count in
                    count += 1
                    return count <= slices
                }) else { throw CancellationError() }
                try await buffer.promise(.leave(slice)).committed()
            },
            rest: { try await ContinuousClock().sleep(for: Self.rest) }
        ).run()
    }

    /// Between two slices of what leaves.
    private static let rest = Duration.milliseconds(20)

    package func flush() -> Commit { buffer.promise(.barrier) }

    package var backlog: (waiting: Int, lost: Int) { buffer.backlog }

    package var disk: LedgerDisk? {
        let sizes = ["", "-wal"].map { suffix -> Int in
            var about = stat()
            return stat(pool.path + suffix, &about) == 0 ? Int(about.st_size) : 0
        }
        return LedgerDisk(commit: writer.lastCommit, size: sizes.reduce(0, +))
    }

    package func close() async {
        buffer.close()
        await writer.finished()
        book.mergeLog()
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

    /// What lies in the log beside the file goes into the file. For the test that weighs it.
    package func mergeForMeasuring() throws { _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }

    /// Spoils what an alert says on the disk. For the test of that day.
    package func garble(_ alert: AlertID) throws {
        try pool.barrierWriteWithoutTransaction {
            try $0.execute(sql: "UPDATE content SET content = x'7b00ff' WHERE alert = ?", arguments: [alert.text])
        }
    }

    /// What somebody with the file in his hands may do. For the tests that find it.
    package func tamper(_ sql: String) throws {
        try pool.barrierWriteWithoutTransaction { try $0.execute(sql: sql) }
    }

    /// How SQLite goes about a page of the log. For the test that proves it.
    package func planOfLogPage(_ query: DeliveryQuery) throws -> [String] {
        guard let town = TownID("042056") else { return [] }
        return try pool.read { db in
            let (sql, arguments) = try SQLiteTown(id: town, book: book, buffer: buffer).question(query, db)
            return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { $0["detail"] }
        }
    }

    // MARK: Notebook

    package func read(_ key: String) -> [UInt8]? { book.notes.withLock { $0[key] } }

    package func write(_ key: String, _ value: [UInt8]?) { write([(key, value)]) }

    package func write(_ entries: [(key: String, value: [UInt8]?)]) {
        // Inside the lock, so that two writes of one key reach the disk in the order they were made.
        book.notes.withLock { notes in
            for (key, value) in entries { notes[key] = value }
            buffer.add(.notes(entries))
        }
    }

    package func keys(prefix: String) -> [String] {
        book.notes.withLock { $0.keys(prefix: prefix) }
    }
}
