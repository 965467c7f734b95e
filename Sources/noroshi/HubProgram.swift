import UnixSignals
import AlertModel
import CAPFeed
import Certificates
import ChannelKit
import Codes
import Curl
import Desk
import Devices
import Dispatching
import Streams
import Foundation
import Hub
import HubAPI
import Hummingbird
import Ingest
import Ledger
import Logging
import NIOPosix
import Rendering
import Seals
import ServiceLifecycle
import Targeting

/// Wires the rooms and runs them: the one place that knows them all.
struct HubProgram: Sendable {
    struct Options: Sendable {
        var settings: Settings
        var data: URL
        var templates: URL
        var host: String
        var port: Int
        var operators: [Operator]
        var hasBenchmarkDoor = false
    }

    let hub: Hub
    let group: ServiceGroup
    /// Said when the hub takes what comes.
    let port: Announced<Int>
    /// Said when it answers at all, if only that it is starting.
    let door: Announced<Int>
    private let address: String

    fileprivate init(hub: Hub, group: ServiceGroup, port: Announced<Int>, door: Announced<Int>, address: String) {
        self.hub = hub
        self.group = group
        self.port = port
        self.door = door
        self.address = address
    }

    /// Makes everything; nothing listens yet. The record of the last run is read when the door is open.
    static func make(_ options: Options, logger: Logger, extra: [any Service] = []) async throws -> HubProgram {
        // Before anything else: another hub's folder is not looked at.
        try DataFolder.claim(options.data)
        // A copy speaks for its own moment: a person says first that it may.
        if let copy = UndecidedCopy(in: options.data) { throw copy }
        let isFirst = LocalKey.read(in: options.data) == nil
        let local = try LocalKey.make(in: options.data)
        let manifests = Channels.all.map(\.manifest)
        let words = Vocabularies(settings: options.settings, manifests: manifests)
        // A file that went bad since the last start does not keep the hub from starting: the bundled names stay.
        let flaws = words.vocabulary.look().flaws
        let codes = words.vocabulary.tables
        async let texts = loadTemplates(options.templates)
        var options = options
        let standby = try RecordKeeping.seat(options.settings, host: options.host, port: options.port).map { StandbyDoor($0, host: options.host, port: options.port, logger: logger) }
        let ledger = try await RecordKeeping.open(options.settings, options.data, isFirst: isFirst, standby, logger)
        // Who stood by goes on at the same door.
        if let port = await standby?.close() { options.port = port }
        let settings = merged(options.settings, ledger, logger)
        let towns = TownRegister(try settings.makeTowns(codes: codes, channels: manifests))
        let time = HubClock()
        let clock: @Sendable () -> Date = { time.now }
        let journal = DeliveryJournal(ledger: ledger, clock: clock)
        let loops = MultiThreadedEventLoopGroup.singleton
        let seals = TownSeals(notebook: ledger, clock: clock)
        let stream = try await StreamHub.start(
            on: loops, epoch: UInt64(Date().timeIntervalSince1970 * 1000), notebook: ledger,
            linesPerDevice: options.hasBenchmarkDoor ? .max : StreamHub.linesPerDevice, mend: { seals.mended($1, of: $0.town) })
        let transport = try CurlTransport(), renderer = try await texts
        // A thread and a list of calls of their own: push services that hang take nobody's place.
        let hints = try CurlTransport()
        let devices = DeviceRegister(notebook: ledger)
        let wakes = try settings.wakes(devices, manifests, options.data)
        let house = House(
            settings: settings, data: options.data, ledger: ledger, stream: stream, seals: seals, transport: transport, hints: hints, wakes: wakes, logger: logger, clock: clock)
        let routing = settings.routing
        let (actual, exercise) = try house.lines(towns, renderer, journal)
        try check(towns, actual)
        try check(towns, exercise)
        try checkTexts(renderer, manifests, rules(towns, actual, routing), rules(towns, exercise, routing))
        var parts = Hub.Parts(
            actual: actual, exercise: exercise, towns: towns, ledger: ledger, journal: journal,
            devices: devices, stream: stream, people: People(options.operators, notebook: ledger, local: local),
            approvals: try settings.approvals(), networks: try settings.networks(), plans: try settings.makePlans(),
            years: try settings.retention(), crowding: try settings.crowdingRules(),
            codes: codes, trust: try trust(options.settings), sources: try options.settings.makeSourceRules(), logger: logger, time: time,
            start: StartWatch(isOpen: false, began: time.now))
        parts.seals = seals
        parts.rootFolder = options.data.appending(path: DayRoots.folderName)
        parts.authorityKeys = AuthorityKeys(folder: options.data.appending(path: DataFolder.authorityKeys))
        (parts.paperKey, parts.paperTrust) = (try Papers.ownKey(in: options.data), try Papers.trust(options.settings))
        parts.staffCaller = StaffTelegraph(
            address: settings.public_address ?? "http://\(options.host):\(options.port)", post: try options.settings.staffPost(), transport: transport, clock: clock)
        let hub = Hub(parts)
        words.report(flaws, to: hub)
        let watch = words.watch(hub)
        return try house.program(
            hub, renderer, transport, options, try Voice.make(options.settings.cap, data: options.data),
            SettingsTownReader(file: options.settings, started: settings, codes: codes, templates: options.templates.path, book: hub.book),
            extra + [watch])
    }

