/// Papers that people carry: written here, brought here, and the word that they have arrived.
///
/// What is brought is kept and shown. It is told to nobody: a person who has read it sends what is to be sent.
internal import AlertModel
internal import Bundles
internal import ChannelKit
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Web
internal import Serving

extension HubRouter {
    private static let paperType = "application/octet-stream"

    private struct Wish: Decodable {
        var mode: ModeName?
        var hours: Int?
    }

    private struct District: Encodable {
        var district, hazard, level_name, since: String
        var level: Int
        var until: String?
    }

    private struct Shelter: Encodable { var name, state, since: String }

    private struct Said: Encodable {
        var id, kind, title, body, sent, expires: String
        var is_over: Bool
    }

    private struct Brought: Encodable {
        /// SHA-256 of the paper.
        var id, town, town_name, mode, place, signer, key, made, expires: String
        var number: Int
        var is_over: Bool
        var brought_at, brought_by: String?
        var districts: [District]
        var shelters: [Shelter]
        var headquarters: String?
        var alerts: [Said]
        var left_out: Int

        init(_ paper: SignedPaper, _ bundle: TownBundle, held: Carrying.Held?, now: Date) {
            func text(_ seconds: Int) -> String { JapanTime.text(Seconds.date(seconds), milliseconds: false) }
            (id, town, town_name, mode, place) = (paper.digest, bundle.town, bundle.town_name, bundle.mode.rawValue, bundle.place)
            (signer, key, number) = (paper.signer.fingerprint, paper.signer.text, bundle.number)
            (made, expires, is_over) = (text(bundle.made), text(bundle.expires), bundle.isOver(at: now))
            (brought_at, brought_by) = (held.map { JapanTime.text($0.brought, milliseconds: false) }, held?.by)
            districts = bundle.districts.map {
                District(
                    district: $0.district, hazard: $0.hazard, level_name: EvacuationOrder.Level(rawValue: $0.level)?.name ?? "", since: text($0.since),
                    level: $0.level, until: $0.until.map(text))
            }
            shelters = bundle.shelters.map { Shelter(name: $0.name, state: $0.state, since: text($0.since)) }
            headquarters = bundle.headquarters
            alerts = bundle.said.map {
                Said(
                    id: $0.id, kind: $0.kind, title: $0.title, body: $0.body, sent: text($0.sent), expires: text($0.expires), is_over: Seconds.of(now) >= $0.expires)
            }
            left_out = bundle.left_out
        }
    }

    private struct Sent: Encodable {
        struct Arrival: Encodable {
            var signer, place, received, recorded_at, recorded_by: String
            var known: Bool
        }
        var id, town, mode, made: String
        var number: Int
        var receipts: [Arrival]
    }

    private struct Shelf: Encodable {
        var brought: [Brought]
        var sent: [Sent]
        /// This hub's own.
        var key, signer: String
    }

    private struct Taken: Encodable {
        var duplicate, dry_run: Bool
        var bundle: Brought
        /// The paper to be carried back.
        var receipt: String?
    }

    private struct Arrived: Encodable {
        var duplicate: Bool
        var town, mode, signer, place, received: String
        var number: Int
    }

