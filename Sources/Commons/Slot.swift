internal import AlertModel
internal import FoundationEssentials

/// One place of a form: an element, how often it stands there and what is in it.
struct Slot: Sendable {
    enum Content: Sendable {
        /// Any text, also none.
        case text
        /// Text that says something.
        case saying
        /// Says something in at most so many UTF-16 units.
        case upTo(Int)
        case word([String])
        /// xsd:dateTime with its offset.
        case time
        case number
        /// Six digits, the last of them the check digit.
        case townCode
        case elements([Slot])
    }

    let space: Space
    let name: String
    let least: Int
    let most: Int
    let content: Content

    static func one(_ space: Space, _ name: String, _ content: Content = .text) -> Slot {
        Slot(space: space, name: name, least: 1, most: 1, content: content)
    }
    static func optional(_ space: Space, _ name: String, _ content: Content = .text) -> Slot {
        Slot(space: space, name: name, least: 0, most: 1, content: content)
    }
    static func some(_ space: Space, _ name: String, _ content: Content) -> Slot {
        Slot(space: space, name: name, least: 1, most: .max, content: content)
    }
    static func any(_ space: Space, _ name: String, _ content: Content) -> Slot {
        Slot(space: space, name: name, least: 0, most: .max, content: content)
    }

    func accepts(_ element: ParsedXML) -> Bool { element.name == name && element.namespace == space.uri }
}

/// The namespaces of a report.
enum Space: Sendable, Equatable {
    case edxl, commons, pcxml, basis, information
    case body(String)

    var uri: String {
        switch self {
        case .edxl: "urn:oasis:names:tc:emergency:EDXL:DE:1.0"
        case .commons: "http://xml.publiccommons.ne.jp/xml/edxl/"
        case .pcxml: "http://xml.publiccommons.ne.jp/pcxml1/3"
        case .basis: "http://xml.publiccommons.ne.jp/pcxml1/elementBasis3/"
        case .information: "http://xml.publiccommons.ne.jp/pcxml1/informationBasis3/"
        case .body(let name): "http://xml.publiccommons.ne.jp/pcxml1/body/\(name)"
        }
    }
}

extension ParsedXML {
    /// The first thing that is not as `slots` say, in words with the path to it.
    func objection(to slots: [Slot]) -> String? {
        var rest = children[...]
        for slot in slots {
            var count = 0
            while count < slot.most, let child = rest.first, slot.accepts(child) {
                if let objection = child.objection(to: slot.content) { return objection }
                rest = rest.dropFirst()
                count += 1
            }
            guard count >= slot.least else {
                return "\(name)/\(slot.name) is missing\(rest.first.map { "; \($0.name) stands there" } ?? "")"
            }
        }
        return rest.first.map { "\(name)/\($0.name) is too much, or not in its place" }
    }

    private func objection(to content: Slot.Content) -> String? {
        if case .elements(let slots) = content { return objection(to: slots) }
        guard children.isEmpty else { return "\(name) holds elements" }
        switch content {
        case .text, .elements: return nil
        case .saying: return isBlank ? "\(name) says nothing" : nil
        case .upTo(let limit):
            if isBlank { return "\(name) says nothing" }
            return text.utf16.count > limit ? "\(name) has \(text.utf16.count) characters; \(limit) are allowed" : nil
        case .word(let words): return words.contains(text) ? nil : "\(name) \(text) is none of \(words.joined(separator: ", "))"
        case .time: return Self.isTime(text) ? nil : "\(name) \(text) is no time with an offset"
        case .number: return Int(text).map { $0 >= 0 } == true ? nil : "\(name) \(text) is no number"
        case .townCode: return TownID(text) != nil ? nil : "\(name) \(text) is no code of six digits with its check digit"
        }
    }

    private var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

    private static func isTime(_ text: String) -> Bool {
        text.count == 25 && text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d/) != nil
            && (try? Date(text, strategy: .iso8601)) != nil
    }
}
