package import AlertModel
package import ChannelKit
internal import DequeModule
internal import HeapModule

/// What waits, what is on the wire and what comes next, for one channel.
///
///     offer ──▶ [immediate] ─┐
///               [urgent]    ─┼─▶ next ──▶ on the wire ──▶ settle ──▶ done
///               [routine]   ─┤               ▲                │
///               [background]─┘               └──── retry ◀────┘
///
/// At most one delivery per event and far end waits, and one is on the wire. A newer revision takes the older one's
/// place. The last places are kept for `immediate`: order alone does not help when every place holds a slow routine
/// send. Inside a class the towns take turns, and inside a town its far ends; of an early warning the town that shakes sooner
/// is first (`Turns`). One lower delivery in 64 goes out of
/// order, so that a long night of urgent ones does not silence the rest for ever.
///
/// Lanes in trouble stand in a line of their own, for a few places of their own (`Places`): however many far ends hang,
/// one that answers finds a place.
///
/// Knows no clock, task or lock: the runner brings `now`, and acts.
package struct ChannelQueue: Sendable {
    private let limits: QueueLimits
    private let policy: RetryPolicy
    private var lanes: [LaneID: Lane] = [:]
    /// By pool, then by class.
    private var turns: [Pool: [Turns]] = [:]
    private var waitingByClass = [Int](repeating: 0, count: Priority.allCases.count)
    private var timers = Heap<Timer>()
    private var places: Places
    private var sinceLower = 0
    package private(set) var waitingCount = 0

    package init(limits: QueueLimits, policy: RetryPolicy = RetryPolicy()) {
        self.limits = limits
        self.policy = policy
        places = Places(limits)
        for pool in Pool.allCases { turns[pool] = [Turns](repeating: Turns(), count: Priority.allCases.count) }
    }

    package var onWireCount: Int { places.count }
    /// Moments to look again: ends and retries of what waits, and what is left of those that have gone meanwhile.
    package var timerCount: Int { timers.count }
    /// Attempts on the wire that have given their place back: their far ends hang, or are slow.
    package var lateCount: Int { places.lateCount }
    /// The lanes that wait for a person, with the reason.
    package var stoppedLanes: [LaneID: String] { lanes.compactMapValues(\.stoppedBecause) }
    package func waiting(in lane: LaneID) -> Int { lanes[lane]?.waiting.count ?? 0 }
    package func waiting(in priority: Priority) -> Int { waitingByClass[priority.rawValue] }

    // MARK: offer

    package mutating func offer(_ parcel: Parcel, now: Instant) -> Offer {
        guard parcel.expires > now else { return .expired }
        giveBackPlaces(now)
        var lane = lanes.removeValue(forKey: parcel.lane) ?? Lane()
        defer { lanes[parcel.lane] = lane }

        if parcel.followsHeard { lane.remember(parcel.event, nil, heard: true) }
        let past = lane.past[parcel.event]
        if let latest = past?.revision, !parcel.revision.isNewer(than: latest) { return .outdated }

        let older = lane.waiting[parcel.event]
        let flying = lane.onWire[parcel.event]
        if parcel.message == .cancel, flying == nil, past?.wasHeard != true {
            lane.remember(parcel.event, parcel.revision, heard: false)
            if older != nil { drop(parcel.event, from: &lane) }
            return .annulled(older?.parcel.id)
        }
        var displaced: DeliveryID?
        if older == nil, waitingCount >= limits.waiting {
            guard let victim = makeRoom(for: parcel, sparing: parcel.lane) else { return .full }
            displaced = victim
        }
        lane.remember(parcel.event, parcel.revision, heard: false)
        var parcel = parcel
        if let older {
            // What nobody has heard yet does not become less urgent by a quiet correction of it.
            parcel.priority = min(parcel.priority, older.parcel.priority)
            drop(parcel.event, from: &lane)
        }
        insert(WaitingParcel(parcel: parcel, due: now, attempts: 0, offered: now), into: &lane)
        // A dead far end is asked again at once when seconds count.
        if parcel.priority == .immediate { lane.pausedUntil = nil }
        enqueue(&lane, parcel.lane, parcel.priority)
        if let displaced { return .displaced(displaced) }
        if let flying, parcel.message == .cancel { 
            return .followsOnWire(flying.parcel.id, superseding: older?.parcel.id)
        }
        return older.map { .superseded($0.parcel.id) } ?? .waiting
    }

    // MARK: next

    /// - Parameter least: nothing less urgent begins.
    package mutating func next(now: Instant, least: Priority = .background) -> Step {
        giveBackPlaces(now)
        if let expired = wake(now: now) { return .expired(expired) }
        if let oldest = places.tooLate() { return .cut(oldest) }
        for priority in order() where priority <= least {
            for pool in Pool.allCases {
                if let step = begin(priority, pool, now) { return step }
            }
        }
        // When a place is given back somebody else may go.
        let nearest = [timers.min?.due, waitingCount > 0 ? places.nextGivenBack : nil].compactMap(\.self).min()
        return nearest.map { .wait(until: $0) } ?? .idle
    }

    /// Sends the next delivery of that class, if a lane of this pool has one and a place is free.
    private mutating func begin(_ priority: Priority, _ pool: Pool, _ now: Instant) -> Step? {
        while places.isFree(pool, priority), let turn = turns[pool]?[priority.rawValue].take(priority, pool, places) {
            let id = turn.lane
            guard var lane = lanes.removeValue(forKey: id) else { continue }
            defer { lanes[id] = lane }
            // It stands in the other pool's line by now, or nearer to the front.
            if let second = turn.shakes {
                guard let place = lane.shaking, place == (pool, second) else { continue }
                lane.shaking = nil
            } else {
                guard lane.inTurn[priority] == pool else { continue }
                lane.inTurn[priority] = nil
            }
            let window = window(for: priority)
            guard lane.isFree(window, now: now), let entry = lane.firstDue(priority, window, now: now) else { continue }
            drop(entry.parcel.event, from: &lane)
            if entry.parcel.expires <= now {
                enqueue(&lane, id, priority)
                return .expired(entry.parcel)
            }
            lane.onWire[entry.parcel.event] = WaitingParcel(
                parcel: entry.parcel, due: now, attempts: entry.attempts + 1, offered: entry.offered)
            lane.remember(entry.parcel.event, nil, heard: true)
            places.take(entry.parcel, pool, now: now)
            for other in Priority.allCases { enqueue(&lane, id, other) }
            return .send(entry.parcel, attempt: entry.attempts + 1)
        }
        return nil
    }

    // MARK: settle

    package mutating func settle(
        _ id: DeliveryID, _ end: Result<Receipt, DeliveryFailure>, now: Instant,
        jitter: Double = .random(in: 0...1)
    ) -> Settlement {
        giveBackPlaces(now)
        guard let held = places.release(id), var lane = lanes.removeValue(forKey: held.lane) else { return .unknown }
        let laneID = held.lane
        if held.isLate { lane.late -= 1 }
        guard let entry = lane.onWire.values.first(where: { $0.parcel.id == id }) else {
            lanes[laneID] = lane
            return .unknown
        }
        let parcel = entry.parcel
        lane.onWire[parcel.event] = nil
        // Or waited until its time was over, or until it had to make room: what is older is not said after it.
        let newerWaits = lane.waiting[parcel.event] != nil
            || lane.past[parcel.event]?.revision?.isNewer(than: parcel.revision) == true
        defer {
            for priority in Priority.allCases { enqueue(&lane, laneID, priority) }
            lanes[laneID] = lane
        }

        switch end {
        case .success:
            lane.failures = 0
            lane.pausedUntil = nil
            return .delivered
        case .failure(.rejected(let reason)):
            lane.failures = 0
            return .rejected(reason)
        case .failure(.cancelled):
            if newerWaits { return .superseded }
            insert(entry.again(at: now, attempts: entry.attempts - 1), into: &lane)
            return .putBack
        case .failure(.misconfigured(let reason)):
            lane.stoppedBecause = reason
            if newerWaits { return .superseded }
            insert(entry.again(at: now, attempts: entry.attempts), into: &lane)
            return .stopped(reason)
        case .failure(.throttled(let pause)):
            let until = now.advanced(by: min(max(pause, .milliseconds(50)), .seconds(600)))
            lane.pausedUntil = until
            timers.insert(Timer(due: until, lane: laneID))
            return retry(entry, at: until, in: &lane, newerWaits: newerWaits, now: now)
        case .failure(.unavailable):
            // Cut short for the cancel that follows: that says nothing about the far end.
            if held.isLate || !newerWaits { lane.failures += 1 }
            let delay = policy.delay(after: entry.attempts, of: parcel.priority, jitter: jitter)
            let due = now.advanced(by: delay)
            // The breaker: after three failures in a row the whole lane waits, not each delivery for itself.
            if lane.failures >= 3 {
                lane.pausedUntil = due
                timers.insert(Timer(due: due, lane: laneID))
            }
            return retry(entry, at: due, in: &lane, newerWaits: newerWaits, now: now)
        }
    }

    /// A person has mended what was wrong, or says to try all the same. Returns what goes out now; nil when the lane
    /// was not stopped.
    package mutating func resume(_ id: LaneID) -> [Parcel]? {
        guard var lane = lanes.removeValue(forKey: id) else { return nil }
        defer { lanes[id] = lane }
        guard lane.stoppedBecause != nil else { return nil }
        lane.stoppedBecause = nil
        lane.pausedUntil = nil
        for priority in Priority.allCases { enqueue(&lane, id, priority) }
        return lane.inOrder.map(\.parcel)
    }

    /// Everything that waits.
    package func waitingParcels() -> [Parcel] { lanes.values.flatMap { $0.waiting.values.map(\.parcel) } }

    /// Since when the oldest delivery of that class has been offered and is not with its far end: where all seems well, and
    /// where the far end is in trouble, or stopped, or asked to be left alone. The first one old means that it is us.
    package func oldest(_ priority: Priority) -> (well: Instant?, troubled: Instant?) {
        var found: (well: Instant?, troubled: Instant?) = (nil, nil)
        guard waitingByClass[priority.rawValue] > 0 || places.count > 0 else { return found }
        for lane in lanes.values {
            guard let since = lane.oldest(priority) else { continue }
            if lane.isTroubled || lane.stoppedBecause != nil || lane.pausedUntil != nil {
                found.troubled = min(found.troubled ?? since, since)
            } else {
                found.well = min(found.well ?? since, since)
            }
        }
        return found
    }
}

