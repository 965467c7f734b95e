/// Call-ups of the town's own people, at the desk.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct StaffShape: Encodable {
        struct One: Encodable {
            var name, role, role_name: String
            var mail, webhook: Bool
            var phone: String?
            /// Neither by this hub nor by telephone.
            var unreachable: Bool
        }
        struct RoleRow: Encodable { var role, name: String }
        /// By what this hub calls by itself.
        var ways: [String]
        var roles: [RoleRow]
        /// A person once for each of his roles.
        var staff: [One]
    }

    private struct Wish: Decodable {
        var town: String?
        var id, mode, words: String
        var roles: [String]
        var needed, pause_seconds, rounds: Int?
    }

    private struct Page: Encodable { var musters: [MusterShape] }

    func addMusters(to router: Router<Context>, _ desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/staff") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(staff(of: town.id))
        }
        desk.get("/v1/musters") { request, context in
            let person = context.person, mode = try Self.mode(request)
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            try Self.authorise(person, mode, in: town.id)
            return try Answer.json(Page(musters: hub.musters(of: town.id, mode).map { MusterShape($0, []) }))
        }
        desk.get("/v1/musters/{id}") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await answer(.ok) { () async throws(MusterFailure) in try hub.muster(id, for: person).muster }
        }
        desk.post("/v1/musters") { request, context in
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let made = try Self.read(wish)
            var isNew = true
            return try await answer({ isNew ? .created : .ok }) { () async throws(MusterFailure) in
                let begun = try await hub.begin(made, in: town.id, by: person)
                isNew = begun.isNew
                return begun.muster
            }
        }
        desk.post("/v1/musters/{id}/answer") { request, context in
            struct Said: Decodable {
                var person, answer: String
                var words: String?
            }
            let id = try context.parameters.require("id"), person = context.person
            let said = try await Body.decode(Said.self, request)
            let words = said.words?.trimmingCharacters(in: .whitespacesAndNewlines)
            var errors: [Problem.Field] = []
            let answer = Muster.Answer(rawValue: said.answer)
            if answer == nil { errors.append(.init(field: "answer", detail: "taken（引き受けた）、cannot（行けない）、no-answer（出ない）のどれかです (one of these)")) }
            if let words, words.count > 200 || !PlainText.isPlain(words) { errors.append(.init(field: "words", detail: "200文字まで、1行です (at most 200 letters on one line)")) }
            guard errors.isEmpty, let answer else { throw Problem(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors) }
            return try await self.answer(.ok) { () async throws(MusterFailure) in
                try await hub.note(answer, words: words.flatMap { $0.isEmpty ? nil : $0 }, of: said.person, in: id, by: person)
            }
        }
        desk.post("/v1/musters/{id}/end") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await answer(.ok) { () async throws(MusterFailure) in try await hub.end(muster: id, by: person) }
        }
        addMusterPage(to: router)
    }

    private func staff(of town: TownID) -> StaffShape {
        let able = hub.staffWays
        return StaffShape(
            ways: able.map(\.rawValue).sorted(), roles: Role.allCases.map { .init(role: $0.rawValue, name: $0.japanese) },
            staff: hub.staff(of: town).flatMap { person in
                person.roles.map { role in
                    let mail = person.ways.mail != nil && able.contains(.mail), hook = person.ways.webhook != nil && able.contains(.webhook)
                    return .init(
                        name: person.name, role: role.rawValue, role_name: role.japanese, mail: mail, webhook: hook, phone: person.ways.phone,
                        unreachable: !mail && !hook && person.ways.phone == nil)
                }
            })
    }

    private static func read(_ wish: Wish) throws(Problem) -> Hub.MusterWish {
        var errors: [Problem.Field] = []
        let mode = ModeName(rawValue: wish.mode)
        if mode == nil { errors.append(.init(field: "mode", detail: "本番か訓練かを選んでください (actual or exercise)")) }
        let roles = wish.roles.compactMap { Role($0) }
        if roles.count != wish.roles.count { errors.append(.init(field: "roles", detail: "あるのは\(Role.allCases.map { "\($0.rawValue)（\($0.japanese)）" }.joined(separator: "、"))です (no such role)")) }
        guard errors.isEmpty, let mode else { throw Problem(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors) }
        return .init(
            id: wish.id, mode: mode, words: wish.words.trimmingCharacters(in: .whitespacesAndNewlines), roles: roles, needed: wish.needed ?? 1,
            pause: wish.pause_seconds ?? 300, rounds: wish.rounds ?? 3)
    }

    private func answer(_ status: HTTPResponse.Status, _ act: () async throws(MusterFailure) -> Muster) async throws -> Response {
        try await answer({ status }, act)
    }

    /// With what has been done so far, from the record.
    private func answer(_ status: () -> HTTPResponse.Status, _ act: () async throws(MusterFailure) -> Muster) async throws -> Response {
        let muster: Muster
        do throws(MusterFailure) {
            muster = try await act()
        } catch {
            throw Problem(error)
        }
        return try Answer.json(MusterShape(muster, try await hub.facts(of: muster)), status: status())
    }
}

