/// Text of others on its way to a terminal, a log or a page: what cannot be seen is either refused or shown as what it is.
///
/// A device's name, a far end's answer or a bulletin may hold escape codes that paint over a screen, line ends that forge
/// a line of a log, and marks that turn 「解除」 around.
package enum PlainText {
    /// C0 and C1 with the line feed (U+0085 is one of them), U+2028 and U+2029, and the marks that turn what follows around.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    package static func isPlain(_ text: String) -> Bool { !text.unicodeScalars.contains(where: isHidden) }

    /// The same text with every such scalar written out, `\u001B`, as JSON does.
    /// - Parameter keepsLines: line feeds and tabs stay; for what is a page and not a field.
    package static func visible(_ text: String, keepsLines: Bool = false) -> String {
        guard !isPlain(text) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if !isHidden(scalar) || keepsLines && (scalar == "\n" || scalar == "\t") {
                shown.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                shown.append(contentsOf: "\\u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)".unicodeScalars)
            }
        }
        return String(shown)
    }
}
