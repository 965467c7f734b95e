import ChannelKit
import Foundation
import HTTPTypes
import Hub
import Synchronization
import Testing

@testable import HubAPI

@Suite("Tablets that are lent")
struct LoanTests {
    @Test("Lent to one at a time, overdue when its time is over, and nothing of the borrower is kept when it is back; over a restart too")
    func story() async throws {
        let now = Mutex(Date())
        let house = try await House(hasNeighbour: true, clock: { now.withLock { $0 } })
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","name":"3年1組の7番"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)"}"#, token: nil)
        let id = try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1)
        let path = "/v1/devices/\(id)"
        #expect(try await house.call("GET", path).body.contains("3年1組の7番"))
        #expect(try await house.call("POST", path + "/return").status == 409)
        let until = ISO8601DateFormatter().string(from: now.withLock { $0 } + 3600)
        let lent = try await house.call("POST", path + "/lend", #"{"to":"山田花子","until":"\#(until)"}"#)
        #expect(lent.status == 200 && lent.body.contains(#""lent_to":"山田花子""#) && lent.body.contains(#""overdue":false"#), "\(lent.body)")
        let again = try await house.call("POST", path + "/lend", #"{"to":"鈴木"}"#)
        #expect(again.status == 409 && again.body.contains("山田花子"))
        for bad in [#"{"to":""}"#, #"{"to":"a\u001b"}"#, #"{"to":"a","until":"2020-01-01T00:00:00+09:00"}"#] {
            #expect([409, 422].contains(try await house.call("POST", path + "/lend", bad).status), "\(bad)")
        }
        #expect(try await house.call("POST", path + "/lend", #"{"to":"a","until":"soon"}"#).status == 400)
        #expect(try await house.call("POST", "/v1/devices/nobody/lend", #"{"to":"a"}"#).status == 404)
        let back = try await house.call("POST", path + "/return")
        #expect(back.status == 200 && !back.body.contains("山田花子") && back.body.contains("returned_at"))
        #expect(!house.hub.ledger.keys(prefix: "device/").contains { String(decoding: house.hub.ledger.read($0) ?? [], as: UTF8.self).contains("山田花子") })
        #expect(try await house.call("DELETE", path).status == 204)
        #expect(try await house.call("POST", path + "/lend", #"{"to":"a"}"#).status == 404)
    }
}
