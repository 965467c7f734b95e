/// What an order says: its level, its places, what it changes, and what stands beside it.
import AlertModel
import Foundation

extension FactSource {
    func add(_ order: EvacuationOrder, to facts: inout Facts) {
        let level = "\(order.level.rawValue)"
        if AlertContent.hazardsWithLevels.contains(order.hazard) { facts.set(.level, level) }
        facts.set(.levelName, wording.word("level", level))
        facts.set(.hazard, wording.word("hazard", order.hazard))
        facts.set(.districts, wording.joined(order.districts.map { name(ofDistrict: $0) }))
        facts.set(.reason, order.reason.map(Self.sentence))
        facts.set(.tsunami, flag: order.hazard == "津波")
        if let act = content.act { add(act, of: order.hazard, to: &facts) }
        if case .stands(let district, let own) = vantage {
            facts.set(.district, name(ofDistrict: district))
            facts.set(.levelName, wording.word("level", "\(own)"))
            if AlertContent.hazardsWithLevels.contains(order.hazard) { facts.set(.level, "\(own)") }
        }
        // Level 5: too late to go anywhere.
        guard order.level != .emergency else { return }
        addShelters(Destinations(order, shelters).chosen, of: order.hazard, to: &facts)
    }

    private func add(_ act: Act, of hazard: String, to facts: inout Facts) {
        let before = act.steps.compactMap(\.before?.state.level).max()
        facts.set(.was, before.map(order))
        let rows = act.standing(of: hazard)
        let changed = Set(act.steps.map(\.subject))
        facts.set(.standing, grouped(rows))
        let remaining = rows.filter { !changed.contains($0.subject) }
        facts.set(.remaining, grouped(remaining))
        let emergency = remaining.filter { $0.state.level == EvacuationOrder.Level.emergency.rawValue }.compactMap(\.subject.district)
        if !emergency.isEmpty { facts.set(.emergency, wording.joined(emergency.map { name(ofDistrict: $0) }, limit: 6)) }
        facts.set(.changes, changes(act))
        facts.set(.others, grouped(act.standing.filter { $0.subject.hazard != hazard }, withHazard: true))
    }

    /// Districts that became the same are named together.
    private func changes(_ act: Act) -> String? {
        var groups: [(level: Int?, districts: [String])] = []
        for step in act.steps {
            guard let district = step.subject.district else { continue }
            let level = step.after?.state.level
            if let index = groups.firstIndex(where: { $0.level == level }) {
                groups[index].districts.append(district)
            } else {
                groups.append((level, [district]))
            }
        }
        guard !groups.isEmpty else { return nil }
        return wording.joined(groups.map { group in
            let place = wording.joined(group.districts.map { name(ofDistrict: $0) }, limit: 6)
            let state = group.level.map(order) ?? wording.word("level", act.change == .takenBack ? "taken-back" : "lifted")
            if !wording.writesJapanese { return wording.change(of: place, to: state) }
            return wording.isEasy ? "\(place)は 「\(state)」" : "\(place)は\(state)"
        })
    }

    /// 中央地区、大島地区の避難指示、松岩地区の高齢者等避難: one group per level and hazard, the gravest first. All districts
    /// of the town are the town.
    private func grouped(_ rows: [Act.Row], withHazard: Bool = false) -> String? {
        var groups: [(hazard: String, level: Int, districts: [String])] = []
        for row in rows {
            guard let level = row.state.level, let hazard = row.subject.hazard, let district = row.subject.district else { continue }
            if let index = groups.firstIndex(where: { $0.hazard == hazard && $0.level == level }) {
                groups[index].districts.append(district)
            } else {
                groups.append((hazard, level, [district]))
            }
        }
        guard !groups.isEmpty else { return nil }
        return wording.joined(groups.map { words($0.hazard, $0.level, $0.districts, withHazard) })
    }

    private func words(_ hazard: String, _ level: Int, _ districts: [String], _ withHazard: Bool) -> String {
        let isWhole = !town.districts.isEmpty && Set(districts) == Set(town.districts)
        let places = isWhole ? [wholeTown] : districts
        // A city of forty districts does not fit a line; the order itself names them all.
        let place = wording.joined(places.map { name(ofDistrict: $0) }, limit: 6)
        let order = order(level)
        let danger = wording.word("hazard", hazard)
        if !wording.writesJapanese { return wording.standing(order, for: place, hazard: withHazard ? danger : nil) }
        if wording.isEasy { return "\(place)の 「\(order)」" + (withHazard ? "（\(hazard)）" : "") }
        return "\(place)の" + (withHazard ? "\(danger)の" : "") + order
    }

    /// A level's name without its reading, which easy Japanese gives at the first place only.
    private func order(_ level: Int) -> String {
        let word = wording.word("level", "\(level)")
        return wording.isEasy ? String(word.prefix { $0 != "（" }) : word
    }

    private var wholeTown: String {
        switch town.name.last {
        case "町": "町内全域"
        case "村": "村内全域"
        case "区": "区内全域"
        default: "市内全域"
        }
    }
}
