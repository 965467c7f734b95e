/// What a CAP alert is about, in our words.
///
/// CAP's `event` is free text in any language. It is searched for the words below, the first row that fits wins;
/// then the texts of `eventCode`; then the category. Rows are ordered so that what people must do (evacuate) and
/// what kills soonest come before what caused it: "flood evacuation order" is an evacuation.
import AlertModel

enum CAPKind {
    private static let words: [(AlertKind, [String])] = [
        (.evacuation, ["避難指示", "高齢者等避難", "緊急安全確保", "避難情報", "避難勧告", "evacuat"]),
        (.shelter, ["避難所", "shelter open", "evacuation shelter", "evacuation centre", "evacuation center"]),
        (.missile, ["ミサイル", "空襲", "弾道", "飛翔体", "missile", "projectile", "rocket attack", "air raid", "air attack"]),
        (.eew, ["緊急地震速報", "earthquake early warning", "earthquake warning"]),
        (.tsunami, ["津波", "tsunami", "maremoto"]),
        (.nankai, ["南海トラフ", "nankai"]),
        (.earthquake, ["地震", "震度", "earthquake", "seismic", "sismo", "terremoto", "séisme"]),
        (.ashfall, ["降灰", "ashfall", "volcanic ash", "ash fall"]),
        (.volcano, ["噴火", "火山", "volcan", "eruption", "pyroclastic", "lahar"]),
        (.landslide, ["土砂", "がけ崩れ", "地すべり", "landslide", "debris flow", "mudslide"]),
        (.heavyRainRecord, ["記録的短時間大雨"]),
        (.flood, ["洪水", "氾濫", "はん濫", "浸水", "flood", "inundation", "inondation"]),
        (.tornado, ["竜巻", "tornado", "waterspout"]),
        (.typhoon, ["台風", "typhoon", "hurricane", "tropical cyclone", "tropical storm"]),
        (
            .weather,
            [
                "気象", "大雨", "暴風", "強風", "大雪", "暴風雪", "高潮", "波浪", "雷", "霜", "濃霧", "乾燥", "なだれ", "低温",
                "着氷", "着雪", "融雪", "熱中症", "高温", "storm", "blizzard", "rain", "snow", "wind", "gale", "heat", "cold",
                "frost", "freez", "fog", "avalanche", "surge", "swell", "high surf", "lightning", "hail", "weather",
                "thunder", "ice ", "orage", "neige", "vent", "pluie",
            ]
        ),
        (.notice, ["お知らせ", "広報"]),
    ]

    /// SAME codes (47 CFR 11.31) of hazards that have a kind here.
    private static let same: [String: AlertKind] = [
        "EQW": .earthquake, "EQE": .earthquake, "TSW": .tsunami, "TSA": .tsunami, "VOW": .volcano, "EVI": .evacuation,
        "FFW": .flood, "FFA": .flood, "FFS": .flood, "FLW": .flood, "FLA": .flood, "FLS": .flood, "CFW": .flood,
        "TOR": .tornado, "TOA": .tornado, "HUW": .typhoon, "HUA": .typhoon, "TRW": .typhoon, "TRA": .typhoon,
        "BZW": .weather, "WSW": .weather, "WSA": .weather, "HWW": .weather, "HWA": .weather, "SVR": .weather,
        "SVA": .weather, "SSW": .weather, "SMW": .weather, "AVW": .weather, "DSW": .weather,
    ]

    static func of(_ info: CAPAlert.Info) -> AlertKind {
        if let kind = match(info.event) { return kind }
        for code in info.eventCodes.prefix(20) {
            if let kind = same[code.value.uppercased()] ?? match(code.value) { return kind }
        }
        // Weather is what the event itself is not said to be: people under attack must not read of rain.
        return info.categories == ["Met"] && !strangers.contains { names($0, in: info.event.lowercased()) } ? .weather : .other
    }

    private static let strangers = [
        "国民保護", "武力攻撃", "テロ", "ゲリラ", "化学", "放射", "原子力", "感染", "terror", "attack", "civil defen", "civil protection", "chemical", "radiolog", "nuclear", "shooter", "biolog",
    ]

    private static func match(_ text: String) -> AlertKind? {
        // An event is a few words; what is longer is not searched to its end.
        let text = text.prefix(200).lowercased()
        return words.first { $0.1.contains { Self.names($0, in: text) } }?.0
    }

    /// Latin words begin where a word begins: "rain" is not in "train", nor "heat" in "threat".
    private static func names(_ word: String, in text: String) -> Bool {
        guard word.utf8.first.map({ $0 < 0x80 }) ?? false else { return text.contains(word) }
        return text.ranges(of: word).contains { range in
            range.lowerBound == text.startIndex || !text[text.index(before: range.lowerBound)].isLetter
        }
    }
}
