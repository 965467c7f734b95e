import AlertModel
import ChannelKit

extension Desk {
    /// How one far end stands, for the desk.
    func report(on station: Station) -> FarEndReport? {
        let entries = station.shelf.entries.sorted { $0.event.text < $1.event.text }
        guard !entries.isEmpty else { return nil }
        let room = air.room(
            at: station.address, mode: mode, wished: station.settings.rhythm.repetitionPeriod, without: [])
        let items = entries.flatMap { entry in
            entry.slots.map { slot in
                FarEndReport.Item(
                    event: entry.event, reference: slot.reference, certainty: slot.certainty ?? .saidYes,
                    isLeaving: slot.isRetired, until: slot.ends ?? entry.expires, remark: entry.remark ?? slot.words)
            }
        }
        return FarEndReport(used: room.used, room: room.period, items: items)
    }
}

extension Slot {
    fileprivate var words: String? {
        if letGo != nil, certainty == .saidYes {
            return "止めました。中央局の答えだけで、電波は確かめられません。 (taken off by the centre's word; the cells are unproven)"
        }
        if letGo != nil { return "止めたという答えが遅く、電波が止まったか分かりません。 (taken off after a silence: the cells are unproven)" }
        if isRetired { return "止めている途中です。 (being taken off)" }
        if isLost == true { return "放送し直します。 (lost over there, to be put on the air again)" }
        switch certainty {
        case .asked: return "答えを待っています。 (asked)"
        case .saidYes: return "受け付けたという答えだけです。 (said yes)"
        case .confirmed: return nil
        case .doubtful: return "放送されているか分かりません。 (doubtful)"
        case nil: return nil
        }
    }
}
