internal import AlertModel

/// What columns are called in lists that are really published, and what they must not be taken for.
///
/// Exact words first, in the order in which they are preferred; then patterns. A word of a hazard beside 想定, 区域 or 深
/// says where the water comes, not where one is safe from it: such a column is doubtful and is not used.
enum ColumnVocabulary {
    typealias Field = ShelterColumns.Field

    static let words: [Field: [String]] = [
        .id: ["共通id", "id", "shelter_code", "施設id", "避難所id", "施設番号", "施設コード", "避難所コード", "避難所番号", "管理番号", "識別番号", "整理番号"],
        .town: ["全国地方公共団体コード", "市区町村コード", "都道府県コード又は市区町村コード", "所在地_全国地方公共団体コード", "address_code",
                "id1", "地方公共団体コード", "自治体コード", "市町村コード", "団体コード", "行政区域コード", "市町村cd", "市区町村cd", "p20_001",
                "citycode", "city_code", "municipality_code", "jiscode"],
        .townName: ["都道府県名及び市町村名", "地方公共団体名", "自治体名", "団体名"], .prefecture: ["所在地_都道府県", "都道府県名", "都道府県"],
        .city: ["所在地_市区町村", "市区町村名", "市町村名", "市区町村", "市町村", "所在市町村", "所在市区町村", "所在市町村名", "所在市区町村名", "所在自治体", "所在地市町村", "所在地市区町村"],
        .name: ["施設・場所名", "名称", "name", "施設名", "避難所名", "避難場所名", "名前", "施設名称", "shelter_name", "facility_name",
                "site_name", "p20_002", "施設の名称"],
        .kana: ["名称_カナ", "kana", "name_kana", "カナ", "フリガナ", "ふりがな", "名称カナ"],
        .romanName: ["名称_英字", "name_en", "英字", "英語名", "英語名称", "ローマ字"],
        .address: ["所在地_連結表記", "住所", "address", "所在地", "p20_003", "所在"],
        .district: ["地区", "地区名", "行政区", "district"],
        .latitude: ["緯度", "lat", "latitude", "北緯"], .longitude: ["経度", "lon", "lng", "long", "longitude", "東経"],
        .phone: ["電話番号", "tel", "電話", "phone"],
        .capacity: ["想定収容人数", "capacity", "収容人数", "収容可能人数", "収容人員", "定員", "p20_005"],
        .note: ["備考", "remarks", "note", "摘要", "特記事項"], .requirement: ["その他市町村長が必要と認める事項"], .audience: ["受入対象者"],
        .overlap: ["指定緊急避難場所との住所同一", "指定避難所との住所同一", "指定避難所との重複"],
        .occupants: ["人数", "避難者数"], .countedAt: ["時点"],
        .type: ["shelter_type", "種別", "種別フラグ", "type", "施設種別", "p20_004", "避難所種別"],
        .isPublic: ["公開フラグ", "public", "public_flag", "表示フラグ", "掲載フラグ", "有効フラグ", "有効", "有効区分", "有効・無効", "公開", "表示", "公開可否", "掲載可否", "公開区分", "表示区分", "掲載区分"],
        .isWithdrawn: ["削除フラグ", "廃止フラグ", "非公開フラグ", "非表示フラグ", "閉鎖フラグ", "廃止", "削除", "非公開", "非表示", "削除区分", "廃止区分",
                       "指定取消", "指定解除", "取消", "取り消し", "解除"],
        .condition: ["状態", "状況", "現況", "施設状態", "施設状況", "指定状況", "指定状態", "運用状態", "運用状況", "使用状況"],
        .withdrawnOn: ["廃止日", "廃止年月日", "指定取消日", "指定取消年月日", "指定解除日", "指定解除年月日", "閉鎖日", "閉鎖年月日", "解除日", "取消日", "終了日"],
        .serial: ["id2"],
    ]

    /// 管理者名 and 学校区名称 are names of somebody or something else.
    static func isOfSomebodyElse(_ word: String) -> Bool {
        ["管理", "担当", "連絡", "所有", "設置者", "団体", "自治体", "市町村", "都道府県", "学区", "校区", "問い合わせ", "問合", "主体", "部署",
         "課名", "ファイル", "画像", "町名", "字名", "地図", "最寄", "責任者", "代表者", "owner", "manager", "author", "file"].contains { word.contains($0) }
    }

