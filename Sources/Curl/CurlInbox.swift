internal import CCurl
internal import Synchronization

/// What other threads tell the loop. Everything answers at once; the loop is woken and fetches it.
///
/// Bounded by the number of calls: each call is begun once and cancelled at most once, and each name that is looked
/// up belongs to a call.
final class CurlInbox: Sendable {
    struct Mail {
        var begun: [Exchange] = []
        var cancelled: [UInt64] = []
        /// Addresses, or nil when there is none and there never was one.
        var names: [(host: String, addresses: [String]?)] = []
        var isClosing = false
    }

    enum Admission { case taken, full, closed }

    private struct State {
        var mail = Mail()
        var calls = 0
        var next: UInt64 = 0
        /// What wakes the loop (an eventfd); -1 once it has left.
        var bell: Int32
        var onEnd: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>
    private let limit: Int

    init(bell: Int32, limit: Int) {
        state = Mutex(State(bell: bell))
        self.limit = limit
    }

    func number() -> UInt64 {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }

    var callCount: Int { state.withLock { $0.calls } }

    func begin(_ exchange: Exchange) -> Admission {
        state.withLock { state in
            guard state.bell >= 0, !state.mail.isClosing else { return .closed }
            guard state.calls < limit else { return .full }
            state.calls += 1
            state.mail.begun.append(exchange)
            wake(state)
            return .taken
        }
    }

    func cancel(_ number: UInt64) {
        state.withLock { state in
            guard state.bell >= 0 else { return }
            state.mail.cancelled.append(number)
            wake(state)
        }
    }

    func learned(_ host: String, _ addresses: [String]?) {
        state.withLock { state in
            guard state.bell >= 0 else { return }
            state.mail.names.append((host, addresses))
            wake(state)
        }
    }

    func close() {
        state.withLock { state in
            state.mail.isClosing = true
            wake(state)
        }
    }

    /// Resumes once the loop has ended.
    func ended() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let isOver = state.withLock { state in
                if state.bell >= 0 { state.onEnd.append(waiter) }
                return state.bell < 0
            }
            if isOver { waiter.resume() }
        }
    }

    // MARK: The loop's side

    func take() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail(isClosing: state.mail.isClosing) }
            return state.mail
        }
    }

    func finished(_ count: Int) {
        state.withLock { $0.calls -= count }
    }

    /// After this nobody rings any more, and the bell may be closed.
    func leave() -> Mail {
        state.withLock { state in
            state.bell = -1
            defer { state.mail = Mail(isClosing: true) }
            return state.mail
        }
    }

    /// The loop's last act.
    func announceEnd() {
        let waiters = state.withLock { state in
            defer { state.onEnd = [] }
            return state.onEnd
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Under the lock, so that the bell is not another's. A ring before the loop waits is kept (eventfd(2)).
    private func wake(_ state: borrowing State) {
        if state.bell >= 0 { ccurl_ring(state.bell) }
    }
}
