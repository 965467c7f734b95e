internal import AlertModel
internal import Devices
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Ingest
internal import Logging
internal import Web
internal import Serving

/// Bulletins in: `POST /v1/bulletins`.
extension HubRouter {
    private struct Taken: Encodable {
        var alerts: [String]
        var duplicate: Bool
        var notes: [String]
    }

    /// What a bulletin may come as. The reader looks at the bytes; the type only says that the sender meant a bulletin.
    private static let mediaTypes: Set<String> = [
        "application/xml", "text/xml", "application/cap+xml", "text/plain", "application/gzip", "application/x-gzip",
        "application/octet-stream",
    ]

    func addBulletins(to router: Router<Context>, _ desk: DeskRoutes) {
        router.post("/v1/bulletins") { request, context in
            let person = try source(request, context.asker)
            try Self.checkMediaType(request)
            guard Self.mayBeLong(request) else { return try await take(request, from: person) }
            return try await Self.inLane(longBodies) { try await take(request, from: person) }
        }
        desk.get("/v1/bulletins") { request, context in
            let person = context.person
            guard person.towns == nil else { throw Problem(.forbidden, "一つの市町村の権限では電文を渡せません (bulletins belong to no single town)") }
            let limit = Int(try Self.number(request.uri.queryParameters["limit"], "limit", 1...1000) ?? 50)
            return try Answer.json(["bulletins": try await hub.bulletins(limit: limit).map { BulletinShape($0) }])
        }
    }

    /// A body that says it is longer than any warning, or does not say how long it is.
    private static func mayBeLong(_ request: Request) -> Bool {
        request.headers[.contentLength].flatMap { Int($0) }.map { $0 > BulletinReader.longestWarning } ?? true
    }

    private func take(_ request: Request, from person: Operator) async throws -> Response {
        let octets = try await Body.octets(request, upTo: 8 << 20)
        let given = request.uri.queryParameters
        var way = Intake(source: "http:\(person.name)")
        way.fileName = given["name"].map(String.init)
        way.replay = given["replay"].map(String.init)
        if let replay = way.replay, replay.isEmpty || replay.utf8.count > 40 {
            throw Problem(.badRequest, "replay: 1〜40オクテットです (1 to 40 octets)")
        }
        for (field, text) in [("replay", way.replay), ("name", way.fileName)] where !PlainText.isPlain(text ?? "") {
            throw Problem(.badRequest, "\(field): 使えない文字（制御文字、書字の向きを変える文字）が入っています (control characters or marks that reorder text)")
        }
        if given["exercise"] == "true", way.replay == nil { way.asExercise = true }
        way.towns = person.towns
        guard person.may(.feed) || (person.towns == nil && (way.asExercise || way.replay != nil)) else {
            throw stranger(person.name, person.refusal([.feed]), octets)
        }
        do throws(IntakeFailure) {
            let taken = try await hub.take(octets, way)
            return try answer(taken)
        } catch {
            throw Self.problem(error)
        }
    }

    /// Only a source is one. A device is none, whatever it hears; a person's token only with `feed`, or with `drill`
    /// for an exercise that concerns no town alone.
    private func source(_ request: Request, _ asker: Result<Operator, Problem>) throws(Problem) -> Operator {
        if let token = request.head.bearer, hub.people.with(token: token, now: hub.clock()) == nil, let device = hub.devices.device(token: token) {
            throw stranger(
                "device:\(device.id)", "端末は情報源になれません。電文は feed の権限をもつトークンで送ってください (a device is no source of bulletins)", [])
        }
        do throws(Problem) {
            return try asker.get()
        } catch {
            if error.status == .forbidden, let token = request.head.bearer, let person = hub.people.with(token: token, now: hub.clock()) {
                throw stranger(person.name, person.refusal([.feed]), [])
            }
            throw error
        }
    }

    /// Refused, logged, and told to the operator: somebody tried to speak as a source, or a setting is wrong.
    private func stranger(_ name: String, _ words: String, _ octets: [UInt8]) -> Problem {
        hub.logger.warning("bulletin of no source refused", metadata: ["by": "\(name)", "octets": "\(octets.count)"])
        hub.attention.notice(
            .stranger, name, "情報源ではない者が電文を送ろうとしました。何も配信していません (somebody who is no source sent a bulletin; nothing went out)",
            from: "http:\(name)", at: hub.clock())
        return Problem(.forbidden, words)
    }

    private struct BulletinShape: Encodable {
        var hash, received_at, source, verdict: String
        var reason: String?
        var alerts: [String]
        var octets: Int
        init(_ kept: TakenBulletin) {
            hash = kept.hash
            received_at = JapanTime.text(kept.received)
            source = kept.source
            verdict = kept.verdict
            reason = kept.reason
            alerts = kept.alerts.map(\.text)
            octets = kept.octets
        }
    }

    private func answer(_ taken: Taking) throws(IntakeFailure) -> Response {
        do {
            return try Answer.json(
                Taken(alerts: taken.alerts.map(\.text), duplicate: taken.isDuplicate, notes: taken.notes),
                status: taken.isDuplicate ? .ok : .accepted)
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    private static func checkMediaType(_ request: Request) throws(Problem) {
        guard let written = request.headers[.contentType] else { return }
        guard let type = MediaType(written)?.essence, mediaTypes.contains(type) else {
            throw Problem(
                .unsupportedMediaType,
                "電文は application/xml、application/cap+xml、text/plain（gzip 可）で送ってください (Content-Type \(written): a bulletin comes as one of these)")
        }
        let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard ["identity", "gzip", "x-gzip"].contains(encoding) else {
            throw Problem(.unsupportedMediaType, "Content-Encoding \(encoding): gzip か、なしにしてください (gzip or none)")
        }
    }

    static func problem(_ failure: IntakeFailure) -> Problem {
        switch failure {
        case .refused(let reason): return Problem(.unprocessableContent, reason)
        case .unrecorded(let reason):
            var problem = Problem(.serviceUnavailable, "送り始めましたが、記録できていません: \(reason) (on its way, but not recorded)")
            problem.headers[.retryAfter] = "5"
            return problem
        }
    }
}
