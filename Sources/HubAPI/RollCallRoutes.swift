/// 点呼 beyond one school: what its own machine tells the hub, and what the town reads of it. Numbers alone; who is missing is the school's.
internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Foundation
internal import Hub
internal import Hummingbird
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

    func addRollCalls(to router: Router<Context>, _ desk: DeskRoutes) {
        RollCallDesk(devices: hub.devices, calls: hub.rollCalls, stream: hub.stream, clock: hub.clock, onDisk: { try await hub.onDisk() }).add(to: router)
        router.post("/v1/edge/rollcall") { request, _ in
            let edge = try hub.devices.asking(request)
            guard edge.isEdge else { throw Problem(.forbidden, "学校の点呼をまとめて伝えるのは中継機だけです (only an edge tells of its site's)") }
            let told = try await Body.decode(RollExchange.Up.self, request, upTo: 16 << 10)
            guard told.site == edge.site else { throw Problem(.forbidden, "site: この中継機の場所ではありません (not this edge's site)") }
            let topic = StreamTopic(town: edge.town, site: edge.site), now = hub.clock()
            if let (call, count) = try told.read(now: now) {
                hub.rollCalls.take(.init(call: call, count: count, at: now), of: topic)
                if hub.rollCalls.learn(call, at: topic, now: now) { RollCallDesk.ring(hub.stream, hub.devices, topic) }
                try await hub.onDisk()
            }
            return try Answer.json(RollExchange.Down(hub.rollCalls.call(at: topic, now: now), hub.rollCalls.answers(at: topic), now: now))
        }
        desk.get("/v1/towns/{code}/rollcalls") { _, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            func text(_ date: Date?) -> String? { date.map { JapanTime.text($0, milliseconds: false) } }
            let all = hub.rollCalls.summaries(of: town.id, people: { hub.devices.people(at: $0, of: town.id) }, now: hub.clock())
            return try Answer.json(["rollcalls": all.map { one in
                let site = town.endpoints.first { $0.id == one.site && configuration.has($0, .tablet) }
                return Roll(
                    site: one.site, name: site?.name ?? one.site, mode: one.call.mode.rawValue, opened_at: text(one.call.opened) ?? "",
                    closed_at: text(one.call.closed), safe: one.count.safe, hurt: one.count.hurt, help: one.count.help, missing: one.count.missing,
                    told_at: text(one.toldAt))
            }])
        }
    }
}
