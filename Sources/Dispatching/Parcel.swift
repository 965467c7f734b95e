package import AlertModel
package import ChannelKit

/// Deadlines inside the hub. A jump of the wall clock does not move it.
package typealias Instant = ContinuousClock.Instant

/// One far end of one town, inside a channel's queue.
package struct LaneID: Hashable, Sendable {
    package let town: TownID
    package let endpoint: String
    package init(town: TownID, endpoint: String) {
        self.town = town
        self.endpoint = endpoint
    }
}

/// What the queue needs to know of a delivery in order to decide about it.
package struct Parcel: Sendable, Hashable {
    package let id: DeliveryID
    package let event: EventID
    package let lane: LaneID
    package internal(set) var priority: Priority
    package let revision: Revision
    package let message: MessageType
    package let expires: Instant
    /// True when the far end was told of this event before this queue existed (a restart).
    package let followsHeard: Bool
    /// Of an early warning: by when the town is to have heard, in whole seconds of the wall clock (`ShakingOrder`). Nil: in turn.
    package let shakes: Int64?

    package init(
        id: DeliveryID, event: EventID, lane: LaneID, priority: Priority, revision: Revision, message: MessageType,
        expires: Instant, followsHeard: Bool = false, shakes: Int64? = nil
    ) {
        self.id = id
        self.event = event
        self.lane = lane
        self.priority = priority
        self.revision = revision
        self.message = message
        self.expires = expires
        self.followsHeard = followsHeard
        self.shakes = shakes
    }
}

/// What became of an offer.
package enum Offer: Sendable, Hashable {
    case waiting
    /// Took the place of an older revision that nobody had heard yet.
    case superseded(DeliveryID)
    /// A cancel while the older revision is on the wire: that attempt should be cut short, this one follows it.
    /// `superseding` waited between the two.
    case followsOnWire(DeliveryID, superseding: DeliveryID?)
    /// A cancel of something nobody has heard: both are silent. The older delivery's id, where one was waiting.
    case annulled(DeliveryID?)
    /// A newer revision of the event is already waiting, on the wire or told.
    case outdated
    case expired
    /// The queue is full and nothing in it is less urgent.
    case full
    /// The queue was full: a less urgent delivery made room.
    case displaced(DeliveryID)
}

/// What to do next.
package enum Step: Sendable, Hashable {
    /// Send it now. `attempt` counts from 1.
    case send(Parcel, attempt: Int)
    /// Its time is over; it is gone from the queue.
    case expired(Parcel)
    /// Too many attempts hang: end this one, which has hung longest, and settle it.
    case cut(DeliveryID)
    /// Nothing until then.
    case wait(until: Instant)
    /// Nothing until something is offered or settled.
    case idle
}

/// What became of a delivery after an attempt.
package enum Settlement: Sendable, Hashable {
    case delivered
    case retry(at: Instant)
    /// A newer revision waits: the failed older one is not tried again.
    case superseded
    case expired
    case rejected(String)
    /// The lane is stopped until a person has mended the settings; the delivery waits there.
    case stopped(String)
    /// Ours: back in the queue as it was.
    case putBack
    /// The id is not on the wire (settled twice).
    case unknown
}

/// Bounds of one channel's queue.
package struct QueueLimits: Sendable {
    /// Attempts of one town that nobody has answered yet, within `patience` of their beginning.
    package var concurrency: Int
    /// Of these, how many are kept for what is immediate.
    package var reservedForImmediate: Int
    package var endpointWindow: Int
    /// Cancels on the wire at once to one far end, beside the others; nil: they share the window.
    package var cancelWindow: Int?
    /// Deliveries waiting, over all lanes.
    package var waiting: Int
    /// The same as `concurrency` over all towns: so many that towns with hanging far ends leave some to the others, so few
    /// that the handshakes of all of them together do not keep one waiting.
    package var places: Int
    /// Attempts within `patience` of lanes in trouble, over all towns.
    package var placesInTrouble: Int
    /// After this an attempt does not hold a place any more. A far end in the same country has answered a handshake and
    /// a short request by then; one that needs longer is not cut, it only stands aside.
    package var patience: Duration
    /// Attempts that go on without a place. Each is a connection.
    package var late: Int

    package init(
        concurrency: Int, reservedForImmediate: Int, endpointWindow: Int = 1, cancelWindow: Int? = nil,
        waiting: Int = 500_000, places: Int? = nil, placesInTrouble: Int? = nil, patience: Duration = .milliseconds(250), late: Int = 512
    ) {
        self.concurrency = concurrency
        self.reservedForImmediate = reservedForImmediate
        self.endpointWindow = endpointWindow
        self.cancelWindow = cancelWindow
        self.waiting = waiting
        self.places = places ?? max(128, 4 * concurrency)
        self.placesInTrouble = placesInTrouble ?? max(2, concurrency / 4)
        self.patience = patience
        self.late = late
    }

    package init(_ manifest: ChannelManifest) {
        self.init(
            concurrency: manifest.concurrency, reservedForImmediate: manifest.reservedForImmediate,
            endpointWindow: manifest.endpointWindow, cancelWindow: manifest.cancelWindow)
    }

    /// Over all towns the same share is kept for what is immediate as in each.
    var placesForOthers: Int { max(1, places * (concurrency - reservedForImmediate) / concurrency) }
}
