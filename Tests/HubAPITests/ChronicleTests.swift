import AlertModel
import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import LedgerStore
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
        // Who was given an account stands there too, before all of it.
        let lines = page.entries.filter { $0.kind != "people" }.map { "\($0.kind) \($0.by) \($0.words)" }
        #expect(page.entries.suffix(5).map { "\($0.kind) \($0.by) \($0.words)" }.contains("people root 加えた：takahashi（防災課長）"), "\(page.entries.suffix(5))")
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

    @Test("Who may do what, lent tablets and lists of shelters: each change that nobody else had to see is a line of its town; no address, no password, no borrower")
    func people() async throws {
        let hand = Hand(), house = try await House(hasNeighbour: true, shelters: [Shelter(id: "gym", name: "市民体育館")], districts: ["港町"], clock: { hand.date })
        func step(_ method: String, _ path: String, _ body: String? = nil, _ expected: Int, token: String? = House.root, headers: HTTPFields = [:]) async throws -> House.Heard {
            hand.turn(60)
            let answer = try await house.call(method, path, body, token: token, headers: headers)
            #expect(answer.status == expected, "\(path): \(answer.status) \(answer.body)")
            return answer
        }
        _ = try await step("POST", "/v1/users", #"{"name":"sato","roles":["duty@042056","press@042021"],"password":"correct horse battery"}"#, 201)
        _ = try await step("PATCH", "/v1/users/sato", #"{"roles":["duty","chief"],"towns":["042056"]}"#, 200)
        _ = try await step("PATCH", "/v1/users/sato", #"{"ways":{"mail":"sato@city.example.jp","phone":"090-0000-0001"}}"#, 200)
        _ = try await step("PATCH", "/v1/users/sato", #"{"password":"another horse battery"}"#, 200)
        // Nobody is looked at before he has a word of his own.
        let own = try await house.signIn("sato", "another horse battery")
        _ = try await step("PUT", "/v1/sessions/current/password", #"{"password":"a word of my own"}"#, 204, token: nil, headers: own)
        _ = try await step("PATCH", "/v1/users/sato", #"{"confirmed":true}"#, 200, token: House.token)
        _ = try await step("PATCH", "/v1/users/sato", #"{"disabled":true}"#, 200)
        _ = try await step("PATCH", "/v1/users/sato", #"{"disabled":true}"#, 200)
        _ = try await step("PATCH", "/v1/users/sato", #"{"disabled":false}"#, 200)
        let token = try await step("POST", "/v1/tokens", #"{"name":"気象連携","towns":["042056"],"scopes":["feed"],"expires":"2027-03-31T00:00:00+09:00"}"#, 201)
        let id = try #require(token.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        _ = try await step("DELETE", "/v1/tokens/\(id)", nil, 204)
        _ = try await step("POST", "/v1/towns/042056/safe-keys", nil, 201)
        _ = try await step("PUT", "/v1/towns/042056/open-desk", #"{"reason":"役場が浸水","hours":6}"#, 200)
        _ = try await step("DELETE", "/v1/towns/042056/open-desk", nil, 200)
        _ = try await step("DELETE", "/v1/towns/042056/open-desk", nil, 200)
        let invited = try await step("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school","name":"3年1組の7番"}"#, 201)
        let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let made = try await step("POST", "/v1/devices", #"{"code":"\#(code)"}"#, 201, token: nil)
        let device = try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1)
        // The register goes by the machine's own clock, whatever day it is.
        let until = Date().addingTimeInterval(2 * 86_400), day = JapanTime.parts(until)
        _ = try await step("POST", "/v1/devices/\(device)/lend", #"{"to":"山田花子","until":"\#(JapanTime.text(until, milliseconds: false))"}"#, 200)
        _ = try await step("POST", "/v1/devices/\(device)/lend", #"{"to":"鈴木"}"#, 409)
        _ = try await step("POST", "/v1/devices/\(device)/return", nil, 200)
        _ = try await step("DELETE", "/v1/devices/\(device)", nil, 204)
        let list = "ID,施設名称,住所,緯度,経度\nB1,会館,本町1,38.91,141.57\n", csv: HTTPFields = [.contentType: "text/csv"]
        _ = try await step("POST", "/v1/towns/042056/shelters/import?name=x.csv&list=buildings&dry_run=true", list, 200, headers: csv)
        _ = try await step("POST", "/v1/towns/042056/shelters/import?name=x.csv&list=buildings", list, 200, headers: csv)
        _ = try await step("DELETE", "/v1/towns/042056/shelters/lists/buildings", nil, 200)

        let entries = try await house.call("GET", "/v1/chronicle?town=042056&limit=1000", token: House.root).body
        let lines = try JSONDecoder().decode(Page.self, from: Data(entries.utf8)).entries.reversed().map { "\($0.kind) \($0.by) \($0.words)" }
        #expect(lines == [
            "people root 加えた：sato（当直）", "people root 役割：sato（当直 → 当直、防災課長）", "people root 呼び出しの連絡先をメール、電話にした：sato", "people root 新しいパスワードにした：sato",
            "people desk だれかを確かめた：sato", "people root 使えなくした：sato", "people root また使えるようにした：sato", "people root トークンを作った：気象連携（feed、2027-03-31まで）",
            "people root トークンを使えなくした：気象連携", "people root 金庫の鍵を作り直した（10枚）", "people root 操作卓を、どこからでも使えるようにした（6時間）。理由：役場が浸水", "people root 操作卓を、どこからでも使えるのをやめた",
            "device root 貸した：第一小学校の「3年1組の7番」（\(day.month)月\(day.day)日\(day.hour)時\(day.minute)分まで）", "device root 返った：第一小学校の「3年1組の7番」", "device root 使えなくした：第一小学校の「3年1組の7番」",
            "settings root 避難所の名簿「buildings」を取り込んだ：新しい1か所", "settings root 避難所の名簿「buildings」をなくした：1か所",
        ], "\(lines)")
        for secret in ["山田", "sato@", "090-0000", "horse"] { #expect(!entries.contains(secret), "\(secret)") }
        let other = try await house.call("GET", "/v1/chronicle?town=042021", token: House.root).body
        let beside = try JSONDecoder().decode(Page.self, from: Data(other.utf8)).entries.map(\.words)
        #expect(beside == ["役割：sato（広報 → なし）", "加えた：sato（広報）"], "what is his in the other town, and nothing of this one: \(beside)")
    }

    @Test("A change that waits for a second person is told among the approvals alone, until he says yes")
    func waits() async throws {
        let hand = Hand(), house = try await house(hand, approval: .two)
        let cookies = try await house.staff()
        let before = try await read(house, "&limit=1000").entries.count
        hand.turn(60)
        let given = try await house.call("PATCH", "/v1/users/suzuki", #"{"roles":["chief"],"towns":["042056"]}"#, token: nil, headers: cookies["takahashi"] ?? [:])
        #expect(given.status == 202, "\(given.status) \(given.body)")
        let page = try await read(house, "&limit=1000").entries
        #expect(page.count == before + 1 && page.first?.kind == "approval", "\(page.prefix(3))")
        hand.turn(60)
        let yes = try await house.call("POST", "/v1/approvals/\(try House.approval(in: given))/approve", token: nil, headers: cookies["ken"] ?? [:])
        #expect(yes.status == 200 || yes.status == 202, "\(yes.status) \(yes.body)")
        let after = try await read(house, "&limit=1000").entries
        #expect(after.count == before + 2 && after.first?.words.hasPrefix("承認した：「役割：suzukiを") == true, "\(after.prefix(3))")
    }

    @Test("What has moved to its archive stands there as before: page by page, between two times and as a file; and steps without a line hide nothing behind them")
    func archived() async throws {
        let folder = URL.temporaryDirectory.appending(path: "noroshi-chronicle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        let ledger = try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path, logger: House.logger)
        let hand = Hand(), house = try await house(hand, ledger: ledger), town = try #require(TownID(House.town))
        let month: TimeInterval = 31 * 86_400
        for number in 0..<6 {
            _ = try await house.call("POST", "/v1/chronicle", #"{"id":"n\#(number)","mode":"actual","words":"一行 \#(number)"}"#)
            _ = try await house.call(
                "POST", "/v1/alerts", #"{"town":"\#(House.town)","kind":"notice","mode":"actual","title":"断水\#(number)","body":"断水しています。"}"#)
            for call in 0..<30 {
                _ = ledger.town(town).append(RecordedDeed(
                    id: "c\(number)-\(call)", mode: .actual, kind: "muster", subject: "m", at: hand.date.addingTimeInterval(1), actor: "hub", body: #"{"step":"called"}"#))
            }
            hand.turn(month)
        }
        let whole = try await read(house, "&limit=1000").entries
        #expect(whole.count == 12)
        func paged(_ limit: Int) async throws -> [Page.Entry] {
            var found: [Page.Entry] = [], next: String?
            repeat {
                let page = try await read(house, "&limit=\(limit)" + (next.map { "&before=\($0)" } ?? ""))
                found += page.entries
                next = page.next
            } while next != nil
            return found
        }
        for limit in [1, 5, 12] { #expect(try await paged(limit) == whole, "thirty steps without a line between two others, by \(limit)") }
        // Four months of it leave; two stay.
        var done = Retired()
        let later = hand.date.addingTimeInterval(5 * 365.25 * 86_400 - 2.5 * month)
        var round: Retired
        repeat {
            round = try await ledger.retire(RetentionRule(town: town, now: later))
            done += round
        } while round.isMore
        #expect(done.deeds == 4 * 31 && done.alerts == 4, "\(done)")
        for limit in [1, 5, 1000] { #expect(try await paged(limit) == whole, "by \(limit)") }
        let since = whole[9].at, until = whole[3].at
        func escaped(_ text: String) -> String { text.replacing("+", with: "%2B") }
        #expect(try await read(house, "&since=\(escaped(since))&until=\(escaped(until))").entries == whole.filter { $0.at >= since && $0.at < until })
        let csv = try await house.call("GET", "/v1/chronicle?format=csv").body.components(separatedBy: "\r\n").dropFirst().dropLast()
        #expect(csv.count == 12 && zip(csv, whole.reversed()).allSatisfy { $0.hasPrefix($1.at) && $0.contains($1.words) }, "\(csv)")
        let objects = try await house.call("GET", "/v1/chronicle?format=jsonl").body.split(separator: "\n").map { try JSONDecoder().decode(Page.Entry.self, from: Data($0.utf8)) }
        #expect(objects == whole.reversed())
        await ledger.close()
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
        #expect(try await read(house).entries.filter { $0.kind != "people" }.count == 1)
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
