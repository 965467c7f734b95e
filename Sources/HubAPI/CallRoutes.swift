/// Telephone calls to places that have not heard: noted by whoever called, read by everybody at the desk.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    private struct CallShape: Encodable {
        var id, mode, channel, endpoint, name: String
        var phone: String?
        var at, by, answer: String
        var words: String?

        init(_ call: PlaceCall, in town: Town) {
            (id, mode, channel, endpoint) = (call.id, call.mode.rawValue, call.channel, call.endpoint)
            name = town.endpoints.first { $0.channel == call.channel && $0.id == call.endpoint }?.name ?? call.endpoint
            (phone, answer, words) = (call.phone, call.answer.rawValue, call.words)
            at = JapanTime.text(call.at, milliseconds: false)
            // `operator:佐藤`: what stands before the name is for the record.
            by = call.actor.split(separator: ":", maxSplits: 1).last.map(String.init) ?? call.actor
        }
    }

    private struct Page: Encodable {
        var calls: [CallShape]
        /// Give it as `before` to read on; null when these were the last.
        var next: String?
    }

    private struct Wish: Decodable {
        var town: String?
        var id, mode, channel, endpoint, answer: String
        var words: String?
    }

    func addCalls(to desk: DeskRoutes) {
        desk.get("/v1/calls") { request, context in
            let given = request.uri.queryParameters
            let town = try town(given["town"].map(String.init), for: context.person)
            let limit = Int(try Self.number(given["limit"], "limit", 1...500) ?? 500)
            let mode = try Self.mode(request)
            _ = try Self.shown(mode, to: context.person, in: town.id)
            let found = try await hub.calls(
                of: town.id, mode, since: try Self.moment(given["since"], "since"), before: given["before"].map(String.init), limit: limit)
            return try Answer.json(Page(calls: found.calls.map { CallShape($0, in: town) }, next: found.next))
        }
        desk.post("/v1/calls") { request, context in
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let call = try call(wish, by: person, in: town)
            let kept = try await hub.take(call, in: town.id)
            guard kept.kept.actor == call.actor, kept.kept.channel == call.channel, kept.kept.endpoint == call.endpoint, kept.kept.mode == call.mode else {
                throw Problem(.conflict, "この番号（id）は、ほかの電話の記録に使われています (this id is another call's)")
            }
            hub.logger.notice("place called", metadata: [
                "by": "\(person.name)", "town": "\(town.id)", "place": "\(call.channel)/\(call.endpoint)", "answer": "\(call.answer.rawValue)", "mode": "\(call.mode.rawValue)",
            ])
            return try Answer.json(CallShape(kept.kept, in: town), status: kept.isNew ? .created : .ok)
        }
    }

    /// Everything that is wrong with it at once.
    private func call(_ wish: Wish, by person: Operator, in town: Town) throws(Problem) -> PlaceCall {
        var errors: [Problem.Field] = []
        let mode = ModeName(rawValue: wish.mode), answer = PlaceCall.Answer(rawValue: wish.answer)
        let words = (wish.words ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        if mode == nil { errors.append(.init(field: "mode", detail: "本番か訓練かを選んでください (actual or exercise)")) }
        if !(1...100).contains(wish.id.utf8.count) || !wish.id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            errors.append(.init(field: "id", detail: "番号（id）は、空白のないASCIIの1〜100文字です (1 to 100 letters of ASCII)"))
        }
        if answer == nil {
            errors.append(.init(field: "answer", detail: "電話の結果を選んでください (\(PlaceCall.Answer.allCases.map(\.rawValue).joined(separator: ", ")))"))
        }
        if words.count > PlaceCall.longest || !PlainText.isPlain(words) {
            errors.append(.init(field: "words", detail: "聞いたことは\(PlaceCall.longest)文字まで、1行です (at most \(PlaceCall.longest) letters on one line)"))
        }
        if answer == .other, words.isEmpty { errors.append(.init(field: "words", detail: "聞いたことを書いてください (say what was answered)")) }
        let end = town.endpoints.first { $0.channel == wish.channel && $0.id == wish.endpoint }
        if end == nil { errors.append(.init(field: "endpoint", detail: "この町の送り先にありません (no far end of this town)")) }
        guard errors.isEmpty, let mode, let answer, let end else {
            throw Problem(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors)
        }
        // Who keeps the tablets telephones too; of the rest, whoever may give out something in this place.
        guard person.may(.sending(mode), in: town.id) || person.may(.devices, in: town.id) else { throw Problem(.forbidden, person.refusal([.sending(mode), .devices])) }
        return PlaceCall(
            id: wish.id, mode: mode, channel: end.channel, endpoint: end.id, answer: answer, words: words.isEmpty ? nil : words, phone: hub.phone(of: end, in: town),
            at: hub.clock(), actor: person.actor)
    }
}
