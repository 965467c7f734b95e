/// What speaks at the place itself: the same alerts that its tablets show, said by a loudspeaker, a siren or a lamp of this edge, whether
/// the hub can be heard or not.
///
///     Upstream ──▶ LocalVoices (whose word is it?) ──▶ LocalVoice: Announcements ──▶ LocalFarEnd (a channel's adapter)
///                                                        └─▶ the edge's disk, before it is said
///
/// A tablet never waits for it: what is taken here is taken after it was published, and said by a task of its own.
package import AlertModel
package import ChannelKit
package import Foundation
package import Logging
internal import Seals
internal import Synchronization

/// One way out at this place.
package protocol LocalFarEnd: Sendable {
    /// The channel's.
    var name: String { get }
    /// The far end knows by itself what it has said: an attempt that broke off may be made again.
    var remembers: Bool { get }
    func takes(_ alert: ToldAlert) -> Bool
    func deliver(_ alert: ToldAlert, attempt: Int) async throws(DeliveryFailure) -> Receipt
    /// Whether it would speak, without a sound.
    func reach() async throws(DeliveryFailure)
    func run() async
}

/// A channel of the hub's, in its two modes, at the edge: neither can be handed what belongs to the other.
package struct LocalWay<Real: ChannelAdapter, Drill: ChannelAdapter>: LocalFarEnd where Real.M == Actual, Drill.M == Exercise {
    private let real: (adapter: Real, farEnd: FarEnd<Actual>)?
    private let drill: (adapter: Drill, farEnd: FarEnd<Exercise>)?
    package let remembers: Bool
    private let patience: Duration
    private static var reachPatience: Duration { .seconds(20) }

    /// - Parameter patience: how long one attempt may take.
    package init(real: (Real, FarEnd<Actual>)?, drill: (Drill, FarEnd<Exercise>)?, remembers: Bool, patience: Duration) {
        (self.real, self.drill, self.remembers, self.patience) = (real.map { ($0.0, $0.1) }, drill.map { ($0.0, $0.1) }, remembers, patience)
    }

    package var name: String { Real.manifest.name }

    package func takes(_ alert: ToldAlert) -> Bool {
        let settings = alert.mode == .actual ? real?.farEnd.settings : drill?.farEnd.settings
        guard let settings else { return false }
        // A voice needs seconds for its words: an early warning would be said when it shakes.
        return alert.kind != .eew || remembers || settings["eew"] == "send"
    }

    package func deliver(_ alert: ToldAlert, attempt: Int) async throws(DeliveryFailure) -> Receipt {
        switch alert.mode {
        case .actual: try await Self.deliver(alert, attempt, real, patience)
        case .exercise: try await Self.deliver(alert, attempt, drill, patience)
        }
    }

    private static func deliver<Adapter: ChannelAdapter>(
        _ alert: ToldAlert, _ attempt: Int, _ way: (adapter: Adapter, farEnd: FarEnd<Adapter.M>)?, _ patience: Duration
    ) async throws(DeliveryFailure) -> Receipt {
        guard let way, let message = alert.message(as: Adapter.M.self) else { throw .rejected("ここでは鳴らしません (not for this place)") }
        return try await way.adapter.deliver(
            message,
            Delivery(
                id: DeliveryID(alert: message.alert.id, town: way.farEnd.town, channel: Adapter.manifest.name, endpoint: way.farEnd.id),
                alert: message.alert.id, event: message.alert.event, message: message.alert.message, farEnd: way.farEnd, priority: message.priority,
                attempt: attempt, deadline: .now + patience))
    }

    package func reach() async throws(DeliveryFailure) {
        if let real { _ = try await real.adapter.reach(real.farEnd, deadline: .now + Self.reachPatience) }
        if let drill { _ = try await drill.adapter.reach(drill.farEnd, deadline: .now + Self.reachPatience) }
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            if let real { group.addTask { await real.adapter.run() } }
            if let drill { group.addTask { await drill.adapter.run() } }
        }
    }
}

