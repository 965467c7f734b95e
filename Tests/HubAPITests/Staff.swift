import Foundation
import HTTPTypes
import Testing

/// The people of a town, and what they do all day.
extension House {
    static let password = "correct horse battery"
    static let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","districts":["市内全域"]}"#

    /// What the browser sends from now on.
    func signIn(_ name: String, _ word: String = House.password) async throws -> HTTPFields {
        let answer = try await call("POST", "/v1/sessions", #"{"name":"\#(name)","password":"\#(word)"}"#, token: nil)
        #expect(answer.status == 201, "\(answer.body)")
        return [.cookie: String((answer.headers[.setCookie] ?? "").prefix { $0 != ";" }), .origin: "https://hub"]
    }

    /// Two on duty, a chief, the prefecture and one who watches, each signed in.
    func staff() async throws -> [String: HTTPFields] {
        var cookies: [String: HTTPFields] = [:]
        for (name, role) in [("sato", "duty"), ("suzuki", "duty"), ("takahashi", "chief"), ("ken", "prefecture"), ("miru", "watcher")] {
            let body = #"{"name":"\#(name)","roles":["\#(role)"],"towns":["042056"],"password":"\#(Self.password)"}"#
            #expect(try await call("POST", "/v1/users", body, token: Self.root).status == 201)
            cookies[name] = try await signIn(name)
        }
        return cookies
    }

    func inForce() async throws -> String { try await call("GET", "/v1/towns/042056/standing").body }

    /// The id of what waits.
    static func approval(in answer: Heard) throws -> String {
        String(try #require(answer.body.firstMatch(of: /"id":"(A-[^"]+)"/)?.1))
    }
}
