/// The lease of whoever is on duty, renewed on a thread and over a line of its own: a thousand rows that are being written keep nobody's lease
/// from being renewed.
///
///     every 300 ms ──▶ UPDATE lease … WHERE token = ours ──▶ a row: so long again      no row: another hub is on duty
///     every 100 ms ──▶ a look at our own clock: who was stopped notices it by this
internal import Ledger
internal import Logging
internal import Synchronization

final class PostgresLease: Sendable {
    /// By the database's clock. Its owner acts within `DutyTerm.own`, by his.
    static let term = Duration.milliseconds(1200)
    static let renewal = Duration.milliseconds(300)
    private static let tick = Duration.milliseconds(100)

    let duty: Duty
    private let address: PostgresAddress
    private let token: Int64
    private let logger: Logger
    private let isOver = Atomic(false)

    /// - Parameter asked: before the lease was asked for.
    init(_ address: PostgresAddress, token: Int64, asked: ContinuousClock.Instant, logger: Logger) {
        self.address = address
        self.token = token
        self.logger = logger
        duty = Duty(asked: asked)
    }

    func start() {
        PostgresThread.start("ledger-lease") { [self] in
            while !isOver.load(ordering: .relaxed) {
                duty.tick()
                PostgresThread.rest(Self.tick)
            }
        }
        PostgresThread.start("ledger-renew") { [self] in renew() }
    }

    /// Nothing is renewed any more, and nothing is lost.
    func stop() { isOver.store(true, ordering: .relaxed) }

    /// Whoever is stopped between two statements keeps the row from others for half a second, and no longer.
    private static func open(_ address: PostgresAddress) throws(PostgresTrouble) -> PostgresLine {
        let line = try PostgresLine.open(address)
        try line.say("SET idle_in_transaction_session_timeout = '500ms'")
        return line
    }

    private func renew() {
        var line: PostgresLine?
        while !isOver.load(ordering: .relaxed) {
            let asked = ContinuousClock.now
            do throws(PostgresTrouble) {
                let open: PostgresLine
                if let line, !line.isBroken { open = line } else { open = try Self.open(address) }
                line = open
                // Asked anew: looking for a host may have taken its time.
                let asked = ContinuousClock.now
                guard try PostgresOwner.renew(token, on: open) else {
                    if !isOver.load(ordering: .relaxed) {
                        logger.critical("another hub is on duty")
                        duty.lose()
                    }
                    return
                }
                duty.renew(asked: asked)
            } catch {
                duty.miss(asked: asked)
                if line?.isBroken ?? false { line = nil }
            }
            let left = Self.renewal - asked.duration(to: .now)
            if left > .zero { PostgresThread.rest(left) }
        }
    }
}

/// A hub that shares its record with others.
package struct LeaseBid: Sendable {
    /// Where the others, and whoever asks them, find it.
    package var address: String
    /// Told while another hub is on duty, or nobody knows (nil).
    package var standsBy: @Sendable (LeaseHolder?) -> Void

    package init(address: String, standsBy: @escaping @Sendable (LeaseHolder?) -> Void = { _ in }) {
        self.address = address
        self.standsBy = standsBy
    }
}

/// Who is on duty.
package struct LeaseHolder: Sendable, Hashable {
    /// As its settings call it.
    package var name: String
    package var address: String

    /// - Parameter owner: the name, and behind a stroke its folder's.
    init(owner: String, address: String) {
        name = owner.split(separator: "/", maxSplits: 1).first.map(String.init) ?? owner
        self.address = address
    }
}
