import Ingest
import AlertModel
import Codes
import Foundation
import Testing

@Suite("Reading JMA bulletins")
struct JMAReaderTests {
    private func read(_ name: String, as fileName: String? = nil) throws -> Bulletin {
        try JMAReader.read(try JMASamples.fixture(name), fileName: fileName ?? name, codes: .bundled)
    }

    @Test("A tag no word knows is told to the operator once; a known one is not")
    func strangeTag() throws {
        let text = try JMASamples.text("heavy-rain-by-tag.xml")
        #expect(try JMAReader.read(Array(text.utf8), fileName: "VPBS50.xml", codes: .bundled).unknownKinds == [])
        let strange = text.replacing("記録雨 線状降水帯発生", with: "黄砂急増")
        #expect(try JMAReader.read(Array(strange.utf8), fileName: "VPBS50.xml", codes: .bundled).unknownKinds == ["tag:黄砂急増"])
    }

    @Test("A heat stroke alert is for the region that only its title names; one that no table knows is for nobody", arguments: [
        ("埼玉県", "110000"), ("石狩・空知・後志地方", "016000"), ("どこでもない県", nil),
    ])
    func heat(region: String, code: String?) throws {
        let text = """
            <Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>熱中症警戒アラート</Title><DateTime>2026-07-11T20:00:00Z</DateTime>
            <Status>通常</Status></Control><Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>\(region)熱中症警戒アラート</Title>
            <InfoType>発表</InfoType><Headline><Text/></Headline></Head>
            <Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"><Comment><Text>涼しい所にいてください。</Text></Comment></Body></Report>
            """
        let bulletin = try JMAReader.read(Array(text.utf8), fileName: "VPFT50.xml", codes: .bundled)
        #expect(bulletin.areas.map(\.code) == (code.map { [$0] } ?? []))
        #expect(bulletin.areas.allSatisfy { $0.scheme == .jmaForecast && $0.kindName == "熱中症警戒アラート" })
    }

    @Test("A cancelled early warning has neither earthquake nor areas")
    func cancelledWarning() throws {
        let bulletin = try read("eew-cancelled.xml")
        #expect(bulletin.message == .cancel)
        #expect(bulletin.kind == .eew)
        #expect(bulletin.hypocentre == nil)
        #expect(bulletin.areas.isEmpty)
        #expect(bulletin.sender == "気象庁")
        #expect(bulletin.editor == "大阪管区気象台")
    }

    @Test("An assumed hypocentre is flagged, and `5- to over` keeps its lower bound")
    func assumedHypocentre() throws {
        let bulletin = try read("eew-assumed-hypocentre.xml")
        #expect(bulletin.hypocentre?.isAssumed == true)
        #expect(bulletin.hypocentre?.magnitude == 1)
        let warned = try #require(bulletin.areas.first { $0.scheme == .jmaSeismic && $0.code == "390" })
        #expect(warned.kindCode == "31")
        #expect(warned.value == "5-")
        #expect(warned.status == "ＰＬＵＭ法で推定")
        let forecast = try #require(bulletin.areas.first { $0.scheme == .jmaSeismic && $0.code == "391" })
        #expect(forecast.kindCode == "00")
        #expect(forecast.value == "4")
    }

    @Test("A start at 100 gal is flagged by its stand-ins alone")
    func hundredGal() throws {
        let text = try JMASamples.text("eew-assumed-hypocentre.xml")
            .replacingOccurrences(of: "<Condition>仮定震源要素</Condition>", with: "")
        let bulletin = try JMAReader.read(Array(text.utf8), fileName: nil, codes: .bundled)
        #expect(bulletin.hypocentre?.isAssumed == true)
    }

    @Test("A drill is a drill by its Status, whatever its words")
    func drill() throws {
        let bulletin = try read("drill-without-the-word.xml")
        #expect(bulletin.status == .exercise)
        #expect(bulletin.hypocentre?.depth == 0)
        #expect(bulletin.text == "この地震による津波の心配はありません。")
    }

    @Test("One bulletin may speak of two events; a height may be a word")
    func twoEvents() throws {
        let bulletin = try read("tsunami-of-two-events.xml")
        #expect(bulletin.identifiers == ["20990101120000", "20990101120045"])
        #expect(bulletin.areas.map(\.code) == ["610", "530", "380"])
        #expect(bulletin.areas.map(\.value) == ["巨大", "１０ｍ超", nil])
        #expect(bulletin.hypocentre?.magnitude == nil)
        #expect(bulletin.hypocentre?.magnitudeText == "Ｍ８を超える巨大地震")
        #expect(bulletin.hypocentre?.depth == nil)
        #expect(bulletin.headline == "大津波警報を発表しました。\nただちに避難してください。")
    }

