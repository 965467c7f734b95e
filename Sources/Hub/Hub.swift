/// The hub: what is common to every way in (HTTP, folders, feeds, satellites) and every way out.
///
///     octets ──▶ take ──▶ Bulletin ──▶ sorted by status ─┬─▶ Line<Actual>
///     operator ─▶ push ────────────────────────────────  └─▶ Line<Exercise>
package import AlertModel
package import Codes
package import Devices
package import Dispatching
package import Edge
package import FoundationEssentials
package import Ingest
package import Ledger
internal import Lifecycle
package import Logging
internal import Synchronization

package final class Hub: Sendable {
    package let actual: Line<Actual>
    package let exercise: Line<Exercise>
    package let towns: TownRegister
    package let ledger: any Ledger
    package let journal: DeliveryJournal
    package let devices: DeviceRegister
    package let stream: StreamHub
    package let operators: Operators
    package let trust: CAPTrust
    package let health = SourceHealth()
    package let attention: Attention
    package let logger: Logger
    package let clock: @Sendable () -> Date
    let seen = SeenBulletins()
    let orderKeys: OrderKeys
    let stories = Mutex(ModeStories())
    let shelters: ShelterRegister
    let standings: Standings
    private let tables: Mutex<CodeTables>

    package struct Parts: Sendable {
        package var actual: Line<Actual>
        package var exercise: Line<Exercise>
        package var towns: TownRegister
        package var ledger: any Ledger
        package var journal: DeliveryJournal
        package var devices: DeviceRegister
        package var stream: StreamHub
        package var operators: Operators
        package var codes: CodeTables
        package var trust: CAPTrust
        package var logger: Logger
        package var clock: @Sendable () -> Date

        package init(
            actual: Line<Actual>, exercise: Line<Exercise>, towns: TownRegister, ledger: any Ledger,
            journal: DeliveryJournal, devices: DeviceRegister, stream: StreamHub, operators: Operators,
            codes: CodeTables = .bundled, trust: CAPTrust = .nobody, logger: Logger,
            clock: @escaping @Sendable () -> Date = { Date() }
        ) {
            self.actual = actual
            self.exercise = exercise
            self.towns = towns
            self.ledger = ledger
            self.journal = journal
            self.devices = devices
            self.stream = stream
            self.operators = operators
            self.codes = codes
            self.trust = trust
            self.logger = logger
            self.clock = clock
        }
    }

    package init(_ parts: Parts) {
        actual = parts.actual
        exercise = parts.exercise
        towns = parts.towns
        ledger = parts.ledger
        journal = parts.journal
        devices = parts.devices
        stream = parts.stream
        operators = parts.operators
        tables = Mutex(parts.codes)
        shelters = ShelterRegister(notebook: parts.ledger, towns: parts.towns.all)
        attention = Attention(logger: parts.logger)
        trust = parts.trust
        logger = parts.logger
        clock = parts.clock
        orderKeys = OrderKeys(notebook: parts.ledger)
        standings = Standings(notebook: parts.ledger)
    }

    /// The code tables in force.
    package var codes: CodeTables { tables.withLock { $0 } }

    /// From now on these. A bulletin that is being read keeps the old ones.
    package func use(_ codes: CodeTables) { tables.withLock { $0 = codes } }

    /// From now on these towns: other areas, the same far ends.
    package func use(_ new: [Town]) { towns.replace(with: shelters.complete(new)) }

    /// Events whose story is remembered, bulletins known by their digest, keys of orders.
    package func storyCount(_ mode: ModeName) -> Int { stories.withLock { $0.count(mode) } }
    package var seenCount: Int { seen.count }
    package var orderKeyCount: Int { orderKeys.count }

    /// Takes up where the last run ended. Once, before anything is accepted.
    package func recover() async throws {
        towns.replace(with: shelters.complete(towns.all))
        let since = clock().addingTimeInterval(-72 * 3600)
        try await actual.recover(since: since)
        try await exercise.recover(since: since)
        for bulletin in try await ledger.bulletins(limit: SeenBulletins.bound) where bulletin.verdict == .accepted {
            seen.restore(bulletin.hash, alerts: bulletin.alerts)
        }
        try await restoreStories(since: since)
        try await restoreStandings(since: since)
    }
}

/// A person at the desk, or a program that stands for one.
package struct Operator: Sendable, Hashable {
    package var name: String
    /// SHA-256 of the token, hex.
    package var tokenDigest: String
    /// Nil: every town of this hub.
    package var towns: Set<TownID>?

    package init(name: String, tokenDigest: String, towns: Set<TownID>? = nil) {
        self.name = name
        self.tokenDigest = tokenDigest
        self.towns = towns
    }

    package func may(_ town: TownID) -> Bool { towns?.contains(town) ?? true }
}

package struct Operators: Sendable {
    private let byDigest: [String: Operator]

    package init(_ all: [Operator]) {
        byDigest = Dictionary(all.map { ($0.tokenDigest, $0) }, uniquingKeysWith: { $1 })
    }

    package func with(token: String) -> Operator? { byDigest[DeviceRegister.digest(token)] }
}
