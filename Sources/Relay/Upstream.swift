internal import AlertModel
package import ChannelKit
package import Streams
internal import Foundation
package import Logging
internal import Synchronization

/// Follows the hub's stream of the site as any tablet does, and puts every event unchanged before the edge's own.
///
///     hub ──▶ libcurl's thread ──▶ EventReader ──▶ StreamHub.publish ──▶ tablets
///
/// Nothing is queued between the two: publishing is a copy in memory. What was told already is not told again, and
/// after a gap what the hub no longer has in force is forgotten here too. Silence ends the connection; the next try
/// comes after a pause with full jitter.
package final class Upstream: Sendable {
    private struct State {
        var reader = EventReader()
        /// A bare id has come: a greeting has one behind the past it tells.
        var isGreeted = false
        /// Keys told in a greeting that tells all that is in force; nil when it continues where we were.
        var told: Set<String>?
        var position: StreamPosition?
        var tries = 0
        var relayed = 0
    }

    /// What the rest of the edge does when something comes.
    package struct Hooks: Sendable {
        package var connected: @Sendable () -> Void
        package var alerted: @Sendable () -> Void
        package var registerChanged: @Sendable () -> Void
        package var rollCalled: @Sendable () -> Void
        /// The line to the hub is cut, or back; as tablets read it.
        package var lineTold: @Sendable (StreamEvent) -> Void
        /// Every line of an alert and a cancel, also one that was told before; tablets have it already.
        package var told: @Sendable (_ name: String, _ line: [UInt8]) -> Void
        /// Keys that the hub no longer has in force.
        package var forgotten: @Sendable ([String]) -> Void

        package init(
            connected: @escaping @Sendable () -> Void, alerted: @escaping @Sendable () -> Void,
            registerChanged: @escaping @Sendable () -> Void, rollCalled: @escaping @Sendable () -> Void = {},
            lineTold: @escaping @Sendable (StreamEvent) -> Void = { _ in },
            told: @escaping @Sendable (String, [UInt8]) -> Void = { _, _ in }, forgotten: @escaping @Sendable ([String]) -> Void = { _ in }
        ) {
            (self.lineTold, self.told, self.forgotten) = (lineTold, told, forgotten)
            self.connected = connected
            self.alerted = alerted
            self.registerChanged = registerChanged
            self.rollCalled = rollCalled
        }
    }

    private static let note = "relay/position"
    /// What is the edge's own and no word of the hub's.
    static let lineKey = "line"

    private let hub: HubLine
    private let stream: StreamHub
    private let topic: StreamTopic
    private let watch: LineWatch
    private let notebook: any Notebook
    private let hooks: Hooks
    private let trust: TownTrust?
    private let logger: Logger
    private let state: Mutex<State>

    package init(
        hub: HubLine, stream: StreamHub, topic: StreamTopic, watch: LineWatch, notebook: any Notebook, trust: TownTrust? = nil, hooks: Hooks,
        logger: Logger
    ) {
        (self.hub, self.stream, self.topic, self.watch) = (hub, stream, topic, watch)
        (self.notebook, self.hooks, self.logger, self.trust) = (notebook, hooks, logger, trust)
        var known = State()
        known.position = notebook.read(Self.note).flatMap { StreamPosition(String(decoding: $0, as: UTF8.self)) }
        state = Mutex(known)
    }

    /// Events passed on since the start.
    package var relayed: Int { state.withLock { $0.relayed } }

    /// Until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    look()
                    try? await ContinuousClock().sleep(for: .seconds(1))
                }
            }
            while !Task.isCancelled {
                await connection()
                let tries = state.withLock { state in
                    state.tries += 1
                    return state.tries
                }
                try? await ContinuousClock().sleep(for: Self.pause(after: tries))
            }
            group.cancelAll()
        }
    }

    /// Full jitter from one second up; the ceiling doubles with every try in vain, to 30 s.
    static func pause(after tries: Int, _ jitter: (ClosedRange<Int>) -> Int = { Int.random(in: $0) }) -> Duration {
        .milliseconds(jitter(1000...min(30_000, 1000 << min(tries, 5))))
    }

    /// One connection, to its end or to the silence that means its end.
    func connection() async {
        let began = ContinuousClock.now
        await withTaskGroup { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    let left = watch.left(since: began)
                    guard left > .zero else { break }
                    try? await ContinuousClock().sleep(for: left)
                }
            }
            group.addTask { [self] in await follow() }
            // The far end hung up, or there was nothing for too long: the connection goes, whatever the kernel thinks of it.
            await group.next()
            group.cancelAll()
        }
    }

    /// Says so where it has just become clear that the line is cut.
    package func look() { if watch.look() { tellLine() } }

    /// A new connection: from where the hub is asked to go on.
    package func begin() -> StreamPosition? {
        state.withLock { state in
            state.reader = EventReader()
            state.isGreeted = false
            state.told = state.position == nil ? [] : nil
            return state.position
        }
    }

    private func follow() async {
        let position = begin()
        var headers = [(name: "Accept", value: "text/event-stream")]
        if let position { headers.append(("Last-Event-ID", position.description)) }
        do throws(TransportFailure) {
            let answer = try await hub.follow("/v1/stream", headers: headers) { [self] in take($0) }
            guard answer.status != 200 else { return }
            watch.refused("ハブが\(answer.status)と答えました (the hub answers so)")
            logger.error("hub refuses this edge", metadata: ["status": "\(answer.status)", "answer": "\(answer.text.prefix(300))"])
        } catch {
            if case .cancelled = error, Task.isCancelled { return }
            logger.notice("line to the hub ended", metadata: ["reason": "\(error)"])
        }
    }

    /// On libcurl's thread. False: this is no stream of a hub. Octets alone are no word of it: a page that asks to log in has some too.
    package func take(_ octets: UnsafeRawBufferPointer) -> Bool {
        let (isFine, isBack) = state.withLock { state in
            guard let events = state.reader.feed(octets) else { return (false, false) }
            let isHeard = state.isGreeted || events.contains { $0.id.flatMap { StreamPosition($0) } != nil }, isBack = isHeard && watch.heard()
            if isHeard { state.tries = 0 }
            for event in events { take(event, &state) }
            return (true, isBack)
        }
        if isBack { tellLine() }
        return isFine
    }

    private func take(_ event: EventReader.Event, _ state: inout State) {
        guard let data = event.data else {
            guard event.id.flatMap({ StreamPosition($0) }) != nil else { return }
            if !state.isGreeted { endGreeting(&state) }
            state.isGreeted = true
            keep(event.id, &state)
            return
        }
        switch event.name {
        case "resync":
            // The other reasons are before the hub hangs up.
            if String(decoding: data, as: UTF8.self).contains(#""gap""#) { state.told = [] }
        case "register": hooks.registerChanged()
        case "rollcall": hooks.rollCalled()
        default:
            publish(event.name, data, &state)
            // What stands is said every few minutes, and no page changes by it.
            if event.name == "state" { trust?.learn(data) } else { hooks.alerted() }
            // Not within a greeting: its ids are in order, but its end alone says that all of it is here.
            if state.isGreeted { keep(event.id, &state) }
        }
    }

    private func endGreeting(_ state: inout State) {
        if let told = state.told {
            let gone = stream.forget(in: topic) { $0.key != Self.lineKey && !told.contains($0.key) }
            if !gone.isEmpty {
                logger.notice("no longer in force at the hub", metadata: ["events": "\(gone)"])
                hooks.forgotten(gone)
            }
        }
        state.told = nil
        logger.notice("line to the hub is up")
        hooks.connected()
    }

    private func publish(_ name: String, _ data: [UInt8], _ state: inout State) {
        let (lasts, line) = Self.withoutRest(data)
        let event = Self.event(name, line, lasts: lasts)
        state.told?.insert(event.key)
        defer { if name == "alert" || name == "cancel" { hooks.told(name, line) } }
        if let known = stream.latest(event.key, in: topic), known.name == name, known.data == line { return }
        state.relayed += 1
        stream.publish(event, to: topic)
    }

    /// A line of the hub's, as the edge's own stream keeps it.
    static func event(_ name: String, _ line: [UInt8], lasts: Duration?) -> StreamEvent {
        struct Head: Decodable {
            var event: String?
            var mode: String?
            var gravity: String?
            var over: Bool?
            var seal: Seal?
            struct Seal: Decodable { var number: UInt64? }

            var bearing: StreamEvent.Bearing? {
                guard let mode = mode.flatMap(ModeName.init), let gravity = gravity.flatMap(Gravity.init(word:)) else { return nil }
                return StreamEvent.Bearing(mode: mode, gravity: gravity, isOver: over ?? false)
            }
        }
        let head = try? JSONDecoder().decode(Head.self, from: Data(line))
        // As the channel keys it: a drill of an event never replaces the real one.
        let key = head?.event.map { head?.mode == "exercise" ? "exercise/\($0)" : $0 } ?? "other/\(name)"
        return StreamEvent(
            name: name, data: line, key: key, expiresIn: lasts, isRevocation: name == "cancel", bearing: head?.bearing, number: head?.seal?.number)
    }

    /// The hub puts what is left of an alert in front of its JSON as it tells it; the rest is passed on unchanged, and
    /// our own stream will say what is left by then.
    static func withoutRest(_ data: [UInt8]) -> (lasts: Duration?, line: [UInt8]) {
        let front = Array(#"{"expires_in":"#.utf8)
        guard data.starts(with: front), let comma = data.firstIndex(of: 0x2C),
            let seconds = Int(String(decoding: data[front.count..<comma], as: UTF8.self)), seconds >= 0
        else { return (nil, data) }
        // A year, as at the hub: whatever is said there, adding it to the clock must not overflow.
        return (.seconds(min(seconds, 366 * 86_400)), [0x7B] + data[(comma + 1)...])
    }

    private func keep(_ id: String?, _ state: inout State) {
        guard let id, let position = StreamPosition(id) else { return }
        state.position = position
        notebook.write(Self.note, Array(id.utf8))
    }

    /// Tablets read it on their screens, and who comes later reads it too, for as long as it is so.
    private func tellLine() {
        let status = watch.status
        let event = StreamEvent(name: "line", data: CutNotice.event(status), key: Self.lineKey, isRevocation: !status.isCut)
        stream.publish(event, to: topic)
        hooks.lineTold(event)
        logger.notice("line state changed", metadata: ["cut": "\(status.isCut)"])
    }
}
