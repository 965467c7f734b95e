import ArgumentParser
import Foundation

extension TownCommand {
    /// A town's settings in the record of a running hub.
    struct SettingsOfTown: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "settings", abstract: "動いているハブの、町の設定を見る、変える。何も送らない (a town's settings in a running hub; sends nothing)",
            discussion: """
                noroshi town settings 042056 --data DIR > town.json       いまの設定（秘密は ******** になります）
                noroshi town settings 042056 --data DIR --from town.json --dry-run
                noroshi town settings 042056 --data DIR --from town.json --reason 学校を加えた
                ほかの人が先に変えていれば 75 で断ります。承認の決まり（approval）、操作卓のネットワーク、プログラムの送り先は、--data（このマシンの鍵）でだけ変えられます。
                (Refused with 75 where somebody was faster. approval, desk_networks and far ends that run programs: with --data alone.)
                """)
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "町の6桁の番号 (6-digit code)") var town: String
        @Option(help: "書き直した設定。「noroshi town settings」が出した形 (the settings as changed, in the form this command prints)") var from: String?
        @Option(help: "変える理由 (why)") var reason: String?
        @Flag(help: "何が変わるかを見るだけ (only says what would change)") var dryRun = false

        func validate() throws {
            guard from == nil || dryRun || reason?.isEmpty == false else { throw ValidationError("--reason に変える理由を書いてください (say why with --reason)") }
        }

        func run() async throws {
            let path = "/v1/towns/\(HubClient.step(town))/settings"
            guard let from else {
                let value = try await keeper.send("GET", path)
                let octets = (try? JSONSerialization.data(withJSONObject: value, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])) ?? Data()
                return Terminal.say(String(decoding: octets, as: UTF8.self))
            }
            guard let octets = FileManager.default.contents(atPath: from),
                let written = (try? JSONSerialization.jsonObject(with: octets)) as? [String: Any],
                let document = written["document"] as? [String: Any], let tag = written["etag"] as? String
            else { throw Exit.with(Exit.badData, "「\(from)」は、noroshi town settings が出した形（etag と document）ではありません (not in the form this command prints)") }
            let body = JSONLine.text(["document": document, "reason": reason ?? ""])
            let value = try await keeper.send("PUT", path + (dryRun ? "?dry_run=true" : ""), octets: Array(body.utf8), headers: [("If-Match", tag)])
            guard keeper.hub.format == .table, let answer = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            let what = answer["what"] as? [String] ?? []
            for line in what { Terminal.say(line) }
            let later = answer["at_next_start"] as? [String] ?? []
            if !later.isEmpty { Terminal.say("次にハブを起動したときから: \(later.joined(separator: ", ")) (from the next start on)") }
            Terminal.say(what.isEmpty ? "変わるものはありません (nothing changes)" : dryRun ? "試しです。何も変えていません (nothing was changed)" : "変えました。第\(answer["version"] ?? "")版 (changed)")
        }
    }
}
