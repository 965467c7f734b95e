/// Passkeys: Web Authentication, Level 2 (W3C, 2021-04-08), §7.1 and §7.2. ES256 alone, no attestation, the person verified by
/// the device: what a phone or a security key does by itself. What opens here is nothing that can be read off or told away.
internal import Crypto
package import Foundation

/// A key of somebody's device.
package struct Passkey: Codable, Sendable {
    package internal(set) var id: String
    package internal(set) var name: String
    /// P-256, x963.
    var key: Data
    var count: UInt32
    package internal(set) var made: Date
}

/// What a browser hands over, each base64url.
package struct PasskeyAnswer: Decodable, Sendable {
    package var id: String
    package var client_data: String
    package var attestation: String?
    package var authenticator_data: String?
    package var signature: String?
}

enum PasskeyCheck {
    /// Where the answer is for: the name people type, and the page it came from.
    struct Place: Sendable, Hashable {
        /// `hub.example.jp`, without a port.
        var host: String
        /// `https://hub.example.jp`, `http://localhost:8480`.
        var origins: Set<String>
    }

    private struct ClientData: Decodable {
        var type, challenge, origin: String
        var crossOrigin: Bool?
    }

    private struct AuthenticatorData {
        var flags: UInt8
        var count: UInt32
        var rest: [UInt8]

        init?(_ octets: [UInt8], _ place: Place) {
            // 6.1: hash of the party's id, flags, counter.
            guard octets.count >= 37, Array(octets[0..<32]) == Array(SHA256.hash(data: Array(place.host.utf8))) else { return nil }
            flags = octets[32]
            count = octets[33..<37].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            rest = Array(octets[37...])
            // User present, and verified by the device: its finger, face or number.
            guard flags & 0x05 == 0x05 else { return nil }
        }
    }

    /// §7.1. Nil where anything is not as it must be.
    static func register(_ answer: PasskeyAnswer, challenge: String, at place: Place, name: String, now: Date) -> Passkey? {
        guard isMeant(answer, "webauthn.create", challenge, place), let id = Base64URL.octets(answer.id), id.count <= 1023,
            let object = answer.attestation.flatMap({ Base64URL.octets($0) }), let (read, _) = try? CBOR.read(object),
            let octets = read["authData"]?.asOctets, let data = AuthenticatorData(octets, place), data.flags & 0x40 != 0
        else { return nil }
        // 6.5.1: AAGUID, length of the id, the id, the key.
        guard data.rest.count > 18 else { return nil }
        let length = Int(data.rest[16]) << 8 | Int(data.rest[17])
        // The length is below 65,536, and the first condition is that there are so many octets.
        guard data.rest.count > 18 + length, Array(data.rest[18..<18 + length]) == id,
            let (key, _) = try? CBOR.read(data.rest, from: 18 + length),
            // RFC 9053 7.1.1: EC2, ES256, P-256.
            key[1]?.asNumber == 2, key[3]?.asNumber == -7, key[-1]?.asNumber == 1,
            let x = key[-2]?.asOctets, let y = key[-3]?.asOctets, x.count == 32, y.count == 32,
            let whole = try? P256.Signing.PublicKey(x963Representation: [0x04] + x + y)
        else { return nil }
        return Passkey(id: answer.id, name: name, key: whole.x963Representation, count: data.count, made: now)
    }

    /// §7.2. The same key with its new count; nil where it is not this key's answer to this question.
    static func open(_ answer: PasskeyAnswer, _ passkey: Passkey, challenge: String, at place: Place) -> Passkey? {
        guard isMeant(answer, "webauthn.get", challenge, place), answer.id == passkey.id,
            let octets = answer.authenticator_data.flatMap({ Base64URL.octets($0) }), let data = AuthenticatorData(octets, place),
            let client = Base64URL.octets(answer.client_data), let written = answer.signature.flatMap({ Base64URL.octets($0) }),
            let signature = try? P256.Signing.ECDSASignature(derRepresentation: written),
            let key = try? P256.Signing.PublicKey(x963Representation: passkey.key),
            key.isValidSignature(signature, for: octets + Array(SHA256.hash(data: client)))
        else { return nil }
        // A count that does not grow is a copied key. Many devices do not count, and say 0.
        guard data.count == 0 && passkey.count == 0 || data.count > passkey.count else { return nil }
        var known = passkey
        known.count = data.count
        return known
    }

    private static func isMeant(_ answer: PasskeyAnswer, _ type: String, _ challenge: String, _ place: Place) -> Bool {
        guard let octets = Base64URL.octets(answer.client_data), octets.count <= 4096,
            let data = try? JSONDecoder().decode(ClientData.self, from: Data(octets))
        else { return false }
        return data.type == type && data.challenge == challenge && place.origins.contains(data.origin) && data.crossOrigin != true
    }
}

/// RFC 4648 5, without padding, as WebAuthn has it.
enum Base64URL {
    static func octets(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 32 << 10, !text.utf8.contains(where: { $0 == 0x2B || $0 == 0x2F || $0 == 0x3D }) else { return nil }
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        // A remainder of four: zero to three.
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)).map { [UInt8]($0) }
    }

    static func text(_ octets: some Sequence<UInt8>) -> String {
        Data(octets).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
