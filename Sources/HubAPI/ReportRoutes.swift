/// What shelters report, for the desk: page by page, and set aside where it is nobody's report.
///
/// A pupil's tablet in the wrong hands says a thousand things. Nothing of it is thrown away: a person sets the device aside, and
/// what it said, and says from then on, is not in the way of the others'.
internal import AlertModel
internal import ChannelKit
internal import Foundation
internal import Desk
internal import Devices
internal import Hub
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    private struct ReportShape: Encodable {
        var id, site, device, occurred_at, received_at, body: String
        var read_at, read_by: String?
        /// The site at whose edge it was handed in, where that is not its device's own.
        var handed_in_at: String?
        /// By whom it, or all of its device, was set aside.
        var aside_by, aside_at: String?
        /// What the desk answered, the latest last.
        var answers: [ReportAnswers.Item]?
    }

    private struct Page: Encodable {
        var reports: [ReportShape]
        /// Give it as `before` to read on; null when these were the last.
        var next: String?
    }

    /// How many pages are looked through for what was not set aside.
    private static let furthest = 20

    func addReports(to desk: DeskRoutes) {
        desk.get("/v1/reports") { request, context in
            let person = context.person
            let given = request.uri.queryParameters
            let town = try town(given["town"].map(String.init), for: person)
            let (site, device, before) = (given["site"].map(String.init), given["device"].map(String.init), given["before"].map(String.init))
            let limit = Int(try Self.number(given["limit"], "limit", 1...500) ?? 500)
            return try Answer.json(try await page(limit, of: town.id, site, device, before, isAside: given["aside"] == "true"))
        }
        desk.get("/v1/reports/photo") { request, context in
            let given = request.uri.queryParameters
            let town = try town(given["town"].map(String.init), for: context.person)
            guard let id = given["id"].map(String.init), let report = try await hub.report(id, of: town.id) else { throw Problem(.notFound, "この報告はありません (no such report)") }
            struct Said: Decodable {
                struct Photo: Decodable { var sha256: String? }
                var photo: Photo?
            }
            guard let digest = (try? JSONDecoder().decode(Said.self, from: Data(report.body.utf8)))?.photo?.sha256, let octets = await configuration.photos?.read(digest, of: town.id) else {
                throw Problem(.notFound, "写真はありません。写真は\(Int(ReportPhotos.kept / 86_400))日で消えます (no photograph: it leaves after \(Int(ReportPhotos.kept / 86_400)) days)")
            }
            return Response(
                status: .ok, headers: [.contentType: "image/jpeg", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"], body: .init(byteBuffer: ByteBuffer(bytes: octets)))
        }
        desk.post("/v1/reports/aside") { request, context in
            struct Wish: Decodable {
                var town: String?
                var ids: [String]?
                var device: String?
                /// False: back among the others.
                var aside: Bool?
            }
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let ids = wish.ids ?? []
            guard ids.count <= 500, !ids.isEmpty || wish.device != nil else {
                throw Problem(.unprocessableContent, "脇に置く報告（ids、500件まで）か端末（device）を書いてください (ids: at most 500, or device)")
            }
            if let device = wish.device, hub.devices.device(id: device, of: town.id) == nil { throw Problem(.notFound, "端末\(device)はありません (no such device)") }
            let isAside = wish.aside ?? true
            try await hub.setAside(ids, device: wish.device, in: town.id, isAside: isAside, by: person)
            hub.logger.notice("reports set aside", metadata: [
                "by": "\(person.name)", "town": "\(town.id)", "reports": "\(ids.count)", "device": "\(wish.device ?? "-")", "aside": "\(isAside)",
            ])
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }

    private func page(
        _ wanted: Int, of town: TownID, _ site: String?, _ device: String?, _ first: String?, isAside: Bool
    ) async throws -> Page {
        let aside = isAside || device != nil ? [] : hub.devicesSetAside(in: town)
        var shown: [ReportShape] = []
        var before = first
        // What was set aside is passed over in handfuls, however few are asked for.
        let limit = max(wanted, 100)
        var page = 0
        while page < Self.furthest {
            page += 1
            let rows = try await hub.reports(of: town, site: site, device: device, without: aside, before: before, limit: limit)
            for row in rows {
                let shape = shape(row, in: town)
                if isAside || shape.aside_at == nil || device != nil { shown.append(shape) }
                if shown.count == wanted { return Page(reports: shown, next: row.id == rows.last?.id && rows.count < limit ? nil : row.id) }
            }
            guard rows.count == limit, let last = rows.last else { return Page(reports: shown, next: nil) }
            before = last.id
        }
        return Page(reports: shown, next: before)
    }

    private func shape(_ report: ToldReport, in town: TownID) -> ReportShape {
        let reading = ReportReading.of(report.id, in: town, hub.notebook)
        let aside = hub.setAside(report: report.id, by: report.device, in: town)
        let answers = ReportAnswers.of(report.id, in: town, hub.notebook)
        return ReportShape(
            id: report.id, site: report.site, device: report.device, occurred_at: JapanTime.text(report.occurred),
            received_at: JapanTime.text(report.received), body: report.body, read_at: reading?.at, read_by: reading?.by,
            handed_in_at: ReportPlace.of(report.id, in: town, hub.notebook)?.site, aside_by: aside?.by,
            aside_at: aside?.at, answers: answers.isEmpty ? nil : answers)
    }

    func isKnown(_ report: String, in town: TownID) async throws -> Bool { try await hub.report(report, of: town) != nil }
}
