import AlertModel
import Foundation
import Testing

@testable import CAPFeed

@Suite("What stands in a town, as GeoJSON")
struct StandingMapTests {
    /// Two islands: one given clockwise and open, one counterclockwise and closed; and a line that encloses nothing.
    private static let town = Town(
        id: TownID("042056")!, name: "気仙沼市", romanName: "Kesennuma City", areas: [:], districts: ["鹿折地区", "松岩地区"],
        shelters: [
            Shelter(id: "s1", name: "第一小学校", romanName: "", address: "南町1", place: Coordinate(latitude: 38.9, longitude: 141.57), district: "鹿折地区"),
            Shelter(id: "s2", name: "第二小学校", romanName: "", place: Coordinate(latitude: 38.92, longitude: 141.59), district: "鹿折地区"),
            Shelter(id: "s3", name: "場所のない会館", romanName: ""),
        ],
        outline: [
            [(38.8, 141.5), (39.0, 141.5), (39.0, 141.7), (38.8, 141.7)], [(38.7, 141.6), (38.7, 141.65), (38.75, 141.65), (38.7, 141.6)], [(38.1, 141.1), (38.2, 141.2)],
        ].map { $0.map { Coordinate(latitude: $0.0, longitude: $0.1) } })

    private func content(_ change: (inout AlertContent) -> Void = { _ in }) -> AlertContent {
        var content = FeedSamples.order()
        content.areas = []
        change(&content)
        return content
    }

    private func map(_ mode: ModeName = .actual, alerts: [AlertContent]? = nil, orders: Int = 1) -> StandingMap {
        StandingMap(
            town: Self.town, mode: mode, alerts: (alerts ?? [content()]).map { .init(content: $0, mode: mode) },
            orders: (0..<orders).map { .init(district: $0 == 0 ? "鹿折地区" : "松岩地区\($0)", hazard: "津波", level: 4, since: FeedSamples.sent, until: nil) },
            houses: [
                .init(id: "s1", name: "第一小学校", state: "open", note: nil, since: FeedSamples.sent), .init(id: "s3", name: "場所のない会館", state: "full", note: "満員", since: FeedSamples.sent),
            ])
    }

