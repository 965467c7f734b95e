internal import Synchronization

/// A lane below the line: what is heavy and no warning (files of thousands of sentences, feeds, documents) goes through one
/// after the other, in the order it came, so that it takes no more of the machine than its places.
///
///     run ──▶ a place? ──▶ work ──▶ the next one's place
///               └─ waits, up to `waiting`; then `Full`
package final class Lane: Sendable {
    package struct Full: Error {}

    private struct State {
        var busy = 0
        var line: [CheckedContinuation<Void, Never>] = []
    }

    private let places: Int
    private let waiting: Int
    private let state = Mutex(State())

    package init(places: Int, waiting: Int) {
        self.places = places
        self.waiting = waiting
    }

    package var gauges: (busy: Int, waiting: Int) { state.withLock { ($0.busy, $0.line.count) } }

    package func run<Value>(_ work: () async throws -> Value) async throws -> Value {
        guard await enter() else { throw Full() }
        defer { leave() }
        return try await work()
    }

    /// False when too many wait. Who was let in leaves again.
    func enter() async -> Bool {
        enum Turn { case now, later, never }
        let mayWait = state.withLock { state in
            guard state.busy >= places else { state.busy += 1; return Turn.now }
            return state.line.count < waiting ? Turn.later : .never
        }
        switch mayWait {
        case .now: return true
        case .never: return false
        case .later:
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.busy >= places else { state.busy += 1; return true }
                    state.line.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
            return true
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.line.isEmpty else { state.busy -= 1; return nil }
            // The place is handed on.
            return state.line.removeFirst()
        }
        next?.resume()
    }
}
