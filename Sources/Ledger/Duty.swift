internal import Synchronization

/// Whether this hub may act: of several hubs over one record one is on duty, by a lease that it renews.
///
///     renewed ──▶ on ── a second without a word ──▶ urgent ── eight seconds ──▶ on
///      ▲           │                                  ▲        (the database is away for all)
///      │           └── slept (no tick) ──▶ off ───────┘ asked since, no answer
///      └───────────────────────────────────┴──▶ taken, for good: another hub is on duty
///
/// The lease runs for 1.2 s by the database's clock; its owner acts within 1.0 s of the moment at which he asked for it, by a clock of his own
/// that runs on while he sleeps. So nobody acts in the last 0.2 s, in which another may be looking already.
///
/// A database that is away renews nothing, and warnings do not wait for a database: what is immediate goes out all the same, the rest is held
/// for as long as a fail-over takes, and then goes out too. That is for him alone who has been awake all the while: whoever was stopped and
/// wakes has to hear first how things stand, and until then sends nothing at all.
package struct DutyTerm: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum Word: Sendable, Hashable {
        case on
        /// What is immediate, and nothing else.
        case urgent
        /// Nothing, until it is known how things stand.
        case off
        /// Nothing any more.
        case taken
    }

    /// By the owner's own clock, from the moment at which he asked.
    package static let own = Duration.seconds(1)
    /// Whoever has not looked at the clock for so long has slept.
    package static let nap = Duration.milliseconds(500)
    /// A fail-over of the database takes eight seconds (a machine that dies, Patroni's ttl of 8).
    package static let failover = Duration.seconds(8)

    private var until: Instant
    private var renewed: Instant
    private var ticked: Instant
    /// When the last sleep ended.
    private var woke: Instant
    /// When the newest question that had no answer was asked.
    private var unanswered: Instant?
    package private(set) var isTaken = false

    /// - Parameter asked: before the lease was asked for.
    package init(asked: Instant) {
        until = asked.advanced(by: Self.own)
        (renewed, ticked, woke) = (asked, asked, asked)
    }

    /// Often, whatever else happens.
    package mutating func tick(_ now: Instant) {
        if ticked.duration(to: now) > Self.nap { woke = now }
        ticked = max(ticked, now)
    }

    package mutating func renew(asked: Instant) {
        renewed = max(renewed, asked)
        until = max(until, asked.advanced(by: Self.own))
    }

    /// The database did not answer, or is nowhere.
    package mutating func miss(asked: Instant) { unanswered = max(unanswered ?? asked, asked) }

    package mutating func lose() { isTaken = true }

    package func word(_ now: Instant) -> Word {
        if isTaken { return .taken }
        if now < until { return .on }
        guard ticked.duration(to: now) <= Self.nap else { return .off }
        if woke > renewed {
            guard let unanswered, unanswered >= woke else { return .off }
        }
        return max(until, woke).duration(to: now) < Self.failover ? .urgent : .on
    }
}

/// The same for all who have to know.
package final class Duty: Sendable {
    /// Of a hub that has its record for itself.
    package static let always = Duty(nil)

    /// False where there is no lease.
    package let isLeased: Bool
    private let term: Mutex<DutyTerm?>
    private let loss = Commit()

    private init(_ term: DutyTerm?) {
        isLeased = term != nil
        self.term = Mutex(term)
    }

    package convenience init(asked: ContinuousClock.Instant) { self.init(DutyTerm(asked: asked)) }

    package func word(_ now: ContinuousClock.Instant = .now) -> DutyTerm.Word {
        guard isLeased else { return .on }
        return term.withLock { $0?.word(now) ?? .on }
    }

    package func tick(_ now: ContinuousClock.Instant = .now) { term.withLock { $0?.tick(now) } }
    package func renew(asked: ContinuousClock.Instant) { term.withLock { $0?.renew(asked: asked) } }
    package func miss(asked: ContinuousClock.Instant) { term.withLock { $0?.miss(asked: asked) } }

    /// Another hub is on duty.
    package func lose() {
        term.withLock { $0?.lose() }
        loss.fulfil(nil)
    }

    /// Returns when another hub is on duty; throws when the task is cancelled before.
    package func lost() async throws { try await loss.committed() }
}
