import AlertModel
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import HubAPI

@Suite("What was felt, and what was heard")
struct FeltTests {
    private static let morning = Date(timeIntervalSince1970: 1_795_930_320)

    /// The demonstration's 震度速報, with this intensity in the north of Miyagi, of this moment and of an earthquake of its own.
    private func quake(_ house: House, _ intensity: (name: String, step: String), _ number: Int, at now: Date, type: String = "発表") async throws {
        let text = try String(contentsOf: House.package.appending(path: "Templates/demo/03_20110311144810_VXSE51.xml"), encoding: .utf8)
            .replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#, with: JapanTime.text(now, milliseconds: false))
            .replacing("<EventID>20110311144640", with: "<EventID>2026112900000\(number)").replacing("<InfoType>発表", with: "<InfoType>\(type)")
            .replacing("震度６強", with: "震度\(intensity.name)").replacing("<MaxInt>6+", with: "<MaxInt>\(intensity.step)")
        let answer = try await house.call("POST", "/v1/bulletins", text, token: House.root, headers: [.contentType: "application/xml"])
        #expect(answer.status == 202, "\(answer.body)")
    }

    private func house(_ clock: @escaping @Sendable () -> Date) async throws -> House {
        try await House(districts: ["港町", "山手"], areas: [.jmaSeismic: ["220"]], hasTablets: true, clock: clock)
    }

    @Test("A quake that was felt below the town's threshold is a quiet card for a day; one that was told is none, and one that was cancelled neither")
    func felt() async throws {
        let now = Mutex(Self.morning), clock = { @Sendable in now.withLock { $0 } }
        let house = try await house(clock)
        try await quake(house, ("２", "2"), 1, at: clock())
        now.withLock { $0 += 600 }
        try await quake(house, ("６強", "6+"), 2, at: clock())
        func felt(_ mode: String = "actual") async throws -> String { try await house.call("GET", "/v1/towns/042056/felt?mode=\(mode)").body }
        let cards = try await felt()
        #expect(cards.components(separatedBy: #""event":"#).count == 2 && cards.contains(#""intensity":"2""#), "\(cards)")
        #expect(cards.contains("震度２でした。お知らせの基準は震度"), "\(cards)")
        #expect(try await !felt("exercise").contains("震度"))
        let log = try await house.call("GET", "/v1/deliveries?mode=actual").body
        #expect(log.contains("observed-below-threshold"), "nobody was told")
        // The newest word counts.
        now.withLock { $0 += 600 }
        try await quake(house, ("２", "2"), 1, at: clock(), type: "取消")
        #expect(try await !felt().contains("震度２"))
        now.withLock { $0 += 60 }
        try await quake(house, ("１", "1"), 3, at: clock())
        #expect(try await felt().contains("震度１"))
        now.withLock { $0 += 86_401 }
        #expect(try await !felt().contains("震度１"))
    }

    @Test("Before an order is sent the desk says how often each of its districts was sounded at in a day and a week: its own orders by district, bulletins for all, repeats once")
    func sounded() async throws {
        let now = Mutex(Self.morning), clock = { @Sendable in now.withLock { $0 } }
        let house = try await house(clock)
        func order(_ districts: String, level: Int = 4, hazard: String = "洪水", lifted: Bool = false) -> String {
            #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"\#(hazard)","districts":[\#(districts)],"reason":"川の水位が上がっています","level":\#(level)\#(lifted ? #","lifted":true"# : "")}"#
        }
        func preview(_ body: String) async throws -> String { try await house.call("POST", "/v1/alerts?preview=true", body).body }
        #expect(try await preview(order(#""港町","山手""#)).contains(#""sounded":[{"day":0,"district":"港町","week":0},{"day":0,"district":"山手","week":0}]"#))
        #expect(try await house.call("POST", "/v1/alerts", order(#""港町""#)).status == 202)
        // A second of the same earthquake is no second alarm; a shelter and a notice make no sound.
        try await quake(house, ("６強", "6+"), 2, at: clock())
        now.withLock { $0 += 120 }
        try await quake(house, ("６強", "6+"), 2, at: clock())
        #expect(try await house.call("POST", "/v1/alerts", #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水しています。"}"#).status == 202)
        let after = try await preview(order(#""港町","山手""#, hazard: "土砂災害"))
        #expect(after.contains(#"{"day":2,"district":"港町","week":2},{"day":1,"district":"山手","week":1}"#), "\(after)")
        #expect(try await preview(order(#""市内全域""#, hazard: "土砂災害")).contains(#"{"day":2,"district":"市内全域","week":2}"#))
        #expect(try await preview(order(#""港町""#).replacing("actual", with: "exercise")).contains(#"{"day":0,"district":"港町","week":0}"#), "the drill's are the drill's")
        #expect(try await !preview(order(#""港町""#, lifted: true)).contains(#""sounded""#), "a lift makes no sound")
        now.withLock { $0 += 2 * 86_400 }
        #expect(try await preview(order(#""港町""#, hazard: "土砂災害")).contains(#"{"day":0,"district":"港町","week":2}"#))
    }
}
