internal import DequeModule
internal import Synchronization

/// Runs the program's own asynchronous calls on the thread that turns a played time, one piece after another, in the order they
/// became ready. What waits for the disk waits here for nobody: the next piece is run when the time comes to it.
package final class TurnExecutor: TaskExecutor {
    private let jobs = Mutex(Deque<UnownedJob>())

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Until everything waits for something else than its turn. False where there was nothing to do.
    @discardableResult
    package func run() -> Bool {
        var any = false
        while let job = jobs.withLock({ $0.popFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
            any = true
        }
        return any
    }

    /// Begins it; `answer` has a value once it has come to its end.
    package func begin<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> PlayedCall<Value> {
        let answer = Outcome<Value>()
        let task = Task(executorPreference: self) {
            let value = await body()
            answer.value.withLock { $0 = value }
        }
        return PlayedCall(answer: answer, cancel: { task.cancel() })
    }
}

final class Outcome<Value: Sendable>: Sendable {
    fileprivate let value = Mutex<Value?>(nil)
}

package struct PlayedCall<Value: Sendable>: Sendable {
    fileprivate let answer: Outcome<Value>
    package let cancel: @Sendable () -> Void
    package var value: Value? { answer.value.withLock { $0 } }
}
