internal import Serving
internal import Tablets
internal import Web

extension QueryTable {
    /// Every call of the hub.
    static let hub = tablets.with(
        [
            "POST /v1/bulletins": ["name": .text, "exercise": .flag, "replay": .text],
            "GET /v1/bulletins": ["limit": .text],
            "POST /v1/alerts": ["preview": .flag, "break_glass": .text],
            "POST /v1/alerts/{id}/cancel": ["preview": .flag, "break_glass": .text],
            "GET /v1/alerts": ["town": .text, "event": .text, "limit": .text, "in_force": .flag],
            "GET /v1/towns/{code}/chain": ["expect": .text],
            "GET /v1/towns/{code}/standing": ["mode": .text],
            "GET /v1/towns/{code}/here": ["mode": .text],
            "GET /v1/towns/{code}/felt": ["mode": .text],
            "GET /v1/bundles": ["town": .text],
            "POST /v1/bundles": ["trust": .text, "dry_run": .flag],
            "POST /v1/copies": ["dry_run": .flag],
            "POST /v1/towns/{code}/shelters/import": ["name": .text, "dry_run": .flag, "list": .text, "map": .texts, "replace": .flag],
            "POST /v1/towns/{code}/shelters/states": ["preview": .flag, "break_glass": .text],
            "DELETE /v1/towns/{code}/shelters/lists/{list}": ["dry_run": .flag],
            "PUT /v1/towns/{code}/settings": ["dry_run": .flag],
            "GET /v1/deliveries": [
                "town": .text, "alert": .text, "channel": .text, "endpoint": .text, "state": .text, "mode": .text, "after": .text,
                "limit": .text, "tail": .text, "since": .text, "until": .text, "by": .text,
            ],
            "GET /v1/deliveries/stream": ["town": .text, "alert": .text, "channel": .text, "endpoint": .text, "state": .text, "mode": .text],
            "GET /v1/endpoints": ["town": .text],
            "GET /v1/devices": ["town": .text], "GET /v1/device-codes": ["town": .text],
            "GET /v1/edge/elsewhere": ["here": .text],
            "GET /v1/reports": ["town": .text, "site": .text, "device": .text, "before": .text, "limit": .text, "aside": .flag],
            "GET /v1/reports/photo": ["town": .text, "id": .text],
            "GET /v1/calls": ["town": .text, "mode": .text, "since": .text, "before": .text, "limit": .text],
            "GET /v1/chronicle": ["town": .text, "mode": .text, "since": .text, "until": .text, "before": .text, "limit": .text, "format": .text],
            "GET /v1/musters": ["town": .text, "mode": .text],
            "GET /v1/overview": ["mode": .text], "GET /v1/drills": ["town": .text], "GET /v1/pacts": ["town": .text], "GET /v1/notices": ["town": .text],
            "GET /v1/approvals": ["town": .text, "all": .flag],
        ],
        otherBodies: [
            "/v1/bulletins", "/v1/bundles", "/v1/bundle-receipts", "/v1/copies", "/v1/towns/{code}/shelters/import", "/v1/bench/publish",
            "/muster/{key}/taken", "/muster/{key}/cannot",
        ])
}
