/// A row of a published list: read, mended or refused.
import AlertModel
import Codes

/// The list while its rows come in.
struct ListUnderWay {
    let columns: ShelterColumns
    let evidence: TownEvidence
    private let namesTsunami: Bool
    /// Hazards of which a blank means no: the list never writes a no of them, and says yes of something.
    private let blankIsNo: Set<Int>
    var shelters: [Shelter] = []
    var remarks: [ShelterList.Remark] = []
    var refusedRows = 0
    var elsewhere: [TownID: Int] = [:]
    private(set) var strangers = 0
    private(set) var strangerExample: String?
    private var seen: [String: Int] = [:]
    private var lines: [Int] = []
    private var line = 0
    private var cells: [String] = []

    /// - Parameter names: of the list: its own, its title, its file's.
    init(columns: ShelterColumns, evidence: TownEvidence, names: [String]) {
        self.columns = columns
        self.evidence = evidence
        namesTsunami = names.contains { name in ["津波避難ビル", "津波避難施設", "津波避難タワー", "津波避難場所", "津波緊急避難"].contains { name.contains($0) } }
        blankIsNo = columns.blankIsNo
    }

    mutating func take(_ row: CSVRows.Row) {
        line = row.line
        cells = row.cells
        if let flaw = row.flaw { return refuse(flaw) }
        if cells.count > columns.count {
            guard cells[columns.count...].allSatisfy({ ListText.tidy($0).isEmpty }) else {
                return refuse("\(cells.count)列あり、見出しは\(columns.count)列: コンマが多い (\(cells.count) columns, the header has \(columns.count): a comma too many)")
            }
        } else if cells.count < columns.count {
            mend("\(columns.count)列のうち\(cells.count)列だけ。残りは空とした (\(cells.count) of \(columns.count) columns; the missing ones are taken as empty)")
        }
        let name = cell(.name)
        guard !name.isEmpty else { return refuse("名前がない (no name)") }
        guard !name.contains("\u{FFFD}") else { return refuse("名前に読めない文字がある (octets of no character in the name)") }
        if let flag = withdrawn() { return refuse("公開されていない: \(flag) (withdrawn by its publisher)") }
        var shelter = Shelter(id: "", hasOwnID: false, name: plain(name, "名前 (name)"))
        readPlace(&shelter)
        guard locate(&shelter) else { return }
        readNumbers(&shelter)
        shelter.note = note()
        readFlags(&shelter)
        if cells.contains(where: { $0.contains("\u{FFFD}") }) { doubt("読めない文字がある (octets of no character)") }
        if name.unicodeScalars.contains(where: { (0xE000...0xF8FF).contains($0.value) }) { doubt("名前に外字がある (a private character in the name)") }
        guard identify(&shelter) else { return }
        lines.append(line)
        shelters.append(shelter)
    }

    /// After the last row: places far from all the others.
    mutating func lookAround() {
        let placed = shelters.indices.filter { shelters[$0].latitude != nil }
        guard placed.count >= 5 else { return }
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let centre = Coordinate(
            latitude: middle(placed.compactMap { shelters[$0].latitude }), longitude: middle(placed.compactMap { shelters[$0].longitude }))
        for index in placed {
            guard let latitude = shelters[index].latitude, let longitude = shelters[index].longitude, index < lines.count else { continue }
            let away = centre.distance(to: Coordinate(latitude: latitude, longitude: longitude))
            guard away > 100, evidence.expected != nil else { continue }
            line = lines[index]
            doubt("ほかの施設から\(Int(away.rounded()))km離れている (\(Int(away.rounded())) km from the others)")
        }
    }

    /// The heading under which the publisher took the row back; nil where it stands.
    private func withdrawn() -> String? {
        for (field, withdrawing) in [(ShelterColumns.Field.isPublic, ListMark.no), (.isWithdrawn, .yes)] {
            for position in columns.positions[field] ?? [] where ListMark(at(position)) == withdrawing || Self.isTakenBack(at(position)) {
                // There is a report for every column of the header, in its order.
                return columns.reports[position].header
            }
        }
        // In words alone: a 1 under 状態 may mean anything.
        for position in columns.positions[.condition] ?? [] where Self.isTakenBack(at(position)) { return columns.reports[position].header }
        for position in (columns.positions[.withdrawnOn] ?? []) + (columns.positions[.isWithdrawn] ?? []) where Self.isDate(at(position)) {
            // There is a report for every column of the header, in its order.
            return columns.reports[position].header
        }
        return nil
    }

    /// 2020-03-31, 令和5年3月31日, and not the day without end that programs write.
    private static func isDate(_ cell: String) -> Bool {
        let text = ListText.ascii(ListText.tidy(cell))
        return text.firstMatch(of: /\d{1,4}\s*[-\/年.]\s*\d{1,2}/) != nil && !text.hasPrefix("9999") && !text.hasPrefix("2999")
    }

