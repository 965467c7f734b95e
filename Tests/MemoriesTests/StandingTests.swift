import AlertModel
import Foundation
@testable import Memories
import Testing

/// A town hall with its clock in the hand: pushes, lifts, takes back.
struct TownHall {
    static let districts = ["中央地区", "渡波地区", "大島地区"]
    var standing = Standing()
    var recorded: [AlertID: AlertContent] = [:]
    var now = Date(timeIntervalSince1970: 1_795_000_000)
    private var number = 0

    mutating func id() -> AlertID {
        number += 1
        now += 60
        return AlertID("a\(number)")
    }

    func content(_ id: AlertID, _ detail: Detail, _ kind: AlertKind, expires: TimeInterval = 72 * 3600) throws -> AlertContent {
        AlertContent(
            id: id, event: EventID("op/042056/\(id)"), kind: kind, message: .alert,
            revision: Revision(series: "operator", serial: nil, sent: now), type: "operator", title: "t", sender: "気仙沼市",
            sent: now, expires: now.addingTimeInterval(expires), detail: detail, town: TownID("042056"))
    }

    /// Sends it, as the hub does.
    @discardableResult
    mutating func order(
        _ level: Int, _ districts: [String], _ hazard: String = "洪水", lifted: Bool = false, by person: String = "当直",
        basedOn: Int? = nil, event: EventID? = nil, expires: TimeInterval = 72 * 3600
    ) throws -> AlertContent {
        let order = EvacuationOrder(
            level: try #require(EvacuationOrder.Level(rawValue: level)), hazard: hazard, districts: districts, isLifted: lifted)
        let wish = Standing.Wish(
            try content(id(), .evacuation(order), .evacuation, expires: expires), event: event, by: person, basedOn: basedOn,
            districts: Self.districts)
        return try send(try standing.propose(wish))
    }

    @discardableResult
    mutating func lift(_ districts: [String] = [], _ hazard: String = "洪水", by person: String = "当直", basedOn: Int? = nil) throws -> AlertContent {
        try order(4, districts, hazard, lifted: true, by: person, basedOn: basedOn)
    }

    @discardableResult
    mutating func takeBack(_ alert: AlertContent, by person: String = "当直", basedOn: Int? = nil) throws -> AlertContent {
        let id = id()
        return try send(try standing.takeBack(
            alert, as: id, by: person, basedOn: basedOn, districts: Self.districts, now: now))
    }

    @discardableResult
    mutating func shelter(_ state: ShelterNotice.State, _ shelter: String = "s1") throws -> AlertContent {
        let notice = ShelterNotice(shelter: shelter, name: "小学校", state: state)
        var content = try content(id(), .shelter(notice), .shelter)
        content.event = EventID("op/042056/shelter/\(shelter)")
        return try send(try standing.propose(Standing.Wish(content, by: "当直")))
    }

    mutating func send(_ content: AlertContent) throws -> AlertContent {
        standing.take(content)
        recorded[content.id] = content
        return content
    }

    /// `中央地区 4, 渡波地区 3`, of one hazard.
    func table(_ hazard: String = "洪水") -> [String: Int] {
        Dictionary(standing.orders(hazard: hazard).map { ($0.subject.district ?? "", $0.state.level ?? 0) }) { $1 }
    }
}

@Suite("Who is under which level now") struct StandingTests {
    @Test("Lifting one of two districts leaves the other's order standing, and says so")
    func partLift() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区", "渡波地区"])
        let lift = try hall.lift(["渡波地区"])
        #expect(hall.table() == ["中央地区": 4])
        #expect(lift.event == order.event && lift.message == .update && lift.act?.change == .partLifted)
        #expect(lift.act?.standing(of: "洪水").compactMap(\.subject.district) == ["中央地区"])
        #expect(lift.act?.districts == ["渡波地区"])
    }

    @Test("A lift without districts lifts all of the hazard, and none of another")
    func wholeLift() throws {
        var hall = TownHall()
        try hall.order(4, ["中央地区", "渡波地区"])
        try hall.order(4, ["中央地区"], "土砂災害")
        let lift = try hall.lift()
        #expect(hall.table().isEmpty && hall.table("土砂災害") == ["中央地区": 4])
        #expect(lift.act?.change == .lifted && lift.message == .update)
    }

    @Test("A lift taken back leaves the order in force as it was")
    func undoLift() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区"])
        let before = hall.standing.rows
        let lift = try hall.lift()
        let undone = try hall.takeBack(lift)
        #expect(hall.standing.rows == before)
        #expect(undone.message == .update && undone.act?.change == .restored && undone.event == order.event)
        #expect(undone.revision.isNewer(than: lift.revision))
        if case .evacuation(let detail) = undone.detail { #expect(!detail.isLifted && detail.level == .order) }
    }

    @Test("An order wrongly raised from 3 to 4 leaves 3 in force")
    func undoRaise() throws {
        var hall = TownHall()
        let first = try hall.order(3, ["中央地区"])
        let raise = try hall.order(4, ["中央地区"], by: "課長")
        #expect(raise.act?.change == .raised && raise.event == first.event)
        let undone = try hall.takeBack(raise)
        #expect(hall.table() == ["中央地区": 3])
        #expect(undone.message == .update && undone.act?.change == .takenBack)
        if case .evacuation(let detail) = undone.detail { #expect(detail.level == .elderly) }
        // What stands again is the first order's: it can be taken back in turn, and nothing is left.
        let last = try hall.takeBack(first)
        #expect(hall.table().isEmpty && last.message == .cancel && last.revision.isNewer(than: undone.revision))
    }

    @Test("Taking back twice is refused, with who did it when")
    func twice() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区"])
        let undone = try hall.takeBack(order, by: "課長")
        let error = #expect(throws: StandingRefusal.self) { try hall.takeBack(order) }
        guard case .takenBackAlready(let done) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(done.id == undone.id && done.by == "課長")
    }

