/// A town's own small certificate authority: its key, its certificate, and what it signs. A value.
///
///     authority 1 (ten years) ──▶ an edge's certificate (ninety days)
///         │ signs, once, that 2 is as good
///     authority 2 ──▶ an edge's certificate; with it goes that word of 1, for tablets that know 1 alone
internal import Crypto
package import FoundationEssentials
internal import SwiftASN1
internal import X509

/// One certificate as machines pass it on.
package struct SignedCertificate: Sendable, Hashable, Codable {
    package var der: Data

    package init(der: Data) { self.der = der }

    package var pem: String { PEMDocument(type: "CERTIFICATE", derBytes: Array(der)).pemString + "\n" }
    /// SHA-256 over it, as telephones and `openssl x509 -fingerprint -sha256` show it.
    package var fingerprint: String {
        SHA256.hash(data: der).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: ":")
    }
}

struct TownAuthority: Sendable {
    static let lasts: TimeInterval = 10 * 365 * 86_400
    /// Tablets' clocks are wrong by hours and not by days.
    static let early: TimeInterval = 86_400

    let key: P256.Signing.PrivateKey
    let certificate: Certificate
    /// That the one before it holds this one as good as itself.
    var crossed: Certificate?

    init(key: P256.Signing.PrivateKey, certificate: Certificate, crossed: Certificate?) { (self.key, self.certificate, self.crossed) = (key, certificate, crossed) }

    /// A new one, of its own signature.
    init(number: Int, town: String, code: String, domains: [String], now: Date) throws {
        key = P256.Signing.PrivateKey()
        let name = try DistinguishedName {
            OrganizationName(town)
            CommonName("Noroshi CA \(code)-\(number)")
        }
        let pair = Certificate.PrivateKey(key)
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: pair.publicKey, notValidBefore: now.addingTimeInterval(-Self.early),
            notValidAfter: now.addingTimeInterval(Self.lasts), issuer: name, subject: name, extensions: try Self.extensions(of: pair.publicKey, domains, pathLength: 1),
            issuerPrivateKey: pair)
    }

    private static func extensions(of key: Certificate.PublicKey, _ domains: [String], pathLength: Int, signer: Certificate? = nil) throws -> Certificate.Extensions {
        let ranges = ServedName.privateRanges.map { ASN1OctetString(contentBytes: $0[...]) }
        return try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            Critical(NameConstraints(permittedDNSDomains: ServedName.privateDomains + domains, permittedIPRanges: ranges))
            try ExtendedKeyUsage([.serverAuth])
            SubjectKeyIdentifier(hash: key)
            if let signer { AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: signer.publicKey).keyIdentifier) }
        }
    }

    /// This authority's certificate under another one's signature: who knows that one alone believes this one by it.
    func crossSigned(by old: TownAuthority, domains: [String], now: Date, until: Date) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: .init(), publicKey: certificate.publicKey, notValidBefore: now.addingTimeInterval(-Self.early), notValidAfter: until,
            issuer: old.certificate.subject, subject: certificate.subject,
            extensions: try Self.extensions(of: certificate.publicKey, domains, pathLength: 0, signer: old.certificate), issuerPrivateKey: .init(old.key))
    }

    /// For a machine that serves tablets, and for nothing else.
    func issue(to publicKey: P256.Signing.PublicKey, _ names: [ServedName], called subject: String, now: Date, lasts: TimeInterval) throws -> Certificate {
        let key = Certificate.PublicKey(publicKey)
        let name = try DistinguishedName { CommonName(subject) }
        let all = names.map { name -> GeneralName in
            switch name.kind {
            case .name: .dnsName(name.text)
            case .address(let octets): .ipAddress(ASN1OctetString(contentBytes: octets[...]))
            }
        }
        return try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key, notValidBefore: now.addingTimeInterval(-Self.early),
            notValidAfter: min(now.addingTimeInterval(lasts), certificate.notValidAfter), issuer: certificate.subject, subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(all)
                SubjectKeyIdentifier(hash: key)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            }, issuerPrivateKey: .init(self.key))
    }
}

extension Certificate {
    var octets: Data {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return Data(serializer.serializedBytes)
        }
    }
}
