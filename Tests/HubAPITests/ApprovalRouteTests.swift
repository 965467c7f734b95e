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
    private let order = House.order

    @Test("Proposed, timed out, moved on, and sent by the next role, every clock turned by hand; the same order is told once")
    func story() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        let answer = try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])
        #expect(answer.status == 202 && answer.body.contains(#""approval":"#), "\(answer.body)")
        #expect(answer.body.contains(#""role":"chief"#) && answer.body.contains("takahashi"))
        #expect(try await !house.inForce().contains("避難指示"))
        let path = "/v1/approvals/\(try House.approval(in: answer))"
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
        #expect(try await house.inForce().contains("避難指示"))
        #expect(try await house.call("POST", path + "/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        let alerts = try await house.call("GET", "/v1/alerts?town=042056").body
        #expect(alerts.components(separatedBy: #""title""#).count == 2, "\(alerts)")
    }

    @Test("Returned with a reason it never goes out; a drill and a wrong order do not wait; break-glass goes out now and is looked at after")
    func others() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        let sato = cookies["sato"] ?? [:]
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        let path = "/v1/approvals/\(try House.approval(in: first))/return"
        #expect(try await house.call("POST", path, #"{"reason":""}"#, token: nil, headers: cookies["takahashi"] ?? [:]).status == 422)
        #expect(try await house.call("POST", path, #"{"reason":"地区が違う"}"#, token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await house.call("POST", path.replacing("/return", with: "/approve"), token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        #expect(try await !house.inForce().contains("避難指示"))
        let drill = order.replacing(#""mode":"actual""#, with: #""mode":"exercise""#)
        #expect(try await !house.call("POST", "/v1/alerts", drill, token: nil, headers: sato).body.contains("approval"))
        let wrong = order.replacing(#""level":4"#, with: #""level":9"#)
        #expect(try await house.call("POST", "/v1/alerts", wrong, token: nil, headers: sato).status == 422)
        #expect(try await house.call("POST", "/v1/alerts?break_glass=", order, token: nil, headers: sato).status == 400)
        let now = try await house.call("POST", "/v1/alerts?break_glass=%E6%B4%A5%E6%B3%A2%E3%81%8C%E6%9D%A5%E3%81%9F", order, token: nil, headers: sato)
        #expect(now.status == 202 && !now.body.contains("approval"))
        #expect(try await house.inForce().contains("避難指示"))
        let list = try await house.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review"#) && list.contains("津波が来た"))
        #expect(try await house.call("GET", "/v1/attention").body.contains("承認なしで出しました"))
        let review = "/v1/approvals/\(try House.approval(in: House.Heard(status: 0, headers: [:], body: list)))/approve"
        #expect(try await house.call("POST", review, token: nil, headers: sato).status == 403)
        #expect(try await house.call("POST", review, token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await !house.call("GET", "/v1/attention").body.contains("承認なしで出しました"))
    }

    @Test("One person and a minute: it goes out by itself at its time, once, and who has second thoughts stops it before")
    func minute() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        let sato = cookies["sato"] ?? [:]
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        now.withLock { $0 += 59 }
        await house.hub.turnApprovals()
        #expect(try await !house.inForce().contains("避難指示"))
        let stop = try await house.call("POST", "/v1/approvals/\(try House.approval(in: first))/return", #"{"reason":"まちがい"}"#, token: nil, headers: sato)
        #expect(stop.status == 200)
        now.withLock { $0 += 60 }
        await house.hub.turnApprovals()
        #expect(try await !house.inForce().contains("避難指示"))
        _ = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        now.withLock { $0 += 60 }
        await house.hub.turnApprovals()
        await house.hub.turnApprovals()
        #expect(try await house.inForce().contains("避難指示"))
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("What is returned while the timed ones go out does not go out, and what is approved meanwhile goes out once")
    func stopped() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        var ids: [String] = []
        for number in 0..<40 {
            let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"お知らせ第\#(number)号","body":"断水しています。"}"#
            ids.append(try await House.approval(in: house.call("POST", "/v1/alerts", notice, token: nil, headers: cookies["sato"] ?? [:])))
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

    @Test("Two people who approve the same ones at once send each once, each hears by name what the other did, and who submitted them approves none")
    func atOnce() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        var ids: [String] = []
        for number in 0..<17 {
            let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"お知らせ第\#(number)号","body":"断水しています。"}"#
            ids.append(try await House.approval(in: house.call("POST", "/v1/alerts", notice, token: nil, headers: cookies["sato"] ?? [:])))
        }
        // Long enough that the next role may too, and not so long that they are too old.
        now.withLock { $0 += 601 }
        await house.hub.turnApprovals()
        let answers = try await withThrowingTaskGroup(of: (id: String, by: String, status: Int, body: String).self) { group in
            for (name, order) in [("takahashi", ids), ("suzuki", ids.reversed()), ("sato", ids)] {
                for id in order {
                    group.addTask {
                        let answer = try await house.call("POST", "/v1/approvals/\(id)/approve", token: nil, headers: cookies[name] ?? [:])
                        return (id, name, answer.status, answer.body)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let sent = try await house.call("GET", "/v1/alerts?limit=1000").body
        for id in ids {
            let own = answers.filter { $0.id == id }, yes = own.filter { $0.status == 202 }
            #expect(yes.count == 1 && yes.first?.by != "sato", "\(own)")
            #expect(own.count { $0.status == 409 } >= 1 && own.contains { $0.by == "sato" && [403, 409].contains($0.status) }, "\(own)")
            #expect(sent.components(separatedBy: #""id":"\#(id.dropFirst(2))""#).count == 2, "once")
        }
        let record = try await house.call("GET", "/v1/chronicle?mode=actual&limit=1000").body
        #expect(record.components(separatedBy: "承認した：").count == ids.count + 1, "each is a fact of its own")
    }

    @Test("Killed between the sending and the note of it: after the start it is sent already, is to be looked at, and nobody sends it again")
    func killed() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger, approval: .two)
        let cookies = try await house.staff()
        let path = "/v1/approvals/\(try await House.approval(in: house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])))"
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

    @Test("The same order under the same key waits once, and after the yes its answer is the alert's")
    func key() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        #expect(try await House.approval(in: house.call("POST", "/v1/alerts", order, token: nil, headers: sato)) == House.approval(in: first))
        let other = order.replacing(#""level":4"#, with: #""level":5"#)
        #expect(try await house.call("POST", "/v1/alerts", other, token: nil, headers: sato).status == 422)
        _ = try await house.call("POST", "/v1/approvals/\(try House.approval(in: first))/approve", token: nil, headers: cookies["takahashi"] ?? [:])
        let again = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        #expect(!again.body.contains("approval") && again.headers[.init("Idempotent-Replayed")!] == "true", "\(again.body)")
    }

    @Test("A mistake of a moment ago is taken back at once; what has stood for a while asks for a second person")
    func takingBack() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        let sato = cookies["sato"] ?? [:]
        for (wait, isAsked) in [(300.0, false), (700, true)] {
            let sent = try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
            let alert = try #require(sent.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
            now.withLock { $0 += wait }
            let back = try await house.call("POST", "/v1/alerts/\(alert)/cancel", token: nil, headers: sato)
            #expect(back.status == 202 && back.body.contains("approval") == isAsked, "\(wait): \(back.body)")
            #expect(try await house.inForce().contains("避難指示") == isAsked)
        }
    }

    @Test("Two orders for two districts wait and go out one after the other; one whose district has changed meanwhile does not")
    func meanwhile() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        func submit(_ name: String, _ district: String, _ level: Int) async throws -> String {
            let body = #"{"town":"042056","kind":"evacuation","mode":"actual","level":\#(level),"hazard":"洪水","districts":["\#(district)"],"based_on":0}"#
            return try await House.approval(in: house.call("POST", "/v1/alerts", body, token: nil, headers: cookies[name] ?? [:]))
        }
        let (one, two) = (try await submit("sato", "本町", 4), try await submit("suzuki", "川端", 3))
        let third = try await submit("suzuki", "本町", 5)
        let chief = cookies["takahashi"] ?? [:]
        for id in [one, two] {
            #expect(try await house.call("POST", "/v1/approvals/\(id)/approve", token: nil, headers: chief).status == 202)
        }
        let late = try await house.call("POST", "/v1/approvals/\(third)/approve", token: nil, headers: chief)
        #expect(late.status == 409 && late.body.contains("状況が変わりました"), "\(late.body)")
        let standing = try await house.inForce()
        #expect(standing.contains("避難指示") && standing.contains("高齢者等避難") && !standing.contains("緊急安全確保"), "\(standing)")
        #expect(try await house.call("POST", "/v1/approvals/\(third)/return", #"{"reason":"古い"}"#, token: nil, headers: chief).status == 200)
    }

    @Test("An order the disk does not take is said to be unrecorded, and the same order sent again is still one")
    func sick() async throws {
        let house = try await House(ledger: SickLedger(.refuses), approval: .two)
        let answer = try await house.call("POST", "/v1/alerts", order, headers: [.init("Idempotency-Key")!: "k"])
        #expect(answer.status == 503 && answer.body.contains("受け付けましたが"), "\(answer.body)")
        #expect(try await house.call("POST", "/v1/alerts", order, headers: [.init("Idempotency-Key")!: "k"]).status == 503)
        #expect(try await house.call("GET", "/v1/approvals").body.components(separatedBy: #""id""#).count == 2)
    }

    @Test("A town whose people are tokens in the settings waits for nobody, nor does one without anybody to approve")
    func none() async throws {
        let house = try await House()
        #expect(try await !house.call("POST", "/v1/alerts", order).body.contains("approval"))
        let alone = #"{"name":"sato","roles":["duty"],"towns":["042056"],"password":"\#(House.password)"}"#
        #expect(try await house.call("POST", "/v1/users", alone, token: House.root).status == 201)
        let other = order.replacing(#""level":4"#, with: #""level":5"#)
        #expect(try await !house.call("POST", "/v1/alerts", other).body.contains("approval"))
        let chief = #"{"name":"takahashi","roles":["chief"],"towns":["042056"],"password":"\#(House.password)"}"#
        #expect(try await house.call("POST", "/v1/users", chief, token: House.root).status == 201)
        #expect(try await house.call("POST", "/v1/alerts", order).body.contains("approval"))
    }
}
