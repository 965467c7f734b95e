import AlertModel
import ChannelKit
import ChannelKitTesting
import Desk
import Devices
import Foundation
import HTTPTypes
import Ledger
import Streams
import Synchronization
import Testing

@testable import Hub
@testable import HubAPI

/// Keeps what it was to tell; refuses some.
private final class FakeCaller: StaffCaller {
    let address = "https://hub.example.jp"
    let ways: Set<StaffWays.Way> = [.mail, .webhook]
    let letters = Mutex<[StaffLetter]>([])
    let chats = Tally(), mails = Tally()
    /// Letters wait here.
    let hold = Mutex<Gate?>(nil)

    func call(_ letter: StaffLetter) async -> StaffCallEnd {
        letters.withLock { $0.append(letter) }
        let tally = letter.way == .webhook ? chats : mails
        tally.add()
        if letter.way == .mail, let gate = hold.withLock(\.self) { _ = await gate.opens(within: .seconds(30)) }
        return letter.address.hasPrefix("broken") ? .trouble("つながりません (not reached)") : letter.address.hasPrefix("cut") ? .cut : .out
    }
}

@Suite("Calling the town's own people, and nobody else")
struct MusterRouteTests {
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)

    private struct Scene {
        let house: House
        let caller: FakeCaller
        let clock: TurnedClock

        func turn(_ seconds: Double) async {
            clock.value.withLock { $0 += seconds }
            await withDiscardingTaskGroup { calls in await house.hub.turnMusters { call in calls.addTask { await call() } } }
        }

        func begin(_ id: String = "m1", mode: String = "actual", roles: String = #"["duty","chief"]"#, more: String = "", token: String? = House.token) async throws -> House.Heard {
            try await house.call(
                "POST", "/v1/musters", #"{"id":"\#(id)","mode":"\#(mode)","words":"大雨のため庁舎2階へ","roles":\#(roles)\#(more)}"#, token: token)
        }

        var told: [String] { caller.letters.withLock { $0.map { "\($0.address) \($0.subject)" } } }
        /// The link in the newest letter to an address.
        func link(to address: String) throws -> String {
            let body = try #require(caller.letters.withLock { $0.last { $0.address == address }?.body })
            return String(try #require(body.firstMatch(of: /https:\/\/hub\.example\.jp(\/muster\/[A-Za-z0-9_-]+)/)?.1))
        }
    }

    private final class TurnedClock: Sendable {
        let value: Mutex<Date>
        init(_ date: Date) { value = Mutex(date) }
    }

    /// 佐藤 and 鈴木 on duty, 鈴木 by telephone alone; 高橋 the chief; 田中 of the press, whom nothing reaches.
    private func scene() async throws -> Scene {
        let clock = TurnedClock(Self.start), caller = FakeCaller()
        let house = try await House(hasTablets: true, clock: { clock.value.withLock { $0 } }, staff: caller)
        for (name, role, ways) in [
            ("佐藤", "duty", #""mail":"sato@city.example.jp""#), ("鈴木", "duty", #""phone":"090-0000-0001""#),
            ("高橋", "chief", #""mail":"broken@city.example.jp","webhook":"https://chat.example/t""#), ("田中", "press", ""),
        ] {
            let made = try await house.call("POST", "/v1/users", #"{"name":"\#(name)","roles":["\#(role)"],"towns":["042056"],"password":"correct horse battery"}"#, token: House.root)
            #expect(made.status == 201, "\(made.body)")
            let given = try await house.call("PATCH", "/v1/users/\(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")", #"{"ways":{\#(ways)}}"#, token: House.root)
            #expect(given.status == 200, "\(given.body)")
        }
        return Scene(house: house, caller: caller, clock: clock)
    }

    @Test("Round by round until somebody takes it by his link; each step is a fact of the town, and no resident hears a word")
    func rounds() async throws {
        let scene = try await scene(), hub = scene.house.hub
        let before = hub.stream.catchUp(StreamTopic(town: try #require(TownID(House.town)), site: "school"), since: nil).position
        let begun = try await scene.begin()
        #expect(begun.status == 201 && begun.body.contains(#""round":1"#), "\(begun.body)")
        #expect(scene.told.isEmpty, "the answer waits for no mail")
        await scene.turn(2)
        #expect(scene.told == ["sato@city.example.jp 職員参集 気仙沼市"])
        await scene.turn(2)
        #expect(scene.told.count == 1, "once a round")
        await scene.turn(300)
        #expect(Set(scene.told.dropFirst()) == ["sato@city.example.jp 職員参集 気仙沼市", "broken@city.example.jp 職員参集 気仙沼市", "https://chat.example/t 職員参集 気仙沼市"])
        let link = try scene.link(to: "https://chat.example/t")
        let page = try await scene.house.call("GET", link, token: nil)
        #expect(page.status == 200 && page.body.contains("高橋さん（防災課長）") && page.body.contains("大雨のため庁舎2階へ") && !page.body.contains("訓練"), "\(page.body)")
        #expect(page.headers[.contentSecurityPolicy]?.contains("form-action 'self'") == true)
        #expect(try await scene.house.call("GET", "/v1/musters/m1").body.contains(#""taken":0"#), "to look says nothing: programs open every link")
        let press = try await scene.house.call("POST", link + "/taken", "", token: nil, headers: [.contentType: "application/x-www-form-urlencoded"])
        #expect(press.status == 303 && press.headers[.location] == link)
        #expect(try await scene.house.call("GET", link, token: nil).body.contains("引き受けたと記録しました"))
        let ended = try await scene.house.call("GET", "/v1/musters/m1").body
        #expect(ended.contains(#""outcome":"taken""#) && ended.contains(#""trouble":"つながりません (not reached)""#), "\(ended)")
        await scene.turn(3000)
        #expect(scene.told.count == 4, "nobody is called any more")
        let steps = try await hub.deedsForTests("muster").reversed().map { $0.body }
        for step in ["begun", "round", "called", "said", "ended"] { #expect(steps.contains { $0.contains(#""step":"\#(step)""#) }, "\(step): \(steps)") }
        let chronicle = try await scene.house.call("GET", "/v1/chronicle").body
        for words in ["職員を呼びました：大雨のため庁舎2階へ（当直、防災課長）", "高橋：引き受けた", "職員の呼び出しの終わり：人がそろった"] {
            #expect(chronicle.contains(words), "\(words): \(chronicle)")
        }
        // Nothing of it went anywhere else.
        #expect(try await scene.house.call("GET", "/v1/alerts").body.contains(#""alerts":[]"#))
        #expect(try await scene.house.call("GET", "/v1/deliveries").body.contains(#""deliveries":[]"#))
        #expect(hub.stream.catchUp(StreamTopic(town: try #require(TownID(House.town)), site: "school"), since: nil).position == before)
    }

    @Test("A drill says 訓練 in every letter and on its page, and is in the drills' list alone")
    func drill() async throws {
        let scene = try await scene()
        #expect(try await scene.begin(mode: "exercise").status == 201)
        await scene.turn(2)
        #expect(scene.told == ["sato@city.example.jp 【訓練】職員参集 気仙沼市"])
        #expect(try await scene.house.call("GET", try scene.link(to: "sato@city.example.jp"), token: nil).body.contains("【訓練】これは訓練です"))
        #expect(try await scene.house.call("GET", "/v1/musters?mode=actual").body.contains(#""musters":[]"#))
        #expect(try await scene.house.call("GET", "/v1/musters?mode=exercise").body.contains(#""id":"m1""#))
    }

    @Test("Who can be reached by nothing is named before anybody is called, and no address is shown")
    func beforehand() async throws {
        let scene = try await scene()
        let staff = try await scene.house.call("GET", "/v1/towns/042056/staff").body
        #expect(staff.contains(#""name":"田中""#) && staff.contains(#""unreachable":true"#) && staff.components(separatedBy: #""unreachable":true"#).count == 2, "\(staff)")
        #expect(staff.contains("090-0000-0001") && !staff.contains("sato@") && !staff.contains("chat.example"))
    }

    @Test("Answers are noted at the desk too; the same id twice is one call-up; a person ends it")
    func desk() async throws {
        let scene = try await scene()
        _ = try await scene.begin(more: #","needed":2"#)
        #expect(try await scene.begin().status == 200)
        #expect(try await scene.begin(token: House.root).status == 409)
        func say(_ person: String, _ answer: String) async throws -> House.Heard {
            try await scene.house.call("POST", "/v1/musters/m1/answer", #"{"person":"\#(person)","answer":"\#(answer)","words":"折り返し待ち"}"#)
        }
        #expect(try await say("鈴木", "no-answer").body.contains(#""answer":"no-answer","at""#))
        #expect(try await say("鈴木", "taken").body.contains(#""taken":1"#))
        #expect(try await say("山田", "taken").status == 404)
        #expect(try await say("鈴木", "yes").status == 422)
        await scene.turn(2)
        let link = try scene.link(to: "sato@city.example.jp")
        #expect(try await scene.house.call("POST", "/v1/musters/m1/end").body.contains(#""outcome":"stopped""#))
        #expect(try await say("佐藤", "taken").status == 409)
        #expect(try await scene.house.call("GET", link, token: nil).body.contains("この参集は終わりました"))
        await scene.turn(25 * 3600)
        #expect(try await scene.house.call("GET", link, token: nil).status == 404)
        #expect(try await scene.house.call("GET", "/muster/" + String(repeating: "x", count: 43), token: nil).status == 404)
    }

    @Test("A list of residents is nobody's address, neither when it is written down nor when it has become one since")
    func residents() async throws {
        let scene = try await scene()
        let id = try #require(TownID(House.town)), town = try #require(scene.house.hub.town(id))
        var with = town
        with.endpoints.append(Endpoint(id: "list", channel: "mail", name: "登録制メール", actual: ["to": "sato@city.example.jp"], exercise: nil))
        await scene.house.hub.use(with)
        let name = "鈴木".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let refused = try await scene.house.call("PATCH", "/v1/users/\(name)", #"{"ways":{"mail":"Sato@city.example.jp"}}"#, token: House.root)
        #expect(refused.status == 422 && refused.body.contains("住民向けの送り先"), "\(refused.body)")
        _ = try await scene.begin(roles: #"["duty"]"#)
        await scene.turn(2)
        #expect(scene.told.isEmpty)
        #expect(try await scene.house.call("GET", "/v1/musters/m1").body.contains("住民向けの送り先と同じ宛先なので"))
    }

    @Test("What cannot be begun is refused, each field by its name", arguments: [
        ("roles", #"{"id":"a","mode":"actual","words":"x","roles":[]}"#), ("roles", #"{"id":"a","mode":"actual","words":"x","roles":["mayor"]}"#),
        ("roles", #"{"id":"a","mode":"actual","words":"x","roles":["school"]}"#), ("words", #"{"id":"a","mode":"actual","words":" ","roles":["duty"]}"#),
        ("id", #"{"id":"a b","mode":"actual","words":"x","roles":["duty"]}"#), ("mode", #"{"id":"a","mode":"real","words":"x","roles":["duty"]}"#),
        ("pause_seconds", #"{"id":"a","mode":"actual","words":"x","roles":["duty"],"pause_seconds":5}"#), ("rounds", #"{"id":"a","mode":"actual","words":"x","roles":["duty"],"rounds":11}"#),
        ("needed", #"{"id":"a","mode":"actual","words":"x","roles":["duty"],"needed":0}"#),
    ])
    func refused(field: String, body: String) async throws {
        let scene = try await scene()
        let answer = try await scene.house.call("POST", "/v1/musters", body)
        #expect(answer.status == 422 && answer.body.contains(#""field":"\#(field)""#), "\(answer.body)")
        #expect(try await scene.house.call("GET", "/v1/musters").body.contains(#""musters":[]"#))
    }

    @Test("A call that a stop has cut is nobody's trouble: it is made again, and what was made is not")
    func cut() async throws {
        let scene = try await scene()
        let given = try await scene.house.call("PATCH", "/v1/users/\("鈴木".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")", #"{"ways":{"mail":"cut@city.example.jp"}}"#, token: House.root)
        #expect(given.status == 200)
        _ = try await scene.begin(roles: #"["duty"]"#)
        await scene.turn(2)
        await scene.turn(2)
        #expect(scene.told.sorted() == ["cut@city.example.jp 職員参集 気仙沼市", "cut@city.example.jp 職員参集 気仙沼市", "sato@city.example.jp 職員参集 気仙沼市"])
        let body = try await scene.house.call("GET", "/v1/musters/m1").body
        #expect(body.components(separatedBy: #""way":"mail""#).count == 3, "one call of 佐藤, and its fact: \(body)")
    }

    @Test("Behind a mail server that is too slow whoever's turn does not come in his round is named, and chats do not wait for mails")
    func slow() async throws {
        let scene = try await scene(), gate = Gate(), hub = scene.house.hub
        scene.caller.hold.withLock { $0 = gate }
        for name in ["鈴木", "田中"] {
            let path = "/v1/users/\(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
            #expect(try await scene.house.call("PATCH", path, #"{"ways":{"mail":"x\#(name == "鈴木" ? 1 : 2)@city.example.jp"}}"#, token: House.root).status == 200)
        }
        // Other towns' letters hang on all places but one.
        for _ in 0..<31 { #expect(await hub.staffMails.enter()) }
        _ = try await scene.begin(roles: #"["duty","press","chief"]"#, more: #","pause_seconds":60,"rounds":10"#)
        await withDiscardingTaskGroup { calls in
            for round in 1...3 {
                await hub.turnMusters { call in calls.addTask { await call() } }
                // In the first round one has the only place; a machine that is busy gives it to nobody before the round is over.
                if round == 1 { await scene.caller.mails.reaches(1) }
                if round == 3 { await scene.caller.chats.reaches(1) }
                scene.clock.value.withLock { $0 += 61 }
            }
            #expect(scene.caller.letters.withLock { $0.filter { $0.way == .mail }.count } == 1, "no more letters at once than there are places")
            gate.open()
        }
        let shape = try JSONDecoder().decode(Shown.self, from: Data(try await scene.house.call("GET", "/v1/musters/m1").body.utf8))
        for person in shape.people {
            for round in 1...3 { #expect(person.calls.filter { $0.way == "mail" && $0.round == round }.count <= 1, "\(shape)") }
        }
        let calls = shape.people.flatMap(\.calls), late = calls.filter { $0.trouble?.contains("順番が来ませんでした") == true }
        #expect(calls.contains { $0.way == "webhook" && $0.trouble == nil } && !late.isEmpty && late.allSatisfy { $0.way == "mail" && $0.round < 3 }, "\(shape)")
    }

    private struct Shown: Decodable {
        struct Call: Decodable { var round: Int; var way: String; var trouble: String? }
        struct Person: Decodable { var calls: [Call] }
        var people: [Person]
    }

    @Test("Who may send in a place calls up there, and nobody else; a neighbour sees none", arguments: [
        ([Scope.read], "actual", 403), ([.drill], "actual", 403), ([.drill], "exercise", 201), ([.send], "actual", 201), ([.send], "exercise", 403), ([.admin], "actual", 403),
    ])
    func rights(scopes: [Scope], mode: String, status: Int) async throws {
        let town = try #require(TownID(House.town)), neighbour = try #require(TownID(House.neighbour))
        let house = try await House(hasNeighbour: true, operators: [
            Operator(name: "one", tokenDigest: DeviceRegister.digest("one"), towns: [town], scopes: Set(scopes)), Operator(name: "next", tokenDigest: DeviceRegister.digest("next"), towns: [neighbour]),
        ])
        _ = try await house.call("POST", "/v1/users", #"{"name":"佐藤","roles":["duty"],"towns":["042056"],"password":"correct horse battery"}"#, token: House.root)
        let scene = Scene(house: house, caller: FakeCaller(), clock: TurnedClock(Self.start))
        #expect(try await scene.begin(mode: mode, roles: #"["duty"]"#, token: "one").status == status)
        #expect(try await house.call("GET", "/v1/musters/m1", token: "next").status == 404)
        #expect(try await house.call("GET", "/v1/musters?town=042056", token: "next").status == 403)
        #expect(try await house.call("GET", "/v1/towns/042056/staff", token: "next").status == 403)
    }
}
