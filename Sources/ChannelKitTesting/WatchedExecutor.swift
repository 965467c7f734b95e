internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Runs tasks on one thread of its own and notes for how long each piece of work holds it.
///
/// An adapter that blocks would stop one of Swift's few cooperative threads, and the test with it. Here it only stops
/// this thread, and is seen.
final class WatchedExecutor: TaskExecutor {
    private struct State {
        var longest: Duration = .zero
        var since: ContinuousClock.Instant?
    }
    private let state = Mutex(State())
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// What came longest, the piece of work that is still running included.
    var longestHold: Duration {
        state.withLock { state in
            guard let since = state.since else { return state.longest }
            return max(state.longest, .now - since)
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        group.next().execute { [self] in
            state.withLock { $0.since = .now }
            job.runSynchronously(on: asUnownedTaskExecutor())
            state.withLock { state in
                guard let since = state.since else { return }
                state.longest = max(state.longest, .now - since)
                state.since = nil
            }
        }
    }

    /// The thread ends when its last piece of work does; nobody waits for it.
    func retire() { group.shutdownGracefully { _ in } }
}
