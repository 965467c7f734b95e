import AlertModel
import ChannelKit
import Testing

@testable import Targeting

@Suite("Who hears an alert of the weather agency")
struct RoutingTests {
    @Test("An earthquake early warning for the town's own area is immediate", arguments: ["31", "10", "11", "19"])
    func warned(code: String) throws {
        let decision = try judged(alert(.eew, [statement(.jmaSeismic, "220", code, value: "5-")]))
        #expect(decision.verdict == .send(.immediate))
        #expect(decision.reason == .earthquakeWarning(area: "宮城県"))
        #expect(decision.local.map(\.code) == ["220"])
    }

    @Test("A warning that names only the prefecture or the region reaches the town", arguments: ["9040", "9920"])
    func warnedByRegion(code: String) throws {
        #expect(try judged(alert(.eew, [statement(.jmaEEW, code, "31")])).verdict == .send(.immediate))
    }

    @Test("A warning for the region does not wake a town whose own part of it is not warned")
    func finestLevelDecides() throws {
        let content = alert(.eew, [
            statement(.jmaEEW, "9920", "31"), statement(.jmaEEW, "9040", "31"), statement(.jmaSeismic, "222", "31"),
        ])
        let decision = try judged(content)
        #expect(decision.verdict == .skip)
        #expect(decision.reason == .elsewhereInRegion)
        let withoutSeismicCode = Kesennuma.town(areas: [.jmaEEW: ["9040", "9920"]])
        #expect(try judged(content, withoutSeismicCode).verdict == .send(.immediate))
    }

    @Test("A forecast is sent from the town's threshold on", arguments: [
        ("1", false), ("3", false), ("4", true), ("5-", true), ("3から4", true), ("不明", false),
    ])
    func forecast(value: String, isSent: Bool) throws {
        let decision = try judged(alert(.eew, [statement(.jmaSeismic, "220", "00", value: value)]))
        #expect((decision.verdict == .send(.immediate)) == isSent)
    }

    @Test("A forecast below the threshold says which and why")
    func forecastBelow() throws {
        let decision = try judged(alert(.eew, [statement(.jmaSeismic, "220", "00", value: "3")]))
        #expect(decision.reason.code == "forecast-below-threshold")
        #expect(decision.reason.english == "Forecast intensity 3: below this town's threshold of 4.")
        #expect(decision.reason.japanese == "予測震度３は、この市町村の基準（震度４）に達しません。")
    }

    @Test("A town may choose its own thresholds")
    func ownThreshold() throws {
        let content = alert(.eew, [statement(.jmaSeismic, "220", "00", value: "3")])
        #expect(try judged(content, rules: .init(eewForecastFrom: .three)).verdict == .send(.immediate))
    }

