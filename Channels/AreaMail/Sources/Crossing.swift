import Synchronization

/// Who may put texts into the cells of one address just now: many at once, or one who moves everything to another
/// period and needs the cells empty for it. In order of arrival.
final class Crossing: Sendable {
    private struct Waiter {
        let number: Int
        let isMover: Bool
        let continuation: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var inside = 0
        var isClosed = false
        var waiting: [Waiter] = []
        var next = 0

        /// Who may go on now.
        mutating func admit() -> [Waiter] {
            var ready: [Waiter] = []
            while let first = waiting.first, !isClosed, !first.isMover || inside == 0 {
                waiting.removeFirst()
                ready.append(first)
                if first.isMover { isClosed = true } else { inside += 1 }
            }
            return ready
        }
    }
    private let state = Mutex(State())

    /// False when the task was cancelled meanwhile.
    func enter() async -> Bool { await pass(asMover: false) }
    func leave() { change { $0.inside -= 1 } }

    /// Nobody else is inside until `open`.
    func close() async -> Bool { await pass(asMover: true) }
    func open() { change { $0.isClosed = false } }

    private func pass(asMover isMover: Bool) async -> Bool {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                change { state in
                    state.waiting.append(Waiter(number: number, isMover: isMover, continuation: continuation))
                }
                if Task.isCancelled { giveUp(number) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let ready = state.withLock { state in
            body(&state)
            return state.admit()
        }
        for waiter in ready { waiter.continuation.resume(returning: true) }
    }

    private func giveUp(_ number: Int) {
        let (waiter, ready) = state.withLock { state -> (Waiter?, [Waiter]) in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return (nil, []) }
            return (state.waiting.remove(at: index), state.admit())
        }
        waiter?.continuation.resume(returning: false)
        for one in ready { one.continuation.resume(returning: true) }
    }
}

/// One crossing for each address.
final class Crossings: Sendable {
    private let crossings = Mutex<[String: Crossing]>([:])

    /// As many as there are addresses in the settings.
    func crossing(at address: String) -> Crossing {
        crossings.withLock { crossings in
            if let crossing = crossings[address] { return crossing }
            let crossing = Crossing()
            crossings[address] = crossing
            return crossing
        }
    }
}
