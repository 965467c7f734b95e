import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Kesennuma, 2011-03-11, as people would have read it")
struct GoldenTests {
    let renderer: Renderer
    init() throws { renderer = try Renderer(directory: Rendered.folder) }

    func text(
        _ sample: String, _ manifest: ChannelManifest, _ language: Language = .japanese, _ mode: ModeName = .actual
    ) throws -> RenderedText {
        try #require(Rendered.texts(Rendered.sample(sample), manifest, mode, renderer: renderer)[language])
    }

    @Test("The early warning on a school's tablet")
    func earlyWarning() throws {
        #expect(try text("eew-warning", Rendered.tablet) == RenderedText(title: "地震です　机の下へ", body: """
            気仙沼市に強い揺れが来ます。予想される震度は５弱程度です。
            机の下に入り、机の脚を持って、頭を守ってください。窓や棚から離れてください。
            揺れが収まるまで動かず、先生の指示を聞いてください。
            揺れが届くのは14時46分58秒ごろの見込みです。
            （気象庁　緊急地震速報　3月11日14時46分）
            """))
    }

    @Test("The major tsunami warning on the portal, in three languages")
    func majorTsunami() throws {
        #expect(try text("tsunami-major", Rendered.portal) == RenderedText(title: "大津波警報　今すぐ高台へ避難", body: """
            気仙沼市の沿岸（宮城県）に大津波警報が出ました。
            今すぐ、高台や避難ビルなど、できるだけ高い所へ避難してください。
            予想される津波の高さ：６ｍ
            津波が来る時刻：早いところで15時00分ごろ
            警報が解除されるまで、海岸や川の近くに戻らないでください。
            （気象庁　3月11日14時49分発表）
            """))
        #expect(try text("tsunami-major", Rendered.portal, .easyJapanese).body == """
            気仙沼市の 海の 近くに、とても 大きい 津波（つなみ：海の 水が 高く なって、速く 来ます）が 来ます。
            今 すぐ 高い 所に 逃げて ください。
            海や 川に 行かないで ください。
            警報（けいほう）が 終わるまで（解除：かいじょ）、もどらないで ください。
            津波の 高さ：6メートル
            津波が 来る 時間：午後3時ごろ
            （気象庁の お知らせ　3月11日 午後2時49分）
            """)
        #expect(try text("tsunami-major", Rendered.portal, .english).body == """
            A Major Tsunami Warning is in force for the coast of Kesennuma City.
            Go to high ground or to a tsunami evacuation building now, as high as you can.
            Expected height of the tsunami: 6 m
            Expected arrival: as early as 15:00
            Do not return to the shore or to rivers until the warning is lifted.
            (Japan Meteorological Agency, 14:49, 11 Mar)
            """)
    }

    @Test("A wave that comes on another day has its day: hours alone would lie in the past")
    func anotherDay() throws {
        var sample = try Rendered.sample("tsunami-major")
        sample.areas = sample.areas?.map { area in
            var area = area
            if area.arrival != nil { area.arrival = "2011-03-12T05:00:00+09:00" }
            return area
        }
        let texts = try Rendered.texts(sample, Rendered.portal, renderer: renderer)
        #expect(texts[.japanese]?.body.contains("早いところで3月12日5時00分ごろ") == true, "\(texts[.japanese]?.body ?? "")")
        #expect(texts[.easyJapanese]?.body.contains("3月12日 午前5時ごろ") == true, "\(texts[.easyJapanese]?.body ?? "")")
        #expect(texts[.english]?.body.contains("as early as 05:00, 12 Mar") == true, "\(texts[.english]?.body ?? "")")
    }

    @Test("The town's own intensity is told, not its region's")
    func intensity() throws {
        let text = try text("earthquake", Rendered.portal)
        #expect(text.title == "震度６弱の地震がありました")
        #expect(text.body.hasPrefix("気仙沼市で震度６弱の揺れがありました。\n震源は三陸沖、深さは約10km、地震の規模はM7.9です。\n"))
    }

    @Test("An evacuation order by area mail, real and as a drill")
    func evacuation() throws {
        let real = RenderedText(title: "避難指示 全員避難", body: """
            こちらは気仙沼市です。鹿折、南気仙沼に、洪水に関する警戒レベル4、避難指示を発令しました（21時05分）。
            大川が増水し、氾濫するおそれが高まっています。
            危険な場所にいる方は、速やかに全員避難を開始してください。
            避難先：気仙沼小学校
            """)
        #expect(try text("evacuation-level4", Rendered.areaMail) == real)
        let drill = try text("evacuation-level4", Rendered.areaMail, .japanese, .exercise)
        #expect(drill.title == "【訓練】避難指示 全員避難")
        #expect(drill.body == "【訓練】これは訓練です。\n" + real.body)
    }

    @Test("A tsunami sends everybody up and away from the sea; the town's reason ends as a sentence")
    func tsunamiOrder() throws {
        #expect(try text("evacuation-tsunami", Rendered.areaMail, .japanese).body == """
            こちらは気仙沼市です。市内全域に、津波に関する避難指示を発令しました（21時05分）。
            大津波警報が発表されました。
            ただちに海岸や川から離れ、できるだけ高い所へ避難してください。
            避難先：気仙沼小学校
            """)
        let portal = try Rendered.texts(
            Rendered.sample("evacuation-tsunami"), Rendered.portal, .actual, renderer: renderer)
        #expect(portal[.japanese]?.body.contains("高台や避難ビルなど、できるだけ高い所へ避難してください。") == true)
        #expect(portal[.easyJapanese]?.body.contains("今 すぐ 高い 所に 逃げて ください。") == true)
        #expect(portal[.english]?.body.contains("Get away from the coast and rivers now.") == true)
        #expect(portal.values.allSatisfy { !$0.body.contains("危険な場所") && !$0.body.contains("dangerous place") })
    }

    @Test("A shelter that is full or closed is not where people are sent")
    func shelters() throws {
        let portal = try text("evacuation-level4", Rendered.portal)
        #expect(portal.body.contains("避難先：気仙沼小学校、市民会館（満員）\n"))
        #expect(!portal.body.contains("唐桑公民館"))
        #expect(try !text("evacuation-level4", Rendered.areaMail).body.contains("市民会館"))
    }

    @Test("A shelter without a name in Latin letters keeps its own")
    func romanNames() throws {
        let english = try text("evacuation-level4", Rendered.portal, .english)
        #expect(english.body.contains("Shelters: Kesennuma Elementary School, 市民会館 (full)\n"))
    }

    @Test("A cancel shows when and what it takes back")
    func cancel() throws {
        #expect(try text("eew-cancel-told", Rendered.portal).body.hasPrefix(
            "14時46分に気仙沼市にお伝えした緊急地震速報（震源：三陸沖、予想震度：５弱程度）は誤りでした。取り消します。\n"))
        #expect(try text("eew-cancel", Rendered.portal).body.hasPrefix(
            "先ほど気仙沼市にお伝えした緊急地震速報は誤りでした。取り消します。\n"))
        #expect(try text("evacuation-cancel", Rendered.portal).body.contains(
            "鹿折、南気仙沼にお伝えした、洪水に関する警戒レベル4、避難指示は誤りでした。"))
    }
}
