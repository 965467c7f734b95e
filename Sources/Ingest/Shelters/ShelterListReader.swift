/// Lists of shelters and evacuation sites as they are really published: eight layouts, three encodings, capacities in
/// prose, ids that are missing, coordinates the wrong way round.
///
///     octets ──▶ UTF-8 ──▶ CSV rows ──▶ header found by its words ──▶ each row read, mended or refused
///
/// One bad row never costs the others. A file without a header we know is refused whole, because columns by guess
/// would send people to the wrong place.
///
/// Sources: 国土地理院 指定緊急避難場所・指定避難所データ; デジタル庁 自治体標準オープンデータセット 03 (39 columns) and its
/// earlier edition (26 columns).
package import AlertModel
package import Codes

package enum ShelterListReader {
    /// The whole country's list (GSI) has about 110,000 rows in 20 MB.
    static let sizeLimit = 64 << 20
    static let rowLimit = 200_000
    static let remarkLimit = 20_000

    /// - Parameters:
    ///   - fileName: GSI's files by municipality have the code nowhere else: `13101_2.csv`.
    ///   - town: the town the list is for, where neither rows nor file name say it.
    package static func read(
        _ octets: [UInt8], fileName: String, town: TownID? = nil, tables: CodeTables = .bundled
    ) throws(Refusal) -> ShelterList {
        guard octets.count <= sizeLimit else { throw Refusal("larger than \(sizeLimit) octets") }
        let (text, encoding) = try ListEncoding.utf8(octets)
        var rows = CSVRows(text)
        let columns = try header(&rows)
        var list = ListUnderWay(columns: columns, tables: tables, town: town ?? self.town(fileName, tables))
        var count = 0
        while let row = rows.next() {
            guard !row.isBlank else { continue }
            count += 1
            guard count <= rowLimit else { throw Refusal("more than \(rowLimit) rows") }
            list.take(row)
        }
        return ShelterList(
            layout: columns.layout, encoding: encoding, shelters: list.shelters, remarks: list.remarks,
            refusedRows: list.refusedRows)
    }

    /// Some lists begin with a title: the header is among the first five rows.
    private static func header(_ rows: inout CSVRows) throws(Refusal) -> ShelterColumns {
        var first: String?
        for _ in 0..<5 {
            guard let row = rows.next() else { break }
            if row.flaw == nil, let columns = ShelterColumns(header: row.cells) { return columns }
            first = first ?? String(row.cells.joined(separator: ",").prefix(80))
        }
        throw Refusal("no header with a column of names (名称, 施設・場所名, name): \(first ?? "the file is empty")")
    }

    /// `01100_2.csv`, `122033_103_….csv`: digits at the beginning of the file name.
    private static func town(_ fileName: String, _ tables: CodeTables) -> TownID? {
        let name = fileName.split(separator: "/").last ?? ""
        return tables.town(written: String(name.prefix { $0.isASCII && $0.isNumber }))
    }
}

/// The list while its rows come in.
private struct ListUnderWay {
    let columns: ShelterColumns
    let tables: CodeTables
    let town: TownID?
    var shelters: [Shelter] = []
    var remarks: [ShelterList.Remark] = []
    var refusedRows = 0
    private var seen: [String: Int] = [:]
    private var line = 0
    private var cells: [String] = []

    init(columns: ShelterColumns, tables: CodeTables, town: TownID?) {
        self.columns = columns
        self.tables = tables
        self.town = town
    }

    mutating func take(_ row: CSVRows.Row) {
        line = row.line
        cells = row.cells
        if let flaw = row.flaw { return refuse(flaw) }
        if cells.count > columns.count {
            guard cells[columns.count...].allSatisfy({ ListText.tidy($0).isEmpty }) else {
                return refuse("\(cells.count) columns, the header has \(columns.count): a comma too many")
            }
        } else if cells.count < columns.count {
            mend("\(cells.count) of \(columns.count) columns; the missing ones are taken as empty")
        }
        let name = cell(.name)
        guard !name.isEmpty else { return refuse("no name") }
        if let flag = columns.positions[.isPublic]?.first, ListText.flag(at(flag)) == false, !cell(.isPublic).isEmpty {
            return refuse("not public (公開フラグ)")
        }
        var shelter = Shelter(id: "", hasOwnID: false, town: readTown(), name: plain(name, "name"))
        readPlace(&shelter)
        readFlags(&shelter)
        readNumbers(&shelter)
        shelter.note = note()
        guard identify(&shelter) else { return }
        shelters.append(shelter)
    }

