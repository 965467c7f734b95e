import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// One event at one far end: its slots, and what they say. Kept in the notebook as JSON.
struct Entry: Sendable, Codable, Hashable {
    let event: EventID
    /// The delivery whose words these are.
    private(set) var delivery: DeliveryID
    private(set) var words: String
    /// When these words were first sent.
    private(set) var made: Date
    private(set) var expires: Date
    private(set) var route: Route
    var slots: [Slot] = []

    init(_ order: Order) {
        event = order.event
        delivery = order.delivery
        words = order.words
        made = order.made
        expires = order.expires
        route = order.route
    }

    /// A new revision: what it does not ask for again is to leave the air.
    mutating func begin(_ order: Order) {
        delivery = order.delivery
        words = order.words
        made = order.made
        expires = order.expires
        route = order.route
        for index in slots.indices { slots[index].isRetired = true }
    }

    /// `4352/28672 40961/16400`: identifier and serial of every slot.
    var reference: String {
        slots.filter { !$0.isRetired }.map { "\($0.identifier)/\($0.serial.encoded)" }.joined(separator: " ")
    }

    private var isWholeOnTheAir: Bool { !slots.isEmpty && slots.allSatisfy { $0.confirmed == delivery && !$0.isRetired } }

    /// Nothing to do: this very delivery went out whole, or an earlier one with the same words for as long.
    func isOnTheAir(_ order: Order) -> Bool { isWholeOnTheAir && (delivery == order.delivery || repeats(order)) }

    /// A revision that says nothing new. A warning is always sent again: it wakes people.
    func repeats(_ order: Order) -> Bool {
        isWholeOnTheAir && words == order.words && expires >= order.expires
            && (slots.map(\.role) + order.broadcasts.map(\.role)).allSatisfy { $0 == .text }
    }

    /// What is left of a slot's time on the air; nil when it has ended by itself. A warning is over within a minute or
    /// so: written again later, it would wake people for an earthquake that is long past.
    func rest(of slot: Slot, pages: Int, now: Date) -> Airing? {
        let airing = Airing(pages: pages, seconds: expires.timeIntervalSince(made), route.rhythm)
        let seconds = airing.seconds(isWarning: slot.role == .warning) - now.timeIntervalSince(made)
        return seconds > 0 ? Airing(pages: pages, seconds: seconds, route.rhythm) : nil
    }

    func says(_ words: String) -> Bool { isWholeOnTheAir && self.words == words }
}

/// One message identifier in use.
struct Slot: Sendable, Codable, Hashable {
    let role: Order.Role
    let identifier: UInt16
    private(set) var serial: SerialNumber
    private(set) var warning: WarningType?
    /// The serials that may be on the air under the identifier: one is there, or nobody knows which.
    private(set) var standing: [SerialNumber]
    /// The delivery whose broadcast is known to be there.
    private(set) var confirmed: DeliveryID?
    /// Its event does not want it any more.
    var isRetired = false

    init(role: Order.Role, identifier: UInt16, serial: SerialNumber, warning: WarningType?, standing: [SerialNumber]) {
        self.role = role
        self.identifier = identifier
        self.serial = serial
        self.warning = warning
        self.standing = standing
    }

    var mayBeOnTheAir: Bool { !standing.isEmpty }

    /// More than these are not remembered; they end with their alerts.
    private static let mostStanding = 8

    enum Change: Sendable, Hashable {
        /// A call that may put it on the air is about to be made.
        case underway
        /// The far end has it, and nothing else under its identifier.
        case there
        /// Nothing of ours is there.
        case gone
    }

    /// The next revision under the same message code. A serial that never went out is not spent.
    mutating func renew(_ warning: WarningType?) {
        if standing.contains(serial) || confirmed != nil { serial = serial.updated }
        self.warning = warning
        confirmed = nil
        isRetired = false
    }

    mutating func apply(_ change: Change, serial: SerialNumber, by delivery: DeliveryID) {
        switch change {
        case .underway:
            confirmed = nil
            if !standing.contains(serial) { standing = (standing + [serial]).suffix(Self.mostStanding) }
        case .there:
            confirmed = delivery
            standing = [serial]
        case .gone:
            confirmed = nil
            standing = []
        }
    }
}
