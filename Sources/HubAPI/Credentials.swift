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
        if let token = request.head.bearer { return hub.people.with(token: token, now: hub.clock()).map { ($0, nil) } }
        guard let cookie = Self.cookie(request) else { return nil }
        return hub.people.with(session: cookie, now: hub.clock()).map { ($0.person, $0.session) }
    }

    /// Whether who began a long answer may still have it: he was not stopped, nor his role or his session over.
    func stillMay(_ request: Request, from address: String, _ scope: Scope, in town: TownID) -> Bool {
        let person: Operator? =
            if let token = request.head.bearer {
                hub.people.with(token: token, now: hub.clock())
            } else {
                Self.cookie(request).flatMap { hub.people.with(session: $0, now: hub.clock(), isUse: false)?.person }
            }
        guard let person else { return false }
        return hub.places.narrowed(person, from: address, towns: hub.allTowns.map(\.id), now: hub.clock()).may(scope, in: town)
    }

    /// Who asks, with what this route needs and no more: grants of other towns that lack it are not there. `RouteGuard` asks,
    /// once for each request; routes find the answer in their context.
    func operatorOf(_ request: Request, from address: String, needing wanted: [Scope]) throws(Problem) -> Operator {
        let (everything, session) = try signedIn(request)
        let person = hub.places.narrowed(everything, from: address, towns: hub.allTowns.map(\.id), now: hub.clock())
        guard !person.grants.isEmpty || everything.grants.isEmpty else {
            throw Problem(.forbidden, "この操作卓は、ここ（\(address)）からは使えません。金庫の鍵で入るか、管理者に開けてもらってください (this desk is not used from your network)")
        }
        guard let able = person.narrowed(to: wanted) else {
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

    private func signedIn(_ request: Request) throws(Problem) -> (person: Operator, session: Session?) {
        if let found = somebody(request) {
            if found.session != nil { try checkOrigin(request) }
            return found
        }
        if request.head.bearer != nil {
            throw Problem(.unauthorized, "このトークンは、どの操作員のものでもありません (this token belongs to no operator)")
        }
        if Self.cookie(request) != nil {
            throw Problem(.unauthorized, "時間がたったので、もう一度入ってください (the session is over: sign in again)")
        }
        throw Problem(.unauthorized, "操作員のトークンが要ります。または名前で入ってください (an operator's token is needed, or a session)")
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
}
