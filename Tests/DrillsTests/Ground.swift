/// A hub of the program's own rooms, lines and adapters, with far ends that are live and far ends that are for drills.
import AlertModel
import AreaMail
import ChannelKit
import ChannelKitTesting
import Desk
import Devices
import Dispatching
import Streams
import Foundation
import Hub
import LAlert
import Ledger
import Logging
import Mail
import NIOPosix
import Program
import Rendering
import SchoolTablet
import Synchronization
import Targeting
import Webhook
import WiFiPortal

final class Ground: Sendable {
    static let code = "042056"
    static let districts = ["気仙沼地区", "階上地区", "鹿折地区"]
    static let shelters = ["hashikami", "shishiori", "jonan"]
    /// Far ends of their own for drills; each other channel shows drills apart on the same screen.
    static let apart = ["area-mail", "l-alert", "webhook", "program", "mail"]
    static let shared = ["wifi-portal", "school-tablet"]

    let (live, drill): (Side, Side)
    let transport: WatchedTransport
    let stream: WatchedStream
    let folder: URL
    let ledger = MemoryLedger()
    let renderer: Renderer
    private let streamHub: StreamHub
    private let ahead = Mutex(0.0)
    private let running = Mutex<(hub: Hub, readiness: Readiness, pages: PageShelf, task: Task<Void, Never>)?>(nil)
    private let town: Town

