/// Text into HTML. Everything that is not written in this folder goes through `text`.
enum HTML {
    /// Escaped for elements and attributes; control characters, which a browser may act on, are left out.
    static func text(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n": result += "\n"
            case "\t": result += " "
            default:
                if isShown(scalar) { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    /// Controls, and the marks that reorder what follows them (U+202A–202E, U+2066–2069), are not shown.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }

    /// A paragraph for every block between blank lines; single line breaks stay, in browsers without styles too.
    static func paragraphs(_ body: String) -> String {
        var blocks: [[Substring]] = [[]]
        for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.allSatisfy(\.isWhitespace) { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        return blocks.filter { !$0.isEmpty }.map { tag("p", $0.map { text(String($0)) }.joined(separator: "<br>")) }.joined()
    }

    static func tag(_ name: String, _ inner: String) -> String {
        tag(name, [:], inner)
    }

    /// `inner` is HTML already.
    static func tag(_ name: String, _ attributes: KeyValuePairs<String, String>, _ inner: String) -> String {
        let written = attributes.map { " \($0.key)=\"\(text($0.value))\"" }.joined()
        return "<\(name)\(written)>\(inner)</\(name)>"
    }
}
