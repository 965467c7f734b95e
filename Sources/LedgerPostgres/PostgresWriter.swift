/// The one thread that writes: all that waits in as few transactions as there is room for, and a word each second that we are still there.
///
///     buffer ──▶ database                      while it answers
///        └─────▶ this machine's disk ──▶ …     while it does not: handed over first of all when it is back
internal import AlertModel
internal import FoundationEssentials
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Synchronization

final class PostgresWriter: Sendable {
    /// Rows and towns of one transaction.
    private static let most = (rows: 5_000, towns: 200)

    private let address: PostgresAddress
    private let writer: Int64
    /// Nil: this hub has the record for itself, for a term that each commit renews.
    private let lease: PostgresLease?
    private let term: Duration
    private let buffer: LedgerBuffer
    /// Nil: what the database does not take waits in memory.
    private let waiting: WaitingRows?
    private let watch: PostgresWatch
    private let opener: PostgresOpener
    private let logger: Logger
    private let end = Commit()
    private let took = Mutex(Duration.zero)

    /// How long the last commit took.
    var lastCommit: Duration { took.withLock { $0 } }

    init(_ address: PostgresAddress, writer: Int64, lease: PostgresLease? = nil, buffer: LedgerBuffer, waiting: WaitingRows?, watch: PostgresWatch, logger: Logger) {
        self.address = address
        self.writer = writer
        self.lease = lease
        term = lease == nil ? PostgresOwner.term : .zero
        self.buffer = buffer
        self.waiting = waiting
        self.watch = watch
        self.logger = logger
        opener = PostgresOpener(address)
    }

    /// - Parameter line: over which it claimed the record.
    func start(on line: PostgresLine) {
        let hand = Hand(line: line)
        PostgresThread.start("ledger-writer") { [self] in work(hand) }
    }

    func finished() async { await end.settled() }

    // Sendable: handed to the one thread, and touched there only.
    private final class Hand: @unchecked Sendable {
        var line: PostgresLine?
        /// Fewer where the database is slow: a transaction of one row is always tried.
        var most = PostgresWriter.most.rows
        var trouble = PostgresTrouble.away("?")
        init(line: PostgresLine) { self.line = line }
    }

    private func work(_ hand: Hand) {
        if lease != nil, let line = hand.line { try? Self.hurry(line) }
        while let writes = buffer.takeAll(within: PostgresOwner.renewal) {
            do throws(PostgresTrouble) {
                let line = try line(hand)
                try handOver(hand)
                if writes.isEmpty { _ = try PostgresBatch([], by: writer, on: line).write(until: term) }
                watch.isBack()
            } catch {
                keep(writes, error, hand)
                continue
            }
            writeAll(writes, hand)
        }
        opener.stop()
        lease?.stop()
        if let line = hand.line, !line.isBroken { try? PostgresOwner.release(writer, on: line) }
        end.fulfil(nil)
    }

    private func writeAll(_ writes: [WaitingWrite], _ hand: Hand) {
        var left = writes[...]
        while !left.isEmpty {
            let some = Array(left.prefix(Self.count(left, hand.most)))
            left = left.dropFirst(some.count)
            do throws(PostgresTrouble) {
                try write(some, hand)
            } catch where error.mayPass {
                return keep(some + left, error, hand)
            } catch {
                if !oneByOne(some, before: Array(left), hand) { return }
            }
        }
    }

    /// One at the least.
    private static func count(_ writes: ArraySlice<WaitingWrite>, _ most: Int) -> Int {
        var rows = 0, towns: Set<String> = [], count = 0
        for waiting in writes {
            rows += waiting.write.weight
            if let town = waiting.write.town { towns.insert(town.code) }
            if count > 0, rows > most || towns.count > Self.most.towns { break }
            count += 1
        }
        return count
    }