    init(live: Side, drill: Side, in folder: URL) async throws {
        (self.live, self.drill, self.folder) = (live, drill, folder)
        transport = try WatchedTransport()
        renderer = try Renderer(directory: Self.package.appending(path: "Templates"))
        streamHub = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 7, notebook: ledger)
        stream = WatchedStream(streamHub)
        guard let id = TownID(Self.code) else { throw NoTown() }
        var ends: [Endpoint] = []
        for channel in Self.apart {
            ends.append(Endpoint(id: "\(channel)-live", channel: channel, name: "本番だけ", actual: live.settings(channel), exercise: nil))
            ends.append(Endpoint(id: "\(channel)-both", channel: channel, name: "両方", actual: live.settings(channel), exercise: drill.settings(channel)))
            ends.append(Endpoint(id: "\(channel)-drill", channel: channel, name: "訓練だけ", actual: nil, exercise: drill.settings(channel)))
        }
        for channel in Self.shared {
            ends.append(Endpoint(id: "\(channel)-live", channel: channel, name: "本番だけ", district: Self.districts[0], actual: [:], exercise: nil))
            ends.append(Endpoint(id: "\(channel)-both", channel: channel, name: "両方", district: Self.districts[1], actual: [:], exercise: [:]))
        }
        town = Town(
            id: id, name: "気仙沼市", romanName: "Kesennuma City",
            areas: [.localGovernment: ["042056"], .jmaCity: ["0420500"], .jmaSeismic: ["220"], .jmaTsunami: ["220"], .jmaEEW: ["9220", "220"]],
            districts: Self.districts,
            shelters: Self.shelters.map { Shelter(id: $0, name: "\($0)中学校", romanName: "\($0) Junior High School", address: "長磯1") },
            endpoints: ends)
        start()
    }
    private struct NoTown: Error {}

    static let package: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    var hub: Hub {
        guard let hub = running.withLock({ $0?.hub }) else { preconditionFailure("the ground has a hub from its start to its end") }
        return hub
    }
    var readiness: Readiness? { running.withLock { $0 }?.readiness }
    var now: Date { Date().addingTimeInterval(ahead.withLock { $0 }) }
    func turn(by seconds: Double) { ahead.withLock { $0 += seconds } }

    // MARK: life

    private func start() {
        let logger = Logger(label: "drills") { _ in SwiftLogNoOpLogHandler() }
        let clock: @Sendable () -> Date = { [self] in now }
        let time = HubClock(wall: clock)
        let journal = DeliveryJournal(ledger: ledger, clock: clock)
        let towns = TownRegister([town])
        let pages = PageShelf()
        func setup<M: Mode>(_ name: String, _ mode: M.Type) -> ChannelSetup<M> {
            let own = folder.appending(path: name)
            try? FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            return ChannelSetup(
                settings: [:], transport: transport, stream: stream, notebook: Shelf(ledger, "\(name)/\(M.name.rawValue)/"), sharedNotebook: Shelf(ledger, "\(name)/both/"),
                directory: own, pages: pages, logger: logger, wallClock: clock)
        }
        func line<M: Mode>(_ mode: M.Type) throws -> Line<M> {
            Line(
                channels: [
                    ChannelSlot(try AreaMail<M>(setup("area-mail", mode)), observer: journal, logger: logger),
                    ChannelSlot(try WiFiPortal<M>(setup("wifi-portal", mode)), observer: journal, logger: logger),
                    ChannelSlot(try SchoolTablet<M>(setup("school-tablet", mode)), observer: journal, logger: logger),
                    ChannelSlot(try LAlert<M>(setup("l-alert", mode)), observer: journal, logger: logger),
                    ChannelSlot(try Webhook<M>(setup("webhook", mode)), observer: journal, logger: logger),
                    ChannelSlot(try Program<M>(setup("program", mode)), observer: journal, logger: logger),
                    ChannelSlot(try Mail<M>(setup("mail", mode)), observer: journal, logger: logger),
                ],
                towns: towns, routing: RoutingTable(), renderer: renderer, ledger: ledger, journal: journal, logger: logger, clock: { time.now })
        }
        guard let actual = try? line(Actual.self), let exercise = try? line(Exercise.self) else { preconditionFailure("the channels take empty settings") }
        let hub = Hub(Hub.Parts(
            actual: actual, exercise: exercise, towns: towns, ledger: ledger, journal: journal, devices: DeviceRegister(notebook: ledger), stream: streamHub,
            people: People([Self.person], notebook: ledger), logger: logger, time: time, start: StartWatch(began: time.now)))
        let readiness = Readiness(ledger: ledger, renderer: renderer, logger: logger)
        let task = Task {
            await withDiscardingTaskGroup { group in
                for slot in actual.channels { group.addTask { try? await slot.runner.run() } }
                for slot in exercise.channels { group.addTask { try? await slot.runner.run() } }
                group.addTask { try? await readiness.run() }
            }
        }
        running.withLock { $0 = (hub, readiness, pages, task) }
    }

    /// Before the first alert, and after each restart.
    func takeUp() async throws {
        try await hub.recover()
        await hub.actual.prepare()
        await hub.exercise.prepare()
    }

    func stop() async {
        guard let task = running.withLock({ $0?.task }) else { return }
        task.cancel()
        await task.value
    }

    func restart() async throws {
        await stop()
        start()
        try await takeUp()
    }

    func close() async {
        await stop()
        streamHub.close()
        await transport.shutdown()
    }

    /// What is not done yet, by channel, for whoever has to find out why.
    var waiting: String {
        func said<M: Mode>(_ line: Line<M>) -> [String] {
            line.channels.compactMap { slot in
                let gauges = slot.runner.gauges
                return gauges.loads > 0 ? "\(M.name) \(slot.manifest.name): \(gauges)" : nil
            }
        }
        return (said(hub.actual) + said(hub.exercise)).joined(separator: "; ")
    }

    /// The same, with what the record says of it.
    func troubles() async -> String {
        var query = DeliveryQuery()
        (query.unfinishedOnly, query.newest, query.limit) = (true, true, 5)
        guard let town = hub.towns.all.first, let rows = try? await hub.ledger.town(town.id).deliveries(query) else { return waiting }
        let told = rows.map { "\($0.delivery.channel)/\($0.delivery.endpoint) \($0.state) \($0.attempts): \($0.detail ?? "")" }
        return ([waiting] + told).joined(separator: "\n")
    }

    /// Until nothing waits and nothing is on the wire. False after half a minute.
    func isQuiet() async -> Bool {
        let end = ContinuousClock.now.advanced(by: .seconds(30))
        while ContinuousClock.now < end {
            let loads = hub.actual.channels.map(\.runner.gauges.loads).reduce(0, +) + hub.exercise.channels.map(\.runner.gauges.loads).reduce(0, +)
            if loads == 0 { return true }
            try? await ContinuousClock().sleep(for: .milliseconds(1))
        }
        return false
    }

    /// Everything everywhere: what keeps a drill from live far ends is not that somebody may not.
    static let person = Operator(name: "訓練係", tokenDigest: DeviceRegister.digest("drills"))

    // MARK: what is shown

    /// A spot's Japanese page as people read it, without what stands over its words.
    func page(_ spot: String) async -> String {
        let shelf = running.withLock { $0?.pages }
        return String(decoding: await shelf?.bundle(spot)?.octets(of: "index.ja.html") ?? [], as: UTF8.self).withoutReadings
    }
}

/// A channel's part of the notebook.
private struct Shelf: Notebook {
    private let base: any Notebook
    private let prefix: String
    init(_ base: any Notebook, _ prefix: String) { (self.base, self.prefix) = (base, prefix) }
    func read(_ key: String) -> [UInt8]? { base.read(prefix + key) }
    func write(_ key: String, _ value: [UInt8]?) { base.write(prefix + key, value) }
    func keys(prefix wanted: String) -> [String] { base.keys(prefix: prefix + wanted).map { String($0.dropFirst(prefix.count)) } }
}
