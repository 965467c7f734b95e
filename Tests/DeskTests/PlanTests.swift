import AlertModel
import ChannelKit
import Foundation
import Synchronization
import Testing

@testable import Desk

@Suite("Plans and what they take for granted")
struct PlanTests {
    private let town = TownID("042056")!
    private let gone = Break(by: "佐藤", at: Date(timeIntervalSince1970: 1_800_000_000), reason: "浸水")

    private func plan(_ id: String, _ assumes: [String], _ otherwise: String? = nil) -> Plan { Plan(id: id, name: id, assumes: assumes, otherwise: otherwise) }

    private func plans() throws -> TownPlans {
        try TownPlans(
            assumptions: ["hall", "staff", "line"].map { Assumption(id: $0, name: $0) },
            plans: [plan("1", ["hall", "staff"], "2"), plan("2", ["staff"], "3"), plan("3", ["line"]), plan("other", [])])
    }

    @Test("What is broken is named, and the nearest plan that still stands is offered", arguments: [
        ([], nil), (["hall"], "2"), (["staff"], "3"), (["hall", "staff"], "3"), (["hall", "staff", "line"], nil), (["line"], nil),
    ] as [([String], String?)])
    func instead(_ broken: [String], _ instead: String?) throws {
        let own = try plans()
        let breaks = Dictionary(uniqueKeysWithValues: broken.map { ($0, gone) })
        let first = try #require(own.plan("1"))
        #expect(own.instead(of: first, breaks)?.id == instead)
        #expect(own.broken(first, breaks).map(\.id) == ["hall", "staff"].filter(broken.contains))
    }

    @Test("What cannot be meant is refused: a circle, a name that is nowhere, one that stands twice")
    func faults() {
        func fault(_ plans: [Plan]) -> TownPlans.Fault? {
            do throws(TownPlans.Fault) { _ = try TownPlans(assumptions: [Assumption(id: "hall", name: "h")], plans: plans) } catch { return error }
            return nil
        }
        #expect(fault([plan("a", [], "b"), plan("b", [], "a")]) == .circle(plan: "a"))
        #expect(fault([plan("a", [], "a")]) == .circle(plan: "a"))
        #expect(fault([plan("a", [], "x")]) == .noPlan("x", plan: "a"))
        #expect(fault([plan("a", ["y"])]) == .noAssumption("y", plan: "a"))
        #expect(fault([plan("a", []), plan("a", [])]) == .twice("a"))
    }

    @Test("What is broken stays so over a restart, in its town alone, until somebody says that it is so again")
    func book() throws {
        let paper = Paper()
        let own = try plans()
        let other = TownID("042021")!
        let book = PlanBook([town: own, other: own], notebook: paper)
        #expect(book.set("hall", gone, of: town)?.name == "hall" && book.set("nothing", gone, of: town) == nil)
        for each in [book, PlanBook([town: own, other: own], notebook: paper)] { #expect(each.breaks(of: town) == ["hall": gone] && each.breaks(of: other).isEmpty) }
        _ = book.set("hall", nil, of: town)
        #expect(PlanBook([town: own], notebook: paper).breaks(of: town).isEmpty)
    }
}
