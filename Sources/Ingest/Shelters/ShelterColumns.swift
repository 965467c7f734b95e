internal import AlertModel

/// Which column says what, by the words of the header and what stands under them, never by position: columns move, gain
/// neighbours and lose their names from one edition to the next.
///
///     header (one line or two) + census of the cells + what a person said (--map) ──▶ each column: used as · ignored · doubtful
///
/// Every column gets a verdict, and the report says all of them: what vanishes silently sends people to the wrong place.
struct ShelterColumns {
    enum Field: String, CaseIterable {
        case id, town, townName, prefecture, city, name, kana, romanName, address, district, latitude, longitude, place, phone, capacity
        case note, requirement, audience, overlap, occupants, countedAt, type, isPublic, isWithdrawn, withdrawnOn, condition, serial
    }

    enum Use: Hashable {
        case field(Field), hazard(Shelter.Hazard), kind(Shelter.Kind)
    }

    private(set) var positions: [Field: [Int]] = [:]
    private(set) var hazards: [(position: Int, hazard: Shelter.Hazard)] = []
    private(set) var kinds: [(position: Int, kind: Shelter.Kind)] = []
    /// 人数_令和6年1月9日午後6時時点: the moment is in the header.
    private(set) var countedAt: String?
    private(set) var reports: [ShelterList.Column] = []
    /// Columns of hazards in which a blank is a no: nobody writes a no there, and some column has a yes.
    private(set) var blankIsNo: Set<Int> = []
    let count: Int
    let layout: ShelterList.Layout

    /// Nil unless a column of names is among them: then this is no header.
    init?(header: ListHeader, census: [ColumnCensus], map: [ColumnMapping]) {
        count = header.count
        var reading = ColumnReading(header: header, census: census, map: map)
        reading.readAll()
        guard let positions = reading.chosen() else { return nil }
        self.positions = positions
        hazards = reading.hazards
        kinds = reading.kinds
        countedAt = reading.countedAt
        reports = reading.reports()
        let positionsOfHazards = reading.hazards.map(\.position).filter { $0 < census.count }
        if positionsOfHazards.contains(where: { census[$0][.yes] + census[$0][.conditional] > 0 }) {
            blankIsNo = Set(positionsOfHazards.filter { census[$0][.no] == 0 })
        }
        layout = Self.layout(header, hasHazards: !reading.hazards.isEmpty)
    }

    private static func layout(_ header: ListHeader, hasHazards: Bool) -> ShelterList.Layout {
        let words = Set(header.words.map(\.exact))
        if words.contains("施設・場所名") { return hasHazards ? .gsiSites : .gsiShelters }
        if words.contains("shelter_code") { return .lgdis }
        if words.contains("id1") { return .line }
        return header.words.contains { $0.exact.hasPrefix("災害種別_") } ? .recommended : .other
    }
}

/// One column by hand: `USER_施設名称=施設名称` (theirs = ours). `#3=施設名称` means the third column, `備考2=無視` leaves one out.
package struct ColumnMapping: Sendable, Hashable {
    package let theirs: String
    package let ours: String
    let use: ShelterColumns.Use?

    /// Throws where our side is no word of ours.
    package init(_ text: String) throws(Refusal) {
        guard let cut = text.lastIndex(where: { $0 == "=" || $0 == "＝" }) else {
            throw Refusal("列の対応「\(text)」は「先方の列名=こちらの列名」と書いてください (a mapping is THEIRS=OURS)")
        }
        theirs = ListText.tidy(String(text[..<cut]))
        // After a letter of the text there is at least its end.
        ours = ListText.tidy(String(text[text.index(after: cut)...]))
        guard !theirs.isEmpty else { throw Refusal("列の対応「\(text)」に先方の列名がありません (no column before the =)") }
        let word = HeaderWord.comparable(ours)
        if ["無視", "ignore", "-", "使わない"].contains(word) {
            use = nil
        } else if let use = Self.use(word) {
            self.use = use
        } else {
            throw Refusal(
                "列の対応「\(text)」: 「\(ours)」という項目はありません。使える項目: \(Self.known) (no column of ours is called so)")
        }
    }

    private static func use(_ word: String) -> ShelterColumns.Use? {
        for field in ShelterColumns.Field.allCases {
            if field.rawValue.lowercased() == word || ColumnVocabulary.words[field, default: []].contains(word) { return .field(field) }
        }
        if case .hazard(let hazard) = ColumnVocabulary.hazard(HeaderWord(word), group: "") { return .hazard(hazard) }
        return ColumnVocabulary.kind(word).map(ShelterColumns.Use.kind) ?? ColumnVocabulary.field(like: word).map(ShelterColumns.Use.field)
    }

    private static let known =
        "施設名称、名称_カナ、名称_英字、住所、地区、緯度、経度、電話番号、想定収容人数、備考、ID、全国地方公共団体コード、市区町村名、種別、公開フラグ、"
        + Shelter.Hazard.allCases.map(\.rawValue).joined(separator: "、") + "、"
        + Shelter.Kind.allCases.map(\.rawValue).joined(separator: "、") + "、無視"
}

