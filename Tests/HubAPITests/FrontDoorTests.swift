import Foundation
import HTTPTypes
import Hub
import Hummingbird
import Ledger
import Serving
import Tablets
import Testing

@testable import HubAPI

@Suite("HTTP as others' tools read it")
struct FrontDoorTests {
    /// A path for every route, with something in place of its braces.
    private func paths(_ house: House) -> [(method: String, path: String)] {
        house.router.router().routes.map { route in
            var path = route.path.description
            for (name, value) in [("{code}", "042056"), ("{spot}", "eki"), ("{act}", "release")] { path = path.replacing(name, with: value) }
            return (route.method.rawValue, path.replacing(#/\{[^}]*\}/#, with: "x"))
        }
    }

    @Test("Whatever answers GET answers HEAD the same, without a body, also when it refuses", arguments: [House.token, nil, "wrong"])
    func head(token: String?) async throws {
        let house = try await House()
        for (method, path) in paths(house) where method == "GET" && !path.hasSuffix("/stream") && path != "/readyz" {
            let get = try await house.call("GET", path, token: token)
            let head = try await house.call("HEAD", path, token: token)
            #expect(head.status == get.status, "\(path)")
            #expect(head.body.isEmpty, "\(path)")
            #expect(head.headers[.contentType] == get.headers[.contentType], "\(path)")
            if path != "/metrics", get.status != 200 || !path.hasPrefix("/v1/") {
                #expect(head.headers[.contentLength] == get.headers[.contentLength], "\(path)")
            }
        }
        #expect(try await house.call("HEAD", "/v1/deliveries/stream").status == 200)
        #expect(try await house.call("HEAD", "/nothing").status == 404)
        #expect(try await house.call("HEAD", "/v1/stream", token: nil).status == 401)
    }

    @Test("An address has one spelling: with a slash too many it is nobody's, whatever guards the right one by its letters")
    func slashes() async throws {
        let house = try await House()
        for (method, path) in paths(house) where path != "/" {
            let isFolder = ["/tablet", "/console", "/spots/eki"].contains(path.hasSuffix("/") ? String(path.dropLast()) : path)
            let bare = path.hasSuffix("/") ? String(path.dropLast()) : path
            #expect(try await house.call(method, "/" + path).status == 404, "\(method) /\(path)")
            #expect(try await house.call(method, bare + "//").status == 404, "\(method) \(bare)//")
            if !isFolder { #expect(try await house.call(method, bare + "/").status == 404, "\(method) \(bare)/") }
        }
        #expect(try await house.call("GET", "/metrics/", token: nil).status == 404)
        #expect(try await house.call("GET", "/v1//towns").status == 404)
        #expect(try await house.call("GET", "/tablet/").status == 200)
    }

    @Test("Another method is refused with those there are; an address nobody has is not found")
    func methods() async throws {
        let house = try await House()
        for (method, path, allow) in [
            ("DELETE", "/v1/alerts", "GET, HEAD, POST"), ("GET", "/v1/receipts", "POST"), ("PUT", "/spots/eki/", "GET, HEAD"),
            ("BREW", "/healthz", "GET, HEAD"), ("POST", "/v1/stream", "GET, HEAD"), ("OPTIONS", "/v1/devices/x", "DELETE, GET, HEAD, PATCH"),
            ("HEAD", "/v1/receipts", "POST"), ("POST", "/generate_204", "GET, HEAD"),
        ] {
            let answer = try await house.call(method, path)
            #expect(answer.status == 405, "\(method) \(path)")
            #expect(answer.headers[.allow] == allow, "\(method) \(path)")
        }
        #expect(try await house.call("POST", "/v1/nothing").status == 404)
        #expect(try await house.call("GET", "/v1/alerts/a/b/c").status == 404)
    }

    @Test("No call but a page takes a word behind its ? that it does not know, and it does nothing", arguments: ["unknown=1", "Preview=true", "preview", "&x"])
    func unknown(query: String) async throws {
        let house = try await House()
        for (method, path) in paths(house) {
            let isPage = method == "GET" && !path.hasPrefix("/v1/") && !["/healthz", "/readyz", "/metrics"].contains(path)
            guard !isPage else { continue }
            let answer = try await house.call(method, "\(path)?\(query)", method == "POST" ? "{}" : nil)
            #expect(answer.status == 400, "\(method) \(path)")
            #expect(answer.body.contains("何もしていません"), "\(method) \(path)")
        }
        #expect(try await house.hub.ledger.bulletins(limit: 10).isEmpty)
    }

    @Test("A boolean that is no boolean sends nothing", arguments: ["True", "1", "yes", "TRUE", "", "true&preview=true"])
    func flags(value: String) async throws {
        let house = try await House()
        let order = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#
        #expect(try await house.call("POST", "/v1/alerts?preview=\(value)", order).status == 400)
        #expect(try await house.call("POST", "/v1/alerts/x/cancel?preview=\(value)").status == 400)
        #expect(try await house.call("POST", "/v1/bulletins?exercise=\(value.replacing("preview", with: "exercise"))", "x").status == 400)
        #expect(try await house.call("POST", "/v1/towns/042056/shelters/import?dry_run=\(value.replacing("preview", with: "dry_run"))", "x").status == 400)
        #expect(try await house.call("GET", "/v1/alerts").body == #"{"alerts":[]}"#)
    }

    @Test("A key that stands twice in a body does nothing")
    func twice() async throws {
        let house = try await House()
        let order = #"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"断水です。","mo\u0064e":"actual"}"#
        let answer = try await house.call("POST", "/v1/alerts", order)
        #expect(answer.status == 400 && answer.body.contains("mode"))
        #expect(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school","site":"school"}"#).status == 400)
        #expect(try await house.call("POST", "/v1/devices", #"{"code":"a","code":"b"}"#).status == 400)
        #expect(try await house.call("GET", "/v1/alerts").body == #"{"alerts":[]}"#)
    }

    @Test("A body is JSON and says so, or says nothing", arguments: [
        ("text/plain", 415), ("application/x-www-form-urlencoded", 415), (";", 415), (" ", 415), ("application/json; charset=utf-16", 415),
        ("application/json; charset=UTF-8", 400), ("application/json", 400), ("application/problem+json", 400),
    ])
    func mediaType(type: String, status: Int) async throws {
        let house = try await House()
        for path in ["/v1/alerts", "/v1/devices/invitations", "/v1/devices", "/v1/deliveries/held/release"] {
            let answer = try await house.call("POST", path, "[", headers: [.contentType: type])
            #expect(answer.status == status || status == 400 && answer.status == 422, "\(path) \(answer.status)")
        }
        #expect(try await house.call("POST", "/v1/bulletins", "x", headers: [.contentType: type]).status != 202)
        #expect(try await house.call("DELETE", "/v1/devices/none", "x", headers: [.contentType: type]).status == 404)
        // What has no body has no type to be wrong.
        #expect(try await house.call("POST", "/v1/alerts/none/cancel", "", headers: [.contentType: type]).status == 404)
    }

    @Test("No Host, two of them or one that is none: 400", arguments: [nil, "", "a b", "a/b", "a:b", "[::1"])
    func host(host: String?) async throws {
        let house = try await House()
        #expect(try await house.call("GET", "/healthz", host: host).status == 400)
        #expect(try await house.call("GET", "/healthz", headers: [.secondHost: "other"]).status == 400)
        #expect(try await house.call("GET", "/healthz", host: "[::1]:8480").status == 200)
    }

    @Test("Every 401 says which credential is asked")
    func challenge() async throws {
        let house = try await House()
        for (method, path) in paths(house) {
            let answer = try await house.call(method, path, method == "POST" ? "{}" : nil, token: nil)
            if answer.status == 401 { #expect(answer.headers[.wwwAuthenticate]?.isEmpty == false, "\(method) \(path)") }
        }
    }

    @Test("Everything a browser may show says what it may do and that it tells no referrer")
    func policies() async throws {
        let house = try await House()
        for path in ["/tablet/", "/tablet/board", "/console/", "/spots/eki/", "/spots/none/", "/healthz", "/", "/captive-portal/eki", "/generate_204", "/v1/alerts"] {
            let answer = try await house.call("GET", path)
            #expect(answer.headers[.referrerPolicy] == "no-referrer", "\(path)")
            #expect(answer.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'") == true, "\(path)")
            #expect(answer.headers[.xContentTypeOptions] == "nosniff", "\(path)")
        }
    }

    @Test("A spot's page, what a phone probes and a tablet's page set no cookie, also for who brings one and in every language", arguments: [
        "/spots/eki/", "/spots/eki/index.en.html", "/spots/eki/stale.ja.html", "/spots/eki/shelters.ja.html", "/captive-portal/eki", "/generate_204", "/hotspot-detect.html", "/tablet/", "/tablet/board", "/",
    ])
    func cookies(path: String) async throws {
        let house = try await House()
        for language in ["ja", "en", "vi, en;q=0.5", "fr"] {
            let answer = try await house.call("GET", path, token: nil, headers: [.acceptLanguage: language, .cookie: "language=en"])
            #expect(answer.status < 500 && !answer.headers.contains { $0.name == .setCookie || $0.value.contains("Set-Cookie") }, "\(path) \(language): \(answer.headers)")
        }
    }

    @Test("The electronic blackboard answers GET and HEAD as a page does, and has no folder of its own")
    func blackboard() async throws {
        let house = try await House()
        let page = try await house.call("GET", "/tablet/board", token: nil)
        #expect(page.status == 200 && page.headers[.contentType] == "text/html; charset=utf-8" && page.body.contains("防災 電子黒板"))
        let head = try await house.call("HEAD", "/tablet/board", token: nil)
        #expect(head.status == 200 && head.body.isEmpty && head.headers[.eTag] == page.headers[.eTag])
        for answer in [page, head] { #expect(answer.headers[.contentSecurityPolicy]?.contains("script-src 'self'; style-src 'self'") == true) }
        #expect(try await house.call("GET", "/tablet/board/", token: nil).status == 404)
    }

    @Test("Languages and codings of odd octets are read as far as they go, on pages and bulletins")
    func odd() async throws {
        let house = try await House()
        for odd in [";", ";;", ",", "", " ", ";q=", "\"", "*;q=;,;", "gzip;q=0, ;"] {
            for path in ["/spots/eki/", "/tablet/", "/console/console.js", "/"] {
                let answer = try await house.call("GET", path, headers: [.acceptLanguage: odd, .acceptEncoding: odd, .ifNoneMatch: odd])
                #expect([200, 307, 404].contains(answer.status), "\(path) \(odd)")
                #expect(answer.headers[.contentEncoding] == nil)
            }
        }
        #expect(try await house.call("GET", "/tablet/", headers: [.ifNoneMatch: "*"]).status == 304)
        #expect(try await house.call("GET", "/tablet/", headers: [.acceptEncoding: "br, gzip;q=0.1"]).headers[.contentEncoding] == "gzip")
    }

    @Test("An empty feed says when it last changed, and the same the next time")
    func feed() async throws {
        let house = try await House()
        func updated() async throws -> String? {
            let feed = try await house.call("GET", "/v1/towns/042056/alerts.atom", token: nil)
            #expect(feed.status == 200)
            return feed.body.firstMatch(of: #/<updated>([^<]*)</#).map { String($0.1) }
        }
        #expect(try await updated() == "1970-01-01T09:00:00+09:00")
    }

    @Test("A phone that asks whether it is held captive is led to the page of this spot", arguments: [
        "/hotspot-detect.html", "/generate_204", "/connecttest.txt", "/success.txt", "/gen_204", "/",
    ])
    func probes(path: String) async throws {
        let house = try await House()
        let answer = try await house.call("GET", path + "?x=1", token: nil, host: "captive.apple.com")
        #expect(answer.status == 302 && answer.headers[.location] == "/spots/eki/" && answer.headers[.cacheControl] == "no-store")
        #expect(try await house.call("GET", "/", token: nil, host: "hub.example.jp").headers[.location] == "/tablet/")
        #expect(try await house.call("GET", "/", token: nil, host: "NeverSSL.com:80").headers[.location] == "/spots/eki/")
        let many = try CaptiveProbe.answer([("a", "一 <x>"), ("b", "二")])
        #expect(many.status == .ok)
        #expect(throws: Problem.self) { try CaptiveProbe.answer([]) }
        let api = try await house.call("GET", "/captive-portal/eki", token: nil)
        #expect(api.body == #"{"captive":false,"venue-info-url":"https://hub.example.jp/spots/eki/"}"#)
    }
}
