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

    enum Answer { case taken, full, closed }

    private struct State {
        var mail = Mail()
        var calls = 0
        var next: UInt64 = 0
        /// The multi handle as a number, which may cross threads; 0 once the loop has left it.
        var multi: UInt
        var onEnd: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>
    private let limit: Int

    init(multi: UInt, limit: Int) {
        state = Mutex(State(multi: multi))
        self.limit = limit
    }

    func number() -> UInt64 {
        state.withLock { state in
            state.next += 1
            return state.next
        }
    }

    var callCount: Int { state.withLock { $0.calls } }

    func begin(_ exchange: Exchange) -> Answer {
        state.withLock { state in
            guard state.multi != 0, !state.mail.isClosing else { return .closed }
            guard state.calls < limit else { return .full }
            state.calls += 1
            state.mail.begun.append(exchange)
            wake(state)
            return .taken
        }
    }

    func cancel(_ number: UInt64) {
        state.withLock { state in
            guard state.multi != 0 else { return }
            state.mail.cancelled.append(number)
            wake(state)
        }
    }

    func learned(_ host: String, _ addresses: [String]?) {
        state.withLock { state in
            guard state.multi != 0 else { return }
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
                if state.multi != 0 { state.onEnd.append(waiter) }
                return state.multi == 0
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

    /// After this nobody wakes the multi handle any more, and it may be freed.
    func leave() -> Mail {
        state.withLock { state in
            state.multi = 0
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

    /// Under the lock, so that the handle lives. A wake-up before the poll is kept (curl_multi_wakeup(3)).
    private func wake(_ state: borrowing State) {
        guard let multi = UnsafeMutableRawPointer(bitPattern: state.multi) else { return }
        curl_multi_wakeup(multi)
    }
}
