/// What was read past once: each on a bulletin of a few lines.
import AlertModel
import Codes
import Foundation
import Testing

@testable import Ingest

@Suite("Nothing of a bulletin is passed over in silence")
struct JMAUnderstandingTests {
    /// A bulletin of these parts, as JMA would send it.
    private func read(
        title: String, infoType: String = "発表", headline: String = "", body: String, space: String = "meteorology1", file: String? = nil
    ) throws -> Bulletin {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>\(title)</Title><DateTime>2026-07-06T12:05:00Z</DateTime>
            <Status>通常</Status><EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
            <Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>\(title)</Title>
            <ReportDateTime>2026-07-06T21:05:00+09:00</ReportDateTime><TargetDateTime>2026-07-06T20:58:00+09:00</TargetDateTime>
            <EventID>1</EventID><InfoType>\(infoType)</InfoType><Serial>1</Serial><Headline><Text></Text>\(headline)</Headline></Head>
            <Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/\(space)/" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">\(body)</Body></Report>
            """
        return try JMAReader.read(Array(xml.utf8), fileName: file, codes: .bundled)
    }

    @Test("What comes late (遅延) is read as what it says, and no other word is")
    func late() throws {
        #expect(try read(title: "震源・震度に関する情報", infoType: "遅延", body: "", space: "seismology1").message == .alert)
        #expect(throws: Refusal.self) { try read(title: "震源・震度に関する情報", infoType: "延期", body: "") }
    }

    @Test("A flooded municipality without a Code is read by its CityCode")
    func floodedCity() throws {
        let bulletin = try read(title: "指定河川洪水予報", body: """
            <Warning type="指定河川洪水予報"><Item><Kind><Name>浸水想定地区（氾濫発生情報）</Name><Code>2</Code></Kind>
            <Areas><Area><Name>佐賀県武雄市</Name><City>武雄市</City><CityCode>4120600</CityCode><SubCityList>橘町</SubCityList></Area></Areas></Item></Warning>
            """)
        #expect(bulletin.areas.contains { $0.scheme == .jmaCity && $0.code == "4120600" && $0.kindCode == "2" })
        #expect(bulletin.unread.isEmpty)
    }

    @Test("The office's sentences are read by number, several of one text too, and the time of the earthquake")
    func remarks() throws {
        let bulletin = try read(title: "震源・震度に関する情報", body: """
            <Earthquake><OriginTime>2026-07-06T20:57:00+09:00</OriginTime></Earthquake>
            <Comments><ForecastComment codeType="固定付加文"><Text>この地震による津波の心配はありません。</Text><Code>0215 0241</Code></ForecastComment></Comments>
            """, space: "seismology1")
        #expect(bulletin.remarks.map(\.code) == ["0215", "0241"])
        #expect(bulletin.hypocentre?.origin == "2026-07-06T20:57:00+09:00")
        let content = try #require(try Normaliser().sort(bulletin, id: { AlertID("a") }, receivedAt: Date()).first).content
        #expect(content.happened == Date(timeIntervalSince1970: 1_783_339_020))
    }

    @Test("A keyword of the Nankai Trough is no area of the bulletin, and goes with the alert")
    func keyword() throws {
        let bulletin = try read(title: "南海トラフ地震臨時情報", body: """
            <EarthquakeInfo><InfoSerial codeType="地震関連情報番号コード"><Name>巨大地震警戒</Name><Code>120</Code></InfoSerial></EarthquakeInfo>
            """, space: "seismology1")
        #expect(bulletin.areas.isEmpty)
        let content = try #require(try Normaliser().sort(bulletin, id: { AlertID("a") }, receivedAt: Date()).first).content
        #expect(content.areas.map(\.kindCode) == ["120"])
    }

    @Test("Regions that only the body names are read, from a list of codes too; what nobody reads is listed")
    func unread() throws {
        let bulletin = try read(title: "全般気象解説情報", body: """
            <MeteorologicalInfos type="予想"><TimeSeriesInfo><Item><Kind><Property><Type>雨の予想</Type></Property></Kind>
            <Area codeType="全国・地方予報区等"><Name>四国地方</Name><CodeList>010800 010900</CodeList></Area></Item></TimeSeriesInfo></MeteorologicalInfos>
            <OfficeInfo type="官署"><Area codeType="気象情報／府県予報区・細分区域等"><Name>宮城県</Name><Code>040000</Code></Area></OfficeInfo>
            """, file: "83_01_01_260706_VPZJ51.xml")
        #expect(bulletin.areas.map(\.code) == ["010800", "010900"])
        #expect(bulletin.unread.contains { $0.place == "areas" && $0.code == "010800" && $0.scheme == "全国・地方予報区等" })
        #expect(bulletin.unread.contains { $0.place == "Body/OfficeInfo" && $0.code == nil })
        #expect(bulletin.unread.contains { $0.place == "Body/OfficeInfo/Area" && $0.code == "040000" && $0.name == "宮城県" })
        #expect(bulletin.jsonLine(file: "x").contains("\"unread\":[{\"where\":\"areas\",\"scheme\":\"全国・地方予報区等\",\"code\":\"010800\""))
    }

    @Test("What was in force before is read where the bulletin says that it was another")
    func lastKind() throws {
        let bulletin = try read(title: "津波警報・注意報・予報a", body: """
            <Tsunami><Forecast><Item><Area><Name>宮城県</Name><Code>220</Code></Area><Category><Kind><Name>津波注意報</Name><Code>62</Code></Kind>
            <LastKind><Name>大津波警報</Name><Code>52</Code></LastKind></Category></Item></Forecast></Tsunami>
            """, space: "seismology1")
        #expect(bulletin.areas.first?.lastKind == "大津波警報")
    }
}
