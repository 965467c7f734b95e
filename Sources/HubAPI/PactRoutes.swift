/// 代行 between towns: agreed in peacetime, released by two of three, ended by itself.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Page: Encodable { var pacts: [PactShape] }

    private struct Wish: Decodable {
        var giver, helper: String
        var acts: [String]?
        var districts: [String]?
        var hours, silence: Int?
        var until: String?
    }

    private struct Turn: Decodable {
        var mode: String
        var reason: String
    }

    private struct Ending: Decodable {
        /// Absent: that of the place it is asked from; of who is at neither, both, as far as he may.
        var mode: String?
        var reason: String?
        var whole: Bool?
    }

    func addPacts(to desk: DeskRoutes) {
        desk.get("/v1/pacts") { request, context in
            let person = context.person
            let towns = try request.uri.queryParameters["town"].map { code throws(Problem) in [try town(String(code), for: person).id] }
                ?? hub.allTowns.map(\.id).filter { person.may($0) }
            var known: Set<String> = []
            var shapes: [PactShape] = []
            for pact in towns.flatMap({ hub.pacts.of($0) }) where known.insert(pact.id).inserted { shapes.append(await shape(pact, for: person)) }
            return try Answer.json(Page(pacts: shapes))
        }
        desk.get("/v1/pacts/{id}") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await answer(person) { () async throws(PactFailure) in try hub.pact(id, for: person) }
        }
        desk.post("/v1/pacts") { request, context in
            let person = context.person
            let wish = try Self.read(try await Body.decode(Wish.self, request), now: hub.clock())
            return try await answer(person, .created) { () async throws(PactFailure) in try await hub.propose(wish, by: person) }
        }
        desk.post("/v1/pacts/{id}/sign") { _, context in
            let id = try context.parameters.require("id"), person = context.person
            return try await answer(person) { () async throws(PactFailure) in try await hub.sign(id, by: person) }
        }
        desk.post("/v1/pacts/{id}/release") { request, context in
            let id = try context.parameters.require("id")
            let person = context.person
            let wish = try await Body.decode(Turn.self, request)
            guard let mode = ModeName(rawValue: wish.mode) else { throw Self.invalid("mode", "actual か exercise です (actual or exercise)") }
            if let place = Self.place(request), place != mode { throw Problem(.forbidden, person.refusal(.order, mode)) }
            let reason = try Self.reason(wish.reason)
            return try await answer(person) { () async throws(PactFailure) in try await hub.release(id, mode, reason: reason, by: person) }
        }
        desk.post("/v1/pacts/{id}/end") { request, context in
            let id = try context.parameters.require("id")
            let person = context.person
            let wish = try await Body.decode(Ending.self, request)
            let reason = try wish.reason.map { words throws(Problem) in try Self.reason(words) }
            let named = try wish.mode.map { word throws(Problem) in
                guard let mode = ModeName(rawValue: word) else { throw Self.invalid("mode", "actual か exercise です (actual or exercise)") }
                return mode
            }
            let place = Self.place(request)
            if let place, let named, place != named { throw Problem(.forbidden, person.refusal(.order, named)) }
            return try await answer(person) { () async throws(PactFailure) in
                try await hub.end(id, named ?? place, whole: wish.whole ?? false, reason: reason, by: person)
            }
        }
    }

    private static func reason(_ words: String) throws(Problem) -> String {
        let plain = words.trimmingCharacters(in: .whitespacesAndNewlines)
        guard (1...200).contains(plain.count), PlainText.isPlain(plain) else { throw invalid("reason", "理由を1〜200文字、一行で書いてください (why, in 1 to 200 letters on one line)") }
        return plain
    }

    private static func invalid(_ field: String, _ detail: String) -> Problem {
        Problem(.unprocessableContent, "\(field)：\(detail)", errors: [.init(field: field, detail: detail)])
    }

    private static func read(_ wish: Wish, now: Date) throws(Problem) -> Pacts.Wish {
        guard let giver = TownID(wish.giver) else { throw invalid("giver", "6桁の市町村コードです (a six-digit code)") }
        guard let helper = TownID(wish.helper) else { throw invalid("helper", "6桁の市町村コードです (a six-digit code)") }
        var acts: [DeskAct] = [.order, .shelter, .notice, .read]
        if let words = wish.acts {
            guard words.count <= DeskAct.allCases.count, case let known = words.compactMap({ DeskAct(rawValue: $0) }), known.count == words.count else {
                throw invalid("acts", "\(Pact.lendable.map(\.rawValue).joined(separator: ", ")) のいずれかです (one or more of these)")
            }
            acts = known
        }
        if let districts = wish.districts, districts.isEmpty || districts.count > 500 { throw invalid("districts", "1〜500の地区、または省いて全域 (1 to 500, or leave it out)") }
        let year: TimeInterval = 366 * 86_400
        let until = try wish.until.map { text throws(Problem) in
            guard let date = try? Date(text, strategy: .iso8601) else { throw invalid("until", "RFC 3339 の時刻で。例: 2027-04-01T00:00:00+09:00 (a time of RFC 3339)") }
            return date
        } ?? now.addingTimeInterval(year)
        return Pacts.Wish(giver: giver, helper: helper, acts: acts, districts: wish.districts, hours: wish.hours ?? 24, silence: wish.silence ?? 30, until: until)
    }

    private func answer(
        _ person: Operator, _ status: HTTPResponse.Status = .ok, _ body: () async throws(PactFailure) -> Pact
    ) async throws -> Response {
        let pact: Pact
        do throws(PactFailure) {
            pact = try await body()
        } catch {
            switch error {
            case .invalid(let words, let field): throw Self.invalid(field, words)
            case .forbidden(let words): throw Problem(.forbidden, words)
            case .notFound(let words): throw Problem(.notFound, words)
            case .conflict(let words): throw Problem(.conflict, words)
            case .unrecorded(let words):
                var problem = Problem(.serviceUnavailable, "記録のディスクに書けません。もう一度お願いします: \(words) (not recorded: ask again)")
                problem.headers[.retryAfter] = "5"
                throw problem
            }
        }
        return try Answer.json(await shape(pact, for: person), status: status)
    }

    private func shape(_ pact: Pact, for person: Operator) async -> PactShape {
        let now = hub.clock()
        // The clock is told of only where its key is still worth something.
        let clock = pact.state(now) == .signed ? await hub.clockReason(pact, .actual) : nil
        let helps = hub.able(person).helping[pact.giver]?.contains { $0.pact == pact.id } ?? false
        return PactShape(pact, now, clock: clock, for: person, helps: helps) { id in hub.allTowns.first { $0.id == id }?.name }
    }
}

