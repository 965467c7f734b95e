import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Targeting

@Suite("Who hears an alert of the town, and what the channels object")
struct OwnAlertTests {
    static func order(_ level: EvacuationOrder.Level, isLifted: Bool = false) -> Detail {
        .evacuation(EvacuationOrder(level: level, hazard: "洪水", districts: ["鹿折"], isLifted: isLifted))
    }

    @Test("An evacuation order goes to every far end of the town, at the pace of its level", arguments: [
        (EvacuationOrder.Level.emergency, Priority.immediate), (.order, .urgent), (.elderly, .urgent),
    ])
    func evacuation(level: EvacuationOrder.Level, priority: Priority) {
        let content = alert(.evacuation, type: "operator", detail: Self.order(level), town: Kesennuma.id)
        let decisions = RoutingTable().decide(
            content, for: Kesennuma.town(), channels: Kesennuma.channels, mode: .actual)
        #expect(decisions.flatMap(\.endpoints).sorted() == ["gateway", "karakuwa", "shishiori", "station"])
        #expect(decisions.allSatisfy { $0.verdict == .send(priority) })
    }

    @Test("A town hears only its own operator")
    func otherTown() throws {
        let other = try #require(TownID("011002"))
        for message in [MessageType.alert, .cancel] {
            let content = alert(.evacuation, message: message, detail: Self.order(.order), town: other)
            #expect(try judged(content).reason == .otherTown)
        }
    }

    @Test("Shelters, headquarters and notices are no subject of area mail", arguments: [
        (AlertKind.shelter, Detail.shelter(ShelterNotice(shelter: "1", name: "小学校", state: .open)), Priority.routine),
        (.headquarters, .headquarters(Headquarters(state: .open)), .routine),
        (.notice, .notice(Notice(title: "題", body: "文")), .background),
    ])
    func subjects(kind: AlertKind, detail: Detail, priority: Priority) throws {
        let content = alert(kind, type: "operator", detail: detail, town: Kesennuma.id)
        #expect(try judged(content, on: "area-mail").reason == .notPermittedSubject)
        #expect(try judged(content).verdict == .send(priority))
    }

    @Test("Area mail takes nothing routine, but does take the end of a warning")
    func slightness() throws {
        let ripple = alert(.tsunami, [statement(.jmaTsunami, "220", "71")])
        #expect(try judged(ripple, on: "area-mail").reason == .tooSlightForChannel(.routine))
        let lifted = alert(.tsunami, [statement(.jmaTsunami, "220", "50")])
        #expect(try judged(lifted, on: "area-mail").verdict == .send(.routine))
        let order = alert(.evacuation, detail: Self.order(.order, isLifted: true), town: Kesennuma.id)
        #expect(try judged(order, on: "area-mail").reason == .lifted("洪水", area: "気仙沼市"))
    }

    @Test("What a role takes binds every channel of it, whatever its name, until the town says something of that name")
    func roles() throws {
        let sirens = ChannelManifest(
            name: "sirens", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 2, reservedForImmediate: 1,
            attemptLimit: .seconds(1))
        var town = Kesennuma.town()
        town.endpoints = [Endpoint(id: "hill", channel: "sirens", name: "丘")]
        let ripple = alert(.tsunami, [statement(.jmaTsunami, "220", "71")])
        #expect(RoutingTable().decide(ripple, for: town, channels: [sirens], mode: .actual).first?.reason == .tooSlightForChannel(.routine))
        let own = RoutingTable(overrides: [town.id: .init(channels: ["sirens": .init()])])
        #expect(own.decide(ripple, for: town, channels: [sirens], mode: .actual).first?.verdict == .send(.routine))
    }

