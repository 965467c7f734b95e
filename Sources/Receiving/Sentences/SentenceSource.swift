/// A receiver of みちびき 災危通報 as a way in: a box on the roof that needs no line and no contract.
///
///     port ──▶ octets ──▶ NMEALines ──▶ SentenceQueue ──▶ sink, one sentence at a time
///               (its own thread)        (repeats go)
///
/// Any NMEA sentence shows that the receiver is alive: it tells its position every second, and warnings once a year.
internal import ServiceLifecycle
internal import Synchronization

package struct SentenceSource: Service {
    package struct Settings: Sendable {
        package var port: ReceiverPort
        /// Silence beyond this raises the alarm.
        package var patience: Duration? = .seconds(30)
        /// Silence after which the port is opened anew: for USB adapters that hang and TCP lines cut in the middle.
        package var reopensAfter: Duration = .seconds(60)

        package init(port: ReceiverPort) { self.port = port }
    }

    package struct SettingsError: Error, CustomStringConvertible {
        package let description: String
    }

    package let name: String
    private let settings: Settings
    private let sink: any BulletinSink
    private let watch: any SourceWatch
    private let clock: SourceClock
    private let intake: SentenceIntake
    private let place = FilePlace()

    package init(
        _ settings: Settings, sink: any BulletinSink, watch: any SourceWatch, clock: SourceClock = SourceClock()
    ) throws(SettingsError) {
        if case .serial(_, let baud) = settings.port, ReceiverPort.speeds[baud] == nil {
            let speeds = ReceiverPort.speeds.keys.sorted().map(String.init).joined(separator: ", ")
            throw SettingsError(description: "\(baud)ボーは使えません。次のどれかです: \(speeds) (no such speed)")
        }
        self.settings = settings
        self.sink = sink
        self.watch = watch
        self.clock = clock
        name = "qzss:\(settings.port.name)"
        intake = SentenceIntake(name: name, watch: watch, clock: clock)
    }

    package func run() async throws {
        watch.expect(name, within: settings.patience)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                // Both end by cancellation only.
                group.addTask { try? await listen() }
                group.addTask { try? await handOn() }
            }
        }
    }

    // MARK: Listening

    private func listen() async throws {
        var backoff = Backoff(first: .seconds(1), longest: .seconds(30))
        while true {
            let words: String
            do throws(PortTrouble) {
                let line = LineWatch()
                let port = try await settings.port.open(
                    place: place, onOctets: { octets in line.heard(at: clock.now); intake.take(octets) },
                    onEnd: { line.ended($0) })
                words = await line.end(silence: settings.reopensAfter, clock)
                port.close()
                if line.hasHeard { backoff.reset() }
            } catch {
                words = error.words
            }
            try Task.checkCancellation()
            if place.isGrowing {
                try await clock.sleep(for: .seconds(1))
            } else {
                watch.trouble(name, words)
                try await clock.sleep(for: backoff.next(chance: .random(in: 0...1)))
            }
        }
    }

    // MARK: Handing on

    /// The file's name, where sentences come out of a file and may be of any day.
    private var recording: String? { place.isGrowing ? settings.port.name : nil }

    private func handOn() async throws {
        while true {
            let item = try await intake.next()
            let answer = await sink.take(item.sentence.octets, name: recording, source: name)
            if case .notRecorded(let reason) = answer { watch.trouble(name, "文をもう一度渡します: \(reason) (offered again)") }
            intake.settle(item, answer)
        }
    }
}

/// Between the port's thread and the one that hands on.
private final class SentenceIntake: Sendable {
    private struct State {
        var lines = NMEALines()
        var queue = SentenceQueue()
    }
    private let state = Mutex(State())
    private let bell = Bell()
    private let name: String
    private let watch: any SourceWatch
    private let clock: SourceClock

    init(name: String, watch: any SourceWatch, clock: SourceClock) {
        self.name = name
        self.watch = watch
        self.clock = clock
    }

    func take(_ octets: [UInt8]) {
        let now = clock.now
        let (isAlive, isMore, lost) = state.withLock { state in
            let before = state.queue.dropped
            var (isAlive, isMore) = (false, false)
            for line in state.lines.take(octets) {
                let sentence = NMEASentence(line)
                if sentence.isWhole { isAlive = true }
                if sentence.isDisasterReport, state.queue.offer(sentence, now: now) { isMore = true }
            }
            return (isAlive, isMore, state.queue.dropped - before)
        }
        if isAlive { watch.heard(name) }
        if lost > 0 { watch.trouble(name, "\(lost)文を取りませんでした。待っているものが多すぎます (left out: too many wait)") }
        if isMore { bell.ring() }
    }

    func next() async throws -> SentenceQueue.Item {
        while true {
            switch state.withLock({ $0.queue.next(now: clock.now) }) {
            case .handOn(let item):
                try Task.checkCancellation()
                return item
            case .wait(let time): try await bell.wait(until: time, clock)
            case .idle: try await bell.wait(until: nil, clock)
            }
        }
    }

    func settle(_ item: SentenceQueue.Item, _ answer: SinkAnswer) {
        state.withLock { $0.queue.settle(item, answer, now: clock.now, chance: .random(in: 0...1)) }
    }
}