    func addPapers(to desk: DeskRoutes) {
        desk.post("/v1/towns/{code}/bundle") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let wish = try await Body.decode(Wish.self, request)
            let hours = wish.hours ?? 24
            guard Hub.paperHours.contains(hours) else { throw Problem(.unprocessableContent, "期限（hours）は1〜72時間です (hours: 1 to 72)", errors: [.init(field: "hours", detail: "1〜72")]) }
            let paper = try await hub.carry(
                town, wish.mode ?? .actual, hours: hours, place: configuration.publicAddress, page: configuration.channels.first { $0.role == .page }?.name)
            try await hub.onDisk()
            return Self.answer(paper.octets)
        }
        desk.get("/v1/bundles") { request, context in
            let person = context.person
            let wanted = try request.uri.queryParameters["town"].map { written throws(Problem) in
                guard let id = TownID(String(written)) else { throw Problem(.badRequest, "「\(written)」は市町村コードではありません (town: no local government code)") }
                if hub.town(id) != nil, !person.may(id) { throw Problem(.forbidden, "市町村\(id)の仕事をする権限がありません (this operator does not work for town \(id))") }
                return id
            }
            return try Answer.json(shelf(wanted, for: person))
        }
        desk.get("/v1/bundles/{id}") { request, context in
            let person = context.person, id = try context.parameters.require("id")
            guard let found = hub.brought(for: person).first(where: { $0.paper.digest == id }) else {
                throw Problem(.notFound, "番号\(id.prefix(64))の伝書はありません (no such paper was brought)")
            }
            return Self.answer(found.paper.octets)
        }
        desk.post("/v1/bundles") { request, context in
            let person = context.person
            let octets = try await paper(request), isTrial = request.uri.queryParameters["dry_run"] == "true"
            let brought: BroughtPaper
            do throws(PaperFailure) {
                brought = try hub.bring(
                    octets, by: person, trusting: request.uri.queryParameters["trust"].map(String.init), isTrial: isTrial, place: configuration.publicAddress)
            } catch {
                throw Self.problem(error)
            }
            if !isTrial { try await hub.onDisk() }
            return try taken(brought, isTrial: isTrial)
        }
        desk.post("/v1/bundle-receipts") { request, context in
            let person = context.person
            let octets = try await paper(request)
            let (receipt, paper, isNew): (BundleReceipt, SignedPaper, Bool)
            do throws(PaperFailure) { (receipt, paper, isNew) = try hub.bringReceipt(octets, by: person) } catch { throw Self.problem(error) }
            try await hub.onDisk()
            return try Answer.json(
                Arrived(
                    duplicate: !isNew, town: receipt.town, mode: receipt.mode.rawValue, signer: paper.signer.fingerprint, place: receipt.place,
                    received: JapanTime.text(Seconds.date(receipt.received), milliseconds: false), number: receipt.number),
                status: isNew ? .created : .ok)
        }
    }

    private func paper(_ request: Request) async throws -> [UInt8] {
        guard request.headers[.contentType].flatMap({ MediaType($0) })?.essence == Self.paperType else {
            throw Problem(.unsupportedMediaType, "伝書は \(Self.paperType) で送ってください (Content-Type: \(Self.paperType))")
        }
        return try await Body.octets(request, upTo: SignedPaper.limit)
    }

    private func taken(_ brought: BroughtPaper, isTrial: Bool) throws -> Response {
        let held = hub.papers.brought.first { $0.paper == brought.paper }?.held
        return try Answer.json(
            Taken(
                duplicate: brought.isKnown, dry_run: isTrial, bundle: Brought(brought.paper, brought.bundle, held: held, now: hub.clock()),
                receipt: brought.receipt.map { String(decoding: $0.octets, as: UTF8.self) }),
            status: brought.isKnown || isTrial ? .ok : .created)
    }

    private func shelf(_ town: TownID?, for person: Operator) -> Shelf {
        let now = hub.clock()
        let brought = hub.brought(for: person).filter { town == nil || $0.bundle.town == town?.code }
        let towns = hub.allTowns.map(\.id).filter { person.may($0) && (town == nil || town == $0) }
        let sent = towns.flatMap { id in
            ModeName.allCases.flatMap { mode in
                hub.papers.sent(id, mode).map { one in
                    Sent(
                        id: one.digest, town: id.code, mode: mode.rawValue, made: JapanTime.text(Seconds.date(one.made), milliseconds: false), number: one.number,
                        receipts: one.arrivals.map {
                            .init(
                                signer: $0.signer, place: $0.place, received: JapanTime.text(Seconds.date($0.received), milliseconds: false),
                                recorded_at: JapanTime.text($0.recorded, milliseconds: false), recorded_by: $0.by, known: $0.isKnown)
                        })
                }
            }
        }
        let own = hub.papers.own.known
        return Shelf(
            brought: brought.map { Brought($0.paper, $0.bundle, held: $0.held, now: now) }, sent: sent.reversed(), key: own.text, signer: own.fingerprint)
    }

    private static func answer(_ octets: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: paperType, .cacheControl: "no-store"], body: .init(byteBuffer: ByteBuffer(bytes: octets)))
    }

    private static func problem(_ failure: PaperFailure) -> Problem {
        switch failure {
        case .forbidden: Problem(.forbidden, failure.words)
        case .flaw(.tooLong): Problem(.contentTooLarge, failure.words)
        default: Problem(.unprocessableContent, failure.words)
        }
    }
}
