import Foundation
import Testing

@testable import Desk

@Suite("A provider's answer")
struct OpenIDTests {
    private let provider = OpenIDProvider(issuer: "https://login.example.jp", client: "noroshi", secret: "s", claim: "email", name: "n")
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func answer(_ change: [String: Any?] = [:]) throws -> [UInt8] {
        var claims: [String: Any] = [
            "iss": "https://login.example.jp", "aud": "noroshi", "exp": 1_800_000_300, "iat": 1_800_000_000, "nonce": "n1",
            "email": "tanaka@city.example.jp", "sub": "7",
        ]
        for (key, value) in change { claims[key] = value }
        let body = Base64URL.text(try JSONSerialization.data(withJSONObject: claims))
        return Array(try JSONSerialization.data(withJSONObject: ["id_token": "e30.\(body).c2ln", "access_token": "a"]))
    }

    @Test("Names whoever it is for us, now, for this question")
    func good() throws {
        #expect(provider.person(try answer(), nonce: "n1", now: now) == "tanaka@city.example.jp")
        #expect(provider.person(try answer(["aud": ["noroshi"]]), nonce: "n1", now: now) != nil)
        #expect(provider.person(try answer(["aud": ["noroshi", "other"], "azp": "noroshi"]), nonce: "n1", now: now) != nil)
        #expect(provider.person(try answer(["email_verified": true]), nonce: "n1", now: now) != nil)
    }

    @Test("Another's, an old one, one for another question or client, and an address nobody answered at, name nobody", arguments: [
        "iss", "aud", "auds", "exp", "iat", "nonce", "no-nonce", "email", "no-email", "unverified",
    ])
    func bad(_ what: String) throws {
        let change: [String: Any?] =
            switch what {
            case "iss": ["iss": "https://login.evil.example"]
            case "aud": ["aud": "other"]
            case "auds": ["aud": ["noroshi", "other"]]
            case "exp": ["exp": 1_799_999_000]
            case "iat": ["iat": 1_800_001_000]
            case "nonce": ["nonce": "n2"]
            case "no-nonce": ["nonce": nil]
            case "email": ["email": ""]
            case "no-email": ["email": nil]
            default: ["email_verified": false]
            }
        #expect(provider.person(try answer(change), nonce: "n1", now: now) == nil)
    }

    @Test("What is no token names nobody and stops nothing", arguments: ["", "{}", #"{"id_token":""}"#, #"{"id_token":"a.b"}"#, #"{"id_token":"a.%%.c"}"#, #"{"id_token":"a.W10.c"}"#])
    func broken(_ text: String) { #expect(provider.person(Array(text.utf8), nonce: "n1", now: now) == nil) }

    @Test("A discovery document of another issuer, or with an address in the open, is none")
    func discovery() {
        func read(_ issuer: String, _ endpoint: String) -> Bool {
            OpenIDAddresses.read(Array(#"{"issuer":"\#(issuer)","authorization_endpoint":"\#(endpoint)/a","token_endpoint":"\#(endpoint)/t"}"#.utf8), of: provider) != nil
        }
        #expect(read("https://login.example.jp", "https://login.example.jp") && !read("https://other.example", "https://login.example.jp"))
        #expect(!read("https://login.example.jp", "http://login.example.jp"))
    }
}
