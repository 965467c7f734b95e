import AlertModel
import Desk
import Foundation
import HTTPTypes
import Hub
import Ledger
import Synchronization
import Testing

@testable import HubAPI

/// Who is a second person, and that one order is one, whoever says yes to it in whatever moment.
@Suite("The second person")
struct SecondPersonTests {
    private let order = House.order

    @Test("Killed after break-glass on an order that waited under a key: it is known to be out, and the same order again is the same")
    func killedGlass() async throws {
        let ledger = MemoryLedger()
        let house = try await House(ledger: ledger, approval: .two)
        let cookies = try await house.staff()
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
        let cookies = try await house.staff()
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let path = "/v1/approvals/\(try await House.approval(in: house.call("POST", "/v1/alerts", order, token: nil, headers: sato)))/approve"
        async let yes = house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:])
        async let glass = house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
        _ = try await (yes, glass)
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
        #expect(try await !house.call("GET", "/v1/approvals").body.contains(#""state":"waiting""#))
    }

    @Test("The timed order of who has no right to it any more waits for somebody")
    func demoted() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        _ = try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])
        #expect(try await house.call("PATCH", "/v1/users/sato", #"{"roles":["watcher"],"towns":["042056"]}"#, token: House.root).status == 200)
        now.withLock { $0 += 61 }
        await house.hub.turnApprovals()
        #expect(try await !house.inForce().contains("避難指示"))
    }

    @Test("An account, a token or a password that somebody made is no second person for him, until somebody else has looked")
    func shadows() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        let (chief, ken) = (cookies["takahashi"] ?? [:], cookies["ken"] ?? [:])
        let made = try await house.call(
            "POST", "/v1/users", #"{"name":"kage","roles":["chief"],"towns":["042056"],"password":"\#(House.password)"}"#, token: nil, headers: chief)
        #expect(made.status == 201 && made.body.contains(#""confirmed":false"#) && made.body.contains(#""kind":"people"#), "\(made.body)")
        let token = try await house.call("POST", "/v1/tokens", #"{"name":"t","towns":["042056"],"scopes":["approve","read"]}"#, token: nil, headers: chief)
        let secret = String(try #require(token.body.firstMatch(of: /"token":"([^"]+)"/)?.1))
        let signed = try await house.call("POST", "/v1/sessions", #"{"name":"kage","password":"\#(House.password)"}"#, token: nil)
        let shadow: HTTPFields = [.cookie: String((signed.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
        let waiting = "/v1/approvals/\(try await House.approval(in: house.call("POST", "/v1/alerts", order, token: nil, headers: chief)))/approve"
        #expect(try await house.call("POST", waiting, token: nil, headers: shadow).status == 403)
        #expect(try await house.call("POST", waiting, token: secret).status == 403)
        // Nor does he look at himself, nor she at her own.
        let look = "/v1/approvals/\(try House.approval(in: made))"
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
        let reset = try await house.call("PATCH", "/v1/users/ken", #"{"password":"\#(House.password)"}"#, token: nil, headers: chief)
        #expect(reset.status == 202 && reset.body.contains("approval"), "\(reset.body)")
    }

    @Test("A role that says yes, and new keys for the safe, are given when a second person has seen it, and are not until then")
    func roles() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        let (chief, ken, suzuki) = (cookies["takahashi"] ?? [:], cookies["ken"] ?? [:], cookies["suzuki"] ?? [:])
        let wish = try await house.call("PATCH", "/v1/users/suzuki", #"{"roles":["chief"],"towns":["042056"]}"#, token: nil, headers: chief)
        #expect(wish.status == 202 && wish.body.contains("suzukiを気仙沼市の防災課長に"), "\(wish.body)")
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: suzuki).status == 403)
        let path = "/v1/approvals/\(try House.approval(in: wish))/approve"
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
        #expect(try await house.call("POST", "/v1/approvals/\(try House.approval(in: next))/approve", token: nil, headers: ken).status == 200)
        #expect(try await opens(next))
        let second = House.Heard(status: 0, headers: [:], body: String(first.body.dropFirst(30)))
        #expect(try await !opens(second))
    }

    @Test("Break-glass on an order that waits sends that one, once, under its key or without, and leaves nothing waiting", arguments: [true, false])
    func glass(_ hasKey: Bool) async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
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
        #expect(try await house.inForce().contains("避難指示"))
        let list = try await house.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review"#) && !list.contains(#""state":"waiting"#), "\(list)")
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
        #expect(try await house.call("POST", "/v1/approvals/\(try House.approval(in: first))/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("Break-glass on an order that waits, with a disk that does not take it: it is on its way, waits no more, and a yes sends it no second time")
    func glassOnASickDisk() async throws {
        let ledger = SickLedger(.well)
        let house = try await House(ledger: ledger, approval: .two)
        let cookies = try await house.staff()
        let sato = cookies["sato"] ?? [:]
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        ledger.becomes(.refuses)
        #expect(try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato).status == 503)
        ledger.becomes(.well)
        let list = try await house.call("GET", "/v1/approvals").body
        #expect(list.contains(#""state":"review""#) && !list.contains(#""state":"waiting""#), "\(list)")
        let path = "/v1/approvals/\(try House.approval(in: first))/approve"
        #expect(try await house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:]).status == 200)
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("A key of yesterday takes nobody past the second person; within its day it is the same order")
    func oldKey() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        _ = try await house.staff()
        let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水しています。"}"#
        // Nobody stays in for a day: he signs in each time.
        func ask(_ path: String) async throws -> House.Heard {
            var sato = try await house.signIn("sato")
            sato[.init("Idempotency-Key")!] = "k1"
            return try await house.call("POST", path, notice, token: nil, headers: sato)
        }
        func alert(_ answer: House.Heard) throws -> String { String(try #require(answer.body.firstMatch(of: /"id":"([^"]+)"/)?.1)) }
        let first = try await ask("/v1/alerts?break_glass=x")
        #expect(first.status == 202 && !first.body.contains(#""approval":"#), "\(first.body)")
        now.withLock { $0 += 23 * 3600 }
        let same = try await ask("/v1/alerts")
        let (one, two) = (try alert(first), try alert(same))
        #expect(one == two && !same.body.contains(#""approval":"#), "\(same.body)")
        now.withLock { $0 += 3660 }
        let other = try await ask("/v1/alerts")
        #expect(other.status == 202 && other.body.contains(#""approval":"#), "\(other.body)")
        #expect(try await house.call("GET", "/v1/approvals").body.contains(#""state":"waiting""#))
    }

    @Test("After it was given back, break-glass under the same key sends it; told again it is the same")
    func glassAfterNo() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        var sato = cookies["sato"] ?? [:]
        sato[.init("Idempotency-Key")!] = "k1"
        let first = try await house.call("POST", "/v1/alerts", order, token: nil, headers: sato)
        _ = try await house.call("POST", "/v1/approvals/\(try House.approval(in: first))/return", #"{"reason":"違う"}"#, token: nil, headers: cookies["takahashi"] ?? [:])
        for _ in 0..<2 { #expect(try await !house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato).body.contains(#""approval":"#)) }
        #expect(try await house.call("GET", "/v1/alerts?town=042056").body.components(separatedBy: #""title""#).count == 2)
    }

    @Test("Who submitted it is stopped, or his token is taken away: it does not go out by itself, and somebody else decides")
    func stoppedSender() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .wait(.seconds(60)), clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
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
            #expect(try await house.call("POST", "/v1/approvals/\(try House.approval(in: answer))/approve", token: nil, headers: cookies["takahashi"] ?? [:]).status == 202)
        }
    }

    @Test("What was called wrong a moment ago is not said again by one person")
    func again() async throws {
        let house = try await House(approval: .two)
        let cookies = try await house.staff()
        let sato = cookies["sato"] ?? [:]
        let sent = try await house.call("POST", "/v1/alerts?break_glass=x", order, token: nil, headers: sato)
        let alert = try #require(sent.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        let back = try await house.call("POST", "/v1/alerts/\(alert)/cancel", token: nil, headers: cookies["suzuki"] ?? [:])
        #expect(back.status == 202 && !back.body.contains(#""approval":"#))
        let cancel = try #require(back.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        let once = try await house.call("POST", "/v1/alerts/\(cancel)/cancel", token: nil, headers: sato)
        #expect(once.status == 202 && once.body.contains(#""approval":"#), "\(once.body)")
        #expect(try await !house.inForce().contains("避難指示"))
    }

    @Test("Nobody says yes for an hour: it is not sent any more, and the desk is told")
    func lapsed() async throws {
        let now = Mutex(Date())
        let house = try await House(approval: .two, clock: { now.withLock { $0 } })
        let cookies = try await house.staff()
        let path = "/v1/approvals/\(try await House.approval(in: house.call("POST", "/v1/alerts", order, token: nil, headers: cookies["sato"] ?? [:])))/approve"
        for _ in 0..<31 {
            now.withLock { $0 += 120 }
            await house.hub.turnApprovals()
        }
        #expect(try await house.call("POST", path, token: nil, headers: cookies["takahashi"] ?? [:]).status == 409)
        #expect(try await house.call("GET", "/v1/attention").body.contains("古くなり"))
        #expect(try await !house.inForce().contains("避難指示"))
    }

    @Test("A role that says yes is given town by town, each by its own; the rest of the same request is done all the same")
    func townByTown() async throws {
        let house = try await House(approval: .two, hasNeighbour: true)
        let both = #""towns":["042056","042021"],"password":"\#(House.password)""#
        for (name, role) in [("chief", "chief"), ("other", "chief"), ("sato", "duty")] {
            #expect(try await house.call("POST", "/v1/users", #"{"name":"\#(name)","roles":["\#(role)"],\#(both)}"#, token: House.root).status == 201)
        }
        let chief = try await house.signIn("chief")
        func give(_ roles: String, _ more: String = "") async throws -> House.Heard {
            try await house.call("PATCH", "/v1/users/sato", #"{"roles":[\#(roles)]\#(more)}"#, token: nil, headers: chief)
        }
        #expect(try await give(#""chief@042056","chief@042021""#).status == 422)
        let one = try await give(#""chief@042056","duty@042021""#, #","disabled":true"#)
        #expect(one.status == 202 && one.body.contains("気仙沼市の防災課長") && one.body.contains(#""disabled":true"#), "\(one.body)")
        let yes = "/v1/approvals/\(try House.approval(in: one))/approve"
        #expect(try await house.call("POST", yes, token: nil, headers: try await house.signIn("other")).status == 200)
        let list = try await house.call("GET", "/v1/users", token: House.root).body
        #expect(list.contains(#"{"name":"当直","role":"duty","towns":["042021"]}"#), "\(list)")
        #expect(house.hub.people.names(.chief, in: TownID(House.town)!) == ["chief", "other"])
        _ = try await house.call("PATCH", "/v1/users/sato", #"{"disabled":false}"#, token: House.root)
        #expect(house.hub.people.names(.chief, in: TownID(House.town)!) == ["chief", "other", "sato"])
        #expect(house.hub.people.names(.chief, in: TownID(House.neighbour)!) == ["chief", "other"])
    }
}
