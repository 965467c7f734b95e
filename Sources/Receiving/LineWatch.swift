internal import Synchronization

/// One opening of a port or connection: how it ends.
final class LineWatch: Sendable {
    private struct State {
        var lastHeard: SourceClock.Instant?
        var reason: String?
    }
    private let state = Mutex(State())
    private let bell = Bell()

    var hasHeard: Bool { state.withLock { $0.lastHeard != nil } }

    func heard(at now: SourceClock.Instant) { state.withLock { $0.lastHeard = now } }

    func ended(_ reason: String) {
        state.withLock { $0.reason = reason }
        bell.ring()
    }

    /// Waits for the end, for silence or for cancellation.
    func end(silence: Duration, _ clock: SourceClock) async -> String {
        let opened = clock.now
        while true {
            let (reason, last) = state.withLock { ($0.reason, $0.lastHeard ?? opened) }
            if let reason { return reason }
            if clock.now - last >= silence { return "\(silence.components.seconds)秒、何も届いていません (silent)" }
            do { try await bell.wait(until: last + silence, clock) } catch { return "止めました (stopped)" }
        }
    }
}
