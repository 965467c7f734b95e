import AlertModel
import Chance
import ChannelKit
import Foundation
import Testing

@testable import WiFiPortal

@Suite("Wi-Fi portal: where its shelters lie")
struct PortalMapTests {
    /// 気仙沼市役所.
    private let here = Coordinate(latitude: 38.9084, longitude: 141.5699)

    private func place(_ north: Double, _ east: Double) -> Coordinate {
        Coordinate(latitude: here.latitude + north / 111_195, longitude: here.longitude + east / (111_195 * cos(here.latitude * .pi / 180)))
    }

    @Test("Direction and distance are those of the two places", arguments: [
        (400.0, 0.0, 0, "400 m"), (300, 310, 1, "450 m"), (5, 1200, 2, "1.2 km"), (-300, 290, 3, "400 m"), (-60, 0, 4, "60 m"), (-900, -880, 5, "1.3 km"), (0, -2000, 6, "2 km"), (700, -690, 7, "1 km"),
    ])
    func way(north: Double, east: Double, direction: Int, distance: String) {
        let way = Way(from: here, to: place(north, east))
        #expect(abs(way.north - north) < 2 && abs(way.east - east) < 4, "\(way)")
        #expect(way.direction == direction && Way.distance(way.metres) == distance, "\(way) \(Way.distance(way.metres))")
    }

    @Test("Every eighth of a turn is its own direction")
    func directions() {
        for degrees in stride(from: 0.25, to: 360, by: 1) {
            let way = Way(east: sin(degrees * .pi / 180), north: cos(degrees * .pi / 180))
            #expect(way.direction == Int((degrees / 45).rounded()) % 8, "\(degrees)")
        }
    }

    @Test("Whatever lies where, each number stands alone inside the drawing, and on its own side of the spot unless somebody was there first", arguments: 0..<60)
    func marks(seed: UInt64) {
        var dice = Dice(seed: seed)
        let far: Double = [40.0, 300, 1_500, 20_000].randomElement(using: &dice) ?? 300
        var ways: [(way: Way, isFull: Bool)] = []
        for _ in 0..<Int.random(in: 1...8, using: &dice) {
            let (east, north) = (Double.random(in: -far...far, using: &dice), Double.random(in: -far...far, using: &dice))
            ways.append((Way(east: east, north: north), Bool.random(using: &dice)))
        }
        let map = PortalMap(ways), what = "\(ways) \(map.marks)"
        #expect(map.marks.map(\.number) == Array(1...min(ways.count, PortalMap.limit)), "\(what)")
        for (index, mark) in map.marks.enumerated() {
            #expect((12...308).contains(mark.x) && (12...208).contains(mark.y), "\(what)")
            for other in map.marks.dropFirst(index + 1) { #expect(abs(mark.x - other.x) >= 22 || abs(mark.y - other.y) >= 22, "\(what)") }
            #expect(abs(mark.x - 160) >= 22 || abs(mark.y - 110) >= 22, "\(what)")
        }
        #expect((1...100).contains(map.bar.points), "\(what)")
        let isBelowFree = map.marks.allSatisfy { abs($0.x - 160) >= 70 || !(112...150).contains($0.y) }
        #expect((map.nameLine == 136) == isBelowFree, "no number stands on the spot's name: \(what)")
    }

    private func page(_ shelters: [ShelterStatus], _ language: Language = .japanese, spotAt place: Coordinate?) -> String {
        PortalPage(state: Self.state(shelters, place), language: language, now: start).html()
    }

    private static func state(_ shelters: [ShelterStatus], _ place: Coordinate?) -> SpotState {
        var state = SpotState()
        var spot = try? SpotPlace(FarEnd<Actual>(town: TownID("042056")!, id: "eki", name: "駅前（えきまえ）", settings: [:]))
        spot?.place = place
        state.place = spot
        state.shelters = shelters
        return state
    }

    @Test("The page has a map with the numbers of its list, which says in words what the map shows; what is closed or not fit has neither, nor has a spot that does not know where it stands")
    func page() throws {
        func shelter(_ name: String, _ north: Double, _ east: Double, _ state: ShelterNotice.State) -> ShelterStatus {
            ShelterStatus(shelter: Shelter(id: name, name: name, place: place(north, east)), state: state)
        }
        let all = [shelter("市民会館", 3, 2, .open), shelter("高台の学校", 400, 0, .open), shelter("港の学校", 0, 600, .full), shelter("閉じた館", 200, 0, .closed)]
        let page = page(all, spotAt: here)
        #expect(page.contains("① <span>高台の学校") && page.contains("② <span>港の学校") && !page.contains("③"), "\(page)")
        #expect(page.contains("<span class=\"y\">北 400 m</span>") && page.contains("<span class=\"y\">東 600 m</span>") && page.contains("<span class=\"y\">この建物</span>"), "\(page)")
        #expect(!page.contains("200 m</span>"), "nobody is shown the way to a door that is shut")
        let svg = try #require(page.firstMatch(of: #/<svg class="map".*?<\/svg>/#)).output
        #expect(svg.components(separatedBy: "<circle").count == 4 && svg.contains(">駅前</text>") && svg.contains(">北</text>"), "\(svg)")
        let (map, list) = (try #require(page.firstRange(of: "<svg class=\"map\"")), try #require(page.firstRange(of: "<ul>")))
        #expect(map.lowerBound < list.lowerBound)
        let easy = self.page(all, .easyJapanese, spotAt: here)
        let drawn = try #require(easy.firstMatch(of: #/<svg class="map".*?<\/svg>/#)).output
        #expect(!drawn.contains("ruby") && easy.contains("<ruby>北<rp>"), "\(easy)")
        #expect(self.page(all, .english, spotAt: here).contains("<span class=\"y\">north 400 m</span>"))
        var unfit = all
        unfit[1].shelter.fitness = [.tsunami: .unfit]
        let other = PortalPage(state: Self.state(unfit, here), language: .japanese, now: start).shelters(unfit, limit: 12, hazards: ["津波"])
        #expect(other.contains("① <span>港の学校") && !other.contains("②") && other.contains("<span>高台の学校</span>"), "\(other)")
        let nowhere = self.page(all, spotAt: nil)
        #expect(!nowhere.contains("<svg") && !nowhere.contains("①") && !nowhere.contains("400 m"))
    }

    @Test("A spot stands where the town says it does, and else where its shelter is")
    func stands() throws {
        let hall = Shelter(id: "hall", name: "市民会館", place: place(500, 0))
        for (own, expected) in [(here as Coordinate?, here), (nil, place(500, 0))] {
            var spot = try SpotPlace(FarEnd<Actual>(town: TownID("042056")!, id: "eki", name: "駅前", settings: [:]))
            let end = Endpoint(id: "eki", channel: "wifi-portal", name: "駅前", shelter: "hall", place: own)
            spot.find(in: Town(id: TownID("042056")!, name: "さくら市", romanName: "Sakura City", areas: [:], shelters: [hall], endpoints: [end]))
            #expect(spot.place == expected)
        }
    }
}
