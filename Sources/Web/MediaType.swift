/// What a body says it is (RFC 9110 §8.3): `application/json; charset=utf-8`.
package struct MediaType: Sendable, Equatable {
    /// Type and subtype in small letters, without parameters.
    package let essence: String
    /// Names in small letters. Of a name given twice, the first.
    package let parameters: [String: String]

    /// Nil when what is written names no type and subtype.
    package init?(_ written: String) {
        var pieces = FieldText.pieces(written, at: ";")[...]
        // A blank field, or one of separators alone, has no first piece.
        guard !FieldText.trimmed(written[...]).hasPrefix(";"), let first = pieces.popFirst() else { return nil }
        let halves = first.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ FieldText.isToken($0) }) else { return nil }
        essence = first.lowercased()
        parameters = Dictionary(
            pieces.compactMap { FieldText.pair($0) }.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// JSON in UTF-8, the only one there is between systems (RFC 8259 §8.1).
    package var isJSON: Bool {
        guard essence == "application/json" || essence.hasPrefix("application/") && essence.hasSuffix("+json") else { return false }
        return parameters["charset"].map { ["utf-8", "utf8", "us-ascii"].contains($0.lowercased()) } ?? true
    }
}
