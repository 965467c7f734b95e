/// The demonstration's four bulletins of 2011-03-11, from octets to what a portal in Kesennuma shows.
import AlertModel
import ChannelKit
import Codes
import Foundation
import Ingest
import Targeting
import Testing

@testable import Rendering

@Suite("The demonstration, bulletin by bulletin")
struct DemonstrationTests {
    /// Codes of JMA's tables; 津波予報区 220 宮城県 is said by the town.
    func kesennuma() throws -> Town {
        let id = try #require(TownID("042056"))
        let known = try #require(CodeTables.bundled.town(id))
        var areas: [AreaScheme: Set<String>] = [.jmaTsunami: ["220"]]
        for scheme in [AreaScheme.jmaCity, .jmaSeismic, .jmaForecast, .jmaEEW] { areas[scheme] = Set(known.codes(scheme)) }
        return Town(
            id: id, name: known.name, romanName: "Kesennuma City", areas: areas,
            endpoints: [Endpoint(id: "station", channel: "wifi-portal", name: "駅前")])
    }

    @Test("Each bulletin is sent or not for its reason, and reads as it should", arguments: [
        ("01_20110311144645_VXSE45.xml", "no-area", Verdict.skip, nil),
        ("02_20110311144648_VXSE43.xml", "earthquake-warning", .send(.immediate), "緊急地震速報（強い揺れに警戒）"),
        ("03_20110311144810_VXSE51.xml", "observed-intensity", .send(.urgent), "震度６強の地震がありました"),
        ("04_20110311144959_VTSE41.xml", "in-force", .send(.immediate), "大津波警報　今すぐ高台へ避難"),
    ] as [(String, String, Verdict, String?)])
    func bulletin(file: String, reason: String, verdict: Verdict, title: String?) throws {
        let octets = try Data(contentsOf: Rendered.folder.appending(path: "demo/\(file)"))
        let content = Corpus.content(try JMAReader.read(Array(octets), fileName: file), file: file)
        let town = try kesennuma()
        let decision = try #require(
            RoutingTable().decide(content, for: town, channels: [Rendered.portal], mode: .actual).first)
        #expect(decision.reason.code == reason)
        #expect(decision.verdict == verdict)
        guard let title else { return }
        let texts = try Renderer(directory: Rendered.folder).render(
            content, mode: .exercise, town: town, local: decision.local, shelters: [], manifest: Rendered.portal)
        #expect(texts[.japanese]?.title == "【訓練】" + title)
        #expect(texts.count == ScreenLanguages.inUse.known.count)
    }
}
