import AlertModel
import Desk
import Devices
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import HubAPI

@Suite("The telephone, where no channel reached")
struct CallTests {
    static let shelters = [Shelter(id: "school", name: "第一小学校", phone: "0226-22-0100")]

    private func call(_ house: House, _ id: String, _ answer: String, mode: String = "actual", more: String = "", token: String? = House.token) async throws -> House.Heard {
        try await house.call(
            "POST", "/v1/calls", #"{"id":"\#(id)","mode":"\#(mode)","channel":"school-tablet","endpoint":"school","answer":"\#(answer)"\#(more)}"#, token: token)
    }

    private func ids(_ body: String) -> [String] { body.matches(of: /"id":"([^"]+)"/).map { String($0.1) } }

    @Test("Who called, when, which number and with what answer is kept, the newest first; a drill's calls are the drill's")
    func kept() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        let house = try await House(shelters: Self.shelters, clock: { now.withLock { $0 } })
        let first = try await call(house, "a", "no-answer")
        #expect(first.status == 201)
        #expect(first.body.contains(#""phone":"0226-22-0100""#) && first.body.contains(#""by":"desk""#) && first.body.contains(#""name":"第一小学校""#), "\(first.body)")
        #expect(first.body.contains(#""at":"2026-11-29T14:32:00+09:00""#), "\(first.body)")
        now.withLock { $0 += 60 }
        #expect(try await call(house, "b", "other", more: #","words":" 校長の携帯につながった "#+"\"").body.contains(#""words":"校長の携帯につながった""#))
        now.withLock { $0 += 60 }
        #expect(try await call(house, "c", "reached", mode: "exercise").status == 201)
        #expect(ids(try await house.call("GET", "/v1/calls").body) == ["b", "a"])
        #expect(ids(try await house.call("GET", "/v1/calls?mode=exercise").body) == ["c"])
        #expect(ids(try await house.call("GET", "/v1/calls?limit=1").body) == ["b"])
        #expect(ids(try await house.call("GET", "/v1/calls?before=b").body) == ["a"])
        #expect(ids(try await house.call("GET", "/v1/calls?since=2026-11-29T14:33:00%2B09:00").body) == ["b"])
        // In the town's chain, like an alert.
        #expect(try await house.call("GET", "/v1/towns/042056/chain").body.contains(#""facts":3"#))
    }

    @Test("The same call noted twice is one, and its id is nobody else's")
    func twice() async throws {
        let house = try await House(shelters: Self.shelters)
        #expect(try await call(house, "a", "no-answer").status == 201)
        let again = try await call(house, "a", "reached")
        #expect(again.status == 200 && again.body.contains(#""answer":"no-answer""#), "what was noted first: \(again.body)")
        #expect(try await call(house, "a", "reached", token: House.root).status == 409)
        #expect(try await call(house, "a", "no-answer", mode: "exercise").status == 409)
        #expect(ids(try await house.call("GET", "/v1/calls").body) == ["a"])
    }

    @Test("What cannot be understood is refused, each field by its name, and nothing is kept", arguments: [
        ("mode", #"{"id":"a","mode":"real","channel":"school-tablet","endpoint":"school","answer":"reached"}"#),
        ("id", #"{"id":"a b","mode":"actual","channel":"school-tablet","endpoint":"school","answer":"reached"}"#),
        ("answer", #"{"id":"a","mode":"actual","channel":"school-tablet","endpoint":"school","answer":"yes"}"#),
        ("endpoint", #"{"id":"a","mode":"actual","channel":"school-tablet","endpoint":"eki","answer":"reached"}"#),
        ("words", #"{"id":"a","mode":"actual","channel":"school-tablet","endpoint":"school","answer":"other"}"#),
        ("words", #"{"id":"a","mode":"actual","channel":"school-tablet","endpoint":"school","answer":"reached","words":"a\nb"}"#),
    ])
    func refused(field: String, body: String) async throws {
        let house = try await House()
        let answer = try await house.call("POST", "/v1/calls", body)
        #expect(answer.status == 422 && answer.body.contains(#""field":"\#(field)""#), "\(answer.body)")
        #expect(ids(try await house.call("GET", "/v1/calls").body).isEmpty)
    }

    @Test("Who may neither send in this place nor keeps the tablets notes no calls; a neighbour sees and notes none", arguments: [
        ([Scope.read], "actual", 403), ([.drill], "actual", 403), ([.drill], "exercise", 201), ([.send], "actual", 201), ([.send], "exercise", 403),
        ([.devices], "actual", 201),
    ])
    func rights(scopes: [Scope], mode: String, status: Int) async throws {
        let town = try #require(TownID(House.town))
        let house = try await House(hasNeighbour: true, operators: [
            Operator(name: "one", tokenDigest: DeviceRegister.digest("one"), towns: [town], scopes: Set(scopes)),
            Operator(name: "next", tokenDigest: DeviceRegister.digest("next"), towns: [try #require(TownID(House.neighbour))]),
        ])
        #expect(try await call(house, "a", "reached", mode: mode, token: "one").status == status)
        let own = #","town":"\#(House.town)""#
        #expect(try await call(house, "b", "reached", more: own, token: "next").status == 403)
        #expect(try await house.call("GET", "/v1/calls?town=\(House.town)", token: "next").status == 403)
    }
}
