/// An order and a far end that stands in one district: who is meant hears it whole, who is not hears one quiet line.
///
/// Of far ends without a district (gateways, feeds, a spot that serves the town) nothing is known that could spare them.
import AlertModel

struct DistrictScope {
    let vantage: Vantage
    let reason: Reason
    /// Of the hazard in this district, not in the gravest one.
    let gravity: Gravity

    /// Nil where the order is everybody's, or the town has it that all hear all.
    init?(_ content: AlertContent, at endpoint: Endpoint, allHearAll: Bool) {
        guard let district = endpoint.district, !allHearAll, content.message != .cancel,
            case .evacuation(let order) = content.detail, let act = content.act
        else { return nil }
        // The whole town by name: a town without a list of its districts.
        let changed = Set(act.districts)
        guard changed.isDisjoint(with: EvacuationOrder.wholeTown) else { return nil }
        let level = act.level(of: order.hazard, in: district)
        gravity = level.flatMap { Gravity(level: $0) } ?? .information
        if changed.contains(district) {
            vantage = .own(district: district)
            reason = .ownDistrict(district)
        } else if let level {
            vantage = .stands(district: district, level: level)
            reason = .districtStands(district)
        } else {
            vantage = .elsewhere
            reason = .otherDistrict(district)
        }
    }

    /// Nobody is woken for another district.
    func verdict(_ town: Verdict) -> Verdict {
        if case .own = vantage { return town }
        guard case .send(let priority) = town else { return town }
        return .send(max(priority, .routine))
    }
}
