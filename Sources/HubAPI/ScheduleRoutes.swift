/// Notices that are written beforehand.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct NoticeShape: Encodable {
        var id, town, mode, title, body, every, at, by: String
        var held_since, told_at, alert, trouble, approved_by, approved_at: String?
        /// Somebody else's yes will be asked for when it is due.
        var needs_approval: Bool?
        /// Tablets are tried by it.
        var test: Bool?

        init(_ notice: ScheduledNotice, asks: Bool) {
            needs_approval = asks ? true : nil
            (approved_by, approved_at) = (notice.consent?.by, notice.consent.map { JapanTime.text($0.at, milliseconds: false) })
            (id, town, mode, title, body, every, by) = (notice.id, notice.town, notice.mode.rawValue, notice.title, notice.body, notice.every.rawValue, notice.by)
            at = JapanTime.text(notice.at, milliseconds: false)
            held_since = notice.heldSince.map { JapanTime.text($0, milliseconds: false) }
            told_at = notice.told.map { JapanTime.text($0, milliseconds: false) }
            (alert, trouble, test) = (notice.alert, notice.trouble, notice.test)
        }
    }

    /// Beside what nobody hears of a notice now.
    private struct Holding: Encodable {
        var alert, kind, title, accepted_at: String
        var in_force: Bool
        /// Where it is over: until when nothing is told all the same.
        var until: String?

        init(_ alert: SaidAlert, now: Date) {
            (self.alert, kind, title) = (alert.content.id.text, alert.content.kind.rawValue, alert.content.title)
            accepted_at = JapanTime.text(alert.accepted, milliseconds: false)
            in_force = alert.content.message != .cancel && alert.content.expires > now
            until = in_force ? nil : JapanTime.text(alert.accepted.addingTimeInterval(Chatter.rest), milliseconds: false)
        }
    }

    /// What the notices that are held back will be told as.
    private struct Digest: Encodable {
        var mode, title, body: String
        var notices: [String]
    }

    /// The last time of a test: which tablets were not heard.
    private struct TestShape: Encodable {
        struct Missing: Encodable { var device, name, state: String; var mute: Bool }
        struct Place: Encodable {
            var site, name: String
            var devices, sounded: Int
            var missing: [Missing]
        }
        var notice, alert, told_at: String
        var devices, sounded: Int
        var places: [Place]

        init(_ test: TabletTest) {
            (notice, alert, told_at) = (test.notice, test.alert, JapanTime.text(test.told, milliseconds: false))
            (devices, sounded) = (test.devices, test.sounded)
            places = test.places.map { place in
                Place(
                    site: place.site, name: place.name, devices: place.devices, sounded: place.sounded,
                    missing: place.missing.map { Missing(device: $0.device, name: $0.name, state: $0.state.rawValue, mute: $0.isMute) })
            }
        }
    }

    private struct Page: Encodable {
        var notices: [NoticeShape]
        var holding: [Holding]
        var digests: [Digest]
        var tests: [TestShape]
    }

    private struct Wish: Decodable {
        var town, every: String?
        var mode, title, body, at: String
        var test: Bool?
    }

    func addSchedules(to desk: DeskRoutes) {
        desk.get("/v1/notices") { request, context in
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: context.person)
            let notices = hub.scheduled(in: town.id), now = hub.clock()
            let digests = ModeName.allCases.compactMap { mode -> Digest? in
                let held = notices.filter { $0.mode == mode && $0.heldSince != nil }
                return Chatter.digest(held).map { Digest(mode: mode.rawValue, title: $0.title, body: $0.body, notices: held.map(\.id)) }
            }
            let holding = await hub.holdingChatter(in: town, now: now)
            let tests: [TabletTest]
            do { tests = try await hub.tabletTests(in: town) } catch { throw Problem(.serviceUnavailable, "記録が読めません: \(error) (the record cannot be read)") }
            return try Answer.json(Page(
                notices: notices.map { NoticeShape($0, asks: hub.asksConsent($0)) }, holding: holding.map { Holding($0, now: now) }, digests: digests, tests: tests.map { TestShape($0) }))
        }
        desk.post("/v1/notices") { request, context in
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let (mode, at, every) = try Self.read(wish)
            do throws(DeskFailure) {
                let made = try await hub.schedule(wish.title, wish.body, at: at, every: every, mode, isTest: wish.test == true, in: town.id, by: person)
                return try Self.created(NoticeShape(made, asks: hub.asksConsent(made)))
            } catch {
                throw problem(error)
            }
        }
        desk.post("/v1/notices/{id}/approve") { _, context in
            let id = try context.parameters.require("id")
            let agreed: ScheduledNotice
            do throws(DeskFailure) { agreed = try await hub.agree(toScheduled: id, by: context.person) } catch { throw problem(error) }
            return try Answer.json(NoticeShape(agreed, asks: false))
        }
        desk.delete("/v1/notices/{id}") { _, context in
            let id = try context.parameters.require("id")
            do throws(DeskFailure) { try await hub.unschedule(id, by: context.person) } catch { throw problem(error) }
            return Response(status: .noContent)
        }
    }

    private static func created(_ shape: NoticeShape) throws(DeskFailure) -> Response {
        do { return try Answer.json(shape, status: .created) } catch { throw .unkept("\(error)") }
    }

    private static func read(_ wish: Wish) throws(Problem) -> (ModeName, Date, ScheduledNotice.Rhythm) {
        var errors: [Problem.Field] = []
        let mode = ModeName(rawValue: wish.mode), at = try? Date(wish.at, strategy: .iso8601), every = ScheduledNotice.Rhythm(rawValue: wish.every ?? "once")
        if mode == nil { errors.append(.init(field: "mode", detail: "actual（本番）か exercise（訓練） (actual or exercise)")) }
        if at == nil { errors.append(.init(field: "at", detail: "RFC 3339 の時刻で。例: 2026-12-01T08:00:00+09:00 (a time of RFC 3339)")) }
        if every == nil { errors.append(.init(field: "every", detail: "once（一度）、daily（毎日）、weekly（毎週） (once, daily or weekly)")) }
        guard let mode, let at, let every else {
            throw Problem(.unprocessableContent, "予定に直すところがあります: " + errors.map { "\($0.field)：\($0.detail)" }.joined(separator: "、"), errors: errors)
        }
        return (mode, at, every)
    }
}
