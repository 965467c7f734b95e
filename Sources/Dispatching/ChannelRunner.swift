package import AlertModel
package import ChannelKit
package import Logging
internal import ServiceLifecycle
internal import Synchronization

/// What the runner reports of its deliveries, in the order things happen. Never waits.
package protocol DeliveryObserver: Sendable {
    func delivery(_ id: DeliveryID, of town: TownID, took step: DeliveryStep)
}

/// One step of a delivery's life. Its status is the list of these, never a column.
package enum DeliveryStep: Sendable, Hashable {
    case started(attempt: Int)
    case failed(attempt: Int, reason: String, retryIn: Duration?)
    case delivered(attempt: Int, Receipt)
    case superseded
    case annulled
    case expired
    case rejected(String)
    /// The lane waits for a person.
    case stopped(String)
    /// After a restart: too old for its class to go out by itself.
    case held(String)
    case released(by: String)
    /// A person has decided that what was held does not go out.
    case dropped(by: String)
    /// A person has mended the lane it was stopped in.
    case resumed(by: String)
    /// Found out later about what had been delivered.
    case remarked(String)

    /// Nothing follows after these.
    package var isEnd: Bool {
        switch self {
        case .delivered, .superseded, .annulled, .expired, .rejected, .dropped: true
        case .started, .failed, .stopped, .held, .released, .resumed, .remarked: false
        }
    }
}

