import AlertModel
import ChannelKit
import Desk
import Foundation
import HTTPTypes
import Ledger
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

    private func order(_ state: String, _ house: House, mode: String = "actual", note: String = "") async throws {
        watch.turn(15)
        let order = #"{"town":"042056","kind":"shelter","mode":"\#(mode)","shelter":"gym","state":"\#(state)"\#(note)}"#
        #expect(try await house.call("POST", "/v1/alerts", order).status == 202)
    }

    @Test("Open for real and in a drill, a tablet's word is told in neither: the desk hears of it, until a person has spoken")
    func bothModes() async throws {
        let (house, token) = try await opened()
        try await order("open", house, mode: "exercise")
        try await says("free", house, token)
        #expect(try await house.call("GET", "/v1/attention").body.contains(#""attention":[]"#), "nothing would be said by it")
        try await says("full", house, token)
        #expect(try stands(house) == "open" && stands(house, .exercise) == "open")
        let asked = try await house.call("GET", "/v1/attention").body
        #expect(asked.contains(#""topic":"crowding""#) && asked.contains("市民体育館") && asked.contains("満員") && asked.contains("訓練"), "\(asked)")
        house.hub.publishOwedCrowding()
        #expect(try await house.call("GET", "/v1/attention").body.contains("満員"), "nobody has answered")
        try await order("closed", house, mode: "exercise")
        house.hub.publishOwedCrowding()
        #expect(try stands(house) == "open", "it may have been the drill's")
        #expect(try await house.call("GET", "/v1/attention").body.contains(#""attention":[]"#))
        // Said while both were open, heard when the drill is over.
        try await says("full", house, token, elapsed: 20_000)
        #expect(try stands(house) == "open")
        #expect(try await house.call("GET", "/v1/attention").body.contains("満員"))
        watch.turn(60)
        try await says("full", house, token)
        #expect(try stands(house) == "full")
        #expect(try await house.call("GET", "/v1/attention").body.contains(#""attention":[]"#), "said anew, and published")
    }

    @Test("An older word that comes late changes nothing, though the newer one changed nothing either; a newer one that comes late counts")
    func late() async throws {
        let (house, token) = try await opened()
        watch.turn(1800)
        try await says("free", house, token)
        try await says("full", house, token, elapsed: 1_200_000)
        #expect(try stands(house) == "open")
        watch.turn(600)
        try await says("full", house, token, elapsed: 300_000)
        #expect(try stands(house) == "full", "five minutes ago, after what was said ten minutes ago")
        try await says("crowded", house, token, elapsed: 240_000)
        #expect(try stands(house) == "open 混雑しています", "after that, though before that was published")
    }

    /// Another thing each time until it is not told. Returns what stands.
    private func saysTooOften(_ house: House, _ token: String) async throws -> String {
        for _ in 0..<20 {
            let before = try stands(house)
            try await says(before == "full" ? "free" : "full", house, token)
            if try stands(house) == before { return before }
        }
        Issue.record("everything was told")
        return "-"
    }

    @Test("What was said once too often is told when its minute is over, also by the hub that starts anew; not by a device set aside")
    func owed() async throws {
        let (house, token) = try await opened()
        let before = try await saysTooOften(house, token)
        house.hub.publishOwedCrowding()
        #expect(try stands(house) == before, "its minute is not over")
        let heir = try await House(ledger: house.hub.ledger, crowding: true, clock: { [watch] in watch.date })
        try await heir.hub.recover()
        watch.turn(60)
        for one in [heir, house] {
            #expect(try stands(one) == before)
            one.hub.publishOwedCrowding()
            #expect(try stands(one) == (before == "full" ? "open" : "full"))
        }
        let device = try #require(try await house.call("GET", "/v1/reports").body.firstMatch(of: /"device":"([^"]+)"/)?.1)
        let stood = try await saysTooOften(house, token)
        let moment = watch.date.addingTimeInterval(1)
        house.hub.ledger.write(RestoredCopy.note, try RestoredCopy(made: moment, at: moment).octets())
        let copy = try await House(ledger: house.hub.ledger, crowding: true, clock: { [watch] in watch.date })
        try await copy.hub.recover()
        watch.turn(60)
        copy.hub.publishOwedCrowding()
        #expect(try stands(copy) == stood, "a restored hub says nothing by itself")
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"device":"\#(device)"}"#).status == 204)
        watch.turn(600)
        house.hub.publishOwedCrowding()
        #expect(try stands(house) == stood)
    }

    /// A clock at whose `count`th asking somebody else does something.
    private final class Interruption: Sendable {
        private let state = Mutex<(left: Int, act: (@Sendable () -> Void)?)>((0, nil))
        func arm(_ count: Int, _ act: @escaping @Sendable () -> Void) { state.withLock { $0 = (count, act) } }
        /// True: it has happened.
        func disarm() -> Bool { state.withLock { state in defer { state = (0, nil) }; return state.act == nil } }
        func tick() {
            let act: (@Sendable () -> Void)? = state.withLock { state in
                guard state.act != nil else { return nil }
                state.left -= 1
                guard state.left <= 0 else { return nil }
                defer { state.act = nil }
                return state.act
            }
            guard let act else { return }
            // Where the tables are held it comes after; whoever asks for the time does not wait for it longer than this.
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread { act(); done.signal() }
            _ = done.wait(timeout: .now() + 0.1)
        }
    }

    @Test("Whenever the desk closes a shelter or writes beside it, a tablet's word does not undo it", arguments: [("closed", "", "-"), ("open", #","note":"2階のみ""#, "2階のみ")])
    func between(state: String, note: String, stood: String) async throws {
        let interruption = Interruption()
        let house = try await House(crowding: true, clock: { [watch] in interruption.tick(); return watch.date })
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"a"}"#, token: nil)
        let token = String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        var moments = 0
        for count in 1...60 {
            watch.turn(600)
            try await order("open", house)
            watch.turn(15)
            let desk = try house.hub.read(
                Array(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"gym","state":"\#(state)"\#(note)}"#.utf8),
                by: Operator(name: "x", tokenDigest: "x"))
            let hub = house.hub
            interruption.arm(count) { _ = try? hub.commit(desk, actor: "x") }
            let id = "r\(Int(watch.date.timeIntervalSince1970))"
            #expect(try await house.call("POST", "/v1/reports", #"{"id":"\#(id)","crowding":"full"}"#, token: token).status == 202)
            guard interruption.disarm() else { break }
            moments += 1
            // Where it had to wait for the table, it is there in a moment.
            for _ in 0..<2000 where try !stands(house).contains(stood) { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try stands(house).contains(stood), "at the \(count)th look at the clock")
        }
        #expect(moments > 5, "\(moments)")
    }
}
