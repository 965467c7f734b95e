import AlertModel
import FoundationEssentials
import Testing

@testable import Ingest

/// An alert of an invented town, and the places where a test changes it.
struct SampleAlert {
    var identifier = "mihon-1"
    var status = "Actual"
    var message = "Alert"
    var afterScope = ""
    var language = "ja-JP"
    var category = "<category>Met</category>"
    var event = "避難指示"
    var times = "<effective>2026-04-01T09:00:00+09:00</effective><expires>2026-04-01T15:00:00+09:00</expires>"
    var texts = "<headline>警戒レベル4 避難指示</headline><description>中央地区に発令</description>"
    var area = "<areaDesc>中央地区</areaDesc><geocode><valueName>JISX0402</valueName><value>042056</value></geocode>"
    var moreInfos = ""
    var end = ""
    var root = #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">"#

    var octets: [UInt8] { Array(text.utf8) }
    var text: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        \(root)<identifier>\(identifier)</identifier><sender>bousai@mihon.example.jp</sender>\
        <sent>2026-04-01T09:00:00+09:00</sent><status>\(status)</status><msgType>\(message)</msgType>\
        <scope>Public</scope>\(afterScope)<info><language>\(language)</language>\(category)<event>\(event)</event>\
        <urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>\(times)\(texts)\
        <area>\(area)</area></info>\(moreInfos)\(end)</alert>
        """
    }
}

@Suite("Reading CAP")
struct CAPReaderTests {
    @Test("Z and a fraction of a second are certain in meaning: read, and remarked", arguments: [
        ("2026-04-01T06:00:00Z", "2026-04-01T15:00:00+09:00"), ("2026-04-01T15:00:00.000+09:00", "2026-04-01T15:00:00+09:00"),
        ("2026-04-01T06:00:00.5Z", "2026-04-01T15:00:00.5+09:00"),
    ])
    func oddTimes(written: String, meant: String) throws {
        var sample = SampleAlert()
        sample.times = "<expires>\(written)</expires>"
        let bulletin = try CAPReader.read(sample.octets)
        #expect(bulletin.expires?.seconds == Timestamp(meant)?.seconds)
        #expect(bulletin.departures.count == 1 && bulletin.departures[0].hasPrefix("expires"))
        #expect(bulletin.jsonLine(file: "x").contains(#""departures":["expires"#))
        let sent = try CAPReader.read(Array(SampleAlert().text.replacing("<sent>2026-04-01T09:00:00+09:00", with: "<sent>2026-04-01T00:00:00.123Z").utf8))
        #expect(sent.departures.count == 1)
        #expect(try CAPReader.read(SampleAlert().octets).departures.isEmpty)
    }

    @Test("What says that something is over is taken in doubt: all areas lifted, and told for an hour", arguments: [
        "<responseType>AllClear</responseType><urgency>Past", "<responseType>AllClear</responseType><urgency>Immediate", "<urgency>Past",
    ])
    func allClear(words: String) throws {
        var sample = SampleAlert()
        sample.message = "Update"
        sample.afterScope = "<references>bousai@mihon.example.jp,mihon-0,2026-03-31T09:00:00+09:00</references>"
        sample.times = "<effective>2026-04-01T09:00:00+09:00</effective><expires>2026-04-01T09:00:00+09:00</expires>"
        let bulletin = try CAPReader.read(Array(sample.text.replacing("<urgency>Immediate", with: words).utf8))
        #expect(bulletin.message == .update && bulletin.isAllClear && bulletin.areas.allSatisfy { $0.status == "解除" })
        let sent = Normaliser.date(try #require(bulletin.sent))
        #expect(Lifetime.expiry(of: bulletin, sent: sent, receivedAt: sent) == sent.addingTimeInterval(3_600))
        // A warning with such times is a mistake that could be taken for anything.
        #expect(throws: Refusal.self) { try CAPReader.read(sample.octets) }
        sample.message = "Alert"
        sample.afterScope = ""
        #expect(throws: Refusal.self) { try CAPReader.read(Array(sample.text.replacing("<urgency>Immediate", with: "<urgency>Past").utf8)) }
    }

    @Test("An alert's words arrive in a bulletin as they were written")
    func mapping() throws {
        var sample = SampleAlert()
        sample.area = """
            <areaDesc>中央地区</areaDesc><polygon>38.9,141.5 38.9,141.6 39.0,141.6 38.9,141.5</polygon>\
            <circle>38.9,141.5 2.5</circle><geocode><valueName>JISX0402</valueName><value>04205</value></geocode>\
            <geocode><valueName>津波予報区</valueName><value>220</value></geocode>\
            <geocode><valueName>SAME</valueName><value>006037</value></geocode>
            """
        let bulletin = try CAPReader.read(sample.octets)
        #expect(bulletin.title == "避難指示" && bulletin.kind == .evacuation && bulletin.type == "cap")
        #expect(bulletin.reported?.text == "2026-04-01T09:00:00+09:00")
        #expect(bulletin.expires?.text == "2026-04-01T15:00:00+09:00")
        #expect(bulletin.severity == "Severe" && bulletin.urgency == "Immediate" && bulletin.certainty == "Likely")
        #expect(bulletin.signature == Bulletin.Signature.none && bulletin.serial == nil)
        #expect(
            bulletin.areas == [
                AreaStatement(scheme: .polygon, code: "38.9,141.5 38.9,141.6 39.0,141.6 38.9,141.5", name: "中央地区"),
                AreaStatement(scheme: .circle, code: "38.9,141.5 2.5", name: "中央地区"),
                AreaStatement(scheme: .localGovernment, code: "042056", name: "中央地区"),
                AreaStatement(scheme: .jmaTsunami, code: "220", name: "中央地区"),
                AreaStatement(scheme: .other, code: "006037", name: "中央地区", codeType: "SAME"),
            ])
    }

    @Test("A town's code nobody knows stays, and is reported")
    func unknownCodes() throws {
        var sample = SampleAlert()
        #expect(try CAPReader.read(sample.octets).unknownCodes == [])
        sample.area = sample.area.replacing("042056", with: "992011")
        let bulletin = try CAPReader.read(sample.octets)
        #expect(bulletin.areas.map(\.code) == ["992011"] && bulletin.unknownCodes == ["lg:992011"])
    }

    @Test("The same ground in two languages is one area, and the first info speaks")
    func twoLanguages() throws {
        var sample = SampleAlert()
        sample.moreInfos = """
            <info><language>en</language><category>Met</category><event>Evacuation</event><urgency>Expected</urgency>\
            <severity>Minor</severity><certainty>Possible</certainty><headline>Leave</headline>\
            <area>\(sample.area)</area></info>
            """
        let bulletin = try CAPReader.read(sample.octets)
        #expect(bulletin.areas.count == 1)
        #expect(bulletin.headline == "警戒レベル4 避難指示" && bulletin.severity == "Severe")
    }

    @Test(
        "The event's words decide the kind",
        arguments: [
            ("緊急地震速報", AlertKind.eew), ("地震情報", .earthquake), ("Earthquake", .earthquake), ("大津波警報", .tsunami),
            ("Tsunami Warning", .tsunami), ("Flash Flood Watch", .flood), ("氾濫危険情報", .flood), ("噴火警報", .volcano),
            ("降灰予報", .ashfall), ("土砂災害警戒情報", .landslide), ("SEVERE THUNDERSTORM", .weather), ("台風情報", .typhoon),
            ("竜巻注意情報", .tornado), ("高齢者等避難", .evacuation), ("Flood evacuation order", .evacuation),
            ("避難所開設", .shelter), ("Child Abduction", .weather),
        ])
    func kinds(event: String, kind: AlertKind) throws {
        var sample = SampleAlert()
        sample.event = event
        #expect(try CAPReader.read(sample.octets).kind == kind)
    }

    @Test(
        "A word inside another word names nothing",
        arguments: [
            "Train derailment", "Threat level", "Police operation", "Special event", "Scolding",
        ])
    func innerWords(event: String) throws {
        var sample = SampleAlert()
        sample.category = "<category>Safety</category>"
        sample.event = event
        #expect(try CAPReader.read(sample.octets).kind == .other)
    }

    @Test("Updates, cancels, answers and errors need a reference", arguments: ["Update", "Cancel", "Ack", "Error"])
    func references(message: String) throws {
        var sample = SampleAlert()
        sample.message = message
        #expect(throws: Refusal.self) { try CAPReader.read(sample.octets) }
        sample.afterScope =
            "<references>a@b.jp,x-1,2026-03-01T09:00:00+09:00 a@b.jp,x-2,2026-03-02T09:00:00+09:00</references>"
        let bulletin = try CAPReader.read(sample.octets)
        #expect(bulletin.message.rawValue == message.lowercased())
        #expect(bulletin.references.map(\.identifier) == ["x-1", "x-2"])
    }

    @Test("A draft is refused as one")
    func draft() {
        var sample = SampleAlert()
        sample.status = "Draft"
        let refusal = #expect(throws: Refusal.self) { try CAPReader.read(sample.octets) }
        #expect(refusal?.reason.contains("Draft") == true)
    }

    /// One change of a legal alert, and what the refusal has to name.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let element: String
        let change: @Sendable (inout SampleAlert) -> Void
        var testDescription: String { name }
    }

    static let faults: [Fault] = [
        Fault(name: "comma in the identifier", element: "identifier") { $0.identifier = "a,b" },
        Fault(name: "unknown msgType", element: "msgType") { $0.message = "Recall" },
        Fault(name: "no category", element: "category") { $0.category = "" },
        Fault(name: "empty event", element: "event") { $0.event = " " },
        Fault(name: "comma as a sign", element: "expires") {
            $0.times = "<expires>2026-04-01T15:00:00,09:00</expires>"
        },
        Fault(name: "30th of February", element: "onset") { $0.times = "<onset>2026-02-30T15:00:00+09:00</onset>" },
        Fault(name: "a time without a zone", element: "expires") { $0.times = "<expires>2026-04-01T15:00:00</expires>" },
        Fault(name: "expires before sent", element: "expires") {
            $0.times = "<expires>2026-03-31T15:00:00+09:00</expires>"
        },
        Fault(name: "post-dated reference", element: "references") {
            $0.afterScope = "<references>a@b.jp,x-1,2026-05-01T09:00:00+09:00</references>"
        },
        Fault(name: "reference of two parts", element: "references") {
            $0.afterScope = "<references>a@b.jp,x-1</references>"
        },
        Fault(name: "open polygon", element: "polygon") {
            $0.area = "<areaDesc>a</areaDesc><polygon>1,1 1,2 2,2 2,1</polygon>"
        },
        Fault(name: "NaN in a polygon", element: "polygon") {
            $0.area = "<areaDesc>a</areaDesc><polygon>nan,1 1,2 2,2 nan,1</polygon>"
        },
        Fault(name: "negative radius", element: "circle") { $0.area = "<areaDesc>a</areaDesc><circle>1,1 -2</circle>" },
        Fault(name: "ceiling below altitude", element: "ceiling") {
            $0.area = "<areaDesc>a</areaDesc><altitude>100</altitude><ceiling>50</ceiling>"
        },
        Fault(name: "geocode without value", element: "value") {
            $0.area = "<areaDesc>a</areaDesc><geocode><valueName>SAME</valueName></geocode>"
        },
        Fault(name: "attribute", element: "areaDesc") { $0.area = #"<areaDesc lang="ja">a</areaDesc>"# },
        Fault(name: "element inside a text", element: "headline") { $0.texts = "<headline>a<b/></headline>" },
        Fault(name: "loose text", element: "area") { $0.area = "text<areaDesc>a</areaDesc>" },
        Fault(name: "foreign element", element: "area") { $0.area = #"<areaDesc>a</areaDesc><x xmlns="urn:x"/>"# },
        Fault(name: "info after the signature", element: "info") {
            $0.moreInfos = #"<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>"#
            $0.end = "<info/>"
        },
        Fault(name: "web address in a drill's Japanese text", element: "description") {
            $0.status = "Exercise"
            $0.texts = "<description>詳細は https://mihon.example.jp</description>"
        },
        Fault(name: "telephone number in a drill's Japanese text", element: "description") {
            $0.status = "Exercise"
            $0.texts = "<description>電話 0220-00-0000 まで</description>"
        },
    ]

    @Test("One fault is enough to be refused, by its name", arguments: faults)
    func oneFault(fault: Fault) throws {
        var sample = SampleAlert()
        _ = try CAPReader.read(sample.octets)
        fault.change(&sample)
        let refusal = #expect(throws: Refusal.self) { try CAPReader.read(sample.octets) }
        #expect(refusal?.reason.contains(fault.element) == true, "\(refusal?.reason ?? "")")
    }

    @Test("A fault of editing never holds up a real warning")
    func editingOfRealAlerts() throws {
        var sample = SampleAlert()
        sample.texts =
            "<headline>\(String(repeating: "あ", count: 200))</headline><description>https://mihon.example.jp 03-0000-0000</description>"
        #expect(try CAPReader.read(sample.octets).status == .actual)
    }

    @Test(
        "Dates and codes are no telephone numbers",
        arguments: ["2026-04-01", "0-1-2", "042056-1-1", "12-34-5678", "午後3-4時"])
    func telephones(text: String) {
        #expect(!text.namesTelephone)
    }
}