    @Test("Carriers send EEW themselves, so area mail sends none unless the far end asks", arguments: [
        (["eew": "send"], true), ([:], false), (["eew": "no"], false),
    ])
    func carriers(settings: [String: String], isSent: Bool) throws {
        let town = Kesennuma.town([Endpoint(id: "gateway", channel: "area-mail", name: "", actual: settings)])
        let decision = try judged(alert(.eew, [statement(.jmaSeismic, "220", "31")]), town, on: "area-mail")
        #expect((decision.verdict != .skip) == isSent)
        if !isSent { #expect(decision.reason == .carriersSendEEW) }
    }

    @Test("Observed intensities: below 3 nobody, from 3 routine, from 5-lower urgent", arguments: [
        ("1", Verdict.skip), ("2", .skip), ("3", .send(.routine)), ("4", .send(.routine)), ("5-", .send(.urgent)),
        ("6+", .send(.urgent)), ("7", .send(.urgent)),
    ])
    func observed(value: String, verdict: Verdict) throws {
        let area = alert(.earthquake, [statement(.jmaSeismic, "220", value: value)], type: "VXSE51")
        #expect(try judged(area).verdict == verdict)
        let city = alert(.earthquake, [
            statement(.jmaSeismic, "220", value: "7"), statement(.jmaCity, "0420500", value: value),
        ], type: "VXSE53")
        #expect(try judged(city).verdict == verdict, "the town's own intensity counts, not its region's")
    }

    @Test("A town whose intensity has not come in may be the worst hit")
    func silentTown() throws {
        let content = alert(.earthquake, [
            statement(.jmaSeismic, "220", value: "3"), statement(.jmaCity, "0420500", value: "震度５弱以上未入電"),
        ])
        let decision = try judged(content)
        #expect(decision.verdict == .send(.urgent))
        #expect(decision.reason == .intensityMissing)
    }

    @Test("A town that has spoken through another station is told its intensity")
    func halfSilentTown() throws {
        let content = alert(.earthquake, [
            statement(.jmaCity, "0420500", status: "震度５弱以上未入電", value: "6+")
        ])
        #expect(try judged(content).reason == .observedIntensity(.sixUpper))
    }

    @Test("A missile is immediate though no code says so, a time series is no warning")
    func words() throws {
        let missile = alert(.other, [statement(.localGovernment, "042056", nil, "ミサイル攻撃")])
        #expect(try judged(missile).verdict == .send(.immediate))
        let series = alert(.weather, [statement(.jmaForecast, "040014")], type: "VPWP50")
        #expect(try judged(series).verdict == .skip)
    }

    @Test("An eruption flash is immediate, the wind that carries the ash is not; a band of rain that stays is urgent")
    func flashes() throws {
        let eruption = alert(.volcano, [statement(.jmaCity, "0420500", "62", "噴火したもよう")], type: "VFVO56")
        #expect(try judged(eruption).verdict == .send(.immediate))
        #expect(try judged(alert(.volcano, [statement(.jmaCity, "0420500", "51", "爆発")], type: "VFVO60")).verdict == .send(.routine))
        let rain = alert(.weather, [statement(.jmaForecast, "040010", nil, "線状降水帯発生")], type: "VPBS50")
        #expect(try judged(rain).verdict == .send(.urgent))
    }

    @Test("A report for a region is for all of it, though it measured in one municipality")
    func measured() throws {
        let report = alert(
            .heavyRainRecord, [statement(.jmaForecast, "040010", nil, "記録雨"), statement(.jmaCity, "0460600", value: "約１００ミリ")],
            type: "VPBS50")
        #expect(try judged(report).verdict != .skip)
    }

    @Test("A district of kind 00 is forecast, also where only its prefecture is named as warned")
    func finestOfWarning() throws {
        let content = alert(.eew, [
            statement(.jmaEEW, "9040", "31", "緊急地震速報（警報）"), statement(.jmaSeismic, "220", "00", "緊急地震速報（予報）", value: "4"),
        ])
        #expect(try judged(content).reason == .forecastIntensity(.four))
    }

    @Test("An information number is no area")
    func informationNumber() throws {
        let content = alert(.nankai, [statement(.other, "120", "120", "巨大地震警戒")])
        #expect(try judged(content).reason == .noArea)
        #expect(try judged(content, rules: .init(followsWithoutArea: [.nankai])).verdict == .send(.urgent))
    }

    @Test("Tsunami by the code of the town's stretch of coast", arguments: [
        ("52", Verdict.send(.immediate), "in-force"), ("53", .send(.immediate), "in-force"),
        ("51", .send(.urgent), "in-force"), ("62", .send(.urgent), "in-force"), ("71", .send(.routine), "in-force"),
        ("72", .send(.routine), "lifted"), ("73", .send(.routine), "lifted"), ("50", .send(.routine), "lifted"),
        ("60", .send(.routine), "lifted"), ("99", .send(.routine), "unknown-kind"),
    ])
    func tsunami(code: String, verdict: Verdict, reason: String) throws {
        let decision = try judged(alert(.tsunami, [
            statement(.jmaTsunami, "210", "52"), statement(.jmaTsunami, "220", code),
        ], type: "VTSE41"))
        #expect(decision.verdict == verdict)
        #expect(decision.reason.code == reason)
        #expect(decision.local.count == 1)
    }

    @Test("A town without a tsunami code is told apart from a town elsewhere")
    func inland() throws {
        let content = alert(.tsunami, [statement(.jmaTsunami, "210", "52")])
        #expect(try judged(content).reason == .notThisArea)
        let inland = Kesennuma.town(areas: [.jmaSeismic: ["220"]])
        #expect(try judged(content, inland).reason == .noTownCode(.jmaTsunami))
    }

    @Test("Weather by the code of the municipality, with or without its leading zero", arguments: [
        ("33", "大雨特別警報", Verdict.send(.urgent)), ("43", "レベル４大雨危険警報", .send(.urgent)),
        ("03", "大雨警報", .send(.routine)), ("3", "大雨警報", .send(.routine)), ("14", "雷注意報", .send(.background)),
        ("98", "レベル４新しい危険警報", .send(.urgent)), ("97", "新しい注意報", .send(.background)),
        ("96", "未知", .send(.routine)), ("00", "解除", .send(.routine)),
    ])
    func weather(code: String, name: String, verdict: Verdict) throws {
        #expect(try judged(alert(.weather, [statement(.jmaCity, "0420500", code, name)], type: "VPWW54")).verdict == verdict)
    }

    @Test("The prefecture's headline does not speak for a town when towns are listed")
    func municipalitiesDecide() throws {
        let headline = statement(.jmaForecast, "040000", "03", "大雨警報")
        #expect(try judged(alert(.weather, [headline, statement(.jmaCity, "0410001", "03")])).reason == .notThisArea)
        #expect(try judged(alert(.weather, [headline])).verdict == .send(.routine))
        #expect(try judged(alert(.weather, [headline, statement(.jmaForecast, "040015", "03")])).verdict == .skip)
    }

    @Test("A town under no warning is told nothing")
    func nothingInForce() throws {
        let content = alert(.weather, [statement(.jmaCity, "0420500", status: "発表警報・注意報はなし")])
        #expect(try judged(content).reason == .nothingInForce)
    }

    @Test("What is in force decides before what is lifted, and 解除 is lifted whatever the code")
    func liftedAndInForce() throws {
        let lifted = statement(.jmaCity, "0420500", "33", "大雨特別警報", status: "解除")
        let advisory = statement(.jmaCity, "0420500", "14", "雷注意報", status: "継続")
        #expect(try judged(alert(.weather, [lifted])).reason == .lifted("大雨特別警報", area: "宮城県"))
        #expect(try judged(alert(.weather, [lifted, advisory])).reason == .inForce("雷注意報", area: "宮城県"))
    }

    @Test("Landslide, river and volcano by their codes", arguments: [
        (AlertKind.landslide, "3", Verdict.send(.urgent)), (.landslide, "1", .send(.routine)), (.landslide, "0", .skip),
        (.flood, "53", .send(.urgent)), (.flood, "30", .send(.urgent)), (.flood, "20", .send(.routine)),
        (.volcano, "15", .send(.immediate)), (.volcano, "12", .send(.routine)), (.volcano, "05", .send(.background)),
        (.ashfall, "71", .send(.background)), (.heavyRainRecord, "1", .send(.urgent)), (.tornado, "1", .send(.routine)),
    ])
    func byCode(kind: AlertKind, code: String, verdict: Verdict) throws {
        #expect(try judged(alert(kind, [statement(.jmaCity, "0420500", code, "名")], type: "")).verdict == verdict)
    }

    @Test("A flooded municipality takes the level of its river")
    func river() throws {
        let content = alert(.flood, [
            statement(.jmaRiver, "820204000101", "53", "氾濫発生情報"), statement(.jmaCity, "0420500", "1", "浸水想定地区"),
        ])
        #expect(try judged(content).verdict == .send(.urgent))
    }

    @Test("An alert that names no area goes nowhere", arguments: AlertKind.allCases)
    func noArea(kind: AlertKind) throws {
        let decision = try judged(alert(kind))
        #expect(decision.verdict == .skip)
        #expect(decision.reason.code == "no-area")
        // An early warning's first reports are so by nature: it is no fault, and more will come.
        #expect(decision.reason.japanese.contains(kind == .eew ? "続報" : "指定がありません"))
        #expect(decision.reason.english.contains(kind == .eew ? "later report" : "names no area"))
    }

    @Test("A town may follow Nankai Trough information, which names no area")
    func nankai() throws {
        let decision = try judged(alert(.nankai), rules: .init(followsWithoutArea: [.nankai]))
        #expect(decision.verdict == .send(.routine))
    }

    @Test("Local government codes: the town's, its prefecture's, and never another town's", arguments: [
        ("042056", true), ("04205", true), ("040002", true), ("04", true), ("042030", false), ("030007", false),
    ])
    func localGovernment(code: String, isHit: Bool) throws {
        #expect((try judged(alert(.other, [statement(.localGovernment, code)])).verdict != .skip) == isHit)
    }

    @Test("A shape reaches a town whose outline it meets, and nobody else", arguments: [
        ("38.5,141 39,141 39,142 38.5,142 38.5,141", AreaScheme.polygon, true),
        ("30,130 31,130 31,131 30,131 30,130", .polygon, false),
        ("38.9,141.57 5", .circle, true), ("35.7,139.7 5", .circle, false),
    ])
    func shapes(code: String, scheme: AreaScheme, isSent: Bool) throws {
        let content = alert(.other, [statement(scheme, code)])
        #expect(try judged(content).reason == .outlineUnknown)
        let outline = [(38.85, 141.5), (38.95, 141.5), (38.95, 141.65), (38.85, 141.65)].map {
            Coordinate(latitude: $0.0, longitude: $0.1)
        }
        let decision = try judged(content, Kesennuma.town(outline: [outline]))
        #expect((decision.verdict == .send(.routine)) == isSent)
        #expect(decision.reason.code == (isSent ? "in-force" : "not-this-area"))
    }

    @Test("A shape that cannot be read reaches nobody and says so")
    func brokenShape() throws {
        let town = Kesennuma.town(outline: [[Coordinate(latitude: 38.9, longitude: 141.5)]])
        #expect(try judged(alert(.other, [statement(.polygon, "38,141")]), town).reason == .badShape)
    }
}

@Suite("What a CAP alert's own words weigh")
struct WeightTests {
    @Test("Severity, urgency and certainty decide how fast a place without codes is told", arguments: [
        ("Extreme", "Immediate", "Observed", Priority.immediate), ("Extreme", "Immediate", "Very Likely", .immediate),
        ("Extreme", "Immediate", "Unknown", .urgent), ("Extreme", "Expected", "Likely", .urgent),
        ("Severe", "Immediate", "Observed", .urgent), ("Severe", "Expected", "Likely", .urgent),
        ("Severe", "Immediate", "Possible", .routine), ("Extreme", "Future", "Likely", .routine),
        ("Severe", "Past", "Observed", .routine), ("Moderate", "Immediate", "Observed", .routine),
        ("Minor", "Immediate", "Observed", .background), ("Extreme", "Immediate", "Unlikely", .background),
    ])
    func words(severity: String, urgency: String, certainty: String, priority: Priority) throws {
        for kind in [AlertKind.tsunami, .other, .eew, .earthquake] {
            var content = alert(kind, [AreaStatement(scheme: .localGovernment, code: "042056", name: "気仙沼市")])
            content.weight = Weight(severity: severity, urgency: urgency, certainty: certainty)
            #expect(try judged(content).verdict == .send(priority), "\(kind)")
        }
    }

    @Test("What is not said leaves the kind to decide", arguments: ["Unknown", nil] as [String?])
    func unsaid(word: String?) throws {
        var content = alert(.landslide, [AreaStatement(scheme: .localGovernment, code: "042056", name: "気仙沼市")])
        content.weight = Weight(severity: "Extreme", urgency: word, certainty: "Observed")
        #expect(try judged(content).verdict == .send(.urgent))
        content.weight = Weight(severity: word, urgency: "Immediate", certainty: "Observed")
        #expect(try judged(content).verdict == .send(.urgent))
    }

    @Test("It tells nobody who lives elsewhere")
    func elsewhere() throws {
        var content = alert(.tsunami, [AreaStatement(scheme: .localGovernment, code: "042030", name: "塩竈市")])
        content.weight = Weight(severity: "Extreme", urgency: "Immediate", certainty: "Observed")
        #expect(try judged(content).verdict == .skip)
    }
}
