internal import Synchronization

/// Looks for the database beside everything else while it is away: a frozen host costs seconds, and nobody waits for them.
final class PostgresOpener: Sendable {
    // Sendable: handed from the thread that opened it to the one that takes it.
    private struct Found: @unchecked Sendable { var line: PostgresLine }
    private struct State {
        var isLooking = false
        var isStopped = false
        var found: Found?
    }
    private static let rest = Duration.milliseconds(300)
    private let address: PostgresAddress
    private let state = Mutex(State())

    init(_ address: PostgresAddress) { self.address = address }

    /// Begins to look, unless that is being done.
    func begin() {
        let begins = state.withLock { state in
            guard !state.isLooking, !state.isStopped, state.found == nil else { return false }
            state.isLooking = true
            return true
        }
        guard begins else { return }
        PostgresThread.start("ledger-look") { [self] in look() }
    }

    /// Once.
    func take() -> PostgresLine? {
        state.withLock { state in
            defer { state.found = nil }
            return state.found?.line
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func look() {
        while !state.withLock(\.isStopped) {
            if let line = try? PostgresLine.open(address) {
                let found = Found(line: line)
                return state.withLock { state in
                    state.isLooking = false
                    if !state.isStopped { state.found = found }
                }
            }
            PostgresThread.rest(Self.rest)
        }
        state.withLock { $0.isLooking = false }
    }
}
