import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// What of ours may be on the air at one far end, and which numbers are taken. A value: no clock, no lock, no I/O.
///
///     plan ──▶ new event:     a free identifier, a new message code
///          ──▶ same event:    the same code, update number + 1; behind a centre under a second identifier, the first
///                             one leaves when the second is there
///          ──▶ same delivery: the same serial; behind a centre under another identifier where the first is in doubt
///
/// A slot is marked before the call that fills it and confirmed after the answer. What is taken back, replaced or run
/// out is *leaving*: it keeps its identifier until the far end has let go of it, since osmo-cbc 0.5.3 ends nothing by
/// itself and answers the second POST of an active identifier with 409 or never.
struct ShelfState: Sendable {
    private(set) var entries: [EventID: ShelfEntry]
    /// The next message code, counted on for ever; a serial takes it modulo its range.
    private(set) var nextCode: Int

    init(entries: [ShelfEntry] = [], nextCode: Int = 0) {
        self.entries = Dictionary(entries.map { ($0.event, $0) }) { $1 }
        self.nextCode = nextCode
    }

    enum Refusal: Error, Hashable {
        case noIdentifierLeft(of: Int)
        case sameWords(EventID)
    }

    /// The slots for `order`. An identifier of which there is only one is taken from the event that had it.
    ///
    /// - Parameter foreign: Identifiers that somebody else of us uses at the same address.
    mutating func plan(_ order: Order, foreign: Set<UInt16> = []) throws(Refusal) -> ShelfEntry {
        runOut(order.made)
        if var entry = entries[order.event], entry.delivery == order.delivery || entry.repeats(order), entry.isOver != true {
            if !entry.isOnTheAir(order), order.shifts { try evadeDoubt(order, &entry, foreign) }
            entries[order.event] = entry
            return entry
        }
        let others = entries.values.filter { $0.event != order.event }
        if order.refusesRepeats, let other = others.first(where: { $0.says(order.words) }) {
            throw .sameWords(other.event)
        }
        var entry = entries[order.event] ?? ShelfEntry(order)
        entry.begin(order)
        for broadcast in order.broadcasts { try place(broadcast, order, in: &entry, foreign) }
        if order.isWarning { retireWarnings(like: order) }
        entries[order.event] = entry
        return entry
    }

    /// Moves a slot that may stand under a number somebody has: another number, the same serial.
    mutating func evade(_ slot: Slot, _ order: Order, foreign: Set<UInt16>) -> Slot? {
        guard var entry = entries[order.event],
            let broadcast = order.broadcasts.first(where: { $0.role == slot.role }),
            let other = free(broadcast, in: entry, foreign)
        else { return nil }
        let moved = Slot(role: slot.role, identifier: other, serial: slot.serial, warning: slot.warning)
        retire(slot, in: &entry)
        entry.slots.append(moved)
        entries[order.event] = entry
        return moved
    }

    private mutating func evadeDoubt(
        _ order: Order, _ entry: inout ShelfEntry, _ foreign: Set<UInt16>
    ) throws(Refusal) {
        for slot in entry.wanted where slot.role == .text && slot.isInDoubt {
            guard let broadcast = order.broadcasts.first(where: { $0.role == .text }),
                let other = free(broadcast, in: entry, foreign)
            else { continue }
            retire(slot, in: &entry)
            entry.slots.append(Slot(role: .text, identifier: other, serial: slot.serial, warning: nil))
        }
    }

    private func retire(_ slot: Slot, in entry: inout ShelfEntry) {
        guard let index = entry.slots.firstIndex(where: { $0.identifier == slot.identifier }) else { return }
        entry.slots[index].isRetired = true
        if !entry.slots[index].mayBeOnTheAir { entry.slots.remove(at: index) }
    }

    private mutating func place(
        _ broadcast: Order.Broadcast, _ order: Order, in entry: inout ShelfEntry, _ foreign: Set<UInt16>
    ) throws(Refusal) {
        let isMine: (Slot) -> Bool = { $0.role == broadcast.role && broadcast.identifiers.contains($0.identifier) }
        guard let index = entry.slots.lastIndex(where: isMine) else {
            return entry.slots.append(try newSlot(broadcast, in: entry, foreign))
        }
        let old = entry.slots[index]
        if order.shifts, broadcast.role == .text, old.mayBeOnTheAir, let other = free(broadcast, in: entry, foreign) {
            entry.slots.append(
                Slot(role: .text, identifier: other, serial: old.serial.updated, warning: nil))
        } else {
            // The index was found above, and nothing has left since.
            entry.slots[index].renew(broadcast.warning)
        }
    }

    private func inUse(besides entry: ShelfEntry) -> [Slot] {
        entries.values.filter { $0.event != entry.event }.flatMap(\.slots) + entry.slots
    }

    private func free(_ broadcast: Order.Broadcast, in entry: ShelfEntry, _ foreign: Set<UInt16>) -> UInt16? {
        let taken = Set(inUse(besides: entry).map(\.identifier)).union(foreign)
        return broadcast.identifiers.first { !taken.contains($0) }
    }

