internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A barrier a test opens when it is ready: whoever waits goes on then, and nobody sleeps.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    package init() {}

    /// For good.
    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for proceed in waiting { proceed() }
    }

    /// Runs `proceed` once the gate is open: at once, or on the thread that opens it.
    package func whenOpen(_ proceed: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.waiting.append(proceed) }
            return state.isOpen
        }
        if isOpen { proceed() }
    }

    /// Waits, whatever becomes of the task: open the gate at the end of the test.
    package func opened() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            whenOpen { waiter.resume() }
        }
    }
}

extension Gate {
    /// False when it is still closed after `limit`. Another thread than Swift's own keeps the time: those may be what
    /// a test waits for.
    package func opens(within limit: Duration) async -> Bool {
        await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
            let first = Once(waiter)
            whenOpen { first.resume(true) }
            MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: limit.timeAmount) { first.resume(false) }
        }
    }
}

extension Duration {
    var timeAmount: TimeAmount {
        .nanoseconds(components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000)
    }
}

/// A continuation that several may resume; the first one counts.
final class Once: Sendable {
    private let waiter: Mutex<CheckedContinuation<Bool, Never>?>
    init(_ waiter: CheckedContinuation<Bool, Never>) { self.waiter = Mutex(waiter) }

    func resume(_ value: Bool) {
        let waiter = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume(returning: value)
    }
}

/// Counts what happens, and lets a test wait for the n-th time.
package final class Tally: Sendable {
    private struct State {
        var count = 0
        var waiting: [Int: (count: Int, waiter: CheckedContinuation<Void, Never>)] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    package init() {}

    package var count: Int { state.withLock { $0.count } }

    package func add() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiting.filter { [count = state.count] in $0.value.count <= count }
            for number in ready.keys { state.waiting[number] = nil }
            return ready.sorted { $0.key < $1.key }
        }
        for one in ready { one.value.waiter.resume() }
    }

    /// Returns when it has happened `count` times since the beginning, or when the task is cancelled: a test whose time is
    /// up fails by what it then finds, and holds up no others.
    package func reaches(_ count: Int) async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    // Looked at under the lock: a cancellation after this finds the waiter in the list.
                    let isOver = state.count >= count || Task.isCancelled
                    if !isOver { state.waiting[number] = (count, waiter) }
                    return isOver
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.waiter.resume()
        }
    }
}
