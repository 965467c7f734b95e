package import FoundationEssentials
internal import Logging
internal import Synchronization

/// What time it is for the hub: its wall clock, put right by what its sources say when the two plainly disagree.
///
/// A clock six minutes fast made every early warning too old to be told, behind an answer that said "accepted". So
/// lifetimes are judged by the senders' time, and a person is told that the clock is wrong.
package final class HubClock: Sendable {
    private struct State {
        var evidence = ClockEvidence()
        /// Taken off the wall clock. Zero within the tolerance.
        var correction: TimeInterval = 0
        /// When that was found, by both clocks.
        var found: (wall: Date, steady: ContinuousClock.Instant)?

        /// What is taken off at this moment: a wall clock that somebody has set since is wrong by so much more or less, or right.
        func present(_ wall: Date, _ steady: ContinuousClock.Instant) -> TimeInterval {
            guard correction != 0, let found else { return 0 }
            let left = correction + wall.timeIntervalSince(found.wall) - found.steady.duration(to: steady).seconds
            return abs(left) > ClockEvidence.tolerance ? left : 0
        }
    }

    private let wall: @Sendable () -> Date
    private let steady: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    package init(
        wall: @escaping @Sendable () -> Date = { Date() },
        steady: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.wall = wall
        self.steady = steady
    }

    package var now: Date {
        let (wall, steady) = (wall(), steady())
        return wall.addingTimeInterval(-state.withLock { $0.present(wall, steady) })
    }

    /// Seconds our clock is ahead of the sources'; nil when no source has said anything in the last hour.
    package var offset: TimeInterval? {
        let (wall, steady) = (wall(), steady())
        return state.withLock { $0.evidence.offset(wall: wall, steady: steady) }
    }

    /// What the clock is put right by.
    package var correction: TimeInterval {
        let (wall, steady) = (wall(), steady())
        return state.withLock { $0.present(wall, steady) }
    }

    /// A bulletin came at this moment. Returns the correction when it is another than before by more than clocks differ.
    func heard(_ sent: Date, from source: String) -> TimeInterval? {
        // What lies in a folder or a feed may have lain there.
        let isFetched = source.hasPrefix("folder:") || source.hasPrefix("feed:")
        return take(sent, source, isFetched ? .fetched : .pushed)
    }

    /// A source's server has said what time it is, at this moment. What comes from it is evidence of its own: a server whose
    /// clock is wrong is contradicted by the first bulletin that comes at once.
    /// A time before this program was is none: such a server has lost its own.
    func told(_ time: Date, by source: String) -> TimeInterval? {
        time < Self.earliest ? nil : take(time, "\(source) Date", .told)
    }

    /// 2026-01-01T00:00:00Z.
    private static let earliest = Date(timeIntervalSince1970: 1_767_225_600)

    private func take(_ sent: Date, _ source: String, _ manner: ClockEvidence.Manner) -> TimeInterval? {
        let (wall, steady) = (wall(), steady())
        return state.withLock { state in
            state.evidence.take(.init(sent: sent, received: steady), from: source, manner)
            // Silence contradicts nothing: a clock that was nine hours fast before a quiet hour is so after it, unless somebody has set it.
            guard let offset = state.evidence.offset(wall: wall, steady: steady) else { return nil }
            let correction = abs(offset) > ClockEvidence.tolerance ? offset : 0
            // The way of each bulletin takes a little longer or shorter: that is not our clock.
            guard abs(correction - state.correction) > ClockEvidence.agreement || (correction == 0) != (state.correction == 0)
            else { return nil }
            state.correction = correction
            state.found = (wall, steady)
            return correction
        }
    }
}

extension Hub {
    /// The clock and a source may disagree from now on, or agree again.
    func compareClocks(_ sent: Date, from source: String) { judge(time.heard(sent, from: source), source) }

    /// A source's server has said what time it is.
    package func compareClocks(_ time: Date, toldBy source: String) { judge(self.time.told(time, by: source), source) }

    private func judge(_ correction: TimeInterval?, _ source: String) {
        guard let correction else { return }
        guard correction != 0 else {
            logger.notice("the clock agrees with the sources again", metadata: ["source": "\(source)"])
            return attention.settle(.clock)
        }
        attention.settle(.clock)
        attention.notice(.clock, "clock", Self.clockWords(correction), from: source, at: clock())
    }

    /// What is wrong with the clock, for people; nil when nothing is.
    package var clockTrouble: String? { time.correction == 0 ? nil : Self.clockWords(time.correction) }

    private static func clockWords(_ correction: TimeInterval) -> String {
        let (minutes, direction) = (Int((abs(correction) / 60).rounded()), correction > 0 ? ("進んで", "fast") : ("遅れて", "slow"))
        return "このサーバーの時計が情報源より約\(minutes)分\(direction.0)います。情報の期限は情報源の時刻で判断しています。時刻合わせ（chrony など）を直してください"
            + " (the clock is about \(minutes) min \(direction.1) against the sources; lifetimes are judged by their time)"
    }
}
