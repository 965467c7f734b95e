/// What has to be heard still: of an event of which something stands its last word, and an end that is under way.
import Foundation
import Testing

@Suite("What has to be heard still")
struct LastWordTests {
    private struct Answer: Decodable {
        struct One: Decodable { var id, event: String; var in_force: Bool }
        var alerts, last_words: [One]
    }

    private func order(_ districts: String, lifted: Bool = false) -> String {
        #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","districts":[\#(districts)],"reason":"津波警報が出ています","level":4\#(lifted ? #","lifted":true"# : "")}"#
    }

    private func said(_ house: House, _ order: String) async throws -> String {
        let answer = try await house.call("POST", "/v1/alerts", order)
        #expect(answer.status == 202, "\(answer.body)")
        return try #require(answer.body.firstMatch(of: /"id":"([^"]+)"/)).1.description
    }

    /// Far ends that never answer: whatever is said waits, and what comes after takes its place.
    @Test("An order that was lifted in a part is looked for by the word that took its place; a lift of all, until it has arrived")
    func words() async throws {
        let house = try await House(districts: ["港町", "山手"], hasTablets: true)
        func now() async throws -> Answer {
            try JSONDecoder().decode(Answer.self, from: Data(try await house.call("GET", "/v1/alerts?in_force=true").body.utf8))
        }
        let first = try await said(house, order(#""港町""#)), second = try await said(house, order(#""港町","山手""#))
        #expect(try await now().last_words.isEmpty, "what stands is its own last word")
        let part = try await said(house, order(#""山手""#, lifted: true))
        var heard = try await now()
        #expect(Set(heard.alerts.map(\.id)).isSubset(of: [first, second]) && !heard.alerts.isEmpty)
        #expect(heard.last_words.map(\.id) == [part] && heard.last_words.allSatisfy { !$0.in_force && $0.event == heard.alerts.first?.event })
        #expect(try await house.call("GET", "/v1/deliveries?alert=\(part)").body.contains("山手の津波は解除されました"), "the town is not what was lifted")
        let end = try await said(house, order(#""港町""#, lifted: true))
        heard = try await now()
        #expect(heard.alerts.isEmpty && heard.last_words.map(\.id) == [end])
        #expect(try await house.call("GET", "/v1/deliveries?alert=\(end)").body.contains("気仙沼市の津波は解除されました"))
    }
}
