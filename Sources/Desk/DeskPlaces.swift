/// From where each town's desk may be used, and whether that is open to everywhere just now.
package import AlertModel
package import ChannelKit
package import Foundation
internal import Synchronization

/// Somebody opened a town's desk to everywhere: the town hall is gone, and its people sit in a neighbour's.
package struct DeskOpening: Codable, Sendable, Hashable {
    package var by: String
    package var since: Date
    package var until: Date
    package var reason: String

    package init(by: String, since: Date, until: Date, reason: String) {
        (self.by, self.since, self.until, self.reason) = (by, since, until, reason)
    }
}

package final class DeskPlaces: Sendable {
    private let networks: [TownID: [Network]]
    private let notebook: any Notebook
    private let openings: Mutex<[TownID: DeskOpening]>
    private static let prefix = "people/open-desk/"
    /// An opening ends by itself, after a week at the most.
    package static let longestHours = 168

    /// - Parameter networks: of the settings; a town that is not there is open to everywhere.
    package init(_ networks: [TownID: [Network]] = [:], notebook: any Notebook) {
        self.networks = networks
        self.notebook = notebook
        var known: [TownID: DeskOpening] = [:]
        for key in notebook.keys(prefix: Self.prefix) {
            guard let town = TownID(String(key.dropFirst(Self.prefix.count))), let octets = notebook.read(key),
                let opening = try? JSONDecoder().decode(DeskOpening.self, from: Data(octets))
            else { continue }
            known[town] = opening
        }
        openings = Mutex(known)
    }

    package func isBound(_ town: TownID) -> Bool { networks[town] != nil }

    package func opening(_ town: TownID, now: Date) -> DeskOpening? { openings.withLock { $0[town] }.flatMap { $0.until > now ? $0 : nil } }

    package func open(_ town: TownID, _ opening: DeskOpening) {
        openings.withLock { openings in
            openings[town] = opening
            notebook.write(Self.prefix + town.code, (try? JSONEncoder().encode(opening)).map { [UInt8]($0) })
        }
    }

    package func close(_ town: TownID) {
        openings.withLock { openings in
            openings[town] = nil
            notebook.write(Self.prefix + town.code, nil)
        }
    }

    private func lets(_ address: String, into town: TownID, now: Date) -> Bool {
        guard let own = networks[town] else { return true }
        return own.contains { $0.contains(address) } || opening(town, now: now) != nil
    }

    /// The same person without the towns whose desk is not used from there. A program has its token for one purpose and
    /// stands where it stands; a key from the safe is for the night the town hall is gone.
    package func narrowed(_ person: Operator, from address: String, towns: [TownID], now: Date) -> Operator {
        guard !networks.isEmpty, person.kind == .account || person.kind == .settings else { return person }
        var able = person
        able.grants = person.grants.compactMap { grant in
            let shut = networks.keys.filter { grant.holds($0) && !lets(address, into: $0, now: now) }
            guard !shut.isEmpty else { return grant }
            var left = grant
            left.towns = (grant.towns ?? Set(towns)).subtracting(shut)
            return left.towns?.isEmpty == true ? nil : left
        }
        return able
    }
}
