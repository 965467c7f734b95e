internal import ChannelKit
internal import AlertModel
package import CAPFeed
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Memories
internal import Serving
internal import Web

/// Who speaks to other systems, and with which key.
package struct HubVoice: Sendable {
    /// CAP sender: a name on the internet that is the hub's.
    package var sender: String
    package var signer: CAPSigner?

    package init(sender: String, signer: CAPSigner?) {
        self.sender = sender
        self.signer = signer
    }

    func issuer(for town: Town, web: String) throws(CAPWriterError) -> CAPIssuer {
        try CAPIssuer(sender: sender, senderName: town.name, web: web.hasPrefix("http") ? web : nil)
    }
}

/// The towns of this hub, and what they say for others to build on: CAP 1.2, Atom and GeoJSON, open to all.
extension HubRouter {
    private struct TownsShape: Encodable {
        struct Channel: Encodable { var name, title, role: String }
        var towns: [TownShape]
        /// Every way out of this hub, whether a town uses it or not.
        var channels: [Channel]
    }

    private struct TownShape: Encodable {
        struct House: Encodable {
            var id, name: String
            /// By hazard, as the register has it.
            var fitness: [String: String]?
        }
        struct End: Encodable {
            var id, channel, role, name: String
            var district, shelter: String?
            var actual, exercise: Bool
        }
        /// In whose name whoever asks works here just now, and until when, for real and in a drill.
        struct Behalf: Encodable {
            var pact: String
            var by: String
            var until: [String: String]
        }
        var code, name, roman_name: String
        var districts: [String]
        var shelters: [House]
        var endpoints: [End]
        var on_behalf: Behalf?

        init(_ town: Town, _ channels: [ChannelManifest], _ behalf: Behalf?) {
            on_behalf = behalf
            code = town.id.code
            name = town.name
            roman_name = town.romanName
            districts = town.districts
            shelters = town.shelters.map { House(id: $0.id, name: $0.name, fitness: $0.fitnessWords) }
            endpoints = town.endpoints.map { end in
                End(
                    id: end.id, channel: end.channel, role: channels.first { $0.name == end.channel }?.role.rawValue ?? "", name: end.name, district: end.district, shelter: end.shelter,
                    actual: end.actual != nil, exercise: end.exercise != nil)
            }
        }
    }

