/// Who may knock at each route: the one place where it is said. `RouteGuard` asks here before every route, and what stands in
/// no row is opened to nobody. Paths are written as the routes have them; pages, which are outside `/v1/`, are looked at by everybody.
internal import HTTPTypes
internal import Desk

struct RouteScopes {
    enum Need: Sendable, Equatable {
        /// A person, or a program that stands for one, with any one of these. Where the body says whether it is real, the hub
        /// asks again (`send`, `drill`).
        case people([Scope])
        /// It is found out who asks and what he may, and the route says itself what that opens.
        case asked([Scope])
        /// A person as above, from wherever he asks: also where his town's desk is bound to a network of its own.
        case anywhere([Scope])
        /// A device's token.
        case device
        /// The cookie of somebody who signed in, for what is his own.
        case session
        /// A signature over what is brought.
        case signature
        /// The watcher's token, where there is one.
        case watcher
        case everybody
    }

    struct Row {
        var method: HTTPRequest.Method
        var path: String
        var need: Need
    }

    static let rows: [Row] = people + others

    private static let people: [Row] = [
        // Only a source is one, and whoever tries is told of; `drill` for exercises of a token that is bound to no town: see `addBulletins`.
        Row(.post, "/v1/bulletins", .asked([.feed, .drill])),
        Row(.get, "/v1/bulletins", [.read]),
        // `read`: a preview sends nothing.
        Row(.post, "/v1/alerts", [.send, .drill, .read]),
        Row(.post, "/v1/alerts/{id}/cancel", [.send, .drill, .read]),
        Row(.get, "/v1/alerts", [.read]),
        // With `.cap` behind the id real alerts are everybody's.
        Row(.get, "/v1/alerts/{id}", .asked([.read])),
        Row(.get, "/v1/alerts/{id}/texts", [.read]),
        Row(.get, "/v1/deliveries", [.read]),
        Row(.get, "/v1/deliveries/stream", [.read, .watch]),
        Row(.post, "/v1/deliveries/held/{act}", [.send, .drill]),
        Row(.get, "/v1/endpoints", [.read]),
        Row(.post, "/v1/endpoints/{endpoint}/resume", [.send, .drill]),
        Row(.get, "/v1/reports", [.read]),
        Row(.get, "/v1/reports/photo", [.read]),
        // To have read what a shelter reports is reading.
        Row(.post, "/v1/reports/read", [.read]),
        // To speak to a shelter is more than reading too.
        Row(.post, "/v1/reports/answer", [.send, .devices]),
        // What nobody sees any more is more than reading.
        Row(.post, "/v1/reports/aside", [.devices]),
        Row(.get, "/v1/calls", [.read]),
        // Who may give out something, or keeps the tablets, telephones; the hub asks again for the place it is about.
        Row(.post, "/v1/calls", [.send, .drill, .devices]),
        Row(.get, "/v1/chronicle", [.read]),
        // As a call: who keeps the tablets is at the headquarters too.
        Row(.post, "/v1/chronicle", [.send, .drill, .devices]),
        Row(.get, "/v1/towns", Scope.allCases),
        Row(.get, "/v1/towns/{code}/standing", [.read]),
        Row(.get, "/v1/towns/{code}/chain", [.read]),
        Row(.get, "/v1/towns/{code}/key", [.read, .devices]),
        Row(.post, "/v1/towns/{code}/key", [.admin]),
        Row(.get, "/v1/towns/{code}/ca", [.read, .devices]),
        Row(.post, "/v1/towns/{code}/ca", [.admin]),
        // The hub's own, behind nginx: who keeps it.
        Row(.post, "/v1/towns/{code}/ca/certificates", [.admin]),
        Row(.get, "/v1/towns/{code}/map", [.read]),
        Row(.get, "/v1/towns/{code}/rollcalls", [.read]),
        // As a call: who keeps the tablets asks too; the hub asks again.
        Row(.post, "/v1/towns/{code}/rollcalls", [.send, .drill, .devices]),
        Row(.post, "/v1/towns/{code}/rollcalls/close", [.send, .drill, .devices]),
        Row(.get, "/v1/towns/{code}/here", [.read]),
        Row(.get, "/v1/towns/{code}/felt", [.read]),
        Row(.get, "/v1/towns/{code}/voices", [.read]),
        Row(.get, "/v1/towns/{code}/shelters", [.read]),
        Row(.delete, "/v1/towns/{code}/shelters/lists/{list}", [.send, .read]),
        // Where people are sent in real orders. `read`: a dry run changes nothing.
        Row(.post, "/v1/towns/{code}/shelters/import", [.send, .read]),
        // As an order about each of them.
        Row(.post, "/v1/towns/{code}/shelters/states", [.send, .drill, .read]),
        // A paper tells what reading tells. To bring one puts words before everybody at the desk; the machine's keeper may, where nobody else is.
        Row(.post, "/v1/towns/{code}/bundle", [.read]),
        Row(.get, "/v1/bundles", [.read]),
        Row(.get, "/v1/bundles/{id}", [.read]),
        Row(.post, "/v1/bundles", [.send, .admin]),
        Row(.post, "/v1/bundle-receipts", [.send, .admin]),
        // Copies come by their own signature, and are shown to who keeps the hub.
        Row(.get, "/v1/copies", [.admin]),
        Row(.post, "/v1/devices/invitations", [.devices]),
        Row(.post, "/v1/device-asks/look", [.devices]),
        Row(.post, "/v1/device-asks/approve", [.devices]),
        Row(.post, "/v1/device-codes", [.devices]),
        Row(.get, "/v1/device-codes", [.read, .devices]),
        Row(.delete, "/v1/device-codes/{id}", [.devices]),
        Row(.get, "/v1/devices", [.read, .devices]),
        Row(.get, "/v1/devices/{id}", [.read, .devices]),
        Row(.delete, "/v1/devices/{id}", [.devices]),
        Row(.patch, "/v1/devices/{id}", [.devices]),
        Row(.post, "/v1/devices/{id}/lend", [.devices]),
        Row(.post, "/v1/devices/{id}/return", [.devices]),
        Row(.post, "/v1/devices/{id}/retire", [.devices]),
        Row(.get, "/v1/attention", [.read, .watch]),
        Row(.get, "/v1/sources", [.read, .watch]),
        Row(.get, "/v1/approvals", [.approve, .send, .read]),
        Row(.get, "/v1/approvals/{id}", [.approve, .send, .read]),
        // Who may send comes after who approves; the table of what waits asks again.
        Row(.post, "/v1/approvals/{id}/approve", [.approve, .send, .admin]),
        Row(.post, "/v1/approvals/{id}/return", [.approve, .send, .admin]),
        Row(.get, "/v1/towns/{code}/plans", [.read]),
        // Who sends and who approves see first what a plan has taken for granted in vain.
        Row(.put, "/v1/towns/{code}/assumptions/{id}", [.send, .approve]),
        Row(.get, "/v1/notices", [.read]),
        Row(.post, "/v1/notices", [.send, .drill]),
        Row(.delete, "/v1/notices/{id}", [.send, .drill]),
        Row(.post, "/v1/notices/{id}/approve", [.approve]),
        // Telephone numbers of the staff are in them: for who may call.
        Row(.get, "/v1/towns/{code}/staff", [.send, .drill]),
        Row(.get, "/v1/musters", [.send, .drill]),
        Row(.get, "/v1/musters/{id}", [.send, .drill]),
        Row(.post, "/v1/musters", [.send, .drill]),
        Row(.post, "/v1/musters/{id}/answer", [.send, .drill]),
        Row(.post, "/v1/musters/{id}/end", [.send, .drill]),
        Row(.get, "/v1/drills", [.read, .drill]),
        Row(.get, "/v1/drills/{id}", [.read, .drill]),
        Row(.post, "/v1/drills", [.drill]),
        Row(.post, "/v1/drills/{id}/begin", [.drill]),
        Row(.post, "/v1/drills/{id}/end", [.drill]),
        Row(.post, "/v1/drills/{id}/erase", [.drill]),
        Row(.get, "/v1/overview", [.read]),
        Row(.get, "/v1/pacts", [.read, .admin]),
        Row(.get, "/v1/pacts/{id}", [.read, .admin]),
        Row(.post, "/v1/pacts", [.admin]),
        Row(.post, "/v1/pacts/{id}/sign", [.admin]),
        // Whoever lends out the town's work, when its town hall is gone, sits in another's.
        Row(.post, "/v1/pacts/{id}/release", .anywhere([.send, .drill, .approve])),
        Row(.post, "/v1/pacts/{id}/end", .anywhere([.send, .drill, .approve, .admin])),
        Row(.get, "/v1/roles", Scope.allCases),
        Row(.get, "/v1/users", [.admin]),
        Row(.post, "/v1/users", [.admin]),
        Row(.patch, "/v1/users/{name}", [.admin]),
        // One's own role.
        Row(.post, "/v1/users/{name}/hand-over", Scope.allCases),
        Row(.get, "/v1/tokens", [.admin]),
        Row(.post, "/v1/tokens", [.admin]),
        Row(.delete, "/v1/tokens/{id}", [.admin]),
        Row(.get, "/v1/towns/{code}/safe-keys", [.admin]),
        Row(.post, "/v1/towns/{code}/safe-keys", [.admin]),
        Row(.get, "/v1/towns/{code}/open-desk", [.read, .admin]),
        Row(.put, "/v1/towns/{code}/open-desk", [.admin]),
        Row(.delete, "/v1/towns/{code}/open-desk", [.admin]),
        // Addresses of far ends are in them.
        Row(.get, "/v1/towns/{code}/settings", [.admin]),
        // For who keeps people in every town; the route asks again.
        Row(.post, "/v1/towns", [.admin]),
        Row(.put, "/v1/towns/{code}/settings", [.admin]),
        Row(.post, "/v1/towns/{code}/link-test", [.admin]),
    ]

