import AlertModel

extension RoutingRules {
    /// What a town sends unless its settings say otherwise.
    ///
    /// Codes: JMA 個別コード表 2026-07 (TsunamiWarning, WeatherWarning, SoilWarning, VolcanicWarning,
    /// EarthquakeInformation, HazardousRain, HazardousWindWatch) and 指定河川洪水予報 of VXKO.
    package static let standard = RoutingRules(
        // 警報 itself begins at ５弱; 4 is where things fall from shelves.
        eewForecastFrom: .four,
        earthquakeFrom: .three,
        earthquakeUrgentFrom: .fiveLower,
        codes: [
            AlertKind.tsunami.rawValue: tsunami,
            AlertKind.weather.rawValue: weather,
            AlertKind.landslide.rawValue: [
                "0": .none, "1": .lifted, "3": .urgent, "9": .routine, "29": .background, "39": .urgent, "49": .urgent,
            ],
            AlertKind.flood.rawValue: flood,
            AlertKind.volcano.rawValue: volcano,
            AlertKind.ashfall.rawValue: [
                "70": .background, "71": .background, "72": .routine, "73": .routine, "75": .routine,
            ],
            AlertKind.tornado.rawValue: ["0": .none, "1": .routine],
            AlertKind.heavyRainRecord.rawValue: ["0": .none, "1": .urgent],
            AlertKind.nankai.rawValue: [
                "111": .routine, "112": .routine, "113": .routine, "120": .urgent, "130": .urgent, "190": .routine,
                "200": .background, "210": .background, "219": .background,
            ],
        ],
        // 噴火速報 is for those who are on the mountain now; 気象特別警報報知 is urgent whatever code it bears;
        // 降灰予報（定時） comes eight times a day from a smoking volcano.
        // Time series and daily outlooks are no warnings.
        types: [
            "VFVO56": .immediate, "VPNO50": .urgent, "VFVO53": .background, "VPWP50": .skip, "VPFG50": .skip,
        ],
        otherwise: [
            AlertKind.tsunami.rawValue: .routine, AlertKind.weather.rawValue: .routine,
            AlertKind.landslide.rawValue: .urgent, AlertKind.flood.rawValue: .routine,
            AlertKind.volcano.rawValue: .routine, AlertKind.ashfall.rawValue: .background,
            AlertKind.typhoon.rawValue: .background, AlertKind.tornado.rawValue: .routine,
            AlertKind.heavyRainRecord.rawValue: .urgent, AlertKind.nankai.rawValue: .routine,
            AlertKind.missile.rawValue: .immediate, AlertKind.notice.rawValue: .background, AlertKind.evacuation.rawValue: .urgent,
            AlertKind.shelter.rawValue: .routine, AlertKind.headquarters.rawValue: .routine, AlertKind.other.rawValue: .routine,
        ],
        followsWithoutArea: [],
        // 緊急速報メール: the municipal subjects of the carriers' joint guide (配信の手引き), as the press lists them
        // (k-tai.watch 2021-07). Shelters and notices are none of them. Every phone sounds, so nothing routine.
        channels: [
            "area-mail": ChannelRule(
                kinds: [.evacuation, .tsunami, .volcano, .landslide, .flood, .eew], slowest: .urgent)
        ])

    /// 51 is urgent and not immediate: the few slots kept for `immediate` belong to 大津波警報 and EEW, and an upgrade
    /// from 51 to 52 must overtake.
    private static let tsunami: [String: Course] = [
        "0": .lifted, "50": .lifted, "60": .lifted,
        "51": .urgent, "52": .immediate, "53": .immediate,
        "62": .urgent, "71": .routine, "72": .lifted, "73": .lifted,
    ]

    /// 特別警報 and level 4 are urgent, warnings routine, advisories background.
    private static let weather: [String: Course] = {
        var courses: [String: Course] = ["0": .lifted]
        for code in [32, 33, 35, 36, 37, 38, 39, 43, 48, 49] { courses["\(code)"] = .urgent }
        for code in 2...9 { courses["\(code)"] = .routine }
        for code in Array(10...27) + [29] where code != 11 { courses["\(code)"] = .background }
        return courses
    }()

    /// Tens: 1 lifted, 2 注意, 3 警戒 (level 3), 4 危険 (level 4), 5 発生 (level 5).
    private static let flood: [String: Course] = {
        var courses: [String: Course] = ["10": .lifted]
        for code in 20...29 { courses["\(code)"] = .routine }
        for code in 30...59 { courses["\(code)"] = .urgent }
        return courses
    }()

    private static let volcano: [String: Course] = [
        "1": .urgent, "2": .routine, "3": .routine, "4": .lifted, "5": .background,
        "11": .background, "12": .routine, "13": .routine, "14": .urgent, "15": .immediate,
        "21": .background, "22": .routine, "23": .routine, "24": .urgent, "25": .immediate,
        "31": .routine, "32": .lifted, "33": .background, "35": .background, "36": .routine,
        "41": .immediate, "42": .routine, "43": .routine, "44": .routine, "45": .background, "46": .immediate,
        "47": .urgent, "48": .routine, "49": .routine,
        "51": .routine, "52": .routine, "53": .routine, "54": .routine, "55": .background, "56": .routine,
        "61": .routine, "62": .routine, "63": .routine, "64": .routine, "65": .background,
    ]

    /// What an issuer's own words weigh. Urgent is drawn where alerts sound on every phone of the United States
    /// (47 CFR 10.400(b)): Extreme or Severe, Immediate or Expected, and not in doubt. Nil where it is not said.
    static func course(weighing weight: Weight) -> Course? {
        let isInDoubt = ["Possible", "Unlikely"].contains(weight.certainty)
        let isSure = ["Observed", "Likely", "Very Likely"].contains(weight.certainty)
        switch (weight.severity, weight.urgency) {
        case (nil, _), (_, nil), ("Unknown", _), (_, "Unknown"): return nil
        case ("Minor", _): return .background
        case _ where weight.certainty == "Unlikely": return .background
        case ("Extreme", "Immediate") where isSure: return .immediate
        case ("Extreme", "Immediate"), ("Extreme", "Expected"), ("Severe", "Immediate"), ("Severe", "Expected"):
            return isInDoubt ? .routine : .urgent
        default: return .routine
        }
    }

    /// What a name tells where its code is new: vocabularies change before tables do (levels in names since 2026-05).
    static func course(named name: String) -> Course? {
        // Ｊアラート by satellite (DCX) has words and no codes of JMA.
        if name.contains("ミサイル") || name.contains("空襲") || name.contains("核兵器") { return .immediate }
        if name.contains("解除") { return .lifted }
        // 線状降水帯発生 and 直前予測 mean that level 4 is there or near (警戒レベル4相当以上で発表).
        if name.contains("線状降水帯発生") || name.contains("線状降水帯直前予測") { return .urgent }
        if name.contains("特別警報") || name.contains("危険警報") || name.contains("レベル５") || name.contains("レベル４") {
            return .urgent
        }
        if name.contains("警報") { return .routine }
        if name.contains("注意報") { return .background }
        return nil
    }
}
