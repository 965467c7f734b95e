import AlertModel
import ArgumentParser
import Bundles
import Certificates
import ChannelKit
import Curl
import Devices
import Streams
import Foundation
import Hummingbird
import Ledger
import LedgerStore
import Logging
import NIOPosix
import Relay
import Serving
import ServiceLifecycle
import Tablets
import UnixSignals

struct EdgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge",
        abstract: "学校・スポット・庁舎の中継機。ハブとの回線が切れても動き続ける (a relay that keeps going when the line to the hub is cut)",
        discussion: """
            初回は番号が要ります。ハブで noroshi device invite --town CODE --site ID --edge --host この機械の名前かアドレス とします。鍵はDIRに、本人だけが読める形で残ります。\
            証明書は町の認証局（noroshi town ca）がハブから出し、自動で新しくなります。タブレットは、ハブでなくここの https://HOST:PORT/tablet/ を開きます。
            (The first time it needs a code; its token and its keys lie in DIR. Its certificate comes from the town's authority at the hub, and is renewed by itself. Tablets open this address instead of
            the hub's.)
            """)

    @OptionGroup var place: HubAddress
    @Option(help: "ハブでの学校・避難所・スポットの番号 (the site's id at the hub)") var site: String
    @Option(help: "回線が切れている間のものを預かるフォルダー (folder for what is kept while the line is cut)") var data: String
    @Option(help: "待ち受ける HOST:PORT (to listen on)") var listen = "127.0.0.1:8480"
    @Option(help: "https か http。言わなければ、この機械の中だけ（127.0.0.1）なら http、ほかからも開けるなら https。http を選ぶのは、前に別の TLS があるか、回線そのものが守られているときだけ (https unless it listens on this machine alone; http only behind another TLS, or where the line itself is protected)") var serve: Serve?
    @Option(help: "招待の番号。初回だけ (the code of the invitation, the first time)") var code: String?
    @Option(help: "発信卓でのこの中継機の名前 (what the desk calls this edge)") var name: String?
    @Option(help: "ここからもページを出すWi-Fiスポット。いくつでも (a Wi-Fi spot whose page is served here too; repeat it)") var spot: [String] = []
    @Option(help: "電源の様子を読むところ。upsc の形のファイルでもよい (where this machine's power is read: the kernel's folder, or a file as upsc prints it)") var power = "/sys/class/power_supply"
    @Option(help: "ここで日本語で言う。KEY=VALUE をいくつでも。鍵は音声チャネル（speech）の設定と同じ: command=/usr/bin/aplay、folder=/var/spool/speaker など (says it here, in Japanese; keys of the channel speech; repeat it)")
    var speak: [String] = []
    @Option(help: "ここで鳴らす・光らせるプログラム（絶対パス）。やりとりは program チャネルと同じ (a program for siren, lamp or public address here; it speaks as the channel program does)")
    var program: String?
    @Option(name: .customLong("drill-program"), help: "訓練のときのプログラム（絶対パス）。書かなければ、訓練ではプログラムを呼ばない (the same for drills; without it drills are not told to a program)")
    var drill_program: String?
    @Option(help: "文面のフォルダー。画面の単語をここから読む (folder of templates, for the words of screens)") var templates: String?
    @Option(help: "話す言語を、コンマで区切って。ハブの設定の languages と同じに (languages spoken, parted by commas: as in the hub's settings)") var languages: String?
    @Option(name: .customLong("log-format"), help: "ログの形。text か json (form of the log lines on standard error)") var log_format = HubLogging.Format.text
    @Option(help: .hidden) var patience = 40

    enum Serve: String, ExpressibleByArgument, CaseIterable { case https, http }

    func run() async throws {
        let logger = HubLogging.start(log_format)
        Descriptors.raise(logger)
        do {
            let (host, port) = try Address.parse(listen)
            _ = try place.checked()
            _ = try TemplateFolder.open(
                templates, languages.map { .these($0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }) } ?? .usual)
            for id in spot where !SpotShelf.isPlain(id) { throw SettingsError("spot: 「\(id)」はスポットの番号ではありません (no spot's id)") }
            let ways = try EdgeWays(speak: speak, program: program, drillProgram: drill_program)
            let folder = URL(filePath: data)
            try DataFolder.claim(folder)
            let transport = try transport()
            let isSecure = (serve ?? (HubAddress.isHere(host) ? .http : .https)) == .https
            let key = try ownKey(folder)
            let identity = try await identity(folder, key, transport)
            guard let town = TownID(identity.town) else { throw SettingsError("edge.json: 「\(identity.town)」は市町村ではありません (no town)") }
            let hub = HubLine(address: address, token: identity.token, transport: transport)
            let shelf = isSecure ? try await certificate(key, folder, hub, identity, logger) : nil
            let program = try await EdgeProgram.make(
                .init(
                    hub: hub, key: key, certificates: shelf,
                    topic: StreamTopic(town: town, site: identity.site), townKey: identity.town_key.flatMap { PaperKey($0) }, spots: spot, folder: folder, host: host,
                    port: port, patience: .seconds(max(1, patience)), power: power, ways: ways),
                transport, logger)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await program.run() }
                guard let bound = await program.port.heard() else { return }
                Terminal.complain("noroshi edge for \(identity.site) listens on \(isSecure ? "https" : "http")://\(host):\(bound), hub \(address), data in \(data)")
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

    private var address: String { place.written }

    private func transport() throws -> CurlTransport {
        var configuration = place.configuration()
        configuration.multiplexes = false
        configuration.userAgent = "noroshi-edge"
        return try CurlTransport(configuration)
    }

    private func ownKey(_ folder: URL) throws -> ServingKey {
        do {
            return try ServingKey.open(in: folder)
        } catch let error as ServingKey.Unreadable {
            throw SettingsError(error.description)
        } catch {
            throw CannotWrite(reason: "\(folder.path)に鍵を書けません: \(error) (the key cannot be written)")
        }
    }

    /// Without one it serves no tablets: what a page in clear says, whoever is on the same network may say too.
    private func certificate(_ key: ServingKey, _ folder: URL, _ hub: HubLine, _ identity: EdgeIdentity, _ logger: Logger) async throws -> CertificateShelf {
        let shelf = try CertificateShelf(key, folder: folder)
        guard shelf.state == nil else { return shelf }
        do throws(CertificateKeeper.Refusal) {
            try await CertificateKeeper(shelf, key: key, hub: hub, logger: logger, clock: { Date() }).ask()
            return shelf
        } catch {
            let words = "証明書がないので、タブレットの前には立ちません。\(error.words) "
            if error.status == nil { throw Exit.with(Exit.unreachable, words + "ハブにつながるところで始めてください (no certificate and no hub: this edge serves no tablets)") }
            throw SettingsError(
                words + "ハブで noroshi device set \(identity.device_id) --host 名前かアドレス とします。守られた回線か別の TLS の後ろなら --serve http "
                    + "(no certificate: this edge serves no tablets. Give it names at the hub, or --serve http behind another TLS)")
        }
    }

    private func identity(_ folder: URL, _ key: ServingKey, _ transport: CurlTransport) async throws -> EdgeIdentity {
        if let known = try EdgeIdentity.read(folder) {
            guard known.site == site else {
                throw SettingsError("\(folder.path)は\(site)ではなく\(known.site)の中継機のものです (belongs to another site's edge)")
            }
            return known
        }
        guard let code else {
            throw SettingsError("まだ登録されていません。noroshi device invite --town CODE --site \(site) --edge で番号を作り、--code に書いてください (not enrolled yet)")
        }
        return try await EdgeIdentity.enrol(
            code: code, site: site, name: name ?? "edge", publicKey: key.publicKey, hub: HubLine(address: address, token: nil, transport: transport),
            folder: folder)
    }
}