    @Test("The highest station speaks for its coast, and each station for itself")
    func observedTsunami() throws {
        let bulletin = try read("tsunami-observed.xml")
        let coast = try #require(bulletin.areas.first { $0.scheme == .jmaTsunami })
        #expect(coast.value == "２．４ｍ")
        let stations = bulletin.areas.filter { $0.codeType == "潮位観測点" }
        #expect(stations.map(\.value) == ["観測中", "２．４ｍ", "０．３ｍ"])
        #expect(stations[1].status == "第１波識別不能")
    }

    @Test("A city without an intensity may be the worst hit and is not dropped")
    func silentCity() throws {
        let bulletin = try read("intensity-not-reported.xml")
        let city = try #require(bulletin.areas.first { $0.code == "0420500" })
        #expect(city.scheme == .jmaCity)
        #expect(city.value == nil)
        #expect(city.status == "震度５弱以上未入電")
        // Degrees with minutes, the finer of two notations.
        #expect(bulletin.hypocentre?.latitude == 38.21)
        #expect(bulletin.hypocentre?.longitude == 141.905)
        #expect(bulletin.hypocentre?.depth == 48)
        #expect(bulletin.hypocentre?.magnitudeText == "Ｍ不明")
    }

    @Test("A lifted warning keeps its code with 解除; places without any warning are named too")
    func liftedWarning() throws {
        let bulletin = try read("weather-lifted.xml")
        #expect(bulletin.identifiers.isEmpty)
        #expect(bulletin.message == .alert)
        let city = bulletin.areas.filter { $0.code == "0420500" }
        #expect(city.map(\.kindCode) == ["03", "14"])
        #expect(city.map(\.status) == ["解除", "継続"])
        #expect(city[0].value == "土砂災害、浸水害")
        let quiet = try #require(bulletin.areas.first { $0.code == "0460600" })
        #expect(quiet.kindCode == nil)
        #expect(quiet.status == "発表警報・注意報はなし")
    }

    @Test("A tag makes the kind where there is no code")
    func tags() throws {
        let bulletin = try read("heavy-rain-by-tag.xml")
        #expect(bulletin.kind == .heavyRainRecord)
        #expect(bulletin.areas.map(\.kindName) == ["記録雨", "線状降水帯発生", nil])
        #expect(bulletin.areas[2].code == "0420500")
        #expect(bulletin.areas[2].value == "約１２０ミリ")
    }

    @Test("A volcano's level stands at the mountain, the municipalities beside it")
    func volcano() throws {
        let bulletin = try read("volcano-raised.xml")
        #expect(bulletin.kind == .volcano)
        #expect(bulletin.areas.map(\.scheme) == [.jmaVolcano, .jmaCity])
        #expect(bulletin.areas[0].status == "引上げ")
        #expect(bulletin.hypocentre == nil)
        #expect(bulletin.text == "火口周辺に警戒\n\n火口から離れてください。")
    }

    @Test("ValidDateTime is the expiry")
    func expiry() throws {
        #expect(try read("tornado-with-expiry.xml").expires?.text == "2099-01-01T13:10:00+09:00")
    }

    @Test("A type nobody knows is kept whole, with unknown codes listed")
    func unknownType() throws {
        let bulletin = try read("type-nobody-knows.xml", as: "20990101_0_VZZZ99_010000.xml")
        #expect(bulletin.kind == .other)
        #expect(bulletin.type == "VZZZ99")
        #expect(bulletin.title == "新しい種類の情報")
        #expect(bulletin.areas.count == 3)
        #expect(bulletin.areas[2].scheme == .other)
        #expect(bulletin.areas[2].codeType == "新しい表")
        #expect(bulletin.unknownCodes == ["jma-city:9999900"])
        #expect(bulletin.headline == "\n新しい種類の情報です。")
    }

    @Test("The file name chooses among the types of a title and never against it", arguments: [
        ("37_01_01_240613_VXSE40.xml", "VXSE40"), ("37_01_01_240613_VXSE43.xml", "VXSE43"),
        ("/in/20210217225533_0_VXSE53_010000.xml", "VXSE43"), ("-", "VXSE43"),
    ])
    func typeByName(name: String, type: String) throws {
        #expect(try read("eew-cancelled.xml", as: name).type == type)
    }

    @Test("Operations have our words", arguments: [("発表", MessageType.alert), ("訂正", .update), ("取消", .cancel)])
    func operations(word: String, message: MessageType) throws {
        let text = try JMASamples.text("drill-without-the-word.xml")
            .replacingOccurrences(of: "<InfoType>発表", with: "<InfoType>\(word)")
        #expect(try JMAReader.read(Array(text.utf8), fileName: nil, codes: .bundled).message == message)
    }
}
