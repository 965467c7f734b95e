/// The three headers of Standard Webhooks 1.0.0.
///
///     webhook-id          the delivery: the same on every attempt, so that a receiver takes it once
///     webhook-timestamp   this attempt: a receiver refuses what is older than a few minutes
///     webhook-signature   v1,Base64(HMAC-SHA256(secret, id "." timestamp "." body)), one for each secret
///
/// A recorded call is worthless when it is played again: its id is known, and after five minutes its time is over.
import ChannelKit
import Crypto
import FoundationEssentials

struct Signature: Sendable {
    let id: String
    /// Seconds since 1970.
    let timestamp: Int

    init(_ delivery: DeliveryID, now: Date) {
        id = Self.headerText(delivery.text)
        // Our own clock: seconds since 1970.
        timestamp = Int(now.timeIntervalSince1970.rounded(.down))
    }

    func headers(_ body: [UInt8], _ keys: [SymmetricKey]) -> [(name: String, value: String)] {
        [
            ("webhook-id", id), ("webhook-timestamp", String(timestamp)),
            ("webhook-signature", keys.map { sign(body, $0) }.joined(separator: " ")),
        ]
    }

    func sign(_ body: [UInt8], _ key: SymmetricKey) -> String {
        Self.sign(Array("\(id).\(timestamp).".utf8) + body, key)
    }

    static func sign(_ octets: [UInt8], _ key: SymmetricKey) -> String {
        "v1," + Data(HMAC<SHA256>.authenticationCode(for: octets, using: key)).base64EncodedString()
    }

    /// The id may hold no full stop ("Signature scheme"), which parts a delivery's id: colons stand in. What is no letter,
    /// digit, hyphen or underscore is percent-encoded, so that two deliveries never share an id.
    static func headerText(_ text: String) -> String {
        var header = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: header.unicodeScalars.append(UnicodeScalar(octet))
            case 0x2E: header += ":"
            default: header += "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true)
            }
        }
        return header
    }
}
