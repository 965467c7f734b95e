package import ChannelKit
package import FoundationEssentials
internal import Synchronization

/// Whether the hub is heard, and since when it is not.
///
///     unknown ──▶ up ──silence──▶ cut (since the last contact) ──a word──▶ up
///
/// The last contact survives a restart: after a power cut at the school with the line still down, people read since
/// when, and not "just now".
package final class LineWatch: Sendable {
    package struct Status: Sendable, Equatable {
        package var isCut: Bool
        /// The last word from the hub, by this machine's clock; nil when there never was one.
        package var lastContact: Date?
        /// Since when the line is cut: the last contact, or the start of an edge that never had one.
        package var cutSince: Date?
        /// The hub answered, and not as it answers an edge of its own.
        package var refusal: String?
        /// The hub is heard, and what it says of who may get in here has not been read for some rounds: revoked tablets still get in.
        package var unread: String?
    }

    /// What the time was taken for before the hub had said it.
    enum Reckoned: Equatable {
        /// The hub's last word before this start, and the time since: behind by so many seconds.
        case behind(TimeInterval)
        case byOwnClock
    }

    private struct State {
        var heard: ContinuousClock.Instant?
        var contact: Date?
        var noted: Date?
        var cutSince: Date?
        var refusal: String?
        /// Rounds in which the list of this place's tablets was not read, though the line was up, and why the last of them.
        var unread: (rounds: Int, reason: String)?
        /// What the hub's clock last said, and when we heard it.
        var hubTime: (said: Date, heard: ContinuousClock.Instant)?
        /// The same before the last start: the present is later than that, nobody knows how much.
        var hubTimeBefore: Date?
        var timeNoted: ContinuousClock.Instant?
    }

    private static let note = "relay/last-contact"
    private static let timeNote = "relay/hub-time"
    /// The note on disk may be this much older than the last word.
    private static let noteEvery: TimeInterval = 15
    private static let noteTimeEvery = Duration.seconds(60)
    /// A start is no silence: long enough to connect.
    private static let grace = Duration.seconds(5)

    /// Silence after which the line counts as cut: the hub says something every 15 s, two of these lost and some more.
    package let patience: Duration
    private let notebook: any Notebook
    private let clock: @Sendable () -> Date
    private let ticking: @Sendable () -> ContinuousClock.Instant
    private let started: ContinuousClock.Instant
    private let startedAt: Date
    private let state: Mutex<State>

    /// - Parameters:
    ///   - clock: this machine's own.
    ///   - ticking: the running one, which nobody sets.
    package init(
        patience: Duration, notebook: any Notebook, clock: @escaping @Sendable () -> Date = { Date() },
        ticking: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.ticking, started) = (ticking, ticking())
        self.patience = patience
        self.notebook = notebook
        self.clock = clock
        startedAt = clock()
        var known = State()
        known.contact = notebook.read(Self.note).flatMap { Double(String(decoding: $0, as: UTF8.self)) }
            .map { Date(timeIntervalSince1970: $0) }
        known.hubTimeBefore = notebook.read(Self.timeNote).flatMap { Double(String(decoding: $0, as: UTF8.self)) }
            .map { Date(timeIntervalSince1970: $0) }
        state = Mutex(known)
    }

    /// The hub has said the time, in the Date of an answer.
    /// - Returns: with its first word since the start, what `hubTime` was until then.
    @discardableResult
    func learn(hubTime text: String?) -> Reckoned? { learn(hubTime: text, now: ticking()) }

    @discardableResult
    func learn(hubTime text: String?, now: ContinuousClock.Instant) -> Reckoned? {
        guard let text, let said = HTTPDate.read(text) else { return nil }
        let reckoned = hubTime(now: now)
        let first = state.withLock { state -> Reckoned? in
            defer { state.hubTime = (said, now) }
            guard state.hubTime == nil else { return nil }
            return state.hubTimeBefore == nil ? .byOwnClock : .behind(said.timeIntervalSince(reckoned))
        }
        notebook.write(Self.timeNote, Array("\(said.timeIntervalSince1970)".utf8))
        return first
    }

    /// The hub's time as far as it can be known: what it said, and the time since. After a start with the line cut it is
    /// the last it said before, and the time since the start: never later than it is, so that a clock that runs ahead
    /// ends nothing. This machine's own clock counts only where the hub was never heard.
    package func hubTime() -> Date { hubTime(now: ticking()) }

    package func hubTime(now: ContinuousClock.Instant) -> Date {
        state.withLock { Self.time($0, since: started, now) } ?? clock()
    }

    /// The hub's time, where it was heard since this start; nil where it is not known for certain.
    package func certainHubTime() -> Date? { certainHubTime(now: ticking()) }

    package func certainHubTime(now: ContinuousClock.Instant) -> Date? {
        state.withLock { state in
            state.hubTime.map { $0.said.addingTimeInterval($0.heard.duration(to: now) / .seconds(1)) }
        }
    }

    /// Something came from the hub. True when the line had been cut.
    func heard() -> Bool {
        let now = clock()
        return state.withLock { state in
            state.heard = ticking()
            state.contact = now
            state.refusal = nil
            if abs(now.timeIntervalSince(state.noted ?? .distantPast)) >= Self.noteEvery {
                state.noted = now
                notebook.write(Self.note, Array("\(now.timeIntervalSince1970)".utf8))
            }
            defer { state.cutSince = nil }
            return state.cutSince != nil
        }
    }

    /// Rounds of thirty seconds: a hub that starts anew leaves out one or two.
    private static let mostUnread = 3

    func readRegister() { state.withLock { $0.unread = nil } }

    func didNotReadRegister(_ reason: String) {
        state.withLock { state in
            // Where the line is cut there is nothing to be read, and that is said already.
            guard state.cutSince == nil else { return }
            state.unread = ((state.unread?.rounds ?? 0) + 1, reason)
        }
    }

    func refused(_ reason: String) { state.withLock { $0.refusal = reason } }

    /// True when it has just become clear that the line is cut.
    func look() -> Bool { look(now: ticking()) }

    func look(now: ContinuousClock.Instant) -> Bool {
        noteTime(now)
        return state.withLock { state in
            guard state.cutSince == nil, isSilent(state, now) else { return false }
            state.cutSince = state.contact ?? startedAt
            return true
        }
    }

    /// Also while the line is cut: a start after that is behind by the time without power, and not by all the time without a line.
    private func noteTime(_ now: ContinuousClock.Instant) {
        let known = state.withLock { state -> Date? in
            guard state.hubTime != nil || state.hubTimeBefore != nil, (state.timeNoted ?? started).duration(to: now) >= Self.noteTimeEvery else { return nil }
            state.timeNoted = now
            return Self.time(state, since: started, now)
        }
        if let known { notebook.write(Self.timeNote, Array("\(known.timeIntervalSince1970)".utf8)) }
    }

    private static func time(_ state: borrowing State, since started: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Date? {
        if let known = state.hubTime { return known.said.addingTimeInterval(known.heard.duration(to: now) / .seconds(1)) }
        return state.hubTimeBefore?.addingTimeInterval(started.duration(to: now) / .seconds(1))
    }

    private func isSilent(_ state: borrowing State, _ now: ContinuousClock.Instant) -> Bool {
        if let heard = state.heard { return heard.duration(to: now) > patience }
        let running = started.duration(to: now)
        guard running > min(Self.grace, patience) else { return false }
        let before = state.contact.map { startedAt.timeIntervalSince($0) } ?? 0
        return running + .seconds(max(0, min(before, 1e9))) > patience
    }

    /// How long to wait before silence since `began` means a dead connection; zero or less: it does.
    func left(since began: ContinuousClock.Instant) -> Duration {
        let last = max(began, state.withLock { $0.heard } ?? began)
        return patience - last.duration(to: ticking())
    }

    package var status: Status {
        state.withLock {
            Status(
                isCut: $0.cutSince != nil, lastContact: $0.contact, cutSince: $0.cutSince, refusal: $0.refusal,
                unread: $0.cutSince == nil && ($0.unread?.rounds ?? 0) >= Self.mostUnread ? $0.unread?.reason : nil)
        }
    }
}
