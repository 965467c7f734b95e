/// A tablet as its page is: the hub's time, whose word it is, the board, how far it has come, and what waits to be told.
///
///     catch-up, stream ──▶ seals ──▶ board ──▶ receipts ──▶ outbox ──▶ edge or hub
///
/// The scripts it stands for are `clock.js`, `seals.js`, `receiver.js`, `stream.js` and `outbox.js`; a signature is taken for checked where
/// its key is the town's.
import ChannelKit

/// `clock.js`.
package struct PageClock: Sendable {
    /// Hub's time minus the page's running clock, in milliseconds.
    package private(set) var offset: Int?
    package private(set) var isCertain = false
    package private(set) var isGuessed = false

    package init() {}
    package mutating func recall(_ time: Int?, running: Int) { if !isCertain, let time { offset = time - running } }
    package mutating func learn(_ time: Int, running: Int) { (offset, isCertain, isGuessed) = (time - running, true, false) }
    package mutating func guess(_ time: Int, running: Int) {
        isGuessed = true
        if offset.map({ time > $0 + running }) ?? true { offset = time - running }
    }
    /// It is no earlier than this.
    package mutating func atLeast(_ time: Int, running: Int) { if let offset, time > offset + running { self.offset = time - running } }
    package var mayJudge: Bool { offset != nil }
    package func now(running: Int, wall: Int) -> Int { offset.map { $0 + running } ?? wall }
}

/// `seals.js`, without its keys.
package struct PageSeals: Sendable {
    static let known: UInt64 = 40 * 86_400_000
    package private(set) var heard: [String: UInt64] = [:]
    package private(set) var state: UInt64 = 0
    /// When the town last said what stands, as it says: it is later than that.
    package private(set) var floor = 0
    var missed = 0

    package enum Word: Sendable { case proven, doubt, old }

    package init() {}

    package mutating func judge(_ line: inout PageLine, town: String, key: String) -> Word {
        guard line.seal?.key == key, line.town == town, let number = line.seal?.number else { return .doubt }
        if number < heard[line.key ?? ""] ?? 0 { return .old }
        heard[line.key ?? ""] = number
        let left = (PageTime.read(line.expires ?? "") - floor) / 1000
        if left <= 0 { return .old }
        if let lasts = line.expires_in, lasts > left { line.expires_in = left }
        return .proven
    }

    /// Seconds from `now` to the end that the line says itself.
    func left(_ line: PageLine, now: Int) -> Int? { line.expires.map { (PageTime.read($0) - now) / 1000 } }

    /// Nil: older than what was heard. Else what has gone, and whether something stands that did not come: it is asked for once.
    mutating func take(_ word: StateWord) -> (gone: (String) -> Bool, again: Bool)? {
        guard word.number > state else { return nil }
        (state, floor) = (word.number, word.at)
        heard = heard.filter { word.standing[$0.key] != nil || $0.value + Self.known >= word.number }
        let isMissed = word.standing.contains { $0.value > heard[$0.key] ?? 0 }
        missed = isMissed ? missed + 1 : 0
        let known = heard
        return ({ word.standing[$0] == nil && known[$0] ?? 0 < word.number }, missed == 1)
    }
}

/// What stands at a place, as the town says it.
struct StateWord: Sendable {
    var number: UInt64
    var key, town: String
    var at: Int
    var standing: [String: UInt64]
}

