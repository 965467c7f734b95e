internal import AlertModel
package import ChannelKit
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One call of `deliver` under way, which a test can wait for with a limit, even when it never ends.
package final class Attempt: Sendable {
    package typealias Outcome = Result<Receipt, DeliveryFailure>

    private struct State {
        var outcome: Outcome?
        var waiting: [Int: CheckedContinuation<Outcome?, Never>] = [:]
        var next = 0
        var task: Task<Void, Never>?
    }
    private let state = Mutex(State())

    package static func begin<A: ChannelAdapter>(
        _ adapter: A, _ message: Message<A.M>, _ delivery: Delivery<A.M>, on executor: (any TaskExecutor)? = nil
    ) -> Attempt {
        let attempt = Attempt()
        // Not a child of the test: a bad adapter may never return, and the test has to say so.
        let task = Task.detached(executorPreference: executor) {
            do throws(DeliveryFailure) {
                attempt.end(.success(try await adapter.deliver(message, delivery)))
            } catch {
                attempt.end(.failure(error))
            }
        }
        attempt.state.withLock { $0.task = task }
        return attempt
    }

    package func cancel() { state.withLock { $0.task }?.cancel() }

    /// Nil when it is still under way after `limit`. The time is kept by another thread than Swift's own, which a bad
    /// adapter may hold.
    package func outcome(within limit: Duration) async -> Outcome? {
        await withCheckedContinuation { (waiter: CheckedContinuation<Outcome?, Never>) in
            let (number, early) = state.withLock { state -> (Int, Outcome?) in
                state.next += 1
                if state.outcome == nil { state.waiting[state.next] = waiter }
                return (state.next, state.outcome)
            }
            if let early { return waiter.resume(returning: early) }
            MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: limit.timeAmount) { [self] in
                state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: nil)
            }
        }
    }

    private func end(_ outcome: Outcome) {
        let waiting = state.withLock { state in
            state.outcome = outcome
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for waiter in waiting { waiter.resume(returning: outcome) }
    }
}
