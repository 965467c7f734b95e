/// A hint that only one browser can read: RFC 8291 (`aes128gcm` of RFC 8188 with keys agreed on for this message alone).
///
///     salt 16 │ record size 4 │ 65 │ our point of this message 65 │ text, 0x02, zeros; sealed by AES-128-GCM
///
/// Every hint is as long as every other: a push service sees when, and for which of its addresses, and not what.
import Crypto
import FoundationEssentials

enum SealedHint {
    /// Octets of a text with its mark and its zeros. RFC 8291, 4: what is sent has 4096 at the most; of these 102 are not text.
    static let length = 1_400
    /// RFC 8188, 2.1: one record takes all of it.
    private static let recordSize: UInt32 = 4_096

    /// - Parameters:
    ///   - key: the browser's, 65 octets.
    ///   - length: of the text with its mark and zeros; a longer text is sealed as long as it is.
    ///   - own, salt: drawn anew for each message.
    /// - Returns: nil where `key` is no point of the curve.
    static func seal(
        _ text: [UInt8], for key: Data, secret: Data, length: Int = length, own: P256.KeyAgreement.PrivateKey = .init(), salt: [UInt8] = salt()
    ) -> [UInt8]? {
        guard let far = try? P256.KeyAgreement.PublicKey(x963Representation: key), let shared = try? own.sharedSecretFromKeyAgreement(with: far) else { return nil }
        let point = own.publicKey.x963Representation
        // RFC 8291, 3.4.
        let first = shared.hkdfDerivedSymmetricKey(using: SHA256.self, salt: secret, sharedInfo: Data("WebPush: info\0".utf8) + key + point, outputByteCount: 32)
        let lock = HKDF<SHA256>.deriveKey(inputKeyMaterial: first, salt: salt, info: Data("Content-Encoding: aes128gcm\0".utf8), outputByteCount: 16)
        let nonce = HKDF<SHA256>.deriveKey(inputKeyMaterial: first, salt: salt, info: Data("Content-Encoding: nonce\0".utf8), outputByteCount: 12)
        let record = text + [2] + [UInt8](repeating: 0, count: max(0, length - text.count - 1))
        guard let number = try? AES.GCM.Nonce(data: nonce.withUnsafeBytes { Data($0) }), let sealed = try? AES.GCM.seal(record, using: lock, nonce: number) else { return nil }
        // A P-256 point is 65 octets.
        let head = salt + withUnsafeBytes(of: recordSize.bigEndian) { Array($0) } + [UInt8(point.count)] + point
        return head + sealed.ciphertext + sealed.tag
    }

    static func salt() -> [UInt8] { SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) } }
}

extension Data {
    /// RFC 4648, section 5, without padding.
    var base64URL: String { base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
}
