import AlertModel
import ArgumentParser
import CellBroadcast
import ChannelKit
import Commons
import Desk
import Devices
import Dispatching
import Foundation
import Hub
import Ledger
import Logging
import ServiceLifecycle

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "ハブ、緊急速報メールの局、Ｌアラートのノード、実演の町、記録した地震を一つの命令で動かす "
            + "(hub, cell-broadcast gateway, a node of L-Alert, the demonstration town and a replayed earthquake)",
        discussion: "2011年3月11日14時46分〜14時50分を訓練として速く流し、そのあとは止めるまで見て回れます "
            + "(plays it as an exercise, faster, then stays for you to look around)")

    @Option(help: "待ち受ける HOST:PORT (to listen on)") var listen = "127.0.0.1:8480"
    @Option(help: "記録とページのフォルダー。なければ新しく作り、終わりに捨てる (folder for the ledger and the pages)") var data: String?
    @Option(help: "文面のフォルダー (folder of templates)") var templates: String?
    @Option(help: "2011年の何倍の速さか (how many times faster)") var speed = 20.0
    @Option(help: "公開されているEDXL-DE 1.0のスキーマ。xmllintとあれば、Ｌアラートの報告をそれでも確かめる (the public schema)")
    var edxlSchema: String?
    @Flag(help: "まとめを出したら終わる (ends after the summary)") var once = false

    func run() async throws {
        let logger = HubLogging.start()
        Descriptors.raise(logger)
        do {
            let (host, port) = try Address.parse(listen)
            let commons = try DemoCommons(schema: edxlSchema)
            let stage = DemoStage(host: host, port: port, speed: speed, staysUp: !once, commons: commons)
            try await stage.run(data: data, templates: try TemplateFolder.open(templates, .everyOne), logger: logger)
        } catch let error as SettingsError {
            throw Exit.with(Exit.badSettings, error.reason)
        } catch let error as CannotWrite {
            throw Exit.with(Exit.cannotWrite, error.reason)
        }
    }
}

/// The demonstration, from the first light to the summary.
private struct DemoStage: Sendable {
    let host: String
    let port: Int
    let speed: Double
    let staysUp: Bool
    let commons: DemoCommons

    func run(data: String?, templates: URL, logger: Logger) async throws {
        let isOurs = data == nil
        let folder = data.map { URL(filePath: $0) }
            ?? FileManager.default.temporaryDirectory.appending(path: "noroshi-demo-\(UUID().uuidString.prefix(8))")
        defer { if isOurs { try? FileManager.default.removeItem(at: folder) } }
        let centre = CellBroadcastCentre(configuration: .init(port: 0, onBroadcast: { broadcast in
            Terminal.say(Terminal.paint("            ⟫ 携帯電話  \(broadcast.line)", "35"))
        }))
        let ended = Announced<Bool>()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await Self.run(until: ended) { try await centre.run() } }
            group.addTask { try await Self.run(until: ended) { try await commons.run() } }
            let token = ProcessInfo.processInfo.environment["NOROSHI_TOKEN"] ?? DeviceRegister.randomToken()
            let person = Operator(name: "demonstration", tokenDigest: DeviceRegister.digest(token))
            let program: HubProgram
            do {
                let settings = try DemonstrationTown.settings(
                    gateway: try await centre.boundPort, commons: try await commons.address())
                program = try await HubProgram.make(
                    .init(
                        settings: settings, data: folder, templates: templates, host: host, port: port, operators: [person]),
                    logger: logger)
            } catch {
                ended.close()
                throw error
            }
            let play = DemoPlay(
                hub: program.hub, person: person, bulletins: templates.appending(path: "demo"), speed: speed)
            group.addTask {
                do {
                    try await program.run()
                } catch {
                    ended.close()
                    throw error
                }
                ended.close()
            }
            guard let bound = await program.port.heard() else { return }
            let address = "http://\(host):\(bound)"
            Terminal.say(Terminal.paint("狼煙 Noroshi — 訓練の実演 (an exercise) · 気仙沼市をもとにした町", "1"))
            Terminal.say("hub \(address) · operator's token \(token)")
            let report = try await play.perform()
            Terminal.say(report)
            Terminal.say(commons.summary())
            Terminal.say(addresses(address, token, play.invitation()))
            if staysUp {
                Terminal.say(next(address, token))
            } else {
                await program.group.triggerGracefulShutdown()
            }
        }
    }

    private func addresses(_ address: String, _ token: String, _ code: String) -> String {
        let rows = [
            ["  スポットのページ", "portal page", "\(address)/spots/kesennuma-eki/", ""],
            ["  タブレット", "tablet", "\(address)/tablet/", "コード code: \(code)"],
            ["  操作卓", "operator's desk", "\(address)/console/", "トークン token: \(token)"],
        ]
        return "\n" + Terminal.paint("開いて見る (open these):", "1") + "\n" + Terminal.table(rows)
    }

    private func next(_ address: String, _ token: String) -> String {
        """

        Ctrl-C ends it. In another terminal:
          export NOROSHI_TOKEN=\(token) NOROSHI_HUB=\(address)
          \(CommandLine.arguments[0]) log
          \(CommandLine.arguments[0]) push --town 042056 --kind notice --title 断水のお知らせ --body 本吉地区で断水しています。 --exercise
        """
    }

    /// A far end lasts as long as the hub.
    private static func run(
        until ended: Announced<Bool>, _ farEnd: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await farEnd() }
            group.addTask { _ = await ended.heard() }
            try await group.next()
            group.cancelAll()
            while let end = await group.nextResult() {
                if case .failure(let error) = end, !(error is CancellationError) { throw error }
            }
        }
    }
}

