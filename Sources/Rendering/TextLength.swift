package enum TextLength {
    /// Characters as the strictest carrier's gateway counts them: UTF-16 units, a line break as two.
    /// Source: Ishinomaki LGDIS (newline 2), SaigaiTask (title + body); the text is composed (NFC) before.
    package static func count(_ text: String) -> Int {
        text.reduce(0) { $0 + ($1.isNewline ? 2 : $1.utf16.count) }
    }
}