// MARK: - the steps inside

extension ChannelQueue {
    private mutating func retry(
        _ entry: WaitingParcel, at due: Instant, in lane: inout Lane, newerWaits: Bool, now: Instant
    ) -> Settlement {
        if newerWaits { return .superseded }
        guard due < entry.parcel.expires else { return .expired }
        insert(entry.again(at: due, attempts: entry.attempts), into: &lane)
        return .retry(at: due)
    }

    private mutating func insert(_ entry: WaitingParcel, into lane: inout Lane) {
        let parcel = entry.parcel
        lane.waiting[parcel.event] = entry
        lane.order[parcel.priority.rawValue].append(parcel.event)
        waitingCount += 1
        waitingByClass[parcel.priority.rawValue] += 1
        timers.insert(Timer(due: parcel.expires, lane: parcel.lane))
        if entry.attempts > 0 { timers.insert(Timer(due: entry.due, lane: parcel.lane)) }
        if timers.count > 4 * waitingCount + Self.spareTimers { forgetOldTimers(lane, parcel.lane) }
    }

    /// Timers of what is gone by now that may lie about, beside those of what waits.
    static let spareTimers = 4096

    /// What was delivered at once leaves the timer of its end behind, a day ahead: a busy hub would gather millions of them.
    private mutating func forgetOldTimers(_ own: Lane, _ id: LaneID) {
        func moments(_ lane: Lane, _ id: LaneID) -> [Timer] {
            let ends = lane.waiting.values.flatMap { $0.attempts > 0 ? [$0.parcel.expires, $0.due] : [$0.parcel.expires] }
            return (ends + [lane.pausedUntil].compactMap(\.self)).map { Timer(due: $0, lane: id) }
        }
        // The lane at hand is out of the table just now.
        timers = Heap(lanes.flatMap { moments($0.value, $0.key) } + moments(own, id))
    }

