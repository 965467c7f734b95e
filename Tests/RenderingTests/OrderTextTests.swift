import AlertModel
import ChannelKit
import Foundation
@testable import Rendering
import Testing

/// What people read when an order changes: the difference, and what remains.
@Suite("What an order changes, and what still stands") struct OrderTextTests {
    private let renderer: Renderer
    init() throws { renderer = try Renderer(directory: Rendered.folder) }

    private func texts(_ sample: String, _ manifest: ChannelManifest) throws -> [Language: RenderedText] {
        try Rendered.texts(Rendered.sample(sample), manifest, renderer: renderer)
    }

    private func all(_ sample: String) throws -> [String] {
        try Rendered.channels.flatMap { try texts(sample, $0).values.map { $0.title + "\n" + $0.body } }
    }

    @Test("A part lift says what is over and what is not, in area mail's 200 characters too")
    func partLift() throws {
        for manifest in [Rendered.portal, Rendered.areaMail] {
            let text = try #require(texts("evacuation-part-lifted", manifest)[.japanese]).body
            #expect(text.contains("渡波地区の洪水に関する避難指示は解除されました"), "\(text)")
            #expect(text.contains("中央地区の避難指示、松岩地区の高齢者等避難は続いています。"), "\(text)")
            #expect(text.contains("本吉地区の土砂災害の避難指示は続いています。"), "\(text)")
        }
        let english = try #require(texts("evacuation-part-lifted", Rendered.portal)[.english])
        #expect(english.body.contains("Still in force: Evacuation Instruction for"))
    }

    @Test("A lift taken back: the lift was wrong, the order stands; nobody is told that he need not flee")
    func restored() throws {
        for text in try all("evacuation-restored") {
            #expect(!text.contains("避難は必要ありません") && !text.contains("You do not need to evacuate"))
        }
        let text = try #require(texts("evacuation-restored", Rendered.areaMail)[.japanese])
        #expect(text.title == "解除は誤り 避難継続" && text.body.contains("の避難指示は続いています"))
    }

    @Test("What is taken back is only that order; what it was before stands again")
    func takenBack() throws {
        let text = try #require(texts("evacuation-taken-back", Rendered.portal)[.japanese])
        #expect(text.body.contains("取り消すのは鹿折地区、南気仙沼地区の避難指示だけです。"))
        #expect(text.body.contains("鹿折地区、南気仙沼地区の高齢者等避難は続いています。"))
        for text in try all("evacuation-taken-back") + all("evacuation-cancel") {
            #expect(!text.contains("必要ありません") && !text.contains("逃げなくても") && !text.contains("need to evacuate"), "\(text)")
        }
    }

    @Test("Time that runs out is no lift: nothing says ended")
    func ranOut() throws {
        for text in try all("evacuation-ran-out") {
            #expect(!text.contains("解除しました") && !text.contains("終わりました") && !text.contains("has lifted"), "\(text)")
        }
        let text = try #require(texts("evacuation-ran-out", Rendered.portal)[.japanese])
        #expect(text.body.contains("解除されたとは確認できていません") && text.body.contains("市役所に確かめてください"))
    }

    @Test("An order for a tsunami bears no warning level; one for a flood does")
    func level() throws {
        for text in try all("evacuation-tsunami") { #expect(!text.contains("警戒レベル") && !text.contains("Alert Level"), "\(text)") }
        let flood = try #require(texts("evacuation-level4", Rendered.portal)[.japanese])
        #expect(flood.title.contains("警戒レベル4") && flood.body.contains("警戒レベル4"))
    }

    @Test("Level 5 sends nobody to a shelter, and the first line says the one thing to do")
    func emergency() throws {
        for text in try all("evacuation-level5") { #expect(!text.contains("避難先：") && !text.contains("逃げる 所：") && !text.contains("Shelters:")) }
        #expect(try texts("evacuation-level5", Rendered.areaMail)[.japanese]?.title == "緊急安全確保 命を守れ")
        #expect(try texts("evacuation-level4", Rendered.areaMail)[.japanese]?.title == "避難指示 全員避難")
        #expect(try texts("evacuation-tsunami", Rendered.areaMail)[.japanese]?.title == "津波避難指示 高台へ")
        #expect(try texts("evacuation-level3", Rendered.areaMail)[.japanese]?.title == "高齢者等避難 避難開始")
    }

    @Test("A widened order names what of it already stood; of other hazards' orders, which end without it, it says nothing")
    func widened() throws {
        let text = try #require(texts("evacuation-widened", Rendered.portal)[.japanese]).body
        #expect(text.contains("中央地区の避難指示は続いています。") && !text.contains("本吉地区の土砂災害"), "\(text)")
    }

    @Test("Where the own district's order stands, the first words are its own, and what changes elsewhere is one line")
    func standsHere() throws {
        for (language, title, line) in [
            (Language.japanese, "気仙沼地区の避難指示は続いています（洪水）：危険な場所から避難", "ほかの地区で変更がありました：大島地区は高齢者等避難。"),
            (.english, "Alert Level 4: Evacuation Instruction still in force for 気仙沼地区 (name in Japanese) (flooding): everyone leave dangerous places", "Changed elsewhere: "),
        ] {
            let text = try #require(texts("evacuation-stands-4", Rendered.portal)[language])
            #expect(text.title == title && text.body.contains(line), "\(text)")
        }
        let tsunami = try #require(texts("evacuation-stands-tsunami", Rendered.portal)[.japanese])
        #expect(tsunami.body.contains("高台") && tsunami.body.contains("大島地区は解除") && !tsunami.body.contains("警戒レベル"), "\(tsunami)")
    }

    @Test("A full or closed shelter points to the living list and freezes none into its words")
    func livingList() throws {
        for name in ["shelter-full", "shelter-closed"] {
            for text in try all(name) { #expect(!text.contains("開いている避難所：") && !text.contains("Open shelters:"), "\(text)") }
        }
    }

    @Test("Whoever is where lives must be saved at once hears what to do, though the order of the hour is a milder one for others", arguments: [
        "evacuation-beside-emergency", "evacuation-lowered-beside-emergency",
    ])
    func besideEmergency(sample: String) throws {
        let words: [Language: String] = [
            .japanese: "中央地区の方は、いますぐ命を守る行動", .easyJapanese: "すぐ 命を 守って", .english: "act now to save your life",
        ]
        for channel in [Rendered.portal, Rendered.tablet] {
            let texts = try texts(sample, channel)
            for (language, words) in words { #expect(texts[language]?.body.contains(words) == true, "\(language)") }
        }
        #expect(try texts("evacuation-widened", Rendered.portal)[.japanese]?.body.contains("命を守る") == false)
    }

    @Test("What CAP says to be over is told as over, in every language, by the name of its event", arguments: [
        ("weather-cap-lifted", "暴風警報は解除されました"), ("tsunami-cap-lifted", "津波の警報・注意報は解除されました"), ("landslide-cap-lifted", "土砂災害警戒情報は解除されました"),
        ("evacuation-cap-lifted", "避難指示は解除されました"), ("other-cap-lifted", "原子力緊急事態は解除されました"),
    ])
    func capLifted(sample: String, title: String) throws {
        let texts = try texts(sample, Rendered.portal)
        #expect(texts[.japanese]?.title == title)
        for (language, text) in texts { #expect(!text.body.contains("避難してください") && !text.body.contains("evacuate now"), "\(language)") }
        #expect(texts[.english]?.title.lowercased().contains("lifted") == true)
    }
}
