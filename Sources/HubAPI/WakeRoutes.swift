/// A device asks to be woken when its screen is dark: where, and by which words.
internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Foundation
internal import Hub
internal import Hummingbird
internal import HTTPTypes
internal import Serving
internal import Synchronization
internal import Tablets

extension HubRouter {
    private struct Key: Encodable {
        /// What its browser is to take hints from, base64url; absent: nothing wakes devices of its place.
        var public_key: String?
        /// The app that this hub wakes over Apple's push service; absent: none.
        var apns_topic: String?
        /// What it asked for last.
        var endpoint, apns_token, language: String?
    }

    /// As a browser's `PushSubscription` writes itself, and what the page knows beside it.
    private struct Wish: Decodable {
        struct Keys: Decodable { var p256dh, auth: String }
        /// Of an app, which has nothing of a browser's.
        var apns_token: String?
        var endpoint: String?
        var keys: Keys?
        var language, page: String?
    }

    /// A page asks at its start and when a person presses; a browser's address changes some times a year.
    private final class Limit: Sendable {
        let asked = Mutex(Allowance(atOnce: 20, perMinute: 2))
    }

    func addWakes(to router: Router<Context>) {
        let limit = Limit()
        router.get("/v1/wake-ups") { request, _ in
            let device = try hub.devices.asking(request)
            guard let wakes = try? wakes(for: device) else { return try Answer.json(Key()) }
            guard let key = wakes.publicKey(of: device.town) else { throw Problem(.serviceUnavailable, "町の鍵を作れません (the town's key cannot be made)") }
            let wake = device.wake
            return try Answer.json(Key(public_key: key, apns_topic: wakes.appleTopic, endpoint: wake?.endpoint, apns_token: wake?.appleToken, language: wake?.language.rawValue))
        }
        router.post("/v1/wake-ups") { request, _ in
            let device = try hub.devices.asking(request)
            let wakes = try wakes(for: device), wish = try await Body.decode(Wish.self, request, upTo: 4 << 10)
            if let wait = limit.asked.withLock({ $0.take(1, of: device.id, at: hub.clock()) }) {
                var problem = Problem(.tooManyRequests, "この端末からの数が多すぎます (too many from this device)")
                // At two a minute it is never longer than that.
                problem.headers[.retryAfter] = "\(Int(min(wait, 60).rounded(.up)))"
                throw problem
            }
            do throws(WakeRefusal) {
                if let token = wish.apns_token {
                    guard wish.endpoint == nil, wish.keys == nil else { throw .bad("apns_token か endpoint の、どちらかだけを書いてください (one of the two)") }
                    try wakes.ask(device, apple: token, language: wish.language)
                } else {
                    guard let endpoint = wish.endpoint, let keys = wish.keys else { throw .bad("endpoint と keys が要ります (missing)") }
                    try wakes.ask(device, endpoint: endpoint, key: keys.p256dh, secret: keys.auth, language: wish.language, page: wish.page)
                }
            } catch {
                switch error {
                case .bad(let words): throw Problem(.badRequest, words)
                case .closed(let words): throw Problem(.unprocessableContent, words)
                }
            }
            try await hub.onDisk()
            return Response(status: .noContent)
        }
        router.delete("/v1/wake-ups") { request, _ in
            let device = try hub.devices.asking(request)
            try wakes(for: device).stop(device)
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }

    /// Where nothing would ever wake it a device is not told that something will.
    private func wakes(for device: Device) throws(Problem) -> WakeRegister {
        let isTold = hub.town(device.town)?.endpoints.contains { $0.id == device.site && configuration.has($0, .hint) } ?? false
        guard !device.isEdge, isTold, let wakes = configuration.wakes else {
            throw Problem(.notFound, "この場所の端末は、合図では起こされません (devices of this place are not woken)")
        }
        return wakes
    }
}
