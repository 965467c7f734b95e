import Ingest
import AlertModel
import Codes
import Foundation
import Testing

@Suite("The earthquake of the demonstration")
struct JMADemonstrationTests {
    private func read(_ name: String) throws -> Bulletin {
        try JMAReader.read(try JMASamples.demonstration(name), fileName: name, codes: .bundled)
    }

    @Test("The first report is a forecast that warns nobody")
    func firstReport() throws {
        let bulletin = try read("01_20110311144645_VXSE45.xml")
        #expect(bulletin.type == "VXSE45")
        #expect(bulletin.kind == .eew)
        #expect(bulletin.headline == nil)
        #expect(bulletin.areas.isEmpty)
        #expect(bulletin.sent?.text == "2011-03-11T05:46:45Z")
        #expect(bulletin.hypocentre?.magnitude == 4.3)
        #expect(bulletin.hypocentre?.isAssumed == false)
    }

    @Test("The warning names five prefectures and joins each district with its forecast")
    func warning() throws {
        let bulletin = try read("02_20110311144648_VXSE43.xml")
        #expect(bulletin.identifiers == ["20110311144640"])
        #expect(bulletin.serial == "1")
        let prefectures = bulletin.areas.filter { $0.scheme == .jmaEEW && $0.code != "9920" }.map(\.code)
        #expect(prefectures == ["9040", "9030", "9070", "9050", "9060"])
        let north = try #require(bulletin.areas.first { $0.scheme == .jmaSeismic && $0.code == "220" })
        #expect(north.kindCode == "31")
        #expect(north.value == "5-")
        #expect(north.arrival == "2011-03-11T14:46:58+09:00")
        #expect(bulletin.areas.filter { $0.code == "220" }.count == 1)
        #expect(north.lower == "4" && north.isOrMore == nil)
        #expect(bulletin.text == "強い揺れに警戒してください。")
    }

    @Test("A forecast's range is kept as it is written, with and without an upper bound, in warned districts and in others", arguments: [
        ("3", "4", "4", "3", nil), ("4", "4", "4", nil, nil), ("5-", "over", "5-", nil, true), ("5-", nil, "5-", nil, nil), (nil, "6+", "6+", nil, nil),
        (nil, "over", nil, nil, nil), ("不明", "不明", "不明", nil, nil),
    ] as [(String?, String?, String?, String?, Bool?)])
    func range(from: String?, to: String?, value: String?, lower: String?, isOrMore: Bool?) throws {
        let octets = try JMASamples.demonstration("02_20110311144648_VXSE43.xml")
        let forecast = "<ForecastInt>" + (from.map { "<From>\($0)</From>" } ?? "") + (to.map { "<To>\($0)</To>" } ?? "") + "</ForecastInt>"
        var text = String(decoding: octets, as: UTF8.self)
        let district = try #require(text.range(of: "<Code>220</Code>", options: .backwards))
        let first = try #require(text.range(of: "<ForecastInt>", range: district.upperBound..<text.endIndex))
        let last = try #require(text.range(of: "</ForecastInt>", range: first.upperBound..<text.endIndex))
        text.replaceSubrange(first.lowerBound..<last.upperBound, with: forecast)
        let bulletin = try JMAReader.read(Array(text.utf8), fileName: "02_20110311144648_VXSE43.xml", codes: .bundled)
        let north = try #require(bulletin.areas.first { $0.scheme == .jmaSeismic && $0.code == "220" })
        #expect(north.value == value && north.lower == lower && north.isOrMore == isOrMore)
    }

    @Test("The first intensities keep the code of prefecture and district apart")
    func intensities() throws {
        let bulletin = try read("03_20110311144810_VXSE51.xml")
        #expect(bulletin.kind == .earthquake)
        #expect(bulletin.serial == nil)
        #expect(bulletin.hypocentre == nil)
        let prefecture = try #require(bulletin.areas.first { $0.codeType == "地震情報／都道府県等" })
        #expect(prefecture.code == "04")
        #expect(prefecture.value == "6+")
        let district = try #require(bulletin.areas.first { $0.scheme == .jmaSeismic && $0.code == "213" })
        #expect(district.value == "6-")
        #expect(district.kindName == "震度６弱")
    }

    @Test("The tsunami warning is routed by coast, not by the headline's coarser stretches")
    func tsunami() throws {
        let bulletin = try read("04_20110311144959_VTSE41.xml")
        #expect(bulletin.kind == .tsunami)
        #expect(!bulletin.areas.contains { $0.code == "291" })
        let major = bulletin.areas.filter { $0.kindCode == "53" }
        #expect(major.map(\.code) == ["210", "220", "250"])
        #expect(major.map(\.value) == ["３ｍ", "６ｍ", "３ｍ"])
        #expect(major.map(\.status) == ["津波到達中と推測", nil, nil])
        #expect(bulletin.hypocentre?.magnitudeText == "Ｍ７．９")
    }

    @Test("Every code of the demonstration is in our tables", arguments: [
        "01_20110311144645_VXSE45.xml", "02_20110311144648_VXSE43.xml", "03_20110311144810_VXSE51.xml",
        "04_20110311144959_VTSE41.xml",
    ])
    func codes(name: String) throws {
        #expect(try read(name).unknownCodes.isEmpty)
    }
}
