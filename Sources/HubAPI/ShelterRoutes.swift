internal import AlertModel
internal import Codes
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Ingest
internal import Serving

/// A town's shelters: the register with what is open, and lists that are handed in.
extension HubRouter {
    /// A prefecture's list of GSI has some 3 MB.
    private static let listLimit = 8 << 20

    private struct Row: Encodable {
        var id, name: String
        var lists: [String]
        var kana, roman_name, address, district, phone, note, state, exercise_state: String?
        var latitude, longitude: Double?
        var capacity: Int?
        var kinds: [String]?
        /// By hazard: `fit`, `conditional`, `unfit`. What is not there is unknown.
        var fitness: [String: String]?

        init(_ status: ShelterStatus, drill: ShelterNotice.State?, lists: [String]) {
            let shelter = status.shelter
            (id, name, kana, roman_name) = (shelter.id, shelter.name, shelter.kana, shelter.romanName)
            (address, district, phone, note) = (shelter.address, shelter.district, shelter.phone, shelter.note)
            (state, exercise_state) = (status.state?.rawValue, drill?.rawValue)
            (latitude, longitude, capacity) = (shelter.place?.latitude, shelter.place?.longitude, shelter.capacity)
            self.lists = lists
            kinds = shelter.kinds?.map(\.rawValue)
            fitness = shelter.fitnessWords
        }
    }

    private struct Removal: Encodable {
        var town, list: String
        var dry_run: Bool
        var removed, kept_open: [String]
    }

    func addShelters(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/shelters") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            let drill = Dictionary(
                hub.shelterStatuses(of: town, .exercise).map { ($0.shelter.id, $0.state) }, uniquingKeysWith: { $1 })
            let lists = hub.shelterLists(of: town.id)
            let rows = hub.shelterStatuses(of: town, .actual).map { status in
                Row(status, drill: drill[status.shelter.id] ?? nil, lists: lists.filter { $0.ids.contains(status.shelter.id) }.map(\.name))
            }
            return try Answer.json(["shelters": rows])
        }
        desk.post("/v1/towns/{code}/shelters/import") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let order = Self.order(request)
            let octets = try await Body.octets(request, upTo: Self.listLimit)
            if !order.isDryRun { try Self.authorise(person, .actual, in: town.id) }
            let report: ShelterImport
            do throws(DeskFailure) {
                report = try await hub.importShelters(octets, into: town.id, order, by: person)
            } catch {
                throw problem(error)
            }
            return try Answer.json(ShelterImportShape(report, town.id, hub.codes))
        }
        desk.delete("/v1/towns/{code}/shelters/lists/{list}") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let written = try context.parameters.require("list")
            let list = written.removingPercentEncoding ?? written
            let isDryRun = request.uri.queryParameters["dry_run"] == "true"
            if !isDryRun { try Self.authorise(person, .actual, in: town.id) }
            let gone: (removed: [String], keptOpen: [String])
            do throws(DeskFailure) {
                gone = try await hub.removeShelters(list: list, of: town.id, isDryRun: isDryRun, by: person)
            } catch {
                throw problem(error)
            }
            return try Answer.json(Removal(
                town: town.id.code, list: list, dry_run: isDryRun, removed: gone.removed, kept_open: gone.keptOpen))
        }
    }

    /// The front door has let through what stands in the table of queries, and booleans that are booleans.
    private static func order(_ request: Request) -> ShelterImportOrder {
        var order = ShelterImportOrder()
        order.isDryRun = false
        for (name, value) in request.uri.queryParameters {
            switch name {
            case "name": order.fileName = String(value)
            case "list": order.list = String(value)
            case "map": order.map.append(String(value))
            case "dry_run": order.isDryRun = value == "true"
            case "replace": order.mayReplace = value == "true"
            default: break
            }
        }
        return order
    }
}
