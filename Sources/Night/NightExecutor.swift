internal import DequeModule
internal import Synchronization

/// Runs the hub's own asynchronous calls on the thread that turns the night, one piece after another, in the order they
/// became ready. What waits for the disk waits here for nobody: the next piece is run when the night comes to it.
final class NightExecutor: TaskExecutor {
    private let jobs = Mutex(Deque<UnownedJob>())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Until everything waits for something else than its turn. False where there was nothing to do.
    @discardableResult
    func run() -> Bool {
        var any = false
        while let job = jobs.withLock({ $0.popFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
            any = true
        }
        return any
    }

    /// Begins it; `answer` has a value once it has come to its end.
    func begin<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Pending<Value> {
        let answer = Outcome<Value>()
        let task = Task(executorPreference: self) {
            let value = await body()
            answer.value.withLock { $0 = value }
        }
        return Pending(answer: answer, cancel: { task.cancel() })
    }
}

final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

struct Pending<Value: Sendable>: Sendable {
    fileprivate let answer: Outcome<Value>
    let cancel: @Sendable () -> Void
    var value: Value? { answer.value.withLock { $0 } }
}
