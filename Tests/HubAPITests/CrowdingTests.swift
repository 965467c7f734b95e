import AlertModel
import Desk
import Foundation
import HTTPTypes
import Memories
import Synchronization
import Testing

@testable import Hub
@testable import HubAPI

@Suite("How full a shelter is, by the town's rule")
struct CrowdingTests {
    private final class Watch: Sendable {
        private let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        var date: Date { now.withLock { $0 } }
        func turn(_ seconds: TimeInterval) { now.withLock { $0 += seconds } }
    }
    private let watch = Watch()

    /// A house whose gymnasium has been opened, and the tablet in it.
    private func opened(rule: Bool = true, mode: String = "actual", note: String = "", approval: ApprovalPolicy? = nil) async throws -> (House, String) {
        let house = try await House(approval: approval, crowding: rule, clock: { [watch] in watch.date })
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"a"}"#, token: nil)
        if !mode.isEmpty {
            let order = #"{"town":"042056","kind":"shelter","mode":"\#(mode)","shelter":"gym","state":"open"\#(note)}"#
            #expect(try await house.call("POST", "/v1/alerts", order).status == 202)
        }
        return (house, String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1)))
    }

    private func says(_ crowding: String, _ house: House, _ token: String, elapsed: Int = 0) async throws {
        watch.turn(15)
        let id = "r\(Int(watch.date.timeIntervalSince1970))"
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"\#(id)","crowding":"\#(crowding)","elapsed_ms":\#(elapsed)}"#, token: token).status == 202)
    }

    /// State and note of the gymnasium as it stands.
    private func stands(_ house: House, _ mode: ModeName = .actual) throws -> String {
        let town = try #require(TownID(House.town))
        guard let row = house.hub.standings.table(town, mode).shelters.first, case .shelter(let notice) = row.state else { return "-" }
        return ([notice.state.rawValue] + [notice.note].compactMap(\.self)).joined(separator: " ")
    }

    @Test("What the tablet of an open shelter says stands at once, and the record names the tablet's place")
    func published() async throws {
        let (house, token) = try await opened()
        #expect(try stands(house) == "open")
        for (said, stood) in [("full", "full"), ("crowded", "open 混雑しています"), ("free", "open")] {
            try await says(said, house, token)
            #expect(try stands(house) == stood)
        }
        let alerts = try await house.call("GET", "/v1/alerts").body
        #expect(alerts.contains("report:school") && alerts.components(separatedBy: #""kind":"shelter""#).count >= 5, "\(alerts)")
        // What stands already is not said again.
        let before = try await house.call("GET", "/v1/alerts").body.components(separatedBy: #""id":"#).count
        try await says("free", house, token)
        #expect(try await house.call("GET", "/v1/alerts").body.components(separatedBy: #""id":"#).count == before)
    }

    @Test("What the desk wrote beside it stays")
    func notes() async throws {
        let (house, token) = try await opened(note: #","note":"毛布あり。2階のみ。""#)
        try await says("crowded", house, token)
        #expect(try stands(house) == "open 混雑しています。毛布あり。2階のみ")
        try await says("full", house, token)
        #expect(try stands(house).hasPrefix("full 毛布あり。2階のみ"))
    }

    @Test("A tablet opens nothing, and in a drill it speaks of the drill")
    func bounds() async throws {
        var (house, token) = try await opened(mode: "")
        try await says("full", house, token)
        #expect(try stands(house) == "-")
        (house, token) = try await opened(mode: "exercise")
        try await says("full", house, token)
        #expect(try stands(house) == "-")
        #expect(try stands(house, .exercise) == "full")
    }

    @Test("Without the rule it is told to the desk alone")
    func off() async throws {
        let (house, token) = try await opened(rule: false)
        try await says("full", house, token)
        #expect(try stands(house) == "open")
        #expect(try await house.call("GET", "/v1/reports").body.contains("full"))
    }

    @Test("What was said long ago, before a person's last word, or by a device that was set aside, changes nothing; nor does the sixth change in a minute")
    func old() async throws {
        let (house, token) = try await opened()
        watch.turn(7200)
        try await says("full", house, token, elapsed: 3_700_000)
        #expect(try stands(house) == "open", "an hour ago")
        let order = #"{"town":"042056","kind":"shelter","mode":"actual","shelter":"gym","state":"open","note":"2階のみ"}"#
        #expect(try await house.call("POST", "/v1/alerts", order).status == 202)
        try await says("full", house, token, elapsed: 60_000)
        #expect(try stands(house) == "open 2階のみ", "the desk has spoken since")
        for number in 0..<8 { try await says(number % 2 == 0 ? "full" : "free", house, token) }
        let count = try await house.call("GET", "/v1/alerts").body.components(separatedBy: #""actor":"report:school""#).count - 1
        #expect((6...7).contains(count), "\(count) of 8")
        let list = try await house.call("GET", "/v1/reports").body
        let device = try #require(list.firstMatch(of: /"device":"([^"]+)"/)?.1)
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"device":"\#(device)"}"#).status == 204)
        watch.turn(600)
        let before = try stands(house)
        try await says(before.hasPrefix("full") ? "free" : "full", house, token)
        #expect(try stands(house) == before)
    }

    @Test("The town decided beforehand: nobody's approval is waited for")
    func approval() async throws {
        let (house, token) = try await opened(mode: "", approval: .two)
        let town = try #require(TownID("042056"))
        let content = try house.hub.read(
            Array(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"gym","state":"open"}"#.utf8),
            by: Operator(name: "x", tokenDigest: "x"))
        _ = try await house.hub.send(content, actor: "x")
        try await says("full", house, token)
        #expect(try stands(house) == "full")
        #expect(try await house.call("GET", "/v1/approvals").body.contains(#""approvals":[]"#))
        #expect(house.hub.approval(of: town) == .two)
    }
}