    /// 非公開, 非表示, 廃止（令和5年）: said in words, under whichever heading.
    private static func isTakenBack(_ cell: String) -> Bool {
        let words = ListText.tidy(cell)
        return ["非公開", "非表示", "非掲載", "廃止", "削除", "閉鎖", "指定解除", "指定取消", "解除", "取消", "取り消し", "無効", "休止", "使用停止", "使用中止"].contains { words.hasPrefix($0) }
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
        if wide != text { mend("半角カナを全角にした: \(what) (half-width kana made full-width)") }
        return wide
    }

    private mutating func mend(_ text: String) { remark(.mended, text) }
    private mutating func doubt(_ text: String) { remark(.doubtful, text) }
    private mutating func refuse(_ text: String) {
        refusedRows += 1
        remark(.refused, text)
    }

    private mutating func remark(_ kind: ShelterList.Remark.Kind, _ text: String) {
        guard remarks.count < ShelterListReader.remarkLimit else { return }
        remarks.append(.init(line: line, kind: kind, text: text))
    }

    // MARK: where

    /// False where the row is not the town's: then it is counted or refused.
    private mutating func locate(_ shelter: inout Shelter) -> Bool {
        var said: [TownEvidence.Claim] = []
        for position in columns.positions[.town] ?? [] {
            guard let claim = evidence.claim(code: at(position)) else { continue }
            let written = ListText.ascii(ListText.tidy(at(position)))
            if case .town(let town) = claim, town.code != written, !(written.utf8.count == 5 && town.jis == written) {
                mend("コード \(written) を \(town.code) と読んだ (code read as \(town.code))")
            } else if case .unread(let code) = claim, evidence.expected == nil {
                mend("コード \(code) は市区町村のものではない (code \(code) is no municipality's)")
            }
            said.append(claim)
        }
        if let claim = evidence.claim(commonID: cell(.id)) { said.append(claim) }
        let name = cell(.townName).isEmpty ? cell(.prefecture) + cell(.city) : cell(.townName)
        if let claim = evidence.claim(place: name, isName: true) { said.append(claim) }
        let address = shelter.address.flatMap { evidence.claim(place: $0, isName: false) }
        switch evidence.verdict(said: said, address: address) {
        case .ours(let doubt):
            shelter.town = evidence.expected?.id ?? said.lazy.compactMap(Self.town).first ?? evidence.fileClaim
            if let doubt { self.doubt(doubt) }
        case .elsewhere(let town):
            elsewhere[town, default: 0] += 1
            return false
        case .refused(let reason): return stranger(reason)
        }
        guard let latitude = shelter.latitude, let longitude = shelter.longitude,
            let reason = evidence.distance(Coordinate(latitude: latitude, longitude: longitude))
        else { return true }
        return stranger(reason)
    }

    private static func town(_ claim: TownEvidence.Claim) -> TownID? { if case .town(let town) = claim { town } else { nil } }

    private mutating func stranger(_ reason: String) -> Bool {
        strangers += 1
        strangerExample = strangerExample ?? "\(line)行 \(reason)"
        refuse(reason)
        return false
    }

    private mutating func readPlace(_ shelter: inout Shelter) {
        shelter.kana = optional(.kana).map { plain($0, "カナ (kana)") }
        shelter.romanName = optional(.romanName)
        shelter.district = optional(.district)
        shelter.phone = optional(.phone).map(ListText.ascii)
        let raw = columns.positions[.address]?.first.map(at) ?? ""
        if raw.contains("\u{A0}") { mend("住所に改行しない空白がある (no-break space in the address)") }
        shelter.address = optional(.address)
        var written = (cell(.latitude), cell(.longitude))
        if written == ("", ""), let both = optional(.place) {
            let parts = both.split { ",、 \u{3000}".contains($0) }.map(String.init)
            if parts.count == 2 { written = (parts[0], parts[1]) }
        }
        guard let latitude = ListText.degrees(written.0), let longitude = ListText.degrees(written.1) else {
            mend(written == ("", "") ? "緯度経度がない (no coordinates)"
                : "緯度経度 \(written.0), \(written.1) は数でないので除いた (coordinates are no numbers; left out)")
            return
        }
        // Japan with all its islands: 20.4–45.6 north, 122.9–154.0 east.
        let north = 20.0...46.0, east = 122.0...155.0
        if north.contains(latitude), east.contains(longitude) {
            (shelter.latitude, shelter.longitude) = (latitude, longitude)
        } else if north.contains(longitude), east.contains(latitude) {
            mend("緯度と経度が逆だった (latitude and longitude were the wrong way round)")
            (shelter.latitude, shelter.longitude) = (longitude, latitude)
        } else {
            mend("緯度経度 \(written.0), \(written.1) は日本の外なので除いた (coordinates lie outside Japan; left out)")
        }
    }