/// One way's queue, and who works it off.
package final class LocalVoice: Sendable {
    private struct State {
        var queue: Announcements
        /// Rings where what is being said has to end.
        var stop: AsyncStream<Void>.Continuation?
        var lastFailure: String?
        var probeFailure: String?
        var said = 0
        var failed = 0
    }

    /// Of what the edge remembers its own part, and where time comes from.
    package struct Ground: Sendable {
        package var notebook: any Notebook
        package var watch: LineWatch
        /// Returns when all that was written is on disk, or when that takes too long.
        package var onDisk: @Sendable () async -> Void
        package var freshness: @Sendable (Priority) -> TimeInterval
        package var troubled: @Sendable () -> Void
        package var logger: Logger

        package init(
            notebook: any Notebook, watch: LineWatch, onDisk: @escaping @Sendable () async -> Void,
            freshness: @escaping @Sendable (Priority) -> TimeInterval, troubled: @escaping @Sendable () -> Void, logger: Logger
        ) {
            (self.notebook, self.watch, self.onDisk, self.freshness) = (notebook, watch, onDisk, freshness)
            (self.troubled, self.logger) = (troubled, logger)
        }
    }

    /// An attempt that failed later than this may have been heard.
    private static let unheard = Duration.seconds(10)
    /// How often a way is asked whether it would speak: as the hub asks its far ends.
    private static let probeEvery = Duration.seconds(180)

    private let way: any LocalFarEnd
    private let ground: Ground
    private let prefix: String
    private let rounds = Rounds()
    private let state: Mutex<State>

    package init(_ way: any LocalFarEnd, _ ground: Ground) {
        (self.way, self.ground) = (way, ground)
        prefix = "voice/\(way.name)/"
        var kept: [String: Announcements.Entry] = [:]
        for name in ground.notebook.keys(prefix: prefix) {
            guard let entry = ground.notebook.read(name).flatMap({ try? JSONDecoder().decode(Announcements.Entry.self, from: Data($0)) }) else { continue }
            kept[String(name.dropFirst(prefix.count))] = entry
        }
        state = Mutex(State(queue: Announcements(kept)))
    }

    package var name: String { way.name }
    /// Why nothing would be heard here just now; nil where all is well.
    package var trouble: String? { state.withLock { $0.lastFailure ?? $0.probeFailure } }
    package var gauges: (waiting: Int, said: Int, failed: Int) { state.withLock { ($0.queue.waitingCount, $0.said, $0.failed) } }

    /// Returns at once.
    func take(_ alert: ToldAlert, number: UInt64) {
        guard way.takes(alert) else { return }
        let heard = ground.watch.certainHubTime().map { RunningTime(hub: $0) }
        change { $0.take(alert, number: number, heard: heard) }
    }

    func forget(_ keys: [String]) { change { $0.forget(keys) } }

    private func change(_ body: (inout Announcements) -> Void) {
        let (stop, left) = state.withLock { state in
            body(&state.queue)
            let left = state.queue.leaveOut(now: now, freshness: ground.freshness)
            write(&state.queue)
            return (state.queue.mustStop(now: now) ? state.stop : nil, left)
        }
        tell(left)
        stop?.yield()
        rounds.knock()
    }

    /// The hub's time now, as far as it is known of what was heard then.
    private func now(_ heard: RunningTime?) -> Date? { ground.watch.certainHubTime() ?? heard?.now() }

    /// Under the lock, so that what is written later is newer.
    private func write(_ queue: inout Announcements) {
        ground.notebook.write(queue.takeChanges().map { key, entry in
            (key: prefix + key, value: entry.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
        })
    }

    private func tell(_ left: [Announcements.Left]) {
        for one in left { ground.logger.notice("not said here", metadata: ["way": "\(name)", "alert": "\(one.alert.id)", "why": "\(one.why)"]) }
    }

    // MARK: saying it

    /// Until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.way.run() }
            group.addTask { [self] in
                while !Task.isCancelled {
                    await probe()
                    try? await ContinuousClock().sleep(for: Self.probeEvery)
                }
            }
            await rounds.run(every: .seconds(1)) {
                while !Task.isCancelled, let next = begin() { await say(next) }
            }
            group.cancelAll()
        }
    }

    private func begin() -> (Announcements.Waiting, AsyncStream<Void>)? {
        let (bell, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (next, left) = state.withLock { state -> (Announcements.Waiting?, [Announcements.Left]) in
            let left = state.queue.leaveOut(now: now, freshness: ground.freshness)
            let next = state.queue.next(now: now, at: .now)
            let isBegun = next.map { state.queue.begin($0) } ?? false
            if isBegun { state.stop = ring }
            write(&state.queue)
            return (isBegun ? next : nil, left)
        }
        tell(left)
        return next.map { ($0, bell) }
    }

    private func say(_ begun: (next: Announcements.Waiting, bell: AsyncStream<Void>)) async {
        let (next, bell) = begun
        // Written down before it is said; a disk that does not answer keeps nobody from hearing it.
        await ground.onDisk()
        let began = ContinuousClock.now
        let outcome = await withTaskGroup(of: Result<Receipt, DeliveryFailure>?.self) { group in
            group.addTask { [way] in
                do throws(DeliveryFailure) {
                    return .success(try await way.deliver(next.alert, attempt: next.attempt))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                for await _ in bell { break }
                return nil
            }
            let first: Result<Receipt, DeliveryFailure>? = await group.next() ?? nil
            group.cancelAll()
            // Told to stop at the very end of it, it was said.
            guard first == nil else { return first }
            let last: Result<Receipt, DeliveryFailure>? = await group.next() ?? nil
            if case .success = last { return last }
            return nil
        }
        settle(next, outcome, took: began.duration(to: .now))
    }

    /// - Parameter outcome: nil where it was stopped.
    private func settle(_ begun: Announcements.Waiting, _ outcome: Result<Receipt, DeliveryFailure>?, took: Duration) {
        let words: Logger.Metadata = ["way": "\(name)", "alert": "\(begun.alert.id)", "event": "\(begun.alert.event)", "mode": "\(begun.alert.mode.rawValue)"]
        var end = Announcements.End.stopped, failure: String?
        switch outcome {
        case .success(let receipt):
            end = .said
            ground.logger.notice("said here", metadata: words.merging(["reach": "\(receipt.reach.word)", "note": "\(receipt.note ?? "")"]) { $1 })
        case nil, .failure(.cancelled): ground.logger.notice("stopped here", metadata: words)
        case .failure(let error):
            if case .rejected(let reason) = error {
                // Its own no to this one alert: a siren that knows no signal for a notice.
                end = .refused
                ground.logger.notice("refused here", metadata: words.merging(["reason": "\(reason)"]) { $1 })
            } else {
                end = .failed(again: way.remembers || took < Self.unheard)
                failure = "\(error)"
            }
        }
        let isAgain = state.withLock { state in
            state.stop = nil
            if end == .said {
                state.said += 1
            } else if failure != nil {
                state.failed += 1
            }
            let isAgain = state.queue.end(end, at: .now)
            write(&state.queue)
            return isAgain
        }
        if let failure {
            ground.logger.error("cannot be said here", metadata: words.merging(["reason": "\(failure)", "again": "\(isAgain)"]) { $1 })
        }
        // Stopped says nothing of whether it works.
        if end == .said || end == .refused || failure != nil { note { $0.lastFailure = failure } }
    }

    /// As the hub asks its own far ends: what does not speak is known before it is needed.
    private func probe() async {
        var failure: String?
        do throws(DeliveryFailure) { try await way.reach() } catch { failure = error == .cancelled ? nil : "\(error)" }
        guard !Task.isCancelled else { return }
        note { $0.probeFailure = failure }
    }

    private func note(_ body: (inout State) -> Void) {
        let (before, after) = state.withLock { state in
            let before = state.lastFailure ?? state.probeFailure
            body(&state)
            return (before, state.lastFailure ?? state.probeFailure)
        }
        guard (before == nil) != (after == nil) else { return }
        if let after {
            ground.logger.error("nothing is heard at this place", metadata: ["way": "\(name)", "reason": "\(after)"])
        } else {
            ground.logger.notice("this place is heard again", metadata: ["way": "\(name)"])
        }
        ground.troubled()
    }
}

/// All ways of this place. Whose word an alert is, is asked once for all of them.
package struct LocalVoices: Sendable {
    package let all: [LocalVoice]
    private let trust: TownTrust?
    private let logger: Logger
    private let unproven = Count()

    private final class Count: Sendable {
        let value = Mutex(0)
    }

    package init(_ all: [LocalVoice], trust: TownTrust?, logger: Logger) { (self.all, self.trust, self.logger) = (all, trust, logger) }

    /// A line of the stream. Where the town's key is known, what it has not signed is not said.
    package func take(_ name: String, _ line: [UInt8]) {
        guard !all.isEmpty else { return }
        var number: UInt64 = 0
        if let trust, !trust.isBlind {
            guard let seal = trust.seal(line, as: name) else {
                unproven.value.withLock { $0 += 1 }
                return logger.error("not said here: no word of the town's", metadata: ["line": "\(String(decoding: line.prefix(200), as: UTF8.self))"])
            }
            number = seal.number
        }
        guard let alert = ToldAlert(line) else { return logger.error("not said here: no alert that can be read", metadata: ["line": "\(String(decoding: line.prefix(200), as: UTF8.self))"]) }
        for voice in all { voice.take(alert, number: number) }
    }

    package func forget(_ keys: [String]) { for voice in all { voice.forget(keys) } }

    /// One of them would not be heard.
    package var isMute: Bool { all.contains { $0.trouble != nil } }
    /// Lines that were not proven to be the town's, in this run.
    package var unprovenCount: Int { unproven.value.withLock { $0 } }

    package func run() async {
        // Where nothing speaks there is nothing to do until the end: a service that ends is taken for one that fell.
        while all.isEmpty, !Task.isCancelled { try? await ContinuousClock().sleep(for: .seconds(3_600)) }
        await withDiscardingTaskGroup { group in
            for voice in all { group.addTask { await voice.run() } }
        }
    }
}
