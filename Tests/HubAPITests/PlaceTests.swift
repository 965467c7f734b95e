import Foundation
import HTTPTypes
import Testing

@testable import HubAPI

/// Real and drill are two desks: who signed in at one of them does nothing in the other, whatever the page says.
@Suite("The desk of what is real and the desk of drills")
struct PlaceTests {
    private static let notice = #"{"town":"042056","kind":"notice","mode":"MODE","title":"給水","body":"市役所前"}"#
    private func order(_ mode: String) -> String { Self.notice.replacing("MODE", with: mode) }

    private func headers(_ place: String?, _ cookie: String? = nil) -> HTTPFields {
        var fields: HTTPFields = [.origin: "https://hub"]
        if let place { fields[.noroshiPlace] = place }
        if let cookie { fields[.cookie] = cookie }
        return fields
    }

    private func signIn(_ house: House, at place: String?) async throws -> String {
        let answer = try await house.call("POST", "/v1/sessions", #"{"name":"sato","password":"\#(House.password)"}"#, token: nil, headers: headers(place))
        #expect(answer.status == 201, "\(answer.body)")
        return String((answer.headers[.setCookie] ?? "").prefix { $0 != ";" })
    }

    private func house() async throws -> House {
        let house = try await House()
        let body = #"{"name":"sato","roles":["chief"],"towns":["042056"],"password":"\#(House.password)"}"#
        #expect(try await house.call("POST", "/v1/users", body, token: House.root).status == 201)
        return house
    }

    @Test("Signed in at one, nothing is sent in the other, nor from a page that says it is the other's", arguments: ["actual", "exercise"])
    func oneDesk(place: String) async throws {
        let house = try await house(), other = place == "actual" ? "exercise" : "actual"
        let cookie = try await signIn(house, at: place)
        #expect(cookie.hasPrefix(place == "exercise" ? "__Host-noroshi-drill=" : "__Host-noroshi="))
        #expect(try await house.call("POST", "/v1/alerts", order(place), token: nil, headers: headers(place, cookie)).status == 202)
        let refused = try await house.call("POST", "/v1/alerts", order(other), token: nil, headers: headers(place, cookie))
        #expect(refused.status == 403 && refused.body.contains("操作卓"), "\(refused.status) \(refused.body)")
        for place in [other, nil] {
            let elsewhere = try await house.call("POST", "/v1/alerts", order(other), token: nil, headers: headers(place, cookie))
            #expect([401, 403].contains(elsewhere.status), "\(place ?? "-"): \(elsewhere.status)")
        }
        let asked = try await house.call("GET", "/v1/alerts", token: nil, headers: headers(other, cookie))
        #expect(asked.status == 401, "\(asked.body)")
        #expect(asked.body.contains("urn:noroshi:problem:other-place"), "\(asked.body)")
        let all = try await house.call("GET", "/v1/alerts?in_force=true", "", token: House.root).body
        #expect(all.contains(#""mode":"\#(place)""#) && !all.contains(#""mode":"\#(other)""#))
    }

    @Test("Two sign-ins stand beside each other, and signing out of one leaves the other")
    func both() async throws {
        let house = try await house()
        let real = try await signIn(house, at: "actual"), drill = try await signIn(house, at: "exercise"), both = "\(real); \(drill)"
        for mode in ["actual", "exercise"] {
            #expect(try await house.call("POST", "/v1/alerts", order(mode), token: nil, headers: headers(mode, both)).status == 202)
        }
        let out = try await house.call("DELETE", "/v1/sessions/current", token: nil, headers: headers("exercise", both))
        #expect(out.headers[.setCookie]?.hasPrefix("__Host-noroshi-drill=;") == true)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: headers("exercise", both)).status == 401)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: headers("actual", both)).status == 200)
    }

    @Test("A session that says no place yet is for the one where it is first used; over a restart too")
    func firstUse() async throws {
        let house = try await house(), cookie = try await signIn(house, at: nil)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: headers("exercise", cookie)).status == 200)
        #expect(try await house.call("GET", "/v1/alerts", token: nil, headers: headers("actual", cookie)).status == 401)
        #expect(try await house.call("POST", "/v1/alerts", order("actual"), token: nil, headers: headers(nil, cookie)).status == 403, "bound, whether the page says it or not")
    }

    @Test("The desk of drills has no door to registers, people and keys, and a token in its page sends nothing real")
    func registers() async throws {
        let house = try await house(), cookie = try await signIn(house, at: "exercise")
        for (method, path, body) in [("GET", "/v1/users", nil), ("POST", "/v1/devices/invitations", #"{"site":"school"}"#), ("PUT", "/v1/towns/042056/settings", "{}")] as [(String, String, String?)] {
            let answer = try await house.call(method, path, body, token: nil, headers: headers("exercise", cookie))
            #expect(answer.status == 403 && answer.body.contains("訓練の操作卓"), "\(path): \(answer.status) \(answer.body)")
        }
        let fields: HTTPFields = [.noroshiPlace: "exercise"]
        #expect(try await house.call("POST", "/v1/alerts", order("actual"), token: House.token, headers: fields).status == 403)
        #expect(try await house.call("POST", "/v1/alerts", order("exercise"), token: House.token, headers: fields).status == 202)
        #expect(try await house.call("POST", "/v1/alerts", order("actual"), token: House.token).status == 202, "a program says no place")
    }
}
