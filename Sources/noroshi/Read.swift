import ChannelKit
import ArgumentParser
import Foundation
import Ingest

struct Read: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "ハブなしで電文を読む。一つにつきJSON一行 (parses bulletins (JMA XML, CAP, QZSS sentences, gzip of these) without a hub: one JSON line each)")

    @Argument(help: "ファイル。- は標準入力 (files; - is standard input)") var files: [String]

    func run() async throws {
        var isRefused = false
        for file in files where !show(file) { isRefused = true }
        if isRefused { throw ExitCode(Exit.badData) }
    }

    /// Prints what can be read of a file. False when something in it was refused.
    private func show(_ file: String) -> Bool {
        do throws(Refusal) {
            let octets = try InputFile.read(file)
            let readings = try BulletinReader.readEach(
                octets, fileName: file == "-" ? nil : URL(filePath: file).lastPathComponent, receivedAt: Date())
            return readings.map { show($0, of: file) }.allSatisfy { $0 }
        } catch {
            Terminal.complain("\(file): \(error.reason)")
            return false
        }
    }

    private func show(_ reading: BulletinReader.Reading, of file: String) -> Bool {
        switch reading.outcome {
        case .success(let bulletin):
            Terminal.say(bulletin.jsonLine(file: file))
            return true
        case .failure(let refusal):
            Terminal.complain("\(file): \(reading.line.map { "\($0)行目: " } ?? "")\(refusal.reason)")
            return false
        }
    }
}

enum InputFile {
    static func read(_ path: String) throws(Refusal) -> [UInt8] {
        if path == "-" { return [UInt8](FileHandle.standardInput.readDataToEndOfFile()) }
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw Refusal("読めません: \((error as NSError).localizedDescription) (cannot be read)")
        }
    }
}

struct Ingest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "動いているハブに電文を渡す (hands bulletins to a running hub)")

    @OptionGroup var hub: HubOptions
    @Flag(help: "本番の電文を訓練として扱う (take what is real as a drill)") var exercise = false
    @Argument(help: "ファイル。- は標準入力 (files; - is standard input)") var files: [String]

    func run() async throws {
        let client = try hub.client()
        var isRefused = false
        for file in files {
            let octets: [UInt8]
            do throws(Refusal) {
                octets = try InputFile.read(file)
            } catch {
                isRefused = true
                Terminal.complain("\(file): \(error.reason)")
                continue
            }
            let name = file == "-" ? nil : URL(filePath: file).lastPathComponent
            let path = "/v1/bulletins" + HubClient.query([("name", name), ("exercise", exercise ? "true" : nil)])
            let answer = try await client.exchange("POST", path, body: octets, type: "application/octet-stream")
            guard answer.status == 200 || answer.status == 202,
                var value = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
            else {
                guard answer.status == 422 || answer.status == 413 else { throw HubClient.refusal(answer) }
                isRefused = true
                let problem = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
                Terminal.complain("\(file): \(problem?["detail"] as? String ?? answer.text)")
                continue
            }
            value["file"] = file
            switch hub.format {
            case .json: Terminal.say(JSONLine.text(value))
            case .table:
                let alerts = (value["alerts"] as? [String] ?? []).joined(separator: " ")
                Terminal.say("\(file): \(answer.status == 200 ? "受理済み taken before" : "受理 accepted")  \(alerts)")
                for note in value["notes"] as? [String] ?? [] { Terminal.say("    \(note)") }
            }
        }
        if isRefused { throw ExitCode(Exit.badData) }
    }
}