    /// Whoever is no person at the desk, or not yet.
    private static let others: [Row] = [
        // A code is its right.
        Row(.post, "/v1/devices", .everybody),
        // By a key that only that device has.
        Row(.post, "/v1/devices/erased", .everybody),
        // It opens nothing until a person says yes.
        Row(.post, "/v1/device-asks", .everybody),
        Row(.post, "/v1/device-asks/answer", .everybody),
        Row(.get, "/v1/stream", .device),
        Row(.get, "/v1/catch-up", .device),
        Row(.post, "/v1/receipts", .device),
        Row(.post, "/v1/reports", .device),
        Row(.post, "/v1/signs", .device),
        Row(.get, "/v1/wake-ups", .device),
        Row(.post, "/v1/wake-ups", .device),
        Row(.delete, "/v1/wake-ups", .device),
        Row(.get, "/v1/place", .device),
        Row(.get, "/v1/rollcall", .device),
        Row(.post, "/v1/rollcall", .device),
        Row(.post, "/v1/rollcall/close", .device),
        Row(.post, "/v1/rollcall/answers", .device),
        Row(.post, "/v1/edge/rollcall", .device),
        Row(.get, "/v1/reports/{id}", .device),
        Row(.get, "/v1/edge/register", .device),
        Row(.get, "/v1/edge/guests", .device),
        Row(.post, "/v1/edge/redeemed", .device),
        Row(.get, "/v1/edge/elsewhere", .device),
        Row(.post, "/v1/edge/certificate", .device),
        Row(.post, "/v1/copies", .signature),
        // Open data.
        Row(.get, "/v1/towns/{code}/alerts.atom", .everybody),
        Row(.get, "/v1/towns/{code}/drill.atom", .everybody),
        Row(.get, "/v1/towns/{code}/standing.geojson", .everybody),
        Row(.get, "/v1/towns/{code}/drill.geojson", .everybody),
        Row(.get, "/v1/sessions", .everybody),
        Row(.post, "/v1/sessions", .everybody),
        Row(.get, "/v1/sessions/openid", .everybody),
        Row(.post, "/v1/passkeys/challenge", .everybody),
        Row(.get, "/v1/sessions/current", .session),
        // Also who is in no longer goes out.
        Row(.delete, "/v1/sessions/current", .everybody),
        Row(.put, "/v1/sessions/current/password", .session),
        Row(.get, "/v1/passkeys", .session),
        Row(.post, "/v1/passkeys", .session),
        Row(.delete, "/v1/passkeys/{id}", .session),
        Row(.get, "/metrics", .watcher),
        // The link is its right.
        Row(.post, "/muster/{key}/taken", .everybody),
        Row(.post, "/muster/{key}/cannot", .everybody),
        // Only there where it is measured.
        Row(.post, "/v1/bench/publish", .everybody),
    ]

