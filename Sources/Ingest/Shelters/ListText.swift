/// Cells as people type them, made plain: spaces of all kinds, half-width kana, full-width digits, flags.
enum ListText {
    /// Without spaces at the ends; no-break spaces inside become spaces, line breaks stay.
    static func tidy(_ cell: String) -> String {
        var text = cell.contains("\u{A0}") ? String(cell.map { $0 == "\u{A0}" ? " " : $0 }) : cell
        if text.contains("\r\n") { text = text.split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n") }
        let start = text.firstIndex { !isSpace($0) } ?? text.endIndex
        let end = text.lastIndex { !isSpace($0) }.map { text.index(after: $0) } ?? text.endIndex
        return start < end ? String(text[start..<end]) : ""
    }

    private static func isSpace(_ character: Character) -> Bool {
        character.isWhitespace || character == "\u{FEFF}"
    }

    /// Half-width kana (ｱ, ｶﾞ) as full-width; everything else stays.
    static func fullWidthKana(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { (0xFF61...0xFF9F).contains($0.value) }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0xFF9E: voice(&result, by: 1, or: "\u{309B}")
            case 0xFF9F: voice(&result, by: 2, or: "\u{309C}")
            case 0xFF61...0xFF9D: result.append(wide[Int(scalar.value - 0xFF61)])
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static let wide = Array(
        "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン".unicodeScalars)

    /// ﾞ makes カ ガ: one further in the table of letters; ﾟ makes ハ パ: two further.
    private static func voice(_ text: inout String.UnicodeScalarView, by step: UInt32, or mark: Unicode.Scalar) {
        let canVoice = "カキクケコサシスセソタチツテトハヒフヘホ", canHarden = "ハヒフヘホ"
        guard let last = text.last else { return text.append(mark) }
        if last == "ウ", step == 1 {
            text.removeLast()
            text.append("ヴ")
        } else if (step == 1 ? canVoice : canHarden).unicodeScalars.contains(last), let voiced = Unicode.Scalar(last.value + step) {
            text.removeLast()
            text.append(voiced)
        } else {
            text.append(mark)
        }
    }

    /// Full-width ASCII (１，．) as ASCII.
    static func ascii(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if (0xFF01...0xFF5E).contains(scalar.value), let plain = Unicode.Scalar(scalar.value - 0xFEE0) {
                result.append(plain)
            } else {
                result.append(scalar == "\u{3000}" ? " " : scalar)
            }
        }
        return String(result)
    }

    /// `1`, `1.0`, ○ are yes; empty, `0`, ×, 無 are no; nil is neither.
    static func flag(_ cell: String) -> Bool? {
        switch ListMark(cell) {
        case .yes: true
        case .no, .blank: false
        case .conditional, .other: nil
        }
    }

    /// `50,700 ` is 50700, `1,371人` is 1371, `12.0` is 12, 約100人 is 100; prose is nil.
    static func count(_ cell: String) -> Int? {
        var text = ascii(tidy(cell)).filter { $0 != "," && $0 != " " && $0 != "、" }
        for word in ["約", "およそ", "概ね", "おおむね"] where text.hasPrefix(word) { text.removeFirst(word.count) }
        for word in ["程度", "ほど", "以上", "人", "名"] where text.hasSuffix(word) { text.removeLast(word.count) }
        if text.hasSuffix(".0") { text.removeLast(2) }
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    /// `38.9`, `38度54分00秒`, `38°54'00"`.
    static func degrees(_ cell: String) -> Double? {
        let text = ascii(tidy(cell))
        let parts = text.split { "°度'′分\"″秒 ".contains($0) }
        if parts.count > 1, text.contains(where: { "°度".contains($0) }) {
            let numbers = parts.prefix(3).map { Double($0) ?? .nan }
            let value = zip(numbers, [1.0, 60, 3_600]).reduce(0) { $0 + $1.0 / $1.1 }
            return value.isFinite && parts.count <= 3 ? value : nil
        }
        guard !text.isEmpty, text.utf8.count <= 24, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
