import AlertModel
import ChannelKit
import Foundation
import HTTPTypes
import Hub
import Ledger
import Synchronization
import Testing

@testable import HubAPI

@Suite("What shelters report")
struct ReportTests {
    private func tablet(_ house: House, _ name: String, site: String = "school") async throws -> (token: String, id: String) {
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"\#(site)","name":"\#(name)"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"\#(name)"}"#, token: nil)
        return (
            String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1, "\(device.body)")),
            String(try #require(device.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1))
        )
    }

    private func ids(_ body: String) -> [String] { body.matches(of: /"id":"([^"]+)"/).map { String($0.1) } }
    private func next(_ body: String) -> String? { body.firstMatch(of: /"next":"([^"]+)"/).map { String($0.1) } }

    private func report(_ house: House, _ token: String, _ id: String, octets: Int = 0) async throws -> House.Heard {
        let note = String(repeating: "x", count: octets)
        return try await house.call("POST", "/v1/reports", #"{"id":"\#(id)","people":1,"note":"\#(note)"}"#, token: token)
    }

    @Test("A report may say households, crowding, water and power, and correct an earlier one; an old one says none of it", arguments: [
        #"{"id":"r"}"#, #"{"id":"r","people":3,"needs":["water"],"note":null}"#, #"{"id":"r","households":null,"crowding":null,"corrects":null}"#,
        #"{"id":"r","households":0,"crowding":"full","water":"unknown","power":"no","corrects":"r0"}"#, #"{"id":"r","households":99999,"later":{"a":1}}"#,
    ])
    func said(body: String) async throws {
        let house = try await House()
        let keeper = try await tablet(house, "a")
        #expect(try await house.call("POST", "/v1/reports", body, token: keeper.token).status == 202)
        let kept = try await house.call("GET", "/v1/reports").body
        #expect(kept.contains(body.replacing("\"", with: "\\\"")), "as it came: \(kept)")
    }

    @Test("What cannot be understood is refused, field by field, in words a keeper reads", arguments: [
        ("households", "-1", "世帯の数は0〜99999です"), ("households", "100000", "世帯"), ("households", "1.5", "世帯"), ("households", "true", "世帯"), ("households", #""3""#, "世帯"),
        ("crowding", #""packed""#, "混み具合は free（空き）"), ("crowding", "3", "混み具合"), ("water", "true", "水は yes（出る）"), ("power", #""maybe""#, "電気は"),
        ("corrects", #""r""#, "訂正する報告"), ("corrects", #""""#, "訂正"), ("corrects", "[]", "訂正"),
    ])
    func wrong(field: String, value: String, words: String) async throws {
        let house = try await House()
        let keeper = try await tablet(house, "a")
        let answer = try await house.call("POST", "/v1/reports", #"{"id":"r","\#(field)":\#(value)}"#, token: keeper.token)
        #expect(answer.status == 422 && answer.body.contains(words) && answer.body.contains(#""field":"\#(field)""#), "\(answer.body)")
        #expect(ids(try await house.call("GET", "/v1/reports").body).isEmpty)
    }

    @Test("The desk answers a report: its tablet hears the last word with its time, nobody else, and who answered has read it")
    func answered() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        let house = try await House(clock: { now.withLock { $0 } })
        let (keeper, other) = (try await tablet(house, "a"), try await tablet(house, "b"))
        #expect(try await report(house, keeper.token, "r").status == 202)
        let id = "\(keeper.id)/r"
        let before = try await house.call("GET", "/v1/reports/r", token: keeper.token).body
        #expect(before.contains(#""state":"received""#) && !before.contains("answer") && !before.contains("read_at"))
        for text in ["読みました。", "水 18時着"] {
            now.withLock { $0 += 60 }
            #expect(try await house.call("POST", "/v1/reports/answer", #"{"id":"\#(id)","text":" \#(text) "}"#).status == 204)
        }
        let heard = try await house.call("GET", "/v1/reports/r", token: keeper.token).body
        #expect(heard.contains(#""state":"read""#) && heard.contains(#""text":"水 18時着""#) && !heard.contains("desk"), "no name: \(heard)")
        #expect(heard.contains(#""read_at":"2026-11-29T14:33:00.000+09:00""#) && heard.contains(#""at":"2026-11-29T14:34:00.000+09:00""#), "\(heard)")
        #expect(try await house.call("GET", "/v1/reports/r", token: other.token).status == 404)
        let list = try await house.call("GET", "/v1/reports").body
        #expect(list.contains(#""answers":[{"#) && list.contains("読みました。") && list.contains("水 18時着"))
        for (text, status) in [("", 422), ("  ", 422), (String(repeating: "水", count: 201), 422), ("a\\u0007", 422), (String(repeating: "水", count: 200), 204)] {
            #expect(try await house.call("POST", "/v1/reports/answer", #"{"id":"\#(id)","text":"\#(text)"}"#).status == status, "\(text)")
        }
        #expect(try await house.call("POST", "/v1/reports/answer", #"{"id":"\#(other.id)/r","text":"x"}"#).status == 404)
        #expect(try await house.call("POST", "/v1/reports/answer", #"{"id":"\#(id)","text":"x"}"#, token: keeper.token).status >= 401)
    }

    /// Slow to read: whoever reads before another has written is seen.
    private final class SlowNotes: Notebook {
        private let notes = Mutex<[String: [UInt8]]>([:])
        func read(_ key: String) -> [UInt8]? {
            defer { Thread.sleep(forTimeInterval: 0.005) }
            return notes.withLock { $0[key] }
        }
        func write(_ key: String, _ value: [UInt8]?) { notes.withLock { $0[key] = value } }
        func keys(prefix: String) -> [String] { notes.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() } }
    }

    @Test("Two of the desk answer one report at the same moment: both answers are kept")
    func answeredAtOnce() async throws {
        let notes = SlowNotes()
        let town = try #require(TownID(House.town))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<ReportAnswers.most {
                group.addTask { ReportAnswers.keep(.init(at: "2026-11-29T14:33:00+09:00", by: "desk", text: "\(number)"), to: "a/r", in: town, notes) }
            }
        }
        #expect(Set(ReportAnswers.of("a/r", in: town, notes).map(\.text)).count == ReportAnswers.most)
    }

    @Test("Page by page every report is read once; one that is set aside is not in the way, is not gone, and comes back")
    func pages() async throws {
        let now = Mutex(Date())
        let house = try await House(clock: { now.withLock { $0 } })
        let (first, second) = (try await tablet(house, "a"), try await tablet(house, "b"))
        for number in 0..<25 {
            now.withLock { $0 += 15 }
            #expect(try await report(house, number % 2 == 0 ? first.token : second.token, "r\(number)").status == 202)
        }
        func all(_ more: String = "") async throws -> [String] {
            var found: [String] = []
            var before: String?
            while true {
                let answer = try await house.call("GET", "/v1/reports?limit=7\(more)" + (before.map { "&before=\($0)" } ?? ""))
                #expect(answer.status == 200, "\(answer.body)")
                found += ids(answer.body)
                before = next(answer.body)
                if before == nil { return found }
            }
        }
        let everything = try await all()
        #expect(everything.count == 25 && Set(everything).count == 25 && everything.first?.hasSuffix("r24") == true)
        let one = everything[3]
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"ids":["\#(one)","nobody/x"]}"#).status == 204)
        #expect(try await all() == everything.filter { $0 != one })
        #expect(try await all("&aside=true").count == 25)
        let shown = try await house.call("GET", "/v1/reports?aside=true").body
        #expect(shown.contains(#""aside_by":"desk"#) && shown.components(separatedBy: "aside_by").count == 2)
        // The whole of one device, also what it says from now on.
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"device":"\#(second.id)"}"#).status == 204)
        #expect(try await report(house, second.token, "late").status == 202)
        #expect(try await all().allSatisfy { $0.hasPrefix(first.id) })
        #expect(try await all("&device=\(second.id)").count == 13)
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"device":"\#(second.id)","ids":["\#(one)"],"aside":false}"#).status == 204)
        #expect(try await all().count == 26)
        for bad in [#"{}"#, #"{"ids":[]}"#] { #expect(try await house.call("POST", "/v1/reports/aside", bad).status == 422) }
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"device":"nobody"}"#).status == 404)
    }

    @Test("One device does not fill the disk, nor do many together; what is short is taken on such a day too")
    func quota() async throws {
        let now = Mutex(Date())
        let house = try await House(clock: { now.withLock { $0 } })
        let loud = try await tablet(house, "loud")
        var taken = 0
        // Six a minute of sixteen kilobytes, for an hour.
        for number in 0..<360 {
            now.withLock { $0 += 10 }
            if try await report(house, loud.token, "r\(number)", octets: 16_000).status == 202 { taken += 16_000 }
        }
        #expect(taken > 3 << 20 && taken < 5 << 20, "\(taken)")
        #expect(try await report(house, try await tablet(house, "keeper").token, "true").status == 202)
    }
}
