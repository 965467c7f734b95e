import AlertModel
import ChannelKit
import Foundation
@testable import Targeting
import Testing

@Suite("An order and far ends in districts") struct DistrictScopeTests {
    private let channel = ChannelManifest(
        name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, concurrency: 2, reservedForImmediate: 1,
        attemptLimit: .seconds(1))

    private func town() throws -> Town {
        func end(_ id: String, _ district: String?) -> Endpoint { Endpoint(id: id, channel: "school-tablet", name: id, district: district) }
        return Town(
            id: try #require(TownID("042056")), name: "気仙沼市", romanName: "Kesennuma City", areas: [:],
            districts: ["大島地区", "中央地区", "渡波地区"],
            endpoints: [end("oshima", "大島地区"), end("chuo", "中央地区"), end("watanoha", "渡波地区"), end("hall", nil)])
    }

    /// An act on 大島地区; 中央地区 has stood before.
    private func order(_ level: Int = 4, _ change: Change = .new, message: MessageType = .alert) throws -> AlertContent {
        func row(_ district: String, _ level: Int) -> Act.Row {
            Act.Row(
                subject: .evacuation(hazard: "洪水", district: district), state: .level(level), since: .distantPast, by: "当直", until: nil,
                event: EventID("e"), act: AlertID("a"))
        }
        let now = Date(timeIntervalSince1970: 1_795_000_000)
        let own = row("大島地区", level)
        let order = EvacuationOrder(level: try #require(.init(rawValue: level)), hazard: "洪水", districts: ["大島地区"])
        return AlertContent(
            id: AlertID("a"), event: EventID("e"), kind: .evacuation, message: message,
            revision: Revision(series: "operator", serial: 1, sent: now), type: "operator", title: "避難指示", sender: "気仙沼市",
            sent: now, expires: now.addingTimeInterval(3600), detail: .evacuation(order), town: TownID("042056"),
            act: Act(
                version: 1, by: "当直", change: change, steps: [Act.Step(subject: own.subject, before: nil, after: own)],
                standing: [own, row("中央地区", 3)]))
    }

    private func decisions(_ content: AlertContent, _ rules: RoutingRules.Override = .init()) throws -> [String: Decision] {
        let town = try town()
        let table = RoutingTable(overrides: [town.id: rules])
        let all = table.decide(content, for: town, channels: [channel], mode: .actual)
        return Dictionary(all.flatMap { decision in decision.endpoints.map { ($0, decision) } }) { $1 }
    }

    @Test("Its own district hears it whole; one where an order stands is not woken; the others hear one line")
    func scopes() throws {
        let made = try decisions(order())
        #expect(made["oshima"]?.vantage == .own(district: "大島地区") && made["oshima"]?.verdict == .send(.urgent) && made["oshima"]?.gravity == .danger)
        #expect(made["chuo"]?.vantage.isStanding == true && made["chuo"]?.verdict == .send(.routine) && made["chuo"]?.gravity == .warning)
        #expect(made["watanoha"]?.vantage == .elsewhere && made["watanoha"]?.verdict == .send(.routine))
        #expect(made["watanoha"]?.gravity == .information && made["watanoha"]?.reason == .otherDistrict("渡波地区"))
        // Of a far end of the whole town nothing is known that could spare it.
        #expect(made["hall"]?.vantage == .whole && made["hall"]?.verdict == .send(.urgent))
    }

    @Test("A town may have it that all hear all")
    func all() throws {
        let rules = RoutingRules.Override(channels: ["school-tablet": .init(districts: .all)])
        #expect(try decisions(order(), rules).values.allSatisfy { $0.vantage == .whole && $0.verdict == .send(.urgent) })
    }

    @Test("A cancel goes to everybody who was told, in whatever district")
    func cancel() throws {
        #expect(try decisions(order(4, .takenBack, message: .cancel)).values.allSatisfy { $0.vantage == .whole })
    }
}
