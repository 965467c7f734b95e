/// The work of one channel in one mode: the queue, what each delivery says, and the attempts under way.
///
///     offer ──▶ queue, loads ──▶ next ──▶ Attempt ──▶ settle ──▶ queue
///                                  │         └── deadlines
///                                  └──▶ an attempt to be cut, a moment to wait for
///
/// A value like its queue: no clock, no lock, no task. What becomes of deliveries is told to the observer in the act itself.
internal import AlertModel
internal import ChannelKit
internal import HeapModule

struct ChannelWork<M: Mode>: Sendable {
    typealias Load = ChannelRunner<M>.Load

    private(set) var queue: ChannelQueue
    private let attemptLimit: Duration
    private var loads: [DeliveryID: Load] = [:]
    private var attempts: [DeliveryID: Attempt<M>] = [:]
    private var deadlines = Heap<Deadline>()

    /// Of an attempt that may have ended long ago.
    private struct Deadline: Comparable, Sendable {
        let at: Instant
        let id: DeliveryID
        static func < (left: Self, right: Self) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    enum Next: Sendable {
        case begin(Attempt<M>)
        case cut(Cut)
        case wait(until: Instant)
        case idle
    }

    init(queue: ChannelQueue, attemptLimit: Duration) {
        self.queue = queue
        self.attemptLimit = attemptLimit
    }

    var timerCount: Int { queue.timerCount + deadlines.count }
    var loadCount: Int { loads.count }

    // MARK: offer

    /// Returns the attempts that a cancel cuts short.
    mutating func offer(_ offered: [Load], now: Instant, _ observer: any DeliveryObserver) -> [Cut] {
        offered.compactMap { offer($0, now, observer) }
    }

    private mutating func offer(_ load: Load, _ now: Instant, _ observer: any DeliveryObserver) -> Cut? {
        let parcel = load.parcel
        // The same delivery twice is one, whoever offers it again.
        guard loads[parcel.id] == nil else { return nil }
        loads[parcel.id] = load
        switch queue.offer(parcel, now: now) {
        case .waiting: break
        case .superseded(let older): end(older, .superseded, observer)
        case .followsOnWire(let flying, let older):
            if let older { end(older, .superseded, observer) }
            return attempts[flying].map { Cut(ending: $0.ending, cause: .cancel) }
        case .annulled(let older):
            if let older { end(older, .annulled, observer) }
            end(parcel.id, .annulled, observer)
        case .outdated: end(parcel.id, Self.outdated(load), observer)
        case .expired: end(parcel.id, .expired, observer)
        case .full: end(parcel.id, .rejected("この経路の待ち行列がいっぱいです (the channel's queue is full)"), observer)
        case .displaced(let victim):
            end(victim, .rejected("この経路の待ち行列がいっぱいのところへ、より急ぐものが来ました (the queue is full and something more urgent came)"), observer)
        }
        return nil
    }

    private mutating func end(_ id: DeliveryID, _ step: DeliveryStep, _ observer: any DeliveryObserver) {
        guard let load = loads.removeValue(forKey: id) else { return }
        observer.delivery(id, of: load.parcel.lane.town, took: step)
    }

    /// What came after something newer is not said any more. A cancel that a person gave is never that: if it counts as older,
    /// it took nothing back, and the person has to know.
    private static func outdated(_ load: Load) -> DeliveryStep {
        guard load.parcel.message == .cancel, load.message.alert.content.town != nil else { return .superseded }
        return .rejected("""
            取り消されていません。この取消より新しい発表が伝わっています。もう一度取り消してください \
            (not taken back: something newer than this cancel was told; cancel again)
            """)
    }

    // MARK: next

