internal import AlertModel
internal import DequeModule

/// The lanes of one class and pool that have something to send, town after town.
struct Turns: Sendable {
    private var towns: Deque<TownID> = []
    private var lanes: [TownID: Deque<LaneID>] = [:]

    mutating func add(_ lane: LaneID) {
        if lanes[lane.town, default: []].isEmpty { towns.append(lane.town) }
        lanes[lane.town, default: []].append(lane)
    }

    /// The next lane of a town that has a place left. Towns without one are passed over; they are few, since each of
    /// them holds a town's whole share.
    mutating func take(_ priority: Priority, _ pool: Pool, _ places: Places) -> LaneID? {
        for _ in 0..<towns.count {
            guard let town = towns.popFirst() else { return nil }
            guard places.isFree(pool, priority, in: town) else {
                towns.append(town)
                continue
            }
            let lane = lanes[town]?.popFirst()
            if lanes[town]?.isEmpty == false { towns.append(town) } else { lanes[town] = nil }
            if let lane { return lane }
        }
        return nil
    }
}
