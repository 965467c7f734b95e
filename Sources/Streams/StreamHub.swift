package import AlertModel
package import ChannelKit
package import FoundationEssentials
package import NIOCore
internal import Synchronization

/// Where tablets hang: an alert is encoded once and written to everybody who listens, by each event loop to its own.
///
///     publish ──▶ log (numbered) ──▶ loop 1: [tablet tablet tablet …]
///                                └─▶ loop 2: [tablet tablet tablet …]
///
/// The number is given and the loops are told under one lock, so every loop hears in order; who joins is seated under
/// the same lock, so the past it is told and the future it will hear meet without a gap or a double.
package final class StreamHub: StreamPublisher {
    /// iOS and NAT boxes give up a silent line after a minute; reference nginx `proxy_read_timeout` 60 s.
    package static let heartbeatSeconds = 15
    /// Octets that may wait for one slow tablet before it is cut: some 60 alerts.
    package static let bufferBound = 64 * 1024
    /// How often what is out of time is let go, in memory and on disk.
    private static let sweepEvery = TimeAmount.seconds(60)

    /// A tablet has one line, and a second while it changes networks. Whoever opens more with its token loses the older ones.
    package static let linesPerDevice = 2

    private struct State {
        var log: StreamLog
        /// Who listens, by the languages they follow: an event is encoded once for each of these.
        var live: [StreamTopic: [LanguageChoice: Int]] = [:]
        /// Numbers of the lines of each device, the oldest first.
        var lines: [String: [UInt64]] = [:]
        var lastLine: UInt64 = 0
        var cut = 0
        var undecided = 0
        var isClosed = false
        var sweep: RepeatedTask?
        var stated = Stated()
        /// What an earlier run left has numbers up to here.
        var restoredTo: UInt64 = 0
    }

    private let state: Mutex<State>
    private let loops: [(loop: any EventLoop, audience: NIOLoopBound<Audience>)]
    private let heartbeats: [RepeatedTask]
    private let memory: StreamMemory
    private let linesPerDevice: Int
    /// The running clock, which nobody sets.
    package let ticking: @Sendable () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - epoch: differs from that of any earlier run.
    ///   - notebook: where what is in force survives a restart.
    ///   - mend: what is put in the place of an event that an older run left.
    ///   - linesPerDevice: more only where a crowd is measured with one token.
    package static func start(
        on group: any EventLoopGroup, epoch: UInt64, notebook: any Notebook, linesPerDevice: Int = linesPerDevice,
        clock: @escaping @Sendable () -> Date = { Date() }, mend: (StreamTopic, StreamEvent) -> StreamEvent = { $1 }
    ) async throws -> StreamHub {
        let counters = HubCounters()
        var loops: [(loop: any EventLoop, audience: NIOLoopBound<Audience>)] = []
        var beats: [RepeatedTask] = []
        for loop in group.makeIterator() {
            let (audience, beat) = try await loop.submit { () -> (NIOLoopBound<Audience>, RepeatedTask) in
                let audience = Audience(onLeave: { counters.left($0.listener, $0.line) }, onCut: { counters.cut() })
                let bound = NIOLoopBound(audience, eventLoop: loop)
                let beat = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                    bound.value.heartbeat()
                }
                return (bound, beat)
            }.get()
            loops.append((loop, audience))
            beats.append(beat)
        }
        let memory = StreamMemory(notebook: notebook, clock: clock)
        var log = StreamLog(epoch: epoch)
        for (topic, event) in await memory.restore() { log.append(mend(topic, event), to: topic, now: .now) }
        let hub = StreamHub(loops: loops, heartbeats: beats, log: log, memory: memory, linesPerDevice: linesPerDevice, ticking: { .now })
        counters.hub = hub
        let sweep = loops.first?.loop.scheduleRepeatedTask(initialDelay: Self.sweepEvery, delay: Self.sweepEvery) { [weak hub] _ in
            hub?.sweep()
        }
        hub.state.withLock { $0.sweep = sweep }
        return hub
    }

    /// The same without a loop, a line or a clock of its own, for whoever turns the time: nobody hangs at it, all is asked for by `catchUp`.
    ///
    /// - Parameter ticking: the running clock.
    package static func silent(
        epoch: UInt64, notebook: any Notebook, clock: @escaping @Sendable () -> Date, ticking: @escaping @Sendable () -> ContinuousClock.Instant
    ) -> StreamHub {
        let memory = StreamMemory(notebook: notebook, clock: clock)
        var log = StreamLog(epoch: epoch)
        for (topic, event) in memory.restored() { log.append(event, to: topic, now: ticking()) }
        return StreamHub(loops: [], heartbeats: [], log: log, memory: memory, linesPerDevice: linesPerDevice, ticking: ticking)
    }

    private init(
        loops: [(loop: any EventLoop, audience: NIOLoopBound<Audience>)], heartbeats: [RepeatedTask], log: StreamLog,
        memory: StreamMemory, linesPerDevice: Int, ticking: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.ticking = ticking
        self.linesPerDevice = linesPerDevice
        self.loops = loops
        self.heartbeats = heartbeats
        self.memory = memory
        self.state = Mutex(State(log: log, restoredTo: log.offset))
    }

    @discardableResult
    package func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        let now = ticking()
        defer { memory.keep(event, topic) }
        return state.withLock { state in
            let position = state.log.append(event, to: topic, now: now)
            state.stated.published(event, to: topic, now)
            guard let live = state.live[topic] else { return (position, 0) }
            let entry = StreamLog.Entry(
                offset: position.offset, firstOffset: position.offset, event: event,
                // A channel says at most a year, an edge what `Upstream` bounds.
                expires: event.expiresIn.map { now.advanced(by: $0) })
            for languages in live.keys {
                let buffer = ServerSentEvent.framed(ServerSentEvent.encode(entry, in: languages, epoch: position.epoch, now: now))
                for (loop, audience) in loops {
                    loop.execute { audience.value.deliver(buffer, offset: position.offset, to: topic, in: languages) }
                }
            }
            return (position, live.values.reduce(0, +))
        }
    }

    /// Seats a tablet. Call on its event loop; what is returned is to be written first.
    func join(_ connection: StreamConnection, since: StreamPosition?, on loop: any EventLoop) -> ByteBuffer? {
        guard let audience = loops.first(where: { $0.loop === loop })?.audience else { return nil }
        let now = ticking()
        let (replay, position, surplus) = state.withLock { state -> (StreamLog.Replay?, StreamPosition, UInt64?) in
            guard !state.isClosed else { return (nil, state.log.position, nil) }
            let replay = state.log.replay(connection.listener.topic, since: since, now: now)
            connection.joinedAt = state.log.offset
            state.live[connection.listener.topic, default: [:]][connection.listener.languages, default: 0] += 1
            return (replay, state.log.position, number(connection, &state))
        }
        guard let replay else { return nil }
        audience.value.add(connection)
        if let surplus {
            let listener = connection.listener
            for (loop, audience) in loops { loop.execute { audience.value.cut(listener, upTo: surplus) } }
        }
        return Self.greeting(replay, in: connection.listener.languages, position, retry: Int.random(in: 1000...4000), now)
    }

    /// What is said first on a line: what is new to who comes from `since`, and how far that brings him.
    /// - Parameter retry: milliseconds.
    package func greeting(_ topic: StreamTopic, since: StreamPosition?, in languages: LanguageChoice = .all, retry: Int) -> (octets: ByteBuffer, position: StreamPosition) {
        let (replay, position) = catchUp(topic, since: since)
        return (Self.greeting(replay, in: languages, position, retry: retry, ticking()), position)
    }

    private static func greeting(
        _ replay: StreamLog.Replay, in languages: LanguageChoice, _ position: StreamPosition, retry: Int, _ now: ContinuousClock.Instant
    ) -> ByteBuffer {
        // No id yet: a line that breaks inside the past must not leave a position behind what was told.
        var greeting = ByteBuffer(string: "retry: \(retry)\n\n")
        switch replay {
        case .events(let entries): write(entries, in: languages, to: &greeting, position.epoch, now)
        case .gap(let entries):
            var resync = ServerSentEvent.encode("resync", data: Array(#"{"reason":"gap"}"#.utf8), position: nil)
            greeting.writeBuffer(&resync)
            write(entries, in: languages, to: &greeting, position.epoch, now)
        }
        // The last id the tablet keeps must be the newest one, whatever the replay left out.
        greeting.writeString("id: \(position)\n\n")
        return greeting
    }

    /// Gives a line its number; of a device that has too many, the newest number that has to go.
    private func number(_ connection: StreamConnection, _ state: inout State) -> UInt64? {
        state.lastLine += 1
        connection.line = state.lastLine
        guard linesPerDevice < .max else { return nil }
        var own = state.lines[connection.listener.device] ?? []
        own.append(state.lastLine)
        // There are more than so many.
        let surplus = own.count > linesPerDevice ? own[own.count - linesPerDevice - 1] : nil
        state.lines[connection.listener.device] = own
        connection.ousts = surplus != nil
        return surplus
    }

    private static func write(
        _ entries: [StreamLog.Entry], in languages: LanguageChoice, to buffer: inout ByteBuffer, _ epoch: UInt64,
        _ now: ContinuousClock.Instant
    ) {
        for entry in entries {
            var event = ServerSentEvent.encode(entry, in: languages, epoch: epoch, now: now)
            buffer.writeBuffer(&event)
        }
    }

    package var position: StreamPosition? { state.withLock { $0.log.position } }

    /// The same by polling.
    package func catchUp(
        _ topic: StreamTopic, since: StreamPosition?
    ) -> (replay: StreamLog.Replay, position: StreamPosition) {
        let now = ticking()
        return state.withLock { ($0.log.replay(topic, since: since, now: now), $0.log.position) }
    }

    /// The last word on an event that is still remembered.
    package func latest(_ key: String, in topic: StreamTopic) -> StreamEvent? {
        state.withLock { $0.log.latest(key, in: topic) }
    }

    /// Forgets every event in force of which `isGone` is true and sends everybody who listens back for the present state.
    /// Nobody is told that it was cancelled, since nobody said so. Returns the forgotten keys.
    @discardableResult
    package func forget(in topic: StreamTopic, _ isGone: (StreamEvent) -> Bool) -> [String] {
        state.withLock { state in
            let keys = state.log.forget(in: topic, now: ticking(), isGone)
            for key in keys { memory.forget(key, topic) }
            if !keys.isEmpty { state.stated.changed(topic) }
            guard !keys.isEmpty else { return keys }
            for (loop, audience) in loops { loop.execute { audience.value.cut(topic: topic) } }
            return keys
        }
    }

    /// Places whose present state has to be said anew, with what stands there: something changed, somebody came to a place where it was
    /// not said yet, or those who listen heard it longer than `every` ago.
    package func unstated(every: Duration, upTo most: Int, now: ContinuousClock.Instant = .now) -> [(topic: StreamTopic, standing: [String: UInt64])] {
        state.withLock { state in
            state.stated.due(every: every, live: state.live.keys, upTo: most, now).map { ($0, state.log.standing(in: $0, now: now)) }
        }
    }

    /// What a place has to hear of alerts now, by key, with the number of the last word.
    package func standing(in topic: StreamTopic) -> [String: UInt64] { state.withLock { $0.log.standing(in: topic, now: ticking()) } }

    /// Says anew what stands at every place of a town where somebody listens.
    package func owe(_ town: TownID) {
        state.withLock { state in
            for topic in state.live.keys where topic.town == town { state.stated.changed(topic) }
        }
    }

    /// Says anew what stands at this place, whoever listens there.
    package func owe(_ topic: StreamTopic) { state.withLock { $0.stated.changed(topic) } }

    /// What every other place of a town was told last, for an edge whose guests come from there.
    package func elsewhere(of town: TownID, besides site: String) -> (epoch: UInt64, sites: [String: [StreamLog.Entry]]) {
        state.withLock { ($0.log.epoch, $0.log.elsewhere(of: town, besides: site, now: .now)) }
    }

    /// These are listened to beyond an edge: what stands there is said anew where that was longer ago than `every`.
    package func heardBeyond(_ topics: [StreamTopic], every: Duration, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for topic in topics { state.stated.listened(topic, every: every, now) }
        }
    }

    /// Places of a town where somebody listens here.
    package func heardSites(of town: TownID) -> Set<String> {
        state.withLock { state in Set(state.live.filter { $0.key.town == town && $0.value.values.contains { $0 > 0 } }.map(\.key.site)) }
    }

    /// Lets go of what is out of time. Under the lock also on disk: what is published meanwhile under the same key stays.
    package func sweep(now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for (topic, key) in state.log.expire(now: now) { memory.forget(key, topic) }
        }
    }

    /// The clock of the notes is right from now on. It was behind by so much: what an earlier run left ends that much sooner than it was reckoned, and
    /// of what was told since then the end is written down anew. Nil: it was another clock's, also when the notes were written: all are written anew.
    package func reckonAnew(behind: Duration?) {
        let now = ticking()
        state.withLock { state in
            if let behind { state.log.shorten(upTo: state.restoredTo, by: behind) }
            for (topic, event) in state.log.told(after: behind == nil ? 0 : state.restoredTo, now: now) { memory.keep(event, topic) }
            // Once.
            state.restoredTo = 0
        }
    }

    package func gravestReal(in topic: StreamTopic) -> Gravity? {
        state.withLock { $0.log.gravestReal(in: topic, now: ticking()) }
    }

    package func holds(_ revision: Revision, of event: EventID, _ mode: ModeName, in topic: StreamTopic) -> Bool {
        guard let last = latest(StreamEvent.key(event, mode), in: topic) else { return false }
        // A note of before the stream knew revisions.
        return last.bearing?.revision.map { !revision.isNewer(than: $0) } ?? true
    }

    package func gravestReal(of town: TownID) -> Gravity? {
        state.withLock { $0.log.gravestReal(of: town, now: ticking()) }
    }

    /// One event to the lines of one device, outside the numbered stream.
    package func tell(device: String, _ name: String) {
        let buffer = ServerSentEvent.framed(ServerSentEvent.encode(name, data: Array("{}".utf8), position: nil))
        for (loop, audience) in loops { loop.execute { audience.value.tell(buffer, device: device) } }
    }

    /// Cuts every line of a device, now.
    package func cut(device: String) {
        for (loop, audience) in loops { loop.execute { audience.value.cut(device: device) } }
    }

    /// Tablets on the line, and how many were cut because they did not read.
    package var gauges: (live: Int, cut: Int) {
        state.withLock { ($0.live.values.reduce(0) { $0 + $1.values.reduce(0, +) }, $0.cut) }
    }

    /// Connections that have not said yet what they want, and the longest past of a school.
    package var doorGauges: (undecided: Int, longestPast: Int) { state.withLock { ($0.undecided, $0.log.longestPast) } }

    func opened() { state.withLock { $0.undecided += 1 } }
    func decided() { state.withLock { $0.undecided -= 1 } }

    package func live(_ topic: StreamTopic) -> Int { state.withLock { $0.live[topic]?.values.reduce(0, +) ?? 0 } }

    /// Of these devices the ones that have a line just now.
    package func onLine(_ devices: [String]) -> Set<String> {
        state.withLock { state in Set(devices.filter { state.lines[$0] != nil }) }
    }

    package func close() {
        state.withLock { state in
            state.isClosed = true
            state.sweep?.cancel()
        }
        for beat in heartbeats { beat.cancel() }
        for (loop, audience) in loops { loop.execute { audience.value.closeAll() } }
    }

    fileprivate func left(_ listener: StreamListener, _ line: UInt64) {
        state.withLock { state in
            let left = (state.live[listener.topic]?[listener.languages] ?? 1) - 1
            state.live[listener.topic]?[listener.languages] = left > 0 ? left : nil
            if state.live[listener.topic]?.isEmpty == true { state.live[listener.topic] = nil }
            let own = state.lines[listener.device]?.filter { $0 != line } ?? []
            state.lines[listener.device] = own.isEmpty ? nil : own
        }
    }

    fileprivate func countCut() { state.withLock { $0.cut += 1 } }
}

/// Joins the audiences, which exist first, to their hub.
// Sendable: `hub` is set once, before the first tablet can join.
private final class HubCounters: @unchecked Sendable {
    weak var hub: StreamHub?
    func left(_ listener: StreamListener, _ line: UInt64) { hub?.left(listener, line) }
    func cut() { hub?.countCut() }
}