/// What stands under one column, counted over the whole file.
struct ColumnCensus {
    var marks: [ListMark: Int] = [:]
    var example: String?

    mutating func take(_ cell: String) {
        let mark = ListMark(cell)
        marks[mark, default: 0] += 1
        if mark == .other, example == nil { example = String(ListText.tidy(cell).prefix(20)) }
    }

    subscript(_ mark: ListMark) -> Int { marks[mark] ?? 0 }
    var filled: Int { marks.values.reduce(0, +) - self[.blank] }
    /// Four fifths of what is filled in: a remark here and there is no column of remarks.
    var isMarks: Bool { self[.other] * 5 <= filled }
}

/// The header while its columns are judged.
struct ColumnReading {
    private let header: ListHeader
    private let census: [ColumnCensus]
    private let map: [ColumnMapping]
    /// Uses by column, with a rank: the lower, the surer.
    private var candidates: [Int: (use: ShelterColumns.Use, rank: Int)] = [:]
    private var doubts: [Int: String] = [:]
    private var ignored: [Int: String] = [:]
    private var weakNames: [Int] = []
    private(set) var hazards: [(position: Int, hazard: Shelter.Hazard)] = []
    private(set) var kinds: [(position: Int, kind: Shelter.Kind)] = []
    private(set) var countedAt: String?

    init(header: ListHeader, census: [ColumnCensus], map: [ColumnMapping]) {
        self.header = header
        self.census = census
        self.map = map
    }

    private func cells(_ column: Int) -> ColumnCensus { column < census.count ? census[column] : ColumnCensus() }

    mutating func readAll() {
        let byHand = Set(map.compactMap { mapping in header.position(of: mapping.theirs) })
        for column in 0..<header.count where !byHand.contains(column) { read(column) }
        for mapping in map {
            guard let column = header.position(of: mapping.theirs) else { continue }
            guard let use = mapping.use else {
                ignored[column] = "指定により使わない (left out by --map)"
                continue
            }
            // A person's word is surer than any of ours, and takes the place of it.
            for (other, candidate) in candidates where candidate.use == use {
                if case .field = use { ignored[other] = "「\(mapping.theirs)」を使う (mapped by hand)" }
            }
            if case .field = use { candidates = candidates.filter { $0.value.use != use } }
            candidates[column] = (use, -1)
        }
        for (column, candidate) in candidates.sorted(by: { $0.key < $1.key }) {
            switch candidate.use {
            case .field: break
            case .hazard(let hazard): hazards.append((column, hazard))
            case .kind(let kind): kinds.append((column, kind))
            }
        }
    }

    private mutating func read(_ column: Int) {
        let word = header.words[column]
        guard !word.exact.isEmpty else {
            if cells(column).filled > 0 { doubts[column] = "見出しがない (no heading)" }
            return
        }
        if ColumnVocabulary.isOldPlace(header.groups[column] + word.exact) {
            doubts[column] = "旧測地系の座標は400mほどずれるので使わない (the old datum is some 400 m away: not used)"
            return
        }
        if word.exact.hasPrefix("人数_") {
            candidates[column] = (.field(.occupants), 0)
            countedAt = ListText.tidy(String(header.written[column].drop { $0 != "_" && $0 != "＿" }.dropFirst()))
            return
        }
        if let (field, rank) = Self.exactField(word) {
            candidates[column] = (.field(field), rank)
            return
        }
        if word.forms.contains(where: ColumnVocabulary.mayBeName), !cells(column).isMarks || cells(column).filled == 0 {
            weakNames.append(column)
            return
        }
        // 津波避難ビル名 is a name, whatever hazard is in it.
        if ColumnVocabulary.field(like: word.plain) == .name {
            candidates[column] = (.field(.name), 20_000 + column)
            return
        }
        switch ColumnVocabulary.hazard(word, group: header.groups[column]) {
        case .hazard(let hazard): return flags(.hazard(hazard), column)
        case .doubtful:
            doubts[column] = "災害の言葉があるが、適・不適の欄とは限らない (names a hazard, but may not say where one is safe from it)"
            return
        case .none: break
        }
        if let kind = word.forms.lazy.compactMap(ColumnVocabulary.kind).first { return flags(.kind(kind), column) }
        if let field = ColumnVocabulary.field(like: word.plain) ?? word.forms.last.flatMap(ColumnVocabulary.field) {
            candidates[column] = (.field(field), 20_000 + column)
        }
    }

