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
        let house = try await House(shelters: Self.shelters, hasTablets: true)
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
        // One message, which names each of them; the act as a whole is a fact beside it.
        let alerts = try await house.call("GET", "/v1/alerts?limit=100").body
        #expect(Set(answer.sent.map(\.id)).count == 1 && alerts.components(separatedBy: answer.sent[0].id).count >= 2)
        let told = try await self.told(house, answer.sent[0].id)
        #expect(told.components(separatedBy: "・第").count == 16 && told.contains("第1小学校、第2小学校など"), "\(told)")
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

    /// Words of an alert, as the log has them.
    private func told(_ house: House, _ alert: String) async throws -> String { try await house.call("GET", "/v1/alerts/\(alert)/texts").body }

    @Test("What one message opened is changed by the same event: its newest words name what is open still, so that no far end loses a house that was overtaken; the last one ends it")
    func besides() async throws {
        let house = try await House(shelters: Self.shelters, hasTablets: true)
        let opened: Answer = try read(try await ask(house, #""s1","s2","s3""#))
        let full: Answer = try read(try await ask(house, #""s2""#, state: "full"))
        #expect(try await told(house, full.sent[0].id).contains("いま開いている避難所：第1小学校、第3小学校"))
        let closed: Answer = try read(try await ask(house, #""s1","s2""#, state: "closed"))
        #expect(Set(closed.sent.map(\.id)).count == 1 && closed.sent.count == 2)
        let words = try await told(house, closed.sent[0].id)
        #expect(words.contains("・第1小学校") && words.contains("いま開いている避難所：第3小学校") && words.contains("閉鎖しました"), "\(words)")
        #expect(try await open(house) == ["s3"])
        let before = try await house.call("POST", "/v1/alerts/\(opened.sent[0].id)/cancel")
        #expect(before.status == 409, "others acted on it since: \(before.body)")
        let end: Answer = try read(try await ask(house, #""s3""#, state: "closed"))
        #expect(try await !told(house, end.sent[0].id).contains("いま開いている避難所："))
        let events = try await house.call("GET", "/v1/alerts?limit=100").body.matches(of: /"event":"([^"]+)"/).map { String($0.1) }
        #expect(events.count == 4 && Set(events).count == 1)
        // Opened anew it is a new one.
        let again: Answer = try read(try await ask(house, #""s1","s2""#))
        #expect(try await !house.call("GET", "/v1/alerts/\(again.sent[0].id)").body.contains(events[0]))
        #expect(try await house.call("POST", "/v1/alerts/\(again.sent[0].id)/cancel").status == 202)
        #expect(try await open(house).isEmpty)
    }

    @Test("Those that different events told of are told of by each its own")
    func apart() async throws {
        let house = try await House(shelters: Self.shelters)
        #expect(try await ask(house, #""s1","s2""#).status == 202)
        #expect(try await ask(house, #""s3""#).status == 202)
        let full: Answer = try read(try await ask(house, #""s1","s2","s3","s5""#, state: "full"))
        #expect(full.sent.map(\.shelter) == ["s1", "s2", "s3", "s5"] && Set(full.sent.map(\.id)).count == 3)
        #expect(try await open(house) == ["s1", "s2", "s3", "s5"])
        // As an order of its own kind it is one message too, and says why not where it cannot be.
        let mixed = try await house.call("POST", "/v1/alerts", #"{"town":"042056","kind":"shelter","mode":"actual","state":"closed","shelters":["s1","s3"]}"#)
        #expect(mixed.status == 422 && mixed.body.contains("分けて出してください"), "\(mixed.body)")
        #expect(try await house.call("POST", "/v1/alerts", #"{"town":"042056","kind":"shelter","mode":"actual","state":"open","shelters":["s6","s7"]}"#).status == 202)
        for wrong in [#""shelter":"s6","shelters":["s7"]"#, #""shelters":["s8","s8"]"#, #""shelters":[]"#, #""shelters":["nowhere"]"#] {
            #expect(try await house.call("POST", "/v1/alerts", #"{"town":"042056","kind":"shelter","mode":"actual","state":"open",\#(wrong)}"#).status == 422, "\(wrong)")
        }
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
        #expect(try await house.call("GET", "/v1/alerts?limit=100").body.components(separatedBy: #""kind":"shelter","message""#).count == 2)
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
