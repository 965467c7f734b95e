import AlertModel
import Chance
import ChannelKit
import Devices
import Foundation
import HTTPTypes
import Ledger
import Synchronization
import Testing

@testable import Hub
@testable import HubAPI

/// Who of a school is safe: what pupils tap, what their teacher sees, what the town reads.
@Suite("Roll-call")
struct RollCallTests {
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)

    private final class Clock: Sendable {
        let value = Mutex(RollCallTests.start)
        func turn(_ seconds: Double) { value.withLock { $0 += seconds } }
    }

    private struct Scene {
        let house: House
        let clock: Clock

        func enrol(_ name: String, _ more: String = "", site: String = "school") async throws -> (id: String, token: String) {
            let invited = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"\#(site)","name":"\#(name)"\#(more)}"#)
            let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1, "\(invited.body)")
            let role = more.contains("edge") ? #","role":"edge""# : ""
            let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"\#(role)}"#, token: nil)
            return (String(try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1, "\(made.body)")), String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1)))
        }
        func pupil(_ name: String, _ group: String = "3-2") async throws -> (id: String, token: String) { try await enrol(name, #","use":"pupil","group":"\#(group)""#) }
        func teacher() async throws -> (id: String, token: String) { try await enrol("担任", #","use":"staff""#) }

        func sheet(_ token: String) async throws -> String { try await house.call("GET", "/v1/rollcall", token: token).body }
        func begin(_ token: String, mode: String = "actual", id: String = "r1") async throws -> House.Heard {
            try await house.call("POST", "/v1/rollcall", #"{"id":"\#(id)","mode":"\#(mode)"}"#, token: token)
        }
        /// The one that is shown there, as a teacher closes it.
        func close(_ token: String, id: String? = nil) async throws -> Int {
            let shown = try await sheet(token).firstMatch(of: /"rollcall":\{[^}]*"id":"([^"]+)"/).map { String($0.1) }
            return try await house.call("POST", "/v1/rollcall/close", #"{"id":"\#(id ?? shown ?? "none")"}"#, token: token).status
        }
        func say(_ state: String, _ token: String, _ more: String = "", id: String = "a1") async throws -> House.Heard {
            try await house.call("POST", "/v1/rollcall/answers", #"{"id":"\#(id)","state":"\#(state)"\#(more)}"#, token: token)
        }
        func town() async throws -> String { try await house.call("GET", "/v1/towns/042056/rollcalls").body }
    }

    private func scene(_ ledger: any Ledger = MemoryLedger(), _ clock: Clock = Clock(), hasNeighbour: Bool = false) async throws -> Scene {
        Scene(house: try await House(ledger: ledger, hasNeighbour: hasNeighbour, clock: { clock.value.withLock { $0 } }), clock: clock)
    }

    @Test("A pupil taps once, the teacher sees who is missing and who calls for help first, and the town reads numbers without a name")
    func once() async throws {
        let scene = try await scene()
        let (teacher, first, second) = (try await scene.teacher(), try await scene.pupil("14番"), try await scene.pupil("15番"))
        #expect(try await scene.sheet(first.token).contains(#""rollcall":null"#) == false, "absent or null, nobody asks")
        #expect(try await scene.begin(teacher.token).status == 201)
        #expect(try await scene.say("safe", first.token, #","place":"校庭""#).status == 202)
        let seen = try await scene.sheet(teacher.token)
        #expect(seen.contains(#""count":{"help":0,"hurt":0,"missing":2,"safe":1}"#), "\(seen)")
        #expect(seen.contains(#""place":"校庭""#) && seen.contains("14番"))
        #expect(try await scene.say("help", second.token).status == 202)
        let worse = try await scene.sheet(teacher.token)
        let names = worse.matches(of: /"name":"([^"]+)"/).map { String($0.1) }
        #expect(names == ["担任", "14番", "15番"], "by class and name, whatever is said: \(worse)")
        let own = try await scene.sheet(first.token)
        #expect(own.contains(#""own":{"#) && !own.contains("15番") && !own.contains("people") && !own.contains("count"), "a pupil reads of nobody else: \(own)")
        let town = try await scene.town()
        #expect(town.contains(#""help":1"#) && town.contains(#""missing":1"#) && town.contains("第一小学校"), "\(town)")
        for name in ["14番", "15番", "3-2", "担任", first.id, second.id, "校庭"] { #expect(!town.contains(name), "\(name) left the school") }
        #expect(try await scene.close(teacher.token) == 200)
        #expect(try await scene.town().contains("closed_at"))
        #expect(try await scene.close(teacher.token) == 409)
    }

    @Test("Nobody but staff opens, closes, reads the class or speaks for others; a place's tablet is nobody; an edge is nobody")
    func walls() async throws {
        let scene = try await scene(hasNeighbour: true)
        let (teacher, pupil, place) = (try await scene.teacher(), try await scene.pupil("14番"), try await scene.enrol("体育館"))
        let edge = try await scene.enrol("中継", #","role":"edge""#)
        #expect(try await scene.begin(pupil.token).status == 403)
        #expect(try await scene.begin(place.token).status == 403)
        #expect(try await scene.begin(edge.token).status == 403)
        #expect(try await scene.begin(teacher.token).status == 201)
        #expect(try await scene.close(pupil.token) == 403)
        #expect(try await scene.say("safe", pupil.token, #","of":"\#(teacher.id)""#).status == 403)
        #expect(try await scene.say("safe", pupil.token, #","name":"だれか""#).status == 403)
        #expect(try await scene.say("safe", place.token).status == 409)
        #expect(try await scene.say("safe", teacher.token, #","of":"\#(place.id)""#).status == 404)
        let other = try await scene.house.call("POST", "/v1/devices/invitations", #"{"town":"042021","site":"ishinomaki-school","name":"よその子","use":"pupil"}"#, token: House.root)
        let code = try #require(other.body.firstMatch(of: /"code":"([^"]+)"/)?.1, "\(other.body)")
        let made = try await scene.house.call("POST", "/v1/devices", #"{"code":"\#(code)"}"#, token: nil)
        let (far, token) = (try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1), String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1)))
        #expect(try await scene.say("safe", teacher.token, #","of":"\#(far)""#).status == 404, "another town's child")
        #expect(try await !scene.sheet(token).contains("opened_at"), "another school's roll-call")
        #expect(try await scene.house.call("GET", "/v1/towns/042021/rollcalls").status == 403)
        #expect(try await scene.house.call("POST", "/v1/edge/rollcall", #"{"site":"school"}"#, token: teacher.token).status == 403)
        #expect(try await scene.house.call("GET", "/v1/rollcall").status == 401, "no person's")
        for bad in [#"{"id":"x","state":"fine"}"#, #"{"id":"x","state":"safe","place":"\#(String(repeating: "あ", count: 41))"}"#, #"{"id":"x","state":"safe","place":"a\u0007"}"#] {
            #expect(try await scene.house.call("POST", "/v1/rollcall/answers", bad, token: pupil.token).status == 422, "\(bad)")
        }
        #expect(try await scene.say("safe", pupil.token, #","mode":"maybe""#).status == 400)
        #expect(try await scene.sheet(teacher.token).contains(#""safe":0"#), "nothing of all that was taken")
    }

    @Test("What was said last counts, however late it comes; a drill's word never counts in a real one, nor the other way; a drill does not open over a real one")
    func order() async throws {
        let scene = try await scene()
        let (teacher, pupil) = (try await scene.teacher(), try await scene.pupil("14番"))
        #expect(try await scene.begin(teacher.token, mode: "exercise").status == 201)
        #expect(try await scene.say("hurt", pupil.token, #","mode":"exercise""#).status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""hurt":1"#))
        // The ground shakes in the middle of it.
        scene.clock.turn(60)
        #expect(try await scene.begin(teacher.token, id: "r2").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""hurt":0,"missing":2"#), "played, not real")
        #expect(try await scene.begin(teacher.token, mode: "exercise", id: "r3").status == 409)
        #expect(try await scene.begin(teacher.token, id: "r4").status == 200, "the same stays open")
        scene.clock.turn(600)
        #expect(try await scene.say("help", pupil.token, id: "late").status == 202)
        // Said five minutes ago, while the line was cut.
        #expect(try await scene.say("safe", pupil.token, #","elapsed_ms":300000"#, id: "early").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""help":1"#), "the earlier word does not hide the later")
        scene.clock.turn(30)
        #expect(try await scene.say("safe", teacher.token, #","of":"\#(pupil.id)""#, id: "t").status == 202)
        let seen = try await scene.sheet(teacher.token)
        #expect(seen.contains(#""safe":1"#) && seen.contains(#""by_other":true"#))
        // Before the teacher came to open it, right after the shock.
        #expect(try await scene.close(teacher.token) == 200)
        scene.clock.turn(7200)
        #expect(try await scene.say("safe", pupil.token, id: "b").status == 202)
        scene.clock.turn(600)
        #expect(try await scene.begin(teacher.token, id: "r5").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""safe":1"#), "ten minutes before it was opened")
        #expect(try await scene.close(teacher.token) == 200)
        scene.clock.turn(7200)
        #expect(try await scene.begin(teacher.token, id: "r6").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""safe":0"#), "two hours before is no answer")
    }

    @Test("A machine that was without power, and does not know for how long, takes no word for older than its tablet knows it to be, and none for later than now")
    func withoutPower() async throws {
        let scene = try await scene()
        let (teacher, first, second) = (try await scene.teacher(), try await scene.pupil("14番"), try await scene.pupil("15番"))
        #expect(try await scene.begin(teacher.token).status == 201)
        scene.clock.turn(600)
        #expect(try await scene.say("safe", first.token, id: "s").status == 202)
        scene.clock.turn(60)
        // An hour passes that its clock knows nothing of; 21 minutes before its end somebody is hurt.
        let said = Int(Self.start.addingTimeInterval(3000).timeIntervalSince1970 * 1000)
        #expect(try await scene.say("hurt", first.token, #","elapsed_ms":1260000,"not_before_ms":\#(said)"#, id: "h").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""count":{"help":0,"hurt":1,"missing":2,"safe":0}"#))
        #expect(try await scene.say("help", second.token, #","elapsed_ms":1260000,"not_before_ms":\#(said + 86_400_000)"#, id: "t").status == 202)
        scene.clock.turn(30)
        #expect(try await scene.say("safe", second.token, id: "v").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""count":{"help":0,"hurt":1,"missing":1,"safe":1}"#), "whoever claims tomorrow is not heard above the next word")
    }

    @Test("People without a tablet are written down by name, at most 500; nothing of them, and no hurt, is kept a week after the end")
    func forgotten() async throws {
        let (ledger, clock) = (MemoryLedger(), Clock())
        let scene = try await scene(ledger, clock)
        let (teacher, pupil) = (try await scene.teacher(), try await scene.pupil("14番"))
        #expect(try await scene.begin(teacher.token).status == 201)
        #expect(try await scene.say("hurt", pupil.token).status == 202)
        #expect(try await scene.say("safe", teacher.token, #","name":"花子/1""#, id: "n").status == 202)
        #expect(try await scene.sheet(teacher.token).contains("花子/1"))
        // The program is started again.
        let again = Scene(house: try await House(ledger: ledger, clock: { clock.value.withLock { $0 } }), clock: clock)
        let seen = try await again.sheet(teacher.token)
        #expect(seen.contains("花子/1") && seen.contains(#""hurt":1"#) && seen.contains(#""safe":1"#), "\(seen)")
        var refused = 0
        for start in stride(from: 0, to: 600, by: 100) {
            let many = (start..<start + 100).map { #"{"id":"m\#($0)","state":"safe","name":"児童\#($0)"}"# }.joined(separator: ",")
            if try await again.house.call("POST", "/v1/rollcall/answers", #"{"answers":[\#(many)]}"#, token: teacher.token).status == 409 { refused += 1 }
            again.clock.turn(120)
        }
        #expect(refused >= 1)
        #expect(try await again.say("safe", teacher.token, #","name":"訓練の子","mode":"exercise""#, id: "d").status == 202, "a drill's names have room of their own")
        #expect(try await again.close(teacher.token) == 200)
        let kept = ledger.keys(prefix: "roll").count
        #expect(kept > 400)
        clock.turn(6 * 86400)
        _ = try await again.sheet(teacher.token)
        #expect(ledger.keys(prefix: "roll").count == kept - 1, "six days: but for the drill's word, which nothing counts")
        clock.turn(2 * 86400)
        _ = try await again.sheet(teacher.token)
        #expect(ledger.keys(prefix: "roll").isEmpty, "\(ledger.keys(prefix: "roll").prefix(3))")
        let empty = try await House(ledger: ledger, clock: { clock.value.withLock { $0 } })
        #expect(try await empty.call("GET", "/v1/towns/042056/rollcalls").body == #"{"people":2,"rollcalls":[]}"#)
    }

    @Test("A school's own machine tells numbers, hears what its tablets told the hub, and the newer call is before everybody")
    func exchange() async throws {
        let scene = try await scene()
        let (teacher, pupil, edge) = (try await scene.teacher(), try await scene.pupil("14番"), try await scene.enrol("中継", #","role":"edge""#))
        func exchange(_ body: String) async throws -> House.Heard { try await scene.house.call("POST", "/v1/edge/rollcall", body, token: edge.token) }
        #expect(try await exchange(#"{"site":"school"}"#).body.contains(#""answers":[]"#))
        #expect(try await exchange(#"{"site":"school","call":{"id":"e/1","mode":"actual","by":"教頭","opened_ms":60000},"count":{"safe":30,"hurt":1,"help":0,"missing":9}}"#).status == 200)
        #expect(try await scene.sheet(teacher.token).contains(#""by":"教頭""#), "also for tablets that are not at school")
        let town = try await scene.town()
        #expect(town.contains(#""missing":9"#) && town.contains(#""safe":30"#) && town.contains("told_at"), "\(town)")
        #expect(try await scene.say("safe", pupil.token, #","place":"家""#).status == 202)
        let heard = try await exchange(#"{"site":"school","call":{"id":"e/1","mode":"actual","by":"教頭","opened_ms":60000},"count":{"safe":30,"hurt":1,"help":0,"missing":9}}"#)
        #expect(heard.body.contains(#""who":"\#(pupil.id)""#) && heard.body.contains(#""place":"家""#), "\(heard.body)")
        #expect(try await exchange(#"{"site":"eki"}"#).status == 403)
        for bad in [#"{"site":"school","call":{"id":"","mode":"actual","by":"x","opened_ms":1}}"#, #"{"site":"school","call":{"id":"e/1","mode":"actual","by":"x","opened_ms":1},"count":{"safe":-1,"hurt":0,"help":0,"missing":0}}"#] {
            #expect(try await exchange(bad).status == 422, "\(bad)")
        }
        #expect(try await exchange(#"{"site":"school","call":{"id":"e/1","mode":"actual","by":"教頭","opened_ms":61000,"closed_ms":1},"count":{"safe":40,"hurt":0,"help":0,"missing":0}}"#).status == 200)
        #expect(try await scene.sheet(teacher.token).contains("closed_at"))
    }

    @Test("A second roll-call begins with nobody known; what was said after the end of the first is seen by who said it; the teacher closes the one he read")
    func second() async throws {
        let ledger = MemoryLedger(), scene = try await scene(ledger)
        let (teacher, pupil) = (try await scene.teacher(), try await scene.pupil("14番"))
        #expect(try await scene.begin(teacher.token, mode: "exercise").status == 201)
        let drill = try #require(try await scene.sheet(teacher.token).firstMatch(of: /"id":"([^"]+)"/)?.1)
        #expect(try await scene.begin(teacher.token, id: "real").status == 201)
        #expect(try await scene.close(teacher.token, id: String(drill)) == 409, "the drill he read is not what is open now")
        scene.clock.turn(10)
        #expect(try await scene.say("help", pupil.token, id: "h").status == 202)
        scene.clock.turn(10)
        #expect(try await scene.close(teacher.token) == 200)
        scene.clock.turn(60)
        #expect(try await scene.sheet(pupil.token).contains(#""state":"help""#))
        #expect(try await scene.say("safe", pupil.token, id: "s").status == 202)
        #expect(try await scene.sheet(pupil.token).contains(#""state":"safe""#), "what he said last is what he sees")
        #expect(try await scene.sheet(teacher.token).contains(#""help":1"#), "and no word of the one that is over")
        let again = Scene(house: try await House(ledger: ledger, clock: { scene.clock.value.withLock { $0 } }), clock: scene.clock)
        #expect(try await again.sheet(teacher.token).contains(#""help":1"#), "nor after a restart")
        #expect(try await again.sheet(pupil.token).contains(#""state":"safe""#))
        #expect(try await scene.begin(teacher.token, id: "again").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""safe":1"#), "said after the end of the first")
        #expect(try await scene.close(teacher.token) == 200)
        scene.clock.turn(5)
        #expect(try await scene.begin(teacher.token, id: "third").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""missing":2,"safe":0"#), "after an aftershock nobody is known")
    }

    @Test("A clock that steps back hides no call for help; the same octets again are no newer word; an old tablet's clock does not hide one either")
    func clocks() async throws {
        let scene = try await scene()
        let (teacher, pupil) = (try await scene.teacher(), try await scene.pupil("14番"))
        #expect(try await scene.begin(teacher.token).status == 201)
        scene.clock.turn(60)
        #expect(try await scene.say("safe", pupil.token, id: "a").status == 202)
        // The machine was started again without its clock.
        scene.clock.turn(-7200)
        #expect(try await scene.say("help", pupil.token, id: "b").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""help":1"#))
        // Without its clock the teacher ends it and begins another: nobody is known there, and each word counts.
        #expect(try await scene.close(teacher.token) == 200)
        #expect(try await scene.begin(teacher.token, id: "r2").status == 201)
        #expect(try await scene.sheet(teacher.token).contains(#""missing":2"#))
        #expect(try await scene.say("help", pupil.token, id: "b2").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""help":1"#))
        #expect(try await scene.say("safe", teacher.token, id: "t2").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""safe":1"#))
        scene.clock.turn(7300)
        #expect(try await scene.say("help", pupil.token, id: "b3").status == 202)
        #expect(try await scene.say("safe", pupil.token, id: "b2").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""help":1"#), "told again, and no newer for it")
        let other = try await scene.pupil("15番")
        #expect(try await scene.say("help", other.token, #","elapsed_ms":500000000"#, id: "c").status == 202)
        #expect(try await scene.sheet(teacher.token).contains(#""help":2"#), "six days ago, says its clock")
        // What is revoked does not vanish with whoever called.
        #expect(try await scene.house.call("DELETE", "/v1/devices/\(other.id)").status == 204)
        let seen = try await scene.sheet(teacher.token)
        #expect(seen.contains(#""help":2"#) && seen.contains("15番"), "\(seen)")
        #expect(try await scene.house.call("PATCH", "/v1/devices/\(pupil.id)", #"{"name":"佐藤花子","group":"特別支援"}"#).status == 200)
        let chronicle = try await scene.house.call("GET", "/v1/chronicle?mode=actual").body
        #expect(!chronicle.contains("花子") && !chronicle.contains("特別支援") && chronicle.contains(pupil.id))
    }

    @Test("A school that was cut closed its roll-call and began a drill: the hub does not bring the closed one back, and who called for help at the hub is not hidden")
    func cut() async throws {
        let scene = try await scene()
        let (teacher, pupil, edge) = (try await scene.teacher(), try await scene.pupil("14番"), try await scene.enrol("中継", #","role":"edge""#))
        func exchange(_ body: String) async throws -> String {
            let answer = try await scene.house.call("POST", "/v1/edge/rollcall", #"{"site":"school",\#(body)}"#, token: edge.token)
            #expect(answer.status == 200, "\(answer.body)")
            return answer.body
        }
        let count = #""count":{"safe":3,"hurt":0,"help":0,"missing":2}"#
        _ = try await exchange(#""call":{"id":"e/1","mode":"actual","by":"a","opened_ms":60000},"# + count)
        #expect(try await scene.say("help", pupil.token).status == 202)
        #expect(try await scene.town().contains(#""help":1"#), "told at the hub, not at school")
        scene.clock.turn(600)
        let answer = try await exchange(#""call":{"id":"e/2","mode":"exercise","by":"a","opened_ms":1000},"ended":["e/1"],"# + count)
        #expect(answer.contains(#""id":"e/2""#) && answer.contains("e/1"), "the drill, and that the first is over: \(answer)")
        let sheet = try await scene.sheet(teacher.token)
        #expect(sheet.contains("exercise"), "\(sheet)")
    }

    @Test("The town asks at all schools at once, in its place alone; who calls for help is told at the desk, with the school's telephone and no name, until it is over")
    func town() async throws {
        let (clock, ledger, shelters) = (Clock(), MemoryLedger(), [Shelter(id: "school", name: "第一小学校", phone: "0226-22-0100")])
        let scene = Scene(house: try await House(ledger: ledger, shelters: shelters, clock: { clock.value.withLock { $0 } }), clock: clock)
        func open(_ mode: String, _ more: String = "") async throws -> House.Heard {
            try await scene.house.call("POST", "/v1/towns/042056/rollcalls", #"{"id":"x","mode":"\#(mode)"\#(more)}"#)
        }
        func attention() async throws -> String { try await scene.house.call("GET", "/v1/attention").body }
        #expect(try await open("actual").body == #"{"open":[],"refused":[]}"#, "nobody is there to be asked")
        let (teacher, pupil) = (try await scene.teacher(), try await scene.pupil("14番"))
        #expect(try await open("exercise").body.contains("第一小学校"))
        #expect(try await scene.say("help", pupil.token, #","mode":"exercise""#).status == 202)
        #expect(try await !attention().contains("calls-for-help"), "a drill's")
        #expect(try await open("actual").body.contains(#""open":["第一小学校"]"#))
        #expect(try await open("exercise").body.contains(#""refused":["第一小学校"]"#))
        #expect(try await open("actual", #","sites":["eki"]"#).status == 422)
        #expect(try await open("perhaps").status == 400)
        #expect(try await scene.sheet(teacher.token).contains(#""by":"気仙沼市 desk""#))
        #expect(try await scene.say("help", pupil.token, id: "h").status == 202)
        let told = try await attention()
        #expect(told.contains("calls-for-help") && told.contains("第一小学校") && told.contains("0226-22-0100"), "\(told)")
        #expect(!told.contains("14番"))
        #expect(try await scene.say("safe", teacher.token, #","of":"\#(pupil.id)""#, id: "s").status == 202)
        #expect(try await !attention().contains("calls-for-help"), "somebody is with him")
        #expect(try await scene.say("help", pupil.token, id: "h2").status == 202)
        #expect(try await attention().contains("calls-for-help"))
        #expect(try await scene.house.call("POST", "/v1/towns/042056/rollcalls/close", #"{"mode":"exercise"}"#).body == #"{"closed":[]}"#)
        #expect(try await scene.house.call("POST", "/v1/towns/042056/rollcalls/close", #"{"mode":"actual"}"#).body == #"{"closed":["第一小学校"]}"#)
        #expect(try await !attention().contains("calls-for-help"))
        #expect(try await open("actual").status == 201)
        scene.clock.turn(1)
        #expect(try await scene.say("help", pupil.token, id: "h3").status == 202)
        let again = try await House(ledger: ledger, shelters: shelters, clock: { clock.value.withLock { $0 } })
        try await again.hub.recover()
        #expect(try await again.call("GET", "/v1/attention").body.contains("calls-for-help"), "after a restart too")
        #expect(try await scene.house.call("GET", "/v1/chronicle?mode=actual").body.contains("点呼を始めた：第一小学校"))
        for token in [teacher.token, pupil.token] { #expect(try await scene.house.call("POST", "/v1/towns/042056/rollcalls", #"{"id":"x","mode":"actual"}"#, token: token).status >= 401) }
    }

    @Test("A tablet becomes a pupil's, changes its class, its name and its school, and goes back to being a place's; an edge does not")
    func change() async throws {
        let scene = try await scene()
        let (tablet, edge, teacher) = (try await scene.enrol("1号"), try await scene.enrol("中継", #","role":"edge""#), try await scene.teacher())
        func change(_ id: String, _ body: String) async throws -> House.Heard { try await scene.house.call("PATCH", "/v1/devices/\(id)", body) }
        #expect(try await change(tablet.id, #"{"use":"pupil","group":"1-1","name":"3番"}"#).body.contains(#""group":"1-1""#))
        #expect(try await scene.begin(teacher.token).status == 201)
        #expect(try await scene.sheet(teacher.token).contains("3番"))
        #expect(try await change(tablet.id, #"{"group":null}"#).body.contains("1-1") == false)
        #expect(try await scene.sheet(tablet.token).contains(#""use":"pupil""#), "what is not said stays")
        #expect(try await change(tablet.id, #"{"use":null}"#).status == 200)
        #expect(try await !scene.sheet(teacher.token).contains("3番"))
        #expect(try await change(tablet.id, #"{"site":"eki"}"#).status == 400, "no place of tablets")
        #expect(try await change(tablet.id, #"{"use":"parent"}"#).status == 400)
        #expect(try await change(tablet.id, #"{"group":"\#(String(repeating: "組", count: 21))"}"#).status == 422)
        #expect(try await change(edge.id, #"{"use":"staff"}"#).status == 409)
        #expect(try await change("d-none", "{}").status == 404)
    }

    /// 2,000 pupils in 50 classes. Seven of ten are on the line and tap within three minutes. Of those without one two thirds stand beside their
    /// teacher, who begins after four minutes to tap for them, one in five seconds; the line of the others is back ten to forty minutes after.
    @Test("Of 2,000 pupils, 30 % of them without a line, 95 % are known within half an hour, by the calls that tablets really make")
    func school() async throws {
        let scene = try await scene()
        var random = Dice(seed: 20_261_130)
        let teacher = try await scene.teacher()
        var (pupils, teachers): ([[(id: String, token: String)]], [(id: String, token: String)]) = ([], [])
        let (register, town) = (scene.house.hub.devices, try #require(TownID(House.town)))
        // Enrolling is tried elsewhere, and is not what is measured.
        func enrolled(_ name: String, _ use: DeviceUse, _ group: String) throws -> (id: String, token: String) {
            let made = try register.enrol(code: register.invite(to: "school", of: town, by: "desk", name: name, use: use, group: group).code, publicKey: nil, name: "")
            return (made.device.id, made.token)
        }
        for group in 0..<50 {
            let name = "\(group / 8 + 1)-\(group % 8 + 1)"
            pupils.append(try (0..<40).map { try enrolled("\($0 + 1)番", .pupil, name) })
            teachers.append(try enrolled("担任\(group)", .staff, name))
        }
        #expect(try await scene.begin(teacher.token).status == 201)
        enum Act { case tap(group: Int, pupil: Int), teacher(group: Int, pupil: Int), back(group: Int, pupil: Int, said: Double) }
        var acts: [(at: Double, act: Act)] = []
        for group in 0..<50 {
            var beside = 0.0
            for pupil in 0..<40 {
                if Double.random(in: 0..<1, using: &random) < 0.7 {
                    acts.append((Double.random(in: 5..<180, using: &random), .tap(group: group, pupil: pupil)))
                } else if Double.random(in: 0..<1, using: &random) < 2.0 / 3 {
                    // He stands in the school yard with the class.
                    beside += 5
                    acts.append((240 + beside, .teacher(group: group, pupil: pupil)))
                } else {
                    let said = Double.random(in: 5..<600, using: &random)
                    acts.append((Double.random(in: 600..<2400, using: &random), .back(group: group, pupil: pupil, said: said)))
                }
            }
        }
        acts.sort { $0.at < $1.at }
        var (now, known, refused): (Double, [(at: Double, share: Double)], Int) = (0, [], 0)
        for (number, step) in acts.enumerated() {
            scene.clock.turn(step.at - now)
            now = step.at
            let answer: House.Heard
            switch step.act {
            case .tap(let group, let pupil): answer = try await scene.say("safe", pupils[group][pupil].token, #","place":"校庭""#, id: "\(number)")
            case .teacher(let group, let pupil): answer = try await scene.say("safe", teachers[group].token, #","of":"\#(pupils[group][pupil].id)""#, id: "\(number)")
            case .back(let group, let pupil, let said): answer = try await scene.say("safe", pupils[group][pupil].token, #","elapsed_ms":\#(Int((now - said) * 1000))"#, id: "\(number)")
            }
            if answer.status != 202 { refused += 1 }
            if number % 100 == 99 {
                let town = try await scene.town()
                let safe = try #require(town.firstMatch(of: /"safe":(\d+)/).flatMap { Double($0.1) })
                known.append((now, safe / 2000))
            }
        }
        #expect(refused == 0)
        let reached = try #require(known.first { $0.share >= 0.95 }, "\(known)")
        print("roll-call: 95 % known after \(Int(reached.at)) s, \(known.last.map { "\($0.share)" } ?? "") in the end")
        #expect(reached.at <= 1800, "\(known)")
        let seen = try await scene.sheet(teachers[0].token)
        #expect(seen.contains(#""hurt":0"#))
    }
}
