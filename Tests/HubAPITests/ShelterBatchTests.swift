import AlertModel
import Desk
import Foundation
import HTTPTypes
import Ledger
import Testing

@testable import HubAPI

@Suite("Several shelters in one act")
struct ShelterBatchTests {
    static let path = "/v1/towns/042056/shelters/states"
    /// Seventeen, of which two are not to be used in a tsunami, and of one nobody has said it.
    static let shelters = (1...17).map { number in
        Shelter(id: "s\(number)", name: "第\(number)小学校", fitness: number == 17 ? nil : [.tsunami: number == 4 || number == 9 ? .unfit : .fit], note: number == 4 ? "浸水域の中" : nil)
    }
    static var all: String { shelters.map { "\"\($0.id)\"" }.joined(separator: ",") }

    private func ask(
        _ house: House, _ shelters: String, state: String = "open", mode: String = "actual", more: String = "", preview: Bool = false, key: String? = nil,
        token: String? = House.token, headers: HTTPFields = [:]
    ) async throws -> House.Heard {
        var headers = headers
        if let key, let name = HTTPField.Name("Idempotency-Key") { headers[name] = key }
        return try await house.call(
            "POST", Self.path + (preview ? "?preview=true" : ""), #"{"mode":"\#(mode)","state":"\#(state)","shelters":[\#(shelters)]\#(more)}"#, token: token, headers: headers)
    }

    private struct Named: Decodable { var shelter, name, reason: String }
    private struct Answer: Decodable {
        struct Sent: Decodable { var shelter, id: String }
        var sent: [Sent]
        var unchanged, refused: [Named]
    }
    private struct Preview: Decodable {
        struct Step: Decodable { var id: String }
        var version: Int
        var changes: [Step]
        var unchanged, refused, doubtful: [Named]
        var warnings: [String]
    }
    private func read<Value: Decodable>(_ heard: House.Heard, _ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(heard.body.utf8))
    }
    private func open(_ house: House, mode: String = "actual") async throws -> Set<String> {
        let body = try await house.call("GET", "/v1/towns/042056/standing?mode=\(mode)").body
        let shelters = body.components(separatedBy: #""shelters":["#).dropFirst().first?.components(separatedBy: "]").first ?? ""
        return Set(shelters.matches(of: /"id":"([^"]+)"/).map { String($0.1) })
    }
    private func tsunami(_ house: House) async throws {
        let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["市内全域"],"reason":"大津波警報が発表されました"}"#
        #expect(try await house.call("POST", "/v1/alerts", order).status == 202)
    }

