/// By whom a place has heard.
import Foundation
import Testing

@Suite("Who has heard at a place")
struct HeardTests {
    private func enrol(_ house: House, _ name: String, _ use: String?) async throws -> String {
        let more = use.map { #","use":"\#($0)""# } ?? ""
        let invited = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school","name":"\#(name)"\#(more)}"#)
        let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1, "\(invited.body)")
        let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"}"#, token: nil)
        return String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1, "\(made.body)"))
    }

    @Test("A pupil's finger does not answer for the school where a teacher has a tablet; where nobody has, and of a place's own tablet, a touch is a touch")
    func pupil() async throws {
        let house = try await House(districts: ["港町"], hasTablets: true)
        let order = #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","districts":["港町"],"reason":"津波警報が出ています","level":4}"#
        let said = try await house.call("POST", "/v1/alerts", order)
        let alert = try #require(said.body.firstMatch(of: /"id":"([^"]+)"/)).1
        var count = 0
        func touch(_ token: String) async throws -> [Int] {
            count += 1
            let told = try await house.call("POST", "/v1/receipts", #"{"receipts":[{"id":"r\#(count)","alert":"\#(alert)","level":"touched"}]}"#, token: token)
            #expect(told.status == 202, "\(told.body)")
            let row = try await house.call("GET", "/v1/deliveries?alert=\(alert)&channel=school-tablet").body
            return [try #require(row.firstMatch(of: /"shown":([0-9]+)/)?.1), try #require(row.firstMatch(of: /"touched":([0-9]+)/)?.1)].compactMap { Int($0) }
        }
        #expect(try await touch(try await enrol(house, "14番", "pupil")) == [0, 1], "of a school without a teacher's tablet we know no better")
        let teacher = try await enrol(house, "担任", "staff")
        #expect(try await touch(try await enrol(house, "15番", "pupil")) == [1, 1])
        #expect(try await touch(teacher) == [1, 2])
        #expect(try await touch(try await enrol(house, "体育館1号", nil)) == [1, 3])
    }
}
