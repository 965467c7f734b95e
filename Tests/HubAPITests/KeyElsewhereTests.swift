import AlertModel
import Foundation
import HTTPTypes
import Hub
import Ledger
import Testing

/// Found by `make histories`. A hub takes a cancel, loses its duty before it can answer, and hands over what lies on its disk; its notebook stays behind.
@Suite("An order whose answer was lost is the same order at the hub that has its record and not its key")
struct KeyElsewhereTests {
    private func headers(_ key: String) throws -> HTTPFields { [try #require(HTTPField.Name("Idempotency-Key")): key] }

    private func id(_ heard: House.Heard) throws -> String {
        struct Pushed: Decodable { var id: String }
        return try JSONDecoder().decode(Pushed.self, from: Data(heard.body.utf8)).id
    }

    /// Another hub over the same record, to which no key of orders came.
    private func heir(_ ledger: MemoryLedger) async throws -> House {
        for key in ledger.keys(prefix: "order-key/") { ledger.write(key, nil) }
        let heir = try await House(ledger: ledger)
        try await heir.hub.recover()
        return heir
    }

    @Test("A cancel is not refused because of itself; another's cancel of the same still is")
    func cancel() async throws {
        let ledger = MemoryLedger(), first = try await House(ledger: ledger)
        let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"給水車が来ます。"}"#
        let order = try id(try await first.call("POST", "/v1/alerts", notice))
        let taken = try await first.call("POST", "/v1/alerts/\(order)/cancel", headers: headers("c-1"))
        #expect(taken.status == 202)
        let heir = try await heir(ledger)
        let again = try await heir.call("POST", "/v1/alerts/\(order)/cancel", headers: headers("c-1"))
        #expect(try again.status == 202 && id(again) == id(taken), "\(again)")
        #expect(again.headers[try #require(HTTPField.Name("Idempotent-Replayed"))] == "true")
        let other = try await heir.call("POST", "/v1/alerts/\(order)/cancel", headers: headers("c-2"))
        #expect(other.status == 409, "\(other)")
    }

    @Test("Nor is a lifting: what it lifts does not stand any more")
    func lift() async throws {
        let ledger = MemoryLedger(), first = try await House(ledger: ledger, districts: ["南町"])
        let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","districts":["南町"]}"#
        #expect(try await first.call("POST", "/v1/alerts", order).status == 202)
        let lift = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","lifted":true}"#
        let taken = try await first.call("POST", "/v1/alerts", lift, headers: headers("l-1"))
        #expect(taken.status == 202, "\(taken)")
        let heir = try await heir(ledger)
        let again = try await heir.call("POST", "/v1/alerts", lift, headers: headers("l-1"))
        #expect(try again.status == 202 && id(again) == id(taken), "\(again)")
        let other = try await heir.call("POST", "/v1/alerts", lift, headers: headers("l-2"))
        #expect(other.status == 422, "\(other)")
    }
}

/// Found by `make histories`: the database failed over while the heir read, who then was on duty without knowing what stands.
@Suite("A start whose database goes away while it reads waits for it")
struct StartAwayTests {
    @Test("What stands is known before the first order is taken, however often it had to ask", arguments: [1, 2, 3, 4])
    func waits(reads: Int) async throws {
        let ledger = SickLedger(.well), first = try await House(ledger: ledger)
        let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"給水車が来ます。"}"#
        #expect(try await first.call("POST", "/v1/alerts", notice).status == 202)
        let heir = try await House(ledger: ledger)
        ledger.away.fail(reads + 1)
        try await heir.hub.recover()
        #expect(ledger.away.count == 0)
        let standing = try await heir.call("GET", "/v1/alerts?town=042056&in_force=true")
        #expect(standing.body.contains("断水"), "\(standing)")
        #expect(heir.hub.attention.rows.allSatisfy { $0.topic != .ledger }, "\(heir.hub.attention.rows)")
    }
}
