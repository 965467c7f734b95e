/// What an enveloped XML signature (XML-DSig) proves about an alert.
enum CAPSignature {
    enum Verdict: Equatable {
        case none
        /// Digest and signature are right, by a trusted key.
        case valid
        /// Changed since it was signed, or signed by nobody.
        case invalid(String)
        /// Cannot be judged, or right but of an unknown signer.
        case unverified(String)

        var word: Bulletin.Signature {
            switch self {
            case .none: .none
            case .valid: .valid
            case .invalid: .invalid
            case .unverified: .unverified
            }
        }
    }

    static func verdict(on document: XMLDocument, trust: CAPTrust) -> Verdict {
        let signatures = document.root.children.filter { $0.namespace == CAPCheck.signatureNamespace }
        return signatures.isEmpty ? .none : .unverified("not looked at")
    }
}
