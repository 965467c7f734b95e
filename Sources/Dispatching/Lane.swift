internal import AlertModel
internal import DequeModule

/// A delivery in its lane.
struct WaitingParcel: Sendable {
    var parcel: Parcel
    var due: Instant
    var attempts: Int
    /// When it came into the queue.
    var offered: Instant

    func again(at due: Instant, attempts: Int) -> WaitingParcel {
        WaitingParcel(parcel: parcel, due: due, attempts: attempts, offered: offered)
    }
}

struct Timer: Comparable, Sendable {
    let due: Instant
    let lane: LaneID
    static func < (left: Timer, right: Timer) -> Bool { left.due < right.due }
    static func == (left: Timer, right: Timer) -> Bool { left.due == right.due }
}

/// One far end in the queue: what waits for it, what is on the wire to it, what it has been told, and how it does.
struct Lane: Sendable {
    /// What this far end has been told, or may have been.
    struct Past: Sendable {
        var revision: Revision?
        var wasHeard: Bool
    }

    var waiting: [EventID: WaitingParcel] = [:]
    var order = [Deque<EventID>](repeating: [], count: Priority.allCases.count)
    var onWire: [EventID: WaitingParcel] = [:]
    var past: [EventID: Past] = [:]
    var pastOrder: Deque<EventID> = []
    var pausedUntil: Instant?
    var stoppedBecause: String?
    /// In a row.
    var failures = 0
    /// Attempts on the wire that have given their places back.
    var late = 0
    /// The line in which it stands for each class.
    var inTurn: [Priority: Pool] = [:]
    /// Where it stands among those who wait for a shaking, and by which second.
    var shaking: (pool: Pool, by: Int64)?

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

    /// Its last attempt failed, or one of its attempts has not come back when it should have.
    var isTroubled: Bool { failures > 0 || late > 0 }
    var pool: Pool { isTroubled ? .troubled : .well }

    func isFree(_ window: Window, now: Instant) -> Bool {
        stoppedBecause == nil && hasRoom(window) && (pausedUntil.map { $0 <= now } ?? true)
    }

    /// How many may be on the wire at once; cancels apart where the channel gives them places of their own.
    struct Window {
        let messages: Int
        let cancels: Int?
    }

    private var cancelsOnWire: Int { onWire.values.count { $0.parcel.message == .cancel } }

    func hasRoom(_ window: Window) -> Bool {
        hasRoom(window, for: .alert) || window.cancels != nil && hasRoom(window, for: .cancel)
    }

    private func hasRoom(_ window: Window, for message: MessageType) -> Bool {
        guard let cancels = window.cancels else { return onWire.count < window.messages }
        return message == .cancel ? cancelsOnWire < cancels : onWire.count - cancelsOnWire < window.messages
    }

    /// The oldest delivery of that class whose time has come, whose event is not on the wire and which finds room.
    func firstDue(_ priority: Priority, _ window: Window, now: Instant) -> WaitingParcel? {
        for event in order[priority.rawValue] {
            if let entry = waiting[event], entry.due <= now, onWire[event] == nil,
                hasRoom(window, for: entry.parcel.message) { return entry }
        }
        return nil
    }

    /// Of what waits in the class: the soonest second by which a shaking is to be heard of, and whether something else waits too.
    func wanted(_ priority: Priority) -> (shakes: Int64?, others: Bool) {
        guard priority == .immediate else { return (nil, !order[priority.rawValue].isEmpty) }
        var found: (shakes: Int64?, others: Bool) = (nil, false)
        for event in order[priority.rawValue] {
            guard let parcel = waiting[event]?.parcel else { continue }
            if let second = parcel.shakes { found.shakes = min(found.shakes ?? second, second) } else { found.others = true }
        }
        return found
    }

    /// What waits, the most urgent first and in the order it came.
    var inOrder: some Sequence<WaitingParcel> { order.lazy.flatMap { $0 }.compactMap { waiting[$0] } }

    /// Since when the oldest of that class is here, waiting or on the wire.
    func oldest(_ priority: Priority) -> Instant? {
        let flying = onWire.isEmpty ? nil : onWire.values.filter { $0.parcel.priority == priority }.map(\.offered).min()
        let waits = order[priority.rawValue].isEmpty
            ? nil : order[priority.rawValue].compactMap { waiting[$0]?.offered }.min()
        return [flying, waits].compactMap(\.self).min()
    }
}
