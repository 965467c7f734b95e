import AlertModel
import Foundation
import Testing

@testable import Desk

@Suite("The second pair of eyes")
struct ApprovalTests {
    private let town = TownID("042056")!
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func person(_ name: String, _ role: Role, in town: TownID? = nil) -> Operator {
        Operator(
            name: name, kind: .account, credential: "account:\(name)", grants: [.init(towns: [town ?? self.town], rights: role.rights)])
    }

    private func act(_ id: String = "1", isTimed: Bool = false, by name: String = "佐藤") -> WaitingAct {
        WaitingAct(
            id: id, town: town, act: .order, title: "避難指示", order: .push([]), by: person(name, .duty), alert: AlertID("a\(id)"),
            submitted: start, patience: 120, isTimed: isTimed)
    }

    private func refusal(_ table: ApprovalTable, _ person: Operator) -> ApprovalTable.Refusal? {
        do throws(ApprovalTable.Refusal) {
            _ = try table.check("1", person)
            return nil
        } catch {
            return error
        }
    }

    @Test("Who submits never approves, by whatever role; the chief does, another town's chief does not know of it")
    func own() throws {
        var table = ApprovalTable()
        try table.submit(act())
        #expect(refusal(table, person("佐藤", .chief)) == .own)
        #expect(refusal(table, person("高橋", .chief)) == nil)
        #expect(refusal(table, person("高橋", .watcher)) == .notAllowed(.chief))
        #expect(refusal(table, person("高橋", .chief, in: TownID("042021")!)) == .notFound)
    }

    @Test("Nobody answers: it comes to the next role at the deadline and to no one earlier, and never goes out by itself")
    func line() throws {
        var table = ApprovalTable()
        try table.submit(act())
        let other = person("鈴木", .duty)
        #expect(table.tick(start + 119).moved.isEmpty)
        #expect(refusal(table, other) == .notAllowed(.chief))
        #expect(table.tick(start + 120).moved.map(\.next) == [.duty])
        #expect(refusal(table, other) == nil && refusal(table, person("佐藤", .duty)) == .own)
        #expect(table.tick(start + 239).moved.isEmpty)
        #expect(table.tick(start + 240).moved.map(\.next) == [.prefecture])
        for minute in 5..<60 {
            let turn = table.tick(start + Double(minute) * 60)
            #expect(turn.due.isEmpty && turn.moved.isEmpty && turn.lapsed.isEmpty)
        }
        #expect(refusal(table, person("県の人", .prefecture)) == nil)
        table.approved("1", by: "鈴木", now: start + 300)
        #expect(table.waiting.isEmpty)
        #expect(refusal(table, person("高橋", .chief)) == .over("鈴木"))
    }

    @Test("One person and a minute: due at its time, stopped by whoever may send, and never by a watcher")
    func timed() throws {
        var table = ApprovalTable()
        try table.submit(act("1", isTimed: true))
        try table.submit(act("2", isTimed: true))
        #expect(table.tick(start + 119).due.isEmpty)
        #expect(throws: ApprovalTable.Refusal.self) { try table.giveBack("1", by: person("見る人", .watcher), reason: "r", now: start) }
        _ = try table.giveBack("1", by: person("鈴木", .duty), reason: "地区が違う", now: start)
        #expect(table.tick(start + 120).due.map(\.id) == ["2"])
    }

    @Test("What would have gone out while nothing ran waits for a person")
    func stale() throws {
        var table = ApprovalTable()
        table.restore(act("1", isTimed: true), now: start + 121)
        #expect(table.tick(start + 600).due.isEmpty)
        #expect(refusal(table, person("鈴木", .duty)) == nil)
        table.restore(act("2", isTimed: true), now: start + 60)
        #expect(table.tick(start + 120).due.map(\.id) == ["2"])
    }

    @Test("Its sender takes it back; a reason goes with it, and it is decided then")
    func back() throws {
        var table = ApprovalTable()
        try table.submit(act())
        let returned = try table.giveBack("1", by: person("佐藤", .duty), reason: "まちがえた", now: start)
        #expect(returned.state == .returned && returned.reason == "まちがえた")
        #expect(throws: ApprovalTable.Refusal.over("佐藤")) { try table.giveBack("1", by: person("高橋", .chief), reason: "r", now: start) }
        #expect(table.tick(start + 9999).moved.isEmpty)
    }

    @Test("No more wait than the bound says, and what is decided is forgotten, the oldest first")
    func bounds() throws {
        var table = ApprovalTable()
        for number in 0..<ApprovalTable.mostWaiting { try table.submit(act("\(number)", by: "p\(number % 2)")) }
        // One person fills no more than half of it.
        var other = ApprovalTable()
        #expect(throws: ApprovalTable.Refusal.full) { for more in 0..<60 { try other.submit(act("x\(more)", by: "loud")) } }
        try other.submit(act("quiet", by: "quiet"))
        #expect(throws: ApprovalTable.Refusal.full) { try table.submit(act("more")) }
        // A change of people stands in no order's way, and a newer one takes the older one's place.
        for number in 0..<200 {
            var keys = act("k\(number)")
            keys.order = .safeKeys(["\(number)"])
            try table.submit(keys)
        }
        #expect(table.waiting.count { $0.order.isSaid == false } == 1)
        for number in 0..<ApprovalTable.mostWaiting { table.approved("\(number)", by: "x", now: start) }
        for number in 0..<ApprovalTable.kept {
            try table.submit(act("n\(number)"))
            table.approved("n\(number)", by: "x", now: start)
        }
        #expect(table.acts.count <= ApprovalTable.kept + 60)
        // What is forgotten is to be forgotten beside the record too.
        #expect(Set(table.takeForgotten()).isDisjoint(with: table.acts.keys) && table.takeForgotten().isEmpty)
    }

