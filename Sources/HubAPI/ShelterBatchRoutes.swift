/// Several shelters opened, filled or closed in one request. What is refused is named, with the reason; nothing of it is done silently.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Wish: Decodable {
        var mode, state: String
        var shelters: [String]
        var note: String?
        var based_on: Int?
    }

    private struct Named: Encodable {
        var shelter, name, reason: String

        init(_ named: ShelterBatch.Named) { (shelter, name, reason) = (named.id, named.name, named.reason) }
    }

    private struct Preview: Encodable {
        var version: Int
        /// As it will be said; where the shelters were told of by several events before, as the first of these messages says it.
        var previews: [PreviewShape]
        var changes: [StandingShape.Step]
        var unchanged, refused, doubtful: [Named]
        var warnings: [String]
        var approval: ApprovalWait?
    }

    private struct Accepted: Encodable {
        struct Sent: Encodable {
            var shelter, name, id: String
            /// It waits for a second person: nothing has been said of this one.
            var approval: ApprovalShape?
        }
        var town, mode, state: String
        var sent: [Sent]
        var unchanged, refused: [Named]
    }

    func addShelterBatch(to desk: DeskRoutes) {
        desk.post("/v1/towns/{code}/shelters/states") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let octets = try await Body.json(request, upTo: 64 << 10)
            let wish = try batch(try Body.decode(Wish.self, from: octets))
            let glass = try Self.breakGlass(request)
            let isPreview = request.uri.queryParameters["preview"] == "true"
            guard isPreview || person.may(.shelter, wish.mode, in: town.id) else { throw Problem(.forbidden, person.refusal(.shelter, wish.mode)) }
            do throws(DeskFailure) {
                if isPreview { return try preview(try hub.plan(wish, by: person, in: town), wish, by: person) }
            } catch {
                throw problem(error)
            }
            let own = try Self.keyWord(request)
            do throws(DeskFailure) {
                let outcome = try await hub.push(
                    wish, by: person, in: town, id: own.map { "\(person.actor)/\($0)" } ?? UUID().uuidString,
                    key: { shelter in own.map { OrderKey("\($0) \(shelter)", of: person, order: Array("\(request.uri.path)\n\(shelter)\n".utf8) + octets) } },
                    breakGlass: glass)
                return try accepted(outcome, wish, in: town)
            } catch {
                throw problem(error)
            }
        }
    }

    private func batch(_ wish: Wish) throws(Problem) -> ShelterBatch {
        var errors: [Problem.Field] = []
        let mode = ModeName(rawValue: wish.mode), state = ShelterNotice.State(rawValue: wish.state)
        let note = (wish.note ?? "").trimmingCharacters(in: .whitespaces)
        if mode == nil { errors.append(.init(field: "mode", detail: "本番か訓練かを選んでください (actual or exercise)")) }
        if state == nil { errors.append(.init(field: "state", detail: "状態を、開設・満員・閉鎖から選んでください (open, full or closed)")) }
        if wish.shelters.isEmpty || wish.shelters.count > ShelterBatch.most {
            errors.append(.init(field: "shelters", detail: "避難所を1〜\(ShelterBatch.most)か所選んでください (1 to \(ShelterBatch.most) shelters)"))
        }
        if note.count > 200 || !PlainText.isPlain(note) { errors.append(.init(field: "note", detail: "ひとことは200文字まで、1行です (at most 200 letters on one line)")) }
        guard errors.isEmpty, let mode, let state else { throw Problem(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors) }
        return ShelterBatch(mode: mode, state: state, shelters: wish.shelters, note: note.isEmpty ? nil : note, basedOn: wish.based_on)
    }

    private func preview(_ plan: ShelterBatch.Plan, _ wish: ShelterBatch, by person: Operator) throws(DeskFailure) -> Response {
        let first = plan.parts.first?.order
        let answer = Preview(
            version: plan.version, previews: first.map(previews) ?? [],
            changes: plan.parts.flatMap { $0.order.content.act?.steps ?? [] }.map { StandingShape.Step($0) },
            unchanged: plan.unchanged.map { Named($0) }, refused: plan.refused.map { Named($0) }, doubtful: plan.doubtful.map { Named($0) },
            warnings: Self.warnings(plan), approval: first.flatMap { hub.wait($0, by: person) }.map { ApprovalWait($0, hub.people) })
        do { return try Answer.json(answer) } catch { throw .unrecorded("\(error)") }
    }

    /// What does not go out, and what to look at, each house by its name.
    private static func warnings(_ plan: ShelterBatch.Plan) -> [String] {
        plan.refused.map { "\($0.name)は出しません：\($0.reason)" } + plan.unchanged.map { "\($0.name)は変わりません：\($0.reason)" } + plan.doubtful.map { "\($0.name)：\($0.reason)" }
    }

    private func accepted(_ outcome: ShelterBatch.Outcome, _ wish: ShelterBatch, in town: Town) throws(DeskFailure) -> Response {
        let answer = Accepted(
            town: town.id.code, mode: wish.mode.rawValue, state: wish.state.rawValue,
            sent: outcome.sent.map { .init(shelter: $0.id, name: $0.name, id: $0.pushed.id.text, approval: $0.pushed.approval.map { shape($0) }) },
            unchanged: outcome.unchanged.map { Named($0) }, refused: outcome.refused.map { Named($0) })
        do { return try Answer.json(answer, status: .accepted) } catch { throw .unrecorded("\(error)") }
    }
}
