/// What the three schemas of CAP allow, as a table: which elements, in which order, how often, with which content.
///
/// The schema language is not needed for it: a CAP alert is four sequences deep. Written from the OASIS schema of
/// CAP 1.2 (2010) and from the schemas of 1.1 (2005) and 1.0 (2004); `CAPCheck` walks a document along it.
package enum CAPVersion: String, Sendable, CaseIterable {
    case v10 = "1.0"
    case v11 = "1.1"
    case v12 = "1.2"

    package init?(namespace: String) {
        guard let match = Self.allCases.first(where: { $0.namespace == namespace }) else { return nil }
        self = match
    }

    package var namespace: String {
        switch self {
        case .v10: "http://www.incident.com/cap/1.0"
        case .v11: "urn:oasis:names:tc:emergency:cap:1.1"
        case .v12: "urn:oasis:names:tc:emergency:cap:1.2"
        }
    }
}

struct CAPSlot: Sendable {
    enum Content: Sendable {
        /// Any text, also none.
        case text
        /// Text that must say something (the standard's data dictionary, not its schema).
        case saying
        case word([String])
        case language, dateTime, integer, decimal, uri
        /// `valueName` and `value`; in CAP 1.0 one text `name=value`.
        case pair
        case sequence([CAPSlot])
    }

    let name: String
    let least: Int
    let most: Int
    let content: Content

    static func one(_ name: String, _ content: Content = .text) -> CAPSlot {
        CAPSlot(name: name, least: 1, most: 1, content: content)
    }
    static func optional(_ name: String, _ content: Content = .text) -> CAPSlot {
        CAPSlot(name: name, least: 0, most: 1, content: content)
    }
    static func any(_ name: String, _ content: Content = .text) -> CAPSlot {
        CAPSlot(name: name, least: 0, most: .max, content: content)
    }
    static func some(_ name: String, _ content: Content = .text) -> CAPSlot {
        CAPSlot(name: name, least: 1, most: .max, content: content)
    }
}

enum CAPGrammar {
    static func alert(_ version: CAPVersion) -> [CAPSlot] {
        switch version {
        case .v10: alert10
        case .v11: alert11
        case .v12: alert12
        }
    }

    /// Every word that a slot of one version or another asks for.
    static let words: [String] = {
        func words(_ slots: [CAPSlot]) -> [String] {
            slots.flatMap { slot -> [String] in
                switch slot.content {
                case .word(let words): words
                case .sequence(let slots): words(slots)
                default: []
                }
            }
        }
        return words(alert12) + words(alert11) + words(alert10)
    }()

    private static let alert10 = makeAlert(.v10)
    private static let alert11 = makeAlert(.v11)
    private static let alert12 = makeAlert(.v12)

    private static func makeAlert(_ version: CAPVersion) -> [CAPSlot] {
        let first = version == .v10
        let states = ["Actual", "Exercise", "System", "Test"] + (first ? [] : ["Draft"])
        let scopes = CAPSlot.Content.word(["Public", "Restricted", "Private"])
        return [
            .one("identifier", .saying), .one("sender", .saying), .one("sent", .dateTime),
            .one("status", .word(states)), .one("msgType", .word(["Alert", "Update", "Cancel", "Ack", "Error"])),
        ] + (first ? [.optional("password")] : []) + [
            .optional("source"), first ? .optional("scope", scopes) : .one("scope", scopes),
            .optional("restriction"), .optional("addresses"), .any("code"), .optional("note"),
            .optional("references"), .optional("incidents"), .any("info", .sequence(info(version))),
        ]
    }

    private static func info(_ version: CAPVersion) -> [CAPSlot] {
        let first = version == .v10
        let categories = CAPSlot.Content.word(
            ["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra"]
                + (first ? [] : ["CBRNE"]) + ["Other"])
        let responses =
            ["Shelter", "Evacuate", "Prepare", "Execute", "Monitor", "Assess", "None"]
            + (version == .v12 ? ["Avoid", "AllClear"] : [])
        let pair = CAPSlot.Content.pair
        return [
            .optional("language", .language), first ? .any("category", categories) : .some("category", categories),
            .one("event", .saying),
        ] + (first ? [] : [.any("responseType", .word(responses))]) + [
            .one("urgency", .word(["Immediate", "Expected", "Future", "Past", "Unknown"])),
            .one("severity", .word(["Extreme", "Severe", "Moderate", "Minor", "Unknown"])),
            .one(
                "certainty", .word([first ? "Very Likely" : "Observed", "Likely", "Possible", "Unlikely", "Unknown"])),
            .optional("audience"), .any("eventCode", pair), .optional("effective", .dateTime),
            .optional("onset", .dateTime), .optional("expires", .dateTime), .optional("senderName"),
            .optional("headline"), .optional("description"), .optional("instruction"), .optional("web", .uri),
            .optional("contact"), .any("parameter", pair), .any("resource", .sequence(resource(version))),
            .any("area", .sequence(area(version))),
        ]
    }

    private static func resource(_ version: CAPVersion) -> [CAPSlot] {
        // Required since 1.2.
        let type = version == .v12 ? CAPSlot.one("mimeType", .saying) : .optional("mimeType")
        return [.one("resourceDesc", .saying), type, .optional("size", .integer), .optional("uri", .uri)]
            + (version == .v10 ? [] : [.optional("derefUri")]) + [.optional("digest")]
    }

    private static func area(_ version: CAPVersion) -> [CAPSlot] {
        // Text in the older schemas.
        let height: CAPSlot.Content = version == .v12 ? .decimal : .text
        return [
            .one("areaDesc"), .any("polygon"), .any("circle"), .any("geocode", .pair),
            .optional("altitude", height), .optional("ceiling", height),
        ]
    }
}