    @Test("A take-back can be taken back: the order stands again")
    func undoOfUndo() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区"])
        let undone = try hall.takeBack(order)
        #expect(undone.message == .cancel)
        let again = try hall.takeBack(undone)
        #expect(hall.table() == ["中央地区": 4] && again.message == .update && again.act?.change == .restored)
    }

    @Test("Where a later act touched the same district, taking back is refused and says which")
    func overtaken() throws {
        var hall = TownHall()
        let low = try hall.order(3, ["中央地区"])
        let high = try hall.order(4, ["中央地区", "大島地区"], by: "課長")
        let error = #expect(throws: StandingRefusal.self) { try hall.takeBack(low) }
        guard case .overtaken(_, let by, let subject) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(by.id == high.id && by.by == "課長" && subject.district == "中央地区")
        #expect(hall.table() == ["中央地区": 4, "大島地区": 4])
    }

    @Test("An act on another state than the one it names is refused")
    func basedOn() throws {
        var hall = TownHall()
        try hall.order(3, ["中央地区"])
        let seen = hall.standing.version
        try hall.shelter(.open)
        let error = #expect(throws: StandingRefusal.self) { try hall.order(4, ["中央地区"], basedOn: seen) }
        guard case .moved(let done?) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(done.kind == .shelter)
        try hall.order(4, ["中央地区"], basedOn: hall.standing.version)
    }

    @Test("A notice cannot go on with an order, nor a flood's order with a landslide's")
    func kinds() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区"])
        let notice = try hall.content(hall.id(), .notice(Notice(title: "給水", body: "本文")), .notice)
        #expect(throws: StandingRefusal.self) {
            try hall.standing.propose(Standing.Wish(notice, event: order.event, by: "当直"))
        }
        #expect(throws: StandingRefusal.self) { try hall.order(4, ["中央地区"], "土砂災害", event: order.event) }
        #expect(hall.table() == ["中央地区": 4])
    }

    @Test("The whole town is all of its districts; lifting one of them leaves the rest")
    func wholeTown() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["市内全域"])
        #expect(hall.table() == ["中央地区": 4, "渡波地区": 4, "大島地区": 4])
        if case .evacuation(let detail) = order.detail { #expect(detail.districts == ["市内全域"]) }
        try hall.lift(["大島地区"])
        #expect(hall.table() == ["中央地区": 4, "渡波地区": 4])
    }

    @Test("What is not under an order cannot be lifted")
    func nothingToLift() throws {
        var hall = TownHall()
        #expect(throws: StandingRefusal.self) { try hall.lift() }
        try hall.order(4, ["中央地区"])
        #expect(throws: StandingRefusal.self) { try hall.lift(["大島地区"]) }
        #expect(throws: StandingRefusal.self) { try hall.lift(["中央地区", "大島地区"]) }
    }

    @Test("Of two hazards in one district neither hides the other, and the gravest leads")
    func twoHazards() throws {
        var hall = TownHall()
        try hall.order(3, ["中央地区"])
        let second = try hall.order(4, ["中央地区"], "土砂災害")
        #expect(second.act?.standing.map { $0.subject.hazard ?? "" } == ["土砂災害", "洪水"])
        #expect(hall.standing.orders().compactMap(\.state.level) == [4, 3])
    }

    @Test("A clock that steps back makes the next act no older")
    func clock() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区"])
        hall.now -= 86_400
        let undone = try hall.takeBack(order)
        #expect(undone.revision.isNewer(than: order.revision) && undone.sent > order.sent)
    }

    @Test("What runs out is told as that, and is no lift")
    func runsOut() throws {
        var hall = TownHall()
        let order = try hall.order(4, ["中央地区", "大島地区"], expires: 3600)
        #expect(hall.standing.ranOut(by: hall.now).isEmpty)
        hall.now += 3600
        let rows = try #require(hall.standing.ranOut(by: hall.now).first)
        let end = hall.standing.runOut(rows, of: order, as: hall.id(), districts: TownHall.districts, now: hall.now)
        #expect(end.act?.change == .ranOut && end.message == .update && end.event == order.event)
        if case .evacuation(let detail) = end.detail { #expect(!detail.isLifted) }
        hall.standing.take(end)
        #expect(hall.table().isEmpty && hall.standing.ranOut(by: hall.now).isEmpty)
    }

    @Test("A shelter closed by mistake is open again; one opened by mistake was never")
    func shelters() throws {
        var hall = TownHall()
        let open = try hall.shelter(.open)
        let closed = try hall.shelter(.closed)
        #expect(hall.standing.shelters.isEmpty)
        let undone = try hall.takeBack(closed)
        #expect(undone.message == .update && hall.standing.shelters.count == 1)
        if case .shelter(let notice) = undone.detail { #expect(notice.state == .open) }
        let last = try hall.takeBack(open)
        #expect(last.message == .cancel && hall.standing.shelters.isEmpty)
    }

    @Test("The ledger's form brings the table back whole")
    func form() throws {
        var hall = TownHall()
        try hall.order(4, ["中央地区", "渡波地区"])
        try hall.lift(["渡波地区"])
        try hall.shelter(.full)
        let octets = try JSONEncoder().encode(hall.standing)
        #expect(try JSONDecoder().decode(Standing.self, from: octets) == hall.standing)
    }
}
