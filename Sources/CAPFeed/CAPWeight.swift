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

    /// - Parameter town: whose places count, where the bulletin names any of them.
    init(_ content: AlertContent, in town: Town) {
        self = Self.byKind(content).weighed(by: content, in: town)
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

    /// By what is said of the places: a lift asks for nothing, and an advisory is no warning.
    private func weighed(by content: AlertContent, in town: Town) -> CAPWeight {
        guard [.tsunami, .weather, .landslide, .flood, .volcano, .tornado].contains(content.kind) else { return self }
        let own = content.areas.filter { town.areas[$0.scheme]?.contains($0.code) == true }
        let said = (own.isEmpty ? content.areas : own).map { (statement: $0, meaning: Meaning($0, of: content.kind)) }
        let inForce = said.filter { $0.meaning.isInForce && ($0.statement.kindCode != nil || $0.statement.kindName != nil) }
        if inForce.isEmpty, said.contains(where: { $0.meaning.state == .over }) { return CAPWeight(categories, "AllClear", "Past", "Minor", "Observed") }
        guard let gravity = inForce.compactMap(\.meaning.gravity).max() else { return self }
        var weight = self
        let isSea = content.kind == .tsunami
        switch gravity {
        case .emergency: (weight.severity, weight.urgency) = ("Extreme", "Immediate")
        case .danger: (weight.severity, weight.urgency) = ("Severe", "Immediate")
        case .warning: weight.severity = isSea ? "Moderate" : "Severe"
        case .advisory: weight.severity = isSea ? "Minor" : "Moderate"
        case .information: weight.severity = "Minor"
        }
        switch (content.kind, gravity) {
        case (.flood, .danger...): weight.response = "Evacuate"
        // Out of the water and away from the shore: the sea does not come over the land.
        case (.tsunami, .warning): weight.response = "Avoid"
        case (.landslide, .warning), (.landslide, .advisory): (weight.response, weight.urgency) = ("Prepare", "Expected")
        case (.tsunami, ...Gravity.advisory), (.volcano, ...Gravity.advisory), (_, .information): (weight.response, weight.urgency) = ("Monitor", "Expected")
        default: break
        }
        return weight
    }

    private static func byKind(_ content: AlertContent) -> CAPWeight {
        switch content.kind {
        case .eew: CAPWeight(["Geo"], "Shelter", "Immediate", "Severe", "Likely")
        case .earthquake: CAPWeight(["Geo"], "Monitor", "Past", "Unknown", "Observed")
        case .tsunami: CAPWeight(["Geo"], "Evacuate", "Immediate", "Severe", "Likely")
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
