import AlertModel
import Chance
import Crypto
import Devices
import Hub
import Foundation
import HTTPTypes
import Ledger
import Serving
@testable import Streams
import Synchronization
import Tablets
import Testing
import Web

@testable import HubAPI

/// A token that was copied is worth nothing: who asks shows that he has the device's key.
@Suite("Requests signed by a device's key")
struct DeviceProofTests {
    private final class Clock: Sendable {
        let value = Mutex(Date(timeIntervalSince1970: 1_795_950_000))
    }

    private struct Tablet {
        let id, token: String
        let key: P256.Signing.PrivateKey

        func fields(
            _ method: String, _ path: String, _ body: String?, nonce: String, change: (inout [(String, String)], inout String) -> Void = { _, _ in }
        ) -> HTTPFields {
            let parts = path.split(separator: "?", maxSplits: 1)
            var lines = [("@method", method), ("@path", String(parts[0])), ("@query", "?" + (parts.count > 1 ? String(parts[1]) : "")), ("authorization", "Bearer \(token)")]
            var fields: HTTPFields = [:]
            if method != "GET" {
                let digest = "sha-256=:\(Data(SHA256.hash(data: Data((body ?? "").utf8))).base64EncodedString()):"
                fields[.contentDigest] = digest
                lines.append(("content-digest", digest))
            }
            var more = ""
            change(&lines, &more)
            let input = "(" + lines.map { "\"\($0.0)\"" }.joined(separator: " ") + ");nonce=\"\(nonce)\";keyid=\"\(id)\";alg=\"ecdsa-p256-sha256\"" + more
            let base = (lines + [("@signature-params", input)]).map { "\"\($0.0)\": \($0.1)" }.joined(separator: "\n")
            let signature = (try? key.signature(for: Data(base.utf8)))?.rawRepresentation.base64EncodedString() ?? ""
            fields[.signatureInput] = "noroshi=" + input
            fields[.signature] = "noroshi=:\(signature):"
            return fields
        }
    }

    private struct Scene {
        let house: House
        let clock: Clock
        let tablet: Tablet

        func ask(_ method: String, _ path: String, _ body: String? = nil, _ fields: HTTPFields = [:]) async throws -> House.Heard {
            try await house.call(method, path, body, token: tablet.token, headers: fields)
        }
        func nonce(_ answer: House.Heard) -> String? { answer.headers[.nonce] }
        /// As a page does: once more with the nonce it was given.
        func signed(_ method: String, _ path: String, _ body: String? = nil) async throws -> House.Heard {
            let first = try await ask(method, path, body, tablet.fields(method, path, body, nonce: ""))
            guard first.status == 401, let next = nonce(first) else { return first }
            return try await ask(method, path, body, tablet.fields(method, path, body, nonce: next))
        }
    }

    private func scene(_ ledger: any Ledger = MemoryLedger()) async throws -> Scene {
        let clock = Clock()
        let house = try await House(ledger: ledger, clock: { clock.value.withLock { $0 } })
        let key = P256.Signing.PrivateKey()
        let invited = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#)
        let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","public_key":"\#(key.publicKey.derRepresentation.base64EncodedString())"}"#, token: nil)
        let (id, token) = (try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1), try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        return Scene(house: house, clock: clock, tablet: Tablet(id: String(id), token: String(token), key: key))
    }

