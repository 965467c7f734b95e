/// The key from the safe, and the switch that opens a town's desk to everywhere: for the night the town hall is gone.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    private struct NewKeys: Encodable {
        /// Said once.
        var keys: [String]
        /// They open nothing until a second person has said yes; those before still do.
        var approval: ApprovalShape?
    }

    func addSafeKeys(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/safe-keys") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(["left": hub.people.safeCount(town.id)])
        }
        desk.post("/v1/towns/{code}/safe-keys") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            do throws(PeopleFailure) {
                let (keys, waits) = try await hub.makeSafeKeys(town.id, by: person)
                hub.logger.warning("keys for the safe made", metadata: ["town": "\(town.id)", "by": "\(person.name)", "waits": "\(waits?.id ?? "-")"])
                if waits == nil { hub.noteDown(in: [town.id], about: "safe", by: person) { _ in "金庫の鍵を作り直した（\(keys.count)枚）" } }
                try await recordedPeople {}
                return try answer(NewKeys(keys: keys, approval: waits.map { shape($0) }), waits == nil ? .created : .accepted)
            } catch {
                throw Problem(error)
            }
        }
    }

    private struct OpenWish: Decodable {
        var reason: String
        /// A day where nothing is said.
        var hours: Int?
    }

    private struct OpenShape: Encodable {
        /// Whether this town's desk is bound to networks at all.
        var bound: Bool
        var open: Bool
        var by, since, until, reason: String?
    }

    /// The switch for the night the town hall is gone.
    func addOpenDesk(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/open-desk") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(openShape(town.id))
        }
        desk.put("/v1/towns/{code}/open-desk") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let wish = try await Body.decode(OpenWish.self, request)
            let hours = wish.hours ?? 24
            guard (1...200).contains(wish.reason.count), PlainText.isPlain(wish.reason), (1...DeskPlaces.longestHours).contains(hours) else {
                throw Problem(.unprocessableContent, "理由（reason）を200文字までで、時間（hours）を1から168までで書いてください (reason: 1 to 200 letters; hours: 1 to 168)")
            }
            let now = hub.clock()
            hub.places.open(town.id, DeskOpening(by: person.name, since: now, until: now.addingTimeInterval(Double(hours) * 3600), reason: wish.reason))
            hub.logger.warning("desk opened to everywhere", metadata: ["town": "\(town.id)", "by": "\(person.name)", "hours": "\(hours)", "from": "\(context.address(request))"])
            hub.attention.notice(
                .review, "open-desk", "操作卓を、どこからでも使えるようにしました（\(person.name)さん、\(hours)時間）。理由：\(wish.reason) (the desk is open to every network)",
                from: "desk", of: town.id, at: now)
            hub.noteDown(in: [town.id], about: "open-desk", by: person) { _ in "操作卓を、どこからでも使えるようにした（\(hours)時間）。理由：\(wish.reason)" }
            try await hub.onDisk()
            return try Answer.json(openShape(town.id))
        }
        desk.delete("/v1/towns/{code}/open-desk") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let wasOpen = hub.places.opening(town.id, now: hub.clock()) != nil
            hub.places.close(town.id)
            if wasOpen { hub.noteDown(in: [town.id], about: "open-desk", by: person) { _ in "操作卓を、どこからでも使えるのをやめた" } }
            hub.attention.settle(.review, subject: "open-desk", of: town.id)
            try await hub.onDisk()
            return try Answer.json(openShape(town.id))
        }
    }

    private func openShape(_ town: TownID) -> OpenShape {
        let opening = hub.places.opening(town, now: hub.clock())
        return OpenShape(
            bound: hub.places.isBound(town), open: opening != nil || !hub.places.isBound(town), by: opening?.by,
            since: opening.map { JapanTime.text($0.since, milliseconds: false) }, until: opening.map { JapanTime.text($0.until, milliseconds: false) },
            reason: opening?.reason)
    }
}
