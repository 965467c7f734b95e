import Foundation
import Testing

@testable import Rendering

@Suite("Lines, lengths and composed letters, scalar by scalar")
struct PlainLinesTests {
    /// As the language itself sees letters; slower, and so the measure.
    private static func slowTidy(_ text: String) -> String {
        var lines: [Substring] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var line = line
            while let last = line.last, last.isWhitespace { line.removeLast() }
            if line.isEmpty && (lines.last?.isEmpty ?? true) { continue }
            lines.append(line)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n").precomposedStringWithCanonicalMapping
    }

    private static let parts = [
        "避難", "か\u{3099}", "ハ\u{309A}", "ｶﾞ", "e\u{301}", "é", "Å", "\u{212B}", "\u{F900}", "각", "\u{1100}\u{1161}", "👨‍👩‍👧", "a", " ", "　", "\t", "\u{A0}",
        "\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{B}", "\u{C}", "\n\n", "。", "１", "①", "～", "\u{200B}", "\u{301}",
    ]

    @Test("Lines, blanks and letters become the same as letter by letter, whatever they are made of")
    func same() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in Self.parts.randomElement(using: &random) ?? "" }.joined()
            let tidy = TextTemplate.tidy(text)
            // A mark on a blank is one letter with it for the language, and belongs to the line for us: nobody writes it.
            let isOdd = text.unicodeScalars.contains("\u{301}")
            if !isOdd { #expect(tidy == Self.slowTidy(text) && Array(tidy.utf8) == Array(Self.slowTidy(text).utf8), "\(text.debugDescription)") }
            #expect(Array(tidy.utf8) == Array(tidy.precomposedStringWithCanonicalMapping.utf8), "\(text.debugDescription)")
            #expect(TextLength.count(text) == text.reduce(0) { $0 + ($1.isNewline ? 2 : $1.utf16.count) }, "\(text.debugDescription)")
        }
    }

    @Test("What is said to be composed is composed, for every letter there is, alone and behind every mark that joins")
    func composed() {
        for value in UInt32(0)...0x2FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for text in [String(Character(scalar)), "か" + String(Character(scalar)), "e" + String(Character(scalar))] where PlainLines.isComposed(text) {
                #expect(Array(text.precomposedStringWithCanonicalMapping.utf8) == Array(text.utf8), "\(String(value, radix: 16))")
            }
        }
    }
}