    /// By pattern, where no exact word matches.
    static func field(like word: String) -> Field? {
        func has(_ parts: String...) -> Bool { parts.contains { word.contains($0) } }
        if isTownCode(word) { return .town }
        guard !isOfSomebodyElse(word) else { return nil }
        if has("緯度"), has("経度") { return .place }
        if has("緯度", "latitude", "北緯") { return .latitude }
        if has("経度", "longitude", "東経") { return .longitude }
        if has("カナ", "かな", "フリガナ", "ふりがな", "よみ", "読み", "ヨミ") { return .kana }
        if has("英字", "英語", "英名", "ローマ字", "english") || word.hasSuffix("_en") { return .romanName }
        if has("fax", "ファックス", "面積", "世帯", "url", "メール", "mail") { return nil }
        if has("収容"), has("人", "可能", "定員", "数") { return .capacity }
        if has("避難可能", "受入可能", "受け入れ可能"), has("人") { return .capacity }
        if has("電話") { return .phone }
        if has("備考", "摘要", "特記") { return .note }
        let ends = ["住所", "所在地"].contains { word.hasSuffix($0) }
        if ends { return .address }
        let isName = ["名", "名称", "name"].contains { word.hasSuffix($0) }
        if isName, has("施設", "避難", "場所", "建物", "会場", "ビル", "公園", "shelter", "facility", "site", "place") { return .name }
        return nil
    }

    /// 市区町村ｺｰﾄﾞ, 自治体ＣＤ, JISコード, lg_code: whatever the office calls the number of a municipality.
    private static func isTownCode(_ word: String) -> Bool {
        let isCode = ["コード", "cd", "code"].contains { word.hasSuffix($0) }
        return isCode && (["市町村", "市区町村", "自治体", "公共団体"].contains { word.contains($0) } || ["団体", "jis", "lg_", "lgcode"].contains { word.hasPrefix($0) })
    }

    /// Tokyo Datum (日本測地系), some 400 m from the present one; 日本測地系2000 and 2011 are the present one.
    static func isOldPlace(_ word: String) -> Bool {
        let isPlace = ["緯度", "経度", "北緯", "東経", "lat", "lon", "lng"].contains { word.contains($0) }
        guard isPlace, !["2000", "2011", "jgd", "世界"].contains(where: { word.contains($0) }) else { return false }
        return ["日本測地系", "旧測地系", "旧日本", "tokyo", "tky", "東京測地系"].contains { word.contains($0) }
    }

    /// May head a column of flags as well as one of names: the cells decide.
    static func mayBeName(_ word: String) -> Bool {
        ["指定緊急避難場所", "指定避難所", "緊急避難場所", "避難場所", "避難所", "避難施設", "施設", "避難先", "一時避難場所", "広域避難場所", "福祉避難所",
         "臨時避難所", "避難場所・避難所", "津波避難ビル", "津波避難施設", "津波避難場所", "津波避難タワー"].contains(word)
    }

    static func kind(_ word: String) -> Shelter.Kind? {
        var word = word
        for ending in ["_フラグ", "フラグ"] where word.hasSuffix(ending) { word = String(word.dropLast(ending.count)) }
        return kinds[word]
    }

    private static let kinds: [String: Shelter.Kind] = [
        "避難所": .shelter, "指定避難所": .shelter, "臨時避難所": .temporary, "臨時": .temporary, "広域避難場所": .wideArea, "広域": .wideArea,
        "一時避難場所": .firstSite, "一時": .firstSite, "福祉避難所": .welfare, "福祉": .welfare, "指定緊急避難場所": .site, "緊急避難場所": .site,
        "避難場所": .site, "津波避難ビル": .tsunamiBuilding, "津波避難施設": .tsunamiBuilding, "津波避難タワー": .tsunamiBuilding,
        "津波避難場所": .tsunamiBuilding,
    ]

    // MARK: Hazards

    enum HazardReading: Equatable { case hazard(Shelter.Hazard), doubtful, none }

