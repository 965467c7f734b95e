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

    private func act(_ id: String = "1", isTimed: Bool = false) -> WaitingAct {
        WaitingAct(
            id: id, town: town, act: .order, title: "避難指示", order: .push([]), by: person("佐藤", .duty), alert: AlertID("a\(id)"),
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
        for hour in 1..<48 {
            let turn = table.tick(start + Double(hour) * 3600)
            #expect(turn.due.isEmpty && turn.moved.isEmpty)
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
        #expect(table.tick(start + 3600).due.isEmpty)
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
        for number in 0..<ApprovalTable.mostWaiting { try table.submit(act("\(number)")) }
        #expect(throws: ApprovalTable.Refusal.full) { try table.submit(act("more")) }
        for number in 0..<ApprovalTable.mostWaiting { table.approved("\(number)", by: "x", now: start) }
        for number in 0..<ApprovalTable.kept {
            try table.submit(act("n\(number)"))
            table.approved("n\(number)", by: "x", now: start)
        }
        #expect(table.acts.count <= ApprovalTable.kept + 1)
    }
}
