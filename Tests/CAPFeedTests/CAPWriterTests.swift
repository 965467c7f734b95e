import AlertModel
import FoundationEssentials
import Ingest
import Testing

@testable import CAPFeed

@Suite("Writing CAP")
struct CAPWriterTests {
    private func write(
        _ content: AlertContent, mode: ModeName = .actual, references: [CAPReference] = [],
        texts: [CAPText] = FeedSamples.texts
    ) throws -> [UInt8] {
        try CAPWriter.document(
            for: content, mode: mode, texts: texts, town: FeedSamples.town, issuer: try FeedSamples.issuer(),
            references: references)
    }

    @Test("What is written is read back as it was meant")
    func roundTrip() throws {
        let bulletin = try CAPReader.read(try write(FeedSamples.order()), trust: .nobody)
        #expect(bulletin.identifiers == ["op/042056/2026-0001%20a%2Cb/1"])
        #expect(bulletin.kind == .evacuation && bulletin.status == .actual && bulletin.message == .alert)
        #expect(bulletin.sent?.text == "2026-04-01T09:00:00+09:00")
        #expect(bulletin.expires?.text == "2026-04-01T15:00:00+09:00")
        #expect(bulletin.headline == "警戒レベル4 避難指示")
        #expect(bulletin.text == "<津波> のおそれ & 避難\r\n開始\n高台へ")
        #expect(bulletin.severity == "Severe" && bulletin.signature == Bulletin.Signature.none)
        #expect(
            bulletin.areas.map(\.scheme)
                == [.polygon, .localGovernment, .jmaTsunami, .polygon, .localGovernment].uniqued)
        #expect(bulletin.areas.first?.name == "気仙沼市 鹿折地区、松岩地区")
    }

    /// Codes of JMA's TsunamiWarning and WeatherWarning tables.
    @Test("Machines read the weight: a lift asks for nothing, an advisory is no warning, and another coast's warning is not ours", arguments: [
        (AlertKind.tsunami, "53", "Evacuate Immediate Extreme"), (.tsunami, "51", "Evacuate Immediate Severe"), (.tsunami, "62", "Avoid Immediate Moderate"),
        (.tsunami, "71", "Monitor Expected Minor"), (.tsunami, "50", "AllClear Past Minor"), (.tsunami, "60", "AllClear Past Minor"),
        (.flood, "51", "Evacuate Immediate Extreme"), (.flood, "20", "Prepare Expected Moderate"), (.flood, "10", "AllClear Past Minor"),
        (.landslide, "3", "Evacuate Immediate Severe"), (.landslide, "1", "AllClear Past Minor"), (.weather, "14", "Prepare Expected Moderate"), (.weather, "0", "AllClear Past Minor"),
    ])
    func weight(kind: AlertKind, code: String, words: String) throws {
        var town = FeedSamples.town
        town.areas[.jmaTsunami] = ["220"]
        let areas = [AreaStatement(scheme: .jmaTsunami, code: "220", name: "宮城県", kindCode: code), AreaStatement(scheme: .jmaTsunami, code: "210", name: "岩手県", kindCode: "53")]
        let content = AlertContent(
            id: AlertID("a"), event: EventID("e"), kind: kind, message: .alert, revision: Revision(series: "s", serial: 1, sent: FeedSamples.sent), type: "VTSE41",
            title: "津波", headline: "津波", sender: "気象庁", sent: FeedSamples.sent, expires: FeedSamples.sent.addingTimeInterval(3600), areas: areas)
        let weight = CAPWeight(content, in: town)
        #expect("\(weight.response ?? "-") \(weight.urgency) \(weight.severity)" == words)
    }

    @Test("A drill is an Exercise and says so first", arguments: [MessageType.alert, .update, .cancel])
    func drill(message: MessageType) throws {
        let references = message == .alert ? [] : [FeedSamples.reference]
        let octets = try write(FeedSamples.order(message), mode: .exercise, references: references)
        let bulletin = try CAPReader.read(octets)
        #expect(bulletin.status == .exercise && bulletin.message == message)
        #expect(bulletin.headline == "【訓練】警戒レベル4 避難指示")
        #expect(String(decoding: octets, as: UTF8.self).contains("[DRILL] Evacuate now"))
    }

    @Test("A drill's headline that has the word in a name is marked, in each language, and one that is marked is not marked twice")
    func names() throws {
        let texts = [
            CAPText(language: .japanese, headline: "職業訓練センターを開設", description: "開設"),
            CAPText(language: .english, headline: "Drill Hall is open", description: "Open."),
            CAPText(language: .easyJapanese, headline: "【訓練（くんれん）】あけました", description: "あけました", drillMark: "【訓練（くんれん）】"),
        ]
        let text = String(decoding: try write(FeedSamples.order(), mode: .exercise, texts: texts), as: UTF8.self)
        for headline in ["【訓練】職業訓練センターを開設", "[DRILL] Drill Hall is open", "【訓練（くんれん）】あけました"] {
            #expect(text.contains("<headline>\(headline)</headline>"), "\(text)")
        }
    }

    @Test("What replaces nothing known is told as a new alert; what does is an update or cancel with its reference", arguments: [MessageType.alert, .update, .cancel])
    func references(message: MessageType) throws {
        #expect(try CAPReader.read(write(FeedSamples.order(message))).message == .alert)
        #expect(try CAPReader.read(write(FeedSamples.order(message), references: [FeedSamples.reference])).message == (message == .cancel ? .cancel : .update))
        let bulletin = try CAPReader.read(try write(FeedSamples.order(message), references: [FeedSamples.reference]))
        #expect(
            bulletin.references == [
                .init(
                    sender: "kikikanri@city.mihon.example.jp", identifier: "op/042056/2026-0001/0",
                    sent: "2026-04-01T08:50:00+09:00")
            ])
    }

    @Test("A cancel after the expiry is still a legal alert")
    func lateCancel() throws {
        var content = FeedSamples.order(.cancel)
        content.expires = content.sent.addingTimeInterval(-3600)
        let bulletin = try CAPReader.read(try write(content, references: [FeedSamples.reference]))
        #expect(bulletin.expires == nil && bulletin.urgency == "Past")
    }

    @Test("Control characters are left out, a long headline is cut")
    func texts() throws {
        let text = CAPText(
            language: .japanese, headline: String(repeating: "あ", count: 300), description: "a\u{0}\u{8}\u{FFFE}b")
        let bulletin = try CAPReader.read(try write(FeedSamples.order(), texts: [text]))
        #expect(bulletin.headline?.count == 160)
        #expect(bulletin.text == "ab")
    }

    @Test("A sender nobody could refer to is refused", arguments: ["", "a b", "a,b", "a&b", "a<b"])
    func senders(sender: String) {
        #expect(throws: CAPWriterError.self) { try CAPIssuer(sender: sender, senderName: "x") }
    }

    @Test("Every kind, level and message is read back", arguments: AlertKind.allCases)
    func kinds(kind: AlertKind) throws {
        var content = FeedSamples.order()
        content.kind = kind
        for message in [MessageType.alert, .update, .cancel] {
            content.message = message
            for level in EvacuationOrder.Level.allCases {
                content.detail =
                    kind == .evacuation
                    ? .evacuation(
                        EvacuationOrder(level: level, hazard: "洪水", districts: ["市内全域"], isLifted: message == .update))
                    : .none
                _ = try CAPReader.read(
                    try write(content, mode: .exercise, references: message == .alert ? [] : [FeedSamples.reference]))
            }
        }
    }
}

extension Array where Element: Hashable {
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