    @Test("One town's waiting and decided acts never stand in another's way")
    func towns() throws {
        var table = ApprovalTable()
        var other = act("other")
        other.town = "042021"
        for number in 0..<ApprovalTable.mostWaiting { try table.submit(act("\(number)", by: "p\(number % 4)")) }
        try table.submit(other)
        table.approved("other", by: "x", now: start)
        for number in 0..<ApprovalTable.mostWaiting { table.approved("\(number)", by: "x", now: start) }
        for number in 0..<ApprovalTable.kept * 2 {
            try table.submit(act("n\(number)"))
            table.approved("n\(number)", by: "x", now: start)
        }
        #expect(table.acts["other"] != nil)
    }

    @Test("What nobody said yes to for an hour is true no more: it is given back, and no yes sends it; a change of people keeps for a week")
    func lapsed() throws {
        var table = ApprovalTable()
        try table.submit(act())
        var people = act("p")
        people.order = .confirm(account: "鈴木")
        people.act = .people
        try table.submit(people)
        for minute in stride(from: 2, to: 60, by: 2) { #expect(table.tick(start + Double(minute) * 60).lapsed.isEmpty) }
        #expect(table.tick(start + 3600).lapsed.map(\.id) == ["1"])
        #expect(refusal(table, person("高橋", .chief)) == .over(""))
        #expect(table.tick(start + 7 * 86400).lapsed.map(\.id) == ["p"])
    }

    @Test("Two that share a hand are one person: who made an account, a token or the safe's keys, and whoever came in by them", arguments: [
        (["account:佐藤"], [], true), ([], ["account:高橋"], true), (["account:課長"], ["account:課長"], true), (["safe:042056:x"], ["safe:042056:x"], true),
        // Whoever keeps the settings makes everybody's account.
        (["keeper:5e7"], ["keeper:5e7"], false), (["5e7"], ["5e7"], true), (["account:課長"], ["account:ほか"], false), ([], [], false),
    ])
    func hands(_ approver: [String], _ submitter: [String], _ isOne: Bool) throws {
        var table = ApprovalTable()
        var sender = person("佐藤", .duty)
        sender.hands = Set(submitter)
        try table.submit(WaitingAct(
            id: "1", town: town, act: .order, title: "避難指示", order: .push([]), by: sender, alert: AlertID("a1"), submitted: start, patience: 120,
            isTimed: false))
        var chief = person("高橋", .chief)
        chief.hands = Set(approver)
        #expect((refusal(table, chief) == .own) == isOne)
    }

    @Test("Whom a change of people is about does not say yes to it, and who may change people does")
    func about() throws {
        var table = ApprovalTable()
        try table.submit(WaitingAct(
            id: "1", town: town, act: .people, title: "役割", order: .roles(account: "高橋", []), by: person("佐藤", .chief), alert: AlertID("a1"),
            submitted: start, patience: 3600, isTimed: false))
        #expect(refusal(table, person("高橋", .chief)) == .own)
        #expect(refusal(table, person("管理", .admin)) == nil)
        #expect(refusal(table, person("当直", .duty)) == .notAllowed(.chief))
    }

    @Test("By a key from the safe it goes out, and a person with a name looks at it afterwards")
    func safe() throws {
        var table = ApprovalTable()
        try table.submit(act())
        let safe = Operator(name: "鍵", kind: .safe, credential: "safe:042056:鍵", grants: [.init(towns: [town], rights: Role.chief.rights)])
        #expect(refusal(table, safe) == nil)
        #expect(table.approved("1", by: "鍵", isSafe: true, now: start)?.state == .review)
        #expect(refusal(table, safe) == .notAllowed(.chief) || refusal(table, safe) == .own)
        #expect(refusal(table, person("高橋", .chief)) == nil)
        #expect(table.approved("1", by: "高橋", now: start)?.state == .reviewed)
    }

    @Test("The same order submitted before: what waits is it, what was given back is another, what went out meanwhile is not sent again")
    func twins() throws {
        var table = ApprovalTable()
        var keyed = act()
        keyed.key = "k"
        try table.submit(keyed)
        let sender = person("佐藤", .duty)
        func twin(_ key: String?, _ person: Operator) -> String {
            switch table.twin(under: key, of: .push([]), town, by: person) {
            case .none: "none"
            case .waits: "waits"
            case .returned: "returned"
            case .sent: "sent"
            }
        }
        #expect(twin("k", sender) == "waits" && twin(nil, sender) == "waits" && twin(nil, person("鈴木", .duty)) == "none")
        table.approved("1", by: "高橋", now: start)
        #expect(twin("k", sender) == "sent" && twin(nil, sender) == "none")
        var other = act("2")
        other.key = "l"
        try table.submit(other)
        _ = try table.giveBack("2", by: sender, reason: "r", now: start)
        #expect(twin("l", sender) == "returned")
    }
}
