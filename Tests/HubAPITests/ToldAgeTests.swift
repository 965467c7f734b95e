import Foundation
import Synchronization
import Testing

@testable import HubAPI
@testable import Tablets

@Suite("When what was told late has happened")
struct ToldAgeTests {
    @Test("A report that a cut school kept for weeks has the time it was written at, on a hub whose clock went on", arguments: [0, 20 * 60, 8 * 86_400, 21 * 86_400, 41 * 86_400])
    func weeks(age: Int) async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        let house = try await House(clock: { now.withLock { $0 } })
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"a"}"#, token: nil)
        let token = String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        now.withLock { $0 += TimeInterval(age) }
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"r","people":120,"elapsed_ms":\#(age * 1000)}"#, token: token).status == 202)
        let shown = try await house.call("GET", "/v1/reports?town=042056").body
        #expect(shown.contains(#""occurred_at":"2026-11-29T"#), "\(shown)")
        #expect(age == 0 || !shown.contains(#""received_at":"2026-11-29T14:32:00"#))
    }

    @Test("Six weeks are believed; what is no number, or of the future, is now")
    func bounds() {
        let day = 86_400.0
        #expect(ToldAge.seconds(21 * day * 1000) == 21 * day && ToldAge.seconds(42 * day * 1000) == 42 * day)
        #expect(ToldAge.seconds(400 * day * 1000) == 42 * day)
        for odd in [nil, .nan, .infinity, -5] as [Double?] { #expect(ToldAge.seconds(odd) == 0) }
    }
}
