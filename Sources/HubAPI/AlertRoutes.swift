internal import ChannelKit
internal import AlertModel
internal import Streams
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Ingest
internal import Serving

/// An operator's alerts.
extension HubRouter {
    private struct Accepted: Encodable {
        var id, event, mode, town: String
        var deliveries: [String: Int]
        /// It waits for a second person, or was given back: nothing has been sent.
        var approval: ApprovalShape?
        /// The database is away: it is recorded on this machine alone.
        var recorded_here_only: Bool?
    }

    func addAlerts(to router: Router<Context>, _ desk: DeskRoutes) {
        desk.post("/v1/alerts") { request, context in
            let person = context.person
            let octets = try await Body.json(request, upTo: 64 << 10)
            let key = try orderKey(request, of: person, octets)
            let glass = try Self.breakGlass(request)
            let seen = try Self.seenVersion(request)
            do throws(DeskFailure) {
                if request.uri.queryParameters["preview"] == "true" {
                    return try await preview(try hub.read(octets, by: person, seen: seen), by: person)
                }
                return try await accepted(try await hub.push(octets, by: person, key: key, seen: seen, breakGlass: glass))
            } catch {
                throw problem(error)
            }
        }
        desk.post("/v1/alerts/{id}/cancel") { request, context in
            let person = context.person
            let id = AlertID(try context.parameters.require("id"))
            let key = try orderKey(request, of: person, [])
            let glass = try Self.breakGlass(request)
            let seen = try Self.seenVersion(request)
            do throws(DeskFailure) {
                if request.uri.queryParameters["preview"] == "true" {
                    return try await preview(try await hub.cancelling(id, by: person, seen: seen), by: person)
                }
                return try await accepted(try await hub.cancel(id, by: person, key: key, seen: seen, breakGlass: glass))
            } catch {
                throw problem(error)
            }
        }
        desk.get("/v1/alerts") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            let limit = Int(try Self.number(request.uri.queryParameters["limit"], "limit", 1...1000) ?? 100)
            let event = request.uri.queryParameters["event"].map { EventID(String($0)) }
            let standing = inForce(in: town.id)
            if request.uri.queryParameters["in_force"] == "true" {
                let ids = standing.values.reduce(into: Set<AlertID>()) { $0.formUnion($1) }
                let alerts = try await hub.alerts(ids, of: town.id)
                let words = try await hub.alerts(try await hub.onTheirWay(in: town.id).subtracting(ids), of: town.id)
                return try Answer.json(InForce(
                    alerts: alerts.map { AlertShape($0, inForce: true, gravity: hub.gravity(of: $0, in: town)) },
                    last_words: words.map { AlertShape($0, inForce: false) }))
            }
            let alerts = try await hub.alerts(of: town.id, event: event, limit: limit)
            return try Answer.json(["alerts": alerts.map { shape($0, standing) }])
        }
        router.get("/v1/alerts/{id}") { request, context in
            let written = try context.parameters.require("id")
            if written.hasSuffix(".cap") { return try await capDocument(String(written.dropLast(4)), context.asker) }
            let person = try context.asker.get()
            guard let found = try await hub.alert(AlertID(written), for: person) else {
                throw Problem(.notFound, "番号\(written)の情報はありません (no alert \(written))")
            }
            return try Answer.json(shape(found.alert, inForce(in: found.town)))
        }
    }

    /// `Idempotency-Key`: a string of Structured Fields (RFC 9651, in double quotes), or the same letters bare.
    private func orderKey(_ request: Request, of person: Operator, _ octets: [UInt8]) throws(Problem) -> OrderKey? {
        try Self.keyWord(request).map { OrderKey($0, of: person, order: Array("\(request.uri.path)\n".utf8) + octets) }
    }

    static func keyWord(_ request: Request) throws(Problem) -> String? {
        guard let written = request.headers[.idempotencyKey]?.trimmingCharacters(in: .whitespaces) else { return nil }
        let isQuoted = written.count >= 2 && written.hasPrefix("\"") && written.hasSuffix("\"")
        let key = isQuoted ? String(written.dropFirst().dropLast()) : written
        let isPlain = key.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        guard isPlain, (1...128).contains(key.utf8.count) else {
            throw Problem(.badRequest, "Idempotency-Keyは、空白・引用符・逆斜線のないASCIIの1〜128文字です (1 to 128 letters of ASCII, without spaces, quotes and backslashes)")
        }
        return key
    }

    /// Why an order does not wait for a second person.
    static func breakGlass(_ request: Request) throws(Problem) -> String? {
        guard let written = request.uri.queryParameters["break_glass"] else { return nil }
        let reason = String(written).trimmingCharacters(in: .whitespaces)
        guard (1...200).contains(reason.count), PlainText.isPlain(reason) else {
            throw Problem(.badRequest, "承認なしで出す理由（break_glass）を200文字までで書いてください (break_glass: why, 1 to 200 letters)")
        }
        return reason
    }

    private func accepted(_ alert: Pushed) async throws(DeskFailure) -> Response {
        let counts = alert.approval == nil ? try await hub.farEnds(of: alert) : [:]
        var headers: HTTPFields = [.location: alert.approval == nil ? "/v1/alerts/\(alert.id.text)" : "/v1/approvals"]
        if alert.isRepeat { headers[.idempotentReplayed] = "true" }
        do {
            return try Answer.json(
                Accepted(
                    id: alert.id.text, event: alert.event.text, mode: alert.mode.rawValue,
                    town: alert.town?.code ?? "", deliveries: counts,
                    approval: alert.approval.map { shape($0) }, recorded_here_only: alert.isLocal ? true : nil),
                status: .accepted, headers: headers)
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    // MARK: What stands

    private struct InForce: Encodable {
        var alerts: [AlertShape]
        /// Not in force themselves, and to be heard all the same.
        var last_words: [AlertShape]
    }

    private func inForce(in town: TownID) -> [ModeName: Set<AlertID>] {
        // The two modes are two different keys.
        Dictionary(uniqueKeysWithValues: ModeName.allCases.map { ($0, hub.inForce(in: town, $0)) })
    }

    private func shape(_ alert: SaidAlert, _ standing: [ModeName: Set<AlertID>]) -> AlertShape {
        AlertShape(alert, inForce: standing[alert.mode]?.contains(alert.content.id) ?? false)
    }

    /// `If-Match`: the version of the standing the person saw, in quotes as `ETag` gives it, or bare; `*` is any.
    private static func seenVersion(_ request: Request) throws(Problem) -> Int? {
        guard let written = request.headers[.ifMatch]?.trimmingCharacters(in: .whitespaces), written != "*" else { return nil }
        let digits = written.hasPrefix("\"") && written.hasSuffix("\"") && written.count > 2
            ? String(written.dropFirst().dropLast()) : written
        guard let version = Int(digits), version >= 0 else {
            throw Problem(.badRequest, "If-Match は状況の番号（ETag）です (If-Match is the version of the standing)")
        }
        return version
    }

    // MARK: Preview

    private struct PreviewAnswer: Encodable {
        var previews: [PreviewShape]
        var version: Int
        var change: Change?
        var changes: [StandingShape.Step]
        /// What the person should know before sending, and what does not keep it from going out.
        var warnings: [String]
        /// What would be said where this is taken back afterwards.
        var take_back: [PreviewShape]
        /// How many alerts that sound each of its districts has had; absent where this one makes no sound.
        var sounded: [Heard]?
        /// Whom it will wait for, and how long; absent: nobody.
        var approval: ApprovalWait?

        struct Heard: Encodable {
            var district: String
            /// In 24 hours, and in seven days.
            var day, week: Int
        }
    }

    private func preview(_ order: DeskOrder, by person: Operator) async throws(DeskFailure) -> Response {
        // What cannot be read keeps no order from being seen.
        let sounded = (try? await hub.sounded(before: order)) ?? []
        let steps = order.content.act?.steps ?? []
        let answer = PreviewAnswer(
            previews: previews(order), version: (order.content.act?.version ?? 1) - 1,
            change: order.content.act?.change, changes: steps.map { StandingShape.Step($0) }, warnings: Self.warnings(order),
            take_back: hub.takingBack(order, by: person).map { back in hub.preview(back).flatMap { shapes($0, of: back) } } ?? [],
            sounded: sounded.isEmpty ? nil : sounded.map { .init(district: $0.district, day: $0.day, week: $0.week) },
            approval: hub.wait(order, by: person).map { ApprovalWait($0, hub.people) })
        do {
            return try Answer.json(answer)
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    /// The identical order again is told, since a person sends it, and pointed out before.
    private static func warnings(_ order: DeskOrder) -> [String] {
        guard case .evacuation(let detail) = order.content.detail, !detail.isLifted, let act = order.content.act,
            act.takesBack == nil, !act.steps.isEmpty, act.steps.allSatisfy({ $0.before != nil && $0.before?.state == $0.after?.state })
        else { return [] }
        let since = act.steps.compactMap(\.before?.since).max().map { Hub.clock($0) } ?? ""
        return ["同じ内容の避難情報が、\(since)からもう出ています。送ると、もう一度伝わります (the identical order is in force already: sending tells it again)"]
    }

    func previews(_ order: DeskOrder) -> [PreviewShape] { hub.preview(order).flatMap { shapes($0, of: order) } }

    private func shapes(_ line: PreviewLine, of order: DeskOrder) -> [PreviewShape] {
        let reason = [line.reason, hiding(line, of: order)].compactMap(\.self).joined(separator: "\n")
        let problems = line.problems.map {
            PreviewShape.ProblemShape(
                rule: $0.rule, text: $0.text, suggestion: $0.suggestion, position: $0.position, length: $0.length, in_title: $0.inTitle)
        }
        func shape(_ language: Language?, _ text: RenderedText?) -> PreviewShape {
            PreviewShape(
                town: line.town.code, channel: line.channel, verdict: line.priority == nil ? "skip" : "send",
                reason: reason, priority: line.priority?.word, gravity: line.gravity.word, endpoints: line.endpoints,
                language: language?.rawValue, title: text?.title, body: text?.body, problems: problems)
        }
        if line.texts.isEmpty { return [shape(nil, nil)] }
        return line.texts.sorted { $0.key < $1.key }.map { shape($0.key, $0.value) }
    }

    /// What would keep the far ends of a channel from showing this drill.
    private func hiding(_ line: PreviewLine, of order: DeskOrder) -> String? {
        guard order.mode == .exercise, line.priority != nil,
            hub.showsDrillsApart(on: line.channel),
            let real = hub.stream.gravestReal(of: line.town), real >= DrillRule.endsAt
        else { return nil }
        return DrillRule.refusal
    }

    func problem(_ failure: DeskFailure) -> Problem {
        switch failure {
        case .invalid(let fields):
            return Problem(
                .unprocessableContent, failure.description,
                errors: fields.map { .init(field: $0.field, detail: $0.detail) })
        case .forbidden(let reason): return Problem(.forbidden, reason)
        case .notFound(let reason): return Problem(.notFound, reason)
        case .conflict(let reason): return Problem(.conflict, reason)
        case .changed(let conflict):
            var problem = Problem(.conflict, conflict.sentence)
            let table = hub.standing(of: conflict.town, conflict.mode)
            problem.beside = StandingConflictShape(
                changed_by: conflict.changedBy, changed_at: conflict.changedAt.map { JapanTime.text($0, milliseconds: false) },
                changed_in: conflict.act?.text,
                standing: StandingShape(table, of: conflict.town, conflict.mode, districts: hub.town(conflict.town)?.districts ?? []))
            return problem
        case .keyIsAnothers: return Problem(.unprocessableContent, failure.description)
        case .unrecorded, .unkept:
            var problem = Problem(.serviceUnavailable, failure.description)
            problem.headers[.retryAfter] = "5"
            return problem
        }
    }
}

extension HTTPField.Name {
    fileprivate static var idempotencyKey: Self { known("Idempotency-Key") }
    fileprivate static var idempotentReplayed: Self { known("Idempotent-Replayed") }
}