    /// Runs until told to stop. Whoever waits for the port hears when there will be none.
    func run() async throws {
        do {
            try await group.run()
        } catch {
            port.close()
            let wasListening = door.close()
            throw wasListening ? error : SettingsError("\(address)で待ち受けられません: \(error) (cannot listen there)")
        }
        port.close()
        door.close()
    }

    // MARK: pieces

    /// The record's towns before the file's, and said.
    private static func merged(_ file: Settings, _ ledger: any Ledger, _ logger: Logger) -> Settings {
        let merged = file.merged(TownBook(notebook: ledger).all)
        for words in merged.said { logger.notice("a town by the record's settings", metadata: ["what": "\(words)"]) }
        for words in merged.trouble { logger.error("settings of the record", metadata: ["trouble": "\(words)"]) }
        return merged.settings
    }

    static func trust(_ settings: Settings) throws(SettingsError) -> CAPTrust {
        do throws(Refusal) {
            return try CAPTrust(entries: settings.trusted_cap_signers ?? [])
        } catch {
            throw SettingsError("trusted_cap_signers: \(error.reason)")
        }
    }

    static func loadTemplates(_ folder: URL) throws(SettingsError) -> Renderer {
        do throws(TemplateProblems) {
            return try Renderer(directory: folder, languages: ScreenLanguages.inUse.all)
        } catch {
            throw SettingsError("\(error)")
        }
    }

    /// Every far end's settings, before the first alert looks at them.
    static func check<M: Mode>(_ towns: TownRegister, _ line: Line<M>) throws(SettingsError) {
        var problems: [String] = []
        for town in towns.all {
            for slot in line.channels {
                for endpoint in town.endpoints where endpoint.channel == slot.manifest.name {
                    guard let farEnd = FarEnd<M>(endpoint, of: town.id) else { continue }
                    let place = "town \(town.id), \(slot.manifest.name)/\(endpoint.id), \(M.name.rawValue)"
                    // The line's own word, which no channel looks at.
                    if let word = farEnd.settings["eew"], word != "send", word != "skip" {
                        problems.append("\(place): eew: 「\(word)」は send（送る）でも skip（送らない）でもありません (neither send nor skip)")
                    }
                    do {
                        try slot.check(farEnd)
                    } catch {
                        problems.append("\(place): \(error)")
                    }
                }
            }
        }
        guard problems.isEmpty else { throw SettingsError(problems.joined(separator: "\n")) }
    }
}

extension HubProgram {
    typealias TextCheck = (SampleText) -> [TextProblem]

