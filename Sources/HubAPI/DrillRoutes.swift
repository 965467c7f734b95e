/// Drills, from their plan to their score, and what becomes of what they leave.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Page: Encodable { var drills: [DrillShape] }

    private struct Wish: Decodable {
        var town: String?
        var title: String
        var note, at: String?
    }

    func addDrills(to desk: DeskRoutes) {
        desk.get("/v1/drills") { request, context in
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: context.person)
            return try Answer.json(Page(drills: hub.drills(of: town.id).map { DrillShape($0, $0.score) }))
        }
        desk.post("/v1/drills") { request, context in
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let (title, note, at) = try Self.read(wish)
            return try await Self.step { () async throws(DrillFailure) in try await hub.plan(title, note: note, at: at, in: town.id, by: person) }.answer(.created)
        }
        desk.get("/v1/drills/{id}") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await Self.step { () async throws(DrillFailure) in
                let (drill, town) = try hub.drill(id, for: person)
                let score = try await hub.score(of: drill, in: town)
                var shown = drill
                if drill.begun != nil { shown.score = score }
                return shown
            }.answer(.ok)
        }
        desk.post("/v1/drills/{id}/begin") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await Self.step { () async throws(DrillFailure) in try await hub.begin(id, by: person) }.answer(.ok)
        }
        desk.post("/v1/drills/{id}/end") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await Self.step { () async throws(DrillFailure) in try await hub.end(id, by: person) }.answer(.ok)
        }
        desk.post("/v1/drills/{id}/erase") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await Self.step { () async throws(DrillFailure) in try await hub.erase(id, by: person).drill }.answer(.ok)
        }
    }

    private struct Done {
        var drill: Drill
        func answer(_ status: HTTPResponse.Status) throws -> Response { try Answer.json(DrillShape(drill, drill.score), status: status) }
    }

    private static func step(_ body: () async throws(DrillFailure) -> Drill) async throws(Problem) -> Done {
        do throws(DrillFailure) {
            return Done(drill: try await body())
        } catch {
            switch error {
            case .forbidden(let words): throw Problem(.forbidden, words)
            case .notFound(let words): throw Problem(.notFound, words)
            case .conflict(let words): throw Problem(.conflict, words)
            case .unrecorded(let words):
                var problem = Problem(.serviceUnavailable, "記録のディスクに書けません。もう一度お願いします: \(words) (not recorded: ask again)")
                problem.headers[.retryAfter] = "5"
                throw problem
            }
        }
    }

    private static func read(_ wish: Wish) throws(Problem) -> (title: String, note: String?, at: Date?) {
        var errors: [Problem.Field] = []
        let title = wish.title.trimmingCharacters(in: .whitespaces)
        if !(1...80).contains(title.count) || !PlainText.isPlain(title) { errors.append(.init(field: "title", detail: "1〜80文字、一行で (1 to 80 letters, one line)")) }
        let note = wish.note?.trimmingCharacters(in: .whitespacesAndNewlines)
        if let note, note.count > 1000 { errors.append(.init(field: "note", detail: "1000文字まで (at most 1000 letters)")) }
        let at = wish.at.flatMap { try? Date($0, strategy: .iso8601) }
        if wish.at != nil, at == nil { errors.append(.init(field: "at", detail: "RFC 3339 の時刻で。例: 2026-12-01T10:00:00+09:00 (a time of RFC 3339)")) }
        guard errors.isEmpty else {
            throw Problem(.unprocessableContent, "訓練の計画に直すところがあります: " + errors.map { "\($0.field)：\($0.detail)" }.joined(separator: "、"), errors: errors)
        }
        return (title, note.flatMap { $0.isEmpty ? nil : $0 }, at)
    }
}

/// A drill as it is shown.
struct DrillShape: Encodable {
    struct Step: Encodable { var by, at: String }
    struct Alert: Encodable {
        var id, title, by, at: String
        var asked, delivered: Int
        var first_ms, to_95_percent_ms: Int?
    }
    struct Place: Encodable { var channel, endpoint, name, why: String }
    struct Score: Encodable {
        var alerts: [Alert]
        var asked, delivered: Int
        var first_ms, to_95_percent_ms, last_ms, first_device_ms: Int?
        var reached, shown, touched: Int
        var never, silent: [Place]
        var misses, doubles: Int
    }

    var id, town, title, state: String
    var note, at: String?
    var planned: Step
    var begun, ended, erased: Step?
    var score: Score?

    init(_ drill: Drill, _ given: DrillScore?) {
        func step(_ mark: Drill.Mark) -> Step { Step(by: mark.by, at: JapanTime.text(mark.at, milliseconds: false)) }
        func place(_ place: DrillScore.Place) -> Place { Place(channel: place.channel, endpoint: place.endpoint, name: place.name, why: place.why) }
        (id, town, title, state, note) = (drill.id, drill.town, drill.title, drill.state.rawValue, drill.note)
        at = drill.at.map { JapanTime.text($0, milliseconds: false) }
        (planned, begun, ended, erased) = (step(drill.planned), drill.begun.map(step), drill.ended.map(step), drill.erased.map(step))
        score = given.map { score in
            Score(
                alerts: score.alerts.map {
                    Alert(id: $0.id, title: $0.title, by: $0.by, at: JapanTime.text($0.at), asked: $0.asked, delivered: $0.delivered, first_ms: $0.first_ms, to_95_percent_ms: $0.to_95_percent_ms)
                },
                asked: score.asked, delivered: score.delivered, first_ms: score.first_ms, to_95_percent_ms: score.to_95_percent_ms, last_ms: score.last_ms,
                first_device_ms: score.first_device_ms, reached: score.reached, shown: score.shown, touched: score.touched, never: score.never.map(place),
                silent: score.silent.map(place), misses: score.misses, doubles: score.doubles)
        }
    }
}
