/// 点呼 beyond one school: what its own machine tells the hub, and what the town reads of it. Numbers alone; who is missing is the school's.
internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Desk
internal import HTTPTypes
internal import Logging
internal import Serving
internal import Tablets

extension HubRouter {
    private struct Roll: Encodable {
        var site, name, mode, opened_at: String
        var closed_at: String?
        var safe, hurt, help, missing: Int
        /// When the school's own machine said so; absent where it is counted here.
        var told_at: String?
    }

    private struct Rolls: Encodable {
        /// Tablets of pupils and teachers in the town.
        var people: Int
        var rollcalls: [Roll]
    }

    private struct Wish: Decodable {
        var id: String?
        var mode: String
        /// Ids of places; absent: all that have people.
        var sites: [String]?
    }

    /// Who may give something out in this place may ask who is safe; so may who keeps the tablets.
    private func read(_ wish: Wish, by person: Operator, in town: Town) throws(Problem) -> (ModeName, [Endpoint]) {
        guard let mode = ModeName(rawValue: wish.mode) else { throw Problem(.badRequest, "mode は actual（本番）か exercise（訓練）です (mode is actual or exercise)") }
        guard person.may(.sending(mode), in: town.id) || person.may(.devices, in: town.id) else { throw Problem(.forbidden, person.refusal([.sending(mode), .devices])) }
        let places = town.endpoints.filter { configuration.has($0, .tablet) }
        guard let sites = wish.sites else { return (mode, places) }
        guard let unknown = sites.first(where: { id in !places.contains { $0.id == id } }) else { return (mode, places.filter { sites.contains($0.id) }) }
        throw Problem(.unprocessableContent, "sites: \(PlainText.visible(unknown))は、この市町村のタブレットの場所にありません (no place of tablets here)")
    }

    func addRollCalls(to router: Router<Context>, _ desk: DeskRoutes) {
        RollCallDesk(devices: hub.devices, calls: hub.rollCalls, stream: hub.stream, clock: hub.clock, onDisk: { try await hub.onDisk() }, said: { hub.lookAtRoll($0) }).add(to: router)
        router.post("/v1/edge/rollcall") { request, _ in
            let edge = try hub.devices.asking(request)
            guard edge.isEdge else { throw Problem(.forbidden, "学校の点呼をまとめて伝えるのは中継機だけです (only an edge tells of its site's)") }
            let told = try await Body.decode(RollExchange.Up.self, request, upTo: 16 << 10)
            guard told.site == edge.site else { throw Problem(.forbidden, "site: この中継機の場所ではありません (not this edge's site)") }
            let topic = StreamTopic(town: edge.town, site: edge.site), now = hub.rollCalls.moment(hub.clock(), at: topic)
            var isNews = hub.rollCalls.learn(ended: Array((told.ended ?? []).prefix(64)), at: topic, now: now)
            if let (call, count) = try told.read(now: now) {
                hub.rollCalls.take(.init(call: call, count: count, at: now), of: topic)
                if hub.rollCalls.learn(call, at: topic, now: now) { isNews = true }
            }
            hub.lookAtRoll(topic)
            if isNews { RollCallDesk.ring(hub.stream, hub.devices, topic) }
            try await hub.onDisk()
            return try Answer.json(RollExchange.Down(hub.rollCalls.call(at: topic, now: now), hub.rollCalls.answers(at: topic), ended: hub.rollCalls.ended(at: topic), now: now))
        }
        desk.post("/v1/towns/{code}/rollcalls") { request, context in
            let (person, town) = (context.person, try town(try context.parameters.require("code"), for: context.person))
            let wish = try await Body.decode(Wish.self, request)
            let (mode, sites) = try read(wish, by: person, in: town)
            guard let id = wish.id, (1...100).contains(id.utf8.count), PlainText.isPlain(id) else { throw Problem(.badRequest, "id: 1〜100オクテットです (1 to 100 octets)") }
            let (open, refused) = hub.openRollCalls(mode, id: id, at: sites, in: town, by: person)
            for site in open { RollCallDesk.ring(hub.stream, hub.devices, StreamTopic(town: town.id, site: site.id)) }
            try await hub.onDisk()
            hub.logger.notice("roll-calls opened", metadata: ["by": "\(person.name)", "town": "\(town.id)", "mode": "\(mode.rawValue)", "sites": "\(open.count)"])
            return try Answer.json(["open": open.map(\.name), "refused": refused.map(\.name)], status: .created)
        }
        desk.post("/v1/towns/{code}/rollcalls/close") { request, context in
            let (person, town) = (context.person, try town(try context.parameters.require("code"), for: context.person))
            let (mode, sites) = try read(try await Body.decode(Wish.self, request), by: person, in: town)
            let closed = hub.closeRollCalls(mode, at: sites, in: town, by: person)
            for site in closed { RollCallDesk.ring(hub.stream, hub.devices, StreamTopic(town: town.id, site: site.id)) }
            try await hub.onDisk()
            return try Answer.json(["closed": closed.map(\.name)])
        }
        desk.get("/v1/towns/{code}/rollcalls") { _, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            func text(_ date: Date?) -> String? { date.map { JapanTime.text($0, milliseconds: false) } }
            let all = hub.rollCalls.summaries(of: town.id, people: { hub.devices.people(at: $0, of: town.id) }, now: hub.clock())
            let rolls = all.map { one in
                let site = town.endpoints.first { $0.id == one.site && configuration.has($0, .tablet) }
                return Roll(
                    site: one.site, name: site?.name ?? one.site, mode: one.call.mode.rawValue, opened_at: text(one.call.opened) ?? "",
                    closed_at: text(one.call.closed), safe: one.count.safe, hurt: one.count.hurt, help: one.count.help, missing: one.count.missing,
                    told_at: text(one.toldAt))
            }
            // Whether anybody is there to be asked.
            let people = town.endpoints.filter { configuration.has($0, .tablet) }.map { hub.people(at: $0.id, of: town.id).count }.reduce(0, +)
            return try Answer.json(Rolls(people: people, rollcalls: rolls))
        }
    }
}
