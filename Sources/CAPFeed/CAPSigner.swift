/// Signs our alerts: enveloped, exclusive C14N, ECDSA P-256 with SHA-256 (XML-DSig 1.1 §6.4.3).
///
/// The writer's output is its own canonical form, so the digest is taken of the very octets that are sent.
import Crypto
import FoundationEssentials

package struct CAPSigner: Sendable {
    private let key: P256.Signing.PrivateKey
    /// The certificate (DER) to send along, for readers that want one.
    private let certificate: [UInt8]?

    /// `key`: PEM, PKCS #8 or SEC 1. `certificate`: PEM, of the same key.
    package init(key pem: String, certificate: String? = nil) throws(CAPWriterError) {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: pem) else {
            throw CAPWriterError("署名鍵がPEM形式のP-256秘密鍵ではありません (no P-256 private key in PEM)")
        }
        self.key = key
        guard let certificate else {
            self.certificate = nil
            return
        }
        let lines = certificate.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
        guard certificate.contains("-----BEGIN CERTIFICATE-----"), let der = Data(base64Encoded: lines.joined()) else {
            throw CAPWriterError("証明書がPEM形式ではありません (the certificate is not PEM)")
        }
        // The key's own point must be in it: another certificate would make every alert look forged.
        let point = key.publicKey.x963Representation
        guard der.firstRange(of: point) != nil else { throw CAPWriterError("証明書が別の鍵のものです (the certificate is of another key)") }
        self.certificate = Array(der)
    }

    /// The SubjectPublicKeyInfo as PEM, for the settings of those who read our alerts.
    package var publicKey: String { key.publicKey.pemRepresentation }

    private static let dsig = "http://www.w3.org/2000/09/xmldsig#"
    private static let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"

    func signature(over canonical: String) throws(CAPWriterError) -> String {
        let digest = Data(SHA256.hash(data: Data(canonical.utf8))).base64EncodedString()
        let info = signedInfo(digest)
        // Alone, SignedInfo carries the namespace that it inherits inside Signature.
        let standing = "<SignedInfo xmlns=\"\(Self.dsig)\">" + info.dropFirst("<SignedInfo>".count)
        guard let value = try? key.signature(for: Data(standing.utf8)) else { throw CAPWriterError("署名できませんでした (signing failed)") }
        return "<Signature xmlns=\"\(Self.dsig)\">\(info)"
            + "<SignatureValue>\(value.rawRepresentation.base64EncodedString())</SignatureValue>"
            + "<KeyInfo>\(keyInfo)</KeyInfo></Signature>"
    }

    private func signedInfo(_ digest: String) -> String {
        func algorithm(_ name: String, _ uri: String) -> String { "<\(name) Algorithm=\"\(uri)\"></\(name)>" }
        return "<SignedInfo>" + algorithm("CanonicalizationMethod", Self.exclusive)
            + algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
            + "<Reference URI=\"\"><Transforms>" + algorithm("Transform", Self.dsig + "enveloped-signature")
            + algorithm("Transform", Self.exclusive) + "</Transforms>"
            + algorithm("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256")
            + "<DigestValue>\(digest)</DigestValue></Reference></SignedInfo>"
    }

    private var keyInfo: String {
        if let certificate {
            return "<X509Data><X509Certificate>\(Data(certificate).base64EncodedString())</X509Certificate></X509Data>"
        }
        let point = key.publicKey.x963Representation.base64EncodedString()
        return "<KeyValue><ECKeyValue xmlns=\"http://www.w3.org/2009/xmldsig11#\">"
            + "<NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"></NamedCurve><PublicKey>\(point)</PublicKey>"
            + "</ECKeyValue></KeyValue>"
    }
}
