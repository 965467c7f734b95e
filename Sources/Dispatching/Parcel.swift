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

    package init(
        id: DeliveryID, event: EventID, lane: LaneID, priority: Priority, revision: Revision, message: MessageType,
        expires: Instant, followsHeard: Bool = false
    ) {
        self.id = id
        self.event = event
        self.lane = lane
        self.priority = priority
        self.revision = revision
        self.message = message
        self.expires = expires
        self.followsHeard = followsHeard
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
    package var concurrency: Int
    package var reservedForImmediate: Int
    package var endpointWindow: Int
    /// Deliveries waiting, over all lanes.
    package var waiting: Int

    package init(concurrency: Int, reservedForImmediate: Int, endpointWindow: Int = 1, waiting: Int = 500_000) {
        self.concurrency = concurrency
        self.reservedForImmediate = reservedForImmediate
        self.endpointWindow = endpointWindow
        self.waiting = waiting
    }

    package init(_ manifest: ChannelManifest) {
        self.init(
            concurrency: manifest.concurrency, reservedForImmediate: manifest.reservedForImmediate,
            endpointWindow: manifest.endpointWindow)
    }
}
