import Desk
import Foundation
import HTTPTypes
import Hummingbird
import Serving
import Tablets
import Testing
import Web

@testable import HubAPI

/// Every route, with every credential of one town, at every object of the other.
@Suite("One town's people, tokens and tablets find no byte of another town")
struct TownWallTests {
    /// Words that stand in nothing but the neighbour's data.
    private let marks = ["隣の町の秘密", "ishinomaki", "石巻", "湊小学校", "tonari"]

    @Test("Route by route, credential by credential")
    func walk() async throws {
        let house = try await House(hasNeighbour: true)
        let other = House.neighbour
        // The neighbour has an alert, a drill, a tablet with a report, a person, a token, something that waits.
        func made(_ method: String, _ path: String, _ body: String) async throws -> House.Heard {
            let answer = try await house.call(method, path, body, token: House.root)
            #expect((200..<300).contains(answer.status), "\(path): \(answer.body)")
            return answer
        }
        func found(_ answer: House.Heard, _ key: String) -> String {
            answer.body.components(separatedBy: "\"\(key)\":\"").dropFirst().first.map { String($0.prefix { $0 != "\"" }) } ?? ""
        }
        let notice = #"{"town":"\#(other)","kind":"notice","mode":"actual","title":"隣の町の秘密","body":"隣の町の秘密"}"#
        let alert = found(try await made("POST", "/v1/alerts", notice), "id")
        _ = try await made("POST", "/v1/alerts", notice.replacing("actual", with: "exercise"))
        let code = found(try await made("POST", "/v1/devices/invitations", #"{"town":"\#(other)","site":"ishinomaki-school"}"#), "code")
        let device = try await made("POST", "/v1/devices", #"{"code":"\#(code)","name":"tonari"}"#)
        let report = #"{"id":"r-tonari","occurred_at":"2026-11-28T00:00:00+09:00","people":3,"note":"隣の町の秘密"}"#
        _ = try await house.call("POST", "/v1/reports", report, token: found(device, "token"))
        for name in ["tonari", "tonari2"] {
            let role = name == "tonari" ? "duty" : "chief"
            _ = try await made("POST", "/v1/users", #"{"name":"\#(name)","roles":["\#(role)"],"towns":["\#(other)"],"password":"correct horse battery"}"#)
        }
        let token = found(try await made("POST", "/v1/tokens", #"{"name":"tonari","towns":["\#(other)"],"scopes":["read"]}"#), "id")
        let waiting = try await house.call("POST", "/v1/alerts", notice, token: House.root)
        let approval = String(waiting.body.firstMatch(of: /"id":"(A-[^"]+)"/)?.1 ?? "")
        #expect(!approval.isEmpty)

        // Credentials of the first town.
        var credentials: [(name: String, token: String?, headers: HTTPFields)] = [("nobody", nil, [:]), ("desk", House.token, [:])]
        for role in Role.allCases {
            let body = #"{"name":"own-\#(role.rawValue)","roles":["\#(role.rawValue)"],"towns":["\#(House.town)"],"password":"correct horse battery"}"#
            _ = try await made("POST", "/v1/users", body)
            let answer = try await house.call(
                "POST", "/v1/sessions", #"{"name":"own-\#(role.rawValue)","password":"correct horse battery"}"#, token: nil)
            credentials.append((role.rawValue, nil, [.cookie: String((answer.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]))
        }
        for role in ["tablet", "edge"] {
            let code = found(try await made("POST", "/v1/devices/invitations", #"{"town":"\#(House.town)","site":"school","role":"\#(role)"}"#), "code")
            let made = try await made("POST", "/v1/devices", #"{"code":"\#(code)","role":"\#(role)","site":"school"}"#)
            credentials.append((role, found(made, "token"), [:]))
        }

        let values: [String: String] = [
            "code": other, "device": found(device, "device_id"), "endpoint": "ishinomaki-school", "list": "tonari", "name": "tonari", "spot": "none",
            "act": "drop", "file": "none", "id": alert,
        ]
        let bodies: [String] = [
            #"{"town":"\#(other)","alert":"\#(alert)"}"#, notice, #"{"town":"\#(other)","site":"ishinomaki-school"}"#,
            #"{"name":"own","roles":["duty"],"towns":["\#(other)"]}"#, #"{"name":"own","towns":["\#(other)"],"scopes":["read"]}"#,
            #"{"town":"\#(other)","id":"c","mode":"actual","channel":"school-tablet","endpoint":"ishinomaki-school","answer":"reached"}"#,
            #"{"town":"\(other)","id":"n","mode":"actual","words":"w"}"#,
            #"{"town":"\#(other)","site":"ishinomaki-school","count":1}"#,
            #"{"reason":"r"}"#, #"{"roles":["watcher"],"towns":["\#(House.town)"]}"#, #"{"role":"duty","town":"\#(other)"}"#, "{}",
        ]
        var asked = 0
        for route in house.router.router().routes {
            let pattern = PathPattern(route.path.description).text
            // Pages and open data are for everybody; a stream does not end.
            if ["/spots", "/captive-portal", "/tablet", "/console", "/trust"].contains(where: { pattern.hasPrefix($0) }) { continue }
            // A question to a device, of no town.
            if pattern == "/v1/passkeys/challenge" { continue }
            // A tablet asks, of no town, until a person says for which place.
            if ["/v1/device-asks", "/v1/device-asks/answer"].contains(pattern) { continue }
            if pattern == "/" || CaptiveProbe.paths.contains(pattern) { continue }
            if pattern.hasSuffix("/stream") || pattern.hasSuffix(".atom") || pattern.hasSuffix(".geojson") || ["/alerts/{id}", "/metrics", "/readyz"].contains(pattern) { continue }
            var paths = [pattern]
            // The neighbour's own thing of this kind.
            let own = ["/devices/": found(device, "device_id"), "/tokens/": token, "/approvals/": approval, "/reports/": "r-tonari"]
            for (kind, id) in own where pattern.contains(kind) { paths = [pattern.replacing("{id}", with: id)] }
            // What is posted where: an order everywhere, and the bodies this room's routes read.
            let read = bodies.filter { body in
                switch pattern.split(separator: "/").dropFirst().first {
                case "users": body.contains("role")
                case "tokens": body.contains("scopes")
                case "approvals": body.contains("reason")
                case "devices", "device-codes", "device-asks": body.contains("site")
                case "deliveries", "endpoints": body.contains("alert")
                case "calls": body.contains("answer")
                case "chronicle": body.contains("words")
                default: body == notice || body == "{}" || body.contains("site")
                }
            }
            for path in paths {
                var path = path
                for (key, value) in values { path = path.replacing("{\(key)}", with: value) }
                let takesTown = QueryTable.hub.rules(route.method, PathPattern(route.path.description)).kinds["town"] != nil
                for credential in credentials {
                    let isWriting = [.post, .put, .patch, .delete].contains(route.method)
                    for body in isWriting && route.method != .delete ? read.map(Optional.some) : [nil] {
                        asked += 1
                        let answer = try await house.call(
                            route.method.rawValue, path + (takesTown ? "?town=\(other)" : ""), body, token: credential.token, headers: credential.headers)
                        for mark in marks where answer.body.contains(mark) && !(path + (body ?? "")).contains(mark) {
                            Issue.record("\(credential.name) \(route.method) \(path) found \(mark): \(answer.body.prefix(300))")
                        }
                        if isWriting, takesTown || path.contains(other) || body?.contains(other) == true && body != notice, answer.status < 300 {
                            Issue.record("\(credential.name) did something: \(route.method) \(path) \(body ?? "") → \(answer.status) \(answer.body.prefix(200))")
                        }
                    }
                }
            }
        }
        #expect(asked > 600, "\(asked)")
        // And nothing of it has changed.
        let after = try await house.call("GET", "/v1/alerts?town=\(other)&in_force=true", token: House.root).body
        #expect(after.components(separatedBy: "隣の町の秘密").count > 2)
        #expect(try await house.call("GET", "/v1/devices/\(found(device, "device_id"))", token: House.root).body.contains("revoked_at") == false)
        #expect(try await house.call("GET", "/v1/approvals?town=\(other)", token: House.root).body.contains(#""state":"waiting""#))
        #expect(try await house.call("GET", "/v1/tokens", token: House.root).body.contains("revoked_at") == false)
        #expect(try await house.call("GET", "/v1/users", token: House.root).body.contains(#""name":"tonari","#))
    }
}
