/// What each operator's call needs: the one place where it is said. `HubRouter.operatorOf` asks here for every route,
/// so a route that is in no row is looked at with `read` and changed with `admin`.
internal import HTTPTypes
internal import Desk

struct RouteScopes {
    /// Any one of `scopes` opens the route. Where the body says whether it is real, the hub asks again (`send`, `drill`).
    struct Row {
        var method: HTTPRequest.Method
        var path: String
        var scopes: [Scope]
    }

    static let rows: [Row] = [
        // `drill` for exercises of a token that is bound to no town; see `addBulletins`.
        Row(method: .post, path: "/v1/bulletins", scopes: [.feed, .drill]),
        // `read`: a preview sends nothing.
        Row(method: .post, path: "/v1/alerts", scopes: [.send, .drill, .read]),
        Row(method: .post, path: "/v1/alerts/{id}/cancel", scopes: [.send, .drill, .read]),
        Row(method: .post, path: "/v1/deliveries/held/{act}", scopes: [.send, .drill]),
        Row(method: .post, path: "/v1/endpoints/{endpoint}/resume", scopes: [.send, .drill]),
        // To have read what a shelter reports is reading.
        Row(method: .post, path: "/v1/reports/read", scopes: [.read]),
        // To speak to a shelter is more than reading too.
        Row(method: .post, path: "/v1/reports/answer", scopes: [.send, .devices]),
        // What nobody sees any more is more than reading.
        Row(method: .post, path: "/v1/reports/aside", scopes: [.devices]),
        Row(method: .delete, path: "/v1/towns/{code}/shelters/lists/{list}", scopes: [.send, .read]),
        // Where people are sent in real orders. `read`: a dry run changes nothing.
        Row(method: .post, path: "/v1/towns/{code}/shelters/import", scopes: [.send, .read]),
        // A paper tells what reading tells. To bring one puts words before everybody at the desk; the machine's keeper may, where nobody else is.
        Row(method: .post, path: "/v1/towns/{code}/bundle", scopes: [.read]),
        Row(method: .post, path: "/v1/bundles", scopes: [.send, .admin]),
        Row(method: .post, path: "/v1/bundle-receipts", scopes: [.send, .admin]),
        // Copies come by their own signature, and are shown to who keeps the hub.
        Row(method: .get, path: "/v1/copies", scopes: [.admin]),
        Row(method: .post, path: "/v1/devices/invitations", scopes: [.devices]),
        Row(method: .delete, path: "/v1/devices/{id}", scopes: [.devices]),
        Row(method: .post, path: "/v1/devices/{id}/lend", scopes: [.devices]),
        Row(method: .post, path: "/v1/devices/{id}/return", scopes: [.devices]),
        Row(method: .get, path: "/v1/devices", scopes: [.read, .devices]),
        Row(method: .get, path: "/v1/devices/{id}", scopes: [.read, .devices]),
        Row(method: .get, path: "/v1/towns", scopes: Scope.allCases),
        Row(method: .get, path: "/v1/deliveries/stream", scopes: [.read, .watch]),
        Row(method: .get, path: "/v1/attention", scopes: [.read, .watch]),
        Row(method: .get, path: "/v1/sources", scopes: [.read, .watch]),
        // Who may send comes after who approves; the table of what waits asks again.
        Row(method: .post, path: "/v1/approvals/{id}/approve", scopes: [.approve, .send, .admin]),
        Row(method: .post, path: "/v1/approvals/{id}/return", scopes: [.approve, .send, .admin]),
        Row(method: .get, path: "/v1/approvals", scopes: [.approve, .send, .read]),
        Row(method: .get, path: "/v1/approvals/{id}", scopes: [.approve, .send, .read]),
        // Who sends and who approves see first what a plan has taken for granted in vain.
        Row(method: .put, path: "/v1/towns/{code}/assumptions/{id}", scopes: [.send, .approve]),
        Row(method: .get, path: "/v1/roles", scopes: Scope.allCases),
        Row(method: .get, path: "/v1/users", scopes: [.admin]),
        Row(method: .post, path: "/v1/users", scopes: [.admin]),
        Row(method: .patch, path: "/v1/users/{name}", scopes: [.admin]),
        // One's own role.
        Row(method: .post, path: "/v1/users/{name}/hand-over", scopes: Scope.allCases),
        Row(method: .get, path: "/v1/towns/{code}/open-desk", scopes: [.read, .admin]),
        Row(method: .get, path: "/v1/tokens", scopes: [.admin]),
        // Addresses of far ends are in them.
        Row(method: .get, path: "/v1/towns/{code}/settings", scopes: [.admin]),
        Row(method: .put, path: "/v1/towns/{code}/settings", scopes: [.admin]),
        Row(method: .post, path: "/v1/towns/{code}/link-test", scopes: [.admin]),
        Row(method: .get, path: "/v1/towns/{code}/safe-keys", scopes: [.admin]),
    ]

    static func needed(_ method: HTTPRequest.Method, _ path: String) -> [Scope] {
        let asked: HTTPRequest.Method = method == .head ? .get : method
        let steps = path.split(separator: "/")
        let row = rows.first { row in
            let own = row.path.split(separator: "/")
            return row.method == asked && own.count == steps.count
                && zip(own, steps).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return row?.scopes ?? (asked == .get ? [.read] : [.admin])
    }
}
