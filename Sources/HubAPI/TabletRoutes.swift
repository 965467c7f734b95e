internal import AlertModel
internal import ChannelKit
internal import Foundation
internal import Desk
internal import Hub
internal import Hummingbird
internal import HTTPTypes
internal import Devices
internal import Streams
internal import Serving
internal import Tablets

/// What tablets tell ends up in the ledger, and the operator reads it there.
extension HubRouter {
    func addTablets(to router: Router<Context>, _ desk: DeskRoutes) {
        TabletDesk(devices: hub.devices, stream: hub.stream, book: RecordBook(hub: hub, channel: configuration.channels.first(.tablet)?.name ?? "", photos: configuration.photos), clock: hub.clock).add(to: router)
        PlaceDesk(devices: hub.devices, place: { place(of: $0) }).add(to: router)
        addReports(to: desk)
        addReportAnswers(to: desk)
        desk.post("/v1/reports/read") { request, context in
            struct Read: Decodable {
                var town: String?
                var ids: [String]
            }
            let person = context.person
            let read = try await Body.decode(Read.self, request)
            let town = try town(read.town, for: person)
            guard read.ids.count <= 500 else { throw Problem(.badRequest, "ids: 一度に500件までです (at most 500 at once)") }
            for id in read.ids where try await isKnown(id, in: town.id) {
                ReportReading(at: JapanTime.text(hub.clock()), by: person.name).keep(id, in: town.id, hub.notebook)
            }
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }
}

/// That a person of the town has had a shelter's report before their eyes: its tablet says 町が読みました only then.
struct ReportReading: Codable {
    var at, by: String

    private static func note(_ id: String, _ town: TownID) -> String { "report-read/\(town.code)/\(id)" }

    static func of(_ id: String, in town: TownID, _ notebook: any Notebook) -> ReportReading? {
        notebook.read(note(id, town)).flatMap { try? JSONDecoder().decode(Self.self, from: Data($0)) }
    }

    /// The first reader is kept.
    func keep(_ id: String, in town: TownID, _ notebook: any Notebook) {
        guard Self.of(id, in: town, notebook) == nil, let octets = try? JSONEncoder().encode(self) else { return }
        notebook.write(Self.note(id, town), [UInt8](octets))
    }
}

/// That a report was handed in at another place than its device's own.
struct ReportPlace: Codable {
    var at, site: String

    private static func note(_ id: String, _ town: TownID) -> String { "report-place/\(town.code)/\(id)" }

    static func of(_ id: String, in town: TownID, _ notebook: any Notebook) -> ReportPlace? {
        notebook.read(note(id, town)).flatMap { try? JSONDecoder().decode(Self.self, from: Data($0)) }
    }

    func keep(_ id: String, in town: TownID, _ notebook: any Notebook) {
        guard Self.of(id, in: town, notebook) == nil, let octets = try? JSONEncoder().encode(self) else { return }
        notebook.write(Self.note(id, town), [UInt8](octets))
    }
}

private struct RecordBook: TabletBook {
    let hub: Hub
    /// Over which tablets hear.
    let channel: String
    let photos: ReportPhotos?

    func take(_ receipts: [ToldReceipt], in town: TownID) async throws { try await hub.take(receipts, over: channel, in: town) }

    func take(_ report: ToldReport, saying said: ShelterReport, in town: TownID) async throws -> ReportState {
        var report = report
        if let photo = said.photo {
            report.body = ShelterReport.recorded(report.body, photo: photo, digest: await photos?.keep(photo.octets, of: town, now: report.received))
        }
        if let site = report.handedInAt { ReportPlace(at: JapanTime.text(hub.clock()), site: site).keep(report.id, in: town, hub.notebook) }
        let isNew = try await hub.take(report, in: town)
        // The same told twice is no news, a device that was set aside speaks for no shelter, and one that is at another place not for its own.
        if isNew, report.handedInAt == nil, let crowding = said.crowding, !hub.isSetAside(device: report.device, in: town) {
            await hub.publish(crowding, of: report.site, by: report.device, saidAt: report.occurred, in: town)
        }
        return .received
    }

    func word(onReport id: String, by device: Device) async throws -> ReportWord? {
        if let reading = ReportReading.of(id, in: device.town, hub.notebook) {
            var word = ReportWord(.read)
            word.read_at = reading.at
            word.answer = ReportAnswers.of(id, in: device.town, hub.notebook).last.map { .init(at: $0.at, text: $0.text) }
            return word
        }
        return try await hub.report(id, of: device.town) == nil ? nil : ReportWord(.received)
    }
}
