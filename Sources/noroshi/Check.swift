import Desk
import AlertModel
import ArgumentParser
import ChannelKit
import Codes
import Dispatching
import Streams
import Foundation
import Hub
import Ledger
import LedgerPostgres
import LedgerStore
import Logging
import NIOPosix
import Receiving
import Rendering
import Targeting

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "設定と文面を読み、すべての文面を一度作って、誤りとその場所を言う。何も送らない (reads settings, towns and templates, renders every template once; sends nothing)")

    @Option(help: "設定ファイル（YAML）。なければ実演の町を調べる (settings file; without it the demonstration town)") var config: String?
    @Option(help: "文面のフォルダー (folder of templates)") var templates: String?
    @Option(help: "ハブが使うデータのフォルダー。なければ設定のもの (the data folder; else that of the settings)") var data: String?
    @Flag(help: "起動できなくなるものだけを調べる。読めない用語表は知らせて除く (only what would keep the hub from starting)") var beforeStart = false

    func run() async throws {
        do {
            var settings = try config.map { path throws(SettingsError) in try Settings.read(path) }
                ?? DemonstrationTown.settings()
            let vocabulary = Vocabulary(paths: settings.vocabularies ?? [])
            for flaw in vocabulary.look().flaws {
                guard beforeStart else { throw SettingsError("vocabularies: \(flaw)") }
                Terminal.complain("用語表を除いて起動します: \(flaw) (vocabularies: the hub starts without it)")
            }
            let codes = vocabulary.tables
            let trust = try HubProgram.trust(settings)
            _ = try settings.makeOperators()
            _ = try Papers.trust(settings)
            _ = try settings.copyDrill()
            try settings.checkHeldCopies(codes)
            _ = try settings.makeOpenID()
            let rules = try settings.makeSourceRules()
            let folder = (data ?? settings.data).map { URL(filePath: $0) }
            if let folder, let reason = DataFolder.complaint(folder) {
                guard !beforeStart else { throw CannotWrite(reason: reason) }
                Terminal.complain("注意: \(reason) (warning)")
            }
            if let folder, let copy = UndecidedCopy(in: folder) {
                guard !beforeStart else { throw copy }
                Terminal.complain("注意: \(copy.words) (warning)")
            }
            if let folder { settings = try recorded(settings, folder) }
            if let address = try RecordKeeping.database(settings) { await lookAt(address) }
            let (host, port) = try settings.listen.map { (listen) throws(SettingsError) in try Address.parse(listen) } ?? ("127.0.0.1", 0)
            _ = try RecordKeeping.seat(settings, host: host, port: port)
            try Voice.check(settings.cap, data: folder)
            _ = try settings.watcherDigest()
            if let listen = settings.listen { try Address.check(listen) }
            _ = try Sources.make(settings.sources, Nowhere(), Nowhere(), MemoryLedger())
            let scene = try CheckScene(settings, codes: codes, templates: templates)
            if config != nil { settings.doubts.forEach { Terminal.complain("注意: \($0) (warning)") } }
            Terminal.say(Terminal.table(settings.sourceLines(rules, trust)))
            let ends = scene.towns.all.map(\.endpoints.count).reduce(0, +)
            Terminal.say("good: \(scene.towns.all.count) towns, \(ends) far ends, \(Channels.all.count) channels, templates in \(scene.words.path)")
        } catch let error as SettingsError {
            throw Exit.with(Exit.badSettings, error.reason)
        } catch let error as CannotWrite {
            throw Exit.with(Exit.cannotWrite, error.reason)
        } catch let error as UndecidedCopy {
            throw Exit.with(Exit.changed, error.words)
        }
    }

    /// A database that is away now may be there at the start: said, and no reason not to begin.
    private func lookAt(_ address: PostgresAddress) async {
        do { try await PostgresLedger.look(at: address) } catch { Terminal.complain("注意: ledger: \(error) (warning)") }
    }

    /// With the towns of the record in the data folder, also beside a hub that runs.
    private func recorded(_ settings: Settings, _ folder: URL) throws -> Settings {
        let path = folder.appending(path: "ledger.sqlite").path
        guard FileManager.default.fileExists(atPath: path) else { return settings }
        guard let notes = try? LedgerOnDisk.notes(path: path, prefix: TownBook.prefix) else {
            Terminal.complain("注意: \(path) の記録を読めないので、記録にある町の設定は調べていません (the record's towns were not looked at) (warning)")
            return settings
        }
        let merged = settings.merged(TownBook.documents(notes))
        for words in merged.said { Terminal.complain(words) }
        for words in merged.trouble {
            guard beforeStart else { throw SettingsError(words) }
            Terminal.complain("注意: \(words) (warning)")
        }
        return merged.settings
    }
}