    /// - Parameter least: nothing less urgent begins; nil: nothing at all.
    mutating func next(now: Instant, least: Priority? = .background, _ observer: any DeliveryObserver) -> Next {
        if let late = pastDeadline(now) { return .cut(late) }
        guard let least else { return deadlines.min.map { .wait(until: $0.at) } ?? .idle }
        while true {
            switch queue.next(now: now, least: least) {
            case .send(let parcel, let number):
                guard let load = loads[parcel.id] else { preconditionFailure("a parcel in the queue without its load") }
                let attempt = Attempt(load, number, deadline: min(now.advanced(by: attemptLimit), parcel.expires))
                attempts[parcel.id] = attempt
                deadlines.insert(Deadline(at: attempt.delivery.deadline, id: parcel.id))
                observer.delivery(parcel.id, of: parcel.lane.town, took: .started(attempt: number))
                return .begin(attempt)
            case .expired(let parcel): end(parcel.id, .expired, observer)
            case .cut(let id):
                guard let attempt = attempts[id] else { continue }
                return .cut(Cut(ending: attempt.ending, cause: .tooMany))
            case .wait(let until): return .wait(until: min(until, deadlines.min?.at ?? until))
            case .idle: return deadlines.min.map { .wait(until: $0.at) } ?? .idle
            }
        }
    }

    /// An attempt that has had its time; each is given once.
    private mutating func pastDeadline(_ now: Instant) -> Cut? {
        while let first = deadlines.min, first.at <= now || attempts[first.id]?.delivery.deadline != first.at {
            deadlines.removeMin()
            // Answered since, or on the wire again in a later attempt.
            guard let attempt = attempts[first.id], attempt.delivery.deadline == first.at else { continue }
            return Cut(ending: attempt.ending, cause: .late)
        }
        return nil
    }

    // MARK: settle

    mutating func settle(
        _ attempt: Attempt<M>, _ end: Result<Receipt, DeliveryFailure>, now: Instant, jitter: Double,
        _ observer: any DeliveryObserver
    ) -> Settlement {
        let parcel = attempt.load.parcel
        // Another attempt of the same delivery may be on the wire by now.
        guard attempts[parcel.id]?.ending === attempt.ending else { return .unknown }
        attempts[parcel.id] = nil
        if deadlines.count > 2 * attempts.count + 1024 {
            deadlines = Heap(attempts.values.map { Deadline(at: $0.delivery.deadline, id: $0.delivery.id) })
        }
        let settlement = queue.settle(parcel.id, end, now: now, jitter: jitter)
        switch settlement {
        case .delivered, .superseded, .expired, .rejected: loads[parcel.id] = nil
        case .retry, .stopped, .putBack, .unknown: break
        }
        for step in Self.steps(attempt.delivery.attempt, end, settlement, now) {
            observer.delivery(parcel.id, of: parcel.lane.town, took: step)
        }
        return settlement
    }

    private static func steps(
        _ number: Int, _ end: Result<Receipt, DeliveryFailure>, _ settlement: Settlement, _ now: Instant
    ) -> [DeliveryStep] {
        var steps: [DeliveryStep] = []
        if case .failure(let failure) = end {
            let pause: Duration? = if case .retry(let at) = settlement { now.duration(to: at) } else { nil }
            switch failure {
            case .unavailable: steps.append(.failed(attempt: number, reason: failure.words, retryIn: pause))
            case .throttled where pause != nil: steps.append(.failed(attempt: number, reason: failure.words, retryIn: pause))
            case .throttled, .rejected, .misconfigured, .cancelled: break
            }
        }
        switch settlement {
        case .delivered: if case .success(let receipt) = end { steps.append(.delivered(attempt: number, receipt)) }
        case .superseded: steps.append(.superseded)
        case .expired: steps.append(.expired)
        case .rejected(let reason): steps.append(.rejected(reason))
        case .stopped(let reason): steps.append(.stopped(reason))
        case .retry, .putBack, .unknown: break
        }
        return steps
    }

    /// Lets a stopped lane go on. Returns how many deliveries wait there; nil when it was not stopped.
    mutating func resume(_ lane: LaneID, by person: String, _ observer: any DeliveryObserver) -> Int? {
        guard let parcels = queue.resume(lane) else { return nil }
        for parcel in parcels { observer.delivery(parcel.id, of: lane.town, took: .resumed(by: person)) }
        return parcels.count
    }
}
