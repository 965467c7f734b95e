import AlertModel
internal import ChannelKit
internal import Meanings

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
        channels: [:],
        roles: [
            ChannelManifest.Role.crowd.rawValue: ChannelRule(
                kinds: [.evacuation, .tsunami, .volcano, .landslide, .flood, .eew], slowest: .urgent),
            // Nobody is woken at night for what can wait until the screen is on.
            ChannelManifest.Role.hint.rawValue: ChannelRule(slowest: .urgent),
        ])

    /// 津波警報 is urgent and not immediate: the few slots kept for `immediate` belong to 大津波警報 and EEW, and an upgrade
    /// from 51 to 52 must overtake.
    private static let tsunami = courses(of: .tsunami, [.emergency: .immediate, .danger: .urgent, .warning: .urgent, .advisory: .routine])

    /// 特別警報 and level 4 are urgent, warnings routine, advisories background.
    private static let weather = courses(of: .weather, named)

    private static let flood = courses(of: .flood, [.emergency: .urgent, .danger: .urgent, .warning: .urgent, .advisory: .routine])

    /// By 噴火警戒レベル, and what has no level: 51…65 say that something has come out (55 and 65: of little weight).
    private static let volcano = courses(
        of: .volcano, [.emergency: .immediate, .danger: .urgent, .warning: .routine, .advisory: .routine, .information: .background]
    ).merging([
        "3": .routine, "31": .routine, "33": .background, "35": .background,
        "51": .routine, "52": .routine, "53": .routine, "54": .routine, "55": .background, "56": .routine,
        "61": .routine, "62": .routine, "63": .routine, "64": .routine, "65": .background,
    ]) { $1 }

    private static let named: [Gravity: Course] = [.emergency: .urgent, .danger: .urgent, .warning: .routine, .advisory: .background]

    /// How fast a code goes: what it means is said elsewhere (`Meaning`), here only what that is worth.
    private static func courses(of kind: AlertKind, _ pace: [Gravity: Course]) -> [String: Course] {
        var courses: [String: Course] = [:]
        for code in 0...99 {
            let meaning = Meaning(code: code, of: kind)
            courses["\(code)"] = meaning.state == .over ? .lifted : meaning.gravity.flatMap { pace[$0] }
        }
        return courses
    }

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
        return Meaning.gravity(named: name).flatMap { named[$0] }
    }
}
