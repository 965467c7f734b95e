package import AlertModel
package import ChannelKit
internal import DequeModule
package import FoundationEssentials
package import Ledger
internal import Synchronization

/// Writes down what becomes of deliveries, and lets people follow it as it happens.
///
/// Following does not touch the disk: the rows of the last deliveries are kept here. A follower that does not read
/// loses its oldest rows, never the hub's time.
package final class DeliveryJournal: DeliveryObserver {
    package struct Tally: Sendable, Hashable {
        package var channel: String
        package var state: DeliveryState
        package var mode: ModeName
    }

    private struct State {
        var rows: [DeliveryID: DeliveryRow] = [:]
        var order: Deque<DeliveryID> = []
        /// True from one of them: it was behind, and its oldest was lost.
        var followers: [Int: @Sendable (Watched) -> Bool] = [:]
        /// Who lost something and does not know yet.
        var gaps: Set<Int> = []
        var next = 0
        var ended: [Tally: Int] = [:]
        var times: [String: LatencyHistogram] = [:]
        var lost = 0

        mutating func makeRoom() {
            while order.count > DeliveryJournal.bound, let oldest = order.popFirst() { rows[oldest] = nil }
        }

        mutating func tell(_ row: DeliveryRow) { tell(.row(row)) }

        mutating func tell(_ what: Watched) {
            for (number, follower) in followers where follower(what) {
                lost += 1
                gaps.insert(number)
            }
        }
    }

    /// Rows kept in memory, and rows a follower may be behind.
    package static let bound = 20_000
    private let ledger: any Ledger
    private let clock: @Sendable () -> Date
    private let state = Mutex(State())

    package init(ledger: any Ledger, clock: @escaping @Sendable () -> Date = { Date() }) {
        self.ledger = ledger
        self.clock = clock
    }

    package var duty: Duty { ledger.duty }

    /// The decisions about an alert, before anything is offered.
    package func open(_ alert: RecordedAlert, in town: TownID) {
        let rows = alert.deliveries.map { DeliveryRow(number: 0, delivery: $0, in: alert, town: town) }
        state.withLock { state in
            for row in rows {
                if state.rows[row.delivery.id] == nil { state.order.append(row.delivery.id) }
                state.rows[row.delivery.id] = row
                if row.state == .skipped { state.ended[row.tally, default: 0] += 1 }
                state.tell(row)
            }
            state.makeRoom()
        }
    }

    /// The towns that hear nothing of it: nothing becomes of them later.
    package func open(_ passed: PassedAlert) {
        state.withLock { state in
            for group in passed.groups where !group.channel.isEmpty {
                let tally = Tally(channel: group.channel, state: .skipped, mode: passed.mode)
                state.ended[tally, default: 0] += group.towns.count
            }
            state.tell(.passed(passed))
        }
    }

    /// A row from the ledger, after a restart.
    package func reopen(_ row: DeliveryRow) {
        state.withLock { state in
            if state.rows[row.delivery.id] == nil { state.order.append(row.delivery.id) }
            state.rows[row.delivery.id] = row
        }
    }

    package func delivery(_ id: DeliveryID, of town: TownID, took step: DeliveryStep) {
        let now = clock()
        var record = RecordedStep(id, step, at: now)
        if case .remarked = step {
            // How it stands does not change by what is said about it, nor how often it was tried.
            if let row = row(id) { (record.state, record.attempt) = (row.state, row.attempts) }
            return remark(record, in: town)
        }
        ledger.town(town).append(record)
        state.withLock { state in
            guard var row = state.rows[id] else { return }
            row.take(record)
            state.rows[id] = row
            if record.state.isEnd { state.ended[row.tally, default: 0] += 1 }
            if record.state == .delivered {
                let seconds = now.timeIntervalSince(row.offered)
                state.times["\(row.delivery.channel) \(row.delivery.priority.word)", default: LatencyHistogram()].add(seconds)
            }
            state.tell(row)
        }
    }

    private func remark(_ record: RecordedStep, in town: TownID) {
        ledger.town(town).append(record)
        state.withLock { state in
            guard var row = state.rows[record.delivery] else { return }
            let settled = row.settled
            row.take(record)
            row.settled = settled
            state.rows[record.delivery] = row
            state.tell(row)
        }
    }

    /// A device's receipt for a row that people may be looking at, once the ledger has it as a new one.
    package func receipt(_ reach: Reach, for id: DeliveryID) {
        state.withLock { state in
            guard var row = state.rows[id] else { return }
            row.take(reach)
            state.rows[id] = row
            state.tell(row)
        }
    }

    package func row(_ id: DeliveryID) -> DeliveryRow? { state.withLock { $0.rows[id] } }

    /// How the deliveries of an alert stand now, from memory.
    package func rows(of alert: AlertID) -> [DeliveryRow] {
        state.withLock { state in state.rows.values.filter { $0.alert == alert } }
    }

    /// Every change from now on, and of what passes towns by a row for each of them.
    package func follow() -> AsyncStream<DeliveryRow> {
        let (stream, continuation) = AsyncStream<DeliveryRow>.makeStream(bufferingPolicy: .bufferingNewest(Self.bound))
        let number = add { watched in
            let rows: [DeliveryRow] =
                switch watched {
                case .row(let row): [row]
                case .passed(let passed): passed.rows
                case .beat, .gap: []
                }
            var isBehind = false
            for row in rows { if case .dropped = continuation.yield(row) { isBehind = true } }
            return isBehind
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return stream
    }

    /// The same for somebody at the end of a line: a `beat` says that the line is alive, and after rows were lost it
    /// is a `gap`, so that whoever watches reads everything again instead of believing an old screen.
    package func watch(bound: Int = bound) -> (events: AsyncStream<Watched>, beat: @Sendable () -> Void) {
        let (stream, continuation) = AsyncStream<Watched>.makeStream(bufferingPolicy: .bufferingNewest(bound))
        let number = add { watched in
            if case .dropped = continuation.yield(watched) { return true }
            return false
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return (stream, { [weak self] in self?.beat(number) })
    }

    private func add(_ follower: @escaping @Sendable (Watched) -> Bool) -> Int {
        state.withLock { state in
            state.next += 1
            state.followers[state.next] = follower
            return state.next
        }
    }

    private func remove(_ number: Int) {
        state.withLock { state in
            state.followers[number] = nil
            state.gaps.remove(number)
        }
    }

    private func beat(_ number: Int) {
        state.withLock { state in
            _ = state.followers[number]?(state.gaps.remove(number) == nil ? .beat : .gap)
        }
    }

    /// Rows in memory, followers, and rows that followers lost because they did not read.
    package var gauges: (rows: Int, followers: Int, lost: Int) {
        state.withLock { ($0.rows.count, $0.followers.count, $0.lost) }
    }

    /// What a restart held back and nobody has decided about.
    package var held: [ModeName: Int] {
        state.withLock { state in
            state.rows.values.reduce(into: [:]) { held, row in
                if row.state == .held { held[row.mode, default: 0] += 1 }
            }
        }
    }

    package var tallies: [Tally: Int] { state.withLock { $0.ended } }
    package var times: [String: LatencyHistogram] { state.withLock { $0.times } }
}

/// What whoever watches the log hears.
package enum Watched: Sendable, Hashable {
    case row(DeliveryRow)
    /// One alert, and the towns whose far ends hear nothing of it.
    case passed(PassedAlert)
    case beat
    /// Rows were lost on the way here.
    case gap
}

extension DeliveryRow {
    fileprivate var tally: DeliveryJournal.Tally {
        DeliveryJournal.Tally(channel: delivery.channel, state: state, mode: mode)
    }
}

extension RecordedStep {
    /// A runner's step in the ledger's words.
    package init(_ id: DeliveryID, _ step: DeliveryStep, at now: Date) {
        switch step {
        case .started(let attempt): self.init(delivery: id, at: now, state: .sending, attempt: attempt)
        case .failed(let attempt, let reason, _):
            self.init(delivery: id, at: now, state: .retrying, attempt: attempt, detail: reason)
        case .delivered(let attempt, let receipt):
            self.init(
                delivery: id, at: now, state: .delivered, attempt: attempt, detail: receipt.note,
                reference: receipt.reference)
        case .superseded: self.init(delivery: id, at: now, state: .superseded)
        case .annulled: self.init(delivery: id, at: now, state: .annulled)
        case .expired: self.init(delivery: id, at: now, state: .expired)
        case .rejected(let reason): self.init(delivery: id, at: now, state: .rejected, detail: reason)
        case .stopped(let reason): self.init(delivery: id, at: now, state: .stopped, detail: reason)
        case .held(let reason): self.init(delivery: id, at: now, state: .held, detail: reason)
        case .released(let person):
            self.init(delivery: id, at: now, state: .waiting, detail: "\(person)が送信を許可 (released by \(person))", actor: person)
        case .dropped(let person):
            self.init(delivery: id, at: now, state: .annulled, detail: "\(person)が送らないことに決定 (dropped by \(person))", actor: person)
        case .resumed(let person):
            self.init(delivery: id, at: now, state: .waiting, detail: "\(person)が送信先を再開 (resumed by \(person))", actor: person)
        case .remarked(let words): self.init(delivery: id, at: now, state: .delivered, detail: words)
        }
    }
}

/// Counts by upper bound, for Prometheus.
package struct LatencyHistogram: Sendable {
    /// Seconds.
    package static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    package private(set) var sum = 0.0
    package var count: Int { counts.reduce(0, +) }

    mutating func add(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
