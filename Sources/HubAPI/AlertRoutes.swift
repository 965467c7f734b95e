internal import ChannelKit
internal import AlertModel
internal import Dispatching
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Ingest
internal import Ledger

/// An operator's alerts.
extension HubRouter {
    private struct Accepted: Encodable {
        var id, event, mode, town: String
        var deliveries: [String: Int]
    }

    func addAlerts(to router: Router<Context>) {
        router.post("/v1/alerts") { request, _ in
            let person = try operatorOf(request)
            let octets = try await Self.body(request, upTo: 64 << 10)
            do throws(DeskFailure) {
                let order = try hub.read(octets, by: person)
                if request.uri.queryParameters["preview"] == "true" { return try preview(order) }
                let alert = try await hub.push(order, by: person)
                return try accepted(alert)
            } catch {
                throw Self.problem(error)
            }
        }
        router.post("/v1/alerts/{id}/cancel") { request, context in
            let person = try operatorOf(request)
            let id = AlertID(try context.parameters.require("id"))
            do throws(DeskFailure) {
                return try accepted(try await hub.cancel(id, by: person))
            } catch {
                throw Self.problem(error)
            }
        }
        router.get("/v1/alerts") { request, _ in
            let person = try operatorOf(request)
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            var query = AlertQuery()
            query.limit = Int(try Self.number(request.uri.queryParameters["limit"], "limit", 1...1000) ?? 100)
            query.event = request.uri.queryParameters["event"].map { EventID(String($0)) }
            let now = hub.clock()
            let alerts = try await hub.ledger.town(town.id).alerts(query)
            return try Answer.json(["alerts": alerts.map { AlertShape($0, now: now) }])
        }
        router.get("/v1/alerts/{id}") { request, context in
            let written = try context.parameters.require("id")
            if written.hasSuffix(".cap") { return try await capDocument(String(written.dropLast(4))) }
            let person = try operatorOf(request)
            guard let found = try await hub.alert(AlertID(written), for: person) else {
                throw Problem(.notFound, "no alert \(written)")
            }
            return try Answer.json(AlertShape(found.alert, now: hub.clock()))
        }
    }

    private func accepted(_ alert: Pushed) throws(DeskFailure) -> Response {
        var counts: [String: Int] = [:]
        for row in hub.journal.rows(of: alert.content.id) { counts[row.state.rawValue, default: 0] += row.delivery.endpoints }
        do {
            return try Answer.json(
                Accepted(
                    id: alert.content.id.text, event: alert.content.event.text, mode: alert.mode.rawValue,
                    town: alert.content.town?.code ?? "", deliveries: counts),
                status: .accepted, headers: [.location: "/v1/alerts/\(alert.content.id.text)"])
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    private func preview(_ order: DeskOrder) throws(DeskFailure) -> Response {
        let shapes = hub.preview(order).flatMap { line -> [PreviewShape] in
            func shape(_ language: Language?, _ title: String?, _ body: String?, _ problems: [PreviewShape.ProblemShape]) -> PreviewShape {
                PreviewShape(
                    town: line.town.code, channel: line.channel, verdict: line.priority == nil ? "skip" : "send",
                    reason: line.reason, priority: line.priority?.word, endpoints: line.endpoints,
                    language: language?.rawValue, title: title, body: body, problems: problems)
            }
            let problems = line.problems.map {
                PreviewShape.ProblemShape(
                    rule: $0.rule, text: $0.text, position: $0.position, length: $0.length, in_title: $0.inTitle)
            }
            if line.texts.isEmpty { return [shape(nil, nil, nil, problems)] }
            return line.texts.sorted { $0.key < $1.key }.map { shape($0.key, $0.value.title, $0.value.body, problems) }
        }
        do {
            return try Answer.json(["previews": shapes])
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    static func problem(_ failure: DeskFailure) -> Problem {
        switch failure {
        case .invalid(let fields):
            return Problem(
                .unprocessableContent, fields.map { "\($0.field): \($0.detail)" }.joined(separator: "; "),
                errors: fields.map { .init(field: $0.field, detail: $0.detail) })
        case .forbidden(let reason): return Problem(.forbidden, reason)
        case .notFound(let reason): return Problem(.notFound, reason)
        case .conflict(let reason): return Problem(.conflict, reason)
        case .unrecorded(let reason):
            var problem = Problem(.serviceUnavailable, "on its way, but not recorded: \(reason)")
            problem.headers[.retryAfter] = "5"
            return problem
        }
    }
}