    // MARK: cells

    private func at(_ position: Int) -> String { position < cells.count ? cells[position] : "" }

    /// The first filled cell of a field, tidied.
    private func cell(_ field: ShelterColumns.Field) -> String {
        for position in columns.positions[field] ?? [] {
            let text = ListText.tidy(at(position))
            if !text.isEmpty { return text }
        }
        return ""
    }

    private func optional(_ field: ShelterColumns.Field) -> String? {
        let text = cell(field)
        return text.isEmpty ? nil : text
    }

    private mutating func plain(_ text: String, _ what: String) -> String {
        let wide = ListText.fullWidthKana(text)
        if wide != text { mend("half-width kana in the \(what) made full-width") }
        return wide
    }

    private mutating func mend(_ text: String) { remark(.mended, text) }
    private mutating func refuse(_ text: String) {
        refusedRows += 1
        remark(.refused, text)
    }

    private mutating func remark(_ kind: ShelterList.Remark.Kind, _ text: String) {
        guard remarks.count < ShelterListReader.remarkLimit else { return }
        remarks.append(.init(line: line, kind: kind, text: text))
    }

    // MARK: where

    /// A code of the row, the code inside GSI's 共通ID (`E04100…`), the file's, or the name of the municipality.
    private mutating func readTown() -> TownID? {
        for position in columns.positions[.town] ?? [] {
            let written = ListText.ascii(ListText.tidy(at(position)))
            guard !written.isEmpty else { continue }
            if let town = tables.town(written: written) {
                if town.code != written, written.utf8.count != 5 || town.jis != written { mend("code \(written) read as \(town.code)") }
                return town
            }
            mend("code \(written) is no municipality's")
        }
        let id = cell(.id)
        if id.utf8.count == 14, id.hasPrefix("E"), let town = tables.town(written: String(id.dropFirst().prefix(5))) { return town }
        if let town { return town }
        let name = cell(.townName).isEmpty ? cell(.prefecture) + cell(.city) : cell(.townName)
        return name.isEmpty ? nil : townsByName[name]
    }

    /// Full names only: 府中市 alone is two towns.
    private lazy var townsByName: [String: TownID] = Dictionary(
        tables.towns.map { ($0.prefecture + $0.name, $0.id) }, uniquingKeysWith: { first, _ in first })

    private mutating func readPlace(_ shelter: inout Shelter) {
        shelter.kana = optional(.kana).map { plain($0, "kana") }
        shelter.district = optional(.district)
        shelter.phone = optional(.phone).map(ListText.ascii)
        let raw = columns.positions[.address]?.first.map(at) ?? ""
        if raw.contains("\u{A0}") { mend("no-break space in the address") }
        shelter.address = optional(.address)
        let written = (cell(.latitude), cell(.longitude))
        guard let latitude = ListText.degrees(written.0), let longitude = ListText.degrees(written.1) else {
            mend(written == ("", "") ? "no coordinates" : "coordinates \(written.0), \(written.1) are no numbers; left out")
            return
        }
        // Japan with all its islands: 20.4–45.6 north, 122.9–154.0 east.
        let north = 20.0...46.0, east = 122.0...155.0
        if north.contains(latitude), east.contains(longitude) {
            (shelter.latitude, shelter.longitude) = (latitude, longitude)
        } else if north.contains(longitude), east.contains(latitude) {
            mend("latitude and longitude were the wrong way round")
            (shelter.latitude, shelter.longitude) = (longitude, latitude)
        } else {
            mend("coordinates \(written.0), \(written.1) lie outside Japan; left out")
        }
    }

    // MARK: what

