import AlertModel
import Foundation
import Testing

@testable import HubAPI

@Suite("The ground of a town's map")
struct TownMapTests {
    @Test("A district lies in the middle of its shelters, a far end where its shelter is, and what has no place has none")
    func ground() async throws {
        let house = try await House(
            shelters: [
                Shelter(id: "school", name: "第一小学校", place: Coordinate(latitude: 38.5, longitude: 141.5), district: "港町"),
                Shelter(id: "hall", name: "公民館", place: Coordinate(latitude: 38.75, longitude: 141.25), district: "港町"),
                Shelter(id: "gym", name: "体育館", district: "山手"),
            ],
            districts: ["港町", "山手"], outline: [[Coordinate(latitude: 38, longitude: 141), Coordinate(latitude: 38, longitude: 142), Coordinate(latitude: 39, longitude: 142)]])
        let heard = try await house.call("GET", "/v1/towns/042056/map")
        #expect(heard.status == 200)
        let map = try #require(try JSONSerialization.jsonObject(with: Data(heard.body.utf8)) as? [String: Any])
        #expect((map["outline"] as? [[[Double]]])?.first == [[38, 141], [38, 142], [39, 142]])
        let districts = try #require(map["districts"] as? [[String: Any]])
        #expect(districts.map { $0["name"] as? String } == ["港町", "山手"] && districts[0]["at"] as? [Double] == [38.625, 141.375] && districts[1]["at"] == nil)
        let places = try #require(map["places"] as? [[String: Any]])
        #expect(places.count == 1 && places[0]["endpoint"] as? String == "school" && places[0]["at"] as? [Double] == [38.5, 141.5], "the station is no shelter")
        #expect((map["shelters"] as? [[String: Any]])?.last?["at"] == nil)
    }
}