    /// The rules of every channel of a line and of every far end of it.
    static func rules<M: Mode>(_ towns: TownRegister, _ line: Line<M>, _ routing: RoutingTable) -> TextCheck {
        let slots = Dictionary(line.channels.map { ($0.manifest.name, $0) }, uniquingKeysWith: { $1 })
        // What a far end forbids is in its settings: of those that have the same one is asked.
        var seen: Set<[String]> = []
        let ends = Dictionary(grouping: towns.all.flatMap { town in
            town.endpoints.compactMap { end in FarEnd<M>(end, of: town.id).map { (channel: end.channel, farEnd: $0) } }
        }.filter { seen.insert([$0.channel] + $0.farEnd.settings.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }).inserted }, by: \.channel)
        return { said in
            guard said.mode == M.name, let slot = slots[said.channel], routing.permits(said.content.kind, on: slot.manifest)
            else { return [] }
            return slot.lint(said.text, said.language, said.content)
                + (ends[said.channel] ?? []).flatMap { slot.lintAt(said.text, said.language, said.content, $0.farEnd) }
        }
    }

    /// Every template with every sample, and every sample's text before the rules of both lines.
    static func checkTexts(
        _ renderer: Renderer, _ manifests: [ChannelManifest], _ actual: TextCheck, _ exercise: TextCheck
    ) throws(SettingsError) {
        do throws(TemplateProblems) {
            try renderer.checkAll(channels: manifests) { actual($0) + exercise($0) }
        } catch {
            throw SettingsError("\(error)")
        }
    }
}

/// What the pieces are put into.
struct House {
    let settings: Settings
    let data: URL
    let ledger: any Ledger
    let stream: StreamHub
    let seals: TownSeals?
    let transport: any HTTPTransport
    /// For hints alone.
    var hints: CurlTransport?
    var wakes: WakeRegister?
    let logger: Logger
    let clock: @Sendable () -> Date
    let pages = PageShelf()

    func setup<M: Mode>(
        _ channel: ChannelManifest, _ settings: [String: String]?, _ journal: DeliveryJournal
    ) -> ChannelSetup<M> {
        ChannelSetup(
            settings: settings ?? [:], transport: channel.role == .hint ? hints ?? transport : transport, stream: stream, sealer: seals,
            wakes: wakes,
            notebook: PrefixedNotebook(ledger, prefix: "\(channel.name)/\(M.name.rawValue)/"),
            sharedNotebook: PrefixedNotebook(ledger, prefix: "\(channel.name)/both/"),
            directory: data.appending(path: channel.name), pages: pages, logger: logger,
            wallClock: clock, remark: { journal.delivery($0, of: $1, took: .remarked($2)) })
    }

    func lines(
        _ towns: TownRegister, _ renderer: Renderer, _ journal: DeliveryJournal
    ) throws -> (Line<Actual>, Line<Exercise>) {
        (
            Line(
                channels: try slots(journal) { try $0.actual($1, journal, logger) }, towns: towns, routing: settings.routing,
                renderer: renderer, ledger: ledger, journal: journal, logger: logger, clock: clock),
            Line(
                channels: try slots(journal) { try $0.exercise($1, journal, logger) }, towns: towns, routing: settings.routing,
                renderer: renderer, ledger: ledger, journal: journal, logger: logger, clock: clock)
        )
    }

    private func slots<M: Mode>(
        _ journal: DeliveryJournal,
        _ make: (any ChannelEntry, ChannelSetup<M>) throws -> ChannelSlot<M>
    ) throws -> [ChannelSlot<M>] {
        try Channels.all.map { entry in
            let own = settings.channels?[entry.manifest.name]
            let given = M.name == .actual ? own?.actual : own?.exercise
            DataFolder.makeFolder(data.appending(path: entry.manifest.name))
            do {
                return try make(entry, setup(entry.manifest, given, journal))
            } catch let error as SettingsError {
                throw SettingsError("channels.\(entry.manifest.name).\(M.name.rawValue): \(error.reason)")
            }
        }
    }