    @Test("Once a tablet has signed, its token alone opens nothing, at any call, also after a restart; it is told which nonce to sign, and goes on")
    func copied() async throws {
        let ledger = MemoryLedger()
        let scene = try await scene(ledger)
        #expect(try await scene.ask("GET", "/v1/catch-up").status == 200, "a page that does not sign yet")
        #expect(try await scene.signed("GET", "/v1/catch-up?language=ja").status == 200)
        for (method, path, body) in [("GET", "/v1/catch-up", nil), ("POST", "/v1/reports", #"{"id":"r","people":3}"#), ("GET", "/v1/rollcall", nil), ("GET", "/v1/reports/x", nil)] as [(String, String, String?)] {
            let refused = try await scene.ask(method, path, body)
            #expect(refused.status == 401 && refused.body.contains("signature-wanted") && !refused.body.contains("revoked"), "\(path): \(refused.body)")
            #expect(scene.nonce(refused)?.isEmpty == false)
        }
        #expect(try await scene.signed("POST", "/v1/reports", #"{"id":"r","people":3}"#).status == 202)
        #expect(try await scene.signed("POST", "/v1/receipts", #"{"receipts":[]}"#).status == 202)
        #expect(try await scene.house.call("GET", "/v1/devices/\(scene.tablet.id)").body.contains(#""signs":true"#))
        let again = Scene(house: try await House(ledger: ledger, clock: { scene.clock.value.withLock { $0 } }), clock: scene.clock, tablet: scene.tablet)
        #expect(try await again.ask("GET", "/v1/catch-up").status == 401)
        #expect(try await again.signed("GET", "/v1/catch-up").status == 200, "with a nonce of the new run")
    }

    @Test("What is signed is this request: not another's path, query, method, body, token or nonce, and nothing less than all of them")
    func bound() async throws {
        let scene = try await scene()
        let nonce = scene.house.hub.devices.nonce
        let body = #"{"id":"r","people":3}"#
        let good = scene.tablet.fields("POST", "/v1/reports", body, nonce: nonce)
        let taken = try await scene.ask("POST", "/v1/reports", body, good)
        #expect(taken.status == 202)
        #expect(scene.nonce(taken) == nonce, "for what it asks next")
        func refused(_ method: String, _ path: String, _ body: String?, _ fields: HTTPFields, _ status: Int = 401) async throws {
            let answer = try await scene.ask(method, path, body, fields)
            #expect(answer.status == status, "\(method) \(path): \(answer.status) \(answer.body)")
        }
        try await refused("POST", "/v1/receipts", body, good)
        try await refused("POST", "/v1/reports?device=x", body, good, 400)
        try await refused("POST", "/v1/reports", #"{"id":"s","people":9}"#, good, 400)
        try await refused("GET", "/v1/catch-up?since=7-1", nil, scene.tablet.fields("GET", "/v1/catch-up", nil, nonce: nonce))
        // Something is left out of what is signed.
        for name in ["@method", "@path", "@query", "authorization", "content-digest"] {
            try await refused("POST", "/v1/reports", body, scene.tablet.fields("POST", "/v1/reports", body, nonce: nonce) { lines, _ in lines.removeAll { $0.0 == name } })
        }
        // Another's key, and another's name under it.
        let stranger = Tablet(id: scene.tablet.id, token: scene.tablet.token, key: P256.Signing.PrivateKey())
        try await refused("GET", "/v1/catch-up", nil, stranger.fields("GET", "/v1/catch-up", nil, nonce: nonce))
        let renamed = Tablet(id: "d-other", token: scene.tablet.token, key: scene.tablet.key)
        try await refused("GET", "/v1/catch-up", nil, renamed.fields("GET", "/v1/catch-up", nil, nonce: nonce))
        try await refused("GET", "/v1/catch-up", nil, scene.tablet.fields("GET", "/v1/catch-up", nil, nonce: "AAAA"))
    }

    @Test("A nonce is good for five to ten minutes, in the run that gave it, also by a clock that was set back a little")
    func nonces() {
        let (mint, start) = (NonceMint(), Date(timeIntervalSince1970: 1_795_950_000))
        let nonce = mint.nonce(at: start)
        for seconds: Double in [0, 1, 299, 599, -299] { #expect(mint.isGood(nonce, at: start.addingTimeInterval(seconds)), "\(seconds)") }
        for seconds: Double in [600, 3600, 31_536_000, -301] { #expect(!mint.isGood(nonce, at: start.addingTimeInterval(seconds)), "\(seconds)") }
        #expect(!NonceMint().isGood(nonce, at: start) && !mint.isGood("", at: start))
    }

    @Test("At the stream's own door as everywhere")
    func stream() async throws {
        let scene = try await scene()
        let door = DeviceAdmission(devices: scene.house.hub.devices)
        func knock(_ target: String, _ fields: HTTPFields = [:]) -> StreamAnswer {
            var request = StreamRequest(target: target)
            (request.token, request.authorization) = (scene.tablet.token, "Bearer \(scene.tablet.token)")
            request.signatureInput = fields[.signatureInput]
            request.signature = fields[.signature]
            return door.admit(request)
        }
        let nonce = scene.house.hub.devices.nonce
        guard case .welcome = knock("/v1/stream") else { throw Refused() }
        guard case .welcome = knock("/v1/stream?language=ja", scene.tablet.fields("GET", "/v1/stream?language=ja", nil, nonce: nonce)) else { throw Refused() }
        guard case .doubted(_, _, let next) = knock("/v1/stream") else { throw Refused() }
        #expect(next == nonce)
        guard case .doubted(_, _, nil) = knock("/v1/stream?language=en", scene.tablet.fields("GET", "/v1/stream?language=ja", nil, nonce: nonce)) else { throw Refused() }
    }
    private struct Refused: Error {}

    @Test("A device without a key is known by its token, whatever it signs; a person's token is no device's")
    func without() async throws {
        let scene = try await scene()
        let invited = try await scene.house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#)
        let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let made = try await scene.house.call("POST", "/v1/devices", #"{"code":"\#(code)"}"#, token: nil)
        let token = String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        #expect(try await scene.house.call("GET", "/v1/catch-up", token: token).status == 200)
        #expect(try await scene.house.call("GET", "/v1/catch-up", token: token, headers: scene.tablet.fields("GET", "/v1/catch-up", nil, nonce: "x")).status == 200)
        #expect(try await scene.house.call("GET", "/v1/catch-up").status == 401)
    }

    /// RFC 9421, appendix B.2.4, with the key of B.1.3.
    @Test("The RFC's own example is read, and its signature fits its text")
    func example() throws {
        let input = #"sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#
        let written = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:"
        let read = try #require(HTTPSignature(input: input, signature: written))
        let values = [
            "@status": "200", "content-type": "application/json", "content-length": "23",
            "content-digest": "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
        ]
        let base = try #require(read.base { values[$0] })
        #expect(base.hasSuffix("\n\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\""))
        let key = try P256.Signing.PublicKey(derRepresentation: try #require(Data(base64Encoded:
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==")))
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: try #require(Data(base64Encoded: read.signature)))
        #expect(key.isValidSignature(signature, for: Data(base.utf8)))
        #expect(!key.isValidSignature(signature, for: Data((base + " ").utf8)))
        #expect(read.base { $0 == "content-type" ? nil : values[$0] } == nil, "what is covered has to be there")
    }

    @Test("Whatever stands in the two fields is read or refused, and nothing traps")
    func mutated() {
        var dice = Dice(seed: 9421)
        let input = Array(#"noroshi=("@method" "@path" "@query" "authorization" "content-digest");nonce="abc";keyid="d-1";alg="ecdsa-p256-sha256""#)
        let signature = Array("noroshi=:AAAABBBB+/==:")
        #expect(HTTPSignature(input: String(input), signature: String(signature))?.covered.count == 5)
        var read = 0
        for _ in 0..<5_000 {
            var (one, other) = (input, signature)
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                let letters = Array("\"();=:, \\a@é\u{0}0-")
                if Bool.random(using: &dice) { one[Int.random(in: one.indices, using: &dice)] = letters.randomElement(using: &dice) ?? "a" }
                else { other[Int.random(in: other.indices, using: &dice)] = letters.randomElement(using: &dice) ?? "a" }
                if Bool.random(using: &dice) { one.remove(at: Int.random(in: one.indices, using: &dice)) }
            }
            if let found = HTTPSignature(input: String(one), signature: String(other)) {
                read += 1
                _ = found.base { $0 }
            }
        }
        #expect(read > 100)
        for bad in ["", "=", "a", "a=", "a=(", "a=()x", #"a=("@a" "@a")"#, #"a=("@a";sf)"#, #"a=("@a"), b=("@b")"#, #"a=();nonce="x";nonce="y""#] {
            #expect(HTTPSignature(input: bad, signature: "a=:AA==:") == nil, "\(bad)")
        }
    }
}
