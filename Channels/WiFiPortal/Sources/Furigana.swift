import ChannelKit

/// Easy Japanese writes how an official word is read behind it, 避難指示（ひなんしじ）: on the page that stands over the word.
///
///     避難指示（ひなんしじ）  ─▶  <ruby>避難指示<rp>（</rp><rt>ひなんしじ</rt><rp>）</rp></ruby>
///
/// Without styles, and in w3m, the brackets stay. A screen reader says the word alone. What explains a word instead (避難所（にげる ところ）), or is the reading of its first part alone
/// (雷注意報（かみなり）), stays behind it as it is. Nothing is read that the texts or the register do not say.
///
/// The Japanese page has its readings from the table of our own words (`Readings`): what is said and what to do.
enum Furigana {
    /// `html` with readings over their words; between marks alone, since no attribute has a kanji before such a bracket.
    static func over(_ html: String) -> String {
        guard html.contains("（") else { return html }
        var result = "", word = "", rest = html[...]
        while let next = rest.first {
            if next == "（", !word.isEmpty, let close = rest.firstIndex(of: "）") {
                // The opening bracket is the first of `rest`, and the closing one was found behind it.
                let reading = rest[rest.index(after: rest.startIndex)..<close]
                if isReading(reading, of: word) {
                    result.removeLast(word.count)
                    result += ruby(word, String(reading))
                    word = ""
                    // What was found in it.
                    rest = rest[rest.index(after: close)...]
                    continue
                }
            }
            word = isKanji(next) ? word + String(next) : ""
            result.append(next)
            rest = rest.dropFirst()
        }
        return result
    }

    /// Both are HTML already.
    static func ruby(_ word: String, _ reading: String) -> String { "<ruby>\(word)<rp>（</rp><rt aria-hidden=\"true\">\(reading)</rt><rp>）</rp></ruby>" }

    /// A text of ours, with readings over its words; what is a name is read by nobody who was not told how.
    static func over(_ text: String, by readings: Readings, names: [String: String]) -> String {
        readings.pieces(of: text, names: names).map { piece in piece.reading.map { ruby(HTML.text(piece.text), HTML.text($0)) } ?? HTML.text(piece.text) }.joined()
    }

    private static func isReading(_ reading: Substring, of word: String) -> Bool {
        // Three kana a kanji and one more: 志（こころざし）.
        guard reading.count >= word.count, reading.count <= 3 * word.count + 2, reading.allSatisfy(isKana) else { return false }
        return !word.hasSuffix("報") || reading.hasSuffix("ほう")
    }

    private static func isKana(_ letter: Character) -> Bool { letter.unicodeScalars.allSatisfy { (0x3041...0x3096).contains($0.value) || $0.value == 0x30FC } }
    private static func isKanji(_ letter: Character) -> Bool { letter.unicodeScalars.allSatisfy { (0x4E00...0x9FFF).contains($0.value) || $0.value == 0x3005 } }
}
