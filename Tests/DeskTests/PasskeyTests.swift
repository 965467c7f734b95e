import Crypto
import Foundation
import Testing

@testable import Desk

/// A device as the W3C's document has it, made of the same words.
private struct Device {
    let key = P256.Signing.PrivateKey()
    let id: [UInt8] = Array("a key of a device".utf8)
    var host = "hub.example.jp"
    var origin = "https://hub.example.jp"
    var flags: UInt8 = 0x05
    var count: UInt32 = 1

    private func client(_ type: String, _ challenge: String) -> [UInt8] {
        Array(#"{"type":"\#(type)","challenge":"\#(challenge)","origin":"\#(origin)","crossOrigin":false}"#.utf8)
    }

    private func data(_ more: UInt8 = 0) -> [UInt8] {
        Array(SHA256.hash(data: Array(host.utf8))) + [flags | more] + withUnsafeBytes(of: count.bigEndian) { Array($0) }
    }

    func registration(_ challenge: String, algorithm: UInt8 = 0x26) -> PasskeyAnswer {
        let point = Array(key.publicKey.x963Representation)
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        var cose: [UInt8] = [0xA5, 0x01, 0x02, 0x03, algorithm, 0x20, 0x01, 0x21, 0x58, 0x20]
        cose += point[1..<33]
        cose += [0x22, 0x58, 0x20]
        cose += point[33..<65]
        var octets = data(0x40)
        octets += [UInt8](repeating: 0, count: 16)
        octets += [0, UInt8(id.count)]
        octets += id
        octets += cose
        // {"fmt": "none", "attStmt": {}, "authData": …}
        var object: [UInt8] = [0xA3, 0x63]
        object += Array("fmt".utf8)
        object += [0x64]
        object += Array("none".utf8)
        object += [0x67]
        object += Array("attStmt".utf8)
        object += [0xA0, 0x68]
        object += Array("authData".utf8)
        object += [0x58, UInt8(octets.count)]
        object += octets
        return PasskeyAnswer(id: Base64URL.text(id), client_data: Base64URL.text(client("webauthn.create", challenge)), attestation: Base64URL.text(object))
    }

    func answer(_ challenge: String, type: String = "webauthn.get") throws -> PasskeyAnswer {
        let client = client(type, challenge)
        let signature = try key.signature(for: data() + Array(SHA256.hash(data: client)))
        return PasskeyAnswer(
            id: Base64URL.text(id), client_data: Base64URL.text(client), authenticator_data: Base64URL.text(data()),
            signature: Base64URL.text(signature.derRepresentation))
    }
}

@Suite("Passkeys")
struct PasskeyTests {
    private let place = PasskeyCheck.Place(host: "hub.example.jp", origins: ["https://hub.example.jp"])
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func registered(_ device: Device) throws -> Passkey {
        try #require(PasskeyCheck.register(device.registration("c1"), challenge: "c1", at: place, name: "pc", now: now))
    }

    @Test("What a device registered opens, as often as it counts on")
    func opens() throws {
        var device = Device()
        var passkey = try registered(device)
        for _ in 0..<3 {
            device.count += 1
            passkey = try #require(PasskeyCheck.open(try device.answer("c2"), passkey, challenge: "c2", at: place))
        }
        #expect(passkey.count == 4)
        // A device that does not count is one all the same.
        device = Device()
        device.count = 0
        let silent = try registered(device)
        #expect(PasskeyCheck.open(try device.answer("c2"), silent, challenge: "c2", at: place) != nil)
    }

    @Test("Another question, page, place, kind, key, an old count or a device that asked nobody opens nothing")
    func shut() throws {
        var device = Device()
        let passkey = try registered(device)
        device.count = 2
        func opens(_ answer: PasskeyAnswer, _ challenge: String = "c2") -> Bool {
            PasskeyCheck.open(answer, passkey, challenge: challenge, at: place) != nil
        }
        #expect(opens(try device.answer("c2")))
        #expect(!opens(try device.answer("c1")))
        #expect(!opens(try device.answer("c2", type: "webauthn.create")))
        var other = device
        other.origin = "https://evil.example"
        #expect(!opens(try other.answer("c2")))
        other = device
        other.host = "evil.example"
        #expect(!opens(try other.answer("c2")))
        for flags: UInt8 in [0x00, 0x01, 0x04] {
            other = device
            other.flags = flags
            #expect(!opens(try other.answer("c2")), "\(flags)")
            #expect(PasskeyCheck.register(other.registration("c"), challenge: "c", at: place, name: "", now: now) == nil)
        }
        other = device
        other.count = 1
        #expect(!opens(try other.answer("c2")))
        var forged = try device.answer("c2")
        forged.signature = try Device().answer("c2").signature
        #expect(!opens(forged))
        #expect(PasskeyCheck.register(device.registration("c", algorithm: 0x27), challenge: "c", at: place, name: "", now: now) == nil)
    }

    @Test("Octets changed, cut or added anywhere make no key and stop nothing")
    func mutations() throws {
        let device = Device()
        let good = device.registration("c")
        let octets = try #require(good.attestation.flatMap { Base64URL.octets($0) })
        for place in octets.indices {
            for change in [UInt8(0xFF), 0x00, 0x5F, 0x9B] {
                var broken = octets
                broken[place] = change
                var answer = good
                answer.attestation = Base64URL.text(broken)
                _ = PasskeyCheck.register(answer, challenge: "c", at: self.place, name: "", now: now)
            }
            var cut = good
            cut.attestation = Base64URL.text(octets.prefix(place))
            #expect(PasskeyCheck.register(cut, challenge: "c", at: self.place, name: "", now: now) == nil)
        }
    }

    @Test("CBOR is read to a depth and a length, and nothing of indefinite length", arguments: [
        [0x9F, 0xFF], [UInt8](repeating: 0x81, count: 100) + [0], [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0xA2, 1, 1, 1, 2], [0x62, 0xFF, 0xFE], [0xFB, 0, 0, 0, 0, 0, 0, 0, 0], [],
        [0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ] as [[UInt8]])
    func bounds(_ octets: [UInt8]) { #expect(throws: CBOR.Malformed.self) { try CBOR.read(octets) } }

    @Test("A question is answered once, by whom it was asked, within five minutes")
    func challenges() {
        var all = Challenges()
        let one = all.ask(nil, from: "a", now: now)
        // One after another: each answer uses its question up.
        var answers = [all.answer("made-up", nil, now: now), all.answer(one, nil, now: now), all.answer(one, nil, now: now)]
        let two = all.ask("佐藤", from: "a", now: now)
        answers.append(all.answer(two, nil, now: now))
        let three = all.ask(nil, from: "a", now: now)
        answers.append(all.answer(three, nil, now: now + 301))
        #expect(answers == [false, true, false, false, false])
    }
}
