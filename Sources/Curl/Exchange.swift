internal import ChannelKit
internal import Synchronization

/// One call and the task that waits for it, answered exactly once by whoever comes first: the loop, the limit of
/// calls, or the shutdown.
final class Exchange: Sendable {
    typealias Outcome = Result<HTTPAnswer, TransportFailure>
    typealias Waiter = CheckedContinuation<Outcome, Never>

    let number: UInt64
    let call: HTTPCall
    let deadline: ContinuousClock.Instant
    let begun: ContinuousClock.Instant
    /// Takes the body of a 200 as it comes, on the loop's thread; false breaks it off. Nil: the body is kept for the answer.
    let reader: CurlTransport.Reader?

    /// In the place of the call's body.
    let upload: FileUpload?

    /// Asked right before anything leaves: whoever began it may have been stopped meanwhile, and be none who may act.
    let mayLeave: @Sendable () -> Bool

    private struct State {
        var waiter: Waiter?
        var outcome: Outcome?
        var isCancelled = false
    }
    private let state = Mutex(State())

    init(
        number: UInt64, call: HTTPCall, deadline: ContinuousClock.Instant, reader: CurlTransport.Reader? = nil, upload: FileUpload? = nil
    ) {
        self.upload = upload
        self.number = number
        self.call = call
        self.deadline = deadline
        begun = .now
        self.reader = reader
        mayLeave = WireGate.isOpen
    }

    /// Set before the loop is told, so that a cancellation which overtakes its call is seen when the call arrives.
    func cancel() { state.withLock { $0.isCancelled = true } }
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// The task begins to wait. Before the call is given to the loop.
    func wait(_ waiter: Waiter) { state.withLock { $0.waiter = waiter } }

    /// The first outcome counts, later ones are dropped.
    func finish(_ outcome: Outcome) {
        let waiter = state.withLock { state -> Waiter? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: outcome)
    }
}