    @Test("Seventeen are opened by one request: what the preview counts is what stands and what is recorded, and those not to be used are named")
    func seventeen() async throws {
        let house = try await House(shelters: Self.shelters)
        try await tsunami(house)
        let preview: Preview = try read(try await ask(house, Self.all, preview: true))
        #expect(preview.changes.count == 15 && preview.refused.map(\.shelter) == ["s4", "s9"] && preview.doubtful.map(\.shelter) == ["s17"])
        #expect(preview.refused[0].reason.contains("津波のときは使えません（浸水域の中）") && preview.warnings.contains { $0.hasPrefix("第9小学校は出しません") })
        #expect(try await open(house).isEmpty, "nothing was sent")
        let heard = try await ask(house, Self.all, more: #","based_on":\#(preview.version)"#)
        #expect(heard.status == 202, "\(heard.body)")
        let answer: Answer = try read(heard)
        #expect(answer.sent.map(\.shelter) == preview.changes.map(\.id) && answer.refused.map(\.name) == ["第4小学校", "第9小学校"])
        #expect(try await open(house) == Set(answer.sent.map(\.shelter)))
        // Each has its own alert and event; the act as a whole is a fact beside them.
        let alerts = try await house.call("GET", "/v1/alerts?limit=100").body
        for one in answer.sent { #expect(alerts.contains("op/042056/shelter/\(one.shelter)") && alerts.contains(one.id)) }
        let deeds = try await house.hub.deedsForTests("shelters")
        #expect(deeds.count == 1 && deeds[0].actor == "operator:desk" && deeds[0].body.contains(answer.sent[14].id) && deeds[0].body.contains("使えません"))
    }

    @Test("What is so already is named and told nobody twice; another word of it is told, and all are closed together")
    func again() async throws {
        let house = try await House(shelters: Self.shelters)
        #expect(try read(try await ask(house, #""s1","s2""#), Answer.self).sent.count == 2)
        let more: Answer = try read(try await ask(house, #""s1","s2","s3""#))
        #expect(more.sent.map(\.shelter) == ["s3"] && more.unchanged.map(\.shelter) == ["s1", "s2"])
        #expect(try read(try await ask(house, #""s1""#, more: #","note":"体育館だけ""#), Answer.self).sent.count == 1)
        let closed: Answer = try read(try await ask(house, #""s1","s2","s3","s5""#, state: "closed"))
        #expect(closed.sent.count == 3 && closed.unchanged.map(\.shelter) == ["s5"])
        #expect(try await open(house).isEmpty)
    }

    @Test("On another state than the one that was seen nothing is done")
    func moved() async throws {
        let house = try await House(shelters: Self.shelters)
        let preview: Preview = try read(try await ask(house, #""s1","s2""#, preview: true))
        #expect(try await ask(house, #""s3""#).status == 202)
        let late = try await ask(house, #""s1","s2""#, more: #","based_on":\#(preview.version)"#)
        #expect(late.status == 409 && late.body.contains("desk"), "\(late.body)")
        #expect(try await open(house) == ["s3"])
    }

    @Test("Sent again under its key it is the same act: nobody is told twice, and the record has it once")
    func repeated() async throws {
        let house = try await House(shelters: Self.shelters)
        let seen = try read(try await ask(house, #""s1","s2""#, preview: true), Preview.self).version
        let first: Answer = try read(try await ask(house, #""s1","s2""#, more: #","based_on":\#(seen)"#, key: "k"))
        let second: Answer = try read(try await ask(house, #""s1","s2""#, more: #","based_on":\#(seen)"#, key: "k"))
        #expect(first.sent.map(\.id) == second.sent.map(\.id) && second.unchanged.isEmpty && second.refused.isEmpty)
        #expect(try await house.hub.deedsForTests("shelters").count == 1)
        #expect(try await house.call("GET", "/v1/alerts?limit=100").body.components(separatedBy: "op/042056/shelter/s1\"").count == 2)
        #expect(try await ask(house, #""s1","s3""#, key: "k").status == 202, "another body is another act")
    }

    @Test("A stranger's house is named and keeps no other from opening; the drill's are the drill's")
    func strange() async throws {
        let house = try await House(shelters: Self.shelters)
        let answer: Answer = try read(try await ask(house, #""s1","nowhere","s1""#, mode: "exercise"))
        #expect(answer.sent.map(\.shelter) == ["s1"] && answer.refused.map(\.shelter) == ["nowhere"])
        #expect(try await open(house).isEmpty)
        #expect(try await open(house, mode: "exercise") == ["s1"])
        for (field, body) in [("shelters", #"{"mode":"actual","state":"open","shelters":[]}"#), ("state", #"{"mode":"actual","state":"shut","shelters":["s1"]}"#), ("mode", #"{"mode":"real","state":"open","shelters":["s1"]}"#)] {
            let refused = try await house.call("POST", Self.path, body)
            #expect(refused.status == 422 && refused.body.contains(#""field":"\#(field)""#), "\(refused.body)")
        }
    }

    @Test("Where a second person is asked for each waits, and nothing is said before; who may not is refused")
    func waits() async throws {
        let house = try await House(approval: .two, shelters: Self.shelters)
        let staff = try await house.staff()
        let sato = try #require(staff["sato"])
        let heard = try await ask(house, #""s1","s2""#, token: nil, headers: sato)
        #expect(heard.status == 202 && heard.body.components(separatedBy: #""approval":{"#).count == 3, "\(heard.body)")
        #expect(try await open(house).isEmpty)
        #expect(try await ask(house, #""s1""#, token: nil, headers: try #require(staff["miru"])).status == 403)
        #expect(try await ask(house, #""s1""#, preview: true, token: nil, headers: try #require(staff["miru"])).status == 200, "to look is reading")
    }
}
