import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// What of ours may be on the air at one far end, and which numbers are taken. A value: no clock, no lock, no I/O.
///
///     plan ──▶ new event:     a free identifier, a new message code
///          ──▶ same event:    the same identifier and code, update number + 1
///          ──▶ same delivery: the same serial
///
/// A slot is marked before the call that fills it and confirmed after the answer. In between, and when the answer is
/// lost, `mayBeOnTheAir` holds: the next attempt takes it off first.
struct ShelfState: Sendable {
    private(set) var entries: [EventID: Entry]
    /// The next message code, counted on for ever; a serial takes it modulo its range.
    private(set) var nextCode: Int

    init(entries: [Entry] = [], nextCode: Int = 0) {
        self.entries = Dictionary(entries.map { ($0.event, $0) }) { $1 }
        self.nextCode = nextCode
    }

    enum Refusal: Error, Hashable {
        case noIdentifierLeft(of: Int)
        case sameWords(EventID)
    }

    /// The slots for `order`. An identifier of which there is only one is taken from the event that had it.
    mutating func plan(_ order: Order) throws(Refusal) -> Entry {
        forgetExpired(order.made)
        if let entry = entries[order.event], entry.delivery == order.delivery || entry.repeats(order) { return entry }
        let others = entries.values.filter { $0.event != order.event }
        if order.refusesRepeats, let other = others.first(where: { $0.says(order.words) }) {
            throw .sameWords(other.event)
        }
        var entry = entries[order.event] ?? Entry(order)
        entry.begin(order)
        for broadcast in order.broadcasts { try place(broadcast, in: &entry) }
        entries[order.event] = entry
        return entry
    }

    private mutating func place(_ broadcast: Order.Broadcast, in entry: inout Entry) throws(Refusal) {
        let isMine: (Slot) -> Bool = { $0.role == broadcast.role && broadcast.identifiers.contains($0.identifier) }
        if let index = entry.slots.firstIndex(where: isMine) {
            entry.slots[index].renew(broadcast.warning)
        } else {
            entry.slots.append(try newSlot(broadcast, in: entry))
        }
    }

    private mutating func newSlot(_ broadcast: Order.Broadcast, in entry: Entry) throws(Refusal) -> Slot {
        let others = entries.values.filter { $0.event != entry.event }.flatMap(\.slots) + entry.slots
        let taken = Set(others.map(\.identifier))
        let free = broadcast.identifiers.first { !taken.contains($0) }
        guard let identifier = free ?? (broadcast.identifiers.count == 1 ? broadcast.identifiers.first : nil) else {
            throw .noIdentifierLeft(of: broadcast.identifiers.count)
        }
        return Slot(
            role: broadcast.role, identifier: identifier,
            serial: newSerial(isWarning: broadcast.warning != nil, inUse: others),
            warning: broadcast.warning, standing: takeOver(identifier, for: entry.event))
    }

    /// Takes `identifier` from whoever has it; returns the serials that may be on the air under it.
    private mutating func takeOver(_ identifier: UInt16, for event: EventID) -> [SerialNumber] {
        var standing: [SerialNumber] = []
        for (key, var other) in entries where key != event {
            standing += other.slots.filter { $0.identifier == identifier }.flatMap(\.standing)
            other.slots.removeAll { $0.identifier == identifier }
            entries[key] = other.slots.isEmpty ? nil : other
        }
        return standing
    }

    /// TS 23.041: an ETWS serial carries the two flags in the top bits of its message code. When the codes have come
    /// round, those still in use are passed over.
    private mutating func newSerial(isWarning: Bool, inUse others: [Slot]) -> SerialNumber {
        let flags = SerialNumber.emergencyUserAlert | SerialNumber.popup
        let inUse = Set(others.flatMap { $0.standing + [$0.serial] }.map(\.code))
        while true {
            defer { nextCode += 1 }
            // A remainder that sixteen bits hold, of a number that only grows.
            let code = isWarning ? UInt16(nextCode % 256) | flags : UInt16(nextCode % 1024)
            // There are fewer identifiers, hence fewer slots, than codes; were it otherwise, the oldest number is given.
            if !inUse.contains(code) || inUse.count >= 256 { return SerialNumber(code: code) }
        }
    }

    /// Ignored when the slot has gone to another event meanwhile.
    mutating func note(_ change: Slot.Change, of slot: Slot, event: EventID, delivery: DeliveryID) {
        guard var entry = entries[event], let index = entry.slots.firstIndex(where: { $0.identifier == slot.identifier })
        else { return }
        entry.slots[index].apply(change, serial: slot.serial, by: delivery)
        if entry.slots[index].isRetired, !entry.slots[index].mayBeOnTheAir { entry.slots.remove(at: index) }
        entries[event] = entry
    }

    mutating func forget(_ event: EventID) { entries[event] = nil }

    /// A message ends by itself when its alert does: the centre was told how often to send it.
    private mutating func forgetExpired(_ now: Date) {
        entries = entries.filter { $0.value.expires >= now }
    }
}
