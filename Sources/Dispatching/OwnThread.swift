internal import Dispatch

/// Where the steps of a channel's few attempts run apart from everybody's.
///
/// What goes to every phone of a town is a handful of attempts of several steps each. On the threads that all tasks share each of these
/// steps stood behind the first one of forty schools and seventy pages: 4 to 10 ms of 14 on one core. A task's own tasks run where it runs.
final class OwnThread: TaskExecutor {
    private let queue: DispatchQueue

    init(_ name: String) { queue = DispatchQueue(label: "noroshi.\(name)") }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
