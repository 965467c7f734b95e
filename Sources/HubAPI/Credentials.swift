/// Who a request comes from: a bearer token, or the cookie of somebody who signed in.
internal import AlertModel
internal import Desk
internal import Foundation
internal import Logging
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    static let cookieName = "__Host-noroshi"
    /// Of who signed in at the desk of drills: two sign-ins, beside each other in one browser.
    static let drillCookieName = "__Host-noroshi-drill"
    static func cookieName(at place: ModeName?) -> String { place == .exercise ? drillCookieName : cookieName }

    /// From which place of the desk it is asked; nil where nobody says it.
    static func place(_ request: Request) -> ModeName? { request.headers[.noroshiPlace].flatMap { ModeName(rawValue: $0) } }

    /// Whether a page asks this by itself, as it does all day: nobody is at it. It makes a call count less and never more, so that whoever says it
    /// of his own gains nothing; who says nothing is somebody.
    static func isUnattended(_ request: Request) -> Bool { request.headers[.noroshiUnattended] != nil }

    /// What may open this request, the likeliest first.
    private static func cookies(_ request: Request) -> [String] {
        let names = place(request) == .exercise ? [drillCookieName, cookieName] : [cookieName]
        return names.compactMap { cookie(request, named: $0) }
    }

    /// The cookie of the session that opens it.
    func cookieInUse(_ request: Request) -> String? {
        let place = Self.place(request), now = hub.clock()
        return Self.cookies(request).first { hub.people.with(session: $0, at: place, now: now, isUse: false) != nil }
    }

    /// What the cookie says; nil where there is none.
    static func cookie(_ request: Request, named name: String = cookieName) -> String? {
        for field in request.headers[values: .cookie] {
            for part in field.split(separator: ";") {
                let pair = part.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0] == name { return String(pair[1]) }
            }
        }
        return nil
    }

    /// Whoever it is, with all that he may; nil: nobody of ours.
    func somebody(_ request: Request) -> (person: Operator, session: Session?)? {
        let place = Self.place(request), now = hub.clock()
        if let token = request.head.bearer {
            // A page of one place does nothing in the other, whatever its token opens.
            return hub.people.with(token: token, now: now).map { person in (place.map { person.within($0) } ?? person, nil) }
        }
        for cookie in Self.cookies(request) {
            if let found = hub.people.with(session: cookie, at: place, now: now, isUse: !Self.isUnattended(request)) { return (found.person, found.session) }
        }
        return nil
    }

    /// Whether who began a long answer may still have it: he was not stopped, nor his role or his session over.
    func stillMay(_ request: Request, from address: String, _ scope: Scope, in town: TownID) -> Bool {
        let person: Operator? =
            if let token = request.head.bearer {
                hub.people.with(token: token, now: hub.clock())
            } else {
                cookieInUse(request).flatMap { hub.people.with(session: $0, at: Self.place(request), now: hub.clock(), isUse: false)?.person }
            }
        guard let person else { return false }
        return hub.able(hub.places.narrowed(person, from: address, towns: hub.allTowns.map(\.id), now: hub.clock())).may(scope, in: town)
    }

    /// Who asks, with what this route needs and no more: grants of other towns that lack it are not there. `RouteGuard` asks,
    /// once for each request; routes find the answer in their context.
    ///
    /// - Parameter lends: what stands in struck towns just now counts at this route (`RouteScopes.isLent`).
    func operatorOf(_ request: Request, from address: String, needing wanted: [Scope], lends: Bool) throws(Problem) -> Operator {
        let (everything, session) = try signedIn(request)
        let person = hub.places.narrowed(everything, from: address, towns: hub.allTowns.map(\.id), now: hub.clock())
        guard !person.grants.isEmpty || everything.grants.isEmpty else {
            throw Problem(.forbidden, "この操作卓は、ここ（\(address)）からは使えません。金庫の鍵で入るか、管理者に開けてもらってください (this desk is not used from your network)")
        }
        guard let able = (lends ? hub.able(person) : person).narrowed(to: wanted) else {
            hub.logger.warning("not allowed", metadata: [
                "operator": "\(person.name)", "path": "\(request.uri.path)", "needs": "\(wanted.map(\.rawValue).joined(separator: " or "))",
            ])
            throw Problem(.forbidden, person.refusal(wanted))
        }
        if let session, wanted == [.admin], request.method != .get, hub.clock().timeIntervalSince(session.proved) > People.elevated {
            throw Problem(.forbidden, "人と鍵を変えるには、もう一度パスワードで入ってください。席を離れたすきに変えられないためです (sign in again before changing people and keys)")
        }
        return able
    }

    /// The same from wherever it is asked.
    func operatorAnywhere(_ request: Request, needing wanted: [Scope]) throws(Problem) -> Operator {
        let (person, _) = try signedIn(request)
        guard let able = person.narrowed(to: wanted) else { throw Problem(.forbidden, person.refusal(wanted)) }
        return able
    }

    private func signedIn(_ request: Request) throws(Problem) -> (person: Operator, session: Session?) {
        if let found = somebody(request) {
            if found.session != nil { try checkOrigin(request) }
            return found
        }
        if request.head.bearer != nil {
            throw Problem(.unauthorized, "このトークンは、どの操作員のものでもありません (this token belongs to no operator)")
        }
        if let other = elsewhere(request) { throw other }
        if Self.cookie(request) != nil {
            throw Problem(.unauthorized, "時間がたったので、もう一度入ってください (the session is over: sign in again)")
        }
        throw Problem(.unauthorized, "操作員のトークンが要ります。または名前で入ってください (an operator's token is needed, or a session)")
    }

    /// Signed in, at the other place.
    func elsewhere(_ request: Request) -> Problem? {
        let all = [Self.cookieName, Self.drillCookieName].compactMap { Self.cookie(request, named: $0) }
        guard let place = Self.place(request), all.contains(where: { hub.people.with(session: $0, now: hub.clock(), isUse: false) != nil }) else { return nil }
        let words = place == .exercise
            ? "本番の操作卓に入っています。訓練の操作卓には、あらためて入ってください (signed in at the real desk: sign in at the desk of drills)"
            : "訓練の操作卓に入っています。本番の操作卓には、あらためて入ってください (signed in at the desk of drills: sign in at the real one)"
        var problem = Problem(.unauthorized, words)
        problem.type = "urn:noroshi:problem:other-place"
        return problem
    }

    /// A cookie goes with whatever page sends a request here: only our own may change something.
    func checkOrigin(_ request: Request) throws(Problem) {
        guard ![.get, .head, .options].contains(request.method) else { return }
        if request.headers[.fetchSite] == "same-origin" { return }
        // Letter by letter (RFC 6454 6.2): what only ends like ours is another's.
        if let origin = request.headers[.origin], let own = request.head.authority,
            ["https://\(own)", "http://\(own)", configuration.publicAddress].contains(origin)
        {
            return
        }
        throw Problem(.forbidden, "ほかのページから送られた操作は受け付けません (Origin: not this site's)")
    }
}

extension People {
    /// Seconds after a password in which people, roles and keys may be changed.
    static let elevated: TimeInterval = 900
}

extension HTTPField.Name {
    static var fetchSite: Self { known("Sec-Fetch-Site") }
    static var noroshiPlace: Self { known("Noroshi-Place") }
    static var noroshiUnattended: Self { known("Noroshi-Unattended") }
}