    private mutating func drop(_ event: EventID, from lane: inout Lane) {
        guard let entry = lane.waiting.removeValue(forKey: event) else { return }
        let rank = entry.parcel.priority.rawValue
        if let index = lane.order[rank].firstIndex(of: event) { lane.order[rank].remove(at: index) }
        waitingCount -= 1
        waitingByClass[rank] -= 1
    }

    /// Attempts that have had their time give their places back; their lanes are in trouble from now on.
    private mutating func giveBackPlaces(_ now: Instant) {
        for id in places.giveBack(now) {
            lanes[id]?.late += 1
        }
    }

    /// Handles the timers that are due. Returns a delivery whose time is over, one at a time.
    private mutating func wake(now: Instant) -> Parcel? {
        while let timer = timers.min, timer.due <= now {
            guard var lane = lanes.removeValue(forKey: timer.lane) else {
                timers.removeMin()
                continue
            }
            if let entry = lane.inOrder.first(where: { $0.parcel.expires <= now }) {
                drop(entry.parcel.event, from: &lane)
                lanes[timer.lane] = lane
                return entry.parcel
            }
            timers.removeMin()
            for priority in Priority.allCases { enqueue(&lane, timer.lane, priority) }
            lanes[timer.lane] = lane
        }
        return nil
    }

