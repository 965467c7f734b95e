import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// One event at one far end: its slots, and what they say. Kept in the notebook as JSON.
struct ShelfEntry: Sendable, Codable, Hashable {
    let event: EventID
    /// The delivery whose words these are.
    private(set) var delivery: DeliveryID
    private(set) var words: String
    /// When these words were first sent.
    private(set) var made: Date
    private(set) var expires: Date
    private(set) var route: Route
    /// Absent in entries of older programs, which count as the least.
    private(set) var kind: AlertKind?
    private(set) var gravity: Int?
    /// An ETWS primary went before its words.
    private(set) var wasWarned: Bool?
    /// Taken back or run out: nothing of it is wanted on the air.
    private(set) var isOver: Bool?
    /// What people are told of it beside the state of its slots.
    var remark: String?
    var slots: [Slot] = []

    init(_ order: Order) {
        event = order.event
        delivery = order.delivery
        words = order.words
        made = order.made
        expires = order.expires
        route = order.route
        kind = order.kind
        gravity = order.gravity.rawValue
        wasWarned = order.isWarning
    }

    /// A new revision: what it does not ask for again is to leave the air.
    mutating func begin(_ order: Order) {
        let slots = slots
        self = ShelfEntry(order)
        self.slots = slots
        retireAll()
    }

    mutating func end() {
        isOver = true
        retireAll()
    }

    private mutating func retireAll() {
        for index in slots.indices { slots[index].isRetired = true }
    }

    var wanted: [Slot] { slots.filter { !$0.isRetired } }
    /// To be taken off, with everything that may still be on the air.
    var leaving: [Slot] { slots.filter { $0.isRetired && $0.mayBeOnTheAir } }

    /// `4352/28672 40961/16400`: identifier and serial of every slot.
    var reference: String { (wanted.isEmpty ? slots : wanted).map(\.reference).joined(separator: " ") }

    private var isWholeOnTheAir: Bool {
        let wanted = wanted
        return isOver != true && !wanted.isEmpty && wanted.allSatisfy { $0.confirmed == delivery }
    }

    /// Nothing to do: this very delivery went out whole, or an earlier one with the same words for as long.
    func isOnTheAir(_ order: Order) -> Bool { isWholeOnTheAir && (delivery == order.delivery || repeats(order)) }

    /// A revision that says nothing new. A warning is always sent again: it wakes people.
    func repeats(_ order: Order) -> Bool {
        isWholeOnTheAir && words == order.words && expires >= order.expires
            && (wanted.map(\.role) + order.broadcasts.map(\.role)).allSatisfy { $0 == .text }
    }

    /// What is left of a slot's time on the air; nil when it has ended by itself. A warning is over within a minute or
    /// so: written again later, it would wake people for an earthquake that is long past.
    func rest(of slot: Slot, pages: Int, now: Date) -> Airing? {
        let whole = Airing(pages: pages, period: slot.period, seconds: expires.timeIntervalSince(made), route.rhythm)
        let seconds = whole.seconds(isWarning: slot.role == .warning) - now.timeIntervalSince(made)
        return seconds > 0 ? Airing(pages: pages, period: slot.period, seconds: seconds, route.rhythm) : nil
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
    /// The delivery whose broadcast the far end has said yes to.
    private(set) var confirmed: DeliveryID?
    /// Its event does not want it any more.
    var isRetired = false
    /// How sure we are. Absent in slots of older programs.
    private(set) var certainty: FarEndReport.Certainty?
    /// Pages and repetition period as they went out; a warning has none.
    private(set) var pages: Int?
    private(set) var period: Int?
    /// When a base station ends it by itself.
    private(set) var ends: Date?
    /// The far end has let go of it, and nobody knows whether the cells have.
    private(set) var letGo: Date?
    /// It was on the air and the far end has lost it: it is put there again.
    private(set) var isLost: Bool?

    init(role: Order.Role, identifier: UInt16, serial: SerialNumber, warning: WarningType?, standing: [SerialNumber] = []) {
        self.role = role
        self.identifier = identifier
        self.serial = serial
        self.warning = warning
        self.standing = standing
    }

    var mayBeOnTheAir: Bool { !standing.isEmpty }
    /// It went out and no yes, or no good one, came back.
    var isInDoubt: Bool { mayBeOnTheAir && confirmed == nil }
    var reference: String { "\(identifier)/\(serial.encoded)" }

    /// More than these are not remembered; they end with their alerts.
    private static let mostStanding = 8

    enum Change: Sendable, Hashable {
        /// A call that may put it on the air is about to be made.
        case underway(Airing, pages: Int, ends: Date)
        /// The far end has it, and nothing else under its identifier.
        case there(FarEndReport.Certainty)
        /// Nothing of ours is there.
        case gone
        /// The answer promises nothing.
        case doubtful
        /// The far end has let go of it after a silence; what the cells do nobody knows.
        case letGo(Date)
        /// Asked again and again, and the far end has it no more, or never speaks of it: its word, and no proof of the cells.
        case settled
        /// The far end has forgotten everything.
        case lost
    }

    /// The same words and serial, to be put on the air under another identifier.
    func again(under identifier: UInt16) -> Slot {
        var copy = Slot(role: role, identifier: identifier, serial: serial, warning: warning)
        (copy.pages, copy.period, copy.ends, copy.isLost, copy.certainty) = (pages, period, ends, true, .doubtful)
        return copy
    }

    mutating func repeats(every period: Int) { self.period = period }

    /// A controller has ended it by itself.
    mutating func forgetStanding() { standing = [] }

    /// The next revision under the same message code. A serial that never went out is not spent.
    mutating func renew(_ warning: WarningType?) {
        if standing.contains(serial) || confirmed != nil || ends != nil { serial = serial.updated }
        self.warning = warning
        confirmed = nil
        certainty = nil
        letGo = nil
        isLost = nil
        isRetired = false
    }

    mutating func apply(_ change: Change, serial: SerialNumber, by delivery: DeliveryID) {
        switch change {
        case .underway(let airing, let pages, let ends):
            confirmed = nil
            certainty = .asked
            letGo = nil
            if role == .text { (self.pages, period) = (pages, airing.period) }
            self.ends = ends
            if !standing.contains(serial) { standing = (standing + [serial]).suffix(Self.mostStanding) }
        case .there(let certainty):
            confirmed = delivery
            self.certainty = certainty
            standing = [serial]
            isLost = nil
        case .gone:
            confirmed = nil
            standing = []
            letGo = nil
            ends = nil
        case .doubtful:
            certainty = .doubtful
            confirmed = nil
        case .letGo(let now):
            confirmed = nil
            standing = []
            certainty = .doubtful
            letGo = now
        case .settled:
            if letGo != nil { certainty = .saidYes }
        case .lost:
            if confirmed != nil { isLost = true }
            certainty = .doubtful
            confirmed = nil
            standing = []
        }
    }
}
