/// The key of a machine that serves tablets. It is made there, lies there, and goes nowhere.
internal import Crypto
package import Foundation
internal import SwiftASN1
internal import X509

package struct ServingKey: Sendable {
    package struct Unreadable: Error, Sendable, CustomStringConvertible { package let description: String }

    let key: P256.Signing.PrivateKey

    package init() { key = P256.Signing.PrivateKey() }

    package init(pem: String) throws { key = try P256.Signing.PrivateKey(pemRepresentation: pem) }

    package var pem: String { key.pemRepresentation + "\n" }
    /// SubjectPublicKeyInfo, base64: how a register knows it.
    package var publicKey: String { key.publicKey.derRepresentation.base64EncodedString() }

    /// PKCS #10, PEM.
    /// - Parameter names: empty: whatever the register has for it.
    package func request(names: [String] = []) throws -> String {
        let served = names.compactMap { try? ServedName($0, under: [$0]) }
        let all = served.map { name -> GeneralName in
            switch name.kind {
            case .name: .dnsName(name.text)
            case .address(let octets): .ipAddress(ASN1OctetString(contentBytes: octets[...]))
            }
        }
        let wish = all.isEmpty ? [] : [try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: try .init { SubjectAlternativeNames(all) }))]
        let csr = try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName("Noroshi edge") }, privateKey: .init(key), attributes: .init(wish), signatureAlgorithm: .ecdsaWithSHA256)
        return try csr.serializeAsPEM().pemString + "\n"
    }

    /// The folder's own, made once: readable by its owner alone from the first moment on.
    package static func open(in folder: URL, name: String = "edge-key.pem") throws -> ServingKey {
        let file = folder.appending(path: name)
        if FileManager.default.fileExists(atPath: file.path) {
            guard let text = OwnFile.read(file), let known = try? ServingKey(pem: text) else {
                throw Unreadable(description: "\(file.path): 鍵として読めません (cannot be read as a key)")
            }
            return known
        }
        let made = ServingKey()
        try OwnFile.write(made.pem, to: file)
        return made
    }
}
