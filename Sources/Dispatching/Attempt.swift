package import AlertModel
package import ChannelKit
internal import Synchronization

/// One try of a delivery, from its turn to its answer.
package struct Attempt<M: Mode>: Sendable {
    package let load: ChannelRunner<M>.Load
    package let delivery: Delivery<M>
    /// Ends it from outside: made with its turn, so that a cancel that comes before the task has begun cuts it all the same.
    package let ending: AttemptSwitch

    init(_ load: ChannelRunner<M>.Load, _ number: Int, deadline: Instant) {
        self.load = load
        ending = AttemptSwitch()
        let parcel = load.parcel
        delivery = Delivery<M>(
            id: parcel.id, alert: load.message.alert.id, event: parcel.event, message: parcel.message,
            farEnd: load.farEnd, priority: parcel.priority, attempt: number, deadline: deadline)
    }

    /// The adapter's answer; what was cut short is `unavailable` for the reason it was cut for, unless the far end has said
    /// yes while it was being stopped.
    func words(_ end: Result<Receipt, DeliveryFailure>, isShutdown: Bool) -> Result<Receipt, DeliveryFailure> {
        if case .success = end { return end }
        if let cause = ending.cause { return .failure(.unavailable(cause.words)) }
        guard isShutdown, case .failure(let failure) = end else { return end }
        return switch failure {
        // The far end's own word.
        case .rejected, .misconfigured, .throttled: end
        case .unavailable, .cancelled: .failure(.cancelled)
        }
    }
}

/// Ends an attempt from outside its task, once, and knows why.
package final class AttemptSwitch: Sendable {
    package enum Cause: Sendable {
        case cancel, tooMany, late

        package var words: String {
            switch self {
            case .cancel: "取消が続くため打ち切りました (cut short by the cancel that follows it)"
            case .tooMany: "応答のない送信が多すぎるため打ち切りました (cut short: too many attempts hang)"
            case .late: "時間内に返事がありません (no answer in time)"
            }
        }
    }

    private struct State {
        var cause: Cause?
        // Only `cancel` is called on it, which any task may; and only between `arm` and `disarm`, while its task is in there.
        nonisolated(unsafe) var task: UnsafeCurrentTask?
    }
    private let state = Mutex(State())

    package var cause: Cause? { state.withLock(\.cause) }

    func cut(_ cause: Cause) {
        state.withLock { state in
            guard state.cause == nil else { return }
            state.cause = cause
            state.task?.cancel()
        }
    }

    func arm(_ task: UnsafeCurrentTask?) {
        state.withLock { state in
            state.task = task
            // Cut between its turn and its beginning.
            if state.cause != nil { state.task?.cancel() }
        }
    }

    func disarm() { state.withLock { $0.task = nil } }
}

/// An attempt to be ended, and why. Made outside the lock: adapters' own handlers run in it.
struct Cut: Sendable {
    let ending: AttemptSwitch
    let cause: AttemptSwitch.Cause
    func make() { ending.cut(cause) }
}
