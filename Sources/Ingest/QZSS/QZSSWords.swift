/// The small tables that are the satellite's own: a number of the message to JMA's code or to a word.
import AlertModel

enum QZSSWords {
    /// Region flags 1…70 to EEW area codes, in the order of Table 4.1.2-10.
    static let earlyWarningRegions = [
        9011, 9012, 9013, 9014, 9020, 9030, 9040, 9050, 9060, 9070, 9080, 9090, 9100, 9110, 9120, 9131, 9132, 9133, 9140,
        9150, 9160, 9170, 9180, 9190, 9200, 9210, 9220, 9230, 9240, 9250, 9260, 9270, 9280, 9290, 9300, 9310, 9320, 9330,
        9340, 9350, 9360, 9370, 9380, 9390, 9400, 9410, 9420, 9430, 9440, 9450, 9461, 9462, 9471, 9472, 9473, 9474,
        9910, 9920, 9931, 9932, 9933, 9934, 9935, 9936, 9941, 9942, 9943, 9951, 9952, 9960,
    ]

    static let orMore = "程度以上"
    /// Tables 4.1.2-8 and -9; 11 is an upper limit only.
    static let intensityLimits = [
        1: "震度0", 2: "震度1", 3: "震度2", 4: "震度3", 5: "震度4", 6: "震度5弱", 7: "震度5強", 8: "震度6弱", 9: "震度6強",
        10: "震度7", 11: orMore, 14: "なし", 15: "不明",
    ]
    /// 6 is an upper limit only.
    static let longPeriodClasses = [1: "1未満", 2: "1", 3: "2", 4: "3", 5: "4", 6: orMore, 7: "不明"]
    /// Table 4.1.2-15, in the writing of JMA's bulletins.
    static let intensities = [1: "4未満", 2: "4", 3: "5-", 4: "5+", 5: "6-", 6: "6+", 7: "7"]

    /// 地震関連情報番号: JMA's code and word. 1, 2, 3 are 調査中 for three reasons.
    static let nankai: [Int: (String, String)] = [
        1: ("111", "調査中"), 2: ("112", "調査中"), 3: ("113", "調査中"), 4: ("120", "巨大地震警戒"), 5: ("130", "巨大地震注意"),
        6: ("190", "調査終了"), 15: ("", "その他の情報"),
    ]

    /// Table 4.1.2-22 to TsunamiWarning.
    static let tsunamiKinds = [1: "00", 2: "50", 3: "51", 4: "52", 5: "53"]
    static let tsunamiHeights = [
        1: "0.2m未満", 2: "1m", 3: "3m", 4: "5m", 5: "10m", 6: "10m超", 13: "該当情報なし", 14: "不明", 15: "その他の津波の高さ",
    ]
    static let pacificHeights = [
        1: "0.3m~1m", 2: "1m~3m", 3: "3m~5m", 4: "5m~10m", 508: "More than 10m", 509: "Huge", 510: "High", 511: "Unknown",
    ]
    static let tsunamigenicPotential = [
        0: "There is no possibility of a tsunami.",
        1: "There is a possibility of a destructive ocean-wide tsunami.",
        2: "There is a possibility of a destructive regional tsunami.",
        3: "There is a possibility of a destructive local tsunami near the epicenter.",
        4: "There is a very small possibility of a destructive local tsunami.",
        7: "その他の津波発生の可能性有無",
    ]

    /// Table 4.1.2-36 to VolcanicWarning.
    static let ashAmounts = [1: "71", 2: "72", 3: "73", 4: "75"]

    /// Table 4.1.2-40; the codes are those of WeatherWarning, SoilWarning, HazardousRain and HazardousWindWatch.
    static let weatherKinds: [Int: (code: String?, name: String, kind: AlertKind)] = [
        1: ("32", "暴風雪特別警報", .weather), 2: ("33", "大雨特別警報", .weather), 3: ("35", "暴風特別警報", .weather),
        4: ("36", "大雪特別警報", .weather), 5: ("37", "波浪特別警報", .weather), 6: ("38", "高潮特別警報", .weather),
        7: (nil, "全ての気象特別警報", .weather), 21: ("1", "記録的短時間大雨情報", .heavyRainRecord),
        22: ("1", "竜巻注意情報", .tornado), 23: ("3", "土砂災害警戒情報", .landslide), 31: (nil, "その他の警報等情報要素", .weather),
    ]
    static let floodLevels = [1: "警報解除", 2: "氾濫警戒情報", 3: "氾濫危険情報", 4: "氾濫発生情報", 15: "その他の警戒レベル"]
}
