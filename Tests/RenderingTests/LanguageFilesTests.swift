/// A language is files: what must be true of every one that is there, whoever adds it.
import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("A language is files")
struct LanguageFilesTests {
    /// All but those that are written in Japanese; English is what the others are held against.
    static let foreign = ScreenLanguages.inUse.known.filter { ![.japanese, .easyJapanese].contains($0) }
    static let further = foreign.filter { $0 != .english }

    private static func templates(_ language: Language) -> [String: TextTemplate] {
        let end = ".\(language.rawValue)"
        return Dictionary(
            Corpus.renderer.templates.filter { $0.key.hasSuffix(end) }.map { (String($0.key.dropLast(end.count)), $0.value) }, uniquingKeysWith: { $1 })
    }

    @Test("Whoever wants a warning in this language finds all there is in English, and each text asks for the same facts", arguments: further)
    func sameTexts(language: Language) throws {
        let (own, english) = (Self.templates(language), Self.templates(.english))
        #expect(Set(own.keys) == Set(english.keys), "\(Set(own.keys).symmetricDifference(english.keys).sorted())")
        for (name, template) in own {
            let facts = Set(template.tags.map(\.name)), wanted = Set(try #require(english[name]).tags.map(\.name))
            #expect(facts == wanted, "\(name).\(language): \(facts.symmetricDifference(wanted))")
        }
    }

    @Test("Every word that English has is there", arguments: further)
    func sameWords(language: Language) {
        for category in WordList.categories {
            let (own, english) = (Corpus.renderer.words.words(category, language), Corpus.renderer.words.words(category, .english))
            // Not every language has a word before the last of a list.
            let missing = Set(english.keys).subtracting(own.keys).filter { (category, $0) != ("form", "and") }
            #expect(missing.sorted() == [] && Set(own.keys).subtracting(english.keys) == [], "\(category) \(language)")
            #expect(own.values.allSatisfy { !$0.isEmpty }, "\(category) \(language)")
        }
    }

    private static func hasKana(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { (0x3041...0x30FA).contains($0.value) || $0 == "ー" }
    }

    @Test("No kana but in names: those of places, as they stand on signs, and what a person wrote in Japanese", arguments: foreign)
    func noKana(language: Language) throws {
        for template in Self.templates(language).values {
            #expect(!Self.hasKana(try String(contentsOf: Rendered.folder.appending(path: template.file), encoding: .utf8)), "\(template.file)")
        }
        for category in WordList.categories where !["volcano"].contains(category) {
            for (key, word) in Corpus.renderer.words.words(category, language) { #expect(!Self.hasKana(word), "\(category).\(key) \(language)") }
        }
        for (file, sample) in Rendered.samples {
            let written = try String(contentsOf: Rendered.folder.appending(path: "samples/\(file)"), encoding: .utf8)
            let text = try #require(Rendered.texts(sample, Rendered.portal(in: [language]), renderer: Corpus.renderer)[language])
            // Of what was not in the alert nothing is in kana.
            for run in (text.title + "\n" + text.body).split(whereSeparator: { !Self.hasKana(String($0)) }) {
                #expect(written.contains(run) || Corpus.renderer.words.words("volcano", language).values.contains { $0.contains(run) }, "\(file) \(language): \(run)")
            }
        }
    }

    @Test("A text is no longer than a screen has room for: once and a half as long as in English, and a little", arguments: further)
    func lengths(language: Language) throws {
        for (file, sample) in Rendered.samples {
            for manifest in [Rendered.portal(in: [language, .english]), Rendered.tablet(in: [language, .english])] {
                let texts = try Rendered.texts(sample, manifest, renderer: Corpus.renderer)
                let (own, english) = (try #require(texts[language]), try #require(texts[.english]))
                #expect(own.title.count <= english.title.count * 3 / 2 + 20, "\(file) \(language): \(own.title)")
                #expect(own.body.count <= english.body.count * 3 / 2 + 40, "\(file) \(language): \(own.body)")
            }
        }
    }

    @Test("The last line says in brackets who and when, and a cancel says so in its title", arguments: foreign)
    func signed(language: Language) throws {
        var cancels: Set<String> = []
        for (file, sample) in Rendered.samples {
            let text = try #require(Rendered.texts(sample, Rendered.portal(in: [language]), renderer: Corpus.renderer)[language])
            let last = try #require(text.body.split(separator: "\n").last)
            #expect(last.wholeMatch(of: /.*[（(].*[0-9]{1,2}:[0-9]{2}.*[）)]/) != nil, "\(file) \(language): \(last)")
            if sample.message == .cancel, file != "evacuation-cap-cancel.json" { cancels.insert(text.title) }
        }
        #expect(cancels.count > 5, "each cancel names what it takes back")
    }

    @Test("A town that does not speak a language leaves its files where they are; one that nobody knows is still named")
    func silent() throws {
        let portal = ChannelManifest(
            name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese, .easyJapanese, .english],
            concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(5))
        let tablet = ChannelManifest(
            name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese, .easyJapanese, .english],
            concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(5))
        #expect(throws: Never.self) { try Corpus.renderer.checkAll(channels: [portal, tablet, Rendered.areaMail]) }
        let folder = FileManager.default.temporaryDirectory.appending(path: "templates-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        try FileManager.default.copyItem(at: Rendered.folder, to: folder)
        try FileManager.default.copyItem(at: folder.appending(path: "shared/eew.ko.mustache"), to: folder.appending(path: "shared/eew.kr.mustache"))
        let problems = try #require(throws: TemplateProblems.self) {
            try Renderer(directory: folder).checkAll(channels: [portal, tablet, Rendered.areaMail])
        }
        #expect(problems.problems.map(\.file) == ["shared/eew.kr.mustache"])
    }

    // MARK: refused at the start

    private static func refusal(_ change: (inout [String: [String: String]]) -> Void) throws -> String {
        var words = try JSONDecoder().decode(
            [String: [String: String]].self, from: Data(contentsOf: Rendered.folder.appending(path: "words/en.json")))
        change(&words)
        var list = WordList()
        let problems = #expect(throws: TemplateProblems.self) { try list.add("eo", json: JSONEncoder().encode(words), file: "words/eo.json") }
        return problems?.problems.map(\.text).joined(separator: "\n") ?? ""
    }

    @Test("A language that cannot say a list, a height or a grade is refused, with everything that is missing")
    func unfinished() throws {
        let text = try Self.refusal {
            $0["form"]?["height-over"] = nil
            $0["form"]?["standing"] = "{order}"
            $0["grade"]?["danger"] = nil
            $0["office"]?["other"] = nil
        }
        for part in ["「form.height-over」がありません", "「form.standing」に{place}がありません", "「grade.danger」", "「office.other」"] {
            #expect(text.contains(part), "\(part): \(text)")
        }
    }
}
