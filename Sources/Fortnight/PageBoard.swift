/// What is on a tablet's screen, as `board.js` has it: the part that decides what stands there. Sound and touch are left out.
/// `Tests/Fixtures/tablet-cases.json` holds the page's own script and this to the same answers.
package struct PageBoard: Sendable {
    package struct Entry: Sendable, Codable, Equatable {
        package var alert: PageLine
        package var isDoubtful = false
        package var gravity: Int
        package var over = Int.max
        package var wasShown = true
        package var isHalted = false
        package var cancelledBy: PageLine?
        package var cancelledAt: Int?
        package var liftedAt: Int?
        package var endedAt: Int?

        package var isInForce: Bool { wasShown && cancelledBy == nil && !alert.isOver && endedAt == nil }
    }

    package enum Change: String, Sendable, Codable {
        case new, worse, updated, cancelled, halted, ignored
    }

    static let grave = 3
    private static let cancelledFor = 3_600_000, endedFor = 3 * 3_600_000, traceFor = 86_400_000, drillFor = 3 * 3_600_000
    private static let limit = 300

    package private(set) var entries: [String: Entry] = [:]
    private var unconfirmed: Set<String>?

    package init() {}

    /// The page is loaded again: what was kept is there.
    func reloaded() -> PageBoard {
        var board = self
        board.unconfirmed = nil
        return board
    }

    package static func key(_ line: PageLine, isDoubtful: Bool = false) -> String { (isDoubtful ? "? " : "") + line.mode + " " + line.event }

    package mutating func beginReplay() { unconfirmed = Set(entries.filter { $0.value.isInForce || $0.value.isHalted }.keys) }

    package mutating func endReplay(isLeft: Bool) {
        if !isLeft { for name in unconfirmed ?? [] { entries[name] = nil } }
        unconfirmed = nil
    }

    package mutating func drop(_ isGone: (String) -> Bool) {
        for (name, entry) in entries where (entry.isInForce || entry.isHalted) && (entry.alert.key.map { !$0.isEmpty && isGone($0) } ?? false) { entries[name] = nil }
    }

    package mutating func take(_ line: PageLine, isDoubtful: Bool = false, now: Int) -> Change {
        let name = Self.key(line, isDoubtful: isDoubtful), old = entries[name]
        unconfirmed?.remove(name)
        let lasts = (line.expires_in ?? 86_400) * 1000, over = now + (line.isDrill ? min(lasts, Self.drillFor) : lasts)
        if let old, old.alert.id == line.id, old.cancelledBy == nil { return again(old, name, over, now) }
        if let by = old?.cancelledBy, by.id == line.id || old?.alert.id == line.id { return .ignored }
        if let old, !line.isNewer(than: old.cancelledBy ?? old.alert) { return .ignored }
        if line.isCancel { return cancel(line, name, isDoubtful, old, now) }
        if over <= now { return .ignored }
        let before = old.flatMap { $0.isInForce && $0.over > now && !$0.isHalted ? $0 : nil }
        let gravity = isDoubtful ? 1 : line.weight(before: before?.gravity ?? 0)
        var entry = Entry(alert: line, isDoubtful: isDoubtful, gravity: gravity, over: over)
        if line.isOver { entry.liftedAt = now }
        entries[name] = entry
        makeRoom(now)
        if line.isDrill, isReal { entries[name]?.isHalted = true }
        if entries[name]?.isHalted == true { return .halted }
        if !line.isDrill, isReal { for (other, entry) in entries where entry.alert.isDrill { entries[other]?.isHalted = true } }
        return before == nil ? .new : line.isOver ? .updated : .worse
    }

    private mutating func again(_ old: Entry, _ name: String, _ over: Int, _ now: Int) -> Change {
        guard !old.alert.isDrill, !old.alert.isOver else { return .ignored }
        entries[name]?.over = over
        guard old.endedAt != nil, over > now else { return .ignored }
        entries[name]?.endedAt = nil
        return .updated
    }

    private mutating func cancel(_ line: PageLine, _ name: String, _ isDoubtful: Bool, _ old: Entry?, _ now: Int) -> Change {
        guard var entry = old, entry.wasShown, !entry.isHalted else {
            entries[name] = Entry(alert: line, isDoubtful: isDoubtful, gravity: 1, wasShown: false, cancelledBy: line, cancelledAt: now)
            return .ignored
        }
        (entry.endedAt, entry.cancelledBy, entry.cancelledAt) = (nil, line, now)
        entries[name] = entry
        return .cancelled
    }

    package mutating func age(_ now: Int) {
        for (name, entry) in entries {
            var entry = entry
            if entry.isInForce, entry.over <= now, !entry.isHalted {
                entry.endedAt = entry.over
                entries[name] = entry
            }
            if Self.goneAt(entry) <= now { entries[name] = nil }
        }
    }

    private static func goneAt(_ entry: Entry) -> Int {
        if entry.cancelledBy != nil { return (entry.cancelledAt ?? 0) + (entry.wasShown ? cancelledFor : traceFor) }
        if let lifted = entry.liftedAt { return lifted + cancelledFor }
        if entry.isHalted || entry.alert.isDrill { return entry.over }
        return entry.endedAt.map { $0 + endedFor } ?? .max
    }

    private var isReal: Bool { entries.values.contains { !$0.alert.isDrill && $0.isInForce && $0.gravity >= Self.grave } }

    /// By name, so that it is the same on every run.
    package var visible: [Entry] {
        entries.filter { $0.value.wasShown && $0.value.endedAt == nil && !$0.value.isHalted }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Of the keys of `visible`, and what is under 終わった情報.
    package var words: (visible: [String], ended: [String]) {
        func names(_ holds: (Entry) -> Bool) -> [String] { entries.filter { holds($0.value) }.keys.sorted() }
        return (names { $0.wasShown && $0.endedAt == nil && !$0.isHalted }, names { $0.endedAt != nil && !$0.isHalted })
    }

    private mutating func makeRoom(_ now: Int) {
        guard entries.count > Self.limit else { return }
        age(now)
        func worth(_ entry: Entry) -> Int { entry.isInForce ? (entry.alert.isDrill || entry.isHalted ? 1 : 2 + entry.gravity) : 0 }
        let worst = entries.min { (worth($0.value), $0.value.over, $0.key) < (worth($1.value), $1.value.over, $1.key) }
        if entries.count > Self.limit, let worst { entries[worst.key] = nil }
    }
}
