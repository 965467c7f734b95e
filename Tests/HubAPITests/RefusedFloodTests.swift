import Foundation
import HTTPTypes
import Ledger
import Testing

@testable import HubAPI

@Suite("A source that sends nothing readable")
struct RefusedFloodTests {
    @Test("What is refused is kept whole up to 64 MiB of a source; then its beginning, and every refusal is still in the record")
    func bounded() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger)
        let most = 1 << 20
        for number in 0..<66 {
            let body = "<\(number) " + String(repeating: "<", count: most)
            let heard = try await house.call("POST", "/v1/bulletins", body, token: House.root, headers: [.contentType: "application/xml"])
            #expect(heard.status == 422, "\(heard.body)")
        }
        let kept = try await ledger.bulletins(limit: 100)
        #expect(kept.count == 66 && Set(kept.map(\.hash)).count == 66)
        #expect(kept.count { $0.octets.count == most } == 64)
        #expect(kept.count { $0.octets.count == 1 << 10 } == 2)
        #expect(kept.prefix(2).allSatisfy { $0.octets.count == 1 << 10 }, "the last ones")
    }
}
