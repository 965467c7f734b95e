internal import Synchronization

/// A clock turned by hand. Its instants are those of `ContinuousClock`, so that deadlines of deliveries fit.
package final class HandClock: Clock {
    package typealias Instant = ContinuousClock.Instant

    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Int: (until: Instant, waiter: CheckedContinuation<Void, any Error>)] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    /// How often somebody has gone to sleep.
    private let naps = Tally()

    package init() {}

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .zero }
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Wakes everybody whose time has come, earliest first.
    package func advance(by step: Duration) {
        let woken = state.withLock { state in
            state.now += step
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.sorted { $0.until < $1.until }
        }
        for sleeper in woken { sleeper.waiter.resume() }
    }

    /// Returns when somebody has gone to sleep for the `count`-th time since the beginning: then it is time to turn.
    package func sleeps(_ count: Int) async { await naps.reaches(count) }

    package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
                let early = state.withLock { state -> Result<Void, any Error>? in
                    // Looked at under the lock: a cancellation after this finds the sleeper in the list.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[number] = (deadline, waiter)
                    return nil
                }
                if let early { waiter.resume(with: early) }
                naps.add()
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: number) }
            sleeper?.waiter.resume(throwing: CancellationError())
        }
    }
}
