import Chance
import Testing

@testable import Web

@Suite("Header fields as others write them")
struct FieldTests {
    @Test("A media type is read, or there is none; nothing written ends the program", arguments: [
        ("application/json", "application/json"), (" Application/JSON ; charset=UTF-8", "application/json"),
        ("text/plain;a=\"b;c\"", "text/plain"),
        (";", nil), ("", nil), (" ", nil), ("\t", nil), (";;;", nil), (" ; ", nil), ("/", nil), ("a/", nil), ("/b", nil),
        ("a/b/c", nil), ("a b/c", nil), ("application/json,text/plain", nil), ("\"", nil), ("\u{0}/\u{0}", nil),
    ] as [(String, String?)])
    func mediaType(written: String, essence: String?) {
        #expect(MediaType(written)?.essence == essence)
    }

    @Test("JSON is JSON in UTF-8", arguments: [
        ("application/json", true), ("application/problem+json", true), ("application/json;charset=\"utf-8\"", true),
        ("application/json; charset=shift_jis", false), ("text/plain", false), ("application/x-www-form-urlencoded", false),
        ("application/jsonp", false), ("text/x+json", false),
    ])
    func json(written: String, isJSON: Bool) {
        #expect(MediaType(written)?.isJSON == isJSON)
    }

    @Test("Weights are from 0 to 1 with three decimals; a member with another one is left out", arguments: [
        ("a, b;q=0.5, c;q=0.9", ["a", "c", "b"]), ("a;q=0.1,b;Q=1.000,c", ["b", "c", "a"]), ("a;q=0,b", ["b"]),
        (";", []), (",,;,;q=1,", []), ("a;q=", []), ("a;q=1e9", []), ("a;q=nan,b", ["b"]), ("a;q=-1", []), ("a;q=1.001", []),
        ("a;q=0.0001", []), ("a;q=\"0.5\",b", ["b", "a"]), ("A ; q=0.5 ; x=y", ["a"]), ("a;q=.5", []), ("a;q", ["a"]),
    ] as [(String, [String])])
    func weights(written: String, order: [String]) {
        #expect(Wishes(written).inOrder == order)
    }

    @Test("A page's language goes by weight, then by order; who wants none of ours gets English", arguments: [
        (nil, "ja"), ("", "ja"), (";", "ja"), ("*", "ja"), ("ja-JP", "ja"), ("en-US,en;q=0.9", "en"), ("ja;q=0.1, en", "en"),
        ("en;q=0.5,ja;q=0.9", "ja"), ("ja-x-easy", "ja-x-easy"), ("JA-X-EASY,en", "ja-x-easy"), ("fr-FR,fr;q=0.9", "en"),
        ("fr, ja;q=0.5", "ja"), ("zh-CN,zh;q=0.9,en;q=0.8", "en"), ("ja;q=0", "en"), ("ja;q=0, *", "en"), ("en;q=0, *", "ja"),
        ("*;q=0", "ja"), ("en;q=0, fr", "ja"), ("fr, *;q=0.5", "en"), ("japan", "en"), ("ja;q=0,ja-x-easy", "ja-x-easy"),
    ] as [(String?, String)])
    func language(written: String?, language: String) {
        #expect(Wishes.language(written) == language)
    }

    @Test("A language there are words for is found by its tag or by its own region, whichever they are", arguments: [
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"), ("zh-Hant-TW,zh;q=0.9", "zh-Hant"), ("zh-TW", "zh-Hant"), ("ZH-HANT", "zh-Hant"), ("pt;q=0,en", "en"), ("ja", "ja"),
    ])
    func further(written: String, language: String) {
        #expect(Wishes.language(written, among: ["ja", "ja-x-easy", "en", "pt", "zh-Hant"]) == language)
    }

    @Test("Chinese goes by script, which phones tell by region, and a language by each of its names", arguments: [
        ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-SG,en;q=0.5", "zh-Hans"), ("zh-Hans-CN", "zh-Hans"), ("cmn", "zh-Hans"), ("zh-TW", "zh-Hant"),
        ("zh-HK,zh;q=0.9,en;q=0.8", "zh-Hant"), ("zh-MO", "zh-Hant"), ("zh-Hant-HK", "zh-Hant"), ("yue-HK", "zh-Hant"), ("zh-hans-TW", "zh-Hans"),
        ("pt-BR", "pt"), ("pt-PT,pt;q=0.9", "pt"), ("fil-PH,en;q=0.9", "tl"), ("tl", "tl"), ("in-ID", "id"), ("id", "id"), ("ko-KR,ko;q=0.9", "ko"),
        ("vi;q=0.9,en;q=0.8", "vi"), ("en;q=0.2,vi;q=0.8", "vi"), ("vi;q=0,en", "en"), ("zh-CN;q=0,zh-TW", "zh-Hant"), ("zh-Hans;q=0,zh-CN,en;q=0.1", "en"),
        ("de,ko;q=0.3", "ko"), ("de", "en"), ("*", "ja"), ("ja,vi", "ja"),
    ])
    func names(written: String, language: String) {
        #expect(Wishes.language(written, among: ["ja", "ja-x-easy", "en", "id", "ko", "pt", "tl", "vi", "zh-Hans", "zh-Hant"]) == language)
    }

    @Test("Who reads one script of Chinese is better served by the other than by English", arguments: ["zh-TW", "zh-Hant", "zh-HK,en;q=0.9"])
    func otherScript(written: String) {
        #expect(Wishes.language(written, among: ["ja", "en", "zh-Hans"]) == "zh-Hans")
    }

    @Test("gzip goes to who takes it", arguments: [
        (nil, false), ("", false), ("gzip", true), ("GZIP;q=0.5", true), ("gzip;q=0", false), ("gzip;q=0.000", false), ("*", true),
        ("*;q=0", false), ("*, gzip;q=0", false), ("br, deflate", false), ("x-gzip", true), ("identity, gzip;q=0.5", false),
        ("identity;q=0.5, gzip", true), ("notgzip", false), (";", false), ("gzip;q=", false),
    ] as [(String?, Bool)])
    func gzip(written: String?, takes: Bool) {
        #expect(Wishes.takesGzip(written) == takes)
    }

    @Test("Entity tags compare weakly, one by one; * is whatever there is", arguments: [
        (#""a""#, true), (#"W/"a""#, true), (#""b", "a""#, true), ("*", true), (" * ", true), (#""aa""#, false), ("a", false),
        ("", false), (#"""#, false), (#""a, b""#, false), (";", false), (#""*""#, false),
    ])
    func tags(written: String, matches: Bool) {
        #expect(EntityTags(written)?.contains(#""a""#) == matches)
    }

    @Test("No field of odd octets ends the program; this seed replays one that does")
    func odd() {
        var random = Dice(seed: 20_261_128)
        let letters = Array(";,=\"\\ /*q01.9a\t-W\u{0}\u{85}\u{202E}é日")
        for _ in 0..<20_000 {
            let written = String((0..<Int.random(in: 0...12, using: &random)).map { _ in letters.randomElement(using: &random) ?? " " })
            _ = MediaType(written)
            _ = Wishes(written).inOrder
            _ = Wishes.language(written)
            _ = Wishes.takesGzip(written)
            _ = EntityTags(written)
        }
    }
}