/// Wires an edge: the hub's rooms for tablets over the relay's, and the services that keep them fed.
struct EdgeProgram: Sendable {
    struct Options: Sendable {
        var hub: HubLine
        var key: ServingKey
        /// Nil: in clear.
        var certificates: CertificateShelf?
        var topic: StreamTopic
        /// By which the edge knows its town's pages.
        var townKey: PaperKey?
        var spots: [String]
        var folder: URL
        var host: String
        var port: Int
        var patience: Duration
        var power: String
        var ways: EdgeWays
    }

    let group: ServiceGroup
    let port: Announced<Int>
    private let address: String

    static func make(_ options: Options, _ transport: CurlTransport, _ logger: Logger) async throws -> EdgeProgram {
        let ledger = try openLedger(options.folder, logger)
        let watch = LineWatch(patience: options.patience, notebook: ledger)
        // What is in force is judged by the hub's clock: this machine's own may be a year ahead after a power cut.
        let stream = try await StreamHub.start(
            on: MultiThreadedEventLoopGroup.singleton, epoch: EdgeEpoch.next(ledger, Date()), notebook: ledger,
            clock: { watch.hubTime() })
        let devices = DeviceRegister(notebook: ledger)
        let outbox = Outbox(ledger: ledger, hubTime: { watch.certainHubTime() })
        let trust = TownTrust(topic: options.topic, first: options.townKey, notebook: ledger, clock: { watch.hubTime() })
        let papers = PaperCodes(
            hub: options.hub, topic: options.topic, devices: devices, notebook: ledger, clock: { watch.hubTime() }, onDisk: { try await ledger.flush().committed() }, logger: logger)
        let forwarder = Forwarder(hub: options.hub, outbox: outbox, unheard: { papers.unheard }, logger: logger)
        let guests = Guests(hub: options.hub, topic: options.topic, devices: devices, stream: stream, trust: trust, papers: papers, notebook: ledger, logger: logger)
        let mirror = SiteMirror(
            hub: options.hub, topic: options.topic, devices: devices, stream: stream, watch: watch, guests: guests,
            certificates: options.certificates.map { CertificateKeeper($0, key: options.key, hub: options.hub, logger: logger, clock: { watch.hubTime() }) },
            notebook: ledger, logger: logger)
        let calls = RollCalls(notebook: ledger)
        let counts = RollCallForwarder(
            hub: options.hub, topic: options.topic, devices: devices, calls: calls, stream: stream, clock: { watch.hubTime() }, logger: logger)
        let spots = SpotMirror(spots: options.spots, hub: options.hub, watch: watch, trust: trust, notebook: ledger, logger: logger)
        let signRounds = Rounds()
        let voices = LocalVoices(
            try options.ways.voices(options.topic, in: options.folder, stream, transport, ledger, watch, logger) { signRounds.knock() }, trust: trust, logger: logger)
        let signs = SignForwarder(
            hub: options.hub, topic: options.topic, devices: devices, stream: stream, power: options.power, isDoubting: { spots.isDoubting },
            isMute: { voices.isMute }, unheard: { papers.unheard }, rounds: signRounds, logger: logger)
        let upstream = Upstream(
            hub: options.hub, stream: stream, topic: options.topic, watch: watch, notebook: ledger, trust: trust,
            hooks: .init(
                connected: {
                    mirror.rounds.knock()
                    spots.hurry()
                    forwarder.hurry()
                    guests.hurry()
                    papers.hurry()
                },
                alerted: {
                    spots.hurry()
                    guests.hurry()
                }, registerChanged: { mirror.rounds.knock() }, rollCalled: { counts.hurry() }, lineTold: { guests.tell(line: $0) },
                told: { voices.take($0, $1) }, forgotten: { voices.forget($0) }),
            logger: logger)
        let keeper = Doorkeeper(Descriptors.door(), logger: logger)
        let admission = DeviceAdmission(devices: devices, log: ActLog(logger: logger))
        let router = EdgeRouter(.init(
            site: options.topic.site, hub: options.hub, devices: devices, stream: stream, watch: watch,
            upstream: upstream, mirror: mirror, spots: spots, outbox: outbox, ledger: ledger, keeper: keeper,
            calls: calls, papers: papers, voices: voices, certificates: options.certificates))
        let port = Announced<Int>()
        let application = Application(
            responder: router.responder(),
            server: .init { responder in
                let door = StreamDoor(hub: stream, admission: admission, keeper: keeper, responder: responder)
                return if let shelf = options.certificates { SecureDoor(door, shelf: shelf) } else { door }
            },
            configuration: .init(
                address: .hostname(options.host, port: options.port), serverName: "noroshi", backlog: 1024),
            onServerRunning: { channel in
                await AcceptGate.stand(at: channel, keeper)
                port.say(channel.localAddress?.port ?? options.port)
            },
            logger: logger)
        let close = ClosingService {
            stream.close()
            await transport.shutdown()
            await ledger.close()
        }
        let work: [any Service] = [
            until { await upstream.run() }, until { await mirror.run() }, until { await spots.run() },
            until { await guests.run() }, until { await papers.run() }, until { await forwarder.run() }, until { await signs.run() }, until { await counts.run() }, until { await voices.run() },
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
            let wasListening = port.close()
            throw wasListening ? error : SettingsError("\(address)で待ち受けられません: \(error) (cannot listen there)")
        }
        port.close()
    }

    private static func openLedger(_ folder: URL, _ logger: Logger) throws(SettingsError) -> SQLiteLedger {
        do {
            return try SQLiteLedger(path: folder.appending(path: "edge.sqlite").path, logger: logger)
        } catch {
            throw SettingsError("\(folder.path)の edge.sqlite を開けません: \(error) (does not open)")
        }
    }

    /// Work that ends when the program is told to.
    private static func until(_ work: @escaping @Sendable () async -> Void) -> any Service {
        RunnerService { await cancelWhenGracefulShutdown { await work() } }
    }
}