/// Settings read as a hub reads them, up to the first far end: every template rendered once, every far end's words checked.
/// Adapters are asked about settings and never send.
struct CheckScene {
    let towns: TownRegister
    let actual: Line<Actual>
    let exercise: Line<Exercise>
    /// The folder of templates.
    let words: URL

    init(_ settings: Settings, codes: CodeTables, templates: String?, transport: any HTTPTransport = Nowhere()) throws {
        _ = try settings.approvals()
        _ = try settings.networks()
        _ = try settings.crowdingRules()
        _ = try settings.retention()
        _ = try settings.makePlans()
        let manifests = Channels.all.map(\.manifest)
        words = try TemplateFolder.open(templates ?? settings.templates, settings.spoken)
        let renderer = try HubProgram.loadTemplates(words)
        towns = TownRegister(try settings.makeTowns(codes: codes, channels: manifests))
        let maker = LineMaker(settings: settings, transport: transport, renderer: renderer)
        actual = try maker.line(towns)
        exercise = try maker.line(towns)
        try HubProgram.check(towns, actual)
        try HubProgram.check(towns, exercise)
        try HubProgram.checkTexts(
            renderer, manifests, HubProgram.rules(towns, actual, settings.routing),
            HubProgram.rules(towns, exercise, settings.routing))
    }
}

private struct LineMaker {
    let settings: Settings
    let transport: any HTTPTransport
    let renderer: Renderer
    private let logger = Logger(label: "noroshi", factory: { _ in SwiftLogNoOpLogHandler() })

    init(settings: Settings, transport: any HTTPTransport, renderer: Renderer) {
        (self.settings, self.transport, self.renderer) = (settings, transport, renderer)
    }

    func line<M: Mode>(_ towns: TownRegister) throws -> Line<M> {
        let ledger = MemoryLedger()
        let journal = DeliveryJournal(ledger: ledger)
        let slots = try Channels.all.compactMap { entry -> ChannelSlot<M>? in
            let own = settings.channels?[entry.manifest.name]
            if M.name == .actual {
                return try entry.actual(setup(ledger, own?.actual), journal, logger) as? ChannelSlot<M>
            }
            return try entry.exercise(setup(ledger, own?.exercise), journal, logger) as? ChannelSlot<M>
        }
        return Line(
            channels: slots, towns: towns, routing: settings.routing, renderer: renderer, ledger: ledger, journal: journal, logger: logger)
    }

    private func setup<M: Mode>(_ ledger: MemoryLedger, _ settings: [String: String]?) -> ChannelSetup<M> {
        ChannelSetup(
            settings: settings ?? [:], transport: transport, stream: Nowhere(), notebook: ledger,
            directory: FileManager.default.temporaryDirectory.appending(path: "noroshi-check"), logger: logger)
    }
}

/// No way out.
struct Nowhere: HTTPTransport, StreamPublisher, BulletinSink, SourceWatch {
    func take(_ octets: [UInt8], name: String?, source: String) async -> SinkAnswer { .refused("a check takes nothing") }
    func expect(_ name: String, within patience: Duration?) {}
    func heard(_ name: String) {}
    func trouble(_ name: String, _ words: String) {}
    func told(_ name: String, _ time: Date) {}

    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        throw .refused("a check sends nothing")
    }

    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        (StreamPosition(epoch: 0, offset: 0), 0)
    }
}
