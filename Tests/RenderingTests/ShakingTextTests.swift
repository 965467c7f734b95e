import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Texts of an early warning say when the shaking comes, and that it is there")
struct ShakingTextTests {
    let renderer: Renderer
    init() throws { renderer = try Renderer(directory: Rendered.folder) }

    /// Two seconds before and after the sample's own second: 14:46:58.
    let arrival = Date(timeIntervalSince1970: 1_299_822_418)

    func texts(_ sample: Sample, _ manifest: ChannelManifest, at now: Date? = nil) throws -> [Language: RenderedText] {
        try renderer.render(
            sample.content, mode: .actual, town: try #require(sample.place), local: sample.local, shelters: [], manifest: manifest, now: now)
    }

    @Test("The clock's time to the second and the range as the bulletin has it, in Japanese, easy Japanese and English")
    func golden() throws {
        var sample = try Rendered.sample("eew-warning")
        sample.areas?[0].lower = "4"
        let texts = try texts(sample, Rendered.portal)
        #expect(texts[.japanese]?.body == """
            気仙沼市に強い揺れが来ます。予想される震度は４から５弱程度です。
            頭を守り、看板や窓ガラス、ブロック塀など、落ちたり倒れたりする物から離れてください。
            建物の中にいる人は、あわてて外に飛び出さないでください。
            揺れが届くのは14時46分58秒ごろの見込みです。
            （気象庁　3月11日14時46分発表）
            """)
        #expect(texts[.easyJapanese]?.body.contains("震度（しんど：ゆれの 強さ）は 4から 5弱くらいです。\nゆれが 来る 時間：午後2時46分58秒ごろ") == true)
        #expect(texts[.english]?.body.contains("about 4 to 5-lower") == true)
        #expect(texts[.english]?.body.contains("Expected arrival of the shaking: about 14:46:58") == true)
    }

    @Test("Where it shakes already: 揺れに注意, and what to do")
    func arrived() throws {
        let tablet = try texts(Rendered.sample("eew-arrived"), Rendered.tablet)
        #expect(tablet[.japanese]?.body.hasPrefix("揺れに注意してください。気仙沼市には、すでに強い揺れが届いているとみられます。予想される震度は５強から６弱程度です。\n机の下に入り") == true)
        #expect(try texts(Rendered.sample("eew-arrived"), Rendered.areaMail)[.japanese]?.body.hasPrefix("気仙沼市では揺れに注意してください。頭を守り") == true)
    }

    @Test("Where only the neighbours' shaking is known (PLUM): at any moment, and no time")
    func plum() throws {
        let body = try #require(texts(Rendered.sample("eew-plum"), Rendered.portal)[.japanese]?.body)
        #expect(body.contains("気仙沼市に強い揺れが来ます。予想される震度は５弱程度以上です。"))
        #expect(body.contains("いつ届くかは分かりません。すぐに揺れるおそれがあります。") && !body.contains("見込みです"))
    }

    @Test("Every language has all three, on portal and tablet, in warnings and forecasts")
    func everyLanguage() throws {
        for manifest in [Rendered.portal, Rendered.tablet] {
            for kind in ["31", "01"] {
                func text(_ name: String, _ change: (inout AreaStatement) -> Void = { _ in }) throws -> [Language: RenderedText] {
                    var sample = try Rendered.sample(name)
                    sample.areas?[0].kindCode = kind
                    if kind == "01" { sample.areas?[0].kindName = "緊急地震速報（予報）" }
                    if var area = sample.areas?[0] {
                        change(&area)
                        sample.areas?[0] = area
                    }
                    return try texts(sample, manifest)
                }
                let silent = try text("eew-warning") { $0.arrival = nil }
                let timed = try text("eew-warning"), there = try text("eew-arrived"), plum = try text("eew-plum")
                for (language, text) in timed {
                    let hour = language == .japanese ? "14時46分58秒" : language == .easyJapanese ? "午後2時46分58秒" : "14:46:58"
                    #expect(text.body.contains(hour), "\(language) \(kind)")
                    let bodies = [silent[language], text, there[language], plum[language]].compactMap { $0?.body }
                    #expect(Set(bodies).count == 4, "\(language) \(kind)")
                    for other in [silent[language], there[language], plum[language]].compactMap({ $0?.body }) { #expect(!other.contains("46:5") && !other.contains("46分5"), "\(language)") }
                }
            }
        }
    }

    // A text is read later than it is written: it may not count down.
    @Test("A text is the same whenever it is written before the shaking, says that it is there from that second on, and never says how many seconds are left")
    func noCountdown() throws {
        let sample = try Rendered.sample("eew-warning")
        for manifest in [Rendered.areaMail, Rendered.portal, Rendered.tablet] {
            let early = try texts(sample, manifest, at: arrival - 40)
            let there = try texts(Self.arrivedInBulletin(sample), manifest)
            for second in [-39.0, -12, -1, -0.001] { #expect(try texts(sample, manifest, at: arrival + second) == early) }
            for second in [0.0, 0.5, 60] { #expect(try texts(sample, manifest, at: arrival + second) == there) }
            #expect(early != there)
            // A night of the past, played again as a drill, says what was said then.
            #expect(try texts(sample, manifest, at: arrival + 3600) == early && texts(sample, manifest, at: .now) == early)
            for text in early.values { for left in ["あと", "秒後", "40 s", "40秒", "秒以内"] { #expect(!text.body.contains(left)) } }
        }
        #expect(try texts(sample, Rendered.areaMail, at: arrival - 5)[.japanese]?.body.contains("秒") == false)
    }

    private static func arrivedInBulletin(_ sample: Sample) -> Sample {
        var sample = sample
        sample.areas?[0].arrival = nil
        sample.areas?[0].status = "既に主要動到達と推測"
        return sample
    }
}