    func addTowns(to router: Router<Context>, _ desk: DeskRoutes) {
        desk.get("/v1/towns") { request, context in
            let person = context.person
            return try Answer.json(TownsShape(
                towns: hub.allTowns.filter { person.may($0.id) }.map { TownShape($0, configuration.channels, behalf(in: $0.id, of: person)) },
                channels: configuration.channels.map { .init(name: $0.name, title: $0.title, role: $0.role.rawValue) }))
        }
        for (name, mode) in [("alerts", ModeName.actual), ("drill", .exercise)] {
            router.get(RouterPath("/v1/towns/{code}/\(name).atom")) { _, context in
                let town = try anyTown(context)
                guard let voice = configuration.voice else { throw Problem(.notFound, "このハブはCAPを公開していません (this hub publishes no CAP)") }
                let octets = try await feeds.value("\(town.id.code).\(name).atom") { try await Self.inLane(documents) { try await feed(of: town, mode, voice) } }
                return Self.document(octets, "application/atom+xml; charset=utf-8")
            }
        }
        for (name, mode) in [("standing", ModeName.actual), ("drill", .exercise)] {
            router.get(RouterPath("/v1/towns/{code}/\(name).geojson")) { request, context in
                let town = try anyTown(context)
                let octets = try await feeds.value("\(town.id.code).\(name).geojson") { try await Self.inLane(documents) { try await map(of: town, mode) } }
                let tag = StandingMap.tag(octets)
                // Kept by whoever likes, and asked for each time: what is over is not to be shown from a cache. Open data, for pages of others too.
                let headers: HTTPFields = [.contentType: "application/geo+json", .eTag: tag, .cacheControl: "public, no-cache", .accessControlAllowOrigin: "*"]
                if EntityTags(request.headers[.ifNoneMatch])?.contains(tag) == true { return Response(status: .notModified, headers: headers) }
                return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: octets)))
            }
        }
    }

    private func behalf(in town: TownID, of person: Operator) -> TownShape.Behalf? {
        guard let all = person.helping[town], let helper = all.first else { return nil }
        let now = hub.clock(), pacts = all.compactMap { hub.pacts[$0.pact] }
        // Of several agreements the one that lasts longest.
        let open = ModeName.allCases.compactMap { mode in pacts.compactMap { $0.open(mode, now)?.until }.max().map { (mode.rawValue, JapanTime.text($0)) } }
        // Each of the two modes once: their names differ.
        return .init(pact: helper.pact, by: helper.name, until: Dictionary(uniqueKeysWithValues: open))
    }

    private func anyTown(_ context: Context) throws -> Town {
        let code = try context.parameters.require("code")
        guard let id = TownID(code), let town = hub.town(id) else { throw Problem(.notFound, "市町村\(code)はここにありません (no town \(code))") }
        return town
    }

    /// Of each event the last word, which tells its whole state; what is lifted, taken back or over is not there.
    private func entries(of town: Town, _ mode: ModeName) async throws -> [AlertFeed.Entry] {
        let standing = try await hub.alerts(hub.lastWords(in: town.id, mode), of: town.id)
        do throws(CAPWriterError) {
            var entries: [AlertFeed.Entry] = []
            for alert in standing where alert.mode == mode {
                let title = try texts(alert, town).first { $0.language == .japanese }?.headline
                entries.append(AlertFeed.Entry(content: alert.content, mode: alert.mode, headline: title))
            }
            return entries
        } catch {
            throw Problem(.internalServerError, error.description)
        }
    }

    private func map(of town: Town, _ mode: ModeName) async throws -> [UInt8] {
        let table = hub.standing(of: town.id, mode)
        let orders = table.orders(in: town.districts).compactMap { row -> StandingMap.Order? in
            guard case .evacuation(let hazard, let district) = row.subject, let level = row.state.level else { return nil }
            return .init(district: district, hazard: hazard, level: level, since: row.since, until: row.until)
        }
        let houses = table.shelters.compactMap { row -> StandingMap.House? in
            guard case .shelter(let notice) = row.state else { return nil }
            return .init(id: notice.shelter, name: notice.name, state: notice.state.rawValue, note: notice.note, since: row.since)
        }
        return try StandingMap(town: town, mode: mode, alerts: try await entries(of: town, mode), orders: orders, houses: houses).octets()
    }

    /// Real alerts and drills are two feeds: a drill in a reader of real ones is read as real.
    private func feed(of town: Town, _ mode: ModeName, _ voice: HubVoice) async throws -> [UInt8] {
        let (now, entries) = (hub.clock(), try await entries(of: town, mode))
        let recent = try await hub.alerts(of: town.id, limit: 20)
        do throws(CAPWriterError) {
            return AlertFeed.atom(
                town: town, mode: mode, entries: entries, address: configuration.publicAddress,
                issuer: try voice.issuer(for: town, web: configuration.publicAddress), updated: lastChange(recent, mode, now))
        } catch {
            throw Problem(.internalServerError, error.description)
        }
    }

    /// When the list of what is in force last changed, the same at every asking: something was said, or ran out.
    private func lastChange(_ alerts: [SaidAlert], _ mode: ModeName, _ now: Date) -> Date {
        alerts.filter { $0.mode == mode }
            .map { $0.content.expires <= now ? max($0.accepted, $0.content.expires) : $0.accepted }
            .max() ?? Date(timeIntervalSince1970: 0)
    }

    /// `GET /v1/alerts/{id}.cap`: one alert as signed CAP 1.2, in the first town of this hub that has it.
    ///
    /// A drill's is for people of the town: whoever finds it by its address reads it as real.
    func capDocument(_ written: String, _ asker: Result<Operator, Problem>) async throws -> Response {
        try await Self.inLane(documents) { try await capDocument(of: written, asker) }
    }

    private func capDocument(of written: String, _ asker: Result<Operator, Problem>) async throws -> Response {
        guard let voice = configuration.voice else { throw Problem(.notFound, "このハブはCAPを公開していません (this hub publishes no CAP)") }
        let id = AlertID(written.removingPercentEncoding ?? written)
        for town in hub.allTowns {
            guard let alert = try await hub.alert(id, concerning: town.id) else { continue }
            if alert.mode != .actual, try !asker.get().may(town.id) { continue }
            let references = try await references(of: alert, in: town, voice)
            do throws(CAPWriterError) {
                let octets = try CAPWriter.document(
                    for: alert.content, mode: alert.mode, texts: try texts(alert, town), town: town,
                    issuer: try voice.issuer(for: town, web: configuration.publicAddress + AlertPage.path(of: id)), references: references,
                    signer: voice.signer)
                return Self.document(octets, "application/cap+xml; charset=utf-8")
            } catch {
                throw Problem(.internalServerError, error.description)
            }
        }
        throw Problem(.notFound, "番号\(id)の情報はありません (no alert \(id))")
    }

    /// The same words as on the portal, in every language of it.
    func texts(_ alert: SaidAlert, _ town: Town) throws(CAPWriterError) -> [CAPText] {
        let words = hub.words(of: alert, on: configuration.channels.first(.page)?.name ?? "", in: town)
        var made: [CAPText] = []
        for (language, text) in words.sorted(by: { $0.key < $1.key }) {
            let screen = ScreenLanguages.inUse.words(language)
            let isOurs = [.japanese, .easyJapanese, .english].contains(language)
            made.append(CAPText(
                language: language, event: isOurs ? language == .japanese ? alert.content.title : nil : screen.kind(alert.content.kind),
                headline: text.title, description: text.body, instruction: nil, drillMark: screen[.drillTitle]))
        }
        return made
    }

    /// An update or a cancel points to what was said of the event before.
    private func references(of alert: SaidAlert, in town: Town, _ voice: HubVoice) async throws -> [CAPReference] {
        try await hub.alerts(of: town.id, event: alert.content.event, limit: 100)
            .filter { $0.accepted <= alert.accepted && $0.content.id != alert.content.id && $0.mode == alert.mode }
            .map { CAPReference(sender: voice.sender, id: $0.content.id, sent: $0.content.sent) }
    }

    private static func document(_ octets: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-cache"],
            body: .init(byteBuffer: ByteBuffer(bytes: octets)))
    }
}
