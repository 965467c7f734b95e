/// What must hold for any alert whatever: random areas, codes and words against random towns.
import AlertModel
import Chance
import ChannelKit
import Testing

@testable import Targeting

@Suite("What holds for every alert")
struct RoutingPropertyTests {
    static let codes = ["220", "221", "9040", "9920", "0420500", "040014", "040000", "042056", "", "０", "NaN", "38,141"]
    static let kinds = ["31", "00", "52", "3", "03", "51", "zz", ""]
    static let values = ["5-", "7", "", "不明", "NaN", "3", "１０", "5-5+"]

    static func randomStatement(_ dice: inout Dice) -> AreaStatement {
        statement(
            AreaScheme.allCases.randomElement(using: &dice) ?? .other, codes.randomElement(using: &dice) ?? "",
            Bool.random(using: &dice) ? kinds.randomElement(using: &dice) : nil,
            Bool.random(using: &dice) ? "大雨警報" : nil, status: Bool.random(using: &dice) ? "解除" : nil,
            value: Bool.random(using: &dice) ? values.randomElement(using: &dice) : nil)
    }

    static func randomAlert(_ dice: inout Dice) -> AlertContent {
        let areas = (0..<Int.random(in: 0...6, using: &dice)).map { _ in randomStatement(&dice) }
        return alert(
            AlertKind.allCases.randomElement(using: &dice) ?? .other, areas,
            message: MessageType.allCases.randomElement(using: &dice) ?? .alert,
            town: Int.random(in: 0..<4, using: &dice) == 0 ? Kesennuma.id : nil)
    }

    @Test("Every far end of every asked channel has exactly one decision")
    func complete() {
        var dice = Dice(seed: 1)
        for _ in 0..<2000 {
            let decisions = RoutingTable().decide(
                Self.randomAlert(&dice), for: Kesennuma.town(), channels: Kesennuma.channels,
                mode: Bool.random(using: &dice) ? .actual : .exercise)
            #expect(decisions.flatMap(\.endpoints).sorted() == Kesennuma.everyEnd.map(\.id).sorted())
        }
    }

    @Test("Nothing is sent to a town that is neither named nor the issuer, cancels apart")
    func neverEverywhere() {
        var dice = Dice(seed: 2)
        let elsewhere = Town(
            id: TownID("011002") ?? Kesennuma.id, name: "札幌市", romanName: "Sapporo City",
            areas: [.jmaSeismic: ["101"], .jmaCity: ["0110000"], .jmaForecast: ["016012"], .jmaEEW: ["9011"]],
            endpoints: Kesennuma.everyEnd)
        for _ in 0..<2000 {
            let content = Self.randomAlert(&dice)
            guard content.message != .cancel else { continue }
            let decisions = RoutingTable().decide(content, for: elsewhere, channels: Kesennuma.channels, mode: .actual)
            #expect(decisions.allSatisfy { $0.verdict == .skip }, "\(content)")
        }
    }

    @Test("A drill never reaches a far end without a drill side, a real alert never one without a real side")
    func sides() {
        var dice = Dice(seed: 3)
        let ends = [
            Endpoint(id: "real", channel: "wifi-portal", name: "", exercise: nil),
            Endpoint(id: "drill", channel: "wifi-portal", name: "", actual: nil),
        ]
        for _ in 0..<1000 {
            let content = Self.randomAlert(&dice)
            for (mode, allowed) in [(ModeName.actual, "real"), (.exercise, "drill")] {
                let sent = RoutingTable().decide(
                    content, for: Kesennuma.town(ends), channels: Kesennuma.channels, mode: mode
                ).filter { $0.verdict != .skip }.flatMap(\.endpoints)
                #expect(sent.allSatisfy { $0 == allowed })
            }
        }
    }

    @Test("Every reason has its own code and a sentence in both languages")
    func sentences() {
        var dice = Dice(seed: 4)
        for _ in 0..<2000 {
            for decision in RoutingTable().decide(
                Self.randomAlert(&dice), for: Kesennuma.town(), channels: Kesennuma.channels, mode: .actual)
            {
                #expect(decision.reason.english.hasSuffix("."))
                #expect(decision.reason.japanese.hasSuffix("。"))
                #expect(!decision.reason.code.isEmpty)
            }
        }
    }

    @Test("Many towns are decided as one by one")
    func sameForMany() {
        var dice = Dice(seed: 5)
        let towns = [Kesennuma.town(), Kesennuma.town([]), Kesennuma.town(areas: [.jmaSeismic: ["221"]])]
        for _ in 0..<500 {
            let content = Self.randomAlert(&dice)
            let together = RoutingTable().decide(content, towns: towns, channels: Kesennuma.channels, mode: .actual)
            let apart = towns.flatMap {
                RoutingTable().decide(content, for: $0, channels: Kesennuma.channels, mode: .actual)
            }
            #expect(together == apart)
        }
    }
}
