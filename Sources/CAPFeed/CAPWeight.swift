/// How heavy our kinds of alerts weigh in CAP's words: category, response, urgency, severity, certainty.
///
/// No Japanese profile of CAP exists. The table is ours; its measure is the warning level (警戒レベル): 5 is a danger
/// to life that is here, 4 calls everybody out, 3 those who need time.
import AlertModel
import Meanings

struct CAPWeight {
    var categories: [String]
    var response: String?
    var urgency: String
    var severity: String
    var certainty: String

    init(_ content: AlertContent) {
        self = Self.byKind(content)
        if case .evacuation(let order) = content.detail { self = Self.evacuation(order, content.act) }
        // What its issuer weighed is passed on as it was said.
        if let given = content.weight {
            severity = given.severity ?? severity
            urgency = given.urgency ?? urgency
            certainty = given.certainty.map { $0 == "Very Likely" ? "Likely" : $0 } ?? certainty
        }
        if content.message == .cancel {
            // What is taken back asks for nothing any more.
            (response, urgency) = ("AllClear", "Past")
        }
    }

    private init(
        _ categories: [String], _ response: String?, _ urgency: String, _ severity: String, _ certainty: String
    ) {
        self.categories = categories
        self.response = response
        self.urgency = urgency
        self.severity = severity
        self.certainty = certainty
    }

    private static func evacuation(_ order: EvacuationOrder, _ act: Act?) -> CAPWeight {
        let cause =
            switch order.hazard {
            case "洪水", "高潮", "内水氾濫": "Met"
            case "大規模な火事": "Fire"
            case "土砂災害", "地震", "津波", "火山現象": "Geo"
            default: "Other"
            }
        let categories = [cause, "Safety"]
        let isOver = act.map { $0.level(of: order.hazard) == nil } ?? order.isLifted
        if isOver { return CAPWeight(categories, "AllClear", "Past", "Minor", "Observed") }
        let level = act?.level(of: order.hazard).flatMap(EvacuationOrder.Level.init) ?? order.level
        return switch level {
        case .emergency: CAPWeight(categories, "Shelter", "Immediate", "Extreme", "Observed")
        case .order: CAPWeight(categories, "Evacuate", "Immediate", "Severe", "Likely")
        case .elderly: CAPWeight(categories, "Evacuate", "Expected", "Severe", "Likely")
        }
    }

    private static func byKind(_ content: AlertContent) -> CAPWeight {
        switch content.kind {
        case .eew: CAPWeight(["Geo"], "Shelter", "Immediate", "Severe", "Likely")
        case .earthquake: CAPWeight(["Geo"], "Monitor", "Past", "Unknown", "Observed")
        case .tsunami:
            content.areas.contains { Meaning($0, of: .tsunami).gravity == .emergency }
                ? CAPWeight(["Geo"], "Evacuate", "Immediate", "Extreme", "Likely")
                : CAPWeight(["Geo"], "Evacuate", "Immediate", "Severe", "Likely")
        case .landslide: CAPWeight(["Geo", "Met"], "Evacuate", "Immediate", "Severe", "Likely")
        case .flood: CAPWeight(["Met"], "Prepare", "Expected", "Severe", "Likely")
        case .volcano: CAPWeight(["Geo"], "Avoid", "Immediate", "Severe", "Likely")
        case .ashfall: CAPWeight(["Geo"], "Prepare", "Expected", "Moderate", "Likely")
        case .weather, .typhoon: CAPWeight(["Met"], "Prepare", "Expected", "Unknown", "Likely")
        case .tornado: CAPWeight(["Met"], "Shelter", "Immediate", "Severe", "Possible")
        case .heavyRainRecord: CAPWeight(["Met"], "Monitor", "Immediate", "Severe", "Observed")
        case .nankai: CAPWeight(["Geo"], "Prepare", "Future", "Extreme", "Possible")
        case .missile: CAPWeight(["Security"], "Shelter", "Immediate", "Extreme", "Likely")
        case .evacuation: CAPWeight(["Safety"], "Evacuate", "Immediate", "Severe", "Likely")
        case .shelter: CAPWeight(["Safety"], nil, "Immediate", "Unknown", "Observed")
        case .headquarters: CAPWeight(["Safety"], nil, "Unknown", "Unknown", "Observed")
        case .notice, .other: CAPWeight(["Other"], nil, "Unknown", "Unknown", "Unknown")
        }
    }
}

extension AlertKind {
    /// For `event` in languages that have no word of their own given.
    var englishName: String {
        switch self {
        case .eew: "Earthquake Early Warning"
        case .earthquake: "Earthquake"
        case .tsunami: "Tsunami"
        case .weather: "Weather Warning"
        case .landslide: "Landslide Alert"
        case .flood: "River Flood"
        case .volcano: "Volcano"
        case .ashfall: "Volcanic Ashfall"
        case .typhoon: "Typhoon"
        case .tornado: "Tornado Advisory"
        case .heavyRainRecord: "Record Short-time Heavy Rain"
        case .nankai: "Nankai Trough Earthquake Information"
        case .missile: "Missile or Attack"
        case .notice: "Notice"
        case .evacuation: "Evacuation"
        case .shelter: "Evacuation Shelter"
        case .headquarters: "Disaster Response Headquarters"
        case .other: "Alert"
        }
    }
}
