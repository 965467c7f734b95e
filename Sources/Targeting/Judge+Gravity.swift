/// How bad an alert is for one town, whatever the pace: from the codes, by the steps of the warning level.
import AlertModel
import Meanings

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
        if !Meaning(statement, of: content.kind).isInForce { return true }
        let course = statement.kindCode.flatMap { rules.course(content.kind, code: $0) }
        return course == .lifted || course == RoutingRules.Course.none
    }

    /// Nil where no table knows the code or the name.
    private func gravity(of statement: AreaStatement) -> Gravity? {
        let own = Meaning(statement, of: content.kind).gravity
        guard content.kind == .flood, own == nil else { return own }
        // 浸水想定地区 only lists the place; the level stands with the river.
        return content.areas.filter { $0.scheme == .jmaRiver }.compactMap { Meaning($0, of: .flood).gravity }.max()
    }

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
