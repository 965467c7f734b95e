import ChannelKit
import Dispatch
import Synchronization

/// Where pages are made and written: one queue of its own, so that neither seventy spots' pages nor a disk that does
/// not answer ever hold a thread that other channels' warnings need.
enum PortalThread {
    private static let queue = DispatchQueue(label: "noroshi.wifi-portal", qos: .userInitiated)

    /// Runs `work` there. A cancelled caller does not wait for the disk; the work itself still ends by itself.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(DeliveryFailure) -> Value
    ) async throws(DeliveryFailure) -> Value {
        let answer = Answer<Value>()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                answer.wait(waiter)
                queue.async {
                    do throws(DeliveryFailure) {
                        answer.give(.success(try work()))
                    } catch {
                        answer.give(.failure(error))
                    }
                }
            }
        } onCancel: {
            answer.give(.failure(.cancelled))
        }
        return try result.get()
    }

    /// The first answer counts.
    private final class Answer<Value: Sendable>: Sendable {
        private enum State {
            case open(CheckedContinuation<Result<Value, DeliveryFailure>, Never>?)
            case early(Result<Value, DeliveryFailure>)
            case closed
        }
        private let state = Mutex(State.open(nil))

        func wait(_ waiter: CheckedContinuation<Result<Value, DeliveryFailure>, Never>) {
            let early: Result<Value, DeliveryFailure>? = state.withLock { state in
                if case .early(let result) = state {
                    state = .closed
                    return result
                }
                state = .open(waiter)
                return nil
            }
            if let early { waiter.resume(returning: early) }
        }

        func give(_ result: Result<Value, DeliveryFailure>) {
            let waiter: CheckedContinuation<Result<Value, DeliveryFailure>, Never>? = state.withLock { state in
                guard case .open(let waiter) = state else { return nil }
                state = waiter == nil ? .early(result) : .closed
                return waiter
            }
            waiter?.resume(returning: result)
        }
    }
}