    private mutating func order() -> [Priority] {
        sinceLower += 1
        guard sinceLower >= 64 else { return Priority.allCases }
        sinceLower = 0
        return [.immediate, .routine, .background, .urgent]
    }

    /// A warning does not wait behind a slow notice to the same far end.
    private func window(for priority: Priority) -> Lane.Window {
        Lane.Window(messages: limits.endpointWindow + (priority == .immediate ? 1 : 0), cancels: limits.cancelWindow)
    }

    private mutating func enqueue(_ lane: inout Lane, _ id: LaneID, _ priority: Priority) {
        guard !lane.order[priority.rawValue].isEmpty, lane.stoppedBecause == nil, lane.hasRoom(window(for: priority)) else { return }
        let wanted = lane.wanted(priority), pool = lane.pool
        // A report that says sooner moves it forward.
        if let second = wanted.shakes, lane.shaking.map({ $0.pool != pool || second < $0.by }) ?? true {
            lane.shaking = (pool, second)
            turns[pool]?[priority.rawValue].add(id, by: second)
        }
        if wanted.others, lane.inTurn[priority] != pool {
            lane.inTurn[priority] = pool
            turns[pool]?[priority.rawValue].add(id)
        }
    }

    /// Throws out one delivery less urgent than `parcel`.
    private mutating func makeRoom(for parcel: Parcel, sparing own: LaneID) -> DeliveryID? {
        for priority in Priority.allCases.reversed() where priority > parcel.priority && waitingByClass[priority.rawValue] > 0 {
            for (id, lane) in lanes where id != own {
                guard let event = lane.order[priority.rawValue].last, let entry = lane.waiting[event] else { continue }
                var changed = lane
                drop(event, from: &changed)
                lanes[id] = changed
                return entry.parcel.id
            }
        }
        return nil
    }
}
