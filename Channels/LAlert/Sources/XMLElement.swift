/// XML that cannot come out broken: names are ours, every text and attribute is escaped.
///
///     XMLElement("pcx_ev:Detail", [XMLElement("pcx_ev:Sort", "避難指示")])
///
/// Source: XML 1.0, 2.2 (characters), 2.4 (escaping).
struct XMLElement: Sendable {
    enum Content: Sendable {
        case text(String)
        case elements([XMLElement])
    }

    let name: String
    let attributes: [(name: String, value: String)]
    let content: Content

    init(_ name: String, _ text: String, attributes: [(name: String, value: String)] = []) {
        self.name = name
        self.attributes = attributes
        content = .text(text)
    }

    init(_ name: String, attributes: [(name: String, value: String)] = [], _ elements: [XMLElement?]) {
        self.name = name
        self.attributes = attributes
        content = .elements(elements.compactMap { $0 })
    }

    /// The element as a document, UTF-8.
    var document: [UInt8] { Array(("<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + text).utf8) }

    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        text += "<\(name)"
        for attribute in attributes { text += " \(attribute.name)=\"\(Self.escaped(attribute.value))\"" }
        text += ">"
        switch content {
        case .text(let words): text += Self.escaped(words)
        case .elements(let elements): for element in elements { element.write(to: &text) }
        }
        text += "</\(name)>"
    }

    /// What XML has no place for (control characters, U+FFFE) becomes U+FFFD, as people must still read the rest. A
    /// carriage return would be normalised away by the reader, together with what it means.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            case "\r": result += "&#13;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case let other where other.value < 0x20 || other.value == 0xFFFE || other.value == 0xFFFF:
                result.unicodeScalars.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
