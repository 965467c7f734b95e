/// Signing in at the desk, and out.
internal import AlertModel
internal import Desk
internal import Foundation
internal import Logging
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Ledger

extension HubRouter {
    private struct SignIn: Decodable {
        var name: String?
        var password: String?
        var code: String?
        /// A code of the key from the safe: it opens whatever was tried before.
        var safe_key: String?
    }

    private struct NewPassword: Decodable {
        var password: String
    }

    private struct SessionShape: Encodable {
        var person: String
        var roles: [String]
        /// Absent: every town of this hub.
        var towns: [String]?
        var since, ends_at: String
        /// The password came from somebody else.
        var change_password: Bool
    }

    func addSessions(to router: Router<Context>) {
        router.post("/v1/sessions") { request, context in
            if request.headers[.origin] != nil { try checkOrigin(request) }
            let wish = try await Self.decode(SignIn.self, request, upTo: 8 << 10)
            return try await signIn(wish, from: context.address(request))
        }
        router.get("/v1/sessions/current") { request, _ in
            let (person, session) = try current(request)
            return try Answer.json(shape(person, session, asks: hub.people.account(person.name)?.isFirstPassword ?? false))
        }
        router.delete("/v1/sessions/current") { request, _ in
            try checkOrigin(request)
            if let cookie = Self.cookie(request) { hub.people.signOut(cookie) }
            return Response(status: .noContent, headers: [.setCookie: "\(Self.cookieName)=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"])
        }
        router.put("/v1/sessions/current/password") { request, _ in
            let (person, session) = try current(request)
            try checkOrigin(request)
            let wish = try await Self.decode(NewPassword.self, request, upTo: 8 << 10)
            guard hub.clock().timeIntervalSince(session.proved) <= People.elevated, let cookie = Self.cookie(request) else {
                throw Problem(.forbidden, "もう一度いまのパスワードで入ってから、変えてください (sign in again before changing the password)")
            }
            do throws(PeopleFailure) {
                try await hub.people.changeOwn(person, cookie: cookie, to: wish.password, now: hub.clock())
            } catch {
                throw Problem(error)
            }
            try await hub.ledger.flush().committed()
            return Response(status: .noContent)
        }
    }

    private func signIn(_ wish: SignIn, from address: String) async throws -> Response {
        let now = hub.clock()
        if let key = wish.safe_key {
            guard let opened = hub.people.signIn(safeKey: key, name: wish.name ?? "", from: address, now: now) else {
                throw Problem(.unauthorized, "この鍵は合わないか、もう使われました (this key opens nothing, or was used)")
            }
            hub.logger.warning("opened by a key from the safe", metadata: [
                "who": "\(opened.person.name)", "from": "\(address)", "left": "\(opened.left)",
            ])
            if let town = opened.session.safe.flatMap({ TownID($0) }) {
                hub.attention.notice(
                    .review, "金庫の鍵 \(JapanTime.text(now))",
                    "金庫の鍵で\(opened.person.name)さんが入りました。残りは\(opened.left)枚です (opened by a key from the safe; \(opened.left) left)",
                    from: "desk", of: town, at: now)
            }
            return try welcome(opened.cookie, opened.person, opened.session, asks: false)
        }
        guard let name = wish.name, let password = wish.password else {
            throw Problem(.badRequest, "名前とパスワード、または金庫の鍵を入れてください (name and password, or safe_key)")
        }
        do throws(PeopleFailure) {
            let opened = try await hub.people.signIn(name: name, password: password, code: wish.code, from: address, now: now)
            hub.logger.notice("signed in", metadata: ["who": "\(opened.person.name)", "from": "\(address)"])
            return try welcome(opened.cookie, opened.person, opened.session, asks: opened.asksForPassword)
        } catch {
            throw Problem(error)
        }
    }

    private func welcome(_ cookie: String, _ person: Operator, _ session: Session, asks: Bool) throws(PeopleFailure) -> Response {
        let field = "\(Self.cookieName)=\(cookie); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=86400"
        do {
            return try Answer.json(shape(person, session, asks: asks), status: .created, headers: [.setCookie: field])
        } catch {
            throw .busy
        }
    }

    private func current(_ request: Request) throws(Problem) -> (person: Operator, session: Session) {
        guard let found = somebody(request), let session = found.session else { throw Problem(.unauthorized, "だれも入っていません (nobody is signed in)") }
        return (found.person, session)
    }

    private func shape(_ person: Operator, _ session: Session, asks: Bool) -> SessionShape {
        let duties = session.safe == nil ? hub.people.account(person.name)?.duties ?? [] : [Duty(.chief, towns: session.safe.flatMap { TownID($0) }.map { [$0] })]
        return SessionShape(
            person: person.name, roles: Role.allCases.filter { role in duties.contains { $0.role == role } }.map(\.rawValue),
            towns: person.towns?.map(\.code).sorted(), since: JapanTime.text(session.began, milliseconds: false),
            ends_at: JapanTime.text(session.ends, milliseconds: false), change_password: asks)
    }
}

extension Problem {
    init(_ failure: PeopleFailure) {
        let status: HTTPResponse.Status =
            switch failure {
            case .wrong, .codeNeeded: .unauthorized
            case .wait: .tooManyRequests
            case .busy: .serviceUnavailable
            case .invalid: .unprocessableContent
            case .forbidden: .forbidden
            case .notFound: .notFound
            case .conflict: .conflict
            }
        var errors: [Field]?
        if case .invalid(let words, let field) = failure { errors = [Field(field: field, detail: words)] }
        self.init(status, failure.description, errors: errors)
        switch failure {
        case .wait(let time): headers[.retryAfter] = "\(max(1, time.components.seconds))"
        case .busy: headers[.retryAfter] = "2"
        case .codeNeeded: type = "urn:noroshi:problem:code-needed"
        default: break
        }
    }
}
