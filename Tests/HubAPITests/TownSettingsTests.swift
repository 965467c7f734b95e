import AlertModel
import Desk
import Devices
import Dispatching
import Foundation
import HTTPTypes
import Hub
import Ledger
import Testing

@testable import HubAPI

/// Reads what these tests write: a name, districts, far ends. 「だめ」 is no name.
struct PaperReader: TownReader {
    private struct Paper: Decodable {
        struct End: Decodable {
            var channel, id, name: String
            var actual, exercise: [String: String]?
        }
        var code, name: String
        var districts: [String]?
        var endpoints: [End]?
    }

    static let file = """
        {"code":"042056","name":"気仙沼市","roman_name":"Kesennuma City","districts":["本町","階上地区"],"endpoints":[
        {"channel":"webhook","id":"hook","name":"工場","actual":{"url":"https://a.example","secret":"whsec_hush"}},
        {"channel":"wifi-portal","id":"eki","name":"駅前 <1>","actual":{},"exercise":{}}]}
        """

    func seed(of town: TownID) -> [UInt8]? { town.code == House.town ? Array(Self.file.utf8) : nil }
    func started(with town: TownID) -> [UInt8]? { seed(of: town) }

    func read(_ document: [UInt8], of id: TownID) throws(TownRefused) -> Town {
        guard let paper = try? JSONDecoder().decode(Paper.self, from: Data(document)), paper.name != "だめ" else {
            throw TownRefused("名前がだめです (no name)\nもう一つ (another)")
        }
        return Town(
            id: id, name: paper.name, romanName: "X", areas: [:], districts: paper.districts ?? [],
            endpoints: (paper.endpoints ?? []).map { Endpoint(id: $0.id, channel: $0.channel, name: $0.name, actual: $0.actual, exercise: $0.exercise) })
    }
}

@Suite("A town's own settings at the desk")
struct TownSettingsTests {
    private static let path = "/v1/towns/042056/settings"
    private static let tag = HTTPField.Name.eTag

    /// As the file has it, with what is asked of it put in.
    private func wish(_ change: (inout [String: Any]) -> Void = { _ in }, of document: [String: Any], reason: String? = "学校を加えた") throws -> String {
        var document = document
        change(&document)
        var wish: [String: Any] = ["document": document]
        wish["reason"] = reason
        return String(decoding: try JSONSerialization.data(withJSONObject: wish, options: .sortedKeys), as: UTF8.self)
    }

    private func seen(_ house: House) async throws -> (document: [String: Any], tag: String) {
        let answer = try await house.call("GET", Self.path)
        #expect(answer.status == 200, "\(answer.body)")
        let value = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        return (try #require(value?["document"] as? [String: Any]), try #require(answer.headers[Self.tag]))
    }

    private func put(_ house: House, _ body: String, tag: String?, query: String = "", token: String = House.token) async throws -> House.Heard {
        try await house.call("PUT", Self.path + query, body, token: token, headers: tag.map { [.ifMatch: $0] } ?? [:])
    }

    @Test("Seen with secrets masked; sent back masked they stay; a change needs a reason, is told to nobody, counts at once and is in the record with who and why")
    func change() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger)
        let id = try #require(TownID(House.town))
        let (document, tag) = try await seen(house)
        #expect("\(document)".contains("********") && !"\(document)".contains("hush"))
        let added = try wish({ $0["districts"] = ["本町", "階上地区", "大島地区"] }, of: document)
        let trial = try await put(house, added, tag: tag, query: "?dry_run=true")
        #expect(trial.status == 200 && trial.body.contains("地区 大島地区 を追加") && trial.body.contains(#""dry_run":true"#), "\(trial.body)")
        #expect(try await seen(house).tag == tag && ledger.keys(prefix: "settings/").isEmpty)
        let made = try await put(house, added, tag: tag)
        #expect(made.status == 200 && made.body.contains(#""version":1"#), "\(made.body)")
        #expect(house.hub.towns[id]?.districts == ["本町", "階上地区", "大島地区"])
        #expect(house.hub.towns[id]?.endpoints.first { $0.id == "hook" }?.actual?["secret"] == "whsec_hush")
        let after = try await house.call("GET", Self.path)
        for word in [#""by":"desk""#, "学校を加えた", "地区 大島地区 を追加", #""source":"record""#] { #expect(after.body.contains(word), "\(after.body)") }
        #expect(!after.body.contains("hush"))
        let alerts = try await house.call("GET", "/v1/alerts?town=042056")
        #expect(alerts.body.contains(#""alerts":[]"#), "\(alerts.body)")
        // What it was, once more: nothing changes, and no version is made.
        let (now, newTag) = try await seen(house)
        #expect(newTag != tag)
        let same = try await put(house, try wish(of: now), tag: newTag)
        #expect(same.status == 200 && same.body.contains(#""version":1"#) && same.body.contains(#""what":[]"#), "\(same.body)")
    }

