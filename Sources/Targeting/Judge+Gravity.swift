/// How bad an alert is for one town, whatever the pace: from the codes, by the steps of the warning level.
import AlertModel

extension Judge {
    /// What is lifted counts for nothing; of several statements the gravest counts.
    func gravity(_ judgement: Judgement) -> (gravity: Gravity, isOver: Bool) {
        if content.message == .cancel { return (.information, true) }
        switch content.detail {
        case .evacuation(let order):
            let level = content.act.map { $0.level(of: order.hazard) } ?? (order.isLifted ? nil : order.level.rawValue)
            guard let level else { return (.information, true) }
            return (Gravity(level: level) ?? .danger, false)
        case .shelter(let notice): return (.information, notice.state == .closed)
        case .headquarters(let seat): return (.information, seat.state == .closed)
        case .notice: return (.information, false)
        case .none: break
        }
        switch judgement.reason {
        case .earthquakeWarning: return (.emergency, false)
        case .forecastIntensity(let step): return (step >= .fiveLower ? .danger : .warning, false)
        case .intensityMissing: return (.warning, false)
        case .observedIntensity(let step): return (Self.gravity(ofObserved: step), false)
        case .lifted: return (.information, true)
        default: break
        }
        let inForce = judgement.local.filter { !isLifted($0) }
        let byCode = inForce.compactMap { gravity(of: $0) }.max()
        let byType: Gravity? = ["VPNO50", "VFVO56"].contains(content.type) ? .emergency : nil
        let gravest = [byCode, byType, content.weight.flatMap(Self.gravity(weighing:))].compactMap { $0 }.max()
        let fallback = judgement.verdict.priority.map(Gravity.init) ?? .information
        return (gravest ?? fallback, !judgement.local.isEmpty && inForce.isEmpty)
    }

    private static func gravity(ofObserved step: Intensity) -> Gravity {
        step >= .sixLower ? .danger : step >= .fiveLower ? .warning : step >= .four ? .advisory : .information
    }

    private func isLifted(_ statement: AreaStatement) -> Bool {
        if statement.status?.contains("解除") == true { return true }
        let course = statement.kindCode.flatMap { rules.course(content.kind, code: $0) }
        return course == .lifted || course == RoutingRules.Course.none
    }

    /// Nil where no table knows the code or the name.
    private func gravity(of statement: AreaStatement) -> Gravity? {
        if content.kind == .flood, let level = riverLevel(of: statement) { return Gravity(level: level) }
        if let name = statement.kindName, let named = Self.gravity(named: name) { return named }
        guard let number = statement.kindCode.flatMap({ Int($0) }) else { return nil }
        switch content.kind {
        case .tsunami: return [52: .emergency, 53: .emergency, 51: .danger, 62: .warning, 71: .advisory][number]
        // SoilWarning 3 is 土砂災害警戒情報, WeatherWarning 3 a 大雨警報.
        case .landslide where number == 3: return .danger
        case .weather, .landslide: return Self.weather[number]
        case .volcano: return Self.volcano[number]
        case .nankai: return [120: .danger, 130: .warning][number]
        default: return nil
        }
    }

    /// Tens of the river's code: 2 注意, 3 警戒, 4 危険, 5 発生.
    private func riverLevel(of statement: AreaStatement) -> Int? {
        let rivers = statement.scheme == .jmaRiver ? [statement] : content.areas.filter { $0.scheme == .jmaRiver }
        return rivers.compactMap { $0.kindCode.flatMap { Int($0) } }.filter { $0 >= 20 && $0 < 60 }.map { $0 / 10 }.max()
    }

    /// Names that say their level, since 2026-05-28, and those that always meant one.
    private static func gravity(named name: String) -> Gravity? {
        if name.contains("ミサイル") || name.contains("空襲") || name.contains("核兵器") { return .emergency }
        for (word, gravity) in [("レベル５", Gravity.emergency), ("レベル４", .danger), ("レベル３", .warning), ("レベル２", .advisory)]
        where name.contains(word) && !name.contains("噴火警戒") { return gravity }
        if name.contains("特別警報") || name.contains("大津波") { return .emergency }
        if name.contains("危険警報") || name.contains("土砂災害警戒情報") { return .danger }
        return nil
    }

    /// JMA 個別コード表 WeatherWarning and SoilWarning, 2026-07.
    private static let weather: [Int: Gravity] = {
        var steps: [Int: Gravity] = [1: .information, 39: .emergency]
        for code in [32, 33, 35, 36, 37, 38] { steps[code] = .emergency }
        for code in [43, 48, 49] { steps[code] = .danger }
        for code in 2...9 { steps[code] = .warning }
        for code in Array(10...27) + [29] where code != 11 { steps[code] = .advisory }
        return steps
    }()

    /// 噴火警戒レベル, and VolcanicWarning 1, 2, 41…49.
    private static let volcano: [Int: Gravity] = [
        1: .danger, 2: .warning, 11: .information, 12: .advisory, 13: .warning, 14: .danger, 15: .emergency,
        21: .information, 22: .advisory, 23: .warning, 24: .danger, 25: .emergency,
        41: .emergency, 42: .warning, 43: .warning, 44: .warning, 46: .emergency, 47: .danger, 48: .warning, 49: .warning,
    ]

    /// CAP 1.2 3.2.2 severity.
    private static func gravity(weighing weight: Weight) -> Gravity? {
        switch weight.severity {
        case "Extreme": .emergency
        case "Severe": .danger
        case "Moderate": .warning
        case "Minor": .advisory
        default: nil
        }
    }
}