/// Runs one channel's queue in one mode: asks what comes next, acts outside the lock, reports back.
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

    private struct State {
        var queue: ChannelQueue
        var loads: [DeliveryID: Load] = [:]
        /// Attempts under way, by the switch that ends them.
        var attempts: [DeliveryID: AttemptSwitch] = [:]
    }

    package let name: String
    private let adapter: any ChannelAdapter<M>
    private let attemptLimit: Duration
    private let observer: any DeliveryObserver
    private let logger: Logger
    private let state: Mutex<State>
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    package init<A: ChannelAdapter>(
        _ adapter: A, observer: any DeliveryObserver, logger: Logger, limits: QueueLimits? = nil
    ) where A.M == M {
        self.name = A.manifest.name
        self.adapter = adapter
        self.attemptLimit = A.manifest.attemptLimit
        self.observer = observer
        self.logger = logger
        self.state = Mutex(State(queue: ChannelQueue(limits: limits ?? QueueLimits(A.manifest))))
        // One ring is enough: the runner empties the queue each time it wakes.
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts deliveries in line. Returns at once; what became of each is reported to the observer.
    package func offer(_ loads: [Load], now: Instant = .now) {
        var steps: [(DeliveryID, TownID, DeliveryStep)] = []
        var cut: [AttemptSwitch] = []
        state.withLock { state in
            for load in loads {
                let parcel = load.parcel
                let town = parcel.lane.town
                // The same delivery twice is one, whoever offers it again.
                guard state.loads[parcel.id] == nil else { continue }
                state.loads[parcel.id] = load
                switch state.queue.offer(parcel, now: now) {
                case .waiting: break
                case .superseded(let older):
                    state.loads[older] = nil
                    steps.append((older, town, .superseded))
                case .followsOnWire(let flying, let older):
                    if let attempt = state.attempts[flying] { cut.append(attempt) }
                    if let older {
                        state.loads[older] = nil
                        steps.append((older, town, .superseded))
                    }
                case .annulled(let older):
                    state.loads[parcel.id] = nil
                    if let older {
                        state.loads[older] = nil
                        steps.append((older, town, .annulled))
                    }
                    steps.append((parcel.id, town, .annulled))
                case .outdated:
                    state.loads[parcel.id] = nil
                    steps.append((parcel.id, town, Self.outdated(load)))
                case .expired:
                    state.loads[parcel.id] = nil
                    steps.append((parcel.id, town, .expired))
                case .full:
                    state.loads[parcel.id] = nil
                    steps.append((parcel.id, town, .rejected("この経路の待ち行列がいっぱいです (the channel's queue is full)")))
                case .displaced(let victim):
                    let owner = state.loads.removeValue(forKey: victim)?.parcel.lane.town ?? town
                    steps.append((victim, owner, .rejected("この経路の待ち行列がいっぱいのところへ、より急ぐものが来ました (the queue is full and something more urgent came)")))
                }
            }
        }
        for (id, town, step) in steps { observer.delivery(id, of: town, took: step) }
        for attempt in cut { attempt.cut(.cancel) }
        ring.yield()
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

    /// Sends until the service group shuts down; then attempts under way are ended and nothing new is begun.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.adapter.run() }
            await cancelWhenGracefulShutdown {
                await self.drive()
            }
            group.cancelAll()
        }
    }

    private func drive() async {
        await withDiscardingTaskGroup { group in
            var alarm: Instant?
            for await _ in bell {
                if Task.isCancelled { break }
                guard let until = sendAllDue(in: &group) else { continue }
                // One sleeper for the nearest moment; a later one finds its own when that has rung.
                if let alarm, alarm <= until, alarm > .now { continue }
                alarm = until
                group.addTask {
                    try? await ContinuousClock().sleep(until: until)
                    self.ring.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// Starts everything that may start now. Returns when to look again.
    private func sendAllDue(in group: inout DiscardingTaskGroup) -> Instant? {
        while !Task.isCancelled {
            let cutter = AttemptSwitch()
            let (step, load) = state.withLock { state in
                let step = state.queue.next(now: .now)
                switch step {
                case .send(let parcel, _):
                    // On the wire and to be cut short in one step: a cancel that comes between them would cut nothing.
                    state.attempts[parcel.id] = cutter
                    return (step, state.loads[parcel.id])
                case .expired(let parcel): return (step, state.loads.removeValue(forKey: parcel.id))
                case .cut(let id):
                    state.attempts[id]?.cut(.tooMany)
                    return (step, nil)
                case .wait, .idle: return (step, nil)
                }
            }
            switch step {
            case .send(let parcel, let attempt):
                guard let load else { preconditionFailure("a parcel in the queue without its load") }
                observer.delivery(parcel.id, of: parcel.lane.town, took: .started(attempt: attempt))
                group.addTask { await self.attempt(attempt, load, cutter) }
            case .expired(let parcel):
                observer.delivery(parcel.id, of: parcel.lane.town, took: .expired)
            case .cut: break
            case .wait(let until): return until
            case .idle: return nil
            }
        }
        return nil
    }

    private func attempt(_ number: Int, _ load: Load, _ cutter: AttemptSwitch) async {
        let parcel = load.parcel
        let deadline = min(Instant.now.advanced(by: attemptLimit), parcel.expires)
        let delivery = Delivery<M>(
            id: parcel.id, alert: load.message.alert.id, event: parcel.event, message: parcel.message,
            farEnd: load.farEnd, priority: parcel.priority, attempt: number, deadline: deadline)
        let end = await outcome(of: load.message, delivery, cutter)
        settle(parcel, number, end)
        ring.yield()
    }

    private enum Ending: Sendable {
        case answered(Result<Receipt, DeliveryFailure>)
        case late
        case cut(AttemptSwitch.Cause?)
    }

    /// The adapter's answer, or `unavailable` when the deadline or a cancel comes first.
    private func outcome(
        of message: Message<M>, _ delivery: Delivery<M>, _ cutter: AttemptSwitch
    ) async -> Result<Receipt, DeliveryFailure> {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                do throws(DeliveryFailure) {
                    return .answered(.success(try await self.adapter.deliver(message, delivery)))
                } catch {
                    return .answered(.failure(error))
                }
            }
            group.addTask {
                try? await ContinuousClock().sleep(until: delivery.deadline)
                return .late
            }
            group.addTask {
                .cut(await cutter.wasCut())
            }
            let first = await group.next()
            group.cancelAll()
            if case .answered(let answer) = first { return answer }
            // It may have said yes while it was being stopped.
            for await ending in group {
                if case .answered(.success(let receipt)) = ending { return .success(receipt) }
            }
            if Task.isCancelled { return .failure(.cancelled) }
            if case .cut(let cause?) = first { return .failure(.unavailable(cause.words)) }
            return .failure(.unavailable("時間内に返事がありません (no answer in time)"))
        }
    }

    private func settle(_ parcel: Parcel, _ number: Int, _ end: Result<Receipt, DeliveryFailure>) {
        let now = Instant.now
        let settlement = state.withLock { state in
            let settlement = state.queue.settle(parcel.id, end, now: now)
            state.attempts[parcel.id] = nil
            switch settlement {
            case .delivered, .superseded, .expired, .rejected: state.loads[parcel.id] = nil
            case .retry, .stopped, .putBack, .unknown: break
            }
            return settlement
        }
        let report = { (step: DeliveryStep) in self.observer.delivery(parcel.id, of: parcel.lane.town, took: step) }
        if case .failure(let failure) = end, case .unavailable = failure {
            var pause: Duration?
            if case .retry(let at) = settlement { pause = now.duration(to: at) }
            report(.failed(attempt: number, reason: failure.words, retryIn: pause))
        }
        switch settlement {
        case .delivered:
            if case .success(let receipt) = end { report(.delivered(attempt: number, receipt)) }
        case .retry(let at):
            if case .failure(let failure) = end, case .throttled = failure {
                report(.failed(attempt: number, reason: failure.words, retryIn: now.duration(to: at)))
            }
        case .superseded: report(.superseded)
        case .expired: report(.expired)
        case .rejected(let reason): report(.rejected(reason))
        case .stopped(let reason):
            logger.error("lane stopped until its settings are mended", metadata: [
                "channel": "\(name)", "town": "\(parcel.lane.town)", "endpoint": "\(parcel.lane.endpoint)",
                "reason": "\(reason)",
            ])
            report(.stopped(reason))
        case .putBack, .unknown: break
        }
    }

    // MARK: what people and gauges ask

    /// Lets a stopped lane go on. Returns how many deliveries go out now; nil when it was not stopped.
    package func resume(_ lane: LaneID, by person: String) -> Int? {
        guard let parcels = state.withLock({ $0.queue.resume(lane) }) else { return nil }
        for parcel in parcels { observer.delivery(parcel.id, of: lane.town, took: .resumed(by: person)) }
        logger.notice("lane resumed", metadata: [
            "channel": "\(name)", "town": "\(lane.town)", "endpoint": "\(lane.endpoint)", "by": "\(person)",
            "waiting": "\(parcels.count)",
        ])
        ring.yield()
        return parcels.count
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
    }

    package var gauges: Gauges {
        state.withLock { state in
            Gauges(
                waiting: Dictionary(uniqueKeysWithValues: Priority.allCases.map { ($0, state.queue.waiting(in: $0)) }),
                onWire: state.queue.onWireCount, late: state.queue.lateCount, stopped: state.queue.stoppedLanes)
        }
    }

    /// For how long the oldest immediate delivery has been on its way.
    package func oldestImmediate(now: Instant = .now) -> OldestDelivery {
        let (well, troubled) = state.withLock { $0.queue.oldest(.immediate) }
        return OldestDelivery(well: well.map { $0.duration(to: now) }, troubled: troubled.map { $0.duration(to: now) })
    }
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

/// Ends a piece of structured work from outside its task.
private final class AttemptSwitch: Sendable {
    enum Cause: Sendable {
        case cancel, tooMany

        var words: String {
            switch self {
            case .cancel: "取消が続くため打ち切りました (cut short by the cancel that follows it)"
            case .tooMany: "応答のない送信が多すぎるため打ち切りました (cut short: too many attempts hang)"
            }
        }
    }

    private let stream: AsyncStream<Cause>
    private let continuation: AsyncStream<Cause>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func cut(_ cause: Cause) { continuation.yield(cause) }

    /// Returns when the switch is thrown, or nil when the task is cancelled.
    func wasCut() async -> Cause? {
        for await cause in stream { return cause }
        return nil
    }
}