    // MARK: what

    private mutating func readFlags(_ shelter: inout Shelter) {
        for (position, hazard) in columns.hazards {
            guard let fitness = fitness(at(position), position, hazard.rawValue) else { continue }
            // Two columns of one hazard (flood_L1, flood_L2): the more careful one counts.
            shelter.fitness[hazard] = shelter.fitness[hazard].map { $0.moreCareful(fitness) } ?? fitness
        }
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
        // A list of tsunami buildings has no column for what all of it is for.
        if namesTsunami || shelter.kinds.contains(.tsunamiBuilding), shelter.fitness[.tsunami] == nil { shelter.fitness[.tsunami] = .fit }
        readNote(&shelter)
    }

    /// Nil where the list says nothing.
    private mutating func fitness(_ text: String, _ position: Int, _ hazard: String) -> Shelter.Fitness? {
        switch ListMark(text) {
        case .yes: return .fit
        case .no: return .unfit
        case .conditional: return .conditional
        case .blank: return blankIsNo.contains(position) ? .unfit : nil
        case .other:
            doubt("\(hazard): \(ListText.tidy(text)) は○でも×でもないので使えないとした (neither yes nor no; taken as no)")
            return .unfit
        }
    }

    /// 津波時は使用不可: a remark that forbids counts more than a flag.
    private mutating func readNote(_ shelter: inout Shelter) {
        if ListRemark.closes(shelter.note ?? "") {
            doubt("備考により、使えないとした (the note says it is closed)")
            for hazard in Shelter.Hazard.allCases { shelter.fitness[hazard] = .unfit }
            return
        }
        for hazard in ListRemark.forbidden(in: shelter.note ?? "") where shelter.fitness[hazard] != .unfit {
            if shelter.fitness[hazard] != nil { doubt("備考により\(hazard.rawValue)には使えないとした (the note forbids it for \(hazard.rawValue))") }
            shelter.fitness[hazard] = .unfit
        }
        for hazard in ListRemark.conditional(in: shelter.note ?? "") where [.fit, nil].contains(shelter.fitness[hazard]) {
            if shelter.fitness[hazard] != nil { doubt("備考により\(hazard.rawValue)には条件つきとした (the note limits it for \(hazard.rawValue))") }
            shelter.fitness[hazard] = .conditional
        }
    }

    private mutating func isSet(_ text: String, _ what: String) -> Bool {
        if let flag = ListText.flag(text) { return flag }
        mend("\(what): \(text) は○でも×でもないので、いいえとした (neither yes nor no; taken as no)")
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
                             ("緊急避難場所", .site), ("指定避難所", .shelter),
                             ("津波避難", .tsunamiBuilding)] where type.contains(word) { kinds.insert(kind) }
        if kinds.isEmpty, type.contains("避難所") { kinds.insert(.shelter) }
        if kinds.isEmpty, type.contains("避難場所") { kinds.insert(.site) }
        if kinds.isEmpty { mend("種別 \(type) は知らない (type is not known)") }
        return kinds
    }

    private mutating func readNumbers(_ shelter: inout Shelter) {
        if let written = columns.positions[.capacity]?.first.map(at), let text = optional(.capacity) {
            let people = ListText.count(text)
            shelter.capacity = .init(people: people, text: text)
            if let people, written != "\(people)" { mend("収容人数「\(written)」を \(people) と読んだ (capacity read as \(people))") }
            if people == nil { mend("収容人数は数でないので文のまま: \(text) (capacity kept as prose)") }
        }
        if let text = optional(.occupants) {
            shelter.occupants = ListText.count(text)
            shelter.countedAt = optional(.countedAt) ?? columns.countedAt
            if shelter.occupants == nil { mend("人数 \(text) は数でないので除いた (number of people left out)") }
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
            mend("IDがないので作った: \(shelter.id) (no id; made from town, name and address)")
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
            refuse("前の行と同じ施設: \(shelter.id) \(shelter.name) (the same shelter as before)")
            return false
        }
        let id = shelter.id + "-" + madeID(shelter).suffix(8)
        mend("ID \(shelter.id) は\(other.name)が使っている。\(id) とした (the id is taken; another one is used)")
        shelter.id = id
        if seen[id] != nil {
            refuse("前の行と同じ施設: \(id) \(shelter.name) (the same shelter as before)")
            return false
        }
        seen[id] = shelters.count
        return true
    }

    private func madeID(_ shelter: Shelter) -> String {
        (shelter.town?.code ?? "000000") + "-" + Shelter.fingerprint(shelter.name, shelter.address)
    }
}

extension Shelter {
    /// FNV-1a, 64 bits (Fowler, Noll, Vo): the same text gives the same id in every run and on every machine.
    package static func fingerprint(_ name: String, _ address: String?) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in "\(name)\u{0}\(address ?? "")".utf8 { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
