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
/// place. The last slots are kept for `immediate`: order alone does not help when every slot holds a slow routine
/// send. Inside a class the towns take turns, and inside a town its far ends. One lower delivery in 64 goes out of
/// order, so that a long night of urgent ones does not silence the rest for ever.
///
/// Knows no clock, task or lock: the runner brings `now`, and acts.
package struct ChannelQueue: Sendable {
    private let limits: QueueLimits
    private let policy: RetryPolicy
    private var lanes: [LaneID: Lane] = [:]
    private var turns = [Turns](repeating: Turns(), count: Priority.allCases.count)
    private var timers = Heap<Timer>()
    private var onWire: [DeliveryID: LaneID] = [:]
    private var onWireOthers = 0
    private var sinceLower = 0
    package private(set) var waitingCount = 0

    package init(limits: QueueLimits, policy: RetryPolicy = RetryPolicy()) {
        self.limits = limits
        self.policy = policy
    }

    package var onWireCount: Int { onWire.count }
    /// The lanes that wait for a person, with the reason.
    package var stoppedLanes: [LaneID: String] { lanes.compactMapValues(\.stoppedBecause) }
    package func waiting(in lane: LaneID) -> Int { lanes[lane]?.waiting.count ?? 0 }
    package func waiting(in priority: Priority) -> Int { turns[priority.rawValue].count }

    // MARK: offer

    package mutating func offer(_ parcel: Parcel, now: Instant) -> Offer {
        guard parcel.expires > now else { return .expired }
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
        insert(parcel, attempts: 0, due: now, into: &lane)
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

    package mutating func next(now: Instant) -> Step {
        if let expired = wake(now: now) { return .expired(expired) }
        for priority in order() {
            guard hasSlot(for: priority) else { continue }
            while let id = turns[priority.rawValue].take() {
                guard var lane = lanes.removeValue(forKey: id) else { continue }
                lane.inTurn.remove(priority)
                defer { lanes[id] = lane }
                guard lane.isFree(window(for: priority), now: now), let entry = lane.firstDue(priority, now: now)
                else { continue }
                drop(entry.parcel.event, from: &lane)
                if entry.parcel.expires <= now {
                    enqueue(&lane, id, priority)
                    return .expired(entry.parcel)
                }
                lane.onWire[entry.parcel.event] = Entry(parcel: entry.parcel, due: now, attempts: entry.attempts + 1)
                lane.remember(entry.parcel.event, nil, heard: true)
                onWire[entry.parcel.id] = id
                if priority != .immediate { onWireOthers += 1 }
                for other in Priority.allCases { enqueue(&lane, id, other) }
                return .send(entry.parcel, attempt: entry.attempts + 1)
            }
        }
        guard let timer = timers.min else { return .idle }
        return .wait(until: timer.due)
    }

    // MARK: settle

    package mutating func settle(
        _ id: DeliveryID, _ end: Result<Receipt, DeliveryFailure>, now: Instant,
        jitter: Double = .random(in: 0...1)
    ) -> Settlement {
        guard let laneID = onWire.removeValue(forKey: id), var lane = lanes.removeValue(forKey: laneID)
        else { return .unknown }
        guard let entry = lane.onWire.values.first(where: { $0.parcel.id == id }) else {
            lanes[laneID] = lane
            return .unknown
        }
        let parcel = entry.parcel
        lane.onWire[parcel.event] = nil
        if parcel.priority != .immediate { onWireOthers -= 1 }
        let newerWaits = lane.waiting[parcel.event] != nil
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
            insert(parcel, attempts: entry.attempts - 1, due: now, into: &lane)
            return .putBack
        case .failure(.misconfigured(let reason)):
            lane.stoppedBecause = reason
            if newerWaits { return .superseded }
            insert(parcel, attempts: entry.attempts, due: now, into: &lane)
            return .stopped(reason)
        case .failure(.throttled(let pause)):
            let until = now.advanced(by: min(max(pause, .milliseconds(50)), .seconds(600)))
            lane.pausedUntil = until
            timers.insert(Timer(due: until, lane: laneID))
            return retry(entry, at: until, in: &lane, newerWaits: newerWaits, now: now)
        case .failure(.unavailable):
            lane.failures += 1
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
        return lane.waiting.values.map(\.parcel)
    }

    /// Everything that waits.
    package func waitingParcels() -> [Parcel] { lanes.values.flatMap { $0.waiting.values.map(\.parcel) } }
}

// MARK: - the steps inside

extension ChannelQueue {
    private mutating func retry(
        _ entry: Entry, at due: Instant, in lane: inout Lane, newerWaits: Bool, now: Instant
    ) -> Settlement {
        if newerWaits { return .superseded }
        guard due < entry.parcel.expires else { return .expired }
        insert(entry.parcel, attempts: entry.attempts, due: due, into: &lane)
        return .retry(at: due)
    }

    private mutating func insert(_ parcel: Parcel, attempts: Int, due: Instant, into lane: inout Lane) {
        lane.waiting[parcel.event] = Entry(parcel: parcel, due: due, attempts: attempts)
        lane.order[parcel.priority.rawValue].append(parcel.event)
        waitingCount += 1
        turns[parcel.priority.rawValue].count += 1
        timers.insert(Timer(due: parcel.expires, lane: parcel.lane))
        if attempts > 0 { timers.insert(Timer(due: due, lane: parcel.lane)) }
    }

    private mutating func drop(_ event: EventID, from lane: inout Lane) {
        guard let entry = lane.waiting.removeValue(forKey: event) else { return }
        let rank = entry.parcel.priority.rawValue
        if let index = lane.order[rank].firstIndex(of: event) { lane.order[rank].remove(at: index) }
        waitingCount -= 1
        turns[rank].count -= 1
    }

    /// Handles the timers that are due. Returns a delivery whose time is over, one at a time.
    private mutating func wake(now: Instant) -> Parcel? {
        while let timer = timers.min, timer.due <= now {
            guard var lane = lanes.removeValue(forKey: timer.lane) else {
                timers.removeMin()
                continue
            }
            if let entry = lane.waiting.values.first(where: { $0.parcel.expires <= now }) {
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

    private func hasSlot(for priority: Priority) -> Bool {
        guard onWire.count < limits.concurrency else { return false }
        return priority == .immediate || onWireOthers < limits.concurrency - limits.reservedForImmediate
    }

    /// A warning does not wait behind a slow notice to the same far end.
    private func window(for priority: Priority) -> Int {
        limits.endpointWindow + (priority == .immediate ? 1 : 0)
    }

    private mutating func enqueue(_ lane: inout Lane, _ id: LaneID, _ priority: Priority) {
        guard !lane.order[priority.rawValue].isEmpty, lane.stoppedBecause == nil,
            lane.onWire.count < window(for: priority),
            lane.inTurn.insert(priority).inserted
        else { return }
        turns[priority.rawValue].add(id)
    }

    /// Throws out one delivery less urgent than `parcel`.
    private mutating func makeRoom(for parcel: Parcel, sparing own: LaneID) -> DeliveryID? {
        for priority in Priority.allCases.reversed() where priority > parcel.priority && turns[priority.rawValue].count > 0 {
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

private struct Entry: Sendable {
    var parcel: Parcel
    var due: Instant
    var attempts: Int
}

private struct Timer: Comparable, Sendable {
    let due: Instant
    let lane: LaneID
    static func < (left: Timer, right: Timer) -> Bool { left.due < right.due }
    static func == (left: Timer, right: Timer) -> Bool { left.due == right.due }
}

private struct Lane: Sendable {
    /// What this far end has been told, or may have been.
    struct Past: Sendable {
        var revision: Revision?
        var wasHeard: Bool
    }

    var waiting: [EventID: Entry] = [:]
    var order = [Deque<EventID>](repeating: [], count: Priority.allCases.count)
    var onWire: [EventID: Entry] = [:]
    var past: [EventID: Past] = [:]
    var pastOrder: Deque<EventID> = []
    var pausedUntil: Instant?
    var stoppedBecause: String?
    var failures = 0
    var inTurn: Set<Priority> = []

    /// Events whose past is kept per far end. A night of aftershocks has dozens; the ledger knows the rest.
    static let memory = 256

    mutating func remember(_ event: EventID, _ revision: Revision?, heard: Bool) {
        if past[event] == nil {
            pastOrder.append(event)
            if pastOrder.count > Self.memory, let oldest = pastOrder.popFirst() { past[oldest] = nil }
        }
        var entry = past[event] ?? Past(revision: nil, wasHeard: false)
        if let revision { entry.revision = revision }
        entry.wasHeard = entry.wasHeard || heard
        past[event] = entry
    }

    func isFree(_ window: Int, now: Instant) -> Bool {
        stoppedBecause == nil && onWire.count < window && (pausedUntil.map { $0 <= now } ?? true)
    }

    /// The oldest delivery of that class whose time has come and whose event is not on the wire.
    func firstDue(_ priority: Priority, now: Instant) -> Entry? {
        for event in order[priority.rawValue] {
            if let entry = waiting[event], entry.due <= now, onWire[event] == nil { return entry }
        }
        return nil
    }
}

/// The lanes of one class that have something to send, town after town.
private struct Turns: Sendable {
    private var towns: Deque<TownID> = []
    private var lanes: [TownID: Deque<LaneID>] = [:]
    /// Deliveries of this class that wait, whether their lane is free or not.
    var count = 0

    mutating func add(_ lane: LaneID) {
        if lanes[lane.town, default: []].isEmpty { towns.append(lane.town) }
        lanes[lane.town, default: []].append(lane)
    }

    mutating func take() -> LaneID? {
        guard let town = towns.popFirst(), let lane = lanes[town]?.popFirst() else { return nil }
        if lanes[town]?.isEmpty == false { towns.append(town) }
        return lane
    }
}
