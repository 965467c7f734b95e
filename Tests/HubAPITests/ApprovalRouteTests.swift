import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import Synchronization
import Testing

@testable import HubAPI

@Suite("An order that waits for a second person")
struct ApprovalRouteTests {
    private let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","districts":["市内全域"]}"#
    private let password = "correct horse battery"

    private func people(_ house: House) async throws -> [String: HTTPFields] {
        var cookies: [String: HTTPFields] = [:]
        for (name, role) in [("sato", "duty"), ("suzuki", "duty"), ("takahashi", "chief"), ("ken", "prefecture"), ("miru", "watcher")] {
            let body = #"{"name":"\#(name)","roles":["\#(role)"],"towns":["042056"],"password":"\#(password)"}"#
            #expect(try await house.call("POST", "/v1/users", body, token: House.root).status == 201)
            let answer = try await house.call("POST", "/v1/sessions", #"{"name":"\#(name)","password":"\#(password)"}"#, token: nil)
            cookies[name] = [.cookie: String((answer.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
        }
        return cookies
    }

    private func inForce(_ house: House) async throws -> String {
        try await house.call("GET", "/v1/towns/042056/standing").body
    }

    private func id(_ answer: House.Heard) throws -> String {
        String(try #require(answer.body.firstMatch(of: /"id":"(A-[^"]+)"/)?.1))
    }

    @Test("Proposed, timed out, moved on, and sent by the next role, every clock turned by hand; the same order is told once")
    func story() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        let answer = try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])
        #expect(answer.status == 202 && answer.body.contains(#""approval":"#), "\(answer.body)")
        #expect(answer.body.contains(#""role":"chief"#) && answer.body.contains("takahashi"))
        #expect(try await !inForce(house).contains("避難指示"))
        let path = "/v1/approvals/\(try id(answer))"
        #expect(try await house.call("GET", path, token: nil, headers: cookies["takahashi"] ?? [:]).body.contains(#""after":4"#))
        #expect(answer.body.contains("市内全域"))
        // Whoever submitted it, whoever watches, and the next role before its time: no.
        for name in ["sato", "miru", "suzuki"] {
            #expect(try await house.call("POST", path + "/approve", token: nil, headers: cookies[name] ?? [:]).status == 403, "\(name)")
        }
        now.withLock { $0 += 121 }
        await house.hub.turnApprovals()
        #expect(try await house.call("GET", "/v1/approvals").body.contains(#""role":"duty"#))
        #expect(try await house.call("POST", path + "/approve", token: nil, headers: cookies["sato"] ?? [:]).status == 403)
        let yes = try await house.call("POST", path + "/approve", token: nil, headers: cookies["suzuki"] ?? [:])
        #expect(yes.status == 202 && yes.body.contains(#""decided_by":"suzuki"#), "\(yes.body)")
        #expect(try await inForce(house).contains("避難指示"))
        #expect(try await house.call("POST", path + "/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        let alerts = try await house.call("GET", "/v1/alerts?town=042056").body
        #expect(alerts.components(separatedBy: #""title""#).count == 2, "\(alerts)")
    }

    @Test("Returned with a reason it never goes out; a drill and a wrong order do not wait; break-glass goes out now and is looked at after")
    func others() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        let sato = cookies["sato"] ?? [:]
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        let path = "/v1/approvals/\(try id(first))/return"
        #expect(try await house.call("POST", path, #"{"reason":""}"#, token: nil, headers: cookies["takahashi"] ?? [:]).status == 422)
        #expect(try await house.call("POST", path, #"{"reason":"地区が違う"}"#, token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await house.call("POST", path.replacing("/return", with: "/approve"), token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        #expect(try await !inForce(house).contains("避難指示"))
        let drill = order.replacing(#""mode":"actual""#, with: #""mode":"exercise""#)
        #expect(try await !house.call("POST", "/v1/alerts", drill, token: nil, headers: sato).body.contains("approval"))
        let wrong = order.replacing(#""level":4"#, with: #""level":9"#)
        #expect(try await house.call("POST", "/v1/alerts", wrong, token: nil, headers: sato).status == 422)
        #expect(try await house.call("POST", "/v1/alerts?break_glass=", order, token: nil, headers: sato).status == 400)
        let now = try await house.call("POST", "/v1/alerts?break_glass=%E6%B4%A5%E6%B3%A2%E3%81%8C%E6%9D%A5%E3%81%9F", order, token: nil, headers: sato)
        #expect(now.status == 202 && !now.body.contains("approval"))
        #expect(try await inForce(house).contains("避難指示"))
        let list = try await house.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review"#) && list.contains("津波が来た"))
        #expect(try await house.call("GET", "/v1/attention").body.contains("承認なしで出しました"))
        let review = "/v1/approvals/\(try id(House.Heard(status: 0, headers: [:], body: list)))/approve"
        #expect(try await house.call("POST", review, token: nil, headers: sato).status == 403)
        #expect(try await house.call("POST", review, token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await !house.call("GET", "/v1/attention").body.contains("承認なしで出しました"))
    }

    @Test("One person and a minute: it goes out by itself at its time, once, and who has second thoughts stops it before")
    func minute() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        let sato = cookies["sato"] ?? [:]
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        now.withLock { $0 += 59 }
        await house.hub.turnApprovals()
        #expect(try await !inForce(house).contains("避難指示"))
        let stop = try await house.call("POST", "/v1/approvals/\(try id(first))/return", #"{"reason":"まちがい"}"#, token: nil, headers: sato)
        #expect(stop.status == 200)
        now.withLock { $0 += 60 }
        await house.hub.turnApprovals()
        #expect(try await !inForce(house).contains("避難指示"))
        _ = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        now.withLock { $0 += 60 }
        await house.hub.turnApprovals()
        await house.hub.turnApprovals()
        #expect(try await inForce(house).contains("避難指示"))
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("What is returned while the timed ones go out does not go out, and what is approved meanwhile goes out once")
    func stopped() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        var ids: [String] = []
        for number in 0..<40 {
            let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"お知らせ第\#(number)号","body":"断水しています。"}"#
            ids.append(try await id(house.call("POST", "/v1/alerts", notice, token: nil, headers: cookies["sato"] ?? [:])))
        }
        now.withLock { $0 += 61 }
        let hub = house.hub
        let answers = try await withThrowingTaskGroup(of: (String, Bool, Int).self) { group in
            group.addTask {
                await hub.turnApprovals()
                return ("", false, 0)
            }
            for (number, id) in ids.reversed().enumerated() {
                let isReturn = number.isMultiple(of: 2)
                group.addTask {
                    let path = "/v1/approvals/\(id)/" + (isReturn ? "return" : "approve")
                    let answer = try await house.call("POST", path, isReturn ? #"{"reason":"止め"}"# : nil, token: nil, headers: cookies["takahashi"] ?? [:])
                    return (id, isReturn, answer.status)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let sent = try await house.call("GET", "/v1/alerts?limit=1000").body
        for (id, isReturn, status) in answers where !id.isEmpty {
            let alert = id.dropFirst(2)
            #expect(sent.contains(alert) == !(isReturn && status == 200), "\(id) \(isReturn) \(status)")
            #expect(sent.components(separatedBy: #""id":"\#(alert)""#).count <= 2)
        }
    }

    @Test("Killed between the sending and the note of it: after the start it is sent already, is to be looked at, and nobody sends it again")
    func killed() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger, approval: .two)
        let cookies = try await people(house)
        let path = "/v1/approvals/\(try await id(house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])))"
        let notes = ledger.keys(prefix: "approval/").map { ($0, ledger.read($0)) }
        #expect(try await house.call("POST", path + "/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 202)
        for (key, value) in notes { ledger.write(key, value) }
        let again = try await House(ledger: ledger, approval: .two)
        try await again.hub.recover()
        let list = try await again.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review"#) && !list.contains("waiting"), "\(list)")
        #expect(try await again.call("POST", path + "/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await again.call("GET", "/v1/approvals").body == #"{"approvals":[]}"#)
        #expect(try await again.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("Killed after break-glass on an order that waited under a key: it is known to be out, and the same order again is the same")
    func killedGlass() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger, approval: .two)
        let cookies = try await people(house)
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        _ = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        let notes = ledger.keys(prefix: "approval/").map { ($0, ledger.read($0)) }
        #expect(try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato).status == 202)
        for (key, value) in notes { ledger.write(key, value) }
        let again = try await House(ledger: ledger, approval: .two)
        try await again.hub.recover()
        #expect(try await !again.call("GET", "/v1/approvals").body.contains("waiting"))
        _ = try await again.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
        #expect(try await again.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("Approved and sent at once in the same moment, it goes out once", arguments: 0..<8)
    func together(_ round: Int) async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let path = "/v1/approvals/\(try await id(house.call("POST", "/v1/alerts", order, token: nil, headers: sato)))/approve"
        async let yes = house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:])
        async let glass = house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
        _ = try await (yes, glass)
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
        #expect(try await !house.call("GET", "/v1/approvals").body.contains(#""state":"waiting""#))
    }

    @Test("A role in two towns is asked for town by town; the timed order of who has no right to it any more waits for somebody")
    func parts() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        _ = try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])
        #expect(try await house.call("PATCH", "/v1/users/sato", #"{"roles":["watcher"],"towns":["042056"]}"#, token: House.root).status == 200)
        now.withLock { $0 += 61 }
        await house.hub.turnApprovals()
        #expect(try await !inForce(house).contains("避難指示"))
    }

    @Test("The same order under the same key waits once, and after the yes its answer is the alert's")
    func key() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        #expect(try await id(house.call("POST", "/v1/alerts", order, token: nil, headers: sato)) == id(first))
        let other = order.replacing(#""level":4"#, with: #""level":5"#)
        #expect(try await house.call("POST", "/v1/alerts", other, token: nil, headers: sato).status == 422)
        _ = try await house.call("POST", "/v1/approvals/\(try id(first))/approve", token: nil, headers: cookies["takahashi"] ?? [:])
        let again = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        #expect(!again.body.contains("approval") && again.headers[.init("Idempotent-Replayed")!] == "true", "\(again.body)")
    }

    @Test("A mistake of a moment ago is taken back at once; what has stood for a while asks for a second person")
    func takingBack() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        let sato = cookies["sato"] ?? [:]
        for (wait, isAsked) in [(300.0, false), (700, true)] {
            let sent = try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
            let alert = try #require(sent.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
            now.withLock { $0 += wait }
            let back = try await house.call("POST", "/v1/alerts/\(alert)/cancel", token: nil, headers: sato)
            #expect(back.status == 202 && back.body.contains("approval") == isAsked, "\(wait): \(back.body)")
            #expect(try await inForce(house).contains("避難指示") == isAsked)
        }
    }

    @Test("Two orders for two districts wait and go out one after the other; one whose district has changed meanwhile does not")
    func meanwhile() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        func submit(_ name: String, _ district: String, _ level: Int) async throws -> String {
            let body = #"{"town":"042056","kind":"evacuation","mode":"actual","level":\#(level),"hazard":"洪水","districts":["\#(district)"],"based_on":0}"#
            return try await id(house.call("POST", "/v1/alerts", body, token: nil, headers: cookies[name] ?? [:]))
        }
        let (one, two) = (try await submit("sato", "本町", 4), try await submit("suzuki", "川端", 3))
        let third = try await submit("suzuki", "本町", 5)
        let chief = cookies["takahashi"] ?? [:]
        for id in [one, two] {
            #expect(try await house.call("POST", "/v1/approvals/\(id)/approve", token: nil, headers: chief).status == 202)
        }
        let late = try await house.call("POST", "/v1/approvals/\(third)/approve", token: nil, headers: chief)
        #expect(late.status == 409 && late.body.contains("状況が変わりました"), "\(late.body)")
        let standing = try await inForce(house)
        #expect(standing.contains("避難指示") && standing.contains("高齢者等避難") && !standing.contains("緊急安全確保"), "\(standing)")
        #expect(try await house.call("POST", "/v1/approvals/\(third)/return", #"{"reason":"古い"}"#, token: nil, headers: chief).status == 200)
    }

    @Test("An order the disk does not take is said to be unrecorded, and the same order sent again is still one")
    func sick() async throws {
        let house = try await House(ledger: SickLedger(.refuses), approval: .two)
        let answer = try await house.call("POST", "/v1/alerts", order, headers: [.init("Idempotency-Key")!: "k"])
        #expect(answer.status == 503 && answer.body.contains("承認待ちにしましたが"), "\(answer.body)")
        #expect(try await house.call("POST", "/v1/alerts", order, headers: [.init("Idempotency-Key")!: "k"]).status == 503)
        #expect(try await house.call("GET", "/v1/approvals").body.components(separatedBy: #""id""#).count == 2)
    }

    @Test("A town whose people are tokens in the settings waits for nobody, nor does one without anybody to approve")
    func none() async throws {
        let house = try await House()
        #expect(try await !house.call("POST", "/v1/alerts", order).body.contains("approval"))
        let alone = #"{"name":"sato","roles":["duty"],"towns":["042056"],"password":"\#(password)"}"#
        #expect(try await house.call("POST", "/v1/users", alone, token: House.root).status == 201)
        let other = order.replacing(#""level":4"#, with: #""level":5"#)
        #expect(try await !house.call("POST", "/v1/alerts", other).body.contains("approval"))
        let chief = #"{"name":"takahashi","roles":["chief"],"towns":["042056"],"password":"\#(password)"}"#
        #expect(try await house.call("POST", "/v1/users", chief, token: House.root).status == 201)
        #expect(try await house.call("POST", "/v1/alerts", order).body.contains("approval"))
    }

    @Test("An account, a token or a password that somebody made is no second person for him, until somebody else has looked")
    func shadows() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        let (chief, ken) = (cookies["takahashi"] ?? [:], cookies["ken"] ?? [:])
        let made = try await house.call(
            "POST", "/v1/users", #"{"name":"kage","roles":["chief"],"towns":["042056"],"password":"\#(password)"}"#, token: nil, headers: chief)
        #expect(made.status == 201 && made.body.contains(#""confirmed":false"#) && made.body.contains(#""kind":"people"#), "\(made.body)")
        let token = try await house.call("POST", "/v1/tokens", #"{"name":"t","towns":["042056"],"scopes":["approve","read"]}"#, token: nil, headers: chief)
        let secret = String(try #require(token.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        let signed = try await house.call("POST", "/v1/sessions", #"{"name":"kage","password":"\#(password)"}"#, token: nil)
        let shadow: HTTPFields = [.cookie: String((signed.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
        let waiting = "/v1/approvals/\(try await id(house.call("POST", "/v1/alerts", order, token: nil, headers: chief)))/approve"
        #expect(try await house.call("POST", waiting, token: nil, headers: shadow).status == 403)
        #expect(try await house.call("POST", waiting, token: secret).status == 403)
        // Nor does he look at himself, nor she at her own.
        let look = "/v1/approvals/\(try id(made))"
        #expect(try await house.call("GET", look, token: nil, headers: ken).body.contains(#""previews":[]"#))
        for own in [chief, shadow] { #expect(try await house.call("POST", look + "/approve", token: nil, headers: own).status == 403) }
        // Not before the person has a password that nobody else knows.
        #expect(try await house.call("POST", look + "/approve", token: nil, headers: ken).status == 409)
        let word = "a word of my own"
        #expect(try await house.call("PUT", "/v1/sessions/current/password", #"{"password":"\#(word)"}"#, token: nil, headers: shadow).status == 204)
        #expect(try await house.call("POST", look + "/approve", token: nil, headers: ken).status == 200)
        #expect(try await house.call("POST", waiting, token: secret).status == 403)
        // Whoever was in by the name is out.
        #expect(try await house.call("POST", waiting, token: nil, headers: shadow).status == 401)
        let again = try await house.call("POST", "/v1/sessions", #"{"name":"kage","password":"\#(word)"}"#, token: nil)
        let person: HTTPFields = [.cookie: String((again.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
        #expect(try await house.call("POST", waiting, token: nil, headers: person).status == 202)
        // A new password puts the account back into who set it's hands.
        let reset = try await house.call("PATCH", "/v1/users/ken", #"{"password":"\#(password)"}"#, token: nil, headers: chief)
        #expect(reset.status == 202 && reset.body.contains("approval"), "\(reset.body)")
    }

    @Test("A role that says yes, and new keys for the safe, are given when a second person has seen it, and are not until then")
    func roles() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        let (chief, ken, suzuki) = (cookies["takahashi"] ?? [:], cookies["ken"] ?? [:], cookies["suzuki"] ?? [:])
        let wish = try await house.call("PATCH", "/v1/users/suzuki", #"{"roles":["chief"],"towns":["042056"]}"#, token: nil, headers: chief)
        #expect(wish.status == 202 && wish.body.contains("suzukiを気仙沼市の防災課長に"), "\(wish.body)")
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: suzuki).status == 403)
        let path = "/v1/approvals/\(try id(wish))/approve"
        for own in [chief, suzuki] { #expect(try await house.call("POST", path, token: nil, headers: own).status == 403) }
        #expect(try await house.call("POST", path, token: nil, headers: ken).status == 200)
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: suzuki).status == 200)
        // Less than before waits for nobody.
        #expect(try await house.call("PATCH", "/v1/users/suzuki", #"{"roles":["duty"],"towns":["042056"]}"#, token: nil, headers: chief).status == 200)

        let first = try await house.call("POST", "/v1/towns/042056/safe-keys", "{}", token: House.root)
        let next = try await house.call("POST", "/v1/towns/042056/safe-keys", "{}", token: nil, headers: chief)
        #expect(first.status == 201 && next.status == 202)
        func opens(_ answer: House.Heard) async throws -> Bool {
            let key = try #require(answer.body.firstMatch(of: /"([a-z0-9]{5}(?:-[a-z0-9]{5}){3})"/)?.1)
            return try await house.call("POST", "/v1/sessions", #"{"safe_key":"\#(key)"}"#, token: nil).status == 201
        }
        #expect(try await !opens(next))
        #expect(try await house.call("POST", "/v1/approvals/\(try id(next))/approve", token: nil, headers: ken).status == 200)
        #expect(try await opens(next))
        let second = House.Heard(status: 0, headers: [:], body: String(first.body.dropFirst(30)))
        #expect(try await !opens(second))
    }

    @Test("Break-glass on an order that waits sends that one, once, under its key or without, and leaves nothing waiting", arguments: [true, false])
    func glass(_ hasKey: Bool) async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        var sato = cookies["sato"] ?? [:]
        if hasKey { sato[.init("Idempotency-Key")!] = "k1" }
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        #expect(first.body.contains(#""approval":"#))
        for number in 0..<2 {
            let now = try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
            #expect(now.status == 202 || now.status == 200)
            #expect(!now.body.contains(#""approval":"#), "\(number): \(now.body)")
            if !hasKey { break }
        }
        #expect(try await inForce(house).contains("避難指示"))
        let list = try await house.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review"#) && !list.contains(#""state":"waiting"#), "\(list)")
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
        #expect(try await house.call("POST", "/v1/approvals/\(try id(first))/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("After it was given back, break-glass under the same key sends it; told again it is the same")
    func glassAfterNo() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        _ = try await house.call("POST", "/v1/approvals/\(try id(first))/return", #"{"reason":"違う"}"#, token: nil, headers: cookies["takahashi"] ?? [:])
        for _ in 0..<2 { #expect(try await !house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato).body.contains(#""approval":"#)) }
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("Who submitted it is stopped, or his token is taken away: it does not go out by itself, and somebody else decides")
    func stoppedSender() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        let made = try await house.call("POST", "/v1/tokens", #"{"name":"t","towns":["042056"],"scopes":["send"]}"#, token: House.root)
        let token = String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        let number = try #require(made.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水しています。"}"#
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])
        let second = try await house.call("POST", "/v1/alerts", notice, token: token)
        #expect(try await house.call("PATCH", "/v1/users/sato", #"{"disabled":true}"#, token: House.root).status == 200)
        #expect(try await house.call("DELETE", "/v1/tokens/\(number)", token: House.root).status == 204)
        now.withLock { $0 += 61 }
        for _ in 0..<3 { await house.hub.turnApprovals() }
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body == #"{"alerts":[]}"#)
        #expect(try await house.call("GET", "/v1/approvals").body.components(separatedBy: #""by_stopped":true"#).count == 3)
        #expect(try await house.call("GET", "/v1/attention").body.contains("止められたので"))
        for answer in [first, second] {
            #expect(try await house.call("POST", "/v1/approvals/\(try id(answer))/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 202)
        }
    }

    @Test("What was called wrong a moment ago is not said again by one person")
    func again() async throws {
        let house = try await House(approval: .two)
        let cookies = try await people(house)
        let sato = cookies["sato"] ?? [:]
        let sent = try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
        let alert = try #require(sent.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        let back = try await house.call("POST", "/v1/alerts/\(alert)/cancel", token: nil, headers: cookies["suzuki"] ?? [:])
        #expect(back.status == 202 && !back.body.contains(#""approval":"#))
        let cancel = try #require(back.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        let once = try await house.call("POST", "/v1/alerts/\(cancel)/cancel", token: nil, headers: sato)
        #expect(once.status == 202 && once.body.contains(#""approval":"#), "\(once.body)")
        #expect(try await !inForce(house).contains("避難指示"))
    }

    @Test("Nobody says yes for an hour: it is not sent any more, and the desk is told")
    func lapsed() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await people(house)
        let path = "/v1/approvals/\(try await id(house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])))/approve"
        for _ in 0..<31 {
            now.withLock { $0 += 120 }
            await house.hub.turnApprovals()
        }
        #expect(try await house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        #expect(try await house.call("GET", "/v1/attention").body.contains("古くなり"))
        #expect(try await !inForce(house).contains("避難指示"))
    }
}