    /// Exact words of every form; the strictest form first, then the order of the vocabulary.
    private static func exactField(_ word: HeaderWord) -> (ShelterColumns.Field, Int)? {
        for (form, text) in word.forms.enumerated() {
            for field in ShelterColumns.Field.allCases {
                if let index = ColumnVocabulary.words[field, default: []].firstIndex(of: text) { return (field, form * 1_000 + index) }
            }
        }
        return nil
    }

    private mutating func flags(_ use: ShelterColumns.Use, _ column: Int) {
        if cells(column).isMarks {
            candidates[column] = (use, 0)
        } else {
            doubts[column] = "○×で書かれていない値がある: \(cells(column).example ?? "") (not only yes and no)"
        }
    }

    /// The columns of each field, the surest first; nil without a name.
    mutating func chosen() -> [ShelterColumns.Field: [Int]]? {
        var positions: [ShelterColumns.Field: [Int]] = [:]
        for (column, candidate) in candidates.sorted(by: { ($0.value.rank, $0.key) < ($1.value.rank, $1.key) }) {
            if case .field(let field) = candidate.use { positions[field, default: []].append(column) }
        }
        if positions[.name] == nil, let weak = weakNames.first {
            positions[.name] = [weak]
            candidates[weak] = (.field(.name), 30_000)
        }
        guard let names = positions[.name], let first = names.first else { return nil }
        // A second column of names is another thing's name unless it has an exact word of ours, too.
        for other in names.dropFirst() where (candidates[other]?.rank ?? 0) >= 1_000 {
            candidates[other] = nil
            ignored[other] = "名称は「\(header.written[first])」を使う (another column is the name)"
        }
        positions[.name] = names.filter { candidates[$0] != nil }
        for weak in weakNames where weak != first { ignored[weak] = "名称は「\(header.written[first])」を使う (another column is the name)" }
        return positions
    }

    func reports() -> [ShelterList.Column] {
        (0..<header.count).map { column in
            var report = ShelterList.Column(
                position: column + 1, header: ListText.tidy(header.written[column]), verdict: .ignored, use: nil, remark: ignored[column])
            if let candidate = candidates[column] {
                report.verdict = .used
                report.use = Self.name(candidate.use)
                report.remark = candidate.rank < 0 ? "指定による (by --map)" : nil
            } else if let doubt = doubts[column] {
                report.verdict = .doubtful
                report.remark = doubt
            }
            return report
        }
    }

    private static func name(_ use: ShelterColumns.Use) -> String {
        switch use {
        case .hazard(let hazard): "災害種別_" + hazard.rawValue
        case .kind(let kind): kind.rawValue
        case .field(let field): fieldNames[field] ?? field.rawValue
        }
    }

    private static let fieldNames: [ShelterColumns.Field: String] = [
        .id: "ID", .town: "全国地方公共団体コード", .townName: "市町村名", .prefecture: "都道府県名", .city: "市区町村名", .name: "名称",
        .kana: "名称_カナ", .romanName: "名称_英字", .address: "住所", .district: "地区", .latitude: "緯度", .longitude: "経度", .place: "緯度・経度",
        .phone: "電話番号", .capacity: "想定収容人数", .note: "備考", .requirement: "備考", .audience: "受入対象者", .overlap: "住所同一・重複",
        .occupants: "人数", .countedAt: "時点", .type: "種別", .isPublic: "公開フラグ", .isWithdrawn: "廃止フラグ", .withdrawnOn: "廃止日", .condition: "状態", .serial: "ID",
    ]
}
