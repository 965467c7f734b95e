/// What we show a push service so that it knows who calls: RFC 8292 (VAPID), a JWT signed with ES256 by the town's key.
///
/// One ticket serves all calls to one service for half a day; it may hold for a day at the most (section 2).
import AlertModel
import Crypto
import FoundationEssentials
import Synchronization

final class Tickets: Sendable {
    private struct Name: Hashable { var town: TownID, origin: String }

    static let holds: TimeInterval = 12 * 3600
    /// A ticket is not shown in its last hour: clocks differ.
    private static let margin: TimeInterval = 3600
    /// Services are a handful; towns of a prefecture some dozens.
    private static let bound = 1_024
    private let made = Mutex<[Name: (text: String, until: Date)]>([:])

    /// The value of `Authorization`; nil where the key is none.
    /// - Parameter origin: of the subscription's address: `https://push.example`.
    func authorization(of town: TownID, at origin: String, key raw: [UInt8], contact: String, now: Date) -> String? {
        made.withLock { made in
            let name = Name(town: town, origin: origin)
            // A clock that was set back has made none that holds for longer than they do.
            if let known = made[name], (Self.margin...Self.holds).contains(known.until.timeIntervalSince(now)) { return known.text }
            guard let key = try? P256.Signing.PrivateKey(rawRepresentation: raw) else { return nil }
            let until = now.addingTimeInterval(Self.holds)
            guard let token = Self.token(["aud": .text(origin), "exp": .number(Int(until.timeIntervalSince1970)), "sub": .text(contact)], by: key) else { return nil }
            let text = "vapid t=\(token), k=\(key.publicKey.x963Representation.base64URL)"
            if made.count >= Self.bound { made = [:] }
            made[name] = (text, until)
            return text
        }
    }

    enum Claim: Encodable {
        case text(String), number(Int)
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    /// A JWT with ES256 (RFC 7515, 7518 3.4): R and S, 32 octets each.
    /// - Parameter id: of the key, where the far end knows several.
    static func token(_ claims: [String: Claim], by key: P256.Signing.PrivateKey, id: String? = nil) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let head = ["alg": "ES256"].merging(id.map { ["kid": $0] } ?? ["typ": "JWT"]) { $1 }
        guard let first = try? encoder.encode(head), let second = try? encoder.encode(claims) else { return nil }
        let text = first.base64URL + "." + second.base64URL
        return (try? key.signature(for: Data(text.utf8))).map { text + "." + $0.rawRepresentation.base64URL }
    }
}