    @Test("Who saw an older one is refused with who was faster; who saw none is asked what they saw; without a reason nothing is changed")
    func faster() async throws {
        let house = try await House()
        let (document, tag) = try await seen(house)
        let one = try wish({ $0["districts"] = ["本町"] }, of: document), other = try wish({ $0["name"] = "気仙沼" }, of: document)
        #expect(try await put(house, one, tag: nil).status == 428)
        #expect(try await put(house, try wish({ $0["name"] = "気仙沼" }, of: document, reason: nil), tag: tag).status == 422)
        #expect(try await put(house, one, tag: tag).status == 200)
        let late = try await put(house, other, tag: tag)
        #expect(late.status == 409 && late.body.contains("desk"), "\(late.body)")
        #expect(try await seen(house).document["name"] as? String == "気仙沼市")
    }

    @Test("Every problem is told at once, and nothing of it is kept")
    func refused() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger)
        let (document, tag) = try await seen(house)
        let bad = try await put(house, try wish({ $0["name"] = "だめ" }, of: document), tag: tag)
        #expect(bad.status == 422 && bad.body.contains("名前がだめです") && bad.body.contains("もう一つ"), "\(bad.body)")
        #expect(try await put(house, try wish({ $0["code"] = House.neighbour }, of: document), tag: tag).status == 422)
        #expect(try await put(house, "{}", tag: tag).status == 400)
        #expect(ledger.keys(prefix: "settings/").isEmpty)
    }

    @Test("A secret does not go along to another address or another far end")
    func secret() async throws {
        let house = try await House()
        let (document, tag) = try await seen(house)
        for change in [("url", "https://b.example"), ("id", "other")] {
            let moved = try wish({ document in
                var ends = document["endpoints"] as? [[String: Any]] ?? []
                if change.0 == "id" { ends[0]["id"] = change.1 } else {
                    var side = ends[0]["actual"] as? [String: Any] ?? [:]
                    side["url"] = change.1
                    ends[0]["actual"] = side
                }
                document["endpoints"] = ends
            }, of: document)
            let answer = try await put(house, moved, tag: tag)
            #expect(answer.status == 422 && answer.body.contains("もう一度書いて") && answer.body.contains("secret"), "\(answer.body)")
        }
    }

    @Test("How many look at an order, from where the desk is used, and what runs on the machine: nobody changes that at the desk")
    func keepers() async throws {
        let house = try await House()
        let (document, tag) = try await seen(house)
        let changes: [(inout [String: Any]) -> Void] = [
            { $0["approval"] = "none" }, { $0["desk_networks"] = ["0.0.0.0/0"] },
            { $0["endpoints"] = [["channel": "program", "id": "x", "name": "x", "actual": ["command": "/bin/sh"]]] },
        ]
        for change in changes {
            let answer = try await put(house, try wish(change, of: document), tag: tag)
            #expect(answer.status == 403 && answer.body.contains("--data"), "\(answer.body)")
        }
        // Thresholds and plans wait for the next start, and that is said.
        let later = try await put(house, try wish({ $0["keep_years"] = 7 }, of: document), tag: tag)
        #expect(later.status == 200 && later.body.contains(#""at_next_start":["keep_years"]"#), "\(later.body)")
        #expect(try await house.call("GET", Self.path).body.contains(#""at_next_start":["keep_years"]"#))
    }

    @Test("A district under an order, of either mode, stays until the order is lifted")
    func underOrder() async throws {
        let house = try await House()
        let order = #"{"town":"042056","kind":"evacuation","mode":"exercise","hazard":"洪水","level":4,"districts":["階上地区"]}"#
        let (first, firstTag) = try await seen(house)
        #expect(try await put(house, try wish({ $0["districts"] = ["本町", "階上地区", "大島地区"] }, of: first), tag: firstTag).status == 200)
        let pushed = try await house.call("POST", "/v1/alerts", order)
        #expect(pushed.status == 202, "\(pushed.body)")
        let (document, tag) = try await seen(house)
        let without = try wish({ $0["districts"] = ["本町"] }, of: document)
        let refused = try await put(house, without, tag: tag)
        #expect(refused.status == 409 && refused.body.contains("階上地区"), "\(refused.body)")
        let lifted = order.replacing(#""level":4,"#, with: #""level":4,"lifted":true,"#)
        #expect(try await house.call("POST", "/v1/alerts", lifted).status == 202)
        #expect(try await put(house, without, tag: tag).status == 200)
    }

    @Test("Only who lets people in sees and changes it")
    func rights() async throws {
        let house = try await House()
        for (role, status) in [("duty", 403), ("press", 403), ("watcher", 403), ("chief", 200), ("admin", 200)] {
            _ = try await house.call("POST", "/v1/users", #"{"name":"\#(role)","roles":["\#(role)"],"towns":["042056"],"password":"correct horse battery"}"#, token: House.root)
            let session = try await house.call("POST", "/v1/sessions", #"{"name":"\#(role)","password":"correct horse battery"}"#, token: nil)
            let cookie = String((session.headers[.setCookie] ?? "").prefix { $0 != ";" })
            let answer = try await house.call("GET", Self.path, token: nil, headers: [.cookie: cookie, .origin: "https://hub"])
            #expect(answer.status == status, "\(role) \(answer.body)")
        }
        #expect(try await house.call("GET", Self.path, token: nil).status == 401)
    }

    @Test("A town is begun by its code or its name, with what the tables know of it, once, and by who keeps every town; it reaches nobody")
    func begun() async throws {
        let town = try #require(TownID(House.town)), next = try #require(TownID(House.neighbour))
        let house = try await House(operators: [
            Operator(name: "one", tokenDigest: DeviceRegister.digest("one"), towns: [town], scopes: [.admin]), Operator(name: "all", tokenDigest: DeviceRegister.digest("all"), towns: nil, scopes: [.admin, .read]),
        ])
        #expect(try await house.call("POST", "/v1/towns", #"{"code":"042021"}"#, token: "one").status == 403)
        for wrong in ["042022", "存在しない市", "府中市"] {
            let answer = try await house.call("POST", "/v1/towns", #"{"code":"\#(wrong)"}"#, token: "all")
            #expect(answer.status == 422 && answer.body.contains(#""field":"code""#), "\(wrong): \(answer.body)")
        }
        let begun = try await house.call("POST", "/v1/towns", #"{"code":"石巻市"}"#, token: "all")
        #expect(begun.status == 201 && begun.body.contains(#""code":"042021""#), "\(begun.body)")
        #expect(try await house.call("POST", "/v1/towns", #"{"code":"042021"}"#, token: "all").status == 409)
        #expect(try await house.call("POST", "/v1/towns", #"{"code":"042056"}"#, token: "all").status == 409)
        let seen = try await house.call("GET", "/v1/towns/042021/settings", token: "all").body
        for part in ["石巻市", "Ishinomaki City", #""version":1"#, "町をはじめた", #""tsunami":[{"code":"220""#] { #expect(seen.contains(part), "\(part): \(seen)") }
        #expect(try await house.call("GET", "/v1/towns", token: "all").body.contains("042021"))
        #expect(house.hub.town(next)?.endpoints.isEmpty == true)
        #expect(try await house.call("GET", "/v1/alerts?town=042021", token: "all").body.contains(#""alerts":[]"#))
    }
}
