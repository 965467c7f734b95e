import ChannelKit
import ArgumentParser
import Foundation
import Hub
import Ingest

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "記録した電文を、もとの間隔で、訓練として流す (plays recorded bulletins in their own rhythm, as an exercise)")

    @OptionGroup var hub: HubOptions
    @Option(help: "何倍の速さか (how many times faster)") var speed = 1.0
    @Flag(help: "流すのはいつも訓練。はっきりさせるために書いてもよい (plays are always exercises)") var exercise = false
    @Option(help: "電文のフォルダーの代わりに、過去の災害の名前 (a night of the past, in place of a folder): tohoku-2011, kumamoto-2016, double-quake-2018, noto-2024") var theatre: String?
    @Flag(help: "ハブに流さず、閉じた部屋で演じて採点する (played and scored in a room that nothing leaves, without a hub; with --theatre)") var sealed = false
    @Option(help: "町の6桁の番号。--theatre の採点に、いくつもの町の担当のとき (6-digit code, for the score)") var town: String?
    @Option(help: "文面のフォルダー (folder of templates)") var templates: String?
    @Argument(help: "電文のフォルダー (folder of bulletins)") var directory: String?

    func run() async throws {
        guard speed > 0, speed.isFinite else { throw Exit.with(Exit.usage, "--speed: 0より大きくしてください (above 0)") }
        guard (theatre == nil) != (directory == nil) else { throw Exit.with(Exit.usage, "電文のフォルダーか --theatre の、どちらか一つを書いてください (a folder, or --theatre)") }
        guard let name = theatre else {
            guard !sealed else { throw Exit.with(Exit.usage, "--sealed には --theatre が要ります (--sealed needs --theatre)") }
            return try await play(URL(filePath: directory ?? ""))
        }
        guard (1...60).contains(speed) else { throw Exit.with(Exit.usage, "--theatre は --speed 1〜60 で演じます (1 to 60)") }
        let play: Theatre, folder = try TemplateFolder.open(templates)
        do throws(Refusal) {
            play = try Theatre(name, in: folder)
        } catch {
            throw Exit.with(Exit.usage, error.reason)
        }
        guard !sealed else { return play.say(try await play.perform(), hub.format) }
        try await scored(play)
    }

    /// At a hub, as one of its drills: planned, run and scored.
    private func scored(_ theatre: Theatre) async throws {
        let client = try hub.client()
        var wish: [String: Any] = ["title": theatre.title, "note": "noroshi replay --theatre \(theatre.name) --speed \(speed)"]
        wish["town"] = town
        let planned = try await client.send("POST", "/v1/drills", body: Array(JSONLine.text(wish).utf8)) as? [String: Any]
        guard let id = planned?["id"] as? String else { throw Exit.with(Exit.badData, "ハブの返事を読めません (the hub's answer cannot be read)") }
        _ = try await client.send("POST", "/v1/drills/\(HubClient.step(id))/begin")
        try await play(theatre.folder)
        DrillCommand.say(hub, try await client.send("POST", "/v1/drills/\(HubClient.step(id))/end"))
    }

    private func play(_ folder: URL) async throws {
        let client = try hub.client()
        let play = Play.name()
        let scenes: [Play.Scene]
        do throws(Refusal) {
            scenes = try Play.scenes(in: folder)
        } catch {
            throw Exit.with(Exit.badData, error.reason)
        }
        let start = ContinuousClock.now
        for scene in scenes {
            try await ContinuousClock().sleep(until: start.advanced(by: .seconds(scene.offset / speed)))
            let path = "/v1/bulletins" + HubClient.query([("name", scene.name), ("replay", play)])
            let answer = try await client.exchange("POST", path, body: scene.octets, type: "application/octet-stream")
            let value = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any] ?? [:]
            if hub.format == .json {
                Terminal.say(JSONLine.text(["file": scene.name, "offset": scene.offset, "status": answer.status, "answer": value]))
            } else {
                let words = (value["alerts"] as? [String])?.joined(separator: " ") ?? value["detail"] as? String ?? ""
                Terminal.say("+\(String(format: "%7.1f", scene.offset)) s  \(answer.status)  \(scene.name)  \(words)")
            }
            guard answer.status != 401, answer.status != 403 else { throw HubClient.refusal(answer) }
        }
    }
}

/// Recorded bulletins in the order and rhythm they were sent.
enum Play {
    struct Scene: Sendable {
        var name: String
        var octets: [UInt8]
        var sent: Date
        /// Seconds since the first one.
        var offset: Double
    }

    /// A play's name, new each time.
    static func name() -> String { "p\(Int(Date().timeIntervalSince1970 * 1000))" }

    static func scenes(in directory: URL) throws(Refusal) -> [Scene] {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()
            .filter { !$0.hasPrefix(".") && !$0.hasSuffix(".md") && !$0.hasSuffix(".yaml") }
        var dated: [(time: Double, scene: Scene)] = []
        for file in files {
            let octets = try InputFile.read(directory.appending(path: file).path)
            guard let readings = try? BulletinReader.readEach(octets, fileName: file, receivedAt: Date()),
                case .success(let bulletin)? = readings.first?.outcome, let sent = bulletin.sent
            else {
                Terminal.complain("\(file): 時刻のある電文ではないので除きました (left out, no bulletin with a time)")
                continue
            }
            dated.append((sent.seconds, Scene(name: file, octets: octets, sent: Date(timeIntervalSince1970: sent.seconds), offset: 0)))
        }
        guard let first = dated.map(\.time).min() else { throw Refusal("\(directory.path): 流せる電文がありません (no bulletins to play)") }
        return dated.sorted { ($0.time, $0.scene.name) < ($1.time, $1.scene.name) }.map { time, scene in
            var scene = scene
            scene.offset = time - first
            return scene
        }
    }
}
