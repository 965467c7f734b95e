import Synchronization

/// One revision of a document at a time: who comes second waits until the first has its answer, so that revisions
/// arrive in the order of their numbers.
final class Turns: Sendable {
    private struct Waiter {
        let number: Int
        let proceed: CheckedContinuation<Bool, Never>
    }
    private struct State {
        /// Keys that are taken, and who waits for each. As many as the core has deliveries on the wire.
        var queues: [String: [Waiter]] = [:]
        var gaveUp: Set<Int> = []
        var next = 0
    }
    private let state = Mutex(State())

    /// True: it is yours until `leave`. False: the task was cancelled while it waited.
    func take(_ key: String) async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isMine = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in enter(key, Waiter(number: number, proceed: waiter)) }
        } onCancel: {
            giveUp(number)
        }
        state.withLock { _ = $0.gaveUp.remove(number) }
        return isMine
    }

    func leave(_ key: String) {
        let next = state.withLock { state -> Waiter? in
            guard var queue = state.queues[key], !queue.isEmpty else {
                state.queues[key] = nil
                return nil
            }
            let first = queue.removeFirst()
            state.queues[key] = queue
            return first
        }
        next?.proceed.resume(returning: true)
    }

    private func enter(_ key: String, _ waiter: Waiter) {
        let answer = state.withLock { state -> Bool? in
            if state.gaveUp.contains(waiter.number) { return false }
            guard let queue = state.queues[key] else {
                state.queues[key] = []
                return true
            }
            state.queues[key] = queue + [waiter]
            return nil
        }
        if let answer { waiter.proceed.resume(returning: answer) }
    }

    /// May come before `enter`, and after the turn was given; then it changes nothing.
    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            state.gaveUp.insert(number)
            for (key, queue) in state.queues {
                guard let index = queue.firstIndex(where: { $0.number == number }) else { continue }
                state.queues[key]?.remove(at: index)
                return queue[index]
            }
            return nil
        }
        waiter?.proceed.resume(returning: false)
    }
}
