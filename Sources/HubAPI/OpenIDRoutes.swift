/// A browser's way to the town's own sign-in and back.
///
///     desk ──▶ /v1/sessions/openid ──303──▶ provider ──303──▶ …/callback ──▶ token endpoint ──▶ cookie, desk
internal import ChannelKit
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    /// Bound to the browser that went there, so that nobody is signed in as somebody else by a link.
    private static let visitCookie = "__Host-noroshi-openid"
    private static let patience = Duration.seconds(10)

    private struct Ways: Encodable {
        struct Way: Encodable { var name: String }
        var openid: Way?
    }

    func addOpenID(to router: Router<Context>) {
        router.get("/v1/sessions") { _, _ in try Answer.json(Ways(openid: configuration.openID.map { .init(name: $0.provider.name) })) }
        router.get("/v1/sessions/openid") { request, _ in
            guard let openID = configuration.openID else { throw Self.none }
            let addresses = try await addresses(openID)
            let visit = openID.visits.begin(now: hub.clock())
            let query = Self.form([
                ("response_type", "code"), ("scope", "openid email profile"), ("client_id", openID.provider.client),
                ("redirect_uri", callback), ("state", visit.state), ("nonce", visit.nonce), ("code_challenge", visit.challenge),
                ("code_challenge_method", "S256"),
            ])
            let mark = addresses.authorization_endpoint.contains("?") ? "&" : "?"
            return Response(status: .seeOther, headers: [
                .location: addresses.authorization_endpoint + mark + query, .cacheControl: "no-store",
                .setCookie: "\(Self.visitCookie)=\(visit.state); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
            ])
        }
        router.get("/console/openid") { request, context in
            do {
                return try await comeBack(request, from: context.address(request))
            } catch let problem as Problem {
                hub.logger.warning("not let in by openid", metadata: ["from": "\(context.address(request))", "why": "\(problem.detail ?? "")"])
                return Self.page(to: "/console/?openid=no", nil)
            }
        }
    }

    private static var none: Problem { Problem(.notFound, "ここでは、庁内の認証は使っていません (no OpenID Connect here)") }
    private var callback: String { configuration.publicAddress + "/console/openid" }

    private func addresses(_ openID: Configuration.OpenID) async throws(Problem) -> OpenIDAddresses {
        let answer = try await exchange(openID, HTTPCall(method: "GET", url: openID.provider.discovery, answerLimit: 64 << 10))
        guard answer.status == 200, let read = OpenIDAddresses.read(answer.body, of: openID.provider) else {
            throw Problem(.badGateway, "庁内の認証の案内が読めません。名前とパスワードで入ってください (the provider's discovery document is not its own, or unreadable)")
        }
        return read
    }

    private func exchange(_ openID: Configuration.OpenID, _ call: HTTPCall) async throws(Problem) -> HTTPAnswer {
        do throws(TransportFailure) {
            return try await openID.transport.send(call, deadline: .now.advanced(by: Self.patience))
        } catch {
            throw Problem(.badGateway, "庁内の認証につながりません。名前とパスワード、または金庫の鍵で入ってください (the provider does not answer: \(error))")
        }
    }

    private func comeBack(_ request: Request, from address: String) async throws(Problem) -> Response {
        guard let openID = configuration.openID else { throw Self.none }
        let given = request.uri.queryParameters
        guard let state = given["state"].map(String.init), Self.cookie(request, named: Self.visitCookie) == state,
            let visit = openID.visits.end(state, now: hub.clock()), let code = given["code"].map(String.init)
        else { throw Problem(.forbidden, "この画面から始めた認証ではないか、時間が過ぎました (not begun in this browser, or too late: \(given["error"] ?? ""))") }
        let addresses = try await addresses(openID)
        let secret = Data("\(Self.escape(openID.provider.client)):\(Self.escape(openID.provider.secret))".utf8).base64EncodedString()
        let answer = try await exchange(openID, HTTPCall(
            method: "POST", url: addresses.token_endpoint,
            headers: [("Authorization", "Basic \(secret)"), ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")],
            body: Array(Self.form([
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback), ("code_verifier", visit.verifier),
            ]).utf8), answerLimit: 64 << 10))
        guard answer.status == 200, let name = openID.provider.person(answer.body, nonce: visit.nonce, now: hub.clock()) else {
            throw Problem(.forbidden, "庁内の認証の返事を確かめられません (the provider's answer does not hold: \(answer.status))")
        }
        do throws(PeopleFailure) {
            let opened = try hub.people.signIn(openID: name, from: address, now: hub.clock())
            hub.logger.notice("signed in", metadata: ["who": "\(opened.person.name)", "from": "\(address)", "by": "openid"])
            return Self.page(to: "/console/?openid=yes", opened.cookie)
        } catch {
            throw Problem(error)
        }
    }

    /// A page of ours that goes on by itself: a strict cookie does not travel with a redirect that began elsewhere.
    private static func page(to place: String, _ cookie: String?) -> Response {
        let words = #"<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>狼煙 操作卓</title><meta http-equiv="refresh" content="0;url=\#(place)"><p><a href="\#(place)">操作卓へ</a></p></html>"#
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"]
        headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        headers[values: .setCookie] = ["\(visitCookie)=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]
            + (cookie.map { ["\(cookieName)=\($0); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=86400"] } ?? [])
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: words)))
    }

    private static func form(_ pairs: [(String, String)]) -> String { pairs.map { "\($0)=\(escape($1))" }.joined(separator: "&") }

    private static func escape(_ text: String) -> String {
        var plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: Unicode.Scalar(0)...Unicode.Scalar(127)))
        plain.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
}
