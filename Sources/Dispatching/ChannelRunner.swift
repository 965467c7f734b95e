package import AlertModel
package import ChannelKit
internal import Ledger
package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs one channel's work in one mode: asks what comes next, acts outside the lock, reports back.
///
///     offer ─┐                       ┌─▶ an attempt's task ─▶ the adapter ─┐
///            ├─▶ [ChannelWork, locked] ─▶ observer, in the order it happened │
///     bell ──┘        ▲              └─▶ one sleeper for the nearest moment │
///                     └───────────────────────── settle ◀───────────────────┘
///
/// Every act is one turn at the lock, with its reports in it: what an observer hears of a delivery is in the order in which
/// it was decided. `begin` and `settle` can be called by somebody else instead of `run`: by whoever simulates a night.
package final class ChannelRunner<M: Mode>: Sendable {
    package struct Load: Sendable {
        package let parcel: Parcel
        package let farEnd: FarEnd<M>
        package let message: Message<M>

        package init(parcel: Parcel, farEnd: FarEnd<M>, message: Message<M>) {
            self.parcel = parcel
            self.farEnd = farEnd
            self.message = message
        }
    }

    package let name: String
    private let adapter: any ChannelAdapter<M>
    private let observer: any DeliveryObserver
    private let duty: Duty
    private let logger: Logger
    private let state: Mutex<ChannelWork<M>>
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    /// Nil: on the threads that all share.
    private let thread: OwnThread?

    package init<A: ChannelAdapter>(
        _ adapter: A, observer: any DeliveryObserver, logger: Logger, limits: QueueLimits? = nil
    ) where A.M == M {
        self.name = A.manifest.name
        self.adapter = adapter
        self.observer = observer
        duty = observer.duty
        self.logger = logger
        // A hint is sealed for each device: ten thousand of them on the threads of warnings would stand before these.
        thread = [.crowd, .hint].contains(A.manifest.role) ? OwnThread(A.manifest.name) : nil
        self.state = Mutex(ChannelWork(
            queue: ChannelQueue(limits: limits ?? QueueLimits(A.manifest)), attemptLimit: A.manifest.attemptLimit))
        // One ring is enough: the runner empties the queue each time it wakes.
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts deliveries in line. Returns at once; what became of each is reported to the observer.
    package func offer(_ loads: [Load], now: Instant = .now) {
        place(loads, now: now)
        wake()
    }

    /// The same, for whoever has more of it in hand and calls `wake` then.
    func place(_ loads: [Load], now: Instant) {
        let cuts = state.withLock { $0.offer(loads, now: now, observer) }
        for cut in cuts { cut.make() }
    }

    /// There is something to begin.
    func wake() { ring.yield() }

    /// Sends until the service group shuts down; then attempts under way are ended and nothing new is begun.
    package func run() async throws {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.adapter.run()
                return false
            }
            group.addTask(executorPreference: thread) {
                await cancelWhenGracefulShutdown { await self.drive() }
                return true
            }
            for await isDriven in group where isDriven { group.cancelAll() }
        }
    }

    private func drive() async {
        await withDiscardingTaskGroup { group in
            // Sleepers that have not rung yet, each nearer than the one before it.
            var alarms: [Instant] = []
            for await _ in bell {
                if Task.isCancelled { break }
                let until = await beginAllDue(in: &group)
                alarms.removeAll { $0 <= .now }
                guard let until, alarms.last.map({ until < $0 }) ?? true else { continue }
                alarms.append(until)
                group.addTask {
                    try? await ContinuousClock().sleep(until: until)
                    self.ring.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// Attempts begun at a stretch. Behind them come those that wait for the same threads: so the turn of who comes next is decided when there
    /// is somebody to take it, and a town that is offered late does not stand behind everything offered before it.
    private static var atAStretch: Int { 8 }
    /// And then so long for the threads that carry what has begun: those that hang are begun no sooner for it.
    private static var breath: Duration { .microseconds(250) }

    /// Starts everything that may start now. Returns when to look again.
    private func beginAllDue(in group: inout DiscardingTaskGroup) async -> Instant? {
        var begun = 0
        while !Task.isCancelled {
            switch begin() {
            case .attempt(let attempt):
                group.addTask(executorPreference: thread) { await self.make(attempt) }
                begun += 1
                if begun.isMultiple(of: Self.atAStretch) { try? await ContinuousClock().sleep(for: Self.breath) }
            case .wait(let until): return until
            case .idle: return nil
            }
        }
        return nil
    }

    /// Whoever may not act now asks again so soon.
    private static var offDuty: Duration { .milliseconds(20) }

    /// What may start now; what cannot any more is ended. Where another hub may be on duty nothing starts, or only what is immediate.
    package func begin(now: Instant = .now) -> Begun<M> {
        while true {
            let word = duty.word(now), least = Self.least(word), again = word == .on ? nil : now.advanced(by: Self.offDuty)
            switch state.withLock({ $0.next(now: now, least: least, observer) }) {
            case .begin(let attempt): return .attempt(attempt)
            case .cut(let cut): cut.make()
            case .wait(let until): return .wait(until: again.map { min($0, until) } ?? until)
            case .idle: return again.map { .wait(until: $0) } ?? .idle
            }
        }
    }

    /// Nil: nothing goes out.
    private static func least(_ word: DutyTerm.Word) -> Priority? {
        switch word {
        case .on: .background
        case .urgent: .immediate
        case .off, .taken: nil
        }
    }

    /// In the attempt's own task, which ends with it, and no other: most answers come within a millisecond, and need no further tasks for
    /// their deadline and for whoever might cut them short.
    package func make(_ attempt: Attempt<M>) async {
        let end: Result<Receipt, DeliveryFailure> = await withUnsafeCurrentTask { task in
            attempt.ending.arm(task)
            defer { attempt.ending.disarm() }
            // Between its turn and here the program may have been stopped for as long as another hub needs to take over.
            guard mayGo(attempt.delivery.priority) else { return .failure(.cancelled) }
            guard duty.isLeased else { return await deliver(attempt) }
            // And between here and the wire.
            return await WireGate.$isOpen.withValue({ [self] in mayGo(attempt.delivery.priority) }) { await deliver(attempt) }
        }
        settle(attempt, attempt.words(end, isShutdown: Task.isCancelled))
        ring.yield()
    }

    private func mayGo(_ priority: Priority) -> Bool { Self.least(duty.word()).map { priority <= $0 } ?? false }

    private func deliver(_ attempt: Attempt<M>) async -> Result<Receipt, DeliveryFailure> {
        do throws(DeliveryFailure) {
            return .success(try await adapter.deliver(attempt.load.message, attempt.delivery))
        } catch {
            return .failure(error)
        }
    }

    /// How an attempt ended. The same attempt a second time is nothing.
    @discardableResult
    package func settle(
        _ attempt: Attempt<M>, _ end: Result<Receipt, DeliveryFailure>, now: Instant = .now, jitter: Double = .random(in: 0...1)
    ) -> Settlement {
        let settlement = state.withLock { $0.settle(attempt, end, now: now, jitter: jitter, observer) }
        if case .stopped(let reason) = settlement {
            let lane = attempt.load.parcel.lane
            logger.error("lane stopped until its settings are mended", metadata: [
                "channel": "\(name)", "town": "\(lane.town)", "endpoint": "\(lane.endpoint)", "reason": "\(reason)",
            ])
        }
        return settlement
    }

    // MARK: what people and gauges ask

    /// Lets a stopped lane go on. Returns how many deliveries go out now; nil when it was not stopped.
    package func resume(_ lane: LaneID, by person: String) -> Int? {
        guard let waiting = state.withLock({ $0.resume(lane, by: person, observer) }) else { return nil }
        logger.notice("lane resumed", metadata: [
            "channel": "\(name)", "town": "\(lane.town)", "endpoint": "\(lane.endpoint)", "by": "\(person)",
            "waiting": "\(waiting)",
        ])
        ring.yield()
        return waiting
    }

    /// How many deliveries wait for a far end, and why its lane is stopped.
    package func standing(of lane: LaneID) -> (waiting: Int, stoppedBecause: String?) {
        state.withLock { ($0.queue.waiting(in: lane), $0.queue.stoppedLanes[lane]) }
    }

    package struct Gauges: Sendable {
        package var waiting: [Priority: Int]
        package var onWire: Int
        /// Of these, attempts that hang or are slow, and hold no place any more.
        package var late: Int
        package var stopped: [LaneID: String]
        /// Moments at which something has to be looked at: ends, retries, deadlines of attempts.
        package var timers: Int
        /// Deliveries whose words are kept here: those that wait, and those on the wire.
        package var loads: Int
    }

    package var gauges: Gauges {
        state.withLock { work in
            let queue = work.queue
            return Gauges(
                waiting: Dictionary(uniqueKeysWithValues: Priority.allCases.map { ($0, queue.waiting(in: $0)) }),
                onWire: queue.onWireCount, late: queue.lateCount, stopped: queue.stoppedLanes, timers: work.timerCount,
                loads: work.loadCount)
        }
    }

    /// For how long the oldest immediate delivery has been on its way.
    package func oldestImmediate(now: Instant = .now) -> OldestDelivery {
        let (well, troubled) = state.withLock { $0.queue.oldest(.immediate) }
        return OldestDelivery(well: well.map { $0.duration(to: now) }, troubled: troubled.map { $0.duration(to: now) })
    }
}

/// What a channel may do now.
package enum Begun<M: Mode>: Sendable {
    case attempt(Attempt<M>)
    case wait(until: Instant)
    case idle
}

/// How long the oldest delivery of a class has been on its way to a far end where all seems well, and to one in trouble.
/// The far end's trouble is in the log of deliveries; the other one is ours.
package struct OldestDelivery: Sendable, Hashable {
    package var well: Duration?
    package var troubled: Duration?

    package init(well: Duration? = nil, troubled: Duration? = nil) {
        self.well = well
        self.troubled = troubled
    }

    package static func + (left: Self, right: Self) -> Self {
        Self(
            well: [left.well, right.well].compactMap(\.self).max(),
            troubled: [left.troubled, right.troubled].compactMap(\.self).max())
    }
}

extension DeliveryFailure {
    /// For the log and for people.
    package var words: String {
        switch self {
        case .unavailable(let reason): reason
        case .throttled(let pause): "相手が\(pause.formatted)待つよう求めています (asked to wait)"
        case .rejected(let reason): reason
        case .misconfigured(let reason): reason
        case .cancelled: "cancelled"
        }
    }
}

extension Duration {
    package var formatted: String {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return milliseconds < 10_000 ? "\(milliseconds) ms" : "\(seconds) s"
    }
    package var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1000 + Double(attoseconds) / 1e15
    }
}
