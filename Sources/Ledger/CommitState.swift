internal import Synchronization

/// One result, any number of waiters.
final class CommitState: Sendable {
    private enum State {
        case open([CheckedContinuation<Void, any Error>])
        case closed(LedgerFailure?)
    }
    private let state = Mutex(State.open([]))

    func wait() async throws {
        try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
            let known: LedgerFailure?? = state.withLock { state in
                switch state {
                case .open(let waiters):
                    state = .open(waiters + [waiter])
                    return nil
                case .closed(let failure): return .some(failure)
                }
            }
            if let known { Self.tell(waiter, known) }
        }
    }

    func fulfil(_ failure: LedgerFailure?) {
        let waiters: [CheckedContinuation<Void, any Error>] = state.withLock { state in
            guard case .open(let waiters) = state else { return [] }
            state = .closed(failure)
            return waiters
        }
        for waiter in waiters { Self.tell(waiter, failure) }
    }

    private static func tell(_ waiter: CheckedContinuation<Void, any Error>, _ failure: LedgerFailure?) {
        if let failure { waiter.resume(throwing: failure) } else { waiter.resume() }
    }
}
