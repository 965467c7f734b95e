/// The town of the demonstration and two neighbours, and alerts as the readers hand them over.
import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Targeting

enum Kesennuma {
    static let id = TownID("042056") ?? TownID("011002")!

    static func town(
        _ endpoints: [Endpoint] = everyEnd, areas: [AreaScheme: Set<String>] = areas, outline: [[Coordinate]] = []
    ) -> Town {
        Town(id: id, name: "気仙沼市", romanName: "Kesennuma City", areas: areas, endpoints: endpoints, outline: outline)
    }

    /// JMA's tables of 2026-07; 津波予報区 by hand, as no table has it.
    static let areas: [AreaScheme: Set<String>] = [
        .jmaSeismic: ["220"], .jmaEEW: ["9040", "9920"], .jmaTsunami: ["220"], .jmaCity: ["0420500"],
        .jmaForecast: ["040014", "040010", "040000"],
    ]

    static let everyEnd = [
        Endpoint(id: "gateway", channel: "area-mail", name: "緊急速報メール", exercise: nil),
        Endpoint(id: "station", channel: "wifi-portal", name: "駅前"),
        Endpoint(id: "shishiori", channel: "school-tablet", name: "鹿折小学校", district: "鹿折"),
        Endpoint(id: "karakuwa", channel: "school-tablet", name: "唐桑中学校", district: "唐桑"),
    ]

    static let channels = [
        ChannelManifest(
            name: "area-mail", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 200,
            languages: [.japanese], concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(10),
            hearsEarthquakeWarningsElsewhere: true),
        ChannelManifest(
            name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, concurrency: 8,
            reservedForImmediate: 2, attemptLimit: .seconds(5)),
        ChannelManifest(
            name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, concurrency: 8,
            reservedForImmediate: 2, attemptLimit: .seconds(5)),
    ]
}

func statement(
    _ scheme: AreaScheme, _ code: String, _ kindCode: String? = nil, _ kindName: String? = nil, status: String? = nil,
    value: String? = nil
) -> AreaStatement {
    AreaStatement(
        scheme: scheme, code: code, name: "宮城県", kindCode: kindCode, kindName: kindName, status: status, value: value)
}

func alert(
    _ kind: AlertKind, _ areas: [AreaStatement] = [], message: MessageType = .alert, type: String = "VXSE45",
    detail: Detail = .none, town: TownID? = nil
) -> AlertContent {
    let sent = Date(timeIntervalSince1970: 1_299_822_408)
    return AlertContent(
        id: AlertID("a"), event: EventID("jma/e"), kind: kind, message: message,
        revision: Revision(series: type, serial: 1, sent: sent), type: type, title: "題", sender: "気象庁", sent: sent,
        expires: sent.addingTimeInterval(3600), areas: areas, detail: detail, town: town)
}

/// The town's own verdict and reason, seen on a channel that takes everything.
func judged(
    _ content: AlertContent, _ town: Town = Kesennuma.town(), rules: RoutingRules.Override = .init(),
    on channel: String = "wifi-portal", mode: ModeName = .actual
) throws -> Decision {
    let table = RoutingTable(overrides: [town.id: rules])
    let decisions = table.decide(content, for: town, channels: Kesennuma.channels, mode: mode)
    return try #require(decisions.first { $0.channel == channel })
}
