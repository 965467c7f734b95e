import AlertModel
import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import Synchronization
import Testing

@testable import HubAPI

@Suite("Everything that was done, in the order of time")
struct ChronicleTests {
    private final class Hand: Sendable {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_950_000))  // 2026-11-29T20:00:00+09:00
        func turn(_ seconds: Double) { now.withLock { $0 += seconds } }
        var date: Date { now.withLock(\.self) }
    }

    private struct Page: Decodable {
        struct Entry: Decodable, Hashable {
            var at, mode, kind, kind_name, by, words, place: String
            var alert: String?
        }
        var entries: [Entry]
        var next: String?
    }

    private func read(_ house: House, _ question: String = "") async throws -> Page {
        let answer = try await house.call("GET", "/v1/chronicle?town=\(House.town)\(question)")
        #expect(answer.status == 200, "\(answer.body)")
        return try JSONDecoder().decode(Page.self, from: Data(answer.body.utf8))
    }

    private func order(_ mode: String = "actual") -> String {
        #"{"town":"\#(House.town)","kind":"evacuation","mode":"\#(mode)","hazard":"洪水","districts":["港町"],"level":4,"reason":"桜川があふれそうです"}"#
    }

    private func house(_ hand: Hand, approval: ApprovalPolicy? = nil, ledger: any Ledger = MemoryLedger()) async throws -> House {
        try await House(ledger: ledger, approval: approval, shelters: [Shelter(id: "gym", name: "市民体育館")], districts: ["港町", "山手"], clock: { hand.date })
    }

    @Test("An order that waited, who approved it, a call, a line by hand, who came to the desk and who left: each with its time, who and what, the newest first")
    func night() async throws {
        let hand = Hand(), house = try await house(hand, approval: .two)
        let cookies = try await house.staff()
        func step(_ method: String, _ path: String, _ body: String? = nil, by name: String, _ expected: Int) async throws -> House.Heard {
            hand.turn(60)
            let answer = try await house.call(method, path, body, token: nil, headers: cookies[name] ?? [:])
            #expect(answer.status == expected, "\(path): \(answer.body)")
            return answer
        }
        _ = try await step("GET", "/v1/towns/\(House.town)/here?mode=actual", by: "sato", 200)
        _ = try await step("GET", "/v1/towns/\(House.town)/here?mode=actual", by: "sato", 200)
        let waiting = try await step("POST", "/v1/alerts", order(), by: "sato", 202)
        _ = try await step("POST", "/v1/approvals/\(try House.approval(in: waiting))/approve", by: "takahashi", 202)
        _ = try await step("POST", "/v1/calls", #"{"id":"c1","mode":"actual","channel":"school-tablet","endpoint":"school","answer":"reached","words":"教頭が出た"}"#, by: "sato", 201)
        _ = try await step("POST", "/v1/chronicle", #"{"id":"n1","mode":"actual","words":"自衛隊に派遣を要請すると決めた"}"#, by: "takahashi", 201)
        _ = try await step("POST", "/v1/chronicle", #"{"id":"n1","mode":"actual","words":"自衛隊に派遣を要請すると決めた"}"#, by: "takahashi", 200)
        _ = try await step("POST", "/v1/notices", #"{"mode":"actual","title":"朝市","body":"港で朝市があります。","at":"2026-12-01T08:00:00+09:00","every":"weekly"}"#, by: "sato", 201)
        _ = try await step("DELETE", "/v1/sessions/current", by: "sato", 204)
        let page = try await read(house)
        let lines = page.entries.map { "\($0.kind) \($0.by) \($0.words)" }
        #expect(lines == [
            "desk sato 操作卓から出た", "schedule sato 予定に入れた：「朝市」（毎週、12月1日8時00分から）", "note takahashi 自衛隊に派遣を要請すると決めた",
            "call sato 第一小学校に電話：伝わった。「教頭が出た」", "order sato（承認 takahashi） 発令：避難指示（洪水）港町。理由：桜川があふれそうです",
            "approval takahashi 承認した：「避難指示（洪水）港町」（出した人 sato）", "approval sato 承認待ちに出した：「避難指示（洪水）港町」", "desk sato 操作卓に入った",
        ], "\(lines)")
        #expect(page.next == nil && page.entries.allSatisfy { $0.mode == "actual" })
    }

    @Test("Real and drill are two chronicles: no line of one is in the other, whatever was done")
    func worlds() async throws {
        let hand = Hand(), house = try await house(hand)
        for mode in ["actual", "exercise"] {
            hand.turn(10)
            for (path, body) in [
                ("/v1/alerts", order(mode)), ("/v1/calls", #"{"id":"\#(mode)","mode":"\#(mode)","channel":"school-tablet","endpoint":"school","answer":"no-answer"}"#),
                ("/v1/chronicle", #"{"id":"\#(mode)","mode":"\#(mode)","words":"\#(mode)の一行"}"#),
                ("/v1/towns/\(House.town)/shelters/states", #"{"mode":"\#(mode)","state":"open","shelters":["gym"]}"#),
                ("/v1/notices", #"{"mode":"\#(mode)","title":"朝市","body":"朝市です。","at":"2026-12-01T08:00:00+09:00"}"#),
            ] {
                let answer = try await house.call("POST", path, body)
                #expect((200..<300).contains(answer.status), "\(path): \(answer.body)")
            }
            _ = try await house.call("GET", "/v1/towns/\(House.town)/here?mode=\(mode)")
        }
        let drill = try await house.call("POST", "/v1/drills", #"{"title":"秋の訓練"}"#)
        #expect(drill.status == 201, "\(drill.body)")
        let (real, drills) = (try await read(house), try await read(house, "&mode=exercise"))
        #expect(Set(real.entries.map(\.mode)) == ["actual"] && Set(drills.entries.map(\.mode)) == ["exercise"])
        #expect(Set(real.entries.map(\.kind)) == ["order", "call", "note", "shelter", "schedule", "desk"], "\(real.entries.map(\.kind))")
        #expect(Set(drills.entries.map(\.kind)) == ["order", "call", "note", "shelter", "schedule", "desk", "drill"], "\(drills.entries.map(\.kind))")
        #expect(!real.entries.contains { $0.words.contains("exercise") || $0.words.contains("秋の訓練") } && !drills.entries.contains { $0.words.contains("actual") })
        #expect(Set(real.entries.map(\.place)).isDisjoint(with: drills.entries.map(\.place)))
    }

    @Test("Page by page it is the same list, also where much was done in one moment; between two times it is what was done then")
    func pages() async throws {
        let hand = Hand(), house = try await house(hand)
        for number in 0..<7 {
            if number > 3 { hand.turn(60) }
            _ = try await house.call("POST", "/v1/chronicle", #"{"id":"n\#(number)","mode":"actual","words":"一行 \#(number)"}"#)
            _ = try await house.call("POST", "/v1/alerts", #"{"town":"\#(House.town)","kind":"notice","mode":"actual","title":"断水\#(number)","body":"断水しています。"}"#)
        }
        let whole = try await read(house, "&limit=1000").entries
        #expect(whole.count == 14)
        for limit in [1, 2, 3, 5] {
            var found: [Page.Entry] = [], next: String?
            repeat {
                let page = try await read(house, "&limit=\(limit)" + (next.map { "&before=\($0)" } ?? ""))
                #expect(page.entries.count <= limit)
                found += page.entries
                next = page.next
            } while next != nil
            #expect(found == whole, "by \(limit)")
        }
        let later = try await read(house, "&since=2026-11-29T20:01:00%2B09:00&until=2026-11-29T20:03:00%2B09:00").entries
        #expect(later.map(\.words).sorted() == ["一行 4", "一行 5", "断水4。断水しています。", "断水5。断水しています。"])
        #expect(try await house.call("GET", "/v1/chronicle?before=nonsense").status == 400)
        #expect(try await house.call("GET", "/v1/chronicle?format=pdf").status == 400)
    }

    @Test("As a file it is the oldest first, with a head, no formula for a spreadsheet, and a name that says what it is")
    func files() async throws {
        let hand = Hand(), house = try await house(hand)
        for (id, words) in [("a", "=1+1, \\\"至急\\\""), ("b", "二行目")] {
            hand.turn(1)
            let answer = try await house.call("POST", "/v1/chronicle", #"{"id":"\#(id)","mode":"actual","words":"\#(words)"}"#)
            #expect(answer.status == 201, "\(answer.body)")
        }
        let csv = try await house.call("GET", "/v1/chronicle?format=csv")
        #expect(csv.headers[.contentType] == "text/csv; charset=utf-8")
        #expect(csv.headers[try #require(HTTPField.Name("Content-Disposition"))] == "attachment; filename=\"chronicle-042056-actual-2026-11-29.csv\"")
        let rows = csv.body.components(separatedBy: "\r\n")
        #expect(rows.count == 4 && rows[0] == "\u{FEFF}時刻,区分,種類,だれが,内容,情報の番号", "\(rows)")
        #expect(rows[1] == "2026-11-29T20:00:01+09:00,本番,書きとめ,desk,\"'=1+1, \"\"至急\"\"\"," && rows[2].contains("二行目"), "\(rows)")
        let lines = try await house.call("GET", "/v1/chronicle?format=jsonl").body.split(separator: "\n")
        #expect(try lines.map { try JSONDecoder().decode(Page.Entry.self, from: Data($0.utf8)).words } == ["=1+1, \"至急\"", "二行目"])
    }

    @Test("A line by hand may be of earlier, and says when it was written; who may do nothing here writes none, and what says nothing is refused")
    func notes() async throws {
        let hand = Hand(), house = try await house(hand)
        let answer = try await house.call("POST", "/v1/chronicle", #"{"id":"a","mode":"actual","words":"役場の電気が切れた","at":"2026-11-29T18:30:00+09:00"}"#)
        #expect(answer.status == 201, "\(answer.body)")
        let line = try #require(try await read(house).entries.first)
        #expect(line.at == "2026-11-29T18:30:00+09:00" && line.words == "役場の電気が切れた（11月29日20時00分に記入）", "\(line)")
        for (field, body) in [
            ("words", #"{"id":"b","mode":"actual","words":" "}"#), ("words", #"{"id":"b","mode":"actual","words":"一\n二"}"#), ("mode", #"{"id":"b","mode":"live","words":"あ"}"#),
            ("id", #"{"id":"b b","mode":"actual","words":"あ"}"#), ("at", #"{"id":"b","mode":"actual","words":"あ","at":"2026-11-29T20:30:00+09:00"}"#),
        ] {
            let refused = try await house.call("POST", "/v1/chronicle", body)
            #expect(refused.status == 422 && refused.body.contains(#""field":"\#(field)""#), "\(field): \(refused.status) \(refused.body)")
        }
        let cookies = try await house.staff()
        let watcher = try await house.call("POST", "/v1/chronicle", #"{"id":"w","mode":"actual","words":"あ"}"#, token: nil, headers: cookies["miru"] ?? [:])
        #expect(watcher.status == 403, "\(watcher.body)")
        #expect(try await read(house).entries.count == 1)
    }

    @Test("What a shelter reported stands there until a person sets it aside, and says where it came in the middle of a drill")
    func reports() async throws {
        let hand = Hand(), house = try await house(hand)
        func found(_ answer: House.Heard, _ key: String) -> String { answer.body.components(separatedBy: "\"\(key)\":\"").dropFirst().first.map { String($0.prefix { $0 != "\"" }) } ?? "" }
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"town":"\#(House.town)","site":"school"}"#), "code")
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"体育館"}"#, token: nil), token = found(device, "token")
        func report(_ id: String, _ people: Int) async throws {
            hand.turn(10)
            let answer = try await house.call("POST", "/v1/reports", #"{"id":"\#(id)","people":\#(people),"crowding":"full","water":"no","needs":["blanket"],"note":"毛布が足りない"}"#, token: token)
            #expect((200..<300).contains(answer.status), "\(answer.body)")
        }
        try await report("r1", 120)
        hand.turn(1)
        let drill = found(try await house.call("POST", "/v1/drills", #"{"title":"秋の訓練"}"#), "id")
        #expect(try await house.call("POST", "/v1/drills/\(drill)/begin").status == 200)
        try await report("r2", 7)
        let lines = try await read(house).entries
        #expect(lines.map(\.words) == [
            "7人　満員　水なし　困っていること：毛布・暖房　「毛布が足りない」（訓練のあいだに届いた）", "120人　満員　水なし　困っていること：毛布・暖房　「毛布が足りない」",
        ] && lines.allSatisfy { $0.by == "第一小学校" && $0.kind == "report" }, "\(lines)")
        #expect(try await house.call("POST", "/v1/reports/aside", #"{"ids":["\#(found(device, "device_id"))/r2"]}"#).status == 204)
        #expect(try await read(house).entries.map(\.words).allSatisfy { $0.contains("120人") })
        #expect(try await read(house, "&mode=exercise").entries.map(\.kind) == ["drill", "drill"])
    }
}
