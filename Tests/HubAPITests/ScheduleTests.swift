import AlertModel
import ChannelKit
import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import Streams
import Synchronization
import Testing

@testable import HubAPI

@Suite("Notices written beforehand")
struct ScheduleTests {
    private final class Hand: Sendable {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_950_000))  // 2026-11-29T20:00:00+09:00
        func turn(_ seconds: Double) { now.withLock { $0 += seconds } }
        var date: Date { now.withLock(\.self) }
    }

    private func add(_ house: House, _ title: String, in seconds: Double, every: String = "once", _ hand: Hand) async throws {
        let wish = #"{"mode":"actual","title":"\#(title)","body":"\#(title)のお知らせです","at":"\#(JapanTime.text(hand.date.addingTimeInterval(seconds), milliseconds: false))","every":"\#(every)"}"#
        let answer = try await house.call("POST", "/v1/notices", wish)
        #expect(answer.status == 201, "\(answer.body)")
    }

    /// Titles of what was told, the oldest first.
    private func told(_ house: House) async throws -> [String] {
        guard let town = TownID(House.town) else { return [] }
        return try await house.hub.ledger.town(town).alerts(AlertQuery()).reversed().filter { $0.content.kind == .notice }.map(\.content.title)
    }

    @Test("Due is told, once, in the lowest class; again and again keeps its hour; what is not due waits")
    func due() async throws {
        let hand = Hand(), house = try await House(clock: { hand.date })
        try await add(house, "市場", in: 600, hand)
        try await add(house, "体操", in: 600, every: "daily", hand)
        try await add(house, "集会", in: 7200, hand)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).isEmpty)
        hand.turn(601)
        for _ in 0..<3 { await house.hub.tellScheduled(now: hand.date) }
        #expect(Set(try await told(house)) == ["市場", "体操"], "each once")
        hand.turn(86_400)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).count { $0 == "体操" } == 2)
        let list = try await house.call("GET", "/v1/notices", "").body
        #expect(list.contains("体操") && !list.contains("市場") && list.contains("told_at"), "\(list)")
        // Due while the hub was away for a day: nobody talks of yesterday, and the desk says so.
        #expect(try await !told(house).contains("集会") && house.hub.attention.rows.contains { $0.words.contains("集会") })
    }

    @Test("Whoever may not send a notice schedules none, and words that say nothing are refused now and not at its hour")
    func refused() async throws {
        let hand = Hand(), house = try await House(hasNeighbour: true, clock: { hand.date })
        let at = JapanTime.text(hand.date.addingTimeInterval(600), milliseconds: false)
        let theirs = #"{"town":"\#(House.neighbour)","mode":"actual","title":"市場","body":"朝市","at":"\#(at)"}"#
        #expect(try await house.call("POST", "/v1/notices", theirs).status == 403)
        for (field, wish) in [
            ("mode", #"{"mode":"live","title":"市場","body":"朝市","at":"\#(at)"}"#), ("every", #"{"mode":"actual","title":"市場","body":"朝市","at":"\#(at)","every":"yearly"}"#),
            ("at", #"{"mode":"actual","title":"市場","body":"朝市","at":"2020-01-01T00:00:00+09:00"}"#), ("title", #"{"mode":"actual","title":"","body":"朝市","at":"\#(at)"}"#),
        ] {
            let answer = try await house.call("POST", "/v1/notices", wish)
            #expect(answer.status == 422 && answer.body.contains(#""field":"\#(field)""#), "\(field): \(answer.status) \(answer.body)")
        }
        let made = try await house.call("POST", "/v1/notices", theirs, token: House.root).body
        let id = String(try #require(made.firstMatch(of: /"id":"(S-[^"]+)"/)?.1))
        #expect(try await house.call("DELETE", "/v1/notices/\(id)").status == 404)
        #expect(try await house.call("DELETE", "/v1/notices/\(id)", token: House.root).status == 204)
    }

    @Test("Its writer is not the second person of it, also of a digest he wrote in; somebody else is")
    func secondPerson() async throws {
        let hand = Hand(), house = try await House(approval: .two, clock: { hand.date })
        let cookies = try await house.staff()
        func write(_ title: String, _ name: String) async throws {
            let at = JapanTime.text(hand.date.addingTimeInterval(60), milliseconds: false)
            let answer = try await house.call(
                "POST", "/v1/notices", #"{"mode":"actual","title":"\#(title)","body":"\#(title)のお知らせです","at":"\#(at)"}"#, token: nil, headers: cookies[name] ?? [:])
            #expect(answer.status == 201, "\(answer.body)")
        }
        try await write("市場", "takahashi")
        hand.turn(61)
        await house.hub.tellScheduled(now: hand.date)
        let waiting = try await house.call("GET", "/v1/approvals")
        #expect(waiting.body.contains("市場") && !waiting.body.contains(#""by_stopped":true"#), "\(waiting.body)")
        let path = "/v1/approvals/\(try House.approval(in: waiting))/approve"
        #expect(try await house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:]).status == 403)
        #expect(try await told(house).isEmpty)
        let second = try await house.call("POST", path, token: House.token)
        #expect(second.status == 202, "\(second.body)")
        #expect(try await told(house) == ["市場"])
    }

    @Test("Somebody else says yes while he is there: then it goes out when it is due, unless he may say so no more; its writer does not say it, nor a key that outlasts no start")
    func beforehand() async throws {
        for isStopped in [false, true] {
            let hand = Hand(), house = try await House(approval: .two, clock: { hand.date })
            let cookies = try await house.staff()
            let at = JapanTime.text(hand.date.addingTimeInterval(60), milliseconds: false)
            func agree(_ id: String, _ name: String) async throws -> House.Heard {
                try await house.call("POST", "/v1/notices/\(id)/approve", token: nil, headers: cookies[name] ?? [:])
            }
            let made = try await house.call(
                "POST", "/v1/notices", #"{"mode":"actual","title":"市場","body":"市場のお知らせです","at":"\#(at)"}"#, token: nil, headers: cookies["sato"] ?? [:]).body
            #expect(made.contains(#""needs_approval":true"#), "\(made)")
            let id = String(try #require(made.firstMatch(of: /"id":"(S-[^"]+)"/)?.1))
            #expect(try await agree(id, "sato").status == 403)
            #expect(try await agree("S-none", "takahashi").status == 404)
            let yes = try await agree(id, "takahashi")
            #expect(yes.status == 200 && yes.body.contains(#""approved_by":"takahashi""#) && !yes.body.contains("needs_approval"), "\(yes.body)")
            #expect(try await agree(id, "takahashi").status == 409)
            if isStopped { #expect(try await house.call("PATCH", "/v1/users/takahashi", #"{"disabled":true}"#, token: House.root).status == 200) }
            hand.turn(61)
            await house.hub.tellScheduled(now: hand.date)
            #expect(try await told(house) == (isStopped ? [] : ["市場"]))
            #expect(try await house.call("GET", "/v1/approvals").body.contains("市場") == isStopped)
        }
    }

    @Test("Whoever may send no notice any more sends none by what he wrote before, and the desk says so")
    func stopped() async throws {
        let hand = Hand(), house = try await House(clock: { hand.date })
        let cookies = try await house.staff()
        let at = JapanTime.text(hand.date.addingTimeInterval(60), milliseconds: false)
        let wish = #"{"mode":"exercise","title":"体操","body":"体操です","at":"\#(at)","every":"daily"}"#
        #expect(try await house.call("POST", "/v1/notices", wish, token: nil, headers: cookies["sato"] ?? [:]).status == 201)
        #expect(try await house.call("PATCH", "/v1/users/sato", #"{"disabled":true}"#, token: House.root).status == 200)
        hand.turn(61)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).isEmpty)
        #expect(house.hub.attention.rows.contains { $0.words.contains("書いた人が、いまはお知らせを出せません") })
    }

    @Test("While an early warning shakes the town nobody hears of a market, and neither in the minutes between it and the first word about the sea; then all of it as one; the desk says why it waits, and what will be told")
    func earlyWarning() async throws {
        let hand = Hand(), house = try await House(areas: [.jmaSeismic: ["220"], .jmaEEW: ["9040"]], hasTablets: true, clock: { hand.date })
        func warn(_ type: String, _ number: Int = 1) async throws {
            let text = try String(contentsOf: House.package.appending(path: "Templates/demo/02_20110311144648_VXSE43.xml"), encoding: .utf8)
                .replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#, with: JapanTime.text(hand.date, milliseconds: false))
                .replacing("<EventID>20110311144640", with: "<EventID>2026112920000\(number)").replacing("<InfoType>発表", with: "<InfoType>\(type)")
            let answer = try await house.call("POST", "/v1/bulletins", text, token: House.root, headers: [.contentType: "application/xml"])
            #expect(answer.status == 202, "\(answer.body)")
        }
        func list() async throws -> String { try await house.call("GET", "/v1/notices").body }
        for title in ["市場", "給食"] { try await add(house, title, in: 60, hand) }
        try await add(house, "体操", in: 60, every: "daily", hand)
        #expect(try await list().contains(#""holding":[]"#))
        hand.turn(50)
        try await warn("発表")
        hand.turn(20)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).isEmpty)
        let held = try await list()
        #expect(held.contains(#""kind":"eew""#) && held.contains(#""in_force":true"#) && held.contains("お知らせのまとめ（3件）") && held.contains("held_since"), "\(held)")
        // It runs out after three minutes; the first word about the sea is on its way.
        hand.turn(240)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).isEmpty)
        #expect(try await list().contains(#""in_force":false"#))
        hand.turn(360)
        for _ in 0..<3 { await house.hub.tellScheduled(now: hand.date) }
        #expect(try await told(house) == ["お知らせのまとめ（3件）"], "once, and not one by one")
        let after = try await list()
        #expect(after.contains("体操") && !after.contains("市場") && !after.contains("held_since") && after.contains(#""holding":[]"#) && after.contains(#""digests":[]"#), "\(after)")
        // One that is taken back holds for as long as any last word.
        try await add(house, "集会", in: 60, hand)
        hand.turn(50)
        try await warn("発表", 2)
        hand.turn(5)
        try await warn("取消", 2)
        hand.turn(20)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).count == 1)
        hand.turn(600)
        await house.hub.tellScheduled(now: hand.date)
        #expect(try await told(house).last == "集会", "one alone is told as it was written")
    }

    @Test("A test whose record the disk did not take is asked for again under its key, moments later: it is told once, and the desk hears of no trouble")
    func unrecorded() async throws {
        let hand = Hand(), ledger = SickLedger(.well), house = try await House(ledger: ledger, hasTablets: true, clock: { hand.date })
        let at = JapanTime.text(hand.date.addingTimeInterval(60), milliseconds: false)
        let wish = #"{"mode":"exercise","title":"タブレットの試験","body":"音が聞こえたら押してください","at":"\#(at)","every":"weekly","test":true}"#
        #expect(try await house.call("POST", "/v1/notices", wish).status == 201)
        hand.turn(61)
        ledger.becomes(.refuses)
        await house.hub.tellScheduled(now: hand.date)
        ledger.becomes(.well)
        for _ in 0..<2 {
            hand.turn(5)
            await house.hub.tellScheduled(now: hand.date)
        }
        #expect(try await told(house) == ["タブレットの試験"])
        let list = try await house.call("GET", "/v1/notices").body
        #expect(list.contains("told_at") && !list.contains("trouble") && !house.hub.attention.rows.contains { $0.words.contains("送りませんでした") }, "\(list)")
    }

    @Test("A test tries a town's tablets as a drill and by day; who says that it was heard counts, a pupil's by what was on its screen, and the desk has the others by place; at night and beside what is real it is left out until next week")
    func tabletTest() async throws {
        let hand = Hand(), house = try await House(shelters: [Shelter(id: "school", name: "第一小学校", phone: "0226-22-0100")], hasTablets: true, clock: { hand.date })
        func enrol(_ name: String, _ more: String = "") async throws -> (id: String, token: String) {
            let invited = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"\#(more)}"#)
            let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
            let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"\#(name)"}"#, token: nil).body
            return (String(try #require(made.firstMatch(of: /"device_id":"([^"]+)"/)?.1)), String(try #require(made.firstMatch(of: /"token":"([^"]+)"/)?.1)))
        }
        func wish(_ seconds: Double, mode: String = "exercise") -> String {
            #"{"mode":"\#(mode)","title":"タブレットの試験","body":"音が聞こえたら押してください","at":"\#(JapanTime.text(hand.date.addingTimeInterval(seconds), milliseconds: false))","every":"weekly","test":true}"#
        }
        // 20:00 it is: 21:00 is night, and a real one is an alarm.
        for (wrong, field) in [(wish(3600), "at"), (wish(600, mode: "actual"), "test")] {
            let answer = try await house.call("POST", "/v1/notices", wrong)
            #expect(answer.status == 422 && answer.body.contains(#""field":"\#(field)""#), "\(answer.body)")
        }
        for wrong in [#"{"town":"042056","kind":"notice","mode":"actual","title":"t","body":"b","test":true}"#, #"{"town":"042056","kind":"evacuation","mode":"exercise","level":4,"hazard":"洪水","districts":["市内全域"],"test":true}"#] {
            let answer = try await house.call("POST", "/v1/alerts", wrong)
            #expect(answer.status == 422 && answer.body.contains(#""field":"test""#), "\(answer.body)")
        }
        #expect(try await house.call("POST", "/v1/notices", wish(600)).status == 201)
        let (teacher, silent, pupil, mute) = (
            try await enrol("担任", #","use":"staff""#), try await enrol("体育館"), try await enrol("14番", #","use":"pupil""#), try await enrol("保健室", #","use":"staff""#))
        _ = try await house.call("POST", "/v1/signs", #"{"signs":[{"mute":true}]}"#, token: mute.token)
        #expect(try await house.call("GET", "/v1/notices", "").body.contains(#""tests":[]"#))
        hand.turn(601)
        await house.hub.tellScheduled(now: hand.date)
        let town = try #require(TownID(House.town)), alerts = try await house.hub.ledger.town(town).alerts(AlertQuery())
        let alert = try #require(alerts.first { $0.content.kind == .notice })
        #expect(alert.mode == .exercise && alert.content.event.text == "exercise/op/042056/test/\(alert.content.id.text)" && alert.content.expires == hand.date.addingTimeInterval(3600))
        func told(_ level: String, _ token: String) async throws {
            let answer = try await house.call("POST", "/v1/receipts", #"{"receipts":[{"id":"\#(level)","alert":"\#(alert.content.id.text)","level":"\#(level)","elapsed_ms":0}]}"#, token: token)
            #expect(answer.status == 202, "\(answer.body)")
        }
        try await told("touched", teacher.token)
        try await told("shown", pupil.token)
        try await told("shown", mute.token)
        let list = try await house.call("GET", "/v1/notices", "").body
        #expect(list.contains(#""devices":4"#) && list.contains(#""sounded":2"#) && list.contains(#""test":true"#), "\(list)")
        let missing = try #require(list.firstMatch(of: /"missing":\[.*?\]/)?.0)
        #expect(missing.contains(#"{"device":"\#(mute.id)","mute":true,"name":"保健室","state":"shown"}"#) && missing.contains(#"{"device":"\#(silent.id)","mute":false,"name":"体育館","state":"silent"}"#), "\(missing)")
        #expect(!missing.contains(teacher.id) && !missing.contains(pupil.id))

        // Next week something grave and real is on the school's screens: nothing is told, and the week after it is again.
        hand.turn(7 * 86_400)
        house.hub.stream.publish(
            StreamEvent(name: "alert", data: Array("{}".utf8), key: "real", expiresIn: .seconds(600), bearing: .init(mode: .actual, gravity: .danger, isOver: false)),
            to: StreamTopic(town: town, site: "school"))
        await house.hub.tellScheduled(now: hand.date)
        let after = try await house.call("GET", "/v1/notices", "").body
        #expect(after.contains("見送りました") && after.contains(alert.content.id.text), "\(after)")
        #expect(after.contains(JapanTime.text(hand.date.addingTimeInterval(7 * 86_400 - 1), milliseconds: false)), "the week after: \(after)")
    }
}