    private mutating func readFlags(_ shelter: inout Shelter) {
        for (position, hazard) in columns.hazards where isSet(at(position), hazard.rawValue) { shelter.hazards.insert(hazard) }
        for (position, kind) in columns.kinds where isSet(at(position), kind.rawValue) { shelter.kinds.insert(kind) }
        let overlaps = isSet(cell(.overlap), "住所同一・重複")
        switch columns.layout {
        case .gsiShelters: shelter.kinds.formUnion(overlaps ? [.shelter, .site] : [.shelter])
        case .gsiSites: shelter.kinds.formUnion(overlaps ? [.site, .shelter] : [.site])
        case .recommended where columns.positions[.occupants]?.isEmpty == false: shelter.kinds.insert(.shelter)
        case .recommended: shelter.kinds.formUnion(overlaps ? [.site, .shelter] : [.site])
        case .lgdis, .line, .other: break
        }
        let type = cell(.type)
        if !type.isEmpty { shelter.kinds.formUnion(kinds(of: type)) }
        if cell(.id).hasPrefix("NEW") { shelter.kinds = [.temporary] }
    }

    private mutating func isSet(_ text: String, _ what: String) -> Bool {
        if let flag = ListText.flag(text) { return flag }
        mend("\(what): \(text) is neither yes nor no; taken as no")
        return false
    }

    /// A number of the LINE layout, or words.
    private mutating func kinds(of type: String) -> Set<Shelter.Kind> {
        let numbers: [String: Set<Shelter.Kind>] = [
            "1": [.shelter], "2": [.temporary], "3": [.shelter, .site], "4": [.wideArea], "5": [.firstSite], "9": [.welfare],
        ]
        if let kinds = numbers[ListText.ascii(type)] { return kinds }
        var kinds: Set<Shelter.Kind> = []
        for (word, kind) in [("福祉", Shelter.Kind.welfare), ("臨時", .temporary), ("広域", .wideArea), ("一時", .firstSite),
                             ("緊急避難場所", .site), ("指定避難所", .shelter)] where type.contains(word) { kinds.insert(kind) }
        if kinds.isEmpty, type.contains("避難所") { kinds.insert(.shelter) }
        if kinds.isEmpty, type.contains("避難場所") { kinds.insert(.site) }
        if kinds.isEmpty { mend("type \(type) is not known") }
        return kinds
    }

    private mutating func readNumbers(_ shelter: inout Shelter) {
        if let written = columns.positions[.capacity]?.first.map(at), let text = optional(.capacity) {
            let people = ListText.count(text)
            shelter.capacity = .init(people: people, text: text)
            if let people, written != "\(people)" { mend("capacity \"\(written)\" read as \(people)") }
            if people == nil { mend("capacity kept as prose: \(text)") }
        }
        if let text = optional(.occupants) {
            shelter.occupants = ListText.count(text)
            shelter.countedAt = optional(.countedAt) ?? columns.countedAt
            if shelter.occupants == nil { mend("number of people \(text) is no number; left out") }
        }
    }

    private func note() -> String? {
        let parts = [optional(.requirement), optional(.audience).map { "受入対象者: \($0)" }, optional(.note)]
        let note = parts.compactMap(\.self).joined(separator: "\n")
        return note.isEmpty ? nil : note
    }

    // MARK: identity

    /// False where the very row was there before.
    private mutating func identify(_ shelter: inout Shelter) -> Bool {
        let written = [cell(.id), cell(.serial)].filter { !$0.isEmpty }.joined(separator: "-")
        if written.isEmpty {
            shelter.id = madeID(shelter)
            mend("no id; \(shelter.id) made from town, name and address")
        } else {
            shelter.id = columns.layout == .line && cell(.id).isEmpty ? (shelter.town?.code ?? "") + "-" + written : written
            shelter.hasOwnID = true
        }
        guard let before = seen[shelter.id] else {
            seen[shelter.id] = shelters.count
            return true
        }
        let other = shelters[before]
        if other.name == shelter.name, other.address == shelter.address {
            refuse("the same shelter as before: \(shelter.id) \(shelter.name)")
            return false
        }
        let id = shelter.id + "-" + madeID(shelter).suffix(8)
        mend("id \(shelter.id) is taken by \(other.name); \(id) is used")
        shelter.id = id
        if seen[id] != nil {
            refuse("the same shelter as before: \(id) \(shelter.name)")
            return false
        }
        seen[id] = shelters.count
        return true
    }

    /// FNV-1a, 64 bits (Fowler, Noll, Vo): the same text gives the same id in every run and on every machine.
    private func madeID(_ shelter: Shelter) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in "\(shelter.name)\u{0}\(shelter.address ?? "")".utf8 { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        // Sixty-four bits have sixteen hexadecimal digits at most.
        return (shelter.town?.code ?? "000000") + "-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
