/// Shelters a town hands over as a list, beside those of the settings.
///
///     list ──▶ ShelterListReader ──▶ plan (added, changed, gone, mended, refused) ──▶ the register of the town
///                                     └─ a dry run ends here
///
/// A list changes what the hub knows and tells nobody: whether a shelter is open is said by an operator's alert alone.
/// A new list takes the place of the earlier one of its layout (GSI has two of each town), except what is open now.
/// Shelters of the settings stay, and a list does not change them.
package import AlertModel
package import ChannelKit
internal import Dispatching
internal import FoundationEssentials
package import Ingest
internal import Ledger
internal import Logging
internal import Synchronization

package struct ShelterImport: Sendable {
    package var list: ShelterList
    package var isDryRun: Bool
    package var added: [String] = []
    package var changed: [String] = []
    package var removed: [String] = []
    /// In no list any more, and open: they stay until they are closed.
    package var keptOpen: [String] = []
    /// In the settings too: those of the settings count.
    package var ofSettings: [String] = []
    package var unchanged = 0
    /// Rows of another municipality.
    package var elsewhere = 0
}

/// What was imported, by town; what the settings said is the rest.
final class ShelterRegister: Sendable {
    /// 横浜市 has some 460, 大阪市's two lists 2,400 rows.
    static let bound = 5_000
    private static let prefix = "shelters/"

    private let notebook: any Notebook
    private let ofSettings: Mutex<[TownID: [AlertModel.Shelter]]>

    init(notebook: any Notebook, towns: [Town]) {
        self.notebook = notebook
        ofSettings = Mutex(Self.bySettings(towns))
    }

    private static func bySettings(_ towns: [Town]) -> [TownID: [AlertModel.Shelter]] {
        Dictionary(towns.map { ($0.id, $0.shelters) }, uniquingKeysWith: { $1 })
    }

    /// Towns as the settings have them, with what was imported.
    func complete(_ towns: [Town]) -> [Town] {
        ofSettings.withLock { $0 = Self.bySettings(towns) }
        return towns.map(with)
    }

    func settings(of town: TownID) -> [AlertModel.Shelter] { ofSettings.withLock { $0[town] ?? [] } }

    func imported(_ town: TownID, _ layout: ShelterList.Layout) -> [AlertModel.Shelter] {
        read(Self.key(town) + layout.rawValue)
    }

    /// The town with what it knows from now on; on disk once the ledger is flushed.
    func keep(_ shelters: [AlertModel.Shelter], _ layout: ShelterList.Layout, of town: Town) throws -> Town {
        notebook.write(Self.key(town.id) + layout.rawValue, Array(try JSONEncoder().encode(shelters)))
        return with(town)
    }

    private static func key(_ town: TownID) -> String { "\(prefix)\(town.code)/" }

    private func read(_ key: String) -> [AlertModel.Shelter] {
        guard let octets = notebook.read(key) else { return [] }
        return (try? JSONDecoder().decode([AlertModel.Shelter].self, from: Data(octets))) ?? []
    }

    private func with(_ town: Town) -> Town {
        var known: Set<String> = []
        var town = town
        let all = settings(of: town.id) + notebook.keys(prefix: Self.key(town.id)).flatMap(read)
        town.shelters = all.filter { known.insert($0.id).inserted }
        return town
    }
}

extension Hub {
    /// Reads a list for one town and, unless it is a dry run, makes it the town's. Publishes nothing.
    ///
    /// - Parameter fileName: GSI's files have the municipality's code nowhere else.
    package func importShelters(
        _ octets: [UInt8], fileName: String, into town: TownID, isDryRun: Bool, by person: Operator
    ) async throws(DeskFailure) -> ShelterImport {
        guard let known = towns[town] else { throw .notFound("this hub does not serve town \(town)") }
        let list: ShelterList
        do throws(Refusal) {
            list = try ShelterListReader.read(octets, fileName: fileName, town: town, tables: codes)
        } catch {
            throw .invalid([.init(field: "", detail: error.reason)])
        }
        var report = ShelterImport(list: list, isDryRun: isDryRun)
        let own = list.shelters.filter { $0.town == town }
        report.elsewhere = list.shelters.count - own.count
        guard !own.isEmpty else {
            throw .invalid([.init(field: "", detail: "no row of it is a shelter in \(known.name): \(report.elsewhere) lie elsewhere, \(list.refusedRows) are refused")])
        }
        guard own.count <= ShelterRegister.bound else {
            throw .invalid([.init(field: "", detail: "\(own.count) shelters; at most \(ShelterRegister.bound) are kept")])
        }
        let next = plan(own.map(AlertModel.Shelter.init), known, &report)
        guard !isDryRun else { return report }
        do {
            towns.replace(try shelters.keep(next, list.layout, of: known))
            try await ledger.flush().committed()
        } catch {
            throw .unrecorded("\(error)")
        }
        logger.notice("shelters imported", metadata: [
            "town": "\(town)", "by": "\(person.name)", "added": "\(report.added.count)", "changed": "\(report.changed.count)",
            "removed": "\(report.removed.count)", "refused": "\(list.refusedRows)",
        ])
        return report
    }

    /// What the register is to hold, and how that differs from what it holds.
    private func plan(
        _ listed: [AlertModel.Shelter], _ town: Town, _ report: inout ShelterImport
    ) -> [AlertModel.Shelter] {
        let ofSettings = Set(shelters.settings(of: town.id).map(\.id))
        let before = Dictionary(shelters.imported(town.id, report.list.layout).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var next: [AlertModel.Shelter] = []
        for shelter in listed {
            guard !ofSettings.contains(shelter.id) else {
                report.ofSettings.append(shelter.id)
                continue
            }
            switch before[shelter.id] {
            case nil: report.added.append(shelter.id)
            case shelter: report.unchanged += 1
            default: report.changed.append(shelter.id)
            }
            next.append(shelter)
        }
        let listedIDs = Set(listed.map(\.id))
        let open = Set((actual.shelters.statuses(of: town) + exercise.shelters.statuses(of: town))
            .filter { $0.state == .open || $0.state == .full }.map(\.shelter.id))
        for (id, shelter) in before.sorted(by: { $0.key < $1.key }) where !listedIDs.contains(id) {
            if open.contains(id) {
                report.keptOpen.append(id)
                next.append(shelter)
            } else {
                report.removed.append(id)
            }
        }
        return next
    }
}

extension AlertModel.Shelter {
    fileprivate init(_ listed: Ingest.Shelter) {
        self.init(
            id: listed.id, name: listed.name, address: listed.address,
            place: listed.latitude.flatMap { latitude in
                listed.longitude.map { Coordinate(latitude: latitude, longitude: $0) }
            },
            capacity: listed.capacity?.people)
    }
}
