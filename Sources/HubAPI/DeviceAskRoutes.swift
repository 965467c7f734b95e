internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Devices
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

/// A tablet without a code asks; a person at the desk types what it shows, sees what asks, and says for which place.
extension HubRouter {
    private struct Asking: Decodable {
        var name, public_key: String?
        /// Of an edge, which asks for a tablet before it: from where.
        var from: String?
    }

    private struct Asked: Encodable {
        var code, secret: String
        var expires_in, interval: Int
    }

    private struct Coming: Decodable { var secret: String }

    private struct AskShape: Encodable {
        var code, name, address, asked_at, expires_at: String
        /// The site beyond whose edge it asks.
        var site: String?
        var has_key: Bool

        init(_ ask: DeviceAsk) {
            (code, name, address, site, has_key) = (DeviceAsks.spelled(ask.code), ask.name, ask.address, ask.site, ask.publicKey != nil)
            asked_at = JapanTime.text(ask.asked, milliseconds: false)
            expires_at = JapanTime.text(ask.expires, milliseconds: false)
        }
    }

    private struct Looking: Decodable { var code: String }

    private struct Approval: Decodable {
        var code: String
        var town, site, name, use, group: String?
    }

    func addDeviceAsks(to router: Router<Context>, _ desk: DeskRoutes) {
        router.post("/v1/device-asks") { request, context in
            let wish = try await Body.decode(Asking.self, request)
            let edge = request.head.bearer.flatMap { hub.devices.device(token: $0) }.flatMap { $0.isEdge ? $0 : nil }
            let address = edge == nil ? context.address(request) : PlainText.visible(String((wish.from ?? "-").prefix(64)))
            let (ask, secret): (DeviceAsk, String)
            do throws(DeviceAskFailure) {
                (ask, secret) = try asks.ask(name: wish.name ?? "", publicKey: wish.public_key, from: address, site: edge?.site)
            } catch { throw Self.problem(error) }
            return try Answer.json(
                Asked(code: DeviceAsks.spelled(ask.code), secret: secret, expires_in: Int(DeviceAsk.validity), interval: DeviceAsk.every), status: .created)
        }
        router.post("/v1/device-asks/answer") { request, _ in
            let secret = try await Body.decode(Coming.self, request).secret
            guard secret.utf8.count <= 100 else { throw Problem(.badRequest, "secret: 100オクテットまでです (at most 100 octets)") }
            switch asks.answer(to: secret) {
            case .waiting: return try Answer.json(["state": "waiting"])
            case .over: throw Problem(.notFound, "番号の時間（10分）が過ぎました。もう一度、番号を出してください (nobody said yes within ten minutes: ask anew)")
            case .made(let id, let token):
                guard let device = hub.devices.device(token: token), device.id == id else { throw Problem(.notFound, "この端末は、もう登録されていません (not registered any more)") }
                return try enrolled(device, token)
            case .place(let place, let ask):
                return try await register(ask, place, secret)
            }
        }
        desk.post("/v1/device-asks/look") { request, context in
            let code = try await Body.decode(Looking.self, request).code
            let ask: DeviceAsk
            do throws(DeviceAskFailure) { ask = try asks.look(code, by: context.person.actor) } catch { throw Self.problem(error) }
            return try Answer.json(AskShape(ask))
        }
        desk.post("/v1/device-asks/approve") { request, context in
            let wish = try await Body.decode(Approval.self, request), person = context.person
            let town = try town(wish.town, for: person)
            let site = try site(wish.site, .tablet, in: town)
            guard wish.name.map({ (1...64).contains($0.count) && PlainText.isPlain($0) }) ?? true else {
                throw Problem(.badRequest, "端末の名前（name）は64文字までで、制御文字は使えません (name: 1 to 64 letters)")
            }
            if let words = DeviceChange.objection(group: wish.group) { throw Problem(.unprocessableContent, words) }
            let place = DeviceAsk.Place(town: town.id, site: site, by: person.name, name: wish.name, use: try Self.use(wish.use), group: wish.group)
            let ask: DeviceAsk
            do throws(DeviceAskFailure) { ask = try asks.approve(wish.code, for: place, by: person.actor) } catch { throw Self.problem(error) }
            let name = town.endpoints.first { $0.id == site }?.name ?? site
            hub.noteDown(.device, "番号を見て端末の登録を認めた：\(name)（\(ask.address)から）", about: site, .actual, in: town.id, by: person.actor)
            hub.logger.notice("device approved", metadata: ["site": "\(site)", "by": "\(person.name)", "from": "\(ask.address)"])
            do {
                try await hub.onDisk()
            } catch {
                asks.undo(ask)
                throw error
            }
            return try Answer.json(AskShape(ask))
        }
    }

    private func register(_ ask: DeviceAsk, _ place: DeviceAsk.Place, _ secret: String) async throws -> Response {
        let (device, token) = hub.devices.enrol(ask, for: place)
        do {
            try await hub.onDisk()
        } catch {
            hub.devices.undo(device)
            throw error
        }
        guard asks.note(device.id, token, to: secret) else {
            hub.devices.undo(device)
            throw Problem(.conflict, "もう一度尋ねてください (ask once more)")
        }
        tellEdges(of: device.site, in: device.town)
        return try enrolled(device, token)
    }

    private static func problem(_ failure: DeviceAskFailure) -> Problem {
        switch failure {
        case .unknown: return Problem(.notFound, "この番号を出している端末はありません。番号と時間（10分）を確かめてください (no tablet shows this code now)")
        case .badRequest(let words): return Problem(.badRequest, words)
        case .tooMany(let wait):
            // An hour at the most.
            let seconds = Int(min(max(1, wait), 3600).rounded(.up))
            var problem = Problem(.tooManyRequests, "回数が多すぎます。\(seconds)秒待ってください (too many: wait \(seconds) s)")
            problem.headers[.retryAfter] = "\(seconds)"
            return problem
        }
    }
}