    private mutating func newSlot(
        _ broadcast: Order.Broadcast, in entry: ShelfEntry, _ foreign: Set<UInt16>
    ) throws(Refusal) -> Slot {
        let others = inUse(besides: entry)
        let only = broadcast.identifiers.count == 1 ? broadcast.identifiers.first : nil
        guard let identifier = free(broadcast, in: entry, foreign) ?? only ?? leavingIdentifier(broadcast) else {
            throw .noIdentifierLeft(of: broadcast.identifiers.count)
        }
        return Slot(
            role: broadcast.role, identifier: identifier,
            serial: newSerial(isWarning: broadcast.warning != nil, inUse: others),
            warning: broadcast.warning, standing: takeOver(identifier, for: entry.event))
    }

    /// One that is on its way off the air: it is freed before it is used.
    private func leavingIdentifier(_ broadcast: Order.Broadcast) -> UInt16? {
        let leaving = entries.values.flatMap(\.slots).filter { $0.isRetired && $0.role == broadcast.role }.map(\.identifier)
        return broadcast.identifiers.first { leaving.contains($0) }
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

    /// A cell has one ETWS primary: a new one pushes out every other. A later event of the same kind takes the words of
    /// the earlier one off too.
    private mutating func retireWarnings(like order: Order) {
        for (key, var other) in entries where key != order.event {
            if other.kind == order.kind, other.wasWarned == true {
                other.end()
            } else {
                for index in other.slots.indices where other.slots[index].role == .warning {
                    other.slots[index].isRetired = true
                }
            }
            other.slots.removeAll { $0.isRetired && !$0.mayBeOnTheAir && $0.letGo == nil }
            entries[key] = other.slots.isEmpty ? nil : other
        }
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
}

// MARK: - What becomes of a slot

extension ShelfState {
    /// Ignored when the slot has gone to another event meanwhile.
    mutating func note(_ change: Slot.Change, of slot: Slot, event: EventID, delivery: DeliveryID) {
        guard var entry = entries[event], let index = entry.slots.firstIndex(where: { $0.identifier == slot.identifier })
        else { return }
        entry.slots[index].apply(change, serial: slot.serial, by: delivery)
        let changed = entry.slots[index]
        if changed.isRetired, !changed.mayBeOnTheAir, changed.letGo == nil { entry.slots.remove(at: index) }
        entries[event] = entry.slots.isEmpty && entry.isOver == true ? nil : entry
    }

    /// Taken back, or pushed off: everything of it is to leave.
    mutating func end(_ event: EventID, remark: String? = nil) {
        guard var entry = entries[event] else { return }
        entry.end()
        entry.remark = remark ?? entry.remark
        entry.slots.removeAll { !$0.mayBeOnTheAir && $0.letGo == nil }
        entries[event] = entry.slots.isEmpty ? nil : entry
    }

    mutating func retire(_ identifier: UInt16, of event: EventID, remark: String) {
        guard var entry = entries[event], let slot = entry.slots.first(where: { $0.identifier == identifier }) else { return }
        retire(slot, in: &entry)
        entry.remark = remark
        entries[event] = entry
    }

    mutating func remark(_ words: String?, on event: EventID) { entries[event]?.remark = words }

    /// The far end's memory is gone: what is in force is put there again, what was to leave has left.
    mutating func forgetAir() {
        for (key, var entry) in entries {
            for index in entry.slots.indices {
                entry.slots[index].apply(.lost, serial: entry.slots[index].serial, by: entry.delivery)
            }
            entry.slots.removeAll(where: \.isRetired)
            entries[key] = entry.slots.isEmpty ? nil : entry
        }
    }

    /// A far end was silent and speaks again: it may have begun anew. What it said yes to before goes out once more, under
    /// the same serial and another identifier, so that the cells that still have it are not without.
    mutating func doubt(before moment: Date, candidates: [UInt16], foreign: Set<UInt16>) {
        for (key, var entry) in entries where entry.isOver != true && entry.made < moment {
            for slot in entry.wanted where slot.role == .text && slot.confirmed != nil && slot.certainty != .confirmed {
                let broadcast = Order.Broadcast(role: .text, identifiers: candidates, warning: nil)
                guard let other = free(broadcast, in: entry, foreign) else { continue }
                retire(slot, in: &entry)
                entry.slots.append(slot.again(under: other))
            }
            entries[key] = entry
        }
    }

    /// A controller ends a message with its alert: it was told how often to send it. A centre's identifier stays taken
    /// until it is deleted. What the cells do after a late yes is nobody's question any more when its time is over.
    mutating func runOut(_ now: Date) {
        for (key, var entry) in entries {
            entry.slots.removeAll { slot in slot.letGo != nil && slot.ends.map { $0 < now } ?? true }
            if entry.expires < now, entry.route.controller != nil {
                entries[key] = nil
                continue
            }
            if entry.expires < now { entry.end() }
            for index in entry.slots.indices where entry.slots[index].role == .warning {
                guard let ends = entry.slots[index].ends, ends < now else { continue }
                entry.slots[index].isRetired = true
                if entry.route.controller != nil { entry.slots[index].forgetStanding() }
            }
            entry.slots.removeAll { $0.isRetired && !$0.mayBeOnTheAir && $0.letGo == nil }
            entries[key] = entry.slots.isEmpty && (entry.isOver == true || entry.expires < now) ? nil : entry
        }
    }
}
