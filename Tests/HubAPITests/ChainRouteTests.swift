import Foundation
import Testing

@testable import HubAPI

@Suite("The chain of a town's record, over HTTP")
struct ChainRouteTests {
    @Test("Whoever may read the town hears that its record is as it was written, and where it ends; what was written down is compared")
    func chain() async throws {
        let house = try await House(hasNeighbour: true)
        let notice = #"{"town":"\#(House.town)","kind":"notice","mode":"actual","title":"給水","body":"市役所前で給水します"}"#
        #expect(try await house.call("POST", "/v1/alerts", notice, token: House.token).status == 202)
        let path = "/v1/towns/\(House.town)/chain"
        let answer = try await house.call("GET", path, "", token: House.token)
        #expect(answer.status == 200)
        #expect(answer.body.contains(#""flaw":null"#) && answer.body.contains(#""chain":"common""#), "\(answer.body)")
        struct Page: Decodable {
            struct Chain: Decodable {
                struct Head: Decodable { var number: Int; var hash: String }
                var facts: Int
                var head: Head
            }
            var own: Chain
        }
        let own = try JSONDecoder().decode(Page.self, from: Data(answer.body.utf8)).own
        #expect(own.facts > 0 && own.head.number == own.facts && own.head.hash.utf8.count == 64)
        for (hash, words) in [(own.head.hash, #""flaw":null"#), (String(own.head.hash.reversed()), "控えと違います")] {
            let compared = try await house.call("GET", path + "?expect=\(own.head.number):\(hash)", "", token: House.token)
            #expect(compared.body.contains(words), "\(compared.body)")
        }
        #expect(try await house.call("GET", path + "?expect=7", "", token: House.token).status == 400)
        #expect(try await house.call("GET", "/v1/towns/\(House.neighbour)/chain", "", token: House.token).status == 403)
        #expect(try await house.call("GET", path, "", token: nil).status == 401)
    }
}