extension Problem {
    init(_ failure: MusterFailure) {
        switch failure {
        case .forbidden(let words): self.init(.forbidden, words)
        case .notFound(let words): self.init(.notFound, words)
        case .conflict(let words): self.init(.conflict, words)
        case .invalid(let errors):
            self.init(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors.map { .init(field: $0.field, detail: $0.detail) })
        case .unrecorded(let words):
            self.init(.serviceUnavailable, "記録のディスクに書けません。もう一度お願いします: \(words) (not recorded: ask again)")
            headers[.retryAfter] = "5"
        }
    }
}

/// A call-up as the desk shows it: no address, and no link.
struct MusterShape: Encodable {
    struct Call: Encodable {
        var round: Int
        var way, at: String
        var trouble: String?
    }
    struct Said: Encodable {
        var answer, at: String
        var by, words: String?
    }
    struct Person: Encodable {
        var name, role, role_name: String
        /// In which round he is called first.
        var step: Int
        var mail, webhook: Bool
        var phone: String?
        var calls: [Call]
        var said: Said?
    }
    struct End: Encodable {
        var outcome, at: String
        var by: String?
    }
    struct Fact: Encodable {
        var at, by: String
        var words: [String: String]
    }

    var id, town, mode, words, by, begun_at: String
    var roles: [String]
    var needed, pause_seconds, rounds, round, taken: Int
    var next_at: String?
    var end: End?
    var people: [Person]
    var facts: [Fact]

    init(_ muster: Muster, _ facts: [MusterFact]) {
        func text(_ date: Date) -> String { JapanTime.text(date, milliseconds: false) }
        (id, town, mode, words, by, begun_at) = (muster.id, muster.town, muster.mode.rawValue, muster.words, muster.by, text(muster.begun))
        roles = muster.roles.map(\.rawValue)
        (needed, pause_seconds, rounds, round, taken) = (muster.needed, muster.pause, muster.rounds, muster.round, muster.takers.count)
        next_at = muster.next.map(text)
        end = muster.end.map { End(outcome: $0.outcome.rawValue, at: text($0.at), by: $0.by) }
        people = muster.people.map { one in
            Person(
                name: one.name, role: one.role.rawValue, role_name: one.role.japanese, step: one.step, mail: one.ways.mail != nil, webhook: one.ways.webhook != nil,
                phone: one.ways.phone, calls: one.calls.map { Call(round: $0.round, way: $0.way.rawValue, at: text($0.at), trouble: $0.trouble) },
                said: one.said.map { Said(answer: $0.answer.rawValue, at: text($0.at), by: $0.by, words: $0.words) })
        }
        self.facts = facts.map { Fact(at: text($0.at), by: $0.actor.split(separator: ":", maxSplits: 1).last.map(String.init) ?? $0.actor, words: $0.words) }
    }
}
