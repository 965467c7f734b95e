import AlertModel
import Desk
import Foundation
import HTTPTypes
import Testing

@testable import HubAPI

@Suite("What stands in a town, open to all")
struct OpenDataTests {
    private func house() async throws -> House {
        try await House(
            approval: ApprovalPolicy.none,
            shelters: [Shelter(id: "school", name: "第一小学校", place: Coordinate(latitude: 38.5, longitude: 141.5), district: "港町"), Shelter(id: "gym", name: "体育館", district: "山手")],
            districts: ["港町", "山手"])
    }

    private func order(_ mode: String, lifted: Bool = false) -> String {
        #"{"town":"042056","kind":"evacuation","mode":"\#(mode)","level":4,"hazard":"洪水","districts":["港町"],"reason":"川の水位が上がっています"\#(lifted ? #","lifted":true"# : "")}"#
    }

    private func features(_ house: House, _ name: String) async throws -> [[String: Any]] {
        let heard = try await house.call("GET", "/v1/towns/042056/\(name).geojson", token: nil)
        #expect(heard.status == 200 && heard.headers[.contentType] == "application/geo+json" && heard.headers[.accessControlAllowOrigin] == "*")
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(heard.body.utf8)) as? [String: Any])
        return try #require(whole["features"] as? [[String: Any]])
    }

    @Test("Real and drill are two maps: an order is on its own with its district, and gone when it is lifted")
    func maps() async throws {
        let house = try await house()
        for name in ["standing", "drill"] { #expect(try await features(house, name).isEmpty) }
        #expect(try await house.call("POST", "/v1/alerts", order("exercise")).status < 300)
        #expect(try await features(house, "standing").isEmpty)
        let drill = try await features(house, "drill")
        #expect(drill.count == 2 && drill.allSatisfy { (($0["properties"] as? [String: Any])?["title"] as? String)?.contains("訓練") == true }, "\(drill)")
        #expect(try await house.call("POST", "/v1/alerts", order("actual")).status < 300)
        let real = try await features(house, "standing")
        #expect(real.compactMap { ($0["properties"] as? [String: Any])?["what"] as? String } == ["alert", "order"])
        #expect((real.last?["geometry"] as? [String: Any])?["coordinates"] as? [Double] == [141.5, 38.5], "longitude first")
        #expect(real.allSatisfy { (($0["properties"] as? [String: Any])?["title"] as? String)?.contains("訓練") == false })
        #expect(try await house.call("POST", "/v1/alerts", order("actual", lifted: true)).status < 300)
        #expect(try await features(house, "standing").isEmpty)
        #expect(try await features(house, "drill").count == 2)
    }

    @Test("Who has it asks for it by its tag, and gets nothing until something changes")
    func tag() async throws {
        let house = try await house()
        let path = "/v1/towns/042056/standing.geojson"
        let tag = try #require(try await house.call("GET", path, token: nil).headers[.eTag])
        let same = try await house.call("GET", path, token: nil, headers: [.ifNoneMatch: tag])
        #expect(same.status == 304 && same.body.isEmpty && same.headers[.eTag] == tag && same.headers[.cacheControl] == "public, no-cache")
        #expect(try await house.call("POST", "/v1/alerts", order("actual")).status < 300)
        let changed = try await house.call("GET", path, token: nil, headers: [.ifNoneMatch: tag])
        #expect(changed.status == 200 && changed.headers[.eTag] != tag)
        #expect(try await house.call("GET", "/v1/towns/042021/standing.geojson", token: nil).status == 404)
    }

    @Test("The feed of drills has drills alone, and the other one none")
    func atom() async throws {
        let house = try await house()
        #expect(try await house.call("POST", "/v1/alerts", order("exercise")).status < 300)
        let drill = try await house.call("GET", "/v1/towns/042056/drill.atom", token: nil).body
        #expect(drill.contains("<entry>") && drill.contains("<title>【訓練】") && !drill.contains(".cap\" ") && !drill.contains("application/cap+xml"))
        #expect(try await !house.call("GET", "/v1/towns/042056/alerts.atom", token: nil).body.contains("<entry>"))
        #expect(try await house.call("POST", "/v1/alerts", order("actual")).status < 300)
        #expect(try await house.call("GET", "/v1/towns/042056/alerts.atom", token: nil).body.contains("application/cap+xml"))
    }
}
