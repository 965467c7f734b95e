internal import AlertModel
internal import ChannelKit
internal import DequeModule

/// Who may begin an attempt: lanes of which nothing bad is known, and lanes in trouble.
enum Pool: Sendable, CaseIterable {
    case well, troubled
}

/// The places on the wire of one channel, and who holds them.
///
///     a lane that is well ─────▶ [a place of its town and of the channel] ──▶ answers: the place is free
///                                          │ no answer within `patience`
///                                          ▼
///                                [late: no place, the attempt goes on] ────▶ answers, fails or runs out of time
///                                          ▲
///                                          │ no answer within `patience`
///     a lane in trouble ───────▶ [one of a few places for all of them] ───▶ answers: the lane is well again
///
/// A place is for finding out whether somebody answers. So what hangs never keeps anybody from the wire for longer than
/// `patience`, and not at all those whose lanes are well once the others are known. Lanes in trouble share a few places,
/// which come round in fractions of a second, so that each of them is still asked as often as its retries want.
///
/// What is late costs a connection and a little memory; beyond a bound the oldest is cut short.
struct Places: Sendable {
    struct Holding: Sendable {
        let lane: LaneID
        let pool: Pool
        let isImmediate: Bool
        let since: Instant
        var isLate = false
    }

    private struct Count: Sendable {
        var all = 0
        var others = 0
    }

    private let limits: QueueLimits
    private var held: [DeliveryID: Holding] = [:]
    /// In the order they began, with those that have answered since among them.
    private var young: Deque<(id: DeliveryID, since: Instant)> = []
    private var late: Deque<(id: DeliveryID, since: Instant)> = []
    private var well = Count()
    private var troubled = 0
    private var towns: [TownID: Count] = [:]
    private(set) var lateCount = 0
    /// Told to be cut short, and not back yet.
    private var cut: Set<DeliveryID> = []

    init(_ limits: QueueLimits) { self.limits = limits }

    var count: Int { held.count }

    // MARK: asked

    func isFree(_ pool: Pool, _ priority: Priority) -> Bool {
        switch pool {
        case .well: well.all < limits.places && (priority == .immediate || well.others < limits.placesForOthers)
        case .troubled: troubled < limits.placesInTrouble
        }
    }

    /// The same for one town: none has all the places.
    func isFree(_ pool: Pool, _ priority: Priority, in town: TownID) -> Bool {
        guard pool == .well, let own = towns[town] else { return true }
        return own.all < limits.concurrency
            && (priority == .immediate || own.others < limits.concurrency - limits.reservedForImmediate)
    }

    /// When the next place is given back, if nobody answers before.
    var nextGivenBack: Instant? {
        young.first { held[$0.id]?.since == $0.since }.map { $0.since.advanced(by: limits.patience) }
    }

    // MARK: told

    mutating func take(_ parcel: Parcel, _ pool: Pool, now: Instant) {
        let holding = Holding(lane: parcel.lane, pool: pool, isImmediate: parcel.priority == .immediate, since: now)
        held[parcel.id] = holding
        young.append((parcel.id, now))
        add(holding, 1)
    }

    mutating func release(_ id: DeliveryID) -> Holding? {
        guard let holding = held.removeValue(forKey: id) else { return nil }
        if holding.isLate {
            lateCount -= 1
            cut.remove(id)
        } else {
            add(holding, -1)
        }
        return holding
    }

    /// Attempts that have had their time. Their places are free now.
    mutating func giveBack(_ now: Instant) -> [LaneID] {
        var lanes: [LaneID] = []
        while let first = young.first {
            // The same delivery may be on the wire again by now, in a later attempt.
            let holding = held[first.id].flatMap { $0.since == first.since && !$0.isLate ? $0 : nil }
            guard let holding else {
                young.removeFirst()
                continue
            }
            guard first.since.advanced(by: limits.patience) <= now else { break }
            young.removeFirst()
            add(holding, -1)
            held[first.id]?.isLate = true
            lateCount += 1
            late.append(first)
            lanes.append(holding.lane)
        }
        return lanes
    }

    /// The oldest of those that are late, when they are too many. Once for each.
    mutating func tooLate() -> DeliveryID? {
        guard lateCount - cut.count > limits.late else {
            while let first = late.first, held[first.id]?.since != first.since { late.removeFirst() }
            return nil
        }
        while let first = late.popFirst() {
            guard held[first.id]?.since == first.since else { continue }
            cut.insert(first.id)
            return first.id
        }
        return nil
    }

    private mutating func add(_ holding: Holding, _ change: Int) {
        guard holding.pool == .well else { return troubled += change }
        well.all += change
        var own = towns[holding.lane.town] ?? Count()
        own.all += change
        if !holding.isImmediate {
            well.others += change
            own.others += change
        }
        towns[holding.lane.town] = own.all == 0 ? nil : own
    }
}
