package import Ledger
package import AlertModel
internal import FoundationEssentials
internal import Synchronization
#if canImport(Glibc)
internal import Glibc
#endif

/// One thing to write.
package enum LedgerWrite: Sendable {
    case alert(TownID, RecordedAlert)
    case passed(PassedAlert)
    case step(TownID, RecordedStep)
    case receipt(TownID, RecordedReceipt)
    case report(TownID, RecordedReport)
    case deed(TownID, RecordedDeed)
    case bulletin(KeptBulletin)
    /// All of them or none.
    case notes([(key: String, value: [UInt8]?)])
    case leave(Leaving)
    case barrier
    /// The file is damaged: put it aside before anything else is written.
    case beginAnew(String)

    /// A note that is worth a copy.
    var isNote: Bool {
        if case .notes(let entries) = self { return entries.contains { $0.key != LedgerBook.unkept } }
        return false
    }

    /// What its source may never send again.
    var isAlert: Bool {
        switch self {
        case .alert, .passed: true
        default: false
        }
    }

    /// Rows it will become, for the bound.
    package var weight: Int {
        switch self {
        case .alert(_, let alert): 1 + alert.deliveries.count
        case .passed(let passed): 1 + passed.groups.count
        case .notes(let entries): entries.count
        default: 1
        }
    }
}

/// A write and who waits for it.
package struct WaitingWrite: Sendable {
    /// Counts up from 1 in the order in which they came: the same however often it is tried.
    package let number: Int64
    package let write: LedgerWrite
    package let commit: Commit?

    package init(number: Int64, write: LedgerWrite, commit: Commit?) { (self.number, self.write, self.commit) = (number, write, commit) }
}

/// What waits for the disk, in order. Name: ledger buffer. Bound: rows. Gauge: `backlog`. When it is full the new
/// write is refused: an alert's commit fails at once, so its source hears "not recorded, try again" while the warning
/// itself is on its way; the alert is kept all the same, up to twice the bound, as its source may never ask again. A
/// step is counted as lost, and after a restart its delivery is looked at again.
package final class LedgerBuffer: Sendable {
    private struct State {
        var writes: [WaitingWrite] = []
        var count: Int64 = 0
        var weight = 0
        /// How many of the writes are alerts.
        var alerts = 0
        var lost = 0
        var isClosed = false

        mutating func take(_ write: LedgerWrite, _ commit: Commit?) {
            count += 1
            writes.append(WaitingWrite(number: count, write: write, commit: commit))
            weight += write.weight
            if write.isAlert { alerts += 1 }
        }
    }

    private let limit: Int
    private let state = Mutex(State())
    // A semaphore of the C library: the writer is a thread of its own and may wait in it.
    private let bell: Bell

    package init(limit: Int) {
        self.limit = limit
        bell = Bell()
    }

    package func add(_ write: LedgerWrite, _ commit: Commit? = nil) {
        let refusal: LedgerFailure? = state.withLock { state in
            if state.isClosed { return .closed }
            guard state.weight + write.weight <= limit else {
                if write.isAlert, state.weight + write.weight <= 2 * limit {
                    state.take(write, nil)
                } else {
                    state.lost += write.weight
                }
                return .full
            }
            state.take(write, commit)
            return nil
        }
        if let refusal { commit?.fulfil(refusal) } else { bell.ring() }
    }

    /// So long an alert lies in memory before the disk is told of it: it is being offered to its far ends meanwhile, and the writer
    /// takes the processor from that where there is but one. What comes in these milliseconds goes into the same commit; and as long as
    /// more come, town after town of one warning, the writer waits on, up to the second number.
    private static var gathering: (microseconds: UInt32, most: UInt32) { (4_000, 60_000) }

    private func gather() {
        var (seen, waited) = (0, UInt32(0))
        while waited < Self.gathering.most {
            let alerts = state.withLock { $0.isClosed ? 0 : $0.alerts }
            guard alerts > seen else { return }
            seen = alerts
            usleep(Self.gathering.microseconds)
            waited += Self.gathering.microseconds
        }
    }

    /// Everything that waits; blocks until there is something. Nil when closed and empty; nothing when the time is over.
    package func takeAll(within time: Duration? = nil) -> [WaitingWrite]? {
        while true {
            gather()
            let (writes, isClosed) = state.withLock { state in
                defer {
                    state.writes = []
                    (state.weight, state.alerts) = (0, 0)
                }
                return (state.writes, state.isClosed)
            }
            if !writes.isEmpty { return writes }
            if isClosed { return nil }
            guard let time else {
                bell.wait()
                continue
            }
            guard bell.wait(time) else { return [] }
        }
    }

    /// Writes the disk did not take, before everything that came since. False when it is closed: nobody will try again.
    package func putBack(_ writes: [WaitingWrite]) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.writes.insert(contentsOf: writes.map { WaitingWrite(number: $0.number, write: $0.write, commit: nil) }, at: 0)
            state.weight += writes.reduce(0) { $0 + $1.write.weight }
            return true
        }
    }

    /// Until something new comes, at most a second. For the writer's thread.
    package func pause() { bell.wait(.seconds(1)) }

    package func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }

    /// Rows that were taken and will never be written.
    package func countLost(_ rows: Int) { state.withLock { $0.lost += rows } }

    package var backlog: (waiting: Int, lost: Int) { state.withLock { ($0.weight, $0.lost) } }
}

/// One town's part of a ledger whose rows go through the buffer, whatever lies behind it.
package protocol BufferedTown: TownLedger {
    var id: TownID { get }
    var buffer: LedgerBuffer { get }
}

extension BufferedTown {
    package func record(_ alert: RecordedAlert) -> Commit { buffer.promise(.alert(id, alert)) }
    package func append(_ step: RecordedStep) { buffer.add(.step(id, step)) }
    package func append(_ receipt: RecordedReceipt) -> Commit { buffer.promise(.receipt(id, receipt)) }
    package func append(_ report: RecordedReport) -> Commit { buffer.promise(.report(id, report)) }
    package func append(_ deed: RecordedDeed) -> Commit { buffer.promise(.deed(id, deed)) }
}

extension LedgerBuffer {
    /// Whoever asks hears when it is on disk, or that it is not.
    package func promise(_ write: LedgerWrite) -> Commit {
        let commit = Commit()
        add(write, commit)
        return commit
    }
}

/// Wakes one thread.
// Sendable: sem_t may be posted and waited for from any thread; the pointer is set once.
package final class Bell: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func ring() { sem_post(semaphore) }
    package func wait() { while sem_wait(semaphore) != 0 {} }

    /// False when the time is over.
    @discardableResult
    package func wait(_ time: Duration) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let (seconds, attoseconds) = time.components
        let nanoseconds = until.tv_nsec + Int(attoseconds / 1_000_000_000)
        until.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        return sem_timedwait(semaphore, &until) == 0
    }
}
