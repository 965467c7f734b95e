/// The hub: what is common to every way in (HTTP, folders, feeds, satellites) and every way out.
///
///     octets ──▶ take ──▶ Bulletin ──▶ sorted by status ─┬─▶ Line<Actual>
///     operator ─▶ push ────────────────────────────────  └─▶ Line<Exercise>
package import AlertModel
package import Bundles
package import Certificates
package import Codes
package import Desk
package import Devices
package import Dispatching
package import Streams
package import FoundationEssentials
package import Ingest
package import Ledger
internal import Lifecycle
package import Logging
internal import Memories
package import Seals
internal import Synchronization

package final class Hub: Sendable {
    package let actual: Line<Actual>
    package let exercise: Line<Exercise>
    package let towns: TownRegister
    package let ledger: any Ledger
    package let journal: DeliveryJournal
    package let devices: DeviceRegister
    package let stream: StreamHub
    package let people: People
    package let places: DeskPlaces
    package let plans: PlanBook
    package let presence = DeskPresence()
    package let pacts: Pacts
    package let rollCalls: RollCalls
    package let book: TownBook
    let approvalPolicies: [TownID: ApprovalPolicy]
    /// For how long what was said stays in the record, of towns that say it themselves.
    let years: [TownID: Int]
    /// Towns that tell everybody what a shelter reports of how full it is.
    let crowdingRules: Set<TownID>
    /// Of a shelter: six changes at once, and one a minute.
    let crowdingNews = Mutex(Allowance(atOnce: 6, perMinute: 1))
    /// Certificates of an edge, each for sixty: twenty at once, and four an hour. Each is a line in the record.
    let certificateWishes = Mutex(Allowance(atOnce: 1_200, perMinute: 4))
    let crowdingWords: CrowdingWords
    package let retired = RetentionCount()
    let approvals = Mutex(ApprovalTable())
    /// What waits and is being sent just now.
    let sending = Mutex(Set<String>())
    package let trust: CAPTrust
    package let sources: SourceRules
    package let health = SourceHealth()
    package let attention: Attention
    package let logger: Logger
    /// The wall clock, put right where the sources plainly disagree with it.
    package let time: HubClock
    package let clock: @Sendable () -> Date
    package let start: StartWatch
    let seen = SeenBulletins()
    let orderKeys: OrderKeys
    let stories = Mutex(ModeStories())
    /// From the last alert's bulletin, here as a whole, to the last far end of the last town it was offered to.
    let offering = Mutex<Duration?>(nil)
    package var lastOffering: Duration? { offering.withLock(\.self) }
    let shelters: ShelterRegister
    let standings: Standings
    package let papers: CarriedPapers
    package let seals: TownSeals
    package let authorities: TownAuthorities
    package let roots: DayRoots
    let drillBook: DrillBook
    let voiceBoard = Mutex(VoiceBoard())
    /// Who calls the town's own people; nil: only a person does, by telephone.
    let staffCaller: (any StaffCaller)?
    let musterTurn = Mutex(())
    /// Keys of those that are not over; nil before anybody has looked.
    let openMusters = Mutex(Set<String>?.none)
    /// Calls that are being made.
    let musterCalls = Mutex(Set<String>())
    /// Half of the letters that may be on their way at once (`MailLine.most`): the town's list is never behind its staff.
    let staffMails = Lane(places: 32, waiting: 4096)
    let chance: @Sendable () -> UInt64
    private let tables: Mutex<CodeTables>
    /// Where long files are read, satellites' and others apart: a warning of a megabyte waits for no log of sentences.
    /// Who waits in the two holds up to 8 MiB.
    let sentenceFiles = Lane(places: 1, waiting: 16)
    let longFiles = Lane(places: 1, waiting: 16)
    let unpacking = Lane(places: 1, waiting: 64)
    /// Octets of refused bulletins that are kept, of each source: 64 MiB at once, and as many again in a day.
    let refusedOctets = Mutex(Allowance(atOnce: 64 << 20, perMinute: (64 << 20) / 1440))
    package let quiet = QuietThread("noroshi-quiet")

    package struct Parts: Sendable {
        package var actual: Line<Actual>
        package var exercise: Line<Exercise>
        package var towns: TownRegister
        package var ledger: any Ledger
        package var journal: DeliveryJournal
        package var devices: DeviceRegister
        package var stream: StreamHub
        package var people: People
        /// What towns ask for where they say it themselves.
        package var approvals: [TownID: ApprovalPolicy] = [:]
        /// From where a town's desk may be used, where it says so.
        package var networks: [TownID: [Network]] = [:]
        package var plans: [TownID: TownPlans] = [:]
        package var years: [TownID: Int] = [:]
        package var crowding: Set<TownID> = []
        /// By which papers of this hub are known, and whose are taken: of each town the keys its settings name.
        package var paperKey = OwnPaperKey()
        package var paperTrust: [TownID: Set<PaperKey>] = [:]
        /// What towns sign of what tablets are told; nil: kept in the ledger.
        package var seals: TownSeals?
        /// Where the newest signed day of each chain lies, beside the record.
        package var rootFolder: URL?
        /// By which towns' edges get their certificates: beside the record, and in no copy of it.
        package var authorityKeys = AuthorityKeys(folder: nil)
        package var codes: CodeTables
        package var trust: CAPTrust
        package var sources: SourceRules
        package var logger: Logger
        package var time: HubClock
        package var start: StartWatch
        package var staffCaller: (any StaffCaller)?
        /// Where the letters of new ids come from.
        package var chance: @Sendable () -> UInt64 = { .random(in: .min ... .max) }

        package init(
            actual: Line<Actual>, exercise: Line<Exercise>, towns: TownRegister, ledger: any Ledger,
            journal: DeliveryJournal, devices: DeviceRegister, stream: StreamHub, people: People, approvals: [TownID: ApprovalPolicy] = [:],
            networks: [TownID: [Network]] = [:], plans: [TownID: TownPlans] = [:], years: [TownID: Int] = [:], crowding: Set<TownID> = [],
            codes: CodeTables = .bundled, trust: CAPTrust = .nobody, sources: SourceRules = SourceRules(),
            logger: Logger,
            time: HubClock = HubClock(), start: StartWatch = StartWatch()
        ) {
            self.actual = actual
            self.exercise = exercise
            self.towns = towns
            self.ledger = ledger
            self.journal = journal
            self.devices = devices
            self.stream = stream
            self.people = people
            self.approvals = approvals
            self.networks = networks
            self.plans = plans
            self.years = years
            self.crowding = crowding
            self.codes = codes
            self.trust = trust
            self.sources = sources
            self.logger = logger
            self.time = time
            self.start = start
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
        people = parts.people
        approvalPolicies = parts.approvals
        years = parts.years
        crowdingRules = parts.crowding
        places = DeskPlaces(parts.networks, notebook: parts.ledger)
        pacts = Pacts(notebook: parts.ledger)
        rollCalls = RollCalls(notebook: parts.ledger)
        plans = PlanBook(parts.plans, notebook: parts.ledger)
        book = TownBook(notebook: parts.ledger)
        tables = Mutex(parts.codes)
        shelters = ShelterRegister(notebook: parts.ledger, towns: parts.towns.all)
        attention = Attention(logger: parts.logger)
        trust = parts.trust
        sources = parts.sources
        logger = parts.logger
        time = parts.time
        start = parts.start
        chance = parts.chance
        staffCaller = parts.staffCaller
        clock = { [time = parts.time] in time.now }
        orderKeys = OrderKeys(notebook: parts.ledger)
        standings = Standings(notebook: parts.ledger)
        papers = CarriedPapers(own: parts.paperKey, trusted: parts.paperTrust, notebook: parts.ledger)
        authorities = TownAuthorities(notebook: parts.ledger, keys: parts.authorityKeys, clock: { [time = parts.time] in time.now })
        seals = parts.seals ?? TownSeals(notebook: parts.ledger, clock: { [time = parts.time] in time.now })
        roots = DayRoots(key: parts.paperKey, notebook: parts.ledger, folder: parts.rootFolder)
        drillBook = DrillBook(notebook: parts.ledger)
        crowdingWords = CrowdingWords(notebook: parts.ledger)
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

    /// Takes up where the last run ended. Once, before anything is accepted. A town whose record cannot be read is named
    /// and passed over: its warnings go out all the same. A database that is away is waited for for half a minute.
    package func recover() async throws {
        towns.replace(with: shelters.complete(towns.all))
        noticeCopy()
        noticePapers()
        noticeProof()
        crowdingWords.restore(copied: copied)
        restoreVoices()
        // Who called for help before the restart is not forgotten with it.
        for topic in rollCalls.open { lookAtRoll(topic) }
        await restoreApprovals()
        let since = clock().addingTimeInterval(-72 * 3600)
        // Most towns had nothing: they are asked for together.
        let all = towns.all, busy = (try? await ledger.busy(all.map(\.id), since: since)) ?? Set(all.map(\.id))
        start.begins(all.count)
        try await restore(all, busy: busy, since: since)
        do {
            for bulletin in try await patiently({ try await self.ledger.bulletinHeads(limit: SeenBulletins.bound) }) where bulletin.verdict == .accepted {
                seen.restore(bulletin.hash, alerts: bulletin.alerts, trust: sources.trust(of: bulletin.source))
            }
        } catch {
            try unreadable("受信した電文の記録 (the bulletins received)", "bulletins", error)
        }
        do {
            try await restoreStories(since: since)
        } catch {
            try unreadable("どの町も対象でなかった情報の記録 (what passed every town by)", "passed", error)
        }
    }

    /// Towns that are read together, and how many such handfuls ahead of the one that is restored: most of a start is reading.
    private static let handful = 16, readAhead = 4

    private struct Remembered: Sendable {
        var standings: [ModeName: Standing]
        /// Nil of a town that had nothing.
        var past: Result<TownPast, any Error>?
    }

    /// One after the other, so that every start tells the same story.
    private func restore(_ all: [Town], busy: Set<TownID>, since: Date) async throws {
        let handfuls = stride(from: 0, to: all.count, by: Self.handful).map { Array(all[$0..<min($0 + Self.handful, all.count)]) }
        try await withThrowingTaskGroup(of: (Int, [Remembered]).self) { group in
            var ready: [Int: [Remembered]] = [:]
            var asked = handfuls.enumerated().makeIterator()
            func ask() {
                guard let (number, towns) = asked.next() else { return }
                group.addTask { (number, await self.remembered(towns, busy: busy, since: since)) }
            }
            for _ in 0..<Self.readAhead { ask() }
            for (number, towns) in handfuls.enumerated() {
                while ready[number] == nil, let (other, remembered) = try await group.next() { ready[other] = remembered }
                guard let remembered = ready.removeValue(forKey: number) else { return }
                ask()
                for (town, remembered) in zip(towns, remembered) {
                    try read(town) { try restore(town, remembered) }
                    start.step()
                }
            }
        }
    }

    /// Towns' last days, read once for all who remember something of them.
    private func remembered(_ towns: [Town], busy: Set<TownID>, since: Date) async -> [Remembered] {
        let kept = towns.map(kept), now = clock()
        var asked: [TownID: Set<EventID>] = [:]
        for (town, tables) in zip(towns, kept) {
            let events = tables.values.reduce(into: Set()) { $0.formUnion($1.events(begunBefore: since)) }
            if busy.contains(town.id) || !events.isEmpty { asked[town.id] = events }
        }
        let pasts = asked.isEmpty ? [:] : await pasts(of: asked, since: since, now: now)
        return zip(towns, kept).map { Remembered(standings: $1, past: pasts[$0.id]) }
    }

    /// A database that goes away while a start reads is waited for, and only that: whoever went on without what he had not read would take orders
    /// about what he does not know, cancel what he has never heard of, and do so for as long as he is on duty.
    private func pasts(of towns: [TownID: Set<EventID>], since: Date, now: Date) async -> [TownID: Result<TownPast, any Error>] {
        var found: [TownID: Result<TownPast, any Error>] = [:], open = towns
        let end = ContinuousClock.now + Self.patience
        while true {
            found.merge(await ledger.pasts(of: open, since: since, now: now)) { $1 }
            open = open.filter { town, _ in
                guard let past = found[town] else { return false }
                do {
                    _ = try past.get().rows.get()
                    return false
                } catch {
                    return Self.isAway(error)
                }
            }
            guard !open.isEmpty, await isWaitedFor(until: end) else { return found }
        }
    }

    func patiently<Value>(_ read: () async throws -> Value) async throws -> Value {
        let end = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await read()
            } catch {
                guard Self.isAway(error), await isWaitedFor(until: end) else { throw error }
            }
        }
    }

    private static func isAway(_ error: any Error) -> Bool {
        guard let failure = error as? LedgerFailure, case .away = failure else { return false }
        return true
    }

    /// Longer than any fail-over. Whoever waited on would take no warning either: what is new goes out then, by a hub that does not know what it said before.
    private static let patience = Duration.seconds(30)

    /// False where it has lasted too long, or the start is ended meanwhile.
    private func isWaitedFor(until end: ContinuousClock.Instant) async -> Bool {
        guard ContinuousClock.now < end else { return false }
        // The record itself tells that it is away.
        logger.debug("the start waits for the database")
        do {
            try await ContinuousClock().sleep(for: .milliseconds(500))
            return true
        } catch {
            return false
        }
    }

    private func kept(of town: Town) -> [ModeName: Standing] {
        Dictionary(uniqueKeysWithValues: ModeName.allCases.map { ($0, standings.kept(town.id, $0)) })
    }

    private func restore(_ town: Town, _ remembered: Remembered) throws {
        let alerts = (try? remembered.past?.get().alerts) ?? []
        // First of all which shelters are open, however long ago that was said: what goes out again names them.
        restoreStandings(of: town, remembered.standings, then: alerts)
        restoreStories(of: town, alerts)
        guard let past = try remembered.past?.get() else { return }
        try read(town) { try actual.recover(town, past, began: start.began) }
        try read(town) { try exercise.recover(town, past, began: start.began) }
    }

    /// What fails here is named, and keeps nothing else from being read.
    private func read(_ town: Town, _ body: () throws -> Void) throws {
        try Task.checkCancellation()
        do {
            try body()
        } catch {
            try unreadable("\(town.name)の記録 (the record of town \(town.id))", town.id.code, of: town.id, error)
        }
    }

    private func unreadable(_ words: String, _ subject: String, of town: TownID? = nil, _ error: any Error) throws {
        if error is CancellationError { throw error }
        logger.critical("a part of the record cannot be read", metadata: ["part": "\(subject)", "error": "\(error)"])
        attention.notice(.ledger, subject, "読めませんでした: \(words): \(error)", from: Self.startName, of: town, at: clock())
    }

    /// The source of what a start could not read, among what a person should look into.
    package static let startName = "start"
}
