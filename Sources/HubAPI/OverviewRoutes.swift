/// Every town that who asks reads, on one page: whose desk is silent, what is in force there, what the town has said, and which far ends do not answer.
/// For the prefecture, and for whoever keeps several towns. Standing and reach; not what people reported.
internal import AlertModel
internal import Desk
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Overview: Encodable {
        struct Gravest: Encodable {
            var title, sender: String
            var gravity: Gravity
            var more: Int
        }
        struct Row: Encodable {
            var code, name: String
            /// When somebody who may give orders there was last at its desk; absent: not since this hub was begun.
            var desk_used_at: String?
            var gravest: Gravest?
            var level: Int?
            var level_name: String?
            /// Districts under an order, and shelters that are open.
            var districts, shelters_open: Int
            var headquarters: String?
            /// Far ends that were asked in the last round, and those that do not answer.
            var asked, lost: Int
        }
        var mode: String
        var towns: [Row]
        var left_out: Int
    }

    /// More towns than a prefecture has are not read on one page.
    private static let mostTowns = 200

    func addOverview(to desk: DeskRoutes) {
        desk.get("/v1/overview") { request, context in
            let person = context.person, mode = try Self.mode(request)
            let towns = hub.allTowns.filter { person.may(.read, mode, in: $0.id) }
            var rows: [Overview.Row] = []
            for town in towns.prefix(Self.mostTowns) { rows.append(try await row(of: town, mode)) }
            return try Answer.json(Overview(mode: mode.rawValue, towns: rows, left_out: towns.count - rows.count))
        }
    }

    private func row(of town: Town, _ mode: ModeName) async throws -> Overview.Row {
        let standing = StandingShape(hub.standing(of: town.id, mode), of: town.id, mode, districts: town.districts)
        let level = standing.districts.map(\.level).max(), voices = hub.voices(of: town)
        return Overview.Row(
            code: town.id.code, name: town.name, desk_used_at: hub.people.lastUse(in: town.id).map { JapanTime.text($0, milliseconds: false) },
            gravest: try await gravest(in: town, mode), level: level, level_name: level.flatMap { EvacuationOrder.Level(rawValue: $0)?.name },
            districts: Set(standing.districts.map(\.district)).count, shelters_open: standing.shelters.count { $0.state != ShelterNotice.State.closed.rawValue },
            headquarters: standing.headquarters.flatMap { $0.state == "closed" ? nil : $0.name }, asked: voices.count, lost: voices.lost.count)
    }

    /// Of what is in force the gravest, the newest of equals; what the town itself says stands beside it.
    private func gravest(in town: Town, _ mode: ModeName) async throws -> Overview.Gravest? {
        let alerts = try await hub.alerts(hub.inForce(in: town.id, mode), of: town.id).filter { $0.content.type != "operator" && $0.content.message != .cancel }
        let weighed = alerts.compactMap { alert in hub.gravity(of: alert, in: town).map { (alert: alert, gravity: $0) } }
        guard let first = weighed.max(by: { ($0.gravity, $0.alert.content.sent) < ($1.gravity, $1.alert.content.sent) }) else { return nil }
        return .init(title: first.alert.content.title, sender: first.alert.content.sender, gravity: first.gravity, more: weighed.count - 1)
    }
}
