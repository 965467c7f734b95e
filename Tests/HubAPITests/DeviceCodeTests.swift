import AlertModel
import Desk
import Devices
import Foundation
import HTTPTypes
import Testing

@testable import Hub
@testable import HubAPI

@Suite("Codes on paper, over HTTP")
struct DeviceCodeTests {
    @Test("A batch is issued once, used by one tablet each, counted, taken back; the codes are never said again, and the record says what was done")
    func batch() async throws {
        let house = try await House(hasNeighbour: true)
        let issued = try await house.call("POST", "/v1/device-codes", #"{"site":"school","count":3,"days":10}"#)
        #expect(issued.status == 201 && issued.body.contains("第一小学校") && issued.body.contains("<svg"), "\(issued.body.prefix(300))")
        let codes = issued.body.matches(of: /"code":"([B-Z-]+)"/).map { String($0.1) }
        let id = String(try #require(issued.body.firstMatch(of: /"id":"(b-[^"]+)"/)?.1))
        #expect(codes.count == 3 && codes.allSatisfy { $0.count == 19 } && issued.body.contains("/tablet/#\(codes[0].replacing("-", with: ""))."))
        let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[0])","name":"体育館"}"#, token: nil)
        #expect(made.status == 201 && made.body.contains("school"), "\(made.body)")
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[0])"}"#, token: nil).status == 404, "once")
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[1])","role":"edge"}"#, token: nil).status == 400)
        // Passed on by an edge of the town it is good, by one of another town not.
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[1])","site":"ishinomaki-school"}"#, token: nil).status == 400)
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[1])","site":"eki"}"#, token: nil).status == 201)
        let list = try await house.call("GET", "/v1/device-codes")
        #expect(list.body.contains(#""count":3"#) && list.body.contains(#""used":2"#) && !codes.contains { list.body.contains($0) }, "\(list.body)")
        #expect(try await house.call("DELETE", "/v1/device-codes/\(id)").status == 204)
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"\#(codes[2])"}"#, token: nil).status == 404)
        #expect(try await house.call("GET", "/v1/device-codes").body.contains("revoked_at"))
        #expect(try await house.call("DELETE", "/v1/device-codes/b-none").status == 404)
        let deeds = try await house.call("GET", "/v1/chronicle?town=\(House.town)&mode=actual").body
        #expect(deeds.contains("前もって3枚出した") && deeds.contains("取り消した（残り1枚）"), "\(deeds)")
    }

    @Test("Nobody issues codes for another town, nor too many, nor without the right")
    func walls() async throws {
        let house = try await House(hasNeighbour: true)
        #expect(try await house.call("POST", "/v1/device-codes", #"{"town":"042021","site":"ishinomaki-school","count":1}"#).status == 403)
        for bad in [#"{"site":"school","count":501}"#, #"{"site":"school","count":0}"#, #"{"site":"school","count":1,"days":91}"#] {
            #expect(try await house.call("POST", "/v1/device-codes", bad).status == 422, "\(bad)")
        }
        #expect(try await house.call("POST", "/v1/device-codes", #"{"site":"eki","count":1}"#).status == 400, "no place of tablets")
        #expect(try await house.call("POST", "/v1/device-codes", #"{"site":"school","count":1}"#, token: nil).status == 401)
        let other = try await house.call("POST", "/v1/device-codes", #"{"town":"042021","site":"ishinomaki-school","count":1}"#, token: House.root)
        let id = try #require(other.body.firstMatch(of: /"id":"(b-[^"]+)"/)?.1)
        #expect(try await house.call("DELETE", "/v1/device-codes/\(id)").status == 404)
    }

    @Test("What an edge did while it was cut is merged once; a second tablet of the same code stands as revoked and hears why")
    func merged() async throws {
        let house = try await House()
        func edge() async throws -> String {
            let code = try #require(try await house.call("POST", "/v1/devices/invitations", #"{"site":"eki","role":"edge"}"#).body.firstMatch(of: /"code":"([^"]+)"/)?.1)
            return String(try #require(try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","role":"edge"}"#, token: nil).body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        }
        let (one, two) = (try await edge(), try await edge())
        let code = try #require(try await house.call("POST", "/v1/device-codes", #"{"site":"school","count":1}"#).body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        func tell(_ token: String, _ device: String, _ own: String) async throws -> House.Heard {
            try await house.call(
                "POST", "/v1/edge/redeemed", #"{"redeemed":[{"code":"\#(code)","device":"\#(device)","token_sha256":"\#(DeviceRegister.digest(own))","name":"t","elapsed_ms":60000}]}"#, token: token)
        }
        for _ in 0..<2 { #expect(try await tell(one, "d-AAAAAAAAAAAA", "first").body.contains(#""state":"taken""#)) }
        #expect(try await tell(two, "d-BBBBBBBBBBBB", "second").body.contains(#""state":"used""#))
        #expect(try await house.call("GET", "/v1/catch-up", token: "first").status == 200)
        let out = try await house.call("GET", "/v1/catch-up", token: "second")
        #expect(out.status == 401 && out.body.contains("device-revoked") && out.body.contains(#""why":"code-used""#) && out.body.contains("signature"), "\(out.body)")
        #expect(try await house.call("POST", "/v1/edge/redeemed", #"{"redeemed":[]}"#, token: "first").status == 403, "a tablet")
        // A stolen edge takes no other tablet over, and one code fills no register.
        #expect(try await tell(two, "d-VVVVVVVVVVVV", "first").body.contains(#""state":"unknown""#))
        var kept = 0
        for number in 10..<30 { if try await tell(two, "d-0000000000\(number)", "own \(number)").body.contains(#""state":"used""#) { kept += 1 } }
        #expect(kept == 3, "four of a code, with the second above")
        let town = try #require(TownID(House.town))
        #expect(house.hub.devices.tablets(of: "school", in: town).count == 5)
        #expect(try await house.call("GET", "/v1/catch-up", token: "first").status == 200)
        let item = #"{"code":"BCDF-GHJK-LMNP-QRST","device":"d-CCCCCCCCCCCC","token_sha256":"\#(DeviceRegister.digest("x"))","name":"t"}"#
        let many = #"{"redeemed":[\#(Array(repeating: item, count: 200).joined(separator: ","))]}"#
        var refused: House.Heard?
        for _ in 0..<5 where refused == nil {
            let answer = try await house.call("POST", "/v1/edge/redeemed", many, token: two)
            if answer.status != 200 { refused = answer }
        }
        #expect(refused?.status == 429 && refused?.headers[.retryAfter] != nil, "\(refused?.body ?? "")")
        #expect(try await house.call("POST", "/v1/edge/redeemed", many, token: one).status == 200, "the other edge has its own")
        let deeds = try await house.call("GET", "/v1/chronicle?town=\(House.town)&mode=actual").body
        #expect(deeds.contains("事前に出した番号で登録した") && deeds.contains("先に使われていたので断った"), "\(deeds)")
    }
}
