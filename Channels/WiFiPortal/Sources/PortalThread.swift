import ChannelKit
import Dispatch
import Foundation
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import Synchronization

/// Where pages are made, and where they are written: a thread of its own for each, so that neither seventy spots' pages
/// nor a disk that does not answer ever hold a thread that other channels' warnings need, and no page waits for the disk.
///
/// They give way to every other thread: whoever looks at a page does so within seconds, a tablet or a gateway has to
/// hear at once. On one core with 10,000 tablets, the pages of 70 spots made the last tablet wait 73 ms longer at equal
/// rank (2026-11, measured beside the stream alone).
final class PortalThread: Sendable {
    static let pages = PortalThread(), disk = PortalThread()
    /// Of a disk that hangs for ever so many wait, and no more.
    static let most = 4_096

    private let maker = Maker()

    private final class Maker: Sendable {
        private let jobs = Mutex<[@Sendable () -> Void]>([])
        /// Since when the job at hand lasts.
        private let begun = Mutex<ContinuousClock.Instant?>(nil)
        private let bell = DispatchSemaphore(value: 0)

        init() {
            Thread.detachNewThread { [self] in
                // On Linux this is the calling thread alone; 15 is a thirtieth of a share.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 15)
                while true {
                    bell.wait()
                    let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                    begun.withLock { $0 = .now }
                    job?()
                    begun.withLock { $0 = nil }
                }
            }
        }

        var busySince: ContinuousClock.Instant? { begun.withLock(\.self) }

        /// False when too many wait already.
        func make(_ job: @escaping @Sendable () -> Void) -> Bool {
            let isTaken = jobs.withLock { jobs in
                guard jobs.count < PortalThread.most else { return false }
                jobs.append(job)
                return true
            }
            if isTaken { bell.signal() }
            return isTaken
        }
    }

    /// The job at hand has not ended for so long.
    func isStuck(_ patience: Duration) -> Bool { maker.busySince.map { $0.duration(to: .now) > patience } ?? false }

    /// Runs `work` there. A cancelled caller does not wait for the disk; the work itself still ends by itself.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(DeliveryFailure) -> Value
    ) async throws(DeliveryFailure) -> Value {
        let answer = Waiter<Value>()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                answer.wait(waiter)
                let isTaken = maker.make {
                    do throws(DeliveryFailure) {
                        answer.give(.success(try work()))
                    } catch {
                        answer.give(.failure(error))
                    }
                }
                if !isTaken { answer.give(.failure(.unavailable("ディスクが応答しません (the disk does not answer)"))) }
            }
        } onCancel: {
            answer.give(.failure(.cancelled))
        }
        return try result.get()
    }

    /// The first answer counts.
    private final class Waiter<Value: Sendable>: Sendable {
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
