internal import AlertModel
internal import Dispatching
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Ingest

/// A town's shelters: the register with what is open, and lists that are handed in.
extension HubRouter {
    /// A prefecture's list of GSI has some 3 MB.
    private static let listLimit = 8 << 20
    private static let remarkLimit = 2_000

    private struct Report: Encodable {
        struct Remark: Encodable {
            var line: Int
            var kind, text: String
        }
        var town, layout, encoding: String
        var dry_run: Bool
        var added, changed, removed, kept_open, of_settings: [String]
        var unchanged, elsewhere, refused_rows, remarks_left_out: Int
        var remarks: [Remark]

        init(_ report: ShelterImport, _ town: TownID) {
            self.town = town.code
            layout = report.list.layout.rawValue
            encoding = report.list.encoding.rawValue
            dry_run = report.isDryRun
            added = report.added
            changed = report.changed
            removed = report.removed
            kept_open = report.keptOpen
            of_settings = report.ofSettings
            unchanged = report.unchanged
            elsewhere = report.elsewhere
            refused_rows = report.list.refusedRows
            remarks_left_out = max(0, report.list.remarks.count - HubRouter.remarkLimit)
            // What was refused first: a list of thousand mended capacities must not hide it.
            let sorted = report.list.remarks.filter { $0.kind == .refused } + report.list.remarks.filter { $0.kind == .mended }
            remarks = sorted.prefix(HubRouter.remarkLimit).sorted { $0.line < $1.line }
                .map { Remark(line: $0.line, kind: $0.kind.rawValue, text: $0.text) }
        }
    }

    private struct Row: Encodable {
        var id, name: String
        var address, state, exercise_state: String?
        var latitude, longitude: Double?
        var capacity: Int?
    }

    func addShelters(to router: Router<Context>) {
        router.get("/v1/towns/{code}/shelters") { request, context in
            let town = try town(try context.parameters.require("code"), for: try operatorOf(request))
            let drill = Dictionary(
                hub.exercise.shelters.statuses(of: town).map { ($0.shelter.id, $0.state) }, uniquingKeysWith: { $1 })
            return try Answer.json(["shelters": hub.actual.shelters.statuses(of: town).map { status in
                let shelter = status.shelter
                return Row(
                    id: shelter.id, name: shelter.name, address: shelter.address, state: status.state?.rawValue,
                    exercise_state: drill[shelter.id]??.rawValue, latitude: shelter.place?.latitude,
                    longitude: shelter.place?.longitude, capacity: shelter.capacity)
            }])
        }
        router.post("/v1/towns/{code}/shelters/import") { request, context in
            let person = try operatorOf(request)
            let town = try town(try context.parameters.require("code"), for: person)
            let octets = try await Self.body(request, upTo: Self.listLimit)
            let given = request.uri.queryParameters
            if given["dry_run"] != "true" { try Self.authorise(person, .actual) }
            let report: ShelterImport
            do throws(DeskFailure) {
                report = try await hub.importShelters(
                    octets, fileName: given["name"].map(String.init) ?? "", into: town.id,
                    isDryRun: given["dry_run"] == "true", by: person)
            } catch {
                throw problem(error)
            }
            return try Answer.json(Report(report, town.id))
        }
    }
}
