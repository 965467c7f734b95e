/// A town's own settings at the desk: seen with their secrets masked, changed with a reason, and told to nobody.
internal import AlertModel
internal import ChannelKit
internal import Codes
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Web
internal import Serving

extension HubRouter {
    /// A town with a thousand far ends has some 300 kB.
    private static let paperLimit = 2 << 20

    /// As it stands, and where it came from.
    private struct Held {
        var document: TownDocument
        var paper: TownPaper
        var tag: String { "\"\(document.version)-\(paper.digest.prefix(12))\"" }
    }

    func addTownSettings(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/settings") { request, context in
            let id = try town(try context.parameters.require("code"), for: context.person).id
            let held = try held(id)
            if EntityTags(request.headers[.ifNoneMatch])?.contains(held.tag) == true {
                return Response(status: .notModified, headers: [.eTag: held.tag, .cacheControl: "no-store"])
            }
            return try Self.paper(
                [
                    "town": id.code, "etag": held.tag, "version": held.document.version, "source": held.document.version == 0 ? "file" : "record",
                    "document": held.paper.masked.object, "at_next_start": waiting(id, held.paper).sorted(),
                    "changes": held.document.changes.suffix(50).reversed().map(Self.shape), "tables": tables(id),
                ], tag: held.tag)
        }
        desk.post("/v1/towns") { request, context in
            let person = context.person
            guard person.mayEverywhere(.admin) else { throw Problem(.forbidden, "市町村を加えられるのは、すべての市町村の管理者だけです (for who keeps people in every town)") }
            struct Wish: Decodable { var code: String }
            return try await begin(try await Body.decode(Wish.self, request).code, by: person)
        }
        desk.put("/v1/towns/{code}/settings") { request, context in
            let person = context.person
            let id = try town(try context.parameters.require("code"), for: person).id
            return try await change(id, by: person, request)
        }
        desk.post("/v1/towns/{code}/link-test") { request, context in
            struct Wish: Decodable { var channel, endpoint: String? }
            struct Answers: Encodable {
                struct One: Encodable {
                    var channel, endpoint, name: String
                    var modes: [String]
                    var reached: Bool
                    var words: String
                }
                var town: String
                var answers: [One]
            }
            let town = try town(try context.parameters.require("code"), for: context.person)
            let octets = try await Body.octets(request, upTo: 4 << 10)
            let wish = octets.isEmpty ? Wish() : try Body.decode(Wish.self, from: octets)
            let ends = town.endpoints.filter { (wish.channel == nil || $0.channel == wish.channel) && (wish.endpoint == nil || $0.id == wish.endpoint) }
            guard wish.endpoint == nil || !ends.isEmpty else { throw Problem(.notFound, "その送り先はありません (no such far end)") }
            let answers = await hub.testLinks(of: town, only: Set(ends))
            return try Answer.json(Answers(town: town.id.code, answers: answers.map {
                .init(channel: $0.channel, endpoint: $0.endpoint, name: $0.name, modes: $0.modes.map(\.rawValue), reached: $0.isThere, words: $0.words)
            }))
        }
    }

    /// What the tables know of a town that nobody has to look up.
    private func tables(_ id: TownID) -> [String: Any] {
        let codes = hub.codes
        guard let town = codes.town(id) else { return ["tsunami": [[String: String]]()] }
        func named(_ scheme: AreaScheme, _ all: [String]) -> [[String: String]] { all.map { ["code": $0, "name": codes.name(scheme, $0) ?? $0] } }
        return [
            "name": town.name, "prefecture": town.prefecture, "roman_name": codes.romanName(id) ?? "", "tsunami": named(.jmaTsunami, town.tsunamiCandidates),
            "areas": named(.jmaCity, town.codes(.jmaCity)) + named(.jmaSeismic, town.codes(.jmaSeismic)) + named(.jmaEEW, town.codes(.jmaEEW)),
        ]
    }

    /// A town from nothing: its code, and what the tables know of it. It tells nobody anything, and nothing reaches anybody before somebody has given
    /// it a far end.
    private func begin(_ written: String, by person: Operator) async throws -> Response {
        let codes = hub.codes, named = codes.towns.filter { $0.name == written }
        guard let id = TownID(written) ?? (named.count == 1 ? named.first?.id : nil) ?? codes.town(written: written), let known = codes.town(id) else {
            let choices = named.map { "\($0.prefecture)\($0.name) \($0.id)" }.joined(separator: "、")
            let detail = named.isEmpty ? "6桁の市町村コードか、名前を書いてください (a code of six digits, or a name)" : "同じ名前の市町村があります。番号で書いてください：\(choices) (several: say the code)"
            throw Problem(.unprocessableContent, detail, errors: [.init(field: "code", detail: detail)])
        }
        guard hub.town(id) == nil, hub.book[id] == nil else { throw Problem(.conflict, "\(known.name)（\(id)）は、もうこのハブにあります (served already)") }
        guard configuration.townReader != nil else { throw Problem(.notFound, "このハブは、町の設定をここでは扱いません (this hub keeps no towns' settings)") }
        var document: [String: Any] = ["code": id.code, "name": known.name, "roman_name": codes.romanName(id) ?? known.name]
        // Without a coast in the prefecture there is nothing to ask.
        if known.tsunamiCandidates.isEmpty { document["tsunami_areas"] = [String]() }
        let paper = TownPaper(document, configuration.channels), town = try await read(paper, of: id)
        let made = TownDocument(octets: []).changed(to: paper.octets, .init(
            version: 1, at: hub.clock(), by: person.name, reason: "町をはじめた", what: ["\(known.prefecture)\(known.name)"], digest: paper.digest))
        try hub.book.keep(made, of: id)
        do {
            try await hub.onDisk()
        } catch {
            try? hub.book.keep(nil, of: id)
            throw error
        }
        await hub.begin(town)
        hub.logger.notice("town begun", metadata: ["town": "\(id)", "by": "\(person.name)"])
        return try Answer.json(["code": id.code, "name": known.name], status: .created)
    }

    private func change(_ id: TownID, by person: Operator, _ request: Request) async throws -> Response {
        let octets = try await Body.octets(request, upTo: Self.paperLimit)
        try Body.checkKeys(octets)
        guard let wish = try? JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any], let written = wish["document"] as? [String: Any] else {
            throw Problem(.badRequest, "{\"document\": {…}, \"reason\": \"…\"} の形で送ってください (an object with document and reason)")
        }
        let isDryRun = request.uri.queryParameters["dry_run"] == "true"
        let reason = (wish["reason"] as? String ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard isDryRun || (1...200).contains(reason.count), PlainText.isPlain(reason) else {
            throw Problem(
                .unprocessableContent, "変える理由（reason）を200文字までで書いてください (reason: 1 to 200 letters)", errors: [.init(field: "reason", detail: "1〜200文字")])
        }
        let held = try held(id)
        try match(request, held)
        let paper = try TownPaper(written, configuration.channels).unmasked(by: held.paper)
        try allow(paper, held.paper, id, person)
        let town = try await read(paper, of: id)
        let what = paper.words(from: held.paper)
        let later = paper.changed(from: held.paper).subtracting(TownPaper.living)
        guard !isDryRun, !what.isEmpty else {
            return try Self.paper(
                ["town": id.code, "dry_run": isDryRun, "version": held.document.version, "what": what, "at_next_start": later.sorted()], tag: held.tag)
        }
        // Somebody may have been faster while it was read.
        try match(request, try self.held(id))
        let made = held.document.changed(to: paper.octets, .init(
            version: held.document.version + 1, at: hub.clock(), by: person.name, reason: reason, what: what, digest: paper.digest))
        let before = hub.book[id]
        try hub.book.keep(made, of: id)
        do {
            try await hub.onDisk()
        } catch {
            try? hub.book.keep(before, of: id)
            throw error
        }
        await hub.use(town)
        hub.noteDown(.settings, "\(what.joined(separator: "、"))。理由：\(reason)", about: "settings", .actual, in: id, by: person.actor)
        hub.logger.notice("town's settings changed", metadata: [
            "town": "\(id)", "version": "\(made.version)", "by": "\(person.name)", "reason": "\(reason)", "what": "\(what.joined(separator: "; "))",
            "at_next_start": "\(later.sorted().joined(separator: ", "))",
        ])
        return try Self.paper(
            ["town": id.code, "dry_run": false, "version": made.version, "what": what, "at_next_start": later.sorted()],
            tag: Held(document: made, paper: paper).tag)
    }

    private func held(_ id: TownID) throws(Problem) -> Held {
        guard let reader = configuration.townReader else { throw Problem(.notFound, "このハブは、町の設定をここでは扱いません (this hub keeps no towns' settings)") }
        guard let document = hub.book[id] ?? reader.seed(of: id).map({ TownDocument(octets: $0) }), let paper = TownPaper(document.octets, configuration.channels)
        else { throw Problem(.notFound, "市町村\(id)の設定がありません (no settings of town \(id))") }
        return Held(document: document, paper: paper)
    }

    /// What of it a running hub does not have yet.
    private func waiting(_ id: TownID, _ paper: TownPaper) -> Set<String> {
        guard let start = configuration.townReader?.started(with: id).flatMap({ TownPaper($0, configuration.channels) }) else { return [] }
        return paper.changed(from: start).subtracting(TownPaper.living)
    }

    private func match(_ request: Request, _ held: Held) throws(Problem) {
        guard let seen = EntityTags(request.headers[.ifMatch]) else {
            throw Problem(.preconditionRequired, "見ていた設定の番号（ETag）を If-Match で付けてください (If-Match is missing: the ETag of what you saw)")
        }
        guard !seen.contains(held.tag) else { return }
        let last = held.document.changes.last.map { "\($0.by)さんが\(JapanTime.text($0.at, milliseconds: false))に変えています。" } ?? ""
        throw Problem(.conflict, "見ていたあとで設定が変わりました。\(last)読み直してから、もう一度 (changed since you saw it: read it again)")
    }

    /// What a desk does not change, and what nobody changes just now.
    private func allow(_ paper: TownPaper, _ old: TownPaper, _ id: TownID, _ person: Operator) throws(Problem) {
        guard paper.code == id.code else { throw Problem(.unprocessableContent, "code は \(id) のままです (code stays)", errors: [.init(field: "code", detail: id.code)]) }
        if !person.isOwner {
            if let key = paper.changed(from: old).intersection(TownPaper.keepers).min() {
                throw Problem(.forbidden, "\(key) は、ハブのあるマシンの鍵（--data）でだけ変えられます。一人で承認をやめられないためです (\(key): with this machine's own key alone)")
            }
            if let end = paper.changedPrograms(from: old).min() {
                throw Problem(.forbidden, "\(end) は、ハブのあるマシンでプログラムを動かします。そのマシンの鍵（--data）でだけ変えられます (runs a program: with this machine's own key alone)")
            }
        }
        if let district = paper.lostDistricts(from: old).intersection(hub.districtsUnderOrders(of: id)).min() {
            throw Problem(.conflict, "「\(district)」には避難情報が出ています。解除してから外してください (an order stands for this district: lift it first)")
        }
    }

    private func read(_ paper: TownPaper, of id: TownID) async throws(Problem) -> Town {
        guard let reader = configuration.townReader else { throw Problem(.notFound) }
        let octets = paper.octets
        switch await hub.quiet.run({ Result { () throws(TownRefused) in try reader.read(octets, of: id) } }) {
        case .success(let town): return town
        case .failure(let refused):
            throw Problem(
                .unprocessableContent, refused.reason,
                errors: refused.reason.split(separator: "\n").map { .init(field: "document", detail: String($0)) })
        }
    }

    private static func shape(_ change: TownDocument.Change) -> [String: Any] {
        [
            "version": change.version, "at": JapanTime.text(change.at, milliseconds: false), "by": change.by, "reason": change.reason, "what": change.what,
            "digest": change.digest,
        ]
    }

    private static func paper(_ object: [String: Any], tag: String) throws -> Response {
        let octets = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store", .eTag: tag], body: .init(byteBuffer: ByteBuffer(bytes: octets)))
    }
}
