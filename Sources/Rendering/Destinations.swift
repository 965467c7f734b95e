/// Where an order sends people: shelters fit for its hazard, and no others.
///
///     fit · △ with its mark · unknown only where the order names it · unfit never
///
/// Silence in the register is not fitness: an open school nobody has judged is no place to flee to from a tsunami. It
/// is one when the person who gives the order names it. Nearest to the districts of the order first, as far as places
/// are known; those an order names stay in its own order. See docs/decisions/0016-fitness.md.
import AlertModel

struct Destinations {
    let chosen: [ShelterStatus]

    init(_ order: EvacuationOrder, _ shelters: [ShelterStatus]) {
        guard order.shelters.isEmpty else {
            // Named in the order is as good as open; closed since then is not.
            chosen = order.shelters.compactMap { id in shelters.first { $0.shelter.id == id } }
                .filter { $0.state != .closed && $0.shelter.fitness(for: order.hazard) != .unfit }
            return
        }
        let open = shelters.filter { $0.state == .open }
        let ranked = open.enumerated().compactMap { place, status -> (status: ShelterStatus, rank: Rank)? in
            guard let fitness = status.shelter.fitness(for: order.hazard), fitness != .unfit else { return nil }
            let isHere = Self.lies(status.shelter, in: order.districts)
            return (status, Rank(isPartly: fitness == .conditional, isElsewhere: !isHere, kilometres: 0, place: place))
        }
        let centre = Self.centre(shelters.map(\.shelter).filter { Self.lies($0, in: order.districts) })
        chosen = ranked.map { entry in
            var rank = entry.rank
            if let centre { rank.kilometres = entry.status.shelter.place.map { Int($0.distance(to: centre)) } ?? .max }
            return (entry.status, rank)
        }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private struct Rank: Comparable {
        var isPartly, isElsewhere: Bool
        var kilometres, place: Int
        static func < (left: Self, right: Self) -> Bool {
            (left.isPartly ? 1 : 0, left.isElsewhere ? 1 : 0, left.kilometres, left.place)
                < (right.isPartly ? 1 : 0, right.isElsewhere ? 1 : 0, right.kilometres, right.place)
        }
    }

    /// 階上 and 階上地区 are one.
    private static func lies(_ shelter: Shelter, in districts: [String]) -> Bool {
        guard let own = shelter.district, !own.isEmpty else { return false }
        return districts.contains { $0 == own || $0 == own + "地区" || own == $0 + "地区" }
    }

    private static func centre(_ shelters: [Shelter]) -> Coordinate? {
        let places = shelters.compactMap(\.place)
        guard !places.isEmpty else { return nil }
        return Coordinate(
            latitude: places.reduce(0) { $0 + $1.latitude } / Double(places.count),
            longitude: places.reduce(0) { $0 + $1.longitude } / Double(places.count))
    }
}
