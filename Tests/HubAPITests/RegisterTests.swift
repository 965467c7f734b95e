import AlertModel
import Crypto
import Desk
import Devices
import Foundation
import HTTPTypes
import Testing

@testable import Hub
@testable import HubAPI

/// What the register says of each device, and that one which is out has shown that nothing is on it.
@Suite("The register of devices")
struct RegisterTests {
    struct Tablet {
        let id, token: String
        let key = P256.Signing.PrivateKey()

        init(_ house: House, hasKey: Bool = true) async throws {
            let code = try #require(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","name":"体育館1号"}"#).body.firstMatch(of: /"code":"([^"]+)"/)?.1)
            let written = hasKey ? #","public_key":"\#(key.publicKey.derRepresentation.base64EncodedString())""# : ""
            let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"\#(written)}"#, token: nil).body
            id = String(try #require(made.firstMatch(of: /"device_id":"([^"]+)"/)?.1))
            token = String(try #require(made.firstMatch(of: /"token":"([^"]+)"/)?.1))
        }

        func proof(by other: P256.Signing.PrivateKey? = nil, of id: String? = nil, town: String = House.town) throws -> String {
            let text = "noroshi-erased 1\n{\"device\":\"\(id ?? self.id)\",\"town\":\"\(town)\"}"
            let signature = try (other ?? key).signature(for: Data(text.utf8)).rawRepresentation.base64EncodedString()
            return #"{"device":"\#(id ?? self.id)","signature":"\#(signature)"}"#
        }
    }

    private func says(_ house: House, _ body: String) async throws -> Int { try await house.call("POST", "/v1/devices/erased", body, token: nil).status }

    @Test("A device that is out shows by its key that nothing is on it, and the register has the time; nobody else's word does, and not while it is in use")
    func erased() async throws {
        let house = try await House(), one = try await Tablet(house), other = try await Tablet(house)
        #expect(try await says(house, try one.proof()) == 404, "it is in use")
        #expect(try await house.call("DELETE", "/v1/devices/\(one.id)").status == 204)
        func seen() async throws -> String { try await house.call("GET", "/v1/devices/\(one.id)").body }
        #expect(try await !seen().contains("erased_at"))
        for bad in [try one.proof(by: other.key), try one.proof(town: House.neighbour), try one.proof(by: one.key, of: other.id), #"{"device":"\#(one.id)","signature":"AAAA"}"#, #"{"device":"d-none","signature":"AAAA"}"#] {
            #expect(try await says(house, bad) == 404, "\(bad)")
        }
        #expect(try await !seen().contains("erased_at"))
        for _ in 0..<2 { #expect(try await says(house, try one.proof()) == 204) }
        let after = try await seen()
        #expect(after.contains("erased_at") && after.contains("revoked_at"))
        let told = try await house.call("GET", "/v1/chronicle?town=\(House.town)&mode=actual").body
        #expect(told.components(separatedBy: "消去を確認した").count == 2, "once: \(told)")
        let keyless = try await Tablet(house, hasKey: false)
        #expect(try await house.call("DELETE", "/v1/devices/\(keyless.id)").status == 204)
        #expect(try await says(house, try keyless.proof()) == 404, "it had no key")
        #expect(DeviceRegister(notebook: house.hub.ledger).device(id: one.id, of: try #require(TownID(House.town)))?.erased != nil, "after a restart too")
    }

    @Test("Who is out of use is not lost: another state than revoked, out all the same, and back from whoever had it; who was revoked before stays so")
    func retired() async throws {
        let house = try await House(), one = try await Tablet(house), two = try await Tablet(house)
        #expect(try await house.call("POST", "/v1/devices/\(one.id)/lend", #"{"to":"山田"}"#).status == 200)
        #expect(try await house.call("POST", "/v1/devices/\(one.id)/retire").status == 204)
        let seen = try await house.call("GET", "/v1/devices/\(one.id)").body
        #expect(seen.contains("retired_at") && !seen.contains("revoked_at") && !seen.contains("山田") && seen.contains("returned_at"), "\(seen)")
        #expect(try await house.call("GET", "/v1/catch-up", token: one.token).body.contains("device-revoked"), "it erases itself")
        #expect(try await says(house, try one.proof()) == 204)
        #expect(try await house.call("PATCH", "/v1/devices/\(one.id)", #"{"name":"x"}"#).status == 404)
        #expect(try await house.call("DELETE", "/v1/devices/\(two.id)").status == 204)
        #expect(try await house.call("POST", "/v1/devices/\(two.id)/retire").status == 204)
        let lost = try await house.call("GET", "/v1/devices/\(two.id)").body
        #expect(lost.contains("revoked_at") && !lost.contains("retired_at"))
        #expect(try await house.call("POST", "/v1/devices/d-none/retire").status == 404)
        #expect(try await house.call("GET", "/v1/chronicle?town=\(House.town)&mode=actual").body.contains("使うのを終えた"))
    }

    @Test("Battery, sound and the build of its page stand in the list and at the device itself, as it last said them; another build is named as old")
    func signs() async throws {
        let house = try await House(), one = try await Tablet(house)
        func list() async throws -> String { try await house.call("GET", "/v1/devices").body }
        let silent = try await list()
        #expect(!silent.contains("battery") && !silent.contains("sound"), "it has not spoken")
        let build = try #require(try await house.call("GET", "/tablet/lists.js", token: nil).body.firstMatch(of: /BUILD = "([0-9a-f]{10})"/)?.1)
        let sign = #"{"signs":[{"charge":41,"plugged":false,"minutes":90,"mute":false,"page":"\#(build)"}]}"#
        #expect(try await house.call("POST", "/v1/signs", sign, token: one.token).status == 202)
        for seen in [try await list(), try await house.call("GET", "/v1/devices/\(one.id)").body] {
            for part in [#""battery":41"#, #""plugged":false"#, #""sound":true"#, #""page_is_current":true"#, "silent_at", "said_at"] { #expect(seen.contains(part), "\(part): \(seen)") }
        }
        for (page, word) in [("0123456789", #""page_is_current":false"#), ("<b>", "")] {
            #expect(try await house.call("POST", "/v1/signs", #"{"signs":[{"mute":true,"page":"\#(page)"}]}"#, token: one.token).status == 202)
            let seen = try await list()
            #expect(seen.contains(#""sound":false"#) && (word.isEmpty || seen.contains(word)) && !seen.contains("<b>") && (!word.isEmpty || !seen.contains(#""page""#)), "\(seen)")
        }
    }
}
