/// The rules of the house's words, over all texts and all names at once.
import AlertModel
import ChannelKit
import Codes
import Foundation
import Testing

@testable import Rendering

@Suite("How the house speaks")
struct HouseStyleTests {
    static let languages = ScreenLanguages.inUse.known.filter { $0 != .japanese }

    @Test("Every kind in JMA's tables that can meet residents has a name in every language", arguments: [
        KindTable.weather, .tsunami, .volcano, .landslide, .nankai, .tornado, .heavyRainRecord, .eewWarning, .eewForecast,
    ])
    func kindNames(table: KindTable) {
        let days = [Date(timeIntervalSince1970: 1_700_000_000), Date(timeIntervalSince1970: 1_790_000_000)]
        for code in 0...299 {
            for text in ["\(code)", "0\(code)"] {
                for day in days {
                    guard let name = CodeTables.bundled.kindName(table, text, at: day), !name.isEmpty else { continue }
                    let scheme: AreaScheme = table == .volcano && name.hasPrefix("レベル") ? .jmaVolcano : .jmaCity
                    let statement = AreaStatement(scheme: scheme, code: "1", kindCode: text, kindName: name)
                    guard let told = FactSource.phenomenon(statement) else { continue }
                    for language in Self.languages {
                        #expect(Corpus.renderer.words.word("kind", told, language) != nil, "\(table) \(text) \(told) \(language)")
                    }
                }
            }
        }
    }

    @Test("Every kind that a bulletin of the corpus brings has a name in every language", .enabled(if: Corpus.folder != nil))
    func corpusNames() throws {
        var missing: Set<String> = []
        for folder in ["jma/official-samples", "jma/real-2021-2024"] {
            for file in Corpus.files(folder) {
                guard let content = try? Corpus.content(named: file.lastPathComponent), ![.other, .notice].contains(content.kind) else { continue }
                for statement in content.areas {
                    guard let name = FactSource.phenomenon(statement), !name.hasPrefix("震度"), !name.hasPrefix("浸水想定地区") else { continue }
                    if Self.languages.contains(where: { Corpus.renderer.words.word("kind", name, $0) == nil }) { missing.insert(name) }
                }
            }
        }
        #expect(missing.sorted() == [])
    }

    @Test("A label is a noun and never a command")
    func labels() {
        for kind in AlertKind.allCases {
            for language in [Language.japanese] + Self.languages {
                let word = Corpus.renderer.words.word("cancelled", kind.rawValue, language)
                #expect(word != nil, "\(kind) \(language)")
                #expect(word?.contains("ください") == false, "\(kind) \(language)")
            }
        }
    }

    @Test("Only a lifting says that something ended, and no cancel that nobody needs to flee")
    func endings() {
        for template in Corpus.renderer.templates.values {
            let text = (try? String(contentsOf: Rendered.folder.appending(path: template.file), encoding: .utf8)) ?? ""
            // A town's own orders and places speak for themselves.
            guard !["evacuation", "shelter", "headquarters", "notice"].contains(where: { template.file.contains("/\($0)") }) else { continue }
            if text.contains("終わりました"), !text.contains("調べ終わりました") {
                #expect(template.file.contains(".lifted."), "\(template.file)")
            }
            for promise in ["避難は必要ありません", "逃げなくても", "津波は 来ません", "大きい 地震は 来ません", "do not need to evacuate", "安全です"] {
                #expect(!text.contains(promise), "\(template.file): \(promise)")
            }
            #expect(!text.contains("は取り消します"), "\(template.file)")
        }
    }

    @Test("Every level has words of its own, in every language", arguments: ["weather", "landslide", "flood", "volcano"])
    func levels(family: String) throws {
        for language in [Language.japanese] + Self.languages {
            let texts = try (2...5).map { level in
                let name = family == "volcano" && level == 2 ? "volcano" : "\(family)-level\(level)"
                return try #require(Rendered.texts(Rendered.sample(name), Rendered.portal(in: [language]), renderer: Corpus.renderer)[language])
            }
            #expect(Set(texts.map(\.title)).count == 4, "\(family) \(language)")
            #expect(Set(texts.map(\.body)).count == 4, "\(family) \(language)")
        }
    }

    @Test("A kind that no table knows is told by its name, its level and the town's word")
    func newKind() throws {
        let texts = try Rendered.texts(Rendered.sample("weather-new-kind"), Rendered.portal, renderer: Corpus.renderer)
        #expect(texts[.japanese]?.title == "レベル４突発豪雨危険警報　危険な場所から全員避難")
        #expect(texts[.japanese]?.body.contains("気仙沼市の避難情報に従ってください") == true)
        #expect(texts[.english]?.title.hasPrefix("Level 4 danger warning (name in Japanese: ") == true)
    }

    @Test("English writes lists with and, and its brackets in ASCII")
    func english() throws {
        for entry in try TextBook(Corpus.renderer, channels: Rendered.book).entries where entry.language == .english {
            guard let text = entry.text, !["evacuation", "shelter", "headquarters", "notice"].contains(where: { entry.sample.hasPrefix($0) }) else { continue }
            let own = text.title + text.body
            for sign in ["【", "。 ", " , ", "Japan time"] { #expect(!own.contains(sign), "\(entry.sample): \(own)") }
        }
    }
}
