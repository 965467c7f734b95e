import AlertModel
import Certificates
import Devices
import Foundation
import HTTPTypes
import Hub
import Ledger
import Streams
import Testing

@testable import HubAPI

/// Certificates of edges over HTTP: who gets one, for which names, and how tablets learn whom to trust.
@Suite("Certificates over HTTP")
struct CertificateRouteTests {
    private func found(_ answer: House.Heard, _ key: String) -> String {
        (try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])?[key] as? String ?? ""
    }

    /// An edge of the school, called so.
    private func edge(_ house: House, hosts: String = #"["Edge.local","192.168.1.5"]"#, key: ServingKey? = nil) async throws -> (id: String, token: String) {
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","role":"edge","hosts":\#(hosts)}"#), "code")
        let own = key.map { #","public_key":"\#($0.publicKey)""# } ?? ""
        let answer = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","role":"edge","site":"school"\#(own)}"#, token: nil)
        #expect(answer.status == 201, "\(answer.body)")
        return (found(answer, "device_id"), found(answer, "token"))
    }

    private func ask(_ house: House, _ token: String, _ key: ServingKey, names: [String] = []) async throws -> House.Heard {
        try await house.call("POST", "/v1/edge/certificate", String(decoding: try JSONEncoder().encode(["csr": try key.request(names: names)]), as: UTF8.self), token: token)
    }

    @Test("An edge gets one for its own key and the register's names, a tablet none; who is out gets no other one")
    func issued() async throws {
        let house = try await House(), key = ServingKey(), own = try await edge(house, key: key)
        let made = try await ask(house, own.token, key)
        #expect(made.status == 201 && made.body.contains(#""names":["edge.local","192.168.1.5"]"#), "\(made.body)")
        #expect(found(made, "authority") == house.hub.authorities(of: TownID(House.town)!)[0].fingerprint)
        let listed = try await house.call("GET", "/v1/devices/\(own.id)").body
        #expect(listed.contains(#""certificate_until":"\#(found(made, "not_after"))""#) && listed.contains(#""hosts":["edge.local","192.168.1.5"]"#))
        #expect(try await ask(house, own.token, key, names: ["edge.local"]).body.contains(#""names":["edge.local"]"#))
        #expect(try await ask(house, own.token, key, names: ["other.local"]).status == 422)
        #expect(try await ask(house, own.token, ServingKey()).status == 403, "a copied token is not enough")
        #expect(try await house.call("POST", "/v1/edge/certificate", #"{"csr":"x"}"#, token: own.token).status == 400)
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#), "code")
        let tablet = found(try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"}"#, token: nil), "token")
        #expect(try await ask(house, tablet, key).status == 403)
        #expect(try await house.call("DELETE", "/v1/devices/\(own.id)").status == 204)
        #expect(try await ask(house, own.token, key).status == 401)
    }

    @Test("An edge of before binds the first key it asks with; without names there is none, and names are given it at the desk")
    func bound() async throws {
        let ledger = MemoryLedger(), house = try await House(ledger: ledger), own = try await edge(house, hosts: "[]"), key = ServingKey()
        let none = try await ask(house, own.token, key)
        #expect(none.status == 409 && none.body.contains("noroshi device set \(own.id)"))
        #expect(try await house.call("PATCH", "/v1/devices/\(own.id)", #"{"hosts":["www.example.com"]}"#).status == 422)
        #expect(try await house.call("PATCH", "/v1/devices/\(own.id)", #"{"hosts":["a.local","b.local","c.local","d.local","e.local","f.local","g.local","h.local","i.local"]}"#).status == 422)
        #expect(try await house.call("PATCH", "/v1/devices/\(own.id)", #"{"hosts":["10.1.2.3"]}"#).status == 200)
        #expect(try await ask(house, own.token, key).status == 201)
        #expect(try await ask(house, own.token, ServingKey()).status == 403)
        // After a restart too; and the register tells the edge how it is called and by whom it is signed.
        let again = try await House(ledger: ledger)
        #expect(try await ask(again, own.token, ServingKey()).status == 403)
        let register = try await again.call("GET", "/v1/edge/register", token: own.token).body
        #expect(register.contains(#""hosts":["10.1.2.3"]"#) && register.contains(again.hub.authorities(of: TownID(House.town)!)[0].fingerprint))
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#), "code")
        let tablet = found(try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"}"#, token: nil), "device_id")
        #expect(try await house.call("PATCH", "/v1/devices/\(tablet)", #"{"hosts":["10.1.2.4"]}"#).status == 422)
        #expect(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","hosts":["a.local"]}"#).status == 400)
    }

    @Test("Another authority is the keeper's to make; it outlives the run, stands in the chronicle, and edges are told")
    func authority() async throws {
        let ledger = MemoryLedger(), house = try await House(ledger: ledger, hasNeighbour: true), path = "/v1/towns/042056/ca"
        let before = try await house.call("GET", path)
        #expect(before.status == 200 && found(before, "trust_url") == "https://hub.example.jp/trust/042056")
        #expect(try await house.call("POST", path, "{}", token: "desk-reader").status >= 401)
        #expect(try await house.call("GET", "/v1/towns/042021/ca").status == 403)
        #expect(try await house.call("POST", path, #"{"domains":["jp"]}"#, token: House.root).status == 422)
        #expect(try await house.call("GET", path).body == before.body)
        let made = try await house.call("POST", path, #"{"domains":["school.kesennuma.miyagi.jp"]}"#, token: House.root)
        #expect(made.status == 201 && found(made, "fingerprint") != found(before, "fingerprint") && made.body.contains(found(before, "fingerprint")))
        // Another machine with the same record: whom to trust is the same, and it signs nothing, for the key is not in the record.
        let again = try await House(ledger: ledger), there = try await again.call("GET", path).body
        #expect(made.body.contains(#""signs":true"#) && there == made.body.replacing(#""signs":true"#, with: #""signs":false"#))
        let csr = String(decoding: try JSONSerialization.data(withJSONObject: ["csr": try ServingKey().request(), "hosts": ["hub.local"]]), as: UTF8.self)
        #expect(try await again.call("POST", path + "/certificates", csr, token: House.root).status == 409)
        #expect(try await house.call("GET", "/v1/chronicle?mode=actual").body.contains(found(made, "fingerprint")))
        _ = try await edge(house, hosts: #"["edge.school.kesennuma.miyagi.jp"]"#)
        let back = try await house.call("POST", path, #"{"taken_back":true}"#, token: House.root)
        #expect(!back.body.contains(found(made, "fingerprint")) && back.body.contains("school.kesennuma.miyagi.jp"), "domains stay")
    }

    @Test("The hub's own machine gets one by its keeper's hand, for names that may be, and it stands in the chronicle")
    func machine() async throws {
        let house = try await House(hasNeighbour: true), path = "/v1/towns/042056/ca/certificates", csr = try ServingKey().request()
        func wish(_ hosts: [String]) throws -> String { String(decoding: try JSONSerialization.data(withJSONObject: ["csr": csr, "hosts": hosts]), as: UTF8.self) }
        let made = try await house.call("POST", path, try wish(["hub.local", "10.0.0.1"]), token: House.root)
        #expect(made.status == 201 && made.body.contains(#""names":["hub.local","10.0.0.1"]"#))
        for hosts in [[], ["www.example.com"], ["a b"]] { #expect(try await house.call("POST", path, try wish(hosts), token: House.root).status == 422, "\(hosts)") }
        #expect(try await house.call("POST", "/v1/towns/042021/ca/certificates", try wish(["hub.local"])).status == 403)
        #expect(try await house.call("GET", "/v1/chronicle?mode=actual").body.contains("hub.local"))
    }

    @Test("Whoever may name edges gives none the hub's own name; an edge in other hands fills no record")
    func bounds() async throws {
        let house = try await House(), key = ServingKey()
        #expect(try await house.call("POST", "/v1/towns/042056/ca", #"{"domains":["example.jp"]}"#, token: House.root).status == 201)
        for hosts in [#"["hub.example.jp"]"#, #"["HUB.example.JP"]"#] {
            #expect(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","role":"edge","hosts":\#(hosts)}"#).status == 422)
        }
        let own = try await edge(house, hosts: #"["edge.example.jp"]"#, key: key)
        #expect(try await house.call("PATCH", "/v1/devices/\(own.id)", #"{"hosts":["hub.example.jp"]}"#).status == 422)
        // The hub's keeper has it made: a hub in a closed network has no other authority.
        let wish = String(decoding: try JSONSerialization.data(withJSONObject: ["csr": try ServingKey().request(), "hosts": ["hub.example.jp"]]), as: UTF8.self)
        #expect(try await house.call("POST", "/v1/towns/042056/ca/certificates", wish, token: House.root).body.contains(#""names":["hub.example.jp"]"#))
        // A thief's key in between costs it nothing.
        for _ in 0..<30 { #expect(try await ask(house, own.token, ServingKey()).status == 403) }
        var answers: [Int] = []
        for _ in 0..<21 { answers.append(try await ask(house, own.token, key).status) }
        #expect(answers.prefix(20).allSatisfy { $0 == 201 } && answers.last == 429, "\(answers)")
    }

    @Test("Whoever sets a tablet up finds page, profile and certificate, with the fingerprint that the invitation names")
    func trust() async throws {
        let house = try await House(hasNeighbour: true)
        let alone = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#)
        #expect(found(alone, "trust_url").isEmpty, "there is no edge with a certificate")
        _ = try await edge(house)
        let invitation = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#), mark = found(invitation, "ca_fingerprint")
        #expect(found(invitation, "trust_url") == "https://hub.example.jp/trust/042056" && found(invitation, "trust_qr_svg").contains("<svg") && mark.count == 95)
        let page = try await house.call("GET", "/trust/042056", token: nil)
        #expect(page.status == 200 && page.body.contains(mark.replacing(":", with: " ")) && page.headers[.contentSecurityPolicy]?.contains("style-src 'unsafe-inline'") == true)
        #expect(!page.body.contains("<script") && page.body.contains("気仙沼市"))
        let profile = try await house.call("GET", "/trust/042056/noroshi.mobileconfig", token: nil)
        #expect(profile.headers[.contentType] == "application/x-apple-aspen-config" && profile.body.contains(mark))
        let pem = try await house.call("GET", "/trust/042056/noroshi.pem", token: nil)
        #expect(pem.body == house.hub.authorities(of: TownID(House.town)!).map(\.certificate.pem).joined())
        #expect(try await house.call("GET", "/trust/042056/noroshi.crt", token: nil).headers[.contentType] == "application/x-x509-ca-cert")
        for path in ["/trust/042056/other", "/trust/011002", "/trust/x"] { #expect(try await house.call("GET", path, token: nil).status == 404, "\(path)") }
        #expect(try await house.call("GET", "/trust/042021", token: nil).status == 404, "who comes by makes none")
        #expect(try await house.call("GET", "/v1/towns/042021/ca", token: House.root).status == 200)
        let other = try await house.call("GET", "/trust/042021", token: nil)
        #expect(other.status == 200 && !other.body.contains(mark), "each town its own")
    }
}
