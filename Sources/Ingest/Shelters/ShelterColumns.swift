/// Which column says what, by the words of the header and never by position: columns move, gain neighbours and lose
/// their names from one edition to the next.
struct ShelterColumns {
    enum Field: String, CaseIterable {
        case id, town, townName, prefecture, city, name, kana, address, district, latitude, longitude, phone, capacity
        case note, requirement, audience, overlap, occupants, countedAt, type, isPublic, serial
    }

    private(set) var positions: [Field: [Int]] = [:]
    private(set) var hazards: [(position: Int, hazard: Shelter.Hazard)] = []
    private(set) var kinds: [(position: Int, kind: Shelter.Kind)] = []
    /// 人数_令和6年1月9日午後6時時点: the moment is in the header.
    private(set) var countedAt: String?
    let count: Int
    let layout: ShelterList.Layout

    /// Words of headers, without spaces and in half-width; the first that is there and filled is taken.
    private static let words: [Field: [String]] = [
        .id: ["共通id", "id", "shelter_code", "施設id", "避難所id"],
        .town: ["全国地方公共団体コード", "市区町村コード", "都道府県コード又は市区町村コード", "所在地_全国地方公共団体コード",
                "address_code", "id1", "地方公共団体コード", "自治体コード"],
        .townName: ["都道府県名及び市町村名"], .prefecture: ["所在地_都道府県", "都道府県名"],
        .city: ["所在地_市区町村", "市区町村名", "地方公共団体名"],
        .name: ["施設・場所名", "名称", "name", "施設名", "避難所名", "避難場所名", "名前", "施設名称"],
        .kana: ["名称_カナ", "kana", "name_kana", "カナ", "フリガナ", "ふりがな", "名称カナ"],
        .address: ["所在地_連結表記", "住所", "address", "所在地"], .district: ["地区", "地区名"],
        .latitude: ["緯度", "lat", "latitude"], .longitude: ["経度", "lon", "lng", "longitude"],
        .phone: ["電話番号", "tel", "電話"], .capacity: ["想定収容人数", "capacity", "収容人数", "収容可能人数"],
        .note: ["備考", "remarks", "note"], .requirement: ["その他市町村長が必要と認める事項"], .audience: ["受入対象者"],
        .overlap: ["指定緊急避難場所との住所同一", "指定避難所との住所同一", "指定避難所との重複"],
        .occupants: ["人数", "避難者数"], .countedAt: ["時点"], .type: ["shelter_type", "種別", "種別フラグ", "type", "施設種別"],
        .isPublic: ["公開フラグ", "public", "public_flag"], .serial: ["id2"],
    ]

    private static let hazardWords: [(String, Shelter.Hazard)] = [
        ("内水", .inlandFlood), ("洪水", .flood), ("崖崩れ", .landslide), ("がけ崩れ", .landslide), ("土砂", .landslide),
        ("高潮", .stormSurge), ("津波", .tsunami), ("地震", .earthquake), ("火事", .fire), ("火災", .fire), ("火山", .volcano),
    ]
    /// Hazards by number, in the order of the law: flags 1–8 of the LINE layout.
    private static let numbered: [Shelter.Hazard] = [
        .flood, .landslide, .stormSurge, .earthquake, .tsunami, .fire, .inlandFlood, .volcano,
    ]
    private static let kindWords: [String: Shelter.Kind] = [
        "避難所": .shelter, "指定避難所": .shelter, "臨時避難所": .temporary, "臨時": .temporary, "広域避難場所": .wideArea, "広域": .wideArea,
        "一時避難場所": .firstSite, "一時": .firstSite, "福祉避難所": .welfare, "福祉": .welfare, "指定緊急避難場所": .site,
    ]

    /// Nil unless a column of names is among them: then this is no header.
    init?(header: [String]) {
        count = header.count
        var found: [String: Int] = [:]
        for (position, cell) in header.enumerated() {
            let word = Self.plain(cell)
            guard !word.isEmpty else { continue }
            if found[word] == nil { found[word] = position }
            if let hazard = Self.hazard(word) {
                hazards.append((position, hazard))
            } else if let kind = Self.kindWords[Self.withoutFlag(word)] {
                kinds.append((position, kind))
            } else if word.hasPrefix("人数_") {
                found["人数"] = position
                countedAt = ListText.tidy(String(cell.drop { $0 != "_" && $0 != "＿" }.dropFirst()))
            }
        }
        for field in Field.allCases {
            positions[field] = Self.words[field, default: []].compactMap { found[$0] }
        }
        guard positions[.name]?.isEmpty == false else { return nil }
        layout =
            if found["施設・場所名"] != nil { hazards.isEmpty ? .gsiShelters : .gsiSites }
            else if found["shelter_code"] != nil { .lgdis }
            else if found["id1"] != nil { .line }
            else if header.contains(where: { Self.plain($0).hasPrefix("災害種別_") }) { .recommended }
            else { .other }
    }

    private static func plain(_ cell: String) -> String {
        ListText.ascii(cell).lowercased().filter { !$0.isWhitespace && $0 != "\u{FEFF}" && $0 != "\"" }
    }

    private static func withoutFlag(_ word: String) -> String {
        for ending in ["_フラグ", "フラグ"] where word.hasSuffix(ending) { return String(word.dropLast(ending.count)) }
        return word
    }

    private static func hazard(_ word: String) -> Shelter.Hazard? {
        // A remark about a hazard is no flag: only short names and those under 災害種別 count.
        for stem in ["災害種別", "災害種別フラグ", "hazard", "hazard_", "災害種別_"] where word.hasPrefix(stem) {
            // One to eight, as the same line asks, and there are eight.
            if let number = Int(word.dropFirst(stem.count)), (1...8).contains(number) { return numbered[number - 1] }
        }
        guard word.hasPrefix("災害種別") || word.count <= 14 else { return nil }
        return hazardWords.first { word.contains($0.0) }?.1
    }
}