    private static let hazardWords: [(String, Shelter.Hazard)] = [
        ("内水", .inlandFlood), ("洪水", .flood), ("外水", .flood), ("水害", .flood), ("崖崩れ", .landslide), ("がけ崩れ", .landslide),
        ("がけくずれ", .landslide), ("土石流", .landslide), ("地滑り", .landslide), ("地すべり", .landslide), ("土砂", .landslide), ("高潮", .stormSurge),
        ("津波", .tsunami), ("地震", .earthquake), ("震災", .earthquake), ("火事", .fire), ("火災", .fire), ("大火", .fire), ("火山", .volcano), ("噴火", .volcano),
    ]
    private static let latinHazards: [String: Shelter.Hazard] = [
        "flood": .flood, "floods": .flood, "river_flood": .flood, "riverflood": .flood, "sedimentdisaster": .landslide, "landslide": .landslide,
        "landslides": .landslide, "debrisflow": .landslide, "slopefailure": .landslide, "stormsurge": .stormSurge, "hightide": .stormSurge,
        "tsunami": .tsunami, "tunami": .tsunami, "earthquake": .earthquake, "fire": .fire, "largefire": .fire, "bigfire": .fire,
        "massivefire": .fire, "inlandflood": .inlandFlood, "inlandwater": .inlandFlood, "volcano": .volcano, "volcanic": .volcano,
        "eruption": .volcano, "p20_007": .earthquake, "p20_008": .tsunami, "p20_009": .flood, "p20_010": .volcano,
    ]
    /// Hazards by number, in the order of the law: flags 1–8 of the LINE layout.
    private static let numbered: [Shelter.Hazard] = [
        .flood, .landslide, .stormSurge, .earthquake, .tsunami, .fire, .inlandFlood, .volcano,
    ]
    /// Beside a hazard these say where it strikes, how deep, or what was written about it.
    private static let elsewhere = [
        "想定", "区域", "浸水", "水深", "深さ", "高さ", "津波高", "標高", "海抜", "階", "到達", "備考", "情報", "図", "マップ", "ハザード", "警戒", "危険",
        "履歴", "被害", "対策", "注意", "リスク", "水位", "計画", "距離", "年月", "url", "耐震", "震度", "エリア", "範囲", "ゾーン", "メモ", "コメント", "特記",
        "風水害", "inundation", "zone", "risk", "depth", "level", "map", "area", "inundated",
    ]
    /// A heading that turns its column round: 津波不可 ○ is a no, 津波対象外 1 too. Nobody can know which way a blank is meant.
    private static let turned = ["不可", "ng", "対象外", "除外", "不適", "閉鎖", "禁止", "停止", "以外", "使えない", "使用しない", "利用しない", "できない", "開設しない", "×", "unfit", "unsafe", "closed", "not_", "no_"]
    /// 可・不可 names both ways and turns nothing.
    private static let bothWays = ["可・不可", "可不可", "可/不可", "可／不可", "適・不適", "適不適", "適/不適", "適／不適", "対象・対象外", "対象/対象外"]

    /// What may stand around a hazard's word without changing it; longest first.
    private static let around = [
        "災害種別フラグ", "災害種別", "災害種類", "対象災害", "対応災害", "災害の種類", "災害", "大規模な", "大規模", "氾濫", "河川", "フラグ", "種別", "種類", "異常な現象",
        "現象", "対応", "可否", "適否", "適合", "適用", "指定", "避難", "使用", "利用", "開設", "対象", "該当", "による", "に対する", "に対して", "及び", "または", "又は",
        "崩壊", "時", "等", "の", "可", "用", "場所", "所",
    ]

    /// - Parameter group: what stands over the column in a header of two lines.
    static func hazard(_ word: HeaderWord, group: String) -> HazardReading {
        for form in word.forms {
            for stem in ["災害種別フラグ", "災害種別_", "災害種別", "hazard_", "hazard"] where form.hasPrefix(stem) {
                if let number = Int(form.dropFirst(stem.count)), (1...8).contains(number) {
                    // Inside the range of the table by the condition above.
                    return .hazard(numbered[number - 1])
                }
            }
        }
        let whole = group + word.exact
        let oneWay = bothWays.reduce(whole) { $0.replacing($1, with: "") }
        let isElsewhere = elsewhere.contains { whole.contains($0) } || turned.contains { oneWay.contains($0) }
        for form in word.forms {
            let latin = form.filter { $0 != "_" && $0 != "-" }
            // flood_L1, flood_L2: two scales of one hazard.
            let base = latin.hasSuffix("l1") || latin.hasSuffix("l2") ? String(latin.dropLast(2)) : latin
            if let hazard = latinHazards[form] ?? latinHazards[latin] ?? latinHazards[base] { return isElsewhere ? .doubtful : .hazard(hazard) }
        }
        let named = hazardWords.filter { word.exact.contains($0.0) }
        guard let first = named.first else { return isElsewhere && hasHazardWord(whole) ? .doubtful : .none }
        if isElsewhere || Set(named.map(\.1)).count > 1 { return .doubtful }
        var rest = word.plain
        for part in named.map(\.0) + around { rest = rest.replacing(part, with: "") }
        return rest.filter(\.isLetter).count <= 2 ? .hazard(first.1) : .doubtful
    }

    private static func hasHazardWord(_ word: String) -> Bool {
        hazardWords.contains { word.contains($0.0) } || word.contains("浸水") || word.contains("inundation")
    }
}