    func program(
        _ hub: Hub, _ renderer: Renderer, _ transport: CurlTransport, _ options: HubProgram.Options, _ voice: HubVoice,
        _ reader: SettingsTownReader, _ extra: [any Service]
    ) throws(SettingsError) -> HubProgram {
        let sources = try Sources.make(settings.sources, hub: hub, transport: transport, notebook: ledger)
        let readiness = Readiness(ledger: ledger, renderer: renderer, logger: logger)
        let channels = Channels.all.map(\.manifest)
        var configuration = HubRouter.Configuration(
            publicAddress: settings.public_address ?? "http://\(options.host):\(options.port)",
            channels: channels)
        configuration.pages = pages
        configuration.wakes = wakes
        configuration.hasBenchmarkDoor = options.hasBenchmarkDoor
        if let provider = try settings.makeOpenID() { configuration.openID = .init(provider: provider, transport: transport) }
        configuration.voice = voice
        configuration.townReader = reader
        configuration.heldCopies = try settings.heldCopies(in: data, codes: hub.codes, clock: clock)
        let photos = ReportPhotos(in: data, logger: logger)
        configuration.photos = photos
        configuration.watcherDigest = try settings.watcherDigest()
        configuration.callCount = { [transport] in transport.callCount }
        let keeper = Doorkeeper(Descriptors.door(), logger: logger)
        configuration.keeper = keeper
        let router = HubRouter(hub: hub, readiness: readiness, configuration: configuration)
        let admission = router.admission()
        let (port, door) = (Announced<Int>(), Announced<Int>())
        let application = Application(
            responder: router.responder(),
            server: .init { responder in StreamDoor(hub: stream, admission: admission, keeper: keeper, responder: responder) },
            configuration: .init(
                address: .hostname(options.host, port: options.port), serverName: "noroshi", backlog: 1024),
            onServerRunning: { channel in
                await AcceptGate.stand(at: channel, keeper)
                door.say(channel.localAddress?.port ?? options.port)
            },
            logger: logger)
        let runners: [any Service] = hub.actual.channels.map { RunnerService(run: $0.runner.run) }
            + hub.exercise.channels.map { RunnerService(run: $0.runner.run) }
        let rehearsal = Rehearsal(
            renderer: renderer, bulletins: options.templates.appending(path: "demo"), data: data, logger: logger
        ) { [host = options.host] in
            guard let bound = await door.heard() else { return }
            await Rehearsal.knock(at: host, bound, with: transport)
        }
        let start = StartService(hub: hub, rehearsal: rehearsal, door: door, port: port)
        let drill = try options.settings.copyDrill().map { [CopyDrill(hub: hub, data: options.data, every: $0)] } ?? []
        let holding = configuration.heldCopies.map { [HeldCopyWatch(hub: hub, shelf: $0)] } ?? []
        let duty: [any Service] = ledger.duty.isLeased ? [DutyService(ledger: ledger, logger: logger)] : []
        let working: [any Service] = (runners + extra + sources + drill + holding + [LedgerWatch(hub: hub), PhotoWatch(hub: hub, photos: photos), StandingWatch(hub: hub), ApprovalWatch(hub: hub), RetentionWatch(hub: hub), RootWatch(hub: hub), ScheduleWatch(hub: hub), VoiceWatch(hub: hub), MusterWatch(hub: hub), StateWatch(hub: hub)] as [any Service]).map {
            AfterStart(start: hub.start, service: $0)
        }
        let close = ClosingService { [stream, transport, hints, ledger] in
            stream.close()
            await hints?.shutdown()
            await transport.shutdown()
            await ledger.close()
        }
        // Stops in the reverse order: first the door, then the runners, last the ledger.
        let services: [any Service] = [close, RunnerService(run: readiness.run)] + duty + working + [start, application]
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A request that does not end does not keep the hub: systemd would kill it after 90 s, with the ledger open.
        group.maximumGracefulShutdownDuration = .seconds(10)
        return HubProgram(
            hub: hub, group: ServiceGroup(configuration: group), port: port, door: door, address: "\(options.host):\(options.port)")
    }
}

/// A notebook of one channel and mode, apart from all others.
struct PrefixedNotebook: Notebook {
    private let base: any Notebook
    private let prefix: String

    init(_ base: any Notebook, prefix: String) {
        self.base = base
        self.prefix = prefix
    }

    var isElsewhere: Bool { base.isElsewhere }
    func read(_ key: String) -> [UInt8]? { base.read(prefix + key) }
    func write(_ key: String, _ value: [UInt8]?) { base.write(prefix + key, value) }
    func write(_ entries: [(key: String, value: [UInt8]?)]) { base.write(entries.map { (prefix + $0.key, $0.value) }) }
    func keys(prefix wanted: String) -> [String] {
        base.keys(prefix: prefix + wanted).map { String($0.dropFirst(prefix.count)) }
    }
}
