package import AlertModel
internal import Synchronization

/// The towns of this hub, as the settings have them.
package final class TownRegister: Sendable {
    private let towns: Mutex<[TownID: Town]>

    package init(_ towns: [Town]) {
        self.towns = Mutex(Dictionary(towns.map { ($0.id, $0) }, uniquingKeysWith: { $1 }))
    }

    package subscript(_ id: TownID) -> Town? { towns.withLock { $0[id] } }
    package var all: [Town] { towns.withLock { $0.values.sorted { $0.id < $1.id } } }

    /// One town made new; a town that is not served stays so.
    package func replace(_ town: Town) {
        towns.withLock { if $0[town.id] != nil { $0[town.id] = town } }
    }

    /// A town that is served from now on.
    package func add(_ town: Town) { towns.withLock { $0[town.id] = town } }

    /// New settings. What is on its way keeps the old ones.
    package func replace(with new: [Town]) {
        towns.withLock { $0 = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { $1 }) }
    }
}

/// Which shelters are open: what the shelter alerts of one mode add up to.
package final class ShelterBoard<M: Mode>: Sendable {
    private struct Entry {
        var notice: ShelterNotice
        var revision: Revision
    }
    private let states = Mutex<[TownID: [String: Entry]]>([:])

    package init() {}

    /// Takes a shelter alert; an older one than the last changes nothing. A cancel takes the shelter off the board.
    package func take(_ alert: Alert<M>) {
        guard case .shelter(let notice) = alert.detail, let town = alert.town else { return }
        states.withLock { states in
            for one in notice.all {
                if let known = states[town]?[one.shelter], !alert.revision.isNewer(than: known.revision) { continue }
                states[town, default: [:]][one.shelter] = Entry(notice: one, revision: alert.revision)
                if alert.message == .cancel { states[town]?[one.shelter] = nil }
            }
        }
    }

    /// What stood before this run began: an open shelter stays open however long ago that was said.
    package func restore(_ notice: ShelterNotice, of town: TownID, at revision: Revision) {
        states.withLock { states in
            if let known = states[town]?[notice.shelter], !revision.isNewer(than: known.revision) { return }
            states[town, default: [:]][notice.shelter] = Entry(notice: notice, revision: revision)
        }
    }

    /// All shelters of the town, those of the register first, then those only an alert knows.
    package func statuses(of town: Town) -> [ShelterStatus] {
        let known = states.withLock { $0[town.id] ?? [:] }
        var statuses = town.shelters.map { shelter in
            ShelterStatus(
                shelter: shelter, state: known[shelter.id]?.notice.state, note: known[shelter.id]?.notice.note,
                since: known[shelter.id].map { $0.revision.sent.timeIntervalSince1970 })
        }
        let registered = Set(town.shelters.map(\.id))
        for (id, entry) in known.sorted(by: { $0.key < $1.key }) where !registered.contains(id) {
            statuses.append(ShelterStatus(
                shelter: Shelter(id: id, name: entry.notice.name, address: entry.notice.address),
                state: entry.notice.state, note: entry.notice.note, since: entry.revision.sent.timeIntervalSince1970))
        }
        return statuses
    }
}

internal import FoundationEssentials
