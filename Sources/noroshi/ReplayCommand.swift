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
    @Argument(help: "電文のフォルダー (folder of bulletins)") var directory: String

    func run() async throws {
        guard speed > 0, speed.isFinite else { throw Exit.with(Exit.usage, "--speed: 0より大きくしてください (above 0)") }
        let client = try hub.client()
        let play = Play.name()
        let scenes: [Play.Scene]
        do throws(Refusal) {
            scenes = try Play.scenes(in: URL(filePath: directory))
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
            .filter { !$0.hasPrefix(".") && !$0.hasSuffix(".md") }
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
