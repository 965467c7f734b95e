/// The tags of `If-None-Match` and `If-Match` (RFC 9110 §13.1).
package enum EntityTags: Sendable, Equatable {
    /// `*`: whatever there is.
    case any
    /// With their quotes, without `W/`.
    case these(Set<String>)

    /// Nil where the field is absent. What is no tag in it is left out.
    package init?(_ written: String?) {
        guard let written else { return nil }
        let pieces = FieldText.pieces(written, at: ",")
        if pieces == ["*"] {
            self = .any
            return
        }
        self = .these(Set(pieces.compactMap { piece in
            let tag = piece.hasPrefix("W/") ? piece.dropFirst(2) : piece
            return tag.count >= 2 && tag.hasPrefix("\"") && tag.hasSuffix("\"") ? String(tag) : nil
        }))
    }

    /// The weak comparison (§8.8.3.2).
    package func contains(_ tags: String...) -> Bool {
        switch self {
        case .any: true
        case .these(let known): tags.contains { known.contains($0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0) }
        }
    }
}
