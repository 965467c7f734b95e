/// What an order is to a far end that stands in one district.
package enum Vantage: Sendable, Hashable {
    /// The town's, or no order at all.
    case whole
    /// The act changes this district.
    case own(district: String)
    /// The act changes others; an order of the hazard stands here, on this level.
    case stands(district: String, level: Int)
    /// No order of the hazard concerns this district.
    case elsewhere

    /// 警戒レベル of an order here, after its act: of the far end's own district, not of the gravest one.
    package func level(of content: AlertContent) -> Int? {
        guard case .evacuation(let order) = content.detail, let act = content.act else { return content.orderLevel }
        guard AlertContent.hazardsWithLevels.contains(order.hazard) else { return nil }
        return switch self {
        case .whole: content.orderLevel
        case .own(let district): act.level(of: order.hazard, in: district)
        case .stands(_, let level): level
        case .elsewhere: nil
        }
    }

    package var isStanding: Bool {
        if case .stands = self { true } else { false }
    }
}
