internal import Foundation
internal import Glibc
internal import Synchronization

/// A thread for work that takes the processor for long and is no warning: reading a file of thousands of sentences, writing
/// the gauges of a thousand towns. It gives way to everything else (nice 19), and the line's own threads stay free.
///
/// One piece after the other; who waits is bounded by the `Lane` before it.
package final class QuietThread: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var isEnding = false
    }

    /// NSCondition guards nothing but its own waiting; the state is in the lock.
    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)

    package init(_ name: String) {
        let (state, bell) = (Weak(self), bell)
        let thread = Thread {
            // Of Linux' threads each has a niceness of its own; 0 is the calling one.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            while true {
                bell.wait()
                guard let work = state.next() else { return }
                work()
            }
        }
        thread.name = name
        // libxml2 and deep documents: what the main thread has.
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { bell.signal() }

    package func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            state.withLock { $0.work.append { continuation.resume(returning: work()) } }
            bell.signal()
        }
    }

    fileprivate func take() -> (@Sendable () -> Void)? {
        state.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
    }
}

/// The thread does not keep its owner.
// Sendable: a weak reference is read and cleared atomically.
private final class Weak: @unchecked Sendable {
    private weak var owner: QuietThread?
    init(_ owner: QuietThread) { self.owner = owner }
    func next() -> (@Sendable () -> Void)? { owner?.take() }
}
