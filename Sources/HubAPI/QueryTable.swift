internal import HTTPTypes
internal import Web

/// What each call takes behind its `?`. **The one place**: a route that is not here takes nothing, and whatever else is
/// given is refused before the route is asked. A word that a handler does not read yet does not stand here. Handlers read values with `request.uri.queryParameters`.
enum QueryTable {
    private static let all: [String: QueryRules] = [
        "POST /v1/bulletins": ["name": .text, "exercise": .flag, "replay": .text],
        "GET /v1/bulletins": ["limit": .text],
        "POST /v1/alerts": ["preview": .flag, "break_glass": .text],
        "POST /v1/alerts/{id}/cancel": ["preview": .flag, "break_glass": .text],
        "GET /v1/alerts": ["town": .text, "event": .text, "limit": .text, "in_force": .flag],
        "GET /v1/towns/{code}/chain": ["expect": .text],
        "GET /v1/towns/{code}/standing": ["mode": .text],
        "GET /v1/bundles": ["town": .text],
        "POST /v1/bundles": ["trust": .text, "dry_run": .flag],
        "POST /v1/copies": ["dry_run": .flag],
        "POST /v1/towns/{code}/shelters/import": ["name": .text, "dry_run": .flag, "list": .text, "map": .texts, "replace": .flag],
        "DELETE /v1/towns/{code}/shelters/lists/{list}": ["dry_run": .flag],
        "PUT /v1/towns/{code}/settings": ["dry_run": .flag],
        "GET /v1/deliveries": [
            "town": .text, "alert": .text, "channel": .text, "endpoint": .text, "state": .text, "mode": .text, "after": .text,
            "limit": .text, "tail": .text, "since": .text, "until": .text,
        ],
        "GET /v1/deliveries/stream": ["town": .text, "alert": .text, "channel": .text, "endpoint": .text, "state": .text, "mode": .text],
        "GET /v1/endpoints": ["town": .text],
        "GET /v1/devices": ["town": .text],
        "GET /v1/reports": ["town": .text, "site": .text, "device": .text, "before": .text, "limit": .text, "aside": .flag],
        "GET /v1/reports/{id}": ["device": .text],
        "GET /v1/approvals": ["town": .text, "all": .flag],
        "GET /v1/catch-up": ["since": .text, "language": .text],
        "GET /v1/stream": ["language": .text],
    ]

    /// People open these, and gateways, browsers and printed addresses add words of their own.
    private static let pages = ["/spots/", "/captive-portal/", "/tablet/", "/console/"]

    static func rules(_ method: HTTPRequest.Method, _ pattern: PathPattern) -> QueryRules {
        let path = pattern.text
        if method == .get, path == "/" || CaptiveProbe.paths.contains(path) || pages.contains(where: { path.hasPrefix($0) }) {
            return .anything
        }
        return all["\(method.rawValue) \(path)"] ?? .none
    }

    /// Bodies that are no JSON; these routes look at their media type themselves.
    static let otherBodies: Set<String> = ["/v1/bulletins", "/v1/bundles", "/v1/bundle-receipts", "/v1/copies", "/v1/towns/{code}/shelters/import", "/v1/bench/publish"]

    /// Every name there is, for a word to who wrote one wrong.
    static func words(_ rules: QueryRules) -> String { rules.kinds.keys.sorted().joined(separator: ", ") }
}
