/// Recordings of real broadcasts: the drill of 2022-03-07 and the DCX trial of 2024-06-04.
import AlertModel
import FoundationEssentials
import Testing

@testable import Ingest

private let recordings: URL? = {
    let named = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(fileURLWithPath: $0) }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    return [named, root.appendingPathComponent("shared/corpus")].compactMap(\.self)
        .map { $0.appendingPathComponent("qzss") }.first { FileManager.default.fileExists(atPath: $0.path) }
}()

@Suite("災危通報, recordings", .enabled(if: recordings != nil, "no corpus here: set NOROSHI_CORPUS"))
struct QZSSCorpusTests {
    private func read(_ name: String, receivedAt: Double) throws -> [Bulletin] {
        let octets = Array(try Data(contentsOf: try #require(recordings).appendingPathComponent(name)))
        return try QZSSReader.lines(octets).map {
            try QZSSReader.read($0, receivedAt: Date(timeIntervalSince1970: receivedAt))
        }
    }

    @Test("Every sentence of the drill of 2022 is read: its kinds, and nothing unknown")
    func drill() throws {
        let bulletins = try read("qzqsm_220307.log", receivedAt: 1_646_697_600)
        #expect(bulletins.count == 98)
        #expect(bulletins.allSatisfy { $0.status == .exercise && $0.message == .alert })
        let kinds = Dictionary(grouping: bulletins, by: \.title).mapValues(\.count)
        #expect(kinds == [
            "緊急地震速報（災危通報）": 1, "震源（災危通報）": 1, "震度（災危通報）": 1, "南海トラフ地震（災危通報）": 81, "津波（災危通報）": 2,
            "火山（災危通報）": 1, "降灰（災危通報）": 6, "気象（災危通報）": 3, "洪水（災危通報）": 2,
        ])
        #expect(bulletins.flatMap(\.unknownCodes) == [])
        #expect(bulletins.allSatisfy { $0.reported?.text.hasPrefix("2022-03-0") == true })
    }

    @Test("The drill's early warning: 日向灘, western Japan")
    func drillWarning() throws {
        let warning = try #require(try read("qzqsm_220307.log", receivedAt: 1_646_697_600).first { $0.kind == .eew })
        #expect(warning.hypocentre?.name == "日向灘")
        #expect(warning.hypocentre?.magnitude == 7.2)
        #expect(warning.headline == "強い揺れに警戒してください。")
        #expect(warning.areas.contains { $0.code == "9450" && $0.name == "宮崎" })
        #expect(warning.reported?.text == "2022-03-07T13:00:00+09:00")
    }

    @Test("The pages of the Nankai texts join to sentences")
    func drillNankai() throws {
        let pages = try read("qzqsm_220307.log", receivedAt: 1_646_697_600).filter { $0.kind == .nankai }
        let events = Dictionary(grouping: pages, by: \.event)
        for pages in events.values {
            let numbered = pages.compactMap { page in page.serial.flatMap { Int($0.prefix { $0 != "/" }) }.map { ($0, page.text ?? "") } }
            let text = numbered.sorted { $0.0 < $1.0 }.map(\.1).joined()
            #expect(text.contains("南海トラフ沿"))
            #expect(text.contains("地震"))
        }
    }

    @Test("Every sentence of the trial of 2024 is read, as a test")
    func trial() throws {
        let bulletins = try read("qzqsm_dcx_240604.log", receivedAt: 1_717_502_400)
        #expect(bulletins.count == 259)
        let titles = Dictionary(grouping: bulletins, by: \.title).mapValues(\.count)
        #expect(titles == [
            "Ｌアラート（災危通報）": 160, "Ｊアラート（災危通報）": 88, "外国からの情報（災危通報）": 10, "送信する情報なし（災危通報）": 1,
        ])
        #expect(bulletins.allSatisfy { $0.status == .test || $0.status == .system })
        let areas = bulletins.flatMap(\.areas)
        #expect(areas.allSatisfy { $0.scheme != .localGovernment || $0.name != nil })
        #expect(Set(bulletins.flatMap(\.unknownCodes)).allSatisfy { $0.hasPrefix("DCX国:") })
    }

    @Test("The same message said many times is one identifier")
    func repeats() throws {
        let bulletins = try read("qzqsm_dcx_240604.log", receivedAt: 1_717_502_400)
        let messages = Set(bulletins.flatMap(\.identifiers))
        #expect(messages.count < bulletins.count / 2)
        for same in Dictionary(grouping: bulletins, by: \.identifiers).values {
            #expect(Set(same).count == 1, "what is said depends on nothing but the message")
        }
    }
}
