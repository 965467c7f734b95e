internal import Synchronization

/// One result, any number of waiters. Who is cancelled waits no longer: a disk may hang for ever.
final class CommitState: Sendable {
    private typealias Waiter = CheckedContinuation<Void, any Error>
    private enum State {
        case open([Int: Waiter], next: Int)
        case closed(LedgerFailure?)
    }
    private let state = Mutex(State.open([:], next: 0))

    func wait() async throws {
        guard let ticket = takeTicket() else { return try await withCheckedThrowingContinuation { enter($0, nil) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { enter($0, ticket) }
        } onCancel: {
            leave(ticket)
        }
    }

    func settled() async {
        guard let ticket = takeTicket() else { return }
        _ = try? await withCheckedThrowingContinuation { enter($0, ticket, patiently: true) }
    }

    /// Nil when the result is known.
    private func takeTicket() -> Int? {
        state.withLock { state in
            guard case .open(let waiters, let next) = state else { return nil }
            state = .open(waiters, next: next + 1)
            return next
        }
    }

    private func enter(_ waiter: Waiter, _ ticket: Int?, patiently: Bool = false) {
        let known: Result<Void, any Error>? = state.withLock { state in
            switch state {
            case .closed(let failure): return Self.result(failure)
            case .open(var waiters, let next):
                // Cancelled before it was entered: nobody would call it.
                guard let ticket, patiently || !Task.isCancelled else { return .failure(CancellationError()) }
                waiters[ticket] = waiter
                state = .open(waiters, next: next)
                return nil
            }
        }
        if let known { waiter.resume(with: known) }
    }

    private func leave(_ ticket: Int) {
        let waiter: Waiter? = state.withLock { state in
            guard case .open(var waiters, let next) = state else { return nil }
            defer { state = .open(waiters, next: next) }
            return waiters.removeValue(forKey: ticket)
        }
        waiter?.resume(throwing: CancellationError())
    }

    func fulfil(_ failure: LedgerFailure?) {
        let waiters: [Waiter] = state.withLock { state in
            guard case .open(let waiters, _) = state else { return [] }
            state = .closed(failure)
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume(with: Self.result(failure)) }
    }

    private static func result(_ failure: LedgerFailure?) -> Result<Void, any Error> {
        failure.map { .failure($0) } ?? .success(())
    }
}
