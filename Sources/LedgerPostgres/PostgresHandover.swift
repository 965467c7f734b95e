internal import Ledger
internal import LedgerStore
internal import Logging

/// What waited on this machine's disk, handed over to the database: each row under the name it was given when it came, by whichever start of this hub,
/// so that what had reached the database after all is not written twice.
struct PostgresHandover {
    private static let page = 500
    /// A disk that gives nothing away is asked again after so long.
    static let pause = Duration.seconds(10)
    private let waiting: WaitingRows
    /// Nil: another hub is on duty.
    private let writer: Int64?
    private let term: Duration
    private let logger: Logger
    /// False where another hub wrote since: its notes are newer.
    private let takesNotes: Bool

    init(_ waiting: WaitingRows, by writer: Int64?, for term: Duration, takesNotes: Bool = true, logger: Logger) {
        self.waiting = waiting
        self.writer = writer
        self.term = term
        self.takesNotes = takesNotes
        self.logger = logger
    }

    /// A disk that does not give them away is as bad as no database: notes have no name, and what is handed over a second time would stand over newer ones.
    func run(on line: PostgresLine) throws(PostgresTrouble) {
        var count = 0
        while !waiting.isEmpty {
            let rows = try disk { try waiting.first(Self.page) }
            guard let first = rows.first else { break }
            let writes = rows.map { WaitingWrite(number: $0.number, write: takesNotes ? $0.write : $0.write.withoutNotes, commit: nil) }
            do throws(PostgresTrouble) {
                _ = try PostgresBatch(writes, by: writer, named: first.writer, on: line).write(until: term)
            } catch where error.mayPass {
                throw error
            } catch {
                try oneByOne(writes, first.writer, line)
            }
            try disk { try waiting.remove(rows) }
            count += rows.count
        }
        logger.notice("what waited on this machine's disk is in the database", metadata: ["writes": "\(count)"])
    }

    private func oneByOne(_ writes: [WaitingWrite], _ name: Int64, _ line: PostgresLine) throws(PostgresTrouble) {
        for one in writes {
            do throws(PostgresTrouble) {
                _ = try PostgresBatch([one], by: writer, named: name, on: line).write(until: term)
            } catch where error.mayPass {
                throw error
            } catch {
                logger.critical("ledger refuses a row", metadata: ["error": "\(error)"])
            }
        }
    }

    private func disk<Value>(_ body: () throws -> Value) throws(PostgresTrouble) -> Value {
        do { return try body() } catch { throw .disk("\(error)") }
    }
}

extension LedgerWrite {
    fileprivate var withoutNotes: Self { if case .notes = self { .barrier } else { self } }
}
