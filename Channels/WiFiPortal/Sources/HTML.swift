/// Text into HTML. Everything that is not written in this folder goes through `text`.
enum HTML {
    /// Escaped for elements and attributes; control characters, which a browser may act on, are left out.
    static func text(_ text: String) -> String {
        guard needsChange(text) else { return text }
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

    /// Most texts are as they are; seventy spots' pages are made of some thousand of them. May say yes too often.
    private static func needsChange(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { octets in
            for (index, octet) in octets.enumerated() {
                switch octet {
                case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), 0x7F:
                    return true
                case UInt8(ascii: "\n"): continue
                case 0..<0x20: return true
                // The lead octets of U+0080–00BF and of U+2000–207F, among which are the marks that are left out.
                case 0xC2: return true
                case 0xE2 where index + 1 < octets.count && (octets[index + 1] == 0x80 || octets[index + 1] == 0x81): return true
                default: continue
                }
            }
            return false
        }
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
        // By octets: no character but the line break itself has one of 0x0A.
        for octets in body.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let line = Substring(octets)
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
