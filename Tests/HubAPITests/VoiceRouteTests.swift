import AlertModel
import Devices
import Foundation
import HTTPTypes
import Ledger
import Synchronization
import Testing

@testable import Hub
@testable import HubAPI

@Suite("What devices say of themselves, and places that cannot be reached")
struct VoiceRouteTests {
    private static let shelters = [Shelter(id: "school", name: "第一小学校", phone: "0226-22-0100")]
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)

    /// A house with a tablet at its school, and a clock that is turned by hand.
    private struct Scene {
        let house: House
        let clock: Clock

        func later(_ seconds: Double) async {
            let now = clock.value.withLock { time in
                time += seconds
                return time
            }
            await house.hub.askVoices(now: now)
        }

        /// Enrols a device; its id and token.
        func enrol(_ name: String, role: String = "tablet", site: String = "school") async throws -> (id: String, token: String) {
            let invited = try await house.call("POST", "/v1/devices/invitations", #"{"site":"\#(site)","role":"\#(role)"}"#)
            let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
            let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"\#(name)","role":"\#(role)","site":"\#(site)"}"#, token: nil)
            return (
                String(try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1)), String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
            )
        }

        func say(_ sign: String, by token: String) async throws -> House.Heard {
            try await house.call("POST", "/v1/signs", #"{"signs":[\#(sign)]}"#, token: token)
        }

        func voices() async throws -> String { try await house.call("GET", "/v1/towns/042056/voices").body }
    }

    private func scene() async throws -> Scene {
        let time = Clock(Self.start)
        let house = try await House(shelters: Self.shelters, hasTablets: true, clock: { time.value.withLock { $0 } })
        return Scene(house: house, clock: time)
    }

    @Test("A tablet that falls silent brings its school onto the list with its telephone within six minutes, with a notice that nobody sends; its next word takes it off")
    func lost() async throws {
        let scene = try await scene()
        await scene.later(0)
        let empty = try await scene.voices()
        #expect(empty.contains(#""nobody":[{"channel":"school-tablet","endpoint":"school","name":"第一小学校"}]"#), "\(empty)")
        let tablet = try await scene.enrol("一号機")
        #expect(try await scene.say(#"{"charge":80,"plugged":true}"#, by: tablet.token).status == 202)
        await scene.later(180)
        let there = try await scene.voices()
        #expect(there.contains(#""lost":[]"#) && there.contains(#""nobody":[]"#))
        // Its last word was 180 s ago; it dies now, just after it, or did long since.
        var silent = 180.0
        while try await scene.voices().contains(#""lost":[]"#), silent < 1000 {
            await scene.later(15)
            silent += 15
        }
        #expect(silent > 180 && silent <= VoiceBoard.latest, "\(silent) s after its last word")
        let list = try await scene.voices()
        #expect(list.contains(#""charge":80,"plugged":true"#) && list.contains(#""power":{"#) && !list.contains("since_at_latest"), "\(list)")
        #expect(list.contains(#""phone":"0226-22-0100""#) && list.contains("端末1台のどれもつながっていません"), "\(list)")
        #expect(list.contains(#""title":"情報が届かない場所があります""#) && list.contains("第一小学校では、"), "\(list)")
        #expect(try await scene.house.call("GET", "/v1/alerts").body.contains(#""alerts":[]"#), "nothing was sent")
        _ = try await scene.say("{}", by: tablet.token)
        await scene.later(15)
        let back = try await scene.voices()
        #expect(back.contains(#""lost":[]"#) && !back.contains("draft"))
    }

    @Test("A tablet in an examination is on the desk's list until its end, by itself; longer than six hours is none; an edge that would not be heard is there too")
    func examination() async throws {
        let scene = try await scene()
        let tablet = try await scene.enrol("6年1組"), edge = try await scene.enrol("中継機", role: "edge")
        _ = try await scene.say(#"{"mute":false,"exam_seconds":400,"elapsed_ms":100000}"#, by: tablet.token)
        await scene.later(0)
        let list = try await scene.voices(), until = JapanTime.text(Self.start.addingTimeInterval(300), milliseconds: false)
        #expect(list.contains(#""exam_until":"\#(until)""#) && list.contains("6年1組"), "\(list)")
        await scene.later(180)
        #expect(try await scene.voices().contains("exam_until"))
        await scene.later(21)
        #expect(try await scene.voices().contains(#""weak":[]"#), "it missed its next word")
        for nonsense in ["21601", "-1", "0", "1e300"] {
            _ = try await scene.say(#"{"exam_seconds":\#(nonsense)}"#, by: tablet.token)
            #expect(try await scene.voices().contains(#""weak":[]"#), "\(nonsense)")
        }
        _ = try await scene.say(#"{"mute":true}"#, by: edge.token)
        let mute = try await scene.voices()
        #expect(mute.contains(#""mute":true"#) && mute.contains(#""role":"edge""#), "\(mute)")
    }

    @Test("Since when a place is silent is known after a restart too, and a copy brings none of it")
    func restart() async throws {
        let ledger = MemoryLedger(), time = Clock(Self.start)
        func house() async throws -> House {
            try await House(ledger: ledger, shelters: Self.shelters, hasTablets: true, clock: { time.value.withLock { $0 } })
        }
        let first = Scene(house: try await house(), clock: time)
        let tablet = try await first.enrol("一号機")
        _ = try await first.say(#"{"charge":3,"plugged":false}"#, by: tablet.token)
        await first.later(60)
        await first.later(400)
        #expect(try await first.voices().contains(#""since":"2026-11-29T20:01:00+09:00""#), "its last answer")
        // The machine stood still for an hour.
        let next = Scene(house: try await house(), clock: time)
        try await next.house.hub.recover()
        await next.later(3600)
        let list = try await next.voices()
        #expect(list.contains(#""since":"2026-11-29T20:01:00+09:00""#) && list.contains(#""since_before_restart":true"#), "\(list)")
        ledger.write("voice/042056/school-tablet/gone", ledger.read("voice/042056/school-tablet/school"))
        let third = Scene(house: try await house(), clock: time)
        try await third.house.hub.recover()
        #expect(ledger.keys(prefix: "voice/") == ["voice/042056/school-tablet/school"], "of a far end that is gone nothing is kept")
        let now = time.value.withLock(\.self)
        ledger.write(RestoredCopy.note, try RestoredCopy(made: now, at: now).octets())
        let copy = Scene(house: try await house(), clock: time)
        try await copy.house.hub.recover()
        #expect(ledger.keys(prefix: "voice/").isEmpty, "what a copy brought says nothing of today")
        // Where nothing was kept: at the latest since it was asked.
        ledger.write(RestoredCopy.note, nil)
        let fourth = Scene(house: try await house(), clock: time)
        try await fourth.house.hub.recover()
        await fourth.later(60)
        let blind = try await fourth.voices()
        #expect(blind.contains(#""since_at_latest":true"#) && !blind.contains("since_before_restart"), "\(blind)")
    }

    @Test("An edge speaks for itself, for the tablets of its own site and for its town's that are its guests, and a tablet for itself alone")
    func edge() async throws {
        let scene = try await scene()
        let tablet = try await scene.enrol("一号機"), edge = try await scene.enrol("中継機", role: "edge"), spot = try await scene.enrol("駅の中継機", role: "edge", site: "eki")
        #expect(try await scene.say(#"{"device":"\#(tablet.id)"},{"charge":50,"plugged":false,"minutes":40}"#, by: edge.token).status == 202)
        await scene.later(0)
        let seen = try await scene.voices()
        #expect(seen.contains(#""lost":[]"#) && seen.contains(#""role":"edge""#) && seen.contains(#""silent_at":"2026-11-29T20:40:00+09:00""#), "\(seen)")
        #expect(try await scene.say(#"{"device":"\#(tablet.id)"}"#, by: spot.token).status == 202, "a guest of that place")
        #expect(try await scene.say(#"{"device":"\#(edge.id)"}"#, by: tablet.token).status == 403)
        #expect(try await scene.say(#"{"charge":101}"#, by: tablet.token).status == 400)
        #expect(try await scene.house.call("POST", "/v1/signs", #"{"signs":[{}]}"#).status == 401, "no person's")
    }

    @Test("On its battery a tablet is said to go silent when its own words say so, or at the pace it loses charge; plugged in it is no news; a mute one is")
    func power() async throws {
        let scene = try await scene()
        let tablet = try await scene.enrol("一号機")
        func say(_ sign: String, after seconds: Double) async throws -> String {
            scene.clock.value.withLock { $0 += seconds }
            #expect(try await scene.say(sign, by: tablet.token).status == 202)
            return try await scene.voices()
        }
        #expect(try await say(#"{"charge":90,"plugged":true,"mute":false}"#, after: 0).contains(#""weak":[]"#))
        let first = try await say(#"{"charge":90,"plugged":false}"#, after: 60)
        #expect(first.contains(#""charge":90"#) && !first.contains("silent_at"), "one word shows no pace: \(first)")
        // Ten percent in ten minutes: eighty are left for eighty.
        let second = try await say(#"{"charge":80,"plugged":false}"#, after: 600)
        #expect(second.contains(#""silent_at":"2026-11-29T21:31:00+09:00""#), "\(second)")
        let own = try await say(#"{"charge":79,"plugged":false,"minutes":30}"#, after: 60)
        #expect(own.contains(#""silent_at":"2026-11-29T20:42:00+09:00""#), "its own word counts: \(own)")
        #expect(try await say(#"{"charge":79,"plugged":true}"#, after: 60).contains(#""weak":[]"#))
        #expect(try await say(#"{"mute":true}"#, after: 60).contains(#""mute":true"#))
        scene.clock.value.withLock { $0 += 301 }
        #expect(try await scene.voices().contains(#""weak":[]"#), "what was said long ago says nothing")
    }

    @Test("A device that talks without end is asked to wait")
    func often() async throws {
        let scene = try await scene()
        let tablet = try await scene.enrol("一号機")
        for _ in 0..<20 { #expect(try await scene.say("{}", by: tablet.token).status == 202) }
        let refused = try await scene.say("{}", by: tablet.token)
        #expect(refused.status == 429 && refused.headers[.retryAfter] != nil)
    }
}

/// Turned by hand.
private final class Clock: Sendable {
    let value: Mutex<Date>
    init(_ date: Date) { value = Mutex(date) }
}
