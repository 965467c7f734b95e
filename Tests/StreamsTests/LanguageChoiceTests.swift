import Chance
import Foundation
import Testing

@testable import Streams

@Suite("A line in the languages asked for")
struct LanguageChoiceTests {
    private static let line = Array(#"""
        {"areas":[{"name":"a\"},{"}],"event":"texts","mode":"actual","texts":{"en":{"body":"\"texts\":{","title":"Leave }"},"ja":{"body":"避難","title":"指示"},"ja-x-easy":{"body":"にげて","title":"おしらせ"}},"town":"042056"}
        """#.utf8)

    private func object(_ octets: [UInt8]) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(octets)) as? NSDictionary)
    }

    @Test("Only the texts of these languages are left, and every other octet is as it was", arguments: ["ja", "en", "ja-x-easy", "ja,en", "en,ja-x-easy,ja"])
    func narrowed(asked: String) throws {
        let narrow = try #require(LanguageChoice(asked)).narrowed(Self.line)
        let (before, after) = (try object(Self.line), try object(narrow))
        let texts = try #require(before["texts"] as? NSDictionary)
        let left = try #require(after["texts"] as? NSDictionary)
        #expect(Set(left.allKeys.map { "\($0)" }) == Set(asked.split(separator: ",").map(String.init)))
        for key in left.allKeys { #expect(left[key] as? NSDictionary == texts[key] as? NSDictionary) }
        for key in before.allKeys where "\(key)" != "texts" { #expect(before[key] as? NSObject == after[key] as? NSObject) }
        #expect(LanguageChoice(asked)?.narrowed(narrow) == narrow, "an edge that narrows what a hub has narrowed makes the same octets")
        let whole = String(decoding: Self.line, as: UTF8.self)
        let front = try #require(whole.range(of: #""texts":{"en""#)).lowerBound
        #expect(String(decoding: narrow, as: UTF8.self).hasPrefix(whole[..<front]) && String(decoding: narrow, as: UTF8.self).hasSuffix(#"},"town":"042056"}"#))
    }

    @Test("Nobody is left without words: Japanese where none of these is there, all where that is missing")
    func fallback() throws {
        let vietnamese = try #require(LanguageChoice("vi,ne"))
        #expect((try object(vietnamese.narrowed(Self.line))["texts"] as? NSDictionary)?.allKeys.map { "\($0)" } == ["ja"])
        let foreign = Array(#"{"texts":{"en":{},"ko":{}}}"#.utf8)
        #expect(vietnamese.narrowed(foreign) == foreign)
        #expect(LanguageChoice.all.narrowed(Self.line) == Self.line)
    }

    @Test("What is no line with texts stays as it is", arguments: [
        "", "{", "{}", "[]", #""texts""#, #"{"texts":1}"#, #"{"texts":{}}"#, #"{"texts":{"ja":{}"#, #"{"texts":{"ja":1,"en"}}"#, #"{"a":"\"#, #"{"state":"cut","texts":{"ja":"x"}}"#,
        #"{"texts":"ja"}"#, #"{"b":{"texts":{"ja":1,"en":2}}}"#,
    ])
    func others(line: String) throws { #expect(try #require(LanguageChoice("ja")).narrowed(Array(line.utf8)) == Array(line.utf8)) }

    @Test("Whatever becomes of a line, nothing traps, and what was JSON stays JSON with the same keys")
    func mutated() throws {
        var dice = Dice(seed: 2026)
        let choice = try #require(LanguageChoice("ja"))
        for _ in 0..<20_000 {
            var line = Self.line
            for _ in 0..<Int.random(in: 1...3, using: &dice) where !line.isEmpty {
                let place = Int.random(in: line.indices, using: &dice)
                switch Int.random(in: 0...3, using: &dice) {
                case 0: line.remove(at: place)
                case 1: line.insert("\"{}[],:\\ ".utf8.randomElement(using: &dice) ?? 0, at: place)
                case 2: line[place] = UInt8.random(in: .min ... .max, using: &dice)
                default: line = Array(line[..<max(1, place)])
                }
            }
            let narrow = choice.narrowed(line)
            guard let before = try? object(line) else { continue }
            let after = try object(narrow)
            // The same name twice is for the reader to settle, as it was before.
            #expect(Set(before.allKeys.map { "\($0)" }) == Set(after.allKeys.map { "\($0)" }), "\(String(decoding: line, as: UTF8.self))")
        }
    }

    @Test("A list of one to four tags is read, whatever its order; nothing else is")
    func lists() {
        #expect(LanguageChoice("en,ja") == LanguageChoice("ja,en,ja"))
        #expect(LanguageChoice(query: "language=zh-Hans")?.tags == ["zh-Hans"])
        for bad in ["", ",", "ja,", "ja;en", "日本", "a b", "ja,en,ko,vi,ne", String(repeating: "a", count: 36), "ja%2Cen"] { #expect(LanguageChoice(bad) == nil, "\(bad)") }
        for bad in ["", "lang=ja", "language=", "language=ja&x=1", "Language=ja", "language=ja&language=en"] { #expect(LanguageChoice(query: bad) == nil, "\(bad)") }
    }
}
