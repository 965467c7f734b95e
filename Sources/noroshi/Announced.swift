import Synchronization

/// One value that somebody waits for, or the word that it will never come.
final class Announced<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var isClosed = false
        var waiting: [Int: CheckedContinuation<Value?, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func say(_ new: Value) {
        tellAll { state in
            guard state.value == nil, !state.isClosed else { return }
            state.value = new
        }
    }

    /// Nothing is said any more. True when something had been.
    @discardableResult
    func close() -> Bool {
        tellAll { $0.isClosed = true }
        return state.withLock { $0.value != nil }
    }

    private func tellAll(_ change: (inout State) -> Void) {
        let (value, waiting) = state.withLock { state in
            change(&state)
            guard state.value != nil || state.isClosed else { return (Value?.none, [CheckedContinuation<Value?, Never>]()) }
            defer { state.waiting = [:] }
            return (state.value, Array(state.waiting.values))
        }
        for waiter in waiting { waiter.resume(returning: value) }
    }

    /// Nil: it will never come, or whoever waits is not to wait any longer.
    func heard() async -> Value? {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let known: Value?? = state.withLock { state in
                    // Cancelled before it is entered: nobody would call it.
                    if state.value != nil || state.isClosed || Task.isCancelled { return .some(state.value) }
                    state.waiting[ticket] = waiter
                    return nil
                }
                if let known { waiter.resume(returning: known) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
        }
    }

    /// The same for whoever does not wait longer than this.
    @discardableResult
    func heard(within limit: Duration) async -> Value? {
        await withTaskGroup { group in
            group.addTask { await self.heard() }
            group.addTask {
                try? await ContinuousClock().sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
