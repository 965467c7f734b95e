/// Who is a source, how far it is believed and what it may raise. What the settings leave open goes by the kind of
/// way: JMA by DMDATA.JP, feeds and folders; a receiver of one's own; whoever holds a token with `feed`.
///
///     way ("dmdata:1", "folder:/var/spool/jma", "http:city-server")  ──▶ first rule that names it ──▶ trust, kinds
///
/// CAP is judged by its signature, not by its way: pinned it is `signed`, else `other`.
package import AlertModel

package struct SourceRule: Sendable, Hashable {
    /// A way's whole name, or its kind: `qzss`, `http:city-server`.
    package var source: String
    /// Nil: what the kind of way has.
    package var trust: SourceTrust?
    /// Nil: everything. Empty: for the record only.
    package var raises: Set<AlertKind>?

    package init(source: String, trust: SourceTrust? = nil, raises: Set<AlertKind>? = nil) {
        self.source = source
        self.trust = trust
        self.raises = raises
    }

    /// Whether it speaks of this way.
    package func covers(_ way: String) -> Bool { way == source || way.hasPrefix("\(source):") }
}

package struct SourceRules: Sendable {
    package let rules: [SourceRule]

    package init(_ rules: [SourceRule] = []) { self.rules = rules }

    package func trust(of way: String) -> SourceTrust {
        rules.first { $0.covers(way) && $0.trust != nil }?.trust ?? Self.usual(way)
    }

    /// Nil: everything.
    package func raises(_ way: String) -> Set<AlertKind>? { rules.first { $0.covers(way) && $0.raises != nil }?.raises ?? nil }

    package func mayRaise(_ kind: AlertKind, from way: String) -> Bool { raises(way)?.contains(kind) ?? true }

    /// By whom an alert came: by its signature where it bears one, else by its way. CAP that nobody signed is nobody's.
    package func provenance(of content: AlertContent, from way: String) -> Provenance? {
        guard content.town == nil else { return nil }
        if let known = content.provenance, known.signer != nil { return known }
        let trust = trust(of: way)
        return Provenance(trust: content.type == "cap" ? min(trust, .other) : trust)
    }

    private static func usual(_ way: String) -> SourceTrust {
        switch way.split(separator: ":", maxSplits: 1).first ?? "" {
        // The demonstration plays what JMA sent.
        case "dmdata", "feed", "folder", "demonstration": .official
        case "qzss": .receiver
        default: .other
        }
    }
}

extension SourceTrust {
    package var japanese: String {
        switch self {
        case .official: "公的（気象庁）"
        case .receiver: "自前の受信機"
        case .signed: "署名つきCAP"
        case .other: "その他"
        }
    }
}
