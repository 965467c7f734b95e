/// Whose signatures count. From the settings: keys of issuers that were agreed on beforehand.
///
/// A trusted certificate stands for its key alone. Dates and issuers of certificates are not asked: the town
/// decides whom it believes, and a key that is no longer believed is taken out of the settings.
import Crypto
import FoundationEssentials

package struct CAPTrust: Sendable {
    /// SHA-256 of the SubjectPublicKeyInfo (DER), 32 octets each; the pins of RFC 7469.
    package private(set) var pins: Set<[UInt8]> = []
    /// Keys known in full (DER): they also check signatures that carry no key.
    private(set) var keys: [[UInt8]] = []

    package init() {}

    /// Every good signature is of somebody unknown.
    package static let nobody = CAPTrust()

    /// Each entry is a pin `sha256/BASE64`, or PEM text with a `CERTIFICATE` or a `PUBLIC KEY`.
    package init(entries: [String]) throws(Refusal) {
        for entry in entries {
            let text = entry.trimmingXMLSpace()
            if text.hasPrefix("sha256/") {
                guard let pin = Data(base64Encoded: String(text.dropFirst(7))), pin.count == 32 else {
                    throw Refusal("「\(text.prefix(60))」はピンではありません。sha256/ のあとに32オクテットのbase64です (no pin)")
                }
                pins.insert(Array(pin))
            } else {
                let der = try Self.der(ofPEM: text)
                guard
                    let key = text.contains("BEGIN CERTIFICATE")
                        ? SigningKey(certificate: der) : SigningKey(publicKeyInfo: der)
                else {
                    throw Refusal(
                        "信頼する証明書か鍵が読めません。使えるのは P-256, P-384, P-521, 2048ビット以上のRSA です (cannot be read)")
                }
                keys.append(key.publicKeyInfo)
                pins.insert(key.pin)
            }
        }
    }

    /// Somebody is named: CAP by nobody of them goes to the record only.
    package var namesSomebody: Bool { !pins.isEmpty }

    /// As the settings write them, in order.
    package var pinTexts: [String] { pins.map { "sha256/" + Data($0).base64EncodedString() }.sorted() }

    func trusts(_ key: SigningKey) -> Bool { pins.contains(key.pin) }

    private static func der(ofPEM text: String) throws(Refusal) -> [UInt8] {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingXMLSpace() }
        guard let begin = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") }),
            let end = lines[begin...].firstIndex(where: { $0.hasPrefix("-----END ") }), begin + 1 < end,
            let data = Data(base64Encoded: lines[(begin + 1)..<end].joined())
        else { throw Refusal("「\(text.prefix(40))」はピン（sha256/…）でもPEMでもありません (neither a pin nor PEM)") }
        return Array(data)
    }
}
