import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import HubAPI

@Suite("Who else is at the desk")
struct PresenceRouteTests {
    @Test("Two who have signed in see each other with since when and where, and not any more once one has signed out")
    func two() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        let house = try await House(clock: { now.withLock { $0 } })
        let staff = try await house.staff()
        let (sato, suzuki) = (try #require(staff["sato"]), try #require(staff["suzuki"]))
        func here(_ who: HTTPFields, _ more: String = "") async throws -> String {
            try await house.call("GET", "/v1/towns/042056/here\(more)", token: nil, headers: who).body
        }
        #expect(try await here(sato).contains(#""since":"2026-11-29T14:32:00+09:00""#))
        now.withLock { $0 += 15 }
        let both = try await here(suzuki, "?mode=exercise")
        #expect(both.contains(#""name":"sato""#) && both.contains(#""mode":"exercise""#) && both.contains("14:32:15"), "\(both)")
        #expect(try await house.call("DELETE", "/v1/sessions/current", token: nil, headers: suzuki).status == 204)
        #expect(try await !here(sato).contains("suzuki"))
        #expect(try await house.call("GET", "/v1/towns/042056/here?mode=real").status == 400)
        #expect(try await house.call("GET", "/v1/towns/042056/here", token: nil).status == 401)
    }
}
