import AlertModel
import Desk
import Foundation
import HTTPTypes
import Synchronization
import Serving
import Testing

@testable import HubAPI

@Suite("Signing in, and what is signed in for")
struct SignInTests {
    private let password = "correct horse battery"

    private func user(_ house: House, _ name: String, _ roles: [String], towns: [String] = [House.town]) async throws {
        let body = #"{"name":"\#(name)","roles":\#(json(roles)),"towns":\#(json(towns)),"password":"\#(password)"}"#
        let answer = try await house.call("POST", "/v1/users", body, token: House.root, from: "10.1.0.1")
        #expect(answer.status == 201, "\(answer.body)")
        #expect(!answer.body.contains(password))
    }

    private func json(_ list: [String]) -> String { "[" + list.map { "\"\($0)\"" }.joined(separator: ",") + "]" }

    /// What the browser sends from now on.
    private func signIn(_ house: House, _ name: String, _ word: String? = nil) async throws -> HTTPFields {
        let answer = try await house.call("POST", "/v1/sessions", #"{"name":"\#(name)","password":"\#(word ?? password)"}"#, token: nil)
        #expect(answer.status == 201, "\(answer.body)")
        let field = try #require(answer.headers[.setCookie])
        for word in ["__Host-noroshi=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] { #expect(field.contains(word)) }
        return [.cookie: "other=1; " + String(field.prefix { $0 != ";" }), .origin: "https://hub"]
    }

    @Test("A cookie opens what the person's role opens, in that town, and no more; signed out it opens nothing")
    func session() async throws {
        let house = try await House()
        try await user(house, "佐藤", ["duty"])
        let cookie = try await signIn(house, "佐藤")
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: cookie).status == 200)
        #expect(try await house.call("GET", "/v1/alerts?town=\(House.neighbour)", token: nil, headers: cookie).status == 403)
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: cookie).status == 403)
        let own = try await house.call("GET", "/v1/sessions/current", token: nil, headers: cookie)
        #expect(own.body.contains(#""person":"佐藤","roles":["duty"]"#) && own.body.contains(#""towns":["042056"]"#), "\(own.body)")
        #expect(own.body.contains(#""change_password":true"#))
        #expect(try await house.call("DELETE", "/v1/sessions/current", token: nil, headers: cookie).status == 204)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: cookie).status == 401)
    }

    @Test("Another site's page changes nothing with somebody's cookie; it may not even sign anybody in")
    func forgery() async throws {
        let house = try await House()
        try await user(house, "佐藤", ["duty"])
        var cookie = try await signIn(house, "佐藤")
        let order = #"{"town":"042056","kind":"notice","mode":"exercise","title":"a","body":"b"}"#
        #expect(try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookie).status == 202)
        for origin in ["https://evil.example", "null", nil] {
            cookie[.origin] = origin
            #expect(try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookie).status == 403, "\(origin ?? "none")")
        }
        cookie[.fetchSite] = "same-origin"
        #expect(try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookie).status == 202)
        let login = try await house.call(
            "POST", "/v1/sessions", #"{"name":"佐藤","password":"\#(password)"}"#, token: nil, headers: [.origin: "https://evil.example"])
        #expect(login.status == 403)
    }

    @Test("Wrong tries are answered alike, and after some with Retry-After; the key from the safe still opens")
    func locked() async throws {
        // A clock that stands: each try costs what a password costs, and at a busy machine the first wait was over before the sixth.
        let now = Date()
        let house = try await House(clock: { now })
        try await user(house, "佐藤", ["duty"])
        let keys = try await house.call("POST", "/v1/towns/042056/safe-keys", "{}", token: House.root)
        #expect(keys.status == 201, "\(keys.body)")
        let key = try #require(keys.body.firstMatch(of: /"([a-z0-9]{5}(?:-[a-z0-9]{5}){3})"/)?.1)
        let wrong = #"{"name":"佐藤","password":"wrong wrong wrong"}"#
        for _ in 0..<5 { #expect(try await house.call("POST", "/v1/sessions", wrong, token: nil).status == 401) }
        let nobody = try await house.call("POST", "/v1/sessions", #"{"name":"だれか","password":"wrong wrong wrong"}"#, token: nil)
        let refused = try await house.call("POST", "/v1/sessions", wrong, token: nil)
        #expect(nobody.status == 401 && refused.status == 429 && refused.headers[.retryAfter] != nil)
        let safe = try await house.call("POST", "/v1/sessions", #"{"name":"佐藤","safe_key":"\#(key)"}"#, token: nil)
        #expect(safe.status == 201 && safe.body.contains(#""roles":["chief"]"#), "\(safe.body)")
        #expect(try await house.call("POST", "/v1/sessions", #"{"safe_key":"\#(key)"}"#, token: nil).status == 401)
        let seen = try await house.call("GET", "/v1/attention").body
        #expect(seen.contains("金庫の鍵") && !seen.contains(key))
    }

    @Test("One's own password is changed by who gave it a moment ago; whoever else is in by it is out")
    func ownPassword() async throws {
        let now = Mutex(Date())
        let house = try await House(clock: { now.withLock { $0 } })
        try await user(house, "佐藤", ["chief"])
        let (here, elsewhere) = (try await signIn(house, "佐藤"), try await signIn(house, "佐藤"))
        let new = #"{"password":"another long secret"}"#
        now.withLock { $0 += 1000 }
        #expect(try await house.call("PUT", "/v1/sessions/current/password", new, token: nil, headers: here).status == 403)
        // The same for people and keys: a desk that was left alone is no way to a new account.
        let wish = #"{"name":"x","roles":["duty"],"towns":["042056"]}"#
        #expect(try await house.call("POST", "/v1/users", wish, token: nil, headers: here).status == 403)
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: here).status == 200)
        let again = try await signIn(house, "佐藤")
        #expect(try await house.call("POST", "/v1/users", wish, token: nil, headers: again).status == 201)
        #expect(try await house.call("PUT", "/v1/sessions/current/password", new, token: nil, headers: again).status == 204)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: again).status == 200)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: elsewhere).status == 401)
        _ = try await signIn(house, "佐藤", "another long secret")
    }

    @Test("A role that is handed over is the other's in the next call")
    func handOver() async throws {
        let house = try await House(approval: .two)
        try await user(house, "佐藤", ["chief"])
        try await user(house, "鈴木", ["duty"])
        let (mine, theirs) = (try await signIn(house, "佐藤"), try await signIn(house, "鈴木"))
        let path = "/v1/users/%E9%88%B4%E6%9C%A8/hand-over"
        #expect(try await house.call("POST", path, #"{"role":"chief"}"#, token: nil, headers: theirs).status == 403)
        #expect(try await house.call("POST", path, #"{"role":"防災課長"}"#, token: nil, headers: mine).status == 200)
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: theirs).status == 200)
        #expect(try await house.call("GET", "/v1/users", token: nil, headers: mine).status == 403)
    }

    @Test("A program's token opens what it was made for, until it is taken away; no list shows it again")
    func tokens() async throws {
        let house = try await House()
        let made = try await house.call("POST", "/v1/tokens", #"{"name":"sign","towns":["042056"],"scopes":["read"]}"#, token: House.root)
        #expect(made.status == 201)
        let token = try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1)
        let id = try #require(made.body.firstMatch(of: /"id":"([^"]+)"/)?.1)
        #expect(try await house.call("GET", "/v1/alerts", token: String(token)).status == 200)
        #expect(try await house.call("GET", "/v1/alerts?town=042021", token: String(token)).status == 403)
        #expect(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#, token: String(token)).status == 403)
        let list = try await house.call("GET", "/v1/tokens", token: House.root)
        #expect(list.body.contains(id) && !list.body.contains(token))
        #expect(try await house.call("DELETE", "/v1/tokens/\(id)", token: House.root).status == 204)
        #expect(try await house.call("GET", "/v1/alerts", token: String(token)).status == 401)
        for bad in [#"{"name":"x","scopes":["all"]}"#, #"{"name":"x","scopes":[]}"#, #"{"name":"x","scopes":["read"],"expires":"soon"}"#] {
            #expect(try await house.call("POST", "/v1/tokens", bad, token: House.root).status == 422, "\(bad)")
        }
    }

    @Test("A town's desk is used from its networks alone, until somebody with a key from the safe opens it to everywhere, for a time")
    func places() async throws {
        let now = Mutex(Date())
        let house = try await House(networks: ["10.1.0.0/16", "2001:db8::/32"], clock: { now.withLock { $0 } })
        try await user(house, "佐藤", ["chief"])
        let cookie = try await signIn(house, "佐藤")
        func status(_ from: String, _ method: String = "GET", _ path: String = "/v1/alerts", _ body: String? = nil) async throws -> Int {
            try await house.call(method, path, body, token: nil, headers: cookie, from: from).status
        }
        for inside in ["10.1.2.3", "2001:db8::5", "::ffff:10.1.9.9"] { #expect(try await status(inside) == 200, "\(inside)") }
        for outside in ["10.2.0.1", "192.0.2.1", "2001:db9::1"] { #expect(try await status(outside) == 403, "\(outside)") }
        // A token of the settings is a desk's too; one that was made for a program stands where it stands.
        #expect(try await house.call("GET", "/v1/alerts", from: "192.0.2.1").status == 403)
        let made = try await house.call(
            "POST", "/v1/tokens", #"{"name":"sign","towns":["042056"],"scopes":["read"]}"#, token: House.root, from: "10.1.0.1")
        let token = try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1)
        #expect(try await house.call("GET", "/v1/alerts", token: String(token), from: "192.0.2.1").status == 200)

        let keys = try await house.call("POST", "/v1/towns/042056/safe-keys", "{}", token: nil, headers: cookie, from: "10.1.0.1")
        let key = try #require(keys.body.firstMatch(of: /"([a-z0-9]{5}(?:-[a-z0-9]{5}){3})"/)?.1)
        let opened = try await house.call("POST", "/v1/sessions", #"{"name":"佐藤","safe_key":"\#(key)"}"#, token: nil, from: "192.0.2.1")
        let safe: HTTPFields = [.cookie: String((opened.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
        #expect(try await house.call("PUT", "/v1/towns/042056/open-desk", #"{"reason":""}"#, token: nil, headers: safe, from: "192.0.2.1").status == 422)
        let open = try await house.call(
            "PUT", "/v1/towns/042056/open-desk", #"{"reason":"役場が浸水","hours":2}"#, token: nil, headers: safe, from: "192.0.2.1")
        #expect(open.status == 200 && open.body.contains(#""open":true"#), "\(open.body)")
        #expect(try await status("192.0.2.1") == 200)
        #expect(try await house.call("GET", "/v1/attention", token: nil, headers: cookie, from: "10.1.0.1").body.contains("役場が浸水"))
        now.withLock { $0 += 7201 }
        #expect(try await status("192.0.2.1") == 403)
    }

    @Test("A network is read exactly, or not at all", arguments: [
        ("10.1.0.0/16", true), ("10.1.2.3", true), ("::1", true), ("0.0.0.0/0", true), ("10.1.2.3/16", false), ("10.1.0.0/33", false),
        ("10.1.0.0/", false), ("10.1.0/24", false), ("town-hall", false), ("", false), ("10.0.0.0/+8", false),
    ])
    func networks(_ text: String, _ isGood: Bool) { #expect((Network(text) != nil) == isGood) }

    @Test("An account the disk does not take is not there")
    func sick() async throws {
        let house = try await House(ledger: SickLedger(.refuses))
        let body = #"{"name":"佐藤","roles":["duty"],"towns":["042056"],"password":"\#(password)"}"#
        #expect(try await house.call("POST", "/v1/users", body, token: House.root).status == 503)
        #expect(try await house.call("POST", "/v1/sessions", #"{"name":"佐藤","password":"\#(password)"}"#, token: nil).status == 401)
    }

    @Test("A page whose address only ends like ours changes nothing", arguments: [
        "https://evil.example/hub", "https://a@hub", "ftp://hub", "https://hub/", "https://hub.evil", "hub", "//hub", "https://HUB.example", "",
    ])
    func origins(_ origin: String) async throws {
        let house = try await House()
        try await user(house, "佐藤", ["duty"])
        var cookie = try await signIn(house, "佐藤")
        cookie[.origin] = origin
        let order = #"{"town":"042056","kind":"notice","mode":"exercise","title":"a","body":"b"}"#
        #expect(try await house.call("POST", "/v1/alerts", order, token: nil, headers: cookie).status == 403)
    }

    @Test("Our own proxy on this machine says whom it speaks for, also through a socket of IPv6", arguments: [
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"), ("::ffff:127.0.0.1", "10.1.2.3", "10.1.2.3"), ("::1", "1.1.1.1, 10.1.2.3", "10.1.2.3"),
        ("::ffff:10.9.9.9", "10.1.2.3", "10.9.9.9"), ("10.9.9.9", "10.1.2.3", "10.9.9.9"), ("127.0.0.1", "nobody", "127.0.0.1"),
    ])
    func proxy(_ peer: String, _ forwarded: String, _ address: String) { #expect(Peer.address(peer, forwarded) == address) }

    @Test("A role that is handed over is shown in the town it is of, not those of other towns")
    func handedOver() async throws {
        let house = try await House(hasNeighbour: true)
        try await user(house, "佐藤", ["chief"])
        try await user(house, "鈴木", ["duty"], towns: [House.neighbour])
        let answer = try await house.call(
            "POST", "/v1/users/%E9%88%B4%E6%9C%A8/hand-over", #"{"role":"chief"}"#, token: nil, headers: try await signIn(house, "佐藤"))
        #expect(answer.status == 200 && !answer.body.contains(House.neighbour), "\(answer.body)")
    }

    @Test("Role by act by mode, as the calls themselves have it: what the table allows is taken, and nothing else")
    func matrix() async throws {
        let house = try await House(approval: ApprovalPolicy.none)
        let orders: [DeskAct: String] = [
            .order: #""kind":"evacuation","level":4,"hazard":"洪水","districts":["市内全域"]"#, .shelter: #""kind":"headquarters","title":"災害対策本部","state":"open""#,
            .notice: #""kind":"notice","title":"断水","body":"断水しています。""#,
        ]
        for role in Role.allCases {
            try await user(house, "own-\(role.rawValue)", [role.rawValue])
            let cookie = try await signIn(house, "own-\(role.rawValue)")
            func may(_ act: DeskAct, _ mode: String = "actual") -> Bool { Role.table[role]?[act]?.contains { $0.rawValue == mode } ?? false }
            for (act, order) in orders {
                for mode in ["actual", "exercise"] {
                    let body = #"{"town":"042056","mode":"\#(mode)",\#(order)}"#
                    let answer = try await house.call("POST", "/v1/alerts", body, token: nil, headers: cookie)
                    #expect((answer.status == 202) == may(act, mode) && [202, 403].contains(answer.status), "\(role) \(act) \(mode): \(answer.status) \(answer.body)")
                }
            }
            let calls: [(act: DeskAct, method: String, path: String, body: String?)] = [
                (.feed, "POST", "/v1/bulletins", "<x/>"), (.devices, "POST", "/v1/devices/invitations", #"{"site":"school"}"#), (.read, "GET", "/v1/alerts", nil),
                (.read, "GET", "/v1/deliveries", nil), (.people, "GET", "/v1/users", nil), (.people, "GET", "/v1/tokens", nil),
                (.people, "POST", "/v1/users", #"{"name":"by-\#(role.rawValue)","roles":["watcher"],"towns":["042056"]}"#),
                (.people, "POST", "/v1/towns/042056/safe-keys", "{}"),
            ]
            for call in calls {
                var headers = cookie
                if call.act == .feed { headers[.contentType] = "application/xml" }
                let answer = try await house.call(call.method, call.path, call.body, token: nil, headers: headers)
                #expect((answer.status != 403) == may(call.act), "\(role) \(call.method) \(call.path): \(answer.status) \(answer.body)")
            }
        }
    }

    @Test("An assumption that is broken is said once, to everybody, with the plan to use instead; who only reads does not say it")
    func plans() async throws {
        let own = try TownPlans(
            assumptions: [Assumption(id: "hall", name: "役場が使える")],
            plans: [Plan(id: "1", name: "計画1", assumes: ["hall"], otherwise: "2"), Plan(id: "2", name: "計画2", assumes: [])])
        let house = try await House(hasNeighbour: true, plans: own)
        try await user(house, "見る", ["watcher"])
        let path = "/v1/towns/042056/assumptions/hall"
        let broken = #"{"holds":false,"reason":"浸水"}"#
        #expect(try await house.call("PUT", path, broken, token: nil, headers: try await signIn(house, "見る")).status == 403)
        #expect(try await house.call("PUT", path, #"{"holds":false}"#).status == 422)
        #expect(try await house.call("PUT", path.replacing("hall", with: "x"), broken).status == 404)
        let answer = try await house.call("PUT", path, broken)
        #expect(answer.status == 200 && answer.body.contains(#""instead":"2""#) && answer.body.contains(#""broken_by":"desk""#), "\(answer.body)")
        let said = try await house.call("GET", "/v1/attention").body
        #expect(said.contains("「計画1」は、「計画2」に替えてください"))
        #expect(try await house.call("GET", "/v1/towns/042021/plans", token: House.root).body.contains(#""plans":[]"#))
        #expect(try await house.call("PUT", path, #"{"holds":true}"#).body.contains(#""holds":true"#))
        #expect(try await !house.call("GET", "/v1/attention").body.contains("計画1"))
    }
}
