import AlertModel
import FoundationEssentials

@testable import CAPFeed

/// An invented evacuation order of the demonstration kind, and the words for it.
enum FeedSamples {
    static let town = Town(id: TownID("042056")!, name: "気仙沼市", romanName: "Kesennuma City", areas: [:])
    /// 2026-04-01T09:00:00+09:00.
    static let sent = Date(timeIntervalSince1970: 1_775_001_600)

    static func issuer() throws -> CAPIssuer {
        try CAPIssuer(
            sender: "kikikanri@city.mihon.example.jp", senderName: "気仙沼市 危機管理課",
            web: "https://www.city.mihon.example.jp/")
    }

    static func order(_ message: MessageType = .alert, level: EvacuationOrder.Level = .order) -> AlertContent {
        AlertContent(
            id: AlertID("op/042056/2026-0001 a,b/1"), event: EventID("op/042056/2026-0001"), kind: .evacuation,
            message: message, revision: Revision(series: "operator", serial: 1, sent: sent), type: "operator",
            title: "避難指示", headline: "警戒レベル4 避難指示", sender: "042056", sent: sent,
            expires: sent.addingTimeInterval(6 * 3600),
            areas: [
                AreaStatement(scheme: .polygon, code: "38.9,141.5 38.9,141.6 39.0,141.6 38.9,141.5"),
                AreaStatement(scheme: .jmaTsunami, code: "220", name: "宮城県"),
            ],
            detail: .evacuation(EvacuationOrder(level: level, hazard: "津波", districts: ["鹿折地区", "松岩地区"])),
            town: town.id)
    }

    static let texts = [
        CAPText(language: .japanese, headline: "警戒レベル4 避難指示", description: "<津波> のおそれ & 避難\r\n開始", instruction: "高台へ"),
        CAPText(language: .easyJapanese, headline: "にげてください", description: "つなみが きます"),
        CAPText(
            language: .english, event: "Evacuation order", headline: "Evacuate now", description: "A tsunami may come."),
    ]

    static let reference = CAPReference(
        sender: "kikikanri@city.mihon.example.jp", id: AlertID("op/042056/2026-0001/0"),
        sent: sent.addingTimeInterval(-600))
}
