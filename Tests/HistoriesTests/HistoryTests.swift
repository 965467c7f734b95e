import Chance
import Histories
import Testing

@Suite("Histories of a night with faults are checked, not trusted")
struct HistoryTests {
    private static let seeds: Range<UInt64> = 0..<60

    @Test("Whatever happened by chance in a world that keeps every promise, no rule finds anything", arguments: [seeds])
    func clean(seeds: Range<UInt64>) {
        for seed in seeds {
            let found = HistoryCheck(World.history(seed)).violations()
            #expect(found.isEmpty, "seed \(seed): \(found)")
        }
    }

    @Test("Each fault that is planted is found by its own rule and by no other, in many histories", arguments: Plant.allCases)
    func planted(plant: Plant) {
        var count = 0
        for seed in Self.seeds {
            var dice = Dice(seed: seed &+ 1000)
            guard let spoilt = plant.into(World.history(seed), &dice) else { continue }
            count += 1
            let found = HistoryCheck(spoilt).violations()
            #expect(Set(found.map(\.rule)) == [plant.rule], "seed \(seed): \(found)")
        }
        #expect(count > 20, "it has a place in many")
    }

    @Test("Every rule has a fault that is planted for it")
    func everyRule() {
        #expect(Set(Plant.allCases.map(\.rule)) == Set(Rule.allCases))
    }

    @Test("A history is the same when it was written and read again; one that was broken off is refused, and so is a line that cannot be read")
    func written() throws {
        let history = World.history(7)
        #expect(try History(lines: history.lines).moments == history.moments)
        let lines = history.lines.split(separator: "\n").map(String.init)
        #expect(throws: History.Unreadable.self) { try History(lines: lines.dropLast().joined(separator: "\n")) }
        #expect(throws: History.Unreadable.self) { try History(lines: "") }
        #expect(throws: History.Unreadable.self) { try History(lines: #"{"at":0,"node":"a","what":"dreamt"}"#) }
        #expect(throws: History.Unreadable.self) { try History(lines: #"{"at":0,"node":"a","what":"owned"}"#) }
        #expect(throws: History.Unreadable.self) { try History(lines: lines.reversed().joined(separator: "\n")) }
    }

    // MARK: by hand, where it is narrow

    private let order = Word(act: "k1", town: "t", subject: "s", revision: 1)

    private func attempt(_ number: Int, _ alert: String, by hub: String, at: Double) -> Moment {
        Moment(at: at, node: "siren", what: .heard(Attempt(number: number, town: "t", alert: alert, delivery: alert + ".siren", hub: hub, begun: at)))
    }

    private func rules(_ moments: [Moment]) -> [Rule] {
        HistoryCheck(History(moments + [Moment(at: 99, node: "all", what: .settled)])).violations().map(\.rule)
    }

    @Test("What was recorded on one machine only has to be in the record in the end, and nowhere else")
    func local() {
        let asked = [
            Moment(at: 1, node: "desk", what: .asked(order)),
            Moment(at: 2, node: "a", what: .acknowledged(act: "k1", alert: "x", isLocal: true)),
        ]
        #expect(rules(asked) == [.lost])
        #expect(rules(asked + [Moment(at: 9, node: "record", what: .recorded(town: "t", alert: "x"))]) == [])
    }

    @Test("Of an act that nobody acknowledged nothing is owed, of one that was refused nothing may come; what is another town's is found all the same")
    func unanswered() {
        let asked = [Moment(at: 1, node: "desk", what: .asked(order))]
        let heard = [Moment(at: 0, node: "a", what: .owned(token: 1)), attempt(1, "x", by: "a", at: 3)]
        #expect(rules(asked + heard) == [])
        #expect(rules(asked + [Moment(at: 2, node: "desk", what: .refused(act: "k1"))] + heard) == [.stray], "what was refused was said all the same")
        let other = [
            Moment(at: 1, node: "desk", what: .asked(Word(act: "k2", town: "u", subject: "r", revision: 1))),
            Moment(at: 2, node: "a", what: .acknowledged(act: "k2", alert: "y", isLocal: false)),
            Moment(at: 9, node: "record", what: .recorded(town: "u", alert: "y")),
        ]
        #expect(rules(other + asked + [attempt(1, "y", by: "a", at: 3)]) == [.stray])
    }

