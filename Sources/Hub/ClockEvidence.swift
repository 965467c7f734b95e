package import FoundationEssentials

/// What the times in bulletins say about our clock.
///
///     sent (their clock) ──── on its way ────▶ received (our clock)
///     offset of ours  ≤  received − sent       nothing arrives before it was sent
///
/// One bulletin that came at once is proof that our clock is not fast, whatever else comes late: so the smallest
/// difference of a source counts, and of several sources the one that trusts our clock most. What is dated ahead is taken
/// for our clock's fault only when a source says the same again and again; one bulletin of tomorrow is its sender's.
///
/// Differences are kept as moments of a clock that never jumps, so that they stay true when ours is set. Knows no clock.
package struct ClockEvidence: Sendable {
    package struct Sample: Sendable {
        let sent: Date
        let received: ContinuousClock.Instant

        package init(sent: Date, received: ContinuousClock.Instant) {
            self.sent = sent
            self.received = received
        }
    }

    /// How a source brings bulletins. What lay somewhere before it came is no proof by itself; what a server says with its
    /// answer is the time at which it answered.
    package enum Manner: Sendable { case pushed, fetched, told }

    /// Below this it is the way, or a clock that differs by what clocks differ by; nothing is done about it.
    package static let tolerance: TimeInterval = 120
    /// What a single bulletin may say: a way that is late by more is more likely than a clock that is.
    static let single: TimeInterval = 3600
    /// Differences that agree so well have one cause.
    static let agreement: TimeInterval = 60
    static let memory = Duration.seconds(3600)
    static let samplesPerSource = 32
    static let sourceLimit = 200

    private var sources: [String: [Sample]] = [:]
    private var manners: [String: Manner] = [:]

    package init() {}

    package mutating func take(_ sample: Sample, from source: String, _ manner: Manner) {
        guard sources[source] != nil || sources.count < Self.sourceLimit else { return }
        manners[source] = manner
        var samples = sources[source, default: []].filter { $0.received.duration(to: sample.received) < Self.memory }
        samples.append(sample)
        if samples.count > Self.samplesPerSource { samples.removeFirst() }
        sources[source] = samples
    }

    /// Seconds our clock is ahead of the sources'; negative when it is behind. Nil when nothing is known.
    ///
    /// - Parameters:
    ///   - wall, steady: the same moment on our wall clock and on the clock that never jumps.
    package func offset(wall: Date, steady: ContinuousClock.Instant) -> TimeInterval? {
        sources.compactMap { name, samples in
            Self.offset(
                samples.filter { $0.received.duration(to: steady) < Self.memory }.map {
                    (wall.timeIntervalSince($0.sent) - $0.received.duration(to: steady).seconds, $0.sent)
                }, manners[name] ?? .fetched)
        }.min { abs($0) < abs($1) }
    }

    private static func offset(_ lags: [(lag: TimeInterval, sent: Date)], _ manner: Manner) -> TimeInterval? {
        // The last word of it: its own clock may have been set since.
        if manner == .told { return lags.last?.lag }
        let ahead = lags.filter { $0.lag < -tolerance }.sorted { $0.lag < $1.lag }
        if ahead.count * 2 > lags.count {
            let middle = ahead[ahead.count / 2].lag
            return agree(ahead, on: middle, over: 60) ? middle : nil
        }
        let past = lags.filter { $0.lag >= -tolerance }
        guard let least = past.map(\.lag).min() else { return nil }
        if least <= tolerance { return least }
        if manner == .pushed, least <= single { return least }
        return agree(past, on: least, over: least <= single ? 60 : 600) ? least : nil
    }

    /// Three at least, from so many seconds of the sender's time.
    private static func agree(_ lags: [(lag: TimeInterval, sent: Date)], on value: TimeInterval, over span: TimeInterval) -> Bool {
        let close = lags.filter { abs($0.lag - value) <= agreement }.map(\.sent)
        guard close.count >= 3, let first = close.min(), let last = close.max() else { return false }
        return last.timeIntervalSince(first) >= span
    }
}

extension Duration {
    var seconds: TimeInterval { TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18 }
}
