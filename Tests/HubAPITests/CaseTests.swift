import AlertModel
import Foundation
import HTTPTypes
import Hub
import Testing

private let cases: URL? = {
    let folder = House.package.deletingLastPathComponent().appending(path: "shared/cases")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()

@Suite("What others met, at the hub's door", .enabled(if: cases != nil, "no cases here"))
struct CaseTests {
    private func text(_ path: String) throws -> String { String(decoding: try Data(contentsOf: try #require(cases).appending(path: path)), as: UTF8.self) }

    @Test("02: two lists of one layout stay beside each other, in either order", arguments: [["sites", "shelters"], ["shelters", "sites"]])
    func twoLists(order: [String]) async throws {
        let house = try await House()
        for name in order {
            let answer = try await house.call(
                "POST", "/v1/towns/042056/shelters/import?name=\(name).csv", try text("02-two-lists-one-layout/\(name).csv"), headers: [.contentType: "text/csv"])
            #expect(answer.status == 200, "\(answer.body)")
        }
        let body = try await house.call("GET", "/v1/towns/042056/shelters").body
        for id in ["K0001", "K0002", "H0001"] { #expect(body.contains("\"\(id)\""), "\(id)") }
    }

    @Test("21: an alert without an area is taken, told to nobody, and the record says why")
    func noArea() async throws {
        let house = try await House()
        // Its own times lie wherever the day is.
        let time = { (hours: Double) in JapanTime.text(Date().addingTimeInterval(hours * 3600), milliseconds: false) }
        let bulletin = try text("21-cap-no-area/input.xml").replacing("2026-11-28T06:00:00+09:00", with: time(0)).replacing("2026-11-29T06:00:00+09:00", with: time(5))
        let answer = try await house.call("POST", "/v1/bulletins", bulletin, headers: [.contentType: "application/cap+xml"])
        #expect(answer.status == 202, "\(answer.body)")
        let taken = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        let id = try #require((taken["alerts"] as? [String])?.first, "\(answer.body)")
        let rows = try await house.call("GET", "/v1/deliveries?alert=\(id)").body
        #expect(!rows.contains("\"delivered\""))
    }
}
