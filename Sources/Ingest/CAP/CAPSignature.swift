/// What an enveloped XML signature (XML-DSig 1.1) proves about an alert. Four answers, never mixed:
///
///     none        nobody signed it
///     valid       unchanged, and signed by a key the settings trust
///     invalid     changed since, or not signed by the key it names
///     unverified  cannot be judged (weak or unknown algorithms, no key), or right but of somebody unknown
///
/// Only a signature that covers the whole alert is looked at: one `Signature` as a child of `alert`, one reference,
/// to the document or to the alert's own Id, through enveloped-signature and at most one canonicalisation. With that
/// nothing of the alert can lie outside what was signed (no wrapping), and what lies inside the signature is not read
/// as an alert. CAP 1.2 §3.3.4.1: an alert is never refused only because its signature cannot be checked.
package enum CAPSignature {
    package enum Verdict: Equatable, Sendable {
        case none
        /// By whose key: `sha256/…`.
        case valid(signer: String)
        case invalid(String)
        case unverified(String)

        package var word: Bulletin.Signature {
            switch self {
            case .none: .none
            case .valid: .valid
            case .invalid: .invalid
            case .unverified: .unverified
            }
        }

        package var signer: String? { if case .valid(let signer) = self { signer } else { nil } }
    }

    /// Declarations of namespaces in one alert; real ones have fewer than ten.
    static let namespaceLimit = 200

    static func verdict(on document: XMLDocument, trust: CAPTrust) -> Verdict {
        let signatures = document.root.children.filter { $0.namespace == CAPCheck.signatureNamespace }
        guard let signature = signatures.first else { return .none }
        guard signatures.count == 1, signature.name == "Signature" else {
            return .unverified("署名が\(signatures.count)あります。全体に掛かる一つだけを確かめます (more than one signature)")
        }
        guard document.namespaceDeclarations <= namespaceLimit else { return .unverified("名前空間が多すぎます (too many namespaces)") }
        do {
            let parts = try SignatureParts(signature, alert: document.root)
            return judge(parts, document, trust)
        } catch {
            return .unverified(error.reason)
        }
    }

    private static func judge(_ parts: SignatureParts, _ document: XMLDocument, _ trust: CAPTrust) -> Verdict {
        let apex = parts.coversDocument ? nil : document.root
        guard let covered = document.canonical(parts.coverForm, of: apex, without: parts.signature),
            let signed = document.canonical(parts.infoForm, of: parts.info)
        else { return .unverified("正規化できません (cannot be canonicalised)") }
        guard parts.digest.hash(covered) == parts.digestValue else {
            return isRightBeforeIndentation(parts, document)
                ? .unverified("要素の署名は合いますが、署名の後に字下げされています (indented after it was signed)")
                : .invalid("署名の後に変えられています（ダイジェストが違います） (changed since it was signed)")
        }
        for key in parts.keys where accepts(parts, signed, key) {
            if let weakness = parts.weakness { return .unverified(weakness) }
            return trust.trusts(key) ? .valid(signer: key.pinText) : .unverified("署名は合いますが、ここで信頼している署名者ではありません (of a signer nobody here trusts)")
        }
        for der in trust.keys {
            guard let key = SigningKey(publicKeyInfo: der), accepts(parts, signed, key) else { continue }
            return parts.weakness.map { .unverified($0) } ?? .valid(signer: key.pinText)
        }
        if parts.keys.isEmpty { return .unverified("確かめる鍵がありません (no key to check it with)") }
        return .invalid("名乗っている鍵の署名ではありません (the signature is not of the key it names)")
    }

    /// WMO's cap-composer signs the bare alert and then indents it for people and puts a style sheet before it. That
    /// signature is wrong by XML-DSig (xmlsec1 says so too), but nobody changed the alert: it is not called forged,
    /// nor valid.
    private static func isRightBeforeIndentation(_ parts: SignatureParts, _ document: XMLDocument) -> Bool {
        guard
            let covered = document.canonical(
                parts.coverForm, of: document.root, without: parts.signature, isCompact: true),
            parts.digest.hash(covered) == parts.digestValue,
            let signed = document.canonical(parts.infoForm, of: parts.info, isCompact: true)
        else { return false }
        return parts.keys.contains { accepts(parts, signed, $0) }
    }

    private static func accepts(_ parts: SignatureParts, _ signed: [UInt8], _ key: SigningKey) -> Bool {
        guard key.isRSA == parts.method.isRSA else { return false }
        return parts.method.hash.check(parts.value, over: signed, by: key)
    }
}