    private func read(_ map: StandingMap) throws -> (whole: [String: Any], features: [[String: Any]]) {
        let whole = try #require(try JSONSerialization.jsonObject(with: Data(try map.octets())) as? [String: Any])
        return (whole, try #require(whole["features"] as? [[String: Any]]))
    }
    private func properties(_ feature: [String: Any]) -> [String: Any] { feature["properties"] as? [String: Any] ?? [:] }
    private func shape(_ feature: [String: Any]) -> (type: String, coordinates: Any)? {
        (feature["geometry"] as? [String: Any]).flatMap { shape in (shape["type"] as? String).flatMap { type in shape["coordinates"].map { (type, $0) } } }
    }

    /// Twice of it: positive where the ring runs counterclockwise.
    private func area(_ ring: [[Double]]) -> Double {
        var sum = 0.0
        for (one, next) in zip(ring, ring.dropFirst()) { sum += one[0] * next[1] - next[0] * one[1] }
        return sum
    }

    @Test("Longitude comes first; what has no place is there without one")
    func order() throws {
        let (whole, features) = try read(map())
        #expect(whole["type"] as? String == "FeatureCollection" && whole["mode"] as? String == "actual" && whole["left_out"] as? Int == 0)
        #expect(features.map { properties($0)["what"] as? String } == ["alert", "order", "shelter", "shelter"])
        // The order names districts: the town's outline would say too much.
        #expect(shape(features[0]) == nil && features[0]["geometry"] is NSNull)
        #expect(shape(features[1])?.coordinates as? [Double] == [141.58, 38.91] && properties(features[1])["title"] as? String == "鹿折地区　避難指示")
        #expect(shape(features[2])?.coordinates as? [Double] == [141.57, 38.9])
        let all = content { $0.detail = .evacuation(EvacuationOrder(level: .order, hazard: "津波", districts: ["市内全域"])) }
        #expect(try shape(read(map(alerts: [all])).features[0])?.type == "MultiPolygon")
        #expect(features[3]["geometry"] is NSNull && properties(features[3])["state"] as? String == "full")
    }

    @Test("Rings are closed and run counterclockwise, whichever way they were drawn; what encloses nothing is no polygon")
    func rings() throws {
        let whole = content { $0.detail = .notice(Notice(title: "断水", body: "断水です")) }
        let (_, features) = try read(map(alerts: [whole]))
        let found = try #require(shape(features[0]))
        let polygons = try #require(found.coordinates as? [[[[Double]]]])
        #expect(found.type == "MultiPolygon" && polygons.count == 2)
        for polygon in polygons {
            let ring = try #require(polygon.first)
            #expect(ring.count >= 4 && ring.first == ring.last)
            #expect(area(ring) > 0)
        }
        let drawn = content { $0.areas = [AreaStatement(scheme: .polygon, code: "38.9,141.5 39.0,141.6 38.9,141.6 38.9,141.5")] }
        let area = try #require(shape(try read(map(alerts: [drawn])).features[0])?.coordinates as? [[[[Double]]]])
        #expect(area == [[[[141.5, 38.9], [141.6, 38.9], [141.6, 39.0], [141.5, 38.9]]]])
        #expect(Shape.ring([[1, 1], [2, 2], [3, 3], [1, 1]]) == nil && Shape.ring([]) == nil && Shape.ring([[1, 1], [1, 1], [1, 1], [1, 1]]) == nil)
    }

    @Test("A drill says so in the collection and in each feature")
    func drill() throws {
        let (whole, features) = try read(map(.exercise))
        #expect((whole["title"] as? String)?.hasPrefix("【訓練】") == true && whole["mode"] as? String == "exercise")
        for feature in features { #expect((properties(feature)["title"] as? String)?.hasPrefix("【訓練】") == true && properties(feature)["mode"] as? String == "exercise") }
    }

    @Test("A drill's shelter, district or notice whose own name has 訓練 in it is marked all the same, once; what is real is not")
    func names() throws {
        func titles(_ mode: ModeName) throws -> [String?] {
            let notice = content { ($0.headline, $0.title, $0.detail) = (nil, "職業訓練校の断水", .notice(Notice(title: "職業訓練校の断水", body: "断水です"))) }
            let marked = content { $0.id = AlertID("op/2") }
            let map = StandingMap(
                town: Self.town, mode: mode,
                alerts: [.init(content: notice, mode: mode), .init(content: marked, mode: mode, headline: mode == .exercise ? "【訓練】避難指示" : "避難指示")],
                orders: [.init(district: "訓練場前", hazard: "津波", level: 4, since: FeedSamples.sent, until: nil)],
                houses: [.init(id: "s1", name: "職業訓練センター", state: "open", note: nil, since: FeedSamples.sent)])
            return try read(map).features.map { properties($0)["title"] as? String }
        }
        let names = ["避難指示", "職業訓練センター", "職業訓練校の断水", "訓練場前　避難指示"]
        let (drill, real) = (try titles(.exercise).compactMap { $0 }, try titles(.actual).compactMap { $0 })
        #expect(Set(drill) == Set(names.map { "【訓練】" + $0 }), "\(drill)")
        #expect(Set(real) == Set(names), "\(real)")
    }

    @Test("It is bounded, counts what it leaves out, and is the same for the same state")
    func bounds() throws {
        var alerts: [AlertContent] = []
        for number in 0..<150 {
            alerts.append(content {
                $0.id = AlertID("op/\(number)")
                $0.sent = FeedSamples.sent.addingTimeInterval(Double(number))
            })
        }
        let map = map(alerts: alerts, orders: 1500)
        let (whole, features) = try read(map)
        #expect(features.count == 100 + 1000 + 2 && whole["left_out"] as? Int == 550)
        #expect(features[0]["id"] as? String == "alert/op/149")
        #expect(try map.octets() == map.octets())
        var wide = Self.town
        wide.outline = [(0..<12_000).map { Coordinate(latitude: 38 + Double($0 % 2) / 10, longitude: 141 + Double($0) / 100_000) }]
        let notices = (0..<2).map { number in content { ($0.id, $0.detail) = (AlertID("n/\(number)"), .notice(Notice(title: "断水", body: "断水です"))) } }
        let large = try StandingMap(town: wide, mode: .actual, alerts: notices.map { .init(content: $0, mode: .actual) }, orders: [], houses: []).octets()
        #expect(large.count < 600_000 && String(decoding: large, as: UTF8.self).contains(#""geometry":null"#))
    }

    @Test("Shapely, which others draw maps with, takes each geometry for valid", .enabled(if: FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/shapely"), "apt install python3-shapely"))
    func outside() throws {
        try OutsideTools.withFolder { folder in
            let whole = content { ($0.id, $0.detail) = (AlertID("n/1"), .notice(Notice(title: "断水", body: "断水です"))) }
            let drawn = content { ($0.id, $0.areas) = (AlertID("p/1"), [AreaStatement(scheme: .polygon, code: "38.9,141.5 39.0,141.6 38.9,141.6 38.9,141.5")]) }
            try Data(try map(alerts: [whole, drawn, content()]).octets()).write(to: folder.appending(path: "a.geojson"))
            let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../independent/read_geojson.py").standardized.path
            let answer = try OutsideTools.run("python3", [script, "a.geojson"], in: folder)
            #expect(answer.status == 0 && answer.text.contains("2 without a place, 4 with"), "\(answer.text)")
        }
    }
}
