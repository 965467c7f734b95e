/// Who else is at the desk of a town now: two people who do not see each other telephone the same school and lift each other's orders.
///
/// In memory alone. Whoever's page asks who is here is here, in the place it says, until it has been silent for a minute: a page that was
/// closed, a browser that died and a line that was cut look the same from here. Name: desk presence. Bound: pages of a town and of the hub.
/// Gauge: `count`. When it is full the one that has been silent the longest is forgotten.
package import AlertModel
package import FoundationEssentials
internal import Synchronization

package final class DeskPresence: Sendable {
    /// A page asks three times in this.
    package static let silence: TimeInterval = 60
    static let most = 2_000, mostOfTown = 64

    package struct Person: Sendable, Hashable {
        package var name: String
        package var mode: ModeName
        package var since: Date
        /// Whoever asks.
        package var isSelf: Bool
    }

    private struct Key: Hashable {
        var town: TownID
        var credential: String
        var mode: ModeName
    }

    private struct Visit {
        var name: String
        var since, last: Date
    }

    /// Away for longer than this, and whoever comes has come anew.
    static let absence: TimeInterval = 1800

    private let visits = Mutex<[Key: Visit]>([:])
    /// When each was seen last, of half an hour.
    private let known = Mutex<[Key: Date]>([:])

    package init() {}

    /// This one is here, in this place; the others in the order in which they came.
    package func saw(_ person: Operator, in town: TownID, _ mode: ModeName, at now: Date) -> [Person] {
        let own = Key(town: town, credential: person.credential, mode: mode)
        return visits.withLock { visits in
            visits = visits.filter { now.timeIntervalSince($0.value.last) < Self.silence }
            if visits[own] == nil { Self.makeRoom(&visits, in: town) }
            visits[own] = Visit(name: person.name, since: visits[own]?.since ?? now, last: now)
            return visits.filter { $0.key.town == town }
                .map { Person(name: $0.value.name, mode: $0.key.mode, since: $0.value.since, isSelf: $0.key.credential == person.credential) }
                .sorted { ($0.since, $0.name, $0.mode.rawValue) < ($1.since, $1.name, $1.mode.rawValue) }
        }
    }

    /// True where he was not here a moment ago: to be asked before `saw`.
    package func comes(_ person: Operator, in town: TownID, _ mode: ModeName, at now: Date) -> Bool {
        let own = Key(town: town, credential: person.credential, mode: mode)
        return known.withLock { known in
            let isKnown = known[own].map { now.timeIntervalSince($0) < Self.absence } ?? false
            if known.count >= Self.most, known[own] == nil {
                known = known.filter { now.timeIntervalSince($0.value) < Self.absence }
                if known.count >= Self.most, let oldest = known.min(by: { $0.value < $1.value })?.key { known[oldest] = nil }
            }
            known[own] = now
            return !isKnown
        }
    }

    /// He has gone: signed out, or crossed into the other place.
    /// - Returns: from where.
    @discardableResult
    package func left(_ credential: String) -> [(town: TownID, mode: ModeName)] {
        visits.withLock { visits in visits = visits.filter { $0.key.credential != credential } }
        return known.withLock { known in
            let own = known.keys.filter { $0.credential == credential }
            for key in own { known[key] = nil }
            return own.map { ($0.town, $0.mode) }
        }
    }

    package var count: Int { visits.withLock { $0.count } }

    private static func makeRoom(_ visits: inout [Key: Visit], in town: TownID) {
        func drop(_ others: [Key: Visit]) {
            guard let oldest = others.min(by: { ($0.value.last, $0.key.credential) < ($1.value.last, $1.key.credential) })?.key else { return }
            visits[oldest] = nil
        }
        let own = visits.filter { $0.key.town == town }
        if own.count >= mostOfTown { drop(own) }
        if visits.count >= most { drop(visits) }
    }
}