    @Test("A former owner is not heard of when another is on duty; one that is cut off from the database may be, until it could ask again")
    func owners() {
        let said = [
            Moment(at: 0, node: "a", what: .owned(token: 1)),
            Moment(at: 1, node: "desk", what: .asked(order)),
            Moment(at: 2, node: "a", what: .acknowledged(act: "k1", alert: "x", isLocal: false)),
            Moment(at: 90, node: "record", what: .recorded(town: "t", alert: "x")),
        ]
        let taken = [Moment(at: 20, node: "b", what: .owned(token: 2)), attempt(1, "x", by: "b", at: 21)]
        func sorted(_ more: [Moment]) -> [Moment] { (said + taken + more).sorted { $0.at < $1.at } }
        #expect(rules(sorted([])) == [])
        #expect(rules(sorted([attempt(2, "x", by: "a", at: 19)])) == [])
        #expect(rules(sorted([attempt(2, "x", by: "a", at: 22)])) == [.owner])
        let cut = [Moment(at: 15, node: "a", what: .fault("cut from the database")), Moment(at: 30, node: "a", what: .healed("cut from the database"))]
        #expect(rules(sorted(cut + [attempt(2, "x", by: "a", at: 24)])) == [])
        #expect(rules(sorted(cut + [attempt(2, "x", by: "a", at: 22)])) == [.owner], "it holds what is not immediate")
        var urgent = attempt(2, "x", by: "a", at: 22)
        if case .heard(var heard) = urgent.what {
            heard.isImmediate = true
            urgent.what = .heard(heard)
        }
        #expect(rules(sorted(cut + [urgent])) == [])
        #expect(rules(sorted(cut + [attempt(2, "x", by: "a", at: 40)])) == [.owner])
        let stopped = [Moment(at: 15, node: "a", what: .fault("stopped")), Moment(at: 30, node: "a", what: .healed("stopped"))]
        #expect(rules(sorted(stopped + [attempt(2, "x", by: "a", at: 30.2)])) == [.owner])
    }

    @Test("What is gone from a screen whose end was asked for meanwhile was over; it is not to come back")
    func overMeanwhile() {
        let end = Word(act: "k2", town: "t", subject: "s", revision: 2, isEnd: true)
        func screen(_ at: Double, _ shows: [String]) -> Moment { Moment(at: at, node: "tablet", what: .screen(town: "t", shows: shows, took: nil)) }
        func history(asked: Double, _ later: [Moment]) -> [Moment] {
            ([
                Moment(at: 0, node: "a", what: .owned(token: 1)),
                Moment(at: 1, node: "desk", what: .asked(order)), attempt(1, "x", by: "a", at: 1.5),
                Moment(at: 2, node: "a", what: .acknowledged(act: "k1", alert: "x", isLocal: false)),
                screen(3, ["x"]), screen(6, []),
                Moment(at: asked, node: "desk", what: .asked(end)), attempt(2, "y", by: "a", at: asked + 0.5),
                Moment(at: asked + 0.7, node: "a", what: .acknowledged(act: "k2", alert: "y", isLocal: false)),
                Moment(at: 90, node: "record", what: .recorded(town: "t", alert: "x")), Moment(at: 90, node: "record", what: .recorded(town: "t", alert: "y")),
            ] + later).sorted { $0.at < $1.at }
        }
        #expect(rules(history(asked: 4, [])) == [])
        #expect(rules(history(asked: 4, [screen(8, ["x"]), screen(9, [])])) == [.afterCancel])
        #expect(rules(history(asked: 7, [])) == [.back])
    }

    @Test("A word whose newer one nobody was told of may come late at a far end: a hub was killed before it could say what it had done")
    func unconfirmed() {
        let newer = Word(act: "k2", town: "t", subject: "s", revision: 2, isEnd: true)
        func history(told: Double) -> [Moment] {
            [
                Moment(at: 0, node: "a", what: .owned(token: 1)),
                Moment(at: 1, node: "desk", what: .asked(order)),
                Moment(at: 2, node: "a", what: .acknowledged(act: "k1", alert: "x", isLocal: false)),
                Moment(at: 3, node: "desk", what: .asked(newer)),
                attempt(1, "y", by: "a", at: 4), Moment(at: 4.5, node: "siren", what: .answered(attempt: 1)),
                attempt(2, "x", by: "a", at: 6),
                Moment(at: told, node: "a", what: .acknowledged(act: "k2", alert: "y", isLocal: false)),
                Moment(at: 90, node: "record", what: .recorded(town: "t", alert: "x")),
                Moment(at: 90, node: "record", what: .recorded(town: "t", alert: "y")),
            ].sorted { $0.at < $1.at }
        }
        #expect(rules(history(told: 7)) == [])
        #expect(rules(history(told: 5)) == [.afterCancel])
    }
}
