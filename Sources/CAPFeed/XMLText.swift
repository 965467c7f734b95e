/// XML written so that it is its own canonical form (C14N, inclusive and exclusive alike): no attributes but
/// namespaces and `Algorithm`s in order, no empty-element tags, no entities but those the canonical form writes.
///
/// What is signed is what is sent, octet for octet; nothing is parsed and written again in between.
package struct XMLText {
    private(set) var text = ""

    mutating func open(_ name: String, _ attributes: String = "") {
        text += attributes.isEmpty ? "<\(name)>\n" : "<\(name) \(attributes)>\n"
    }

    mutating func close(_ name: String) { text += "</\(name)>\n" }

    mutating func element(_ name: String, _ content: String) { text += "<\(name)>\(Self.escaped(content))</\(name)>\n" }

    /// Nothing at all for nil and for an empty text.
    mutating func optional(_ name: String, _ content: String?) {
        if let content, !content.isEmpty { element(name, content) }
    }

    mutating func raw(_ markup: String) { text += markup }

    /// For text and for attribute values in double quotes. Characters XML 1.0 cannot hold (§2.2) are left out.
    package static func escaped(_ text: String, inAttribute: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3C: result += "&lt;"
            case 0x3E where !inAttribute: result += "&gt;"
            case 0x22 where inAttribute: result += "&quot;"
            case 0x0D: result += "&#xD;"
            case 0x09 where inAttribute: result += "&#x9;"
            case 0x0A where inAttribute: result += "&#xA;"
            case 0x09, 0x0A, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: result.unicodeScalars.append(scalar)
            default: break
            }
        }
        return result
    }
}