    @Test("Every code of JMA goes at the pace of what it means")
    func paces() {
        typealias Course = RoutingRules.Course
        let weather: [Course: Set<Int>] = [
            .lifted: [0], .urgent: [32, 33, 35, 36, 37, 38, 39, 43, 48, 49], .routine: Set(2...9),
            .background: Set(10...27).subtracting([11]).union([29]),
        ]
        let tsunami: [Course: Set<Int>] = [.lifted: [0, 50, 60, 72, 73], .urgent: [51, 62], .immediate: [52, 53], .routine: [71]]
        let flood: [Course: Set<Int>] = [.lifted: [10], .routine: Set(20...29), .urgent: Set(30...59)]
        let volcano: [Course: Set<Int>] = [
            .lifted: [4, 32], .immediate: [15, 25, 41, 46], .urgent: [1, 14, 24, 47], .background: [5, 11, 21, 33, 35, 45, 55, 65],
            .routine: [2, 3, 12, 13, 22, 23, 31, 36, 42, 43, 44, 48, 49, 51, 52, 53, 54, 56, 61, 62, 63, 64],
        ]
        for (kind, wanted) in [(AlertKind.weather, weather), (.tsunami, tsunami), (.flood, flood), (.volcano, volcano)] {
            let said = Dictionary(grouping: 0...99) { RoutingRules.standard.codes[kind.rawValue]?["\($0)"] }
            for course in [Course.immediate, .urgent, .routine, .background, .lifted] {
                #expect(Set(said[course] ?? []) == wanted[course] ?? [], "\(kind) \(course)")
            }
        }
    }

    @Test("A name without a code weighs what it means", arguments: [
        ("大津波警報", RoutingRules.Course.urgent), ("津波警報", .urgent), ("土砂災害警戒情報", .urgent), ("レベル４氾濫危険警報", .urgent), ("大雨特別警報", .urgent),
        ("氾濫警戒情報", .routine), ("暴風警報", .routine), ("雷注意報", .background), ("大雨警報解除", .lifted), ("ミサイル発射", .immediate),
    ])
    func named(name: String, course: RoutingRules.Course) { #expect(RoutingRules.course(named: name) == course) }

    @Test("A drill goes to no far end that takes none")
    func drillSide() throws {
        let content = alert(.evacuation, detail: Self.order(.order), town: Kesennuma.id)
        #expect(try judged(content, on: "area-mail", mode: .exercise).reason == .noSide(.exercise))
        #expect(try judged(content, mode: .exercise).verdict == .send(.urgent))
    }

    @Test("Far ends of one channel that differ get decisions of their own")
    func split() {
        let town = Kesennuma.town([
            Endpoint(id: "a", channel: "school-tablet", name: ""),
            Endpoint(id: "b", channel: "school-tablet", name: "", actual: nil),
            Endpoint(id: "c", channel: "school-tablet", name: ""),
        ])
        let content = alert(.eew, [statement(.jmaSeismic, "220", "31")])
        let decisions = RoutingTable().decide(content, for: town, channels: Kesennuma.channels, mode: .actual)
        #expect(decisions.map(\.endpoints) == [["a", "c"], ["b"]])
        #expect(decisions.map(\.reason.code) == ["earthquake-warning", "no-far-end-for-mode"])
    }

    @Test("A cancel follows its event though it names no area", arguments: [
        (AlertKind.eew, Priority.immediate), (.tsunami, .immediate), (.weather, .urgent), (.typhoon, .routine),
    ])
    func cancel(kind: AlertKind, priority: Priority) throws {
        let decision = try judged(alert(kind, message: .cancel))
        #expect(decision.verdict == .send(priority))
        #expect(decision.reason == .cancelFollowsEvent)
    }

    @Test("Acknowledgements and errors are for nobody", arguments: [MessageType.ack, .error])
    func notForPeople(message: MessageType) throws {
        #expect(try judged(alert(.eew, [statement(.jmaSeismic, "220", "31")], message: message)).reason == .notForPeople)
    }

    @Test("Overrides are read from settings and laid over the standard")
    func overrides() throws {
        let json = #"{"earthquake_from":"4","codes":{"weather":{"014":"skip"}},"channels":{"area-mail":{"kinds":["evacuation"]}}}"#
        let change = try JSONDecoder().decode(RoutingRules.Override.self, from: Data(json.utf8))
        #expect(try judged(alert(.earthquake, [statement(.jmaSeismic, "220", value: "3")]), rules: change).verdict == .skip)
        let thunder = alert(.weather, [statement(.jmaCity, "0420500", "14", "雷注意報")])
        #expect(try judged(thunder, rules: change).reason == .belowThreshold("雷注意報"))
        let tsunami = alert(.tsunami, [statement(.jmaTsunami, "220", "52")])
        #expect(try judged(tsunami, rules: change, on: "area-mail").reason == .notPermittedSubject)
        #expect(try judged(tsunami, rules: change).verdict == .send(.immediate))
    }
}
