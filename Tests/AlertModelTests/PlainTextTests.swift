import AlertModel
import Testing

@Suite("Text of others")
struct PlainTextTests {
    static let hidden: [(String, String)] = [
        ("\u{1B}[2J", "\\u001B[2J"), ("\u{9B}31m", "\\u009B31m"), ("a\nnotice", "a\\u000Anotice"), ("a\r", "a\\u000D"), ("\u{85}", "\\u0085"),
        ("\u{202E}除解", "\\u202E除解"), ("\u{2066}x\u{2069}", "\\u2066x\\u2069"), ("\u{200F}", "\\u200F"), ("\u{2028}", "\\u2028"),
        ("\u{0}", "\\u0000"), ("\u{7F}", "\\u007F"), ("\u{FEFF}", "\\uFEFF"),
    ]

    @Test("What cannot be seen is written out, and is no plain text", arguments: hidden)
    func shown(text: String, visible: String) {
        #expect(!PlainText.isPlain(text))
        #expect(PlainText.visible(text) == visible)
        #expect(PlainText.isPlain(PlainText.visible(text)))
    }

    @Test("What people write stays as it is", arguments: ["気仙沼市", "がんばれ👨‍👩‍👧", "café", "１２３　あ", "한국어", "مرحبا", "\\u001B"])
    func plain(text: String) {
        #expect(PlainText.isPlain(text) && PlainText.visible(text) == text)
    }

    @Test("A page keeps its lines and nothing else")
    func lines() { #expect(PlainText.visible("a\n\tb\u{1B}c\r", keepsLines: true) == "a\n\tb\\u001Bc\\u000D") }
}
