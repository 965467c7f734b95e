/// What people flee from, as the register of shelters names it (`Shelter.Hazard`).
extension AlertContent {
    /// The hazard for which a shelter must be fit while this holds: an order's own, or that of a bulletin which speaks of one. Nil where it says none: an
    /// earthquake's bulletin sends nobody away, and its order names 地震 itself.
    public var hazardFled: String? {
        if case .evacuation(let order) = detail { return order.hazard }
        let hazards: [AlertKind: Shelter.Hazard] = [.tsunami: .tsunami, .flood: .flood, .landslide: .landslide, .volcano: .volcano]
        return hazards[kind]?.rawValue
    }
}
