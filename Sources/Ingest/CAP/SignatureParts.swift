/// The parts of one `ds:Signature`, with everything refused that this reader does not know by name.
import Crypto
import FoundationEssentials

/// Why a signature cannot be judged.
struct Unjudged: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

struct SignatureParts {
    enum Hash {
        case sha1, sha256, sha384, sha512

        init?(digest uri: String) {
            switch uri {
            case "http://www.w3.org/2000/09/xmldsig#sha1": self = .sha1
            case "http://www.w3.org/2001/04/xmlenc#sha256": self = .sha256
            case "http://www.w3.org/2001/04/xmldsig-more#sha384": self = .sha384
            case "http://www.w3.org/2001/04/xmlenc#sha512": self = .sha512
            default: return nil
            }
        }

        func hash(_ octets: [UInt8]) -> [UInt8] {
            switch self {
            case .sha1: Array(Insecure.SHA1.hash(data: octets))
            case .sha256: Array(SHA256.hash(data: octets))
            case .sha384: Array(SHA384.hash(data: octets))
            case .sha512: Array(SHA512.hash(data: octets))
            }
        }

        func check(_ signature: [UInt8], over octets: [UInt8], by key: SigningKey) -> Bool {
            switch self {
            case .sha1: key.accepts(signature, for: Insecure.SHA1.hash(data: octets))
            case .sha256: key.accepts(signature, for: SHA256.hash(data: octets))
            case .sha384: key.accepts(signature, for: SHA384.hash(data: octets))
            case .sha512: key.accepts(signature, for: SHA512.hash(data: octets))
            }
        }
    }

    struct Method {
        var hash: Hash
        var isRSA: Bool

        init?(_ uri: String) {
            let more = "http://www.w3.org/2001/04/xmldsig-more#"
            switch uri {
            case "http://www.w3.org/2000/09/xmldsig#rsa-sha1": (hash, isRSA) = (.sha1, true)
            case more + "rsa-sha256": (hash, isRSA) = (.sha256, true)
            case more + "rsa-sha384": (hash, isRSA) = (.sha384, true)
            case more + "rsa-sha512": (hash, isRSA) = (.sha512, true)
            case more + "ecdsa-sha256": (hash, isRSA) = (.sha256, false)
            case more + "ecdsa-sha384": (hash, isRSA) = (.sha384, false)
            case more + "ecdsa-sha512": (hash, isRSA) = (.sha512, false)
            default: return nil
            }
        }
    }

    let signature: XMLElement
    let info: XMLElement
    /// The canonical form of `SignedInfo`.
    let infoForm: CanonicalForm
    let method: Method
    let value: [UInt8]
    /// URI="": the document with what stands beside the alert; else the alert by its Id.
    let coversDocument: Bool
    let coverForm: CanonicalForm
    let digest: Hash
    let digestValue: [UInt8]

    /// Why a right signature proves nothing, nil when it does.
    var weakness: String? {
        if digest == .sha1 || method.hash == .sha1 { return "SHA-1の署名はもう証明になりません (SHA-1 proves nothing any more)" }
        return nil
    }

    init(_ signature: XMLElement, alert: XMLElement) throws(Unjudged) {
        func one(_ parent: XMLElement, _ name: StaticString) throws(Unjudged) -> XMLElement {
            let found = parent.all(name).filter { $0.namespace == CAPCheck.signatureNamespace }
            guard found.count == 1 else { throw Unjudged("\(parent.name)の中に要素\(name)が\(found.count)あります (one is needed)") }
            return found[0]
        }
        self.signature = signature
        info = try one(signature, "SignedInfo")
        let canonicalisation = try one(info, "CanonicalizationMethod")
        guard let form = Self.form(canonicalisation) else { throw Unjudged("知らない正規化の方式です (unknown canonicalisation)") }
        infoForm = form
        let methodName = try one(info, "SignatureMethod")["Algorithm"] ?? ""
        guard let method = Method(methodName) else {
            throw Unjudged("知らない署名の方式です: \(methodName.prefix(80)) (unknown signature method)")
        }
        self.method = method
        value = Self.octets(of: try one(signature, "SignatureValue"))
        let reference = try one(info, "Reference")
        coversDocument = try Self.coversDocument(reference, alert)
        coverForm = try Self.coverForm(try one(reference, "Transforms"))
        let digestName = try one(reference, "DigestMethod")["Algorithm"] ?? ""
        guard let digest = Hash(digest: digestName) else {
            throw Unjudged("知らないダイジェストの方式です: \(digestName.prefix(80)) (unknown digest method)")
        }
        self.digest = digest
        digestValue = Self.octets(of: try one(reference, "DigestValue"))
    }

    private static func coversDocument(_ reference: XMLElement, _ alert: XMLElement) throws(Unjudged) -> Bool {
        guard let uri = reference["URI"] else { throw Unjudged("参照にURIがありません (a reference without URI)") }
        if uri.isEmpty { return true }
        let ids = [alert["Id"], alert["ID"], alert["id"]].compactMap { $0 }
        guard ids.count == 1, uri == "#\(ids[0])" else {
            throw Unjudged("参照「\(uri.prefix(80))」はこの alert ではありません (not the alert)")
        }
        return false
    }

    /// Enveloped-signature, and after it at most one canonicalisation. A same-document reference has no comments
    /// (XML-DSig §4.4.3.2), so no form keeps them here.
    private static func coverForm(_ transforms: XMLElement) throws(Unjudged) -> CanonicalForm {
        var form: CanonicalForm?
        var isEnveloped = false
        for transform in transforms.children {
            let name = transform["Algorithm"] ?? ""
            if name == "http://www.w3.org/2000/09/xmldsig#enveloped-signature", !isEnveloped, form == nil {
                isEnveloped = true
            } else if let known = Self.form(transform), form == nil {
                form = known
            } else {
                throw Unjudged("変換「\(name.prefix(80))」は知らないか、場所が違います (unknown or out of place)")
            }
        }
        guard isEnveloped else { throw Unjudged("変換 enveloped-signature がありません (the transform enveloped-signature is missing)") }
        var cover = form ?? CanonicalForm(.inclusive10, false)
        cover.keepsComments = false
        return cover
    }

    private static func form(_ element: XMLElement) -> CanonicalForm? {
        let prefixes = element.first("InclusiveNamespaces")?["PrefixList"] ?? ""
        return CanonicalForm(
            algorithm: element["Algorithm"] ?? "",
            inclusivePrefixes: prefixes.split(whereSeparator: \.isWhitespace).prefix(32).map(String.init))
    }

    /// Empty for what is no base64: such a value fits nothing, and the signature is a wrong one.
    static func octets(of element: XMLElement) -> [UInt8] { base64(element.text) ?? [] }

    /// Strict: the spare bits of the last letter must be zero. Otherwise a changed value would still decode to the
    /// same octets.
    static func base64(_ text: String) -> [UInt8]? {
        let dense = text.filter { !$0.isWhitespace }
        guard !dense.isEmpty, let data = Data(base64Encoded: dense), data.base64EncodedString() == dense else {
            return nil
        }
        return Array(data)
    }
}