    /// Where rows can wait on this machine's disk nobody waits for a host that may be frozen: it is looked for beside this.
    private func line(_ hand: Hand) throws(PostgresTrouble) -> PostgresLine {
        if let line = hand.line, !line.isBroken { return line }
        hand.line = nil
        let line: PostgresLine
        if waiting == nil {
            line = try PostgresLine.open(address)
        } else {
            guard let found = opener.take() else { throw hand.trouble }
            line = found
        }
        if lease != nil { try Self.hurry(line) }
        hand.line = line
        return line
    }

    /// A transaction of somebody who was stopped in the middle of it locks the hub's row: whoever takes over does not wait for it longer than
    /// for his lease.
    private static func hurry(_ line: PostgresLine) throws(PostgresTrouble) { try line.say("SET idle_in_transaction_session_timeout = '1s'") }

    private func write(_ writes: [WaitingWrite], _ hand: Hand) throws(PostgresTrouble) {
        let began = ContinuousClock.now
        let line = try line(hand)
        let news: [Bool]
        do throws(PostgresTrouble) {
            news = try PostgresBatch(writes, by: writer, on: line).write(until: term)
        } catch {
            // Too much for its time, perhaps.
            if line.isBroken { hand.most = max(1, hand.most / 4) }
            throw error
        }
        took.withLock { $0 = began.duration(to: .now) }
        hand.most = min(Self.most.rows, hand.most * 2)
        watch.isBack()
        for (isNew, waiting) in zip(news, writes) { waiting.commit?.fulfil(nil, isNew: isNew) }
    }

    /// What waited on this machine's disk comes before all that is newer.
    private func handOver(_ hand: Hand) throws(PostgresTrouble) {
        guard let waiting, !waiting.isEmpty else { return }
        try PostgresHandover(waiting, by: writer, for: term, logger: logger).run(on: try line(hand))
    }

    /// The rows wait: on this machine's disk, and whoever waits for them hears so; where that takes none, in memory, and he hears that they are not recorded.
    private func keep(_ writes: [WaitingWrite], _ error: PostgresTrouble, _ hand: Hand) {
        hand.trouble = error
        if waiting != nil, hand.line?.isBroken ?? true { opener.begin() }
        watch.isAway(error, isLocal: waiting != nil)
        if let waiting {
            do {
                try waiting.add(writes, by: writer)
                // Another hub is on duty: nobody will send this, and whoever brought it has to hear so. It is evidence all the same.
                if case .taken = error, lease != nil {
                    for one in writes { one.commit?.fulfil(error.failure) }
                } else {
                    for one in writes { one.commit?.fulfil(nil, isLocal: true) }
                }
                return
            } catch {
                logger.critical("rows cannot wait on this machine's disk", metadata: ["error": "\(error)"])
            }
        }
        let isKept = buffer.putBack(writes)
        if !isKept {
            let rows = writes.reduce(0) { $0 + $1.write.weight }
            buffer.countLost(rows)
            logger.critical("rows were not recorded: the hub ended while the database was away", metadata: ["rows": "\(rows)", "trouble": "\(error)"])
        }
        for waiting in writes { waiting.commit?.fulfil(error.failure) }
        if isKept, !writes.isEmpty { buffer.pause() }
    }

    /// One of them is bad: it must not take the others with it.
    ///
    /// False when the database went away meanwhile: all that is left is kept, these and those behind them.
    private func oneByOne(_ writes: [WaitingWrite], before others: [WaitingWrite], _ hand: Hand) -> Bool {
        for (place, one) in writes.enumerated() {
            do throws(PostgresTrouble) {
                try write([one], hand)
            } catch where error.mayPass {
                keep(Array(writes[place...]) + others, error, hand)
                return false
            } catch {
                buffer.countLost(one.write.weight)
                logger.critical("ledger refuses a row", metadata: ["error": "\(error)"])
                one.commit?.fulfil(.disk("\(error)"))
            }
        }
        return true
    }
}