    /// What a neighbour who works in a struck town's name (`Pact`) may knock at there, as far as he may it at home: what it says, where it stands, who is
    /// silent, and what it wants a yes to. Whatever is not here is opened to the town's own people alone, whichever acts were lent: who they
    /// are and how they are reached, what shelters reported, its settings, its papers.
    private static let lendable: [(HTTPRequest.Method, String)] = [
        (.post, "/v1/alerts"), (.post, "/v1/alerts/{id}/cancel"), (.get, "/v1/alerts"), (.get, "/v1/alerts/{id}"), (.get, "/v1/alerts/{id}/texts"),
        (.post, "/v1/towns/{code}/shelters/states"), (.get, "/v1/towns/{code}/shelters"), (.get, "/v1/towns/{code}/standing"), (.get, "/v1/towns/{code}/map"),
        (.get, "/v1/towns/{code}/plans"), (.get, "/v1/towns/{code}/here"), (.get, "/v1/towns/{code}/felt"), (.get, "/v1/towns"),
        (.get, "/v1/deliveries"), (.get, "/v1/deliveries/stream"), (.get, "/v1/endpoints"), (.get, "/v1/towns/{code}/voices"), (.get, "/v1/calls"), (.post, "/v1/calls"),
        (.get, "/v1/approvals"), (.get, "/v1/approvals/{id}"), (.post, "/v1/approvals/{id}/approve"), (.post, "/v1/approvals/{id}/return"),
        (.post, "/v1/devices/invitations"), (.get, "/v1/devices"), (.get, "/v1/devices/{id}"), (.delete, "/v1/devices/{id}"), (.post, "/v1/devices/{id}/lend"),
        (.post, "/v1/devices/{id}/return"), (.post, "/v1/device-codes"), (.get, "/v1/device-codes"), (.delete, "/v1/device-codes/{id}"),
        (.post, "/v1/device-asks/look"), (.post, "/v1/device-asks/approve"), (.post, "/v1/devices/{id}/retire"),
    ]
    private static let lent = Set(lendable.map { key($0, $1) })

    static func isLent(_ method: HTTPRequest.Method, _ path: String) -> Bool { lent.contains(key(method, path)) }
    /// For the test that walks it.
    static var lentRoutes: Set<String> { lent }

    private static let byRoute = Dictionary(rows.map { (key($0.method, $0.path), $0.need) }, uniquingKeysWith: { $1 })
    private static func key(_ method: HTTPRequest.Method, _ path: String) -> String { "\(method.rawValue) \(path)" }

    /// - Parameter path: as the route has it, `/v1/alerts/{id}`.
    /// - Returns: nil where nobody has said it: such a route is opened to nobody.
    static func need(_ method: HTTPRequest.Method, _ path: String) -> Need? {
        byRoute[key(method, path)] ?? (method == .get && !path.hasPrefix("/v1/") ? .everybody : nil)
    }
}

extension RouteScopes.Row {
    fileprivate init(_ method: HTTPRequest.Method, _ path: String, _ need: RouteScopes.Need) { self.init(method: method, path: path, need: need) }
    fileprivate init(_ method: HTTPRequest.Method, _ path: String, _ scopes: [Scope]) { self.init(method: method, path: path, need: .people(scopes)) }
}
