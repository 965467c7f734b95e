/// Shelters a town hands over as a list, beside those of the settings.
///
///     list ──▶ ShelterListReader ──▶ plan (added, changed, gone, mended, refused) ──▶ the register of the town
///                                     └─ a dry run ends here
///
/// A list changes what the hub knows and tells nobody: whether a shelter is open is said by an operator's alert alone.
///
/// A town has several lists beside each other (避難所, 津波避難ビル), each under its name. A new list takes the place of the
/// earlier one of its name, except what is open now; what would leave is shown before, and a list that would push most
/// of its predecessor out is refused unless a person says so. Who gives no name means the list that has these ids
/// already, else one named after the file. Shelters of the settings stay, and a list does not change them.
package import Desk
package import AlertModel
package import ChannelKit
package import Codes
internal import Dispatching
internal import FoundationEssentials
package import Ingest
internal import Ledger
internal import Logging
internal import Synchronization

/// How a list is to be taken.
package struct ShelterImportOrder: Sendable {
    package var fileName = ""
    /// Nil: found by the ids, or by the file's name.
    package var list: String?
    package var map: [String] = []
    package var isDryRun = true
    /// May push most of the list before it out.
    package var mayReplace = false
    package init() {}
}

package struct ShelterImport: Sendable {
    package var list: ShelterList
    package var isDryRun: Bool
    /// Of the list it is, or becomes.
    package var name = ""
    /// Other lists of the town, which stay.
    package var others: [String] = []
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
package final class ShelterRegister: Sendable {
    /// 横浜市 has some 460, 大阪市's two lists 2,400 rows.
    static let bound = 5_000
    private static let prefix = "shelters/"

    private let notebook: any Notebook
    private let ofSettings: Mutex<[TownID: [AlertModel.Shelter]]>

    package init(notebook: any Notebook, towns: [Town]) {
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

    /// One town as its document has it now, with what was imported.
    func replacing(_ town: Town) -> Town {
        ofSettings.withLock { $0[town.id] = town.shelters }
        return with(town)
    }

    func settings(of town: TownID) -> [AlertModel.Shelter] { ofSettings.withLock { $0[town] ?? [] } }

    /// Lists of a town by name.
    func lists(of town: TownID) -> [(name: String, shelters: [AlertModel.Shelter])] {
        notebook.keys(prefix: Self.key(town)).sorted().map { key in (String(key.dropFirst(Self.key(town).utf8.count)), read(key)) }
    }

    func imported(_ town: TownID, _ list: String) -> [AlertModel.Shelter] { read(Self.key(town) + list) }

    /// The town with what it knows from now on; on disk once the ledger is flushed. No shelters: the list is gone.
    @discardableResult
    package func keep(_ shelters: [AlertModel.Shelter], _ list: String, of town: Town) throws -> Town {
        notebook.write(Self.key(town.id) + list, shelters.isEmpty ? nil : Array(try JSONEncoder().encode(shelters)))
        return with(town)
    }

    private static func key(_ town: TownID) -> String { "\(prefix)\(town.code)/" }

    private func read(_ key: String) -> [AlertModel.Shelter] {
        guard let octets = notebook.read(key) else { return [] }
        return (try? JSONDecoder().decode([AlertModel.Shelter].self, from: Data(octets))) ?? []
    }

    private func with(_ town: Town) -> Town {
        var town = town
        let own = settings(of: town.id)
        let listed = lists(of: town.id).flatMap(\.shelters)
        town.shelters = Self.merged(own, listed)
        return town
    }

    /// One house, one entry: what the settings say stands, what they are silent about a list may add; two lists are joined.
    /// A house that a second list has under another id (GSI: 指定避難所 and 指定緊急避難場所) lends its fitness.
    static func merged(_ own: [AlertModel.Shelter], _ listed: [AlertModel.Shelter]) -> [AlertModel.Shelter] {
        let ofSettings = Set(own.map(\.id))
        var all = own, places = Dictionary(own.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for shelter in listed {
            if let place = places[shelter.id] {
                if !ofSettings.contains(shelter.id) {
                    all[place] = all[place].joined(with: shelter)
                } else if all[place].name == shelter.name {
                    all[place].fitness = all[place].fitness ?? shelter.fitness
                    all[place].place = all[place].place ?? shelter.place
                    all[place].district = all[place].district ?? shelter.district
                }
            } else {
                places[shelter.id] = all.count
                all.append(shelter)
            }
        }
        return moreCareful(all, sparing: ofSettings)
    }

    /// The same house under two ids is fit for what nobody says it is unfit for: 市民会館 of the settings, unfit for a tsunami, and
    /// 市民会館 of a list without ids that has a ○ there, at the same address or the same place.
    private static func moreCareful(_ all: [AlertModel.Shelter], sparing own: Set<String>) -> [AlertModel.Shelter] {
        let byName = Dictionary(grouping: all.filter { $0.fitness != nil }) { plain($0.name) }
        return all.map { shelter in
            let twins = (byName[plain(shelter.name)] ?? []).filter { $0.id != shelter.id && isSameHouse($0, shelter) }
            guard !twins.isEmpty else { return shelter }
            let others = twins.compactMap(\.fitness).reduce([:]) { $0.merging($1) { $0.moreCareful($1) } }
            var shelter = shelter
            guard let said = shelter.fitness else {
                shelter.fitness = others
                return shelter
            }
            // What the settings say stands.
            guard !own.contains(shelter.id) else { return shelter }
            shelter.fitness = said.reduce(into: said) { fitness, said in
                if let other = others[said.key] { fitness[said.key] = said.value.moreCareful(other) }
            }
            return shelter
        }
    }

    private static func plain(_ text: String) -> String { text.filter { !$0.isWhitespace } }

    /// At one address, as far as both say it (笹が陣4-2, 宮城県気仙沼市笹が陣４−２), or within 150 m.
    private static func isSameHouse(_ left: AlertModel.Shelter, _ right: AlertModel.Shelter) -> Bool {
        if let here = left.place, let there = right.place, here.distance(to: there) < 0.15 { return true }
        guard let mine = left.address.map(street), let theirs = right.address.map(street), !mine.isEmpty, !theirs.isEmpty else {
            // What has neither address nor place is known by its name alone.
            return (left.address == nil && left.place == nil) || (right.address == nil && right.place == nil)
        }
        return mine.hasSuffix(theirs) || theirs.hasSuffix(mine)
    }

    private static func street(_ address: String) -> String {
        String(address.compactMap { character -> Character? in
            switch character {
            case "０"..."９":
                character.wholeNumberValue.map { Character("\($0)") }
            case "－", "−", "ー", "―", "‐", "–", "ｰ", "の": "-"
            case _ where character.isWhitespace: nil
            default: character
            }
        }).replacing("丁目", with: "-").replacing("番地", with: "-").replacing("番", with: "-").replacing("号", with: "")
    }
}

extension Hub {
    /// Reads a list for one town and, unless it is a dry run, makes it the town's. Publishes nothing.
    package func importShelters(
        _ octets: [UInt8], into town: TownID, _ order: ShelterImportOrder, by person: Operator
    ) async throws(DeskFailure) -> ShelterImport {
        guard let known = towns[town] else { throw .notFound("\(town) はこの局の町ではありません (this hub does not serve town \(town))") }
        let (report, next) = try shelters.plan(octets, for: known, order, codes, open: openShelters(of: known))
        guard !order.isDryRun else { return report }
        try await settle(next, report.name, known)
        logger.notice("shelters imported", metadata: [
            "town": "\(town)", "list": "\(report.name)", "by": "\(person.name)", "added": "\(report.added.count)", "changed": "\(report.changed.count)",
            "removed": "\(report.removed.count)", "refused": "\(report.list.refusedRows)",
        ])
        let counts = [("新しい", report.added), ("直した", report.changed), ("外れた", report.removed)].filter { !$0.1.isEmpty }.map { "\($0)\($1.count)か所" }
        noteDown(
            .settings, "避難所の名簿「\(report.name)」を取り込んだ：" + (counts.isEmpty ? "前と同じ" : counts.joined(separator: "、")), about: "shelters", .actual, in: town, by: person.actor)
        return report
    }

    /// Takes a whole list out of the register. What is open stays until it is closed.
    package func removeShelters(
        list: String, of town: TownID, isDryRun: Bool, by person: Operator
    ) async throws(DeskFailure) -> (removed: [String], keptOpen: [String]) {
        guard let known = towns[town] else { throw .notFound("\(town) はこの局の町ではありません (this hub does not serve town \(town))") }
        let held = shelters.imported(town, list)
        guard !held.isEmpty else { throw .notFound("名簿「\(list)」はありません (no list of this name)") }
        let open = openShelters(of: known)
        let kept = held.filter { open.contains($0.id) }, removed = held.map(\.id).filter { !open.contains($0) }
        guard !isDryRun else { return (removed, kept.map(\.id)) }
        try await settle(kept, list, known)
        logger.notice("list of shelters removed", metadata: [
            "town": "\(town)", "list": "\(list)", "by": "\(person.name)", "removed": "\(removed.count)", "kept": "\(kept.count)",
        ])
        noteDown(
            .settings, "避難所の名簿「\(list)」をなくした：\(removed.count)か所" + (kept.isEmpty ? "" : "（開いている\(kept.count)か所は残した）"), about: "shelters", .actual, in: town,
            by: person.actor)
        return (removed, kept.map(\.id))
    }

    /// Lists of a town with how many shelters each has.
    package func shelterLists(of town: TownID) -> [(name: String, ids: [String])] {
        shelters.lists(of: town).map { ($0.name, $0.shelters.map(\.id)) }
    }

    private func settle(_ next: [AlertModel.Shelter], _ list: String, _ town: Town) async throws(DeskFailure) {
        do {
            towns.replace(try shelters.keep(next, list, of: town))
            try await ledger.flush().committed()
        } catch {
            throw .unkept("\(error)")
        }
    }

    private func openShelters(of town: Town) -> Set<String> {
        Set((actual.shelters.statuses(of: town) + exercise.shelters.statuses(of: town))
            .filter { $0.state == .open || $0.state == .full }.map(\.shelter.id))
    }
}

extension ShelterRegister {
    /// Reads a list for one town: what it would change, and what the list would hold then. Keeps nothing.
    ///
    /// - Parameter open: shelters that stay whatever the list says.
    package func plan(
        _ octets: [UInt8], for known: Town, _ order: ShelterImportOrder, _ codes: CodeTables, open: Set<String>
    ) throws(DeskFailure) -> (report: ShelterImport, next: [AlertModel.Shelter]) {
        let list = try read(octets, for: known, order, codes)
        let own = list.shelters
        guard !own.isEmpty else {
            let elsewhere = list.elsewhere.values.reduce(0, +)
            let reason = list.remarks.first { $0.kind == .refused }.map { "。\($0.line)行: \($0.text)" } ?? ""
            throw .invalid([.init(field: "", detail: "\(known.name)の施設が1行もありません: 他市町村\(elsewhere)、不採用\(list.refusedRows)\(reason) (no row of it is a shelter of this town)")])
        }
        guard own.count <= ShelterRegister.bound else {
            throw .invalid([.init(field: "", detail: "\(own.count)施設は多すぎます。\(ShelterRegister.bound)まで (too many shelters)")])
        }
        var report = ShelterImport(list: list, isDryRun: order.isDryRun)
        report.elsewhere = list.elsewhere.values.reduce(0, +)
        let listed = own.map(AlertModel.Shelter.init)
        try name(&report, order, listed, known.id)
        let next = plan(listed, known, open: open, &report)
        guard !order.isDryRun else { return (report, next) }
        let before = report.removed.count + report.changed.count + report.unchanged + report.keptOpen.count
        guard order.mayReplace || report.removed.count <= 5 || report.removed.count * 2 <= before else {
            throw .conflict(
                "名簿「\(report.name)」の\(before)施設のうち\(report.removed.count)施設が消えます。別の名簿なら list を、入れ替えるなら replace=true を付けてください "
                    + "(most of the list would be removed: name another list, or say replace=true)")
        }
        return (report, next)
    }

    private func read(_ octets: [UInt8], for town: Town, _ order: ShelterImportOrder, _ codes: CodeTables) throws(DeskFailure) -> ShelterList {
        do throws(Refusal) {
            var map: [ColumnMapping] = []
            for text in order.map { map.append(try ColumnMapping(text)) }
            let expected = ListTown(
                town.id, outline: town.outline.flatMap(\.self), places: settings(of: town.id).compactMap(\.place))
            return try ShelterListReader.read(
                octets, fileName: order.fileName, town: expected, name: order.list, map: map, tables: codes)
        } catch {
            throw .invalid([.init(field: "", detail: error.reason)])
        }
    }

    /// Which list it is.
    private func name(
        _ report: inout ShelterImport, _ order: ShelterImportOrder, _ listed: [AlertModel.Shelter], _ town: TownID
    ) throws(DeskFailure) {
        let held = lists(of: town)
        if let said = order.list {
            let name = ShelterRegister.trimmed(said)
            guard (1...60).contains(name.count), !name.contains("/"), name.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) else {
                throw .invalid([.init(field: "list", detail: "名簿の名前は60字まで、/ は使えません (a list's name: 1 to 60 characters, no /)")])
            }
            report.name = name
        } else {
            let ids = Set(listed.map(\.id))
            let own = ShelterRegister.name(ofFile: order.fileName, report.list.layout)
            // The very list under another file name: more than half of it is here again.
            let same = held.first { list in list.shelters.count { ids.contains($0.id) } * 2 > list.shelters.count }
            report.name = held.contains { $0.name == own } && same == nil ? own : same?.name ?? own
        }
        report.others = held.map(\.name).filter { $0 != report.name }
    }

    /// What the list is to hold, and how that differs from what it holds.
    private func plan(
        _ listed: [AlertModel.Shelter], _ town: Town, open: Set<String>, _ report: inout ShelterImport
    ) -> [AlertModel.Shelter] {
        let ofSettings = Set(settings(of: town.id).map(\.id))
        let before = Dictionary(imported(town.id, report.name).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let others = Dictionary(
            lists(of: town.id).filter { $0.name != report.name }.flatMap(\.shelters).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var next: [AlertModel.Shelter] = []
        for listed in listed {
            var shelter = listed
            // Two lists that number from 1: another house keeps an id of its own.
            if let other = others[shelter.id], other.name != shelter.name, other.address != shelter.address {
                shelter.id += "-" + Ingest.Shelter.fingerprint(shelter.name, shelter.address).suffix(8)
            }
            if ofSettings.contains(shelter.id) {
                // Kept for what it adds (fitness), though the settings' own words stand.
                report.ofSettings.append(shelter.id)
            } else {
                switch before[shelter.id] {
                case nil: report.added.append(shelter.id)
                case shelter: report.unchanged += 1
                default: report.changed.append(shelter.id)
                }
            }
            next.append(shelter)
        }
        let nextIDs = Set(next.map(\.id))
        for (id, shelter) in before.sorted(by: { $0.key < $1.key }) where !nextIDs.contains(id) && !ofSettings.contains(id) {
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

extension ShelterRegister {
    static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// `避難所一覧_20260401.csv` is 避難所一覧; GSI's files have the names of what they list, others without a name their layout's.
    static func name(ofFile file: String, _ layout: ShelterList.Layout) -> String {
        switch layout {
        case .gsiShelters: return "指定避難所"
        case .gsiSites: return "指定緊急避難場所"
        default: break
        }
        let stem = file.split(separator: "/").last.map { $0.split(separator: ".").first ?? $0 } ?? ""
        let words = stem.split { "_- 　()（）".contains($0) }.filter { !$0.allSatisfy { $0.isNumber } }
        let name = words.joined(separator: "_").prefix(60)
        return name.isEmpty ? layout.rawValue : String(name)
    }
}

extension AlertModel.Shelter {
    fileprivate init(_ listed: Ingest.Shelter) {
        self.init(
            id: listed.id, name: listed.name, romanName: listed.romanName, address: listed.address,
            place: listed.latitude.flatMap { latitude in
                listed.longitude.map { Coordinate(latitude: latitude, longitude: $0) }
            },
            capacity: listed.capacity?.people, fitness: listed.fitness.isEmpty ? nil : listed.fitness,
            kinds: listed.kinds.isEmpty ? nil : listed.kinds.sorted { $0.rawValue < $1.rawValue }, note: listed.note, phone: listed.phone,
            kana: listed.kana, district: listed.district)
    }
}
