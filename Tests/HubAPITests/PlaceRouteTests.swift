import AlertModel
import Devices
import Foundation
import HTTPTypes
import Testing

@testable import HubAPI

@Suite("Where a tablet stands")
struct PlaceRouteTests {
    @Test("A tablet is told of its own place by its token; what the register does not say is absent; the same again is 304")
    func place() async throws {
        let house = try await House(crowding: true)
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"a"}"#, token: nil)
        let token = String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        let answer = try await house.call("GET", "/v1/place", token: token)
        #expect(answer.status == 200 && answer.body == #"{"name":"第一小学校","shelter":"gym","site":"school","town":"042056"}"#, "\(answer.body)")
        let tag = try #require(answer.headers[.eTag])
        #expect(try await house.call("GET", "/v1/place", token: token, headers: [.ifNoneMatch: tag]).status == 304)
        #expect(try await house.call("GET", "/v1/place", token: nil).status == 401)
        #expect(try await house.call("GET", "/v1/place").status == 401, "no person's")
    }

    @Test("District and place are the far end's own, or those of the shelter it stands in; the procedure is the far end's")
    func parts() throws {
        let id = try #require(TownID("042056"))
        let hall = Shelter(id: "hall", name: "会館", place: Coordinate(latitude: 38.9, longitude: 141.5), district: "川端")
        func made(_ endpoint: Endpoint) -> SitePlace {
            SitePlace(endpoint, of: Town(id: id, name: "さくら市", romanName: "Sakura City", areas: [:], shelters: [hall], endpoints: [endpoint]))
        }
        let own = made(Endpoint(id: "s", channel: "school-tablet", name: "学校", district: "山手", shelter: "hall", procedure: "1. 3階へ"))
        #expect(own.district == "山手" && own.shelter == "hall" && own.latitude == 38.9 && own.longitude == 141.5 && own.procedure == "1. 3階へ")
        #expect(made(Endpoint(id: "s", channel: "school-tablet", name: "学校", shelter: "hall")).district == "川端")
        let placed = made(Endpoint(id: "s", channel: "school-tablet", name: "学校", shelter: "hall", place: Coordinate(latitude: 38.8, longitude: 141.6)))
        #expect(placed.latitude == 38.8 && placed.longitude == 141.6)
        let bare = made(Endpoint(id: "s", channel: "school-tablet", name: "学校"))
        #expect(bare.district == nil && bare.latitude == nil && bare.shelter == nil && bare.procedure == nil)
    }
}
