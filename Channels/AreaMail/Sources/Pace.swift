import Synchronization

/// The steady clock, or one that a test turns by hand.
struct Pace: Sendable {
    let now: @Sendable () -> ContinuousClock.Instant
    /// Ends early, with an error, when the task is cancelled.
    let sleep: @Sendable (ContinuousClock.Instant) async throws -> Void

    static let real = Pace(now: { .now }, sleep: { try await ContinuousClock().sleep(until: $0) })
}

/// When something is tried again, by name: after 15 s, 30 s … 5 min.
final class Tries: Sendable {
    private let rounds = Mutex<[String: (count: Int, next: ContinuousClock.Instant)]>([:])
    private static let most = 1024

    /// The number of the round that begins now; nil when it is not time yet.
    func next(of name: String, now: ContinuousClock.Instant) -> Int? {
        rounds.withLock { rounds in
            let last = rounds[name]
            if let last, last.next > now { return nil }
            // What was not asked for in an hour is done.
            if rounds.count >= Self.most { rounds = rounds.filter { $0.value.next + .seconds(3600) > now } }
            let count = last.map { $0.next + .seconds(3600) > now ? $0.count + 1 : 1 } ?? 1
            rounds[name] = (count, now + min(.seconds(15) * (1 << min(count - 1, 5)), .seconds(300)))
            return count
        }
    }
}
