/// What is still to be said at one place by one way, and what was said there: a value without clock, task or lock.
///
///     taken ──▶ waiting ──▶ being said ──▶ said
///                 │  ▲           │
///                 │  └─ a graver one comes, or it failed before anybody could hear it
///                 └──▶ over, taken back, out of time or out of date: not said
///
/// Once for an alert and place: what was begun is written down before it is begun, and is not begun again by a restart. The end of an event
/// is said once, and only where something of the event was said.
internal import AlertModel
internal import ChannelKit
internal import Foundation

struct Announcements: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Waiting: Codable, Sendable, Hashable {
        var alert: ToldAlert
        var order: Int
        /// The hub's time when it was heard; nil where nobody knew it.
        var heard: RunningTime?
        var attempt = 1
        /// Whether something of its event was said before it was begun.
        var wasSpoken = false
        /// In this run alone.
        var notBefore: Instant?

        enum CodingKeys: CodingKey { case alert, order, heard, attempt }

        /// Real before drills, then by pace, gravity, and as they came.
        var rank: (Int, Int, Int, Int) { (alert.mode == .actual ? 0 : 1, alert.priority.rawValue, -alert.gravity.rawValue, order) }
    }

    /// One event.
    struct Entry: Codable, Sendable, Hashable {
        /// Revisions that were heard of it, the newest last.
        var alerts: [String] = []
        /// Of the newest seal.
        var number: UInt64 = 0
        var waiting: Waiting?
        var isSpoken = false
        var isOver = false
        var ends: Date
    }

    enum End: Sendable, Hashable {
        case said
        /// Something graver came, or its end.
        case stopped
        /// The far end wants nothing of the kind.
        case refused
        /// - Parameter again: nobody can have heard it, and it may be tried once more.
        case failed(again: Bool)
    }

    struct Left: Sendable, Hashable {
        let alert: ToldAlert
        let why: String
    }

    /// Events that are known of; the one that ended first makes room.
    static let limit = 512
    /// Announcements that wait; the least urgent makes room.
    static let room = 64
    private static let revisions = 16
    /// Attempts at one announcement, and the pause before each further one.
    private static let pauses: [Duration] = [.seconds(2), .seconds(5), .seconds(15), .seconds(30)]

    private(set) var entries: [String: Entry] = [:]
    private(set) var saying: Waiting?
    private var order = 0
    /// Entries that are not on disk as they are here.
    private var changed: Set<String> = []

    init(_ kept: [String: Entry] = [:]) {
        entries = kept
        order = kept.values.compactMap { $0.waiting?.order }.max() ?? 0
    }

    /// What to write down, each once: nil removes it.
    mutating func takeChanges() -> [(key: String, entry: Entry?)] {
        defer { changed = [] }
        return changed.sorted().map { ($0, entries[$0]) }
    }

    var waitingCount: Int { entries.values.reduce(0) { $0 + ($1.waiting == nil ? 0 : 1) } }

    /// - Parameter number: of its seal; 0 where it has none.
    /// - Returns: false where it was known.
    @discardableResult
    mutating func take(_ alert: ToldAlert, number: UInt64, heard: RunningTime?) -> Bool {
        var entry = entries[alert.key] ?? Entry(ends: alert.expires)
        guard !entry.alerts.contains(alert.id), number == 0 || number > entry.number else { return false }
        // More than there are gives what there is.
        entry.alerts = entry.alerts.suffix(Self.revisions - 1) + [alert.id]
        (entry.number, entry.ends, entry.isOver) = (max(entry.number, number), max(entry.ends, alert.expires), alert.isEnd)
        order += 1
        if alert.isEnd {
            entry.waiting = entry.isSpoken && !alert.isQuiet ? Waiting(alert: alert, order: order, heard: heard) : nil
        } else if !alert.isQuiet {
            entry.waiting = Waiting(alert: alert, order: order, heard: heard)
        }
        entries[alert.key] = entry
        changed.insert(alert.key)
        if alert.mode == .actual, !alert.isEnd, alert.gravity >= DrillRule.endsAt { endDrills() }
        makeRoom()
        return true
    }

    /// The hub no longer has it in force, and nobody said why.
    mutating func forget(_ keys: [String]) {
        for key in keys where entries[key] != nil {
            entries[key]?.waiting = nil
            entries[key]?.isOver = true
            changed.insert(key)
        }
    }

    private mutating func endDrills() {
        for (key, entry) in entries where entry.waiting?.alert.mode == .exercise {
            entries[key]?.waiting = nil
            changed.insert(key)
        }
    }

    private mutating func makeRoom() {
        if waitingCount > Self.room, let last = entries.values.compactMap(\.waiting).max(by: { $0.rank < $1.rank }) {
            entries[last.alert.key]?.waiting = nil
            changed.insert(last.alert.key)
        }
        let isFree = { (entry: Entry) in entry.waiting == nil }
        if entries.count > Self.limit, let oldest = entries.filter({ isFree($0.value) && $0.key != saying?.alert.key }).min(by: { $0.value.ends < $1.value.ends }) {
            entries[oldest.key] = nil
            changed.insert(oldest.key)
        }
    }

    /// What will not be said any more: its time is over, or it is too old to be news.
    mutating func leaveOut(now: (RunningTime?) -> Date?, freshness: (Priority) -> TimeInterval) -> [Left] {
        var left: [Left] = []
        for (key, entry) in entries {
            guard let waiting = entry.waiting, let time = now(waiting.heard) else { continue }
            let alert = waiting.alert, age = time.timeIntervalSince(alert.told)
            if alert.expires <= time {
                left.append(Left(alert: alert, why: "期限が過ぎていました (out of time)"))
            } else if !alert.isEnd, age > freshness(alert.priority) {
                left.append(Left(alert: alert, why: "発表から\(Int(min(age, 1e9)))秒たっていて、いまは言いません (out of date)"))
            } else {
                continue
            }
            entries[key]?.waiting = nil
            changed.insert(key)
        }
        return left
    }

    /// Of what was heard before the machine was started anew nobody knows how old it is until the hub is heard: it waits.
    private func known(_ now: (RunningTime?) -> Date?) -> [Waiting] { entries.values.compactMap(\.waiting).filter { now($0.heard) != nil } }

    /// What is being said has to end: it is over, or something came that does not wait for it.
    func mustStop(now: (RunningTime?) -> Date?) -> Bool {
        guard let current = saying?.alert else { return false }
        if entries[current.key]?.isOver == true, !current.isEnd { return true }
        return known(now).contains { waiting in
            let next = waiting.alert
            switch (current.mode, next.mode) {
            case (.actual, .exercise): return false
            case (.exercise, .actual): return next.priority <= .urgent || next.gravity >= DrillRule.endsAt
            default: return next.priority == .immediate && current.priority != .immediate
            }
        }
    }

    /// The next to be said; nil while something is, or where nothing is ready.
    func next(now: (RunningTime?) -> Date?, at instant: Instant) -> Waiting? {
        guard saying == nil else { return nil }
        return known(now).filter { $0.notBefore.map { $0 <= instant } ?? true }.min { $0.rank < $1.rank }
    }

    /// From here on it counts as said, whatever becomes of this program. False: it no longer waits.
    mutating func begin(_ waiting: Waiting) -> Bool {
        guard saying == nil, var entry = entries[waiting.alert.key], entry.waiting?.alert.id == waiting.alert.id else { return false }
        var begun = waiting
        begun.wasSpoken = entry.isSpoken
        (entry.waiting, entry.isSpoken) = (nil, true)
        entries[waiting.alert.key] = entry
        saying = begun
        changed.insert(waiting.alert.key)
        return true
    }

    /// - Returns: true where it is tried again.
    @discardableResult
    mutating func end(_ end: End, at instant: Instant) -> Bool {
        guard var begun = saying else { return false }
        saying = nil
        let key = begun.alert.key
        changed.insert(key)
        // Something newer of the event took its place, or its end.
        let isOvertaken = entries[key]?.waiting != nil || entries[key]?.isOver == true && !begun.alert.isEnd
        switch end {
        case .said: return false
        case .refused:
            unsay(begun)
            return false
        case .stopped:
            guard !isOvertaken else { return false }
        case .failed(let again):
            guard again else { return false }
            unsay(begun)
            guard !isOvertaken, begun.attempt <= Self.pauses.count else { return false }
            // From one up, and no more than there are.
            begun.notBefore = instant + Self.pauses[begun.attempt - 1]
            begun.attempt += 1
        }
        entries[key]?.waiting = begun
        return true
    }

    /// Nobody heard it: its end is said to nobody.
    private mutating func unsay(_ begun: Waiting) {
        let key = begun.alert.key
        entries[key]?.isSpoken = begun.wasSpoken
        if !begun.wasSpoken, entries[key]?.waiting?.alert.isEnd == true { entries[key]?.waiting = nil }
    }
}