/// 2011-03-11, 14:46 to 14:50, as an exercise.
private struct DemoPlay: Sendable {
    let hub: Hub
    let person: Operator
    let bulletins: URL
    let speed: Double

    private static let town = "042056"

    func invitation() -> String {
        guard let town = TownID(Self.town) else { return "" }
        return hub.devices.invite(to: "kesennuma-chu", of: town, by: person.name).spelled
    }

    /// Plays it all and returns the summary.
    func perform() async throws -> String {
        let rows = hub.journal.follow()
        let watch = DemoWatch()
        let play = Play.name()
        let scenes = try Play.scenes(in: bulletins)
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await row in rows { watch.show(row) } }
            for scene in scenes {
                await pause(until: scene.offset, since: start)
                await tell(scene, play)
            }
            let last = scenes.last?.offset ?? 0
            var sent: AlertID?
            for act in acts {
                await pause(until: last + act.delay, since: start)
                sent = await perform(act, after: sent)
            }
            await watch.quiet()
            group.cancelAll()
        }
        return watch.summary()
    }

    private func pause(until offset: Double, since start: ContinuousClock.Instant) async {
        try? await ContinuousClock().sleep(until: start.advanced(by: .seconds(offset / speed)))
    }

    private func tell(_ scene: Play.Scene, _ play: String) async {
        var way = Intake(source: "demonstration")
        way.fileName = scene.name
        way.replay = play
        Terminal.say("\n" + Terminal.paint("▶ 気象庁 (JMA)  \(scene.name)", "1;36"))
        do throws(IntakeFailure) {
            let taken = try await hub.take(scene.octets, way)
            for note in taken.notes { Terminal.say("            \(note)") }
        } catch {
            Terminal.say(Terminal.paint("  ✗ \(error)", "31"))
        }
    }

    /// The id under which it went out.
    private func perform(_ act: Act, after last: AlertID?) async -> AlertID? {
        Terminal.say("\n" + Terminal.paint("▶ \(act.name)", "1;36"))
        do throws(DeskFailure) {
            switch act.order {
            case .push(let order): return try await hub.push(Array(JSONLine.text(order).utf8), by: person).id
            case .takeLastBack:
                guard let last else { return nil }
                return try await hub.cancel(last, by: person).id
            }
        } catch {
            Terminal.say(Terminal.paint("  ✗ \(error)", "31"))
            return nil
        }
    }

    /// What somebody at the town hall does.
    private struct Act {
        enum Order {
            case push([String: Any])
            case takeLastBack
        }
        /// Seconds of 2011 after the last bulletin.
        let delay: Double
        let name: String
        let order: Order
    }

    /// What the town hall does after the tsunami warning: it orders, opens, lifts one district's order by mistake, and
    /// takes that back. The lifting changes its district alone; taking it back puts there what stood before.
    private var acts: [Act] {
        [
            Act(delay: 20, name: "役場 (town hall)  避難指示 津波、市内全域 — evacuation order, level 4", order: .push([
                "town": Self.town, "kind": "evacuation", "mode": "exercise", "level": 4, "hazard": "津波",
                "districts": ["市内全域"], "reason": "大津波警報が発表されました", "shelters": ["shimin-kaikan", "hashikami-chu"],
            ])),
            Act(delay: 30, name: "役場 (town hall)  災害対策本部設置 — headquarters set up", order: .push([
                "town": Self.town, "kind": "headquarters", "mode": "exercise", "state": "open",
            ])),
            Act(delay: 40, name: "役場 (town hall)  避難所開設 市民会館 — shelter open", order: .push(opening(of: "shimin-kaikan"))),
            Act(delay: 50, name: "役場 (town hall)  避難所開設 階上中学校 — shelter open", order: .push(opening(of: "hashikami-chu"))),
            Act(delay: 60, name: "役場 (town hall)  面瀬地区だけ解除 — lifted in one district only", order: .push([
                "town": Self.town, "kind": "evacuation", "mode": "exercise", "hazard": "津波", "lifted": true,
                "districts": ["面瀬地区"],
            ])),
            Act(delay: 90, name: "役場 (town hall)  解除は誤り、取り消す — the lifting was a mistake: taken back", order: .takeLastBack),
        ]
    }

    private func opening(of shelter: String) -> [String: Any] {
        ["town": Self.town, "kind": "shelter", "mode": "exercise", "shelter": shelter, "state": "open"]
    }
}
