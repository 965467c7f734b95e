package enum TextLength {
    /// Characters as the strictest carrier's gateway counts them: UTF-16 units, a line break as two.
    /// Source: Ishinomaki LGDIS (newline 2), SaigaiTask (title + body); the text is composed (NFC) before.
    package static func count(_ text: String) -> Int {
        var (count, last) = (0, Unicode.Scalar(0))
        for scalar in text.unicodeScalars {
            // CR LF is one line break.
            if scalar != "\n" || last != "\r" { count += PlainLines.isNewline(scalar) ? 2 : UTF16.width(scalar) }
            last = scalar
        }
        return count
    }
}