/// An agreement as it is shown. Credentials are not.
struct PactShape: Encodable {
    struct Town: Encodable { var code: String; var name: String? }
    struct Mark: Encodable {
        var by, at: String
        var reason: String?
        init(_ mark: Pact.Mark) { (by, at, reason) = (mark.by, JapanTime.text(mark.at), mark.reason) }
    }
    struct Key: Encodable {
        var party: String
        var turned: Mark
    }
    struct Deed: Encodable { var at, by, title, alert: String }
    struct Release: Encodable {
        var mode, state: String
        var keys: [Key]
        /// How long a first key waits for the second.
        var waits_until: String?
        var opened, until: String?
        var ended: Mark?
        var deeds: [Deed]
    }

    var id, state: String
    var giver, helper: Town
    var acts: [String]
    var districts: [String]?
    var hours, silence: Int
    var until: String
    var proposed: Mark
    var signed: Mark?
    var awaits: String?
    /// Why the clock would turn its key now.
    var clock: String?
    var ended: Mark?
    var releases: [Release]
    /// What who asks may do with it just now, for real and in a drill.
    var offers: [String: [String]]
    /// Whether who asks works under it just now.
    var helps: Bool

    init(_ pact: Pact, _ now: Date, clock: String?, for person: Operator, helps: Bool, name: (TownID) -> String?) {
        (id, state) = (pact.id, pact.state(now).rawValue)
        giver = Town(code: pact.giver.code, name: name(pact.giver))
        helper = Town(code: pact.helper.code, name: name(pact.helper))
        (acts, districts) = (pact.acts.map(\.rawValue), pact.districts)
        (hours, silence, until) = (pact.hours, pact.silence, JapanTime.text(pact.until))
        (proposed, signed, ended) = (Mark(pact.proposed), pact.signed.map(Mark.init), pact.ended.map(Mark.init))
        awaits = pact.state(now) == .proposed ? pact.awaited.code : nil
        self.clock = clock
        releases = pact.releases.map { release in
            Release(
                mode: release.mode.rawValue,
                state: release.isOpen(now) ? "open" : release.waits(now) ? "waiting" : release.opened == nil ? "lapsed" : "over",
                keys: release.keys.map { Key(party: $0.party.rawValue, turned: Mark($0.mark)) },
                waits_until: release.waits(now) ? release.keys.first.map { JapanTime.text($0.mark.at.addingTimeInterval(Pact.patience)) } : nil, opened: release.opened.map { JapanTime.text($0) },
                until: release.until.map { JapanTime.text($0) }, ended: release.ended.map(Mark.init),
                deeds: release.deeds.map { Deed(at: JapanTime.text($0.at), by: $0.by, title: $0.title, alert: $0.alert) })
        }
        self.helps = helps
        // Each of the two modes once: their names differ.
        offers = Dictionary(uniqueKeysWithValues: ModeName.allCases.map { ($0.rawValue, pact.offers(to: person, $0, now).map(\.rawValue)) })
    }
}
