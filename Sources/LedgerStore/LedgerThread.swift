internal import FoundationEssentials
internal import GRDB
internal import Ledger
internal import Logging
internal import Synchronization
#if canImport(Glibc)
internal import Glibc
#endif

/// The one thread that writes.
final class LedgerThread: Sendable {
    private let book: LedgerBook
    private let buffer: LedgerBuffer
    private let logger: Logger
    private let end = Commit()
    private let took = Mutex(Duration.zero)

    /// How long the last commit took.
    var lastCommit: Duration { took.withLock { $0 } }

    init(book: LedgerBook, buffer: LedgerBuffer, logger: Logger) {
        self.book = book
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
        // Here and not where the ledger is opened: a country's notebook has tens of megabytes, and a start waits for nothing it does not need.
        book.copyNotes()
        while let writes = buffer.takeAll(within: book.secondsToCopy.map { .seconds($0) }) {
            if writes.isEmpty {
                book.copyNotes()
                continue
            }
            if writes.contains(where: { $0.write.isNote }) { book.notesChanged() }
            for waiting in writes { if case .beginAnew(let words) = waiting.write { _ = book.beginAnew(.damaged(words)) } }
            do {
                try writeAll(writes)
                book.copyNotes()
            } catch let error as DatabaseError where LedgerFile.isFileDamage(error) && book.beginAnew(.damaged("\(error)")) {
                // The same into the new one. Once: `beginAnew` refuses to do it again at once.
                do {
                    try writeAll(writes)
                } catch {
                    oneByOne(writes)
                }
            } catch let error as DatabaseError where Self.mayPass(error) {
                keep(writes, error)
            } catch {
                oneByOne(writes)
            }
        }
        book.copyNotes(atOnce: true)
        end.fulfil(nil)
    }

    private func writeAll(_ writes: [WaitingWrite]) throws {
        for (isNew, waiting) in zip(try write(writes.map(\.write)), writes) { waiting.commit?.fulfil(nil, isNew: isNew) }
    }

    /// Whether each was new.
    private func write(_ writes: [LedgerWrite]) throws -> [Bool] {
        let began = ContinuousClock.now
        defer { took.withLock { $0 = ContinuousClock.now - began } }
        return try book.pool.writeWithoutTransaction { db in
            var news: [Bool] = []
            try db.inTransaction(.immediate) {
                let writing = Writing()
                news = try writes.map { try LedgerSchema.apply($0, to: db, writing) }
                try writing.pen.close(db)
                return .commit
            }
            return news
        }
    }

    /// The disk's trouble and not the row's: full, read-only, gone for a while.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_NOMEM]
            .contains(error.resultCode)
    }

    /// Whoever waits hears of it now; the rows wait for the disk to come back.
    private func keep(_ writes: [WaitingWrite], _ error: DatabaseError) {
        let isKept = buffer.putBack(writes)
        if !isKept { buffer.countLost(writes.reduce(0) { $0 + $1.write.weight }) }
        // Once for each refusal somebody hears of, not for each second of a full disk.
        if !isKept || writes.contains(where: { $0.commit != nil }) {
            logger.critical("ledger cannot write", metadata: [
                "rows": "\(writes.count)", "error": "\(error)", "kept": "\(isKept)",
            ])
        }
        for waiting in writes { waiting.commit?.fulfil(.disk("\(error)")) }
        if isKept { buffer.pause() }
    }

    /// One of them is bad: it must not take the others with it.
    private func oneByOne(_ writes: [WaitingWrite]) {
        for one in writes {
            do {
                try writeAll([one])
            } catch {
                buffer.countLost(one.write.weight)
                logger.critical("ledger refuses a row", metadata: ["error": "\(error)"])
                one.commit?.fulfil(.disk("\(error)"))
            }
        }
    }
}
