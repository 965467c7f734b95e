import AlertModel
import Codes
import Foundation
import Meanings
import Testing

@Suite("What codes mean")
struct MeaningTests {
    func meaning(_ kind: AlertKind, _ code: String?, _ name: String? = nil, _ status: String? = nil) -> Meaning {
        Meaning(AreaStatement(scheme: .jmaCity, code: "0420500", kindCode: code, kindName: name, status: status), of: kind)
    }

    @Test("A level in a name is the level of the danger, also where the code is new", arguments: [
        ("39", "レベル５土砂災害特別警報", 5), ("49", "レベル４土砂災害危険警報", 4), ("09", "レベル３土砂災害警報", 3), ("29", "レベル２土砂災害注意報", 2),
        ("43", "レベル４大雨危険警報", 4), ("48", "レベル４高潮危険警報", 4), ("97", "レベル４高潮なんとか警報", 4), ("98", "レベル５大雨なんとか", 5),
    ])
    func levels(code: String, name: String, level: Int) {
        #expect(meaning(.weather, code, name).level == level)
        #expect(meaning(.landslide, code, name).level == (name.contains("土砂") ? level : meaning(.landslide, code, name).level))
    }

    @Test("Storms, waves and snow have special warnings and no warning level", arguments: ["35", "36", "37", "32", "05", "21"])
    func withoutLevel(code: String) {
        #expect(meaning(.weather, code).level == nil)
        #expect(meaning(.weather, code).gravity != nil)
    }

    @Test("A river's level is the tens of its code, whatever the wording")
    func rivers() {
        #expect([("21", "レベル２氾濫注意報"), ("30", "氾濫警戒情報"), ("41", ""), ("53", "氾濫発生情報（氾濫水の予報）")].map { meaning(.flood, $0.0, $0.1).level } == [2, 3, 4, 5])
        #expect(meaning(.flood, nil, "レベル５氾濫特別警報").level == 5)
        #expect(meaning(.flood, "10", "氾濫注意報解除").state == .over)
    }

    @Test("What is lifted has no level and what is not said is nothing")
    func over() {
        #expect(meaning(.weather, "33", "大雨特別警報", "解除").level == nil)
        #expect(meaning(.weather, nil, nil, "発表警報・注意報はなし").state == .nothing)
        #expect(meaning(.tsunami, "60").state == .over)
        #expect(meaning(.tsunami, "73").state == .over)
        #expect(meaning(.landslide, "1", "解除").state == .over)
    }

    @Test("The finest area decides about an early warning: a district of kind 00 in a warned prefecture is forecast")
    func finest() {
        let district = AreaStatement(scheme: .jmaSeismic, code: "704", kindCode: "00", value: "4")
        let prefecture = AreaStatement(scheme: .jmaEEW, code: "9350", kindCode: "31")
        #expect(!EarlyWarning.isWarned([prefecture, district]))
        #expect(EarlyWarning.isWarned([prefecture]))
    }

    @Test("Every code of a weather warning in JMA's table has a hazard and a gravity")
    func table() {
        let today = Date(timeIntervalSince1970: 1_790_000_000)
        for code in 1...99 {
            let text = code < 10 ? "0\(code)" : "\(code)"
            guard let name = CodeTables.bundled.kindName(.weather, text, at: today), !name.isEmpty else { continue }
            #expect(Meaning.weather[code] != nil, "\(code) \(name)")
        }
    }
}
