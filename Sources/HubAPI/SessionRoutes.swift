/// Signing in at the desk, and out.
internal import AlertModel
internal import Desk
internal import Foundation
internal import Logging
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct SignIn: Decodable {
        var name: String?
        var password: String?
        var code: String?
        /// A code of the key from the safe: it opens whatever was tried before.
        var safe_key: String?
        /// The answer to a challenge of `POST /v1/passkeys/challenge`.
        var passkey: PasskeyAnswer?
        var challenge: String?
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
            let wish = try await Body.decode(SignIn.self, request, upTo: 8 << 10)
            if let passkey = wish.passkey { return try signIn(passkey, wish.challenge ?? "", request, from: context.address(request)) }
            return try await signIn(wish, at: Self.place(request), from: context.address(request))
        }
        router.get("/v1/sessions/current") { request, _ in
            let (person, session) = try current(request)
            return try Answer.json(shape(person, session, asks: hub.people.account(person.name)?.isFirstPassword ?? false))
        }
        router.delete("/v1/sessions/current") { request, _ in
            try checkOrigin(request)
            let place = Self.place(request), name = Self.cookieName(at: Self.cookie(request, named: Self.cookieName(at: place)) == nil ? nil : place)
            if let cookie = Self.cookie(request, named: name) {
                if let (person, _) = try? current(request) { hub.leaves(person) }
                hub.people.signOut(cookie)
            }
            return Response(status: .noContent, headers: [.setCookie: "\(name)=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"])
        }
        router.put("/v1/sessions/current/password") { request, _ in
            let (person, session) = try current(request)
            try checkOrigin(request)
            let wish = try await Body.decode(NewPassword.self, request, upTo: 8 << 10)
            guard hub.clock().timeIntervalSince(session.proved) <= People.elevated, let cookie = cookieInUse(request) else {
                throw Problem(.forbidden, "もう一度いまのパスワードで入ってから、変えてください (sign in again before changing the password)")
            }
            do throws(PeopleFailure) {
                try await hub.people.changeOwn(person, cookie: cookie, to: wish.password, now: hub.clock())
            } catch {
                throw Problem(error)
            }
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }

    private func signIn(_ wish: SignIn, at place: ModeName?, from address: String) async throws -> Response {
        let now = hub.clock()
        if let key = wish.safe_key {
            guard let opened = try safe(key, wish.name ?? "", from: address, now: now) else {
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
            return try welcome(opened.cookie, opened.person, opened.session, at: place, asks: false)
        }
        guard let name = wish.name, let password = wish.password else {
            throw Problem(.badRequest, "名前とパスワード、または金庫の鍵を入れてください (name and password, or safe_key)")
        }
        do throws(PeopleFailure) {
            let opened = try await hub.people.signIn(name: name, password: password, code: wish.code, from: address, now: now)
            hub.logger.notice("signed in", metadata: ["who": "\(opened.person.name)", "from": "\(address)"])
            return try welcome(opened.cookie, opened.person, opened.session, at: place, asks: opened.asksForPassword)
        } catch {
            throw Problem(error)
        }
    }

    private func safe(
        _ key: String, _ name: String, from address: String, now: Date
    ) throws(Problem) -> (cookie: String, person: Operator, session: Session, left: Int)? {
        do throws(PeopleFailure) {
            return try hub.people.signIn(safeKey: key, name: name, from: address, now: now)
        } catch {
            throw Problem(error)
        }
    }

    // MARK: Passkeys

    private struct Ask: Encodable {
        var challenge, host: String
        /// Whose key is asked for; absent: anybody's who wants in.
        var name: String?
        /// Keys of this person that are known already.
        var known: [String]
    }

    private struct NewPasskey: Decodable {
        var name, challenge: String
        var passkey: PasskeyAnswer
    }

    private struct PasskeyShape: Encodable {
        var id, name, made_at: String
        init(_ passkey: Passkey) {
            (id, name) = (passkey.id, passkey.name)
            made_at = JapanTime.text(passkey.made, milliseconds: false)
        }
    }

    func addPasskeys(to router: Router<Context>) {
        router.post("/v1/passkeys/challenge") { request, context in
            let person = Self.cookie(request) == nil ? nil : somebody(request)?.person
            if person != nil { try checkOrigin(request) }
            let known = person.flatMap { hub.people.account($0.name) }?.passkeys ?? []
            return try Answer.json(
                Ask(challenge: hub.people.ask(person?.name, from: context.address(request), now: hub.clock()), host: host(request), name: person?.name, known: known.map(\.id)))
        }
        router.get("/v1/passkeys") { request, _ in
            let (person, _) = try current(request)
            return try Answer.json(["passkeys": (hub.people.account(person.name)?.passkeys ?? []).map { PasskeyShape($0) }])
        }
        router.post("/v1/passkeys") { request, _ in
            let (person, session) = try current(request)
            try checkOrigin(request)
            try checkProved(session)
            let wish = try await Body.decode(NewPasskey.self, request)
            do throws(PeopleFailure) {
                let made = try hub.people.addPasskey(
                    wish.passkey, challenge: wish.challenge, host: host(request), origins: origins(request), name: wish.name, of: person,
                    now: hub.clock())
                try await recordedPeople { try? hub.people.removePasskey(made.id, of: person) }
                hub.logger.notice("passkey registered", metadata: ["who": "\(person.name)"])
                return try Self.json(PasskeyShape(made), .created)
            } catch {
                throw Problem(error)
            }
        }
        router.delete("/v1/passkeys/{id}") { request, context in
            let (person, session) = try current(request)
            try checkOrigin(request)
            try checkProved(session)
            do throws(PeopleFailure) {
                try hub.people.removePasskey(try Self.id(context), of: person)
                try await recordedPeople {}
            } catch {
                throw Problem(error)
            }
            return Response(status: .noContent)
        }
    }

    private static func id(_ context: Context) throws(PeopleFailure) -> String {
        guard let id = context.parameters.get("id") else { throw .notFound("このパスキーはありません (no such passkey)") }
        return id
    }

    private func checkProved(_ session: Session) throws(Problem) {
        guard hub.clock().timeIntervalSince(session.proved) <= People.elevated else {
            throw Problem(.forbidden, "もう一度入ってから、変えてください (sign in again before changing this)")
        }
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) throws(PeopleFailure) -> Response {
        do { return try Answer.json(value, status: status) } catch { throw .busy }
    }

    /// What a key is bound to: the name in the address people type.
    private func host(_ request: Request) -> String {
        let authority = request.head.authority ?? ""
        guard !authority.hasPrefix("["), let colon = authority.lastIndex(of: ":") else { return authority }
        return String(authority[..<colon])
    }

    /// Plain http only on this machine itself, as browsers have it.
    private func origins(_ request: Request) -> Set<String> {
        let authority = request.head.authority ?? ""
        return host(request) == "localhost" ? ["https://\(authority)", "http://\(authority)"] : ["https://\(authority)"]
    }

    private func signIn(_ passkey: PasskeyAnswer, _ challenge: String, _ request: Request, from address: String) throws -> Response {
        do throws(PeopleFailure) {
            let opened = try hub.people.signIn(
                passkey: passkey, challenge: challenge, host: host(request), origins: origins(request), from: address, now: hub.clock())
            hub.logger.notice("signed in", metadata: ["who": "\(opened.person.name)", "from": "\(address)", "by": "passkey"])
            return try welcome(opened.cookie, opened.person, opened.session, at: Self.place(request), asks: opened.asksForPassword)
        } catch {
            throw Problem(error)
        }
    }

    private func welcome(_ cookie: String, _ person: Operator, _ session: Session, at place: ModeName?, asks: Bool) throws(PeopleFailure) -> Response {
        let field = "\(Self.cookieName(at: place))=\(cookie); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=86400"
        // Signed in at one place of the desk, it opens that one from the first moment on.
        if let place { _ = hub.people.with(session: cookie, at: place, now: hub.clock()) }
        do {
            return try Answer.json(shape(person, session, asks: asks), status: .created, headers: [.setCookie: field])
        } catch {
            throw .busy
        }
    }

    private func current(_ request: Request) throws(Problem) -> (person: Operator, session: Session) {
        guard let found = somebody(request), let session = found.session else {
            if let other = elsewhere(request) { throw other }
            throw Problem(.unauthorized, "だれも入っていません (nobody is signed in)")
        }
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
            case .busy, .unrecorded: .serviceUnavailable
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
        case .unrecorded: headers[.retryAfter] = "5"
        case .codeNeeded: type = "urn:noroshi:problem:code-needed"
        default: break
        }
    }
}
