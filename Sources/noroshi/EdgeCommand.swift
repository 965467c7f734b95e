import AlertModel
import ArgumentParser
import ChannelKit
import Curl
import Devices
import Edge
import Foundation
import HubAPI
import Hummingbird
import LedgerStore
import Logging
import NIOPosix
import Relay
import ServiceLifecycle
import UnixSignals

struct EdgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge",
        abstract: "A relay at a school, spot or city hall that keeps going when the line to the hub is cut.",
        discussion: """
            The first time it needs a code: noroshi device invite --town CODE --site ID --edge. Its token lies in DIR, \
            readable by its own user alone. Tablets open http://HOST:PORT/tablet/ here instead of at the hub.
            """)

    @Option(help: "The hub's address (or NOROSHI_HUB).") var hub: String?
    @Option(help: "The school's, shelter's or spot's id at the hub.") var site: String
    @Option(help: "Folder for what is kept while the line is cut.") var data: String
    @Option(help: "HOST:PORT to listen on.") var listen = "127.0.0.1:8480"
    @Option(help: "The code of the invitation, the first time.") var code: String?
    @Option(help: "What the desk calls this edge.") var name: String?
    @Option(help: "A Wi-Fi spot whose portal page is served here too; may be given again.") var spot: [String] = []
    @Option(help: .hidden) var patience = 40

    func run() async throws {
        let logger = HubLogging.start()
        Descriptors.raise(logger)
        do {
            let (host, port) = try Address.parse(listen)
            for id in spot where !SpotShelf.isPlain(id) { throw SettingsError("spot: \(id) is no spot's id") }
            let folder = URL(filePath: data)
            try DataFolder.claim(folder)
            let transport = try transport()
            let identity = try await identity(folder, transport)
            guard let town = TownID(identity.town) else { throw SettingsError("edge.json: \(identity.town) is no town") }
            let program = try await EdgeProgram.make(
                .init(
                    hub: HubLine(address: address, token: identity.token, transport: transport),
                    topic: StreamTopic(town: town, site: identity.site), spots: spot, folder: folder, host: host,
                    port: port, patience: .seconds(max(1, patience))),
                transport, logger)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await program.run() }
                guard let bound = await program.port.heard() else { return }
                Terminal.complain("noroshi edge for \(identity.site) listens on http://\(host):\(bound), hub \(address), data in \(data)")
            }
        } catch let error as SettingsError {
            throw Exit.with(Exit.badSettings, error.reason)
        } catch let error as CannotWrite {
            throw Exit.with(Exit.cannotWrite, error.reason)
        } catch let error as EdgeIdentity.Failure {
            let code =
                switch error.kind {
                case .settings: Exit.badSettings
                case .unreachable: Exit.unreachable
                case .disk: Exit.cannotWrite
                }
            throw Exit.with(code, error.description)
        }
    }

    private var address: String {
        hub ?? ProcessInfo.processInfo.environment["NOROSHI_HUB"] ?? "http://127.0.0.1:8480"
    }


    private func transport() throws -> CurlTransport {
        var configuration = CurlConfiguration()
        configuration.multiplexes = false
        configuration.userAgent = "noroshi-edge"
        return try CurlTransport(configuration)
    }

    private func identity(_ folder: URL, _ transport: CurlTransport) async throws -> EdgeIdentity {
        if let known = try EdgeIdentity.read(folder) {
            guard known.site == site else {
                throw SettingsError("\(folder.path) belongs to the edge of \(known.site), not of \(site)")
            }
            return known
        }
        guard let code else {
            throw SettingsError("not enrolled yet: noroshi device invite --town CODE --site \(site) --edge gives a code for --code")
        }
        return try await EdgeIdentity.enrol(
            code: code, site: site, name: name ?? "edge", hub: HubLine(address: address, token: nil, transport: transport),
            folder: folder)
    }
}

/// Wires an edge: the hub's rooms for tablets over the relay's, and the services that keep them fed.
struct EdgeProgram: Sendable {
    struct Options: Sendable {
        var hub: HubLine
        var topic: StreamTopic
        var spots: [String]
        var folder: URL
        var host: String
        var port: Int
        var patience: Duration
    }

    let group: ServiceGroup
    let port: Announced<Int>
    private let address: String

    static func make(_ options: Options, _ transport: CurlTransport, _ logger: Logger) async throws -> EdgeProgram {
        let ledger = try openLedger(options.folder, logger)
        let watch = LineWatch(patience: options.patience, notebook: ledger)
        // What is in force is judged by the hub's clock: this machine's own may be a year ahead after a power cut.
        let stream = try await StreamHub.start(
            on: MultiThreadedEventLoopGroup.singleton, epoch: UInt64(Date().timeIntervalSince1970 * 1000), notebook: ledger,
            clock: { watch.hubTime() })
        let devices = DeviceRegister(notebook: ledger)
        let outbox = Outbox(ledger: ledger)
        let forwarder = Forwarder(hub: options.hub, outbox: outbox, logger: logger)
        let mirror = SiteMirror(
            hub: options.hub, topic: options.topic, devices: devices, stream: stream, watch: watch, logger: logger)
        let spots = SpotMirror(spots: options.spots, hub: options.hub, watch: watch, notebook: ledger, logger: logger)
        let upstream = Upstream(
            hub: options.hub, stream: stream, topic: options.topic, watch: watch, notebook: ledger,
            hooks: .init(
                connected: {
                    mirror.rounds.knock()
                    spots.hurry()
                    forwarder.hurry()
                },
                alerted: { spots.hurry() }, registerChanged: { mirror.rounds.knock() }),
            logger: logger)
        let router = EdgeRouter(.init(
            site: options.topic.site, hub: options.hub, devices: devices, stream: stream, watch: watch,
            upstream: upstream, mirror: mirror, spots: spots, outbox: outbox, ledger: ledger))
        let port = Announced<Int>()
        let application = Application(
            responder: router.responder(),
            server: .init { responder in
                StreamDoor(hub: stream, admission: DeviceAdmission(devices: devices), responder: responder)
            },
            configuration: .init(
                address: .hostname(options.host, port: options.port), serverName: "noroshi", backlog: 1024),
            onServerRunning: { channel in await port.say(channel.localAddress?.port ?? options.port) },
            logger: logger)
        let close = ClosingService {
            stream.close()
            await transport.shutdown()
            await ledger.close()
        }
        let work: [any Service] = [
            until { await upstream.run() }, until { await mirror.run() }, until { await spots.run() },
            until { await forwarder.run() },
        ]
        var group = ServiceGroupConfiguration(
            services: ([close] + work + [application]).map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(10)
        return EdgeProgram(
            group: ServiceGroup(configuration: group), port: port, address: "\(options.host):\(options.port)")
    }

    func run() async throws {
        do {
            try await group.run()
        } catch {
            let wasListening = await port.close()
            throw wasListening ? error : SettingsError("cannot listen on \(address): \(error)")
        }
        await port.close()
    }

    private static func openLedger(_ folder: URL, _ logger: Logger) throws(SettingsError) -> SQLiteLedger {
        do {
            return try SQLiteLedger(path: folder.appending(path: "edge.sqlite").path, logger: logger)
        } catch {
            throw SettingsError("edge.sqlite in \(folder.path) does not open: \(error)")
        }
    }

    /// Work that ends when the program is told to.
    private static func until(_ work: @escaping @Sendable () async -> Void) -> any Service {
        RunnerService { await cancelWhenGracefulShutdown { await work() } }
    }
}