/// `outbox.js`: what waits, and what goes together.
package struct PageOutbox: Sendable {
    package enum Path: String, Sendable, Codable { case receipts, reports, answers = "rollcall/answers" }

    package struct Entry: Sendable {
        package var path: Path
        package var id: String
        /// Members of the body beside its id, with a comma in front.
        package var rest: String
        /// By the tablet's own clock, by its running one, and in which life of the page.
        package var wall, tick, session: Int
        /// By the hub's, where it was certain.
        package var hub: Int?
        /// No later than the hub's time then.
        package var least: Int?

        package init(path: Path, id: String, rest: String = "", wall: Int = 0, tick: Int = 0, session: Int = 0, hub: Int? = nil, least: Int? = nil) {
            (self.path, self.id, self.rest, self.wall, self.tick, self.session, self.hub, self.least) = (path, id, rest, wall, tick, session, hub, least)
        }
    }

    static let limit = 500, batchLimit = 50
    package private(set) var entries: [Entry] = []
    private(set) var batch = Self.batchLimit
    private(set) var dropped = 0

    package init() {}

    package mutating func add(_ entry: Entry) {
        guard !entries.contains(where: { $0.path == entry.path && $0.id == entry.id }) else { return }
        entries.append(entry)
        guard entries.count > Self.limit else { return }
        entries.remove(at: entries.firstIndex { $0.path == .receipts } ?? 0)
        dropped += 1
    }

    package var waiting: [Entry] {
        let people = entries.filter { $0.path == .answers }
        if !people.isEmpty { return Array(people.prefix(batch)) }
        if let report = entries.first(where: { $0.path == .reports }) { return [report] }
        return Array(entries.prefix(batch))
    }

    /// True: the next may go at once.
    /// - Parameter isOurs: as a hub or an edge answers, and no page that says yes to everything.
    package mutating func answered(_ told: [Entry], status: Int, isOurs: Bool) -> Bool {
        guard isOurs, let first = told.first else { return false }
        let isFine = (200..<300).contains(status)
        guard isFine || [400, 404, 409, 413, 422].contains(status) || status == 403 && first.path == .answers else { return false }
        if !isFine, told.count > 1 {
            batch = 1
            return true
        }
        let gone = Set(told.map { $0.path.rawValue + "/" + $0.id })
        entries.removeAll { gone.contains($0.path.rawValue + "/" + $0.id) }
        if entries.isEmpty { batch = Self.batchLimit }
        return true
    }

    /// `#age` of the page.
    /// - Parameter hub: the hub's time, where it is certain.
    static func age(_ entry: Entry, running: Int, wall: Int, session: Int, hub: Int?) -> Int {
        let own = wall - entry.wall
        let known = [entry.session == session ? running - entry.tick : nil, hub.flatMap { hub in entry.hub.map { hub - $0 } }].compactMap { $0 }
        return max(0, known.min { abs($0 - own) < abs($1 - own) } ?? own)
    }
}

final class PageTablet {
    let id, token: String
    let home: Int
    let use: String?
    let isStaff: Bool
    var isInFront = true

    var board = PageBoard()
    var clock = PageClock()
    var seals = PageSeals()
    var outbox = PageOutbox()
    var position: StreamPosition?
    var wantsWhole = true
    /// Where its page finds its server: an edge, or nil for the hub itself.
    var server: Int?
    /// Who answers there under the hub's name, where it is not the hub.
    var stranger: StrangerKind?
    var isAwake = true
    var isLive = false
    var isUnknown = false
    var isSending = false
    var session = 0
    var runningZero = 0
    /// Its own clock minus the right one.
    var wallOffset = 0
    var downSince: Int?
    /// `hubTime` as it lies on the tablet.
    var keptTime: Int?
    /// Which try to come to a server this is: what an older one hears is no news.
    var tries = 0

    /// For the checks: by event key, the newest word that was on the screen, and since when it is live.
    var newest: [String: UInt64] = [:]
    var liveSince = 0

    init(id: String, token: String, home: Int, use: String?) {
        (self.id, self.token, self.home, self.use, isStaff, server) = (id, token, home, use, use == "staff", home)
    }

    func running(_ now: Int) -> Int { now - runningZero }
    func hubTime(_ now: Int) -> Int { clock.now(running: running(now), wall: now + wallOffset) }
    func certainTime(_ now: Int) -> Int? { clock.isCertain ? hubTime(now) : nil }
    func leastTime(_ now: Int) -> Int? { clock.mayJudge ? hubTime(now) : nil }
    func age(_ now: Int) { if clock.mayJudge { board.age(hubTime(now)) } }

    /// `#keepBoard` of the page.
    func keep(_ now: Int) { if clock.mayJudge { keptTime = hubTime(now) } }

    func reload(_ now: Int) {
        board = board.reloaded()
        (clock, session, runningZero, wantsWhole, isLive, seals.missed) = (PageClock(), session + 1, now, true, false, 0)
        clock.recall(keptTime, running: 0)
    }
}
