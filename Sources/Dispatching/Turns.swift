internal import AlertModel
internal import DequeModule
internal import HeapModule

/// The lanes of one class and pool that have something to send: town after town, and beside that line those that wait for a shaking,
/// the soonest first. Where both have somebody, every second turn is the other's: neither a tsunami's thousand far ends hold up who shakes
/// in four seconds, nor the other way round.
struct Turns: Sendable {
    private var towns: Deque<TownID> = []
    private var lanes: [TownID: Deque<LaneID>] = [:]
    private var shaking = Heap<Stand>()
    private var shakingLanes: [Moment: Deque<LaneID>] = [:]
    private var stands: UInt64 = 0
    private var wasShaking = false

    /// One town's lanes that are wanted by the same second.
    private struct Moment: Hashable {
        let at: Int64
        let town: TownID
    }

    /// Towns of one second take turns as all towns do: who was served stands behind the others.
    private struct Stand: Comparable {
        let moment: Moment
        let number: UInt64
        static func < (left: Self, right: Self) -> Bool { (left.moment.at, left.number) < (right.moment.at, right.number) }
    }

    /// Whose turn it is, and the second by which it stood among those who wait for a shaking.
    struct Turn {
        let lane: LaneID
        let shakes: Int64?
    }

    mutating func add(_ lane: LaneID) {
        if lanes[lane.town, default: []].isEmpty { towns.append(lane.town) }
        lanes[lane.town, default: []].append(lane)
    }

    mutating func add(_ lane: LaneID, by second: Int64) {
        let moment = Moment(at: second, town: lane.town)
        if shakingLanes[moment, default: []].isEmpty { stand(moment) }
        shakingLanes[moment, default: []].append(lane)
    }

    private mutating func stand(_ moment: Moment) {
        stands += 1
        shaking.insert(Stand(moment: moment, number: stands))
    }

    /// The next lane of a town that has a place left. Towns without one are passed over; they are few, since each of
    /// them holds a town's whole share.
    mutating func take(_ priority: Priority, _ pool: Pool, _ places: Places) -> Turn? {
        guard !shaking.isEmpty else { return inTurn(priority, pool, places) }
        wasShaking.toggle()
        return wasShaking
            ? soonest(priority, pool, places) ?? inTurn(priority, pool, places) : inTurn(priority, pool, places) ?? soonest(priority, pool, places)
    }

    private mutating func inTurn(_ priority: Priority, _ pool: Pool, _ places: Places) -> Turn? {
        for _ in 0..<towns.count {
            guard let town = towns.popFirst() else { return nil }
            guard places.isFree(pool, priority, in: town) else {
                towns.append(town)
                continue
            }
            let lane = lanes[town]?.popFirst()
            if lanes[town]?.isEmpty == false { towns.append(town) } else { lanes[town] = nil }
            if let lane { return Turn(lane: lane, shakes: nil) }
        }
        return nil
    }

    private mutating func soonest(_ priority: Priority, _ pool: Pool, _ places: Places) -> Turn? {
        var passedOver: [Stand] = []
        defer { for stand in passedOver { shaking.insert(stand) } }
        while let first = shaking.popMin() {
            guard places.isFree(pool, priority, in: first.moment.town) else {
                passedOver.append(first)
                continue
            }
            let lane = shakingLanes[first.moment]?.popFirst()
            if shakingLanes[first.moment]?.isEmpty == false { stand(first.moment) } else { shakingLanes[first.moment] = nil }
            if let lane { return Turn(lane: lane, shakes: first.moment.at) }
        }
        return nil
    }
}
