/// What an edge speaks by at its own place: the hub's channels for programs and for speech, wired here once more.
import AlertModel
import ChannelKit
import Curl
import Dispatching
import Foundation
import Ledger
import Logging
import Program
import Relay
import Speech
import Streams

struct EdgeWays: Sendable {
    private let speech: [String: String]?
    private let program: String?
    private let drillProgram: String?

    /// How long an announcement may take: two minutes are usual for an order that is said three times.
    private static let speechPatience = Duration.seconds(660)
    /// A disk that has not answered by then keeps nobody from hearing it.
    private static let diskPatience = Duration.seconds(2)

    init(speak: [String], program: String?, drillProgram: String?) throws(SettingsError) {
        speech = try speak.isEmpty ? nil : Self.settings(speak)
        for (option, path) in [("program", program), ("drill-program", drillProgram)] {
            guard let path, !path.hasPrefix("/") else { continue }
            throw SettingsError("--\(option): 「\(path)」ではなく、絶対パスで書いてください (an absolute path)")
        }
        (self.program, self.drillProgram) = (program, drillProgram)
    }

    private static func settings(_ pairs: [String]) throws(SettingsError) -> [String: String] {
        let known = (Speech<Actual>.manifest.farEndKeys ?? []) + ["eew"]
        var settings: [String: String] = [:]
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let key = parts.first, known.contains(key) else {
                throw SettingsError("--speak: 「\(pair)」ではなく、KEY=VALUE と書いてください。鍵は \(Set(known).sorted().joined(separator: "、")) です (KEY=VALUE, of these keys)")
            }
            settings[key] = parts.last
        }
        guard (settings["command"] == nil) != (settings["folder"] == nil) else {
            throw SettingsError("--speak: command=（鳴らすプログラム）か folder=（装置が読むフォルダー）の、どちらか一つが要ります (either of them)")
        }
        return settings
    }

    /// - Parameter troubled: called where one of them falls silent or speaks again.
    func voices(
        _ topic: StreamTopic, in folder: URL, _ stream: StreamHub, _ transport: CurlTransport, _ ledger: any Ledger, _ watch: LineWatch, _ logger: Logger,
        troubled: @escaping @Sendable () -> Void
    ) throws(SettingsError) -> [LocalVoice] {
        // What an announcement was made in when the power went.
        try? FileManager.default.removeItem(at: folder.appending(path: "voice"))
        func setup<M: Mode>(_ channel: String, _ mode: M.Type) -> ChannelSetup<M> {
            ChannelSetup(
                settings: [:], transport: transport, stream: stream, notebook: PrefixedNotebook(ledger, prefix: "channel/\(channel)/\(M.name.rawValue)/"),
                directory: folder.appending(path: "voice/\(channel)/\(M.name.rawValue)"), logger: logger, wallClock: { watch.hubTime() })
        }
        func end<M: Mode>(_ settings: [String: String], _ mode: M.Type) -> FarEnd<M> {
            FarEnd(town: topic.town, id: topic.site, name: topic.site, settings: settings)
        }
        var ways: [any LocalFarEnd] = []
        if program != nil || drillProgram != nil {
            ways.append(LocalWay<Program<Actual>, Program<Exercise>>(
                real: try program.map { (path) throws(SettingsError) in (try Program(setup("program", Actual.self)), end(["command": path], Actual.self)) },
                drill: try drillProgram.map { (path) throws(SettingsError) in (try Program(setup("program", Exercise.self)), end(["command": path], Exercise.self)) },
                remembers: true, patience: Program<Actual>.manifest.attemptLimit))
        }
        if let speech {
            ways.append(LocalWay<Speech<Actual>, Speech<Exercise>>(
                real: (try Speech(setup("speech", Actual.self)), end(speech, Actual.self)), drill: (try Speech(setup("speech", Exercise.self)), end(speech, Exercise.self)),
                remembers: false, patience: Self.speechPatience))
        }
        let ground = LocalVoice.Ground(
            notebook: ledger, watch: watch, onDisk: { await Self.flush(ledger) }, freshness: { Line<Actual>.freshness($0) }, troubled: troubled, logger: logger)
        return ways.map { LocalVoice($0, ground) }
    }

    private static func flush(_ ledger: any Ledger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ledger.flush().committed() }
            group.addTask { try? await ContinuousClock().sleep(for: diskPatience) }
            await group.next()
            group.cancelAll()
        }
    }
}
