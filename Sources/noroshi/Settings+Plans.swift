import AlertModel
import ChannelKit
import Desk

/// `assumptions:` and `plans:` of a town.
///
///     assumptions:
///       - {id: town-hall, name: 役場が使える}
///     plans:
///       - id: tsunami-1
///         name: 大津波 計画1
///         assumes: [town-hall]
///         otherwise: tsunami-2
///         order: {hazard: 津波, level: 4, districts: [本町]}
struct AssumptionSettings: Codable, Sendable {
    var id: String
    var name: String
}

struct PlanSettings: Codable, Sendable {
    struct Order: Codable, Sendable {
        var hazard: String
        var level: Int
        var districts: [String]
    }
    var id: String
    var name: String
    var assumes: [String]?
    var otherwise: String?
    var order: Order?
}

extension Settings {
    func makePlans() throws(SettingsError) -> [TownID: TownPlans] {
        var made: [TownID: TownPlans] = [:]
        for town in towns {
            guard let id = TownID(town.code), town.plans != nil || town.assumptions != nil else { continue }
            let ids = (town.assumptions ?? []).map(\.id) + (town.plans ?? []).map(\.id)
            for word in ids where !Self.isPlain(word) {
                throw SettingsError("town \(id): plans: 番号「\(word)」は、英数字と - で40文字までです (letters, digits and -, at most 40)")
            }
            for name in (town.assumptions ?? []).map(\.name) + (town.plans ?? []).map(\.name) {
                guard (1...100).contains(name.count), PlainText.isPlain(name) else {
                    throw SettingsError("town \(id): plans: 名前「\(PlainText.visible(String(name.prefix(40))))」は、100文字までで、制御文字は使えません (name: 1 to 100 letters)")
                }
            }
            for plan in town.plans ?? [] { try check(plan, town, id) }
            do throws(TownPlans.Fault) {
                made[id] = try TownPlans(
                    assumptions: (town.assumptions ?? []).map { Assumption(id: $0.id, name: $0.name) },
                    plans: (town.plans ?? []).map { plan in
                        Plan(
                            id: plan.id, name: plan.name, assumes: plan.assumes ?? [], otherwise: plan.otherwise,
                            order: plan.order.map { Plan.Order(hazard: $0.hazard, level: $0.level, districts: $0.districts) })
                    })
            } catch {
                throw SettingsError("town \(id): plans: \(Self.words(error))")
            }
        }
        return made
    }

    private func check(_ plan: PlanSettings, _ town: TownSettings, _ id: TownID) throws(SettingsError) {
        guard Set(plan.assumes ?? []).count == (plan.assumes ?? []).count else {
            throw SettingsError("town \(id): plans: \(plan.id): assumes に同じ前提が二度あります (is there twice)")
        }
        guard let order = plan.order else { return }
        guard order.hazard != "津波" || order.level == 4 else {
            throw SettingsError("town \(id): plans: \(plan.id): 津波で出せるのは level: 4（避難指示）だけです (tsunami: level 4 alone)")
        }
        guard (1...40).contains(order.hazard.count), !order.districts.isEmpty, Set(order.districts).count == order.districts.count else {
            throw SettingsError("town \(id): plans: \(plan.id): 災害の種類と地区を書いてください。同じ地区は一度だけです (hazard, and districts, each once)")
        }
        guard EvacuationOrder.Level(rawValue: order.level) != nil else {
            throw SettingsError("town \(id): plans: \(plan.id): level は 3、4、5 のどれかです (level: 3, 4 or 5)")
        }
        let known = (town.districts ?? []).map(\.name)
        for district in order.districts where !known.isEmpty && !known.contains(district) && !district.hasSuffix("全域") {
            throw SettingsError("town \(id): plans: \(plan.id): 地区「\(district)」は districts にありません (no such district)")
        }
    }

    private static func isPlain(_ word: String) -> Bool {
        (1...40).contains(word.utf8.count) && word.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 0x2D }
    }

    private static func words(_ fault: TownPlans.Fault) -> String {
        switch fault {
        case .twice(let id): "「\(id)」が二度あります (is there twice)"
        case .noAssumption(let id, let plan): "\(plan): 前提「\(id)」は assumptions にありません (no such assumption)"
        case .noPlan(let id, let plan): "\(plan): otherwise の計画「\(id)」はありません (no such plan)"
        case .circle(let plan): "\(plan): otherwise をたどると、もとに戻ります (otherwise goes round in a circle)"
        }
    }
}
