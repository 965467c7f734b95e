import AlertModel
import ChannelKit
import Foundation
import Testing

@Suite("Words of screens")
final class ScreenWordsTests {
    private let folder: URL
    private let shipped = URL(filePath: "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")).appending(path: "Templates/screens")

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "screens-\(UUID().uuidString.prefix(8))")
        try FileManager.default.copyItem(at: shipped, to: folder)
    }

    deinit { _ = try? FileManager.default.removeItem(at: folder) }  // only a temporary folder

    private func change(_ name: String, into other: String? = nil, _ body: (inout [String: [String: String]]) -> Void) throws {
        let file = folder.appending(path: "\(name).json")
        var words = try JSONDecoder().decode([String: [String: String]].self, from: Data(contentsOf: file))
        body(&words)
        try JSONEncoder().encode(words).write(to: other.map { folder.appending(path: "\($0).json") } ?? file)
    }

    private func refusal() throws -> String {
        try #require(throws: ScreenWordsProblem.self) { try ScreenLanguages(folder: folder) }.description
    }

    @Test("The shipped lists are whole; Japanese comes first")
    func shippedLists() throws {
        let languages = try ScreenLanguages(folder: shipped)
        #expect(languages.all.prefix(3) == [.japanese, .easyJapanese, .english])
        #expect(Array(languages.all.dropFirst(3)) == languages.all.dropFirst(3).sorted(), "the others by their tags")
        #expect(languages.words(.english)(.asOf, "23 Nov") == "As of 23 Nov")
        #expect(languages.words(.japanese).date(month: 3, day: 11) == "3月11日" && languages.words(.english).date(month: 3, day: 11) == "11 Mar")
    }

    @Test("A word that is missing, in the program's or in the tablet's, is named with its file", arguments: [("portal", "nothing"), ("tablet", "outbox"), ("kind", "eew")])
    func missing(group: String, key: String) throws {
        try change("en") { $0[group]?[key] = nil }
        #expect(try refusal().contains("en.json: 「\(group).\(key)」がありません"))
    }

    @Test("A word that Japanese lacks is missing, too")
    func missingInJapanese() throws {
        for language in ["ja", "ja-x-easy", "en"] { try change(language) { $0["cut"]?["line"] = nil } }
        #expect(try refusal().contains("ja.json: 「cut.line」がありません"))
    }

    @Test("A word nobody uses, a place for something that is lost, eleven months and a file that is no list are named, all at once")
    func flaws() throws {
        try change("en") {
            $0["portal"]?["nothinq"] = "x"
            $0["cut"]?["line"] = "The line is cut"
        }
        try change("ja-x-easy") { $0["language"]?["months"] = "1 2 3 4 5 6 7 8 9 10 11" }
        try Data("[]".utf8).write(to: folder.appending(path: "fr.json"))
        let words = try refusal()
        for part in ["portal.nothinq", "「cut.line」の {} の数", "language.months", "fr.json"] { #expect(words.contains(part), "\(part): \(words)") }
    }

    @Test("A further language is a file: it stands behind ours, and has its own words")
    func further() throws {
        try change("en", into: "eo") { $0["portal"]?["nothing"] = "Neniuj avertoj" }
        let languages = try ScreenLanguages(folder: folder)
        #expect(languages.all.map(\.rawValue).prefix(4) == ["ja", "ja-x-easy", "en", "eo"])
        #expect(languages.words(Language(rawValue: "eo"))[.nothing] == "Neniuj avertoj")
        #expect(languages.words(Language(rawValue: "xx"))[.own] == "日本語")
    }

    @Test("A language that asks to be named is spoken where somebody names it, and costs nobody else anything")
    func named() throws {
        let languages = try ScreenLanguages(folder: shipped)
        #expect(languages.all.map(\.rawValue) == ["ja", "ja-x-easy", "en", "ko", "pt", "vi", "zh-Hans", "zh-Hant"], "an update brings a town no language it has to wait for")
        #expect(languages.known.count == 16 && languages.everyOne.all == languages.known)
        let chosen = try languages.speaking(["ne", "ja", "my", "en"])
        #expect(chosen.all.map(\.rawValue) == ["ja", "en", "my", "ne"] && chosen.known == languages.known)
        #expect(languages.words(Language(rawValue: "ne"))[.own] == "नेपाली", "a page that is there already is still read")
    }

    @Test("A language nobody has words for, and a town without Japanese, are refused with what there is")
    func strange() throws {
        let languages = try ScreenLanguages(folder: shipped)
        let words = try #require(throws: ScreenWordsProblem.self) { try languages.speaking(["en", "nepali"]) }.description
        for part in ["「nepali」の単語がありません", "ja（日本語）は、いつも要ります", "zh-Hant"] { #expect(words.contains(part), "\(part): \(words)") }
    }

    @Test("Whether a language is always spoken is one of two words, and Japanese always is")
    func whenSpoken() throws {
        try change("en") { $0["language"]?["when"] = "sometimes" }
        try change("ja") { $0["language"]?["when"] = "named" }
        let words = try refusal()
        #expect(words.contains("en.json: 「language.when」は always か named です") && words.contains("ja.json: 「language.when」は always です"), "\(words)")
    }

    @Test("Without a folder there are no words")
    func nothing() throws {
        try FileManager.default.removeItem(at: folder)
        #expect(try refusal().contains("画面の単語がありません"))
    }
}
