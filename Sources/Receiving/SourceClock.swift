package import FoundationEssentials

/// The two times a source lives by: deadlines and pauses on a clock that never jumps, and wall time for what the far
/// end's timetable says.
package struct SourceClock: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package let wall: @Sendable () -> Date
    private let read: @Sendable () -> Instant
    private let nap: @Sendable (Instant) async throws -> Void

    /// - Parameter clock: A real one, or one that a test turns.
    package init<C: Clock>(_ clock: C = ContinuousClock(), wall: @escaping @Sendable () -> Date = { Date() })
    where C.Instant == Instant {
        self.wall = wall
        read = { clock.now }
        nap = { try await clock.sleep(until: $0, tolerance: nil) }
    }

    package var now: Instant { read() }

    func sleep(until deadline: Instant) async throws { try await nap(deadline) }
    func sleep(for pause: Duration) async throws { try await nap(read() + pause) }
}

/// How long to wait after the n-th failure in a row: a doubling ceiling, and anywhere in its upper half, so that many
/// hubs that lost one far end together do not come back together.
struct Backoff: Sendable {
    let first: Duration
    let longest: Duration
    private(set) var failures = 0

    init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter chance: 0…1.
    mutating func next(chance: Double) -> Duration {
        let ceiling = min(longest, first * (1 << min(failures, 20)))
        failures += 1
        return ceiling / 2 + ceiling / 2 * min(max(chance, 0), 1)
    }

    mutating func reset() { failures = 0 }
}
