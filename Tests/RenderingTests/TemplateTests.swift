import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("The templates that come with the program")
struct TemplateTests {
    let renderer: Renderer
    init() throws { renderer = try Renderer(directory: Rendered.folder) }

    @Test("Every template renders with every sample that leads to it, and every sample fits every channel")
    func checkAll() throws {
        do {
            try renderer.checkAll(channels: Rendered.channels)
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("No text shows an empty place, a NaN or a tag", arguments: ModeName.allCases)
    func nothingEmpty(mode: ModeName) throws {
        let signs = ["NaN", "Optional", "{", "}", "震度 ", "震度の", "「」", "（）", "()", "、、", "。。", "：\n", ": \n",
                     "に、に", "  ", "　　", "\n\n\n", "（ ", "のの", " ,"]
        for (file, sample) in Rendered.samples {
            for manifest in Rendered.channels {
                for (language, text) in try Rendered.texts(sample, manifest, mode, renderer: renderer) {
                    for sign in signs {
                        #expect(!text.title.contains(sign) && !text.body.contains(sign), "\(file) \(language): “\(sign)” in \(text)")
                    }
                    #expect(text.title.contains(where: \.isNewline) == false)
                    // Inilabas, Tagalog for 発表, has the three letters in it.
                    #expect(!(text.title + " " + text.body).contains(/\bnil\b/), "\(file) \(language)")
                }
            }
        }
    }

    @Test("A drill says so at the head of every title and body, in every language; a real alert never does")
    func drills() throws {
        for (file, sample) in Rendered.samples {
            for manifest in Rendered.channels {
                for (language, text) in try Rendered.texts(sample, manifest, .exercise, renderer: renderer) {
                    let mark = DrillMark.prefix(language)
                    #expect(text.title.hasPrefix(mark) && text.body.hasPrefix(mark), "\(file) \(language)")
                    #expect(text.body.contains(ScreenLanguages.inUse.words(language)[.drillBody]), "\(file) \(language)")
                }
                for (language, text) in try Rendered.texts(sample, manifest, .actual, renderer: renderer) {
                    let words = text.title + text.body
                    let own = ScreenLanguages.inUse.words(language)[.drill]
                    #expect([own, "訓練", "くんれん", "DRILL"].allSatisfy { !words.contains($0) }, "\(file) \(language)")
                }
            }
        }
    }

    @Test("Every text says who, where and when")
    func sourcePlaceTime() throws {
        for (file, sample) in Rendered.samples {
            let content = sample.content
            for manifest in Rendered.channels {
                for (language, text) in try Rendered.texts(sample, manifest, renderer: renderer) {
                    let wording = Wording(language: language, words: renderer.words)
                    let town = wording.isRoman ? "Kesennuma City" : "気仙沼市"
                    let senders = content.town == nil
                        ? content.sender.split(separator: " ").map { wording.word("sender", String($0)) } : [town]
                    #expect(senders.allSatisfy { text.body.contains($0) }, "\(file) \(language): who? \(text.body)")
                    #expect(text.body.contains(wording.time(content.reported ?? content.sent)), "\(file) \(language): when?")
                    let places = [town, wording.word("sender", "宮城県"), "北上川", "鹿折"]
                    #expect(places.contains { text.body.contains($0) }, "\(file) \(language): where? \(text.body)")
                }
            }
        }
    }

    @Test("Area mail has only letters and patterns the carriers take")
    func areaMailLetters() throws {
        for (file, sample) in Rendered.samples {
            for mode in ModeName.allCases {
                for text in try Rendered.texts(sample, Rendered.areaMail, mode, renderer: renderer).values {
                    #expect(TextLength.count(text.title) <= 15 && TextLength.count(text.body) <= 200, "\(file)")
                    let words = (text.title + text.body).lowercased()
                    #expect(!words.contains("http") && !words.contains("@") && !words.contains("tel:"), "\(file)")
                    // Half-width kana, circled numbers and Roman numerals, squared words.
                    let refused: [ClosedRange<UInt32>] = [0xFF61...0xFF9F, 0x2460...0x249B, 0x2160...0x217F, 0x3220...0x33FF]
                    #expect(!words.unicodeScalars.contains { scalar in refused.contains { $0.contains(scalar.value) } }, "\(file)")
                }
            }
        }
    }

    @Test("A cancel shows what is cancelled and never repeats the call")
    func cancels() throws {
        for (file, sample) in Rendered.samples where sample.message == .cancel {
            for manifest in Rendered.channels {
                let texts = try Rendered.texts(sample, manifest, renderer: renderer)
                let body = texts[.japanese]?.body ?? ""
                #expect(body.contains("取り消します") && body.contains("誤りでした"), "\(file): \(body)")
                #expect(!body.contains("避難してください") && !body.contains("逃げてください"), "\(file): \(body)")
                if let english = texts[.english] { #expect(english.body.contains("cancelled"), "\(file)") }
                if let easy = texts[.easyJapanese] { #expect(easy.body.contains("まちがい"), "\(file)") }
            }
        }
    }

    @Test("An early warning shows neither magnitude nor depth")
    func noFirstGuess() throws {
        for name in ["eew-warning", "eew-warning-assumed", "eew-forecast", "eew-update"] {
            for manifest in Rendered.channels {
                for text in try Rendered.texts(Rendered.sample(name), manifest, renderer: renderer).values {
                    for guess in ["Ｍ", "マグニチュード", "M7", "M1", "10km", "10 km", "深さ"] {
                        #expect(!text.body.contains(guess), "\(name): \(text.body)")
                    }
                }
            }
        }
    }

    @Test("Sentences of easy Japanese are short")
    func shortSentences() throws {
        for (file, sample) in Rendered.samples where sample.notice == nil {
            let text = try #require(Rendered.texts(sample, Rendered.portal, renderer: renderer)[.easyJapanese])
            for sentence in text.body.split(whereSeparator: { "。\n".contains($0) }) where !sentence.contains("：") {
                #expect(sentence.count <= 50, "\(file): \(sentence)")
            }
        }
    }
}
