/// A public key that may have signed an alert, and how it checks a signature.
import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1

enum SigningKey {
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)

    /// From a SubjectPublicKeyInfo (DER). Nil for other algorithms, other curves and RSA below 2048 bits.
    init?(publicKeyInfo der: some DataProtocol) {
        let der = Data(der)
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            self = .p256(key)
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
            self = .p384(key)
        } else if let key = try? P521.Signing.PublicKey(derRepresentation: der) {
            self = .p521(key)
        } else if let key = try? _RSA.Signing.PublicKey(derRepresentation: der) {
            self = .rsa(key)
        } else {
            return nil
        }
    }

    /// From an X.509 certificate (DER). Nothing of it counts but its key: whom to believe is settled by the pins.
    init?(certificate der: [UInt8]) {
        guard let info = Self.publicKeyInfo(ofCertificate: der) else { return nil }
        self.init(publicKeyInfo: info)
    }

    /// RSAKeyValue of XML-DSig.
    init?(modulus: [UInt8], exponent: [UInt8]) {
        guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else { return nil }
        self = .rsa(key)
    }

    /// ECKeyValue of XML-DSig 1.1: a named curve and an uncompressed point.
    init?(curve: String, point: [UInt8]) {
        switch curve {
        case "urn:oid:1.2.840.10045.3.1.7":
            guard let key = try? P256.Signing.PublicKey(x963Representation: point) else { return nil }
            self = .p256(key)
        case "urn:oid:1.3.132.0.34":
            guard let key = try? P384.Signing.PublicKey(x963Representation: point) else { return nil }
            self = .p384(key)
        case "urn:oid:1.3.132.0.35":
            guard let key = try? P521.Signing.PublicKey(x963Representation: point) else { return nil }
            self = .p521(key)
        default: return nil
        }
    }

    var publicKeyInfo: [UInt8] {
        switch self {
        case .rsa(let key): Array(key.derRepresentation)
        case .p256(let key): Array(key.derRepresentation)
        case .p384(let key): Array(key.derRepresentation)
        case .p521(let key): Array(key.derRepresentation)
        }
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    var pin: [UInt8] { Array(SHA256.hash(data: publicKeyInfo)) }

    /// As the settings write it.
    var pinText: String { "sha256/" + Data(pin).base64EncodedString() }

    var isRSA: Bool { if case .rsa = self { true } else { false } }

    /// RSA: PKCS #1 v1.5. ECDSA: r and s side by side (RFC 4050), as XML-DSig writes them.
    func accepts(_ signature: [UInt8], for digest: some Digest) -> Bool {
        switch self {
        case .rsa(let key):
            return key.isValidSignature(
                .init(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        }
    }

    /// RFC 5280: Certificate → tbsCertificate → the seventh field, the sixth where version [0] is absent.
    private static func publicKeyInfo(ofCertificate der: [UInt8]) -> ArraySlice<UInt8>? {
        guard let root = try? DER.parse(der), let fields = children(of: root), let first = fields.first,
            let body = children(of: first)
        else { return nil }
        let version = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
        let place = body.first?.identifier == version ? 6 : 5
        // The same line looks whether there are so many.
        return body.count > place ? body[place].encodedBytes : nil
    }

    private static func children(of node: ASN1Node) -> [ASN1Node]? {
        guard case .constructed(let nodes) = node.content else { return nil }
        return Array(nodes)
    }
}
