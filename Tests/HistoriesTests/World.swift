import Chance
import Histories

/// A world that keeps every promise, made of a seed: two towns, two hubs that take turns, a siren and three screens a town.
struct World {
    private var dice: Dice
    private var moments: [Moment] = []
    private var now = 0.0
    private var owner = "a", token = 1
    /// The other hub, while it is cut off from the database and heard of all the same.
    private var cut: String?
    private var newest: [String: Word] = [:]
    private var screens: [String: [(at: Double, word: Word)]] = [:]
    private var number = 0
    private var acts = 0

    private init(_ seed: UInt64) { dice = Dice(seed: seed) }

    static func history(_ seed: UInt64) -> History {
        var world = World(seed)
        world.live()
        return History(world.moments)
    }

    private mutating func note(_ after: Double, _ node: String, _ what: Moment.What) { moments.append(Moment(at: now + after, node: node, what: what)) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &dice) < percent }

    private mutating func live() {
        note(0, owner, .owned(token: token))
        for _ in 0..<Int.random(in: 30...60, using: &dice) {
            now += 1
            act()
            if chance(20) { change() }
        }
        now += 30
        for (screen, words) in screens.sorted(by: { $0.key < $1.key }) { show(screen, words) }
        for moment in moments { if case .acknowledged(let act, let alert, _) = moment.what { record(act, alert) } }
        now += 1
        note(0, "all", .settled)
        moments = moments.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func record(_ act: String, _ alert: String) {
        if let town = act.split(separator: "/").first { note(0, "record", .recorded(town: String(town), alert: alert)) }
    }

    /// A first word, a further one or the last one; sometimes again, sometimes on one machine only, seldom without an answer.
    private mutating func act() {
        acts += 1
        let town = chance(50) ? "t" : "u"
        let open = newest.values.filter { $0.town == town && !$0.isEnd && !$0.subject.hasSuffix("?") }.sorted { $0.subject < $1.subject }
        let before = chance(60) ? open.randomElement(using: &dice) : nil
        let isLocal = before == nil && cut != nil && chance(30), isUnanswered = before == nil && !isLocal && chance(3)
        let word = Word(
            act: "\(town)/k\(acts)", town: town, subject: before?.subject ?? "s\(acts)" + (isLocal || isUnanswered ? "?" : ""), revision: (before?.revision ?? 0) + 1,
            isEnd: before != nil && chance(50))
        newest[word.subject] = word
        let alert = "x" + word.act
        note(0, "desk", .asked(word))
        guard !isUnanswered else { return chance(50) ? note(0.4, "desk", .refused(act: word.act)) : hear(word, alert, owner) }
        for hub in [owner] + (cut.map { [$0] } ?? []) + (chance(20) ? [owner] : []) { hear(word, alert, hub) }
        note(0.2, owner, .acknowledged(act: word.act, alert: alert, isLocal: isLocal))
        guard !isLocal else { return }
        for screen in 1...3 {
            let name = "\(town)-\(screen)", last = screens[name]?.last?.at ?? 0
            screens[name, default: []].append((max(last + 0.001, now + 0.21 + Double.random(in: 0...4, using: &dice)), word))
        }
    }

    private mutating func hear(_ word: Word, _ alert: String, _ hub: String) {
        number += 1
        note(0.06, "siren", .heard(Attempt(number: number, town: word.town, alert: alert, delivery: alert + ".siren", hub: hub, begun: now + 0.05, isImmediate: hub == cut)))
        note(0.1, "siren", .answered(attempt: number))
    }

    private mutating func change() {
        if let back = cut {
            note(0.5, back, .healed("cut from the database"))
            cut = nil
            return
        }
        let former = owner
        owner = owner == "a" ? "b" : "a"
        token += 1
        if chance(20) {
            note(0.5, former, .fault("cut from the database"))
            cut = former
        } else {
            note(0.5, former, .fault("stopped"))
            note(0.7, former, .healed("stopped"))
        }
        note(0.6, owner, .owned(token: token))
        now += 4
    }

    private mutating func show(_ screen: String, _ words: [(at: Double, word: Word)]) {
        var shown: [String: String] = [:]
        for (at, word) in words {
            shown[word.subject] = word.isEnd ? nil : "x" + word.act
            moments.append(Moment(at: at, node: screen, what: .screen(town: word.town, shows: shown.values.sorted(), took: "x" + word.act)))
        }
    }
}
