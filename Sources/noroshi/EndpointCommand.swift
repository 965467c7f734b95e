import ArgumentParser
import Foundation

/// The far ends, and those that wait for a person.
struct EndpointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoint", abstract: "町の送り先と、止まっているもの (the far ends of a town, and which of them are stopped)",
        subcommands: [List.self, Resume.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "すべての送り先、待っているもの、止まっているわけ (every far end, what waits for it and why it is stopped)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号。なければ担当の町すべて (6-digit code; without it every town you work for)") var town: String?
        @Flag(help: "止まっているものだけ (only those that are stopped)") var stopped = false

        func run() async throws {
            let client = try hub.client()
            var rows = [["町 TOWN", "経路 CHANNEL", "送り先 FAR END", "名前 NAME", "区別 MODE", "状態 STATE", "待ち WAITING", "理由 WHY"]]
            for town in try await client.towns(town) {
                let value = try await client.get("/v1/endpoints" + HubClient.query([("town", town)]))
                for var end in (value as? [String: Any])?["endpoints"] as? [[String: Any]] ?? [] {
                    let own = EndpointCommand.rows(end, of: town, onlyStopped: stopped)
                    if own.isEmpty, stopped { continue }
                    end["town"] = town
                    if hub.format == .json { Terminal.say(JSONLine.text(end)) } else { rows += own }
                }
            }
            guard hub.format == .table else { return }
            guard rows.count > 1 else { return Terminal.say("止まっている送信先はありません (no far end is stopped)") }
            Terminal.say(Terminal.table(rows))
            guard rows.contains(where: { $0[5].hasPrefix("停止") }) else { return }
            Terminal.say("停止中の送信先は、原因を直してから  noroshi endpoint resume FAR-END  で再開します。設定ファイルを直したときはハブの再起動が必要です。")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "止まった送り先を再び動かす。待っているものは、期限が過ぎていなければ送られる (lets a stopped far end go on)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "送り先の番号 (the far end's id)") var endpoint: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "この経路だけ (only this channel)") var channel: String?
        @Option(help: "actual（本番）か exercise（訓練）。なければ両方 (actual or exercise; without it both)") var mode: String?

        func run() async throws {
            var choice: [String: Any] = [:]
            choice["town"] = town
            choice["channel"] = channel
            choice["mode"] = mode
            let name = endpoint.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? endpoint
            let value = try await hub.client().send(
                "POST", "/v1/endpoints/\(name)/resume", body: Array(JSONLine.text(choice).utf8))
            let lanes = (value as? [String: Any])?["resumed"] as? [[String: Any]] ?? []
            if hub.format == .json { return lanes.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !lanes.isEmpty else { return Terminal.say("\(endpoint) は止まっていません (it was not stopped)") }
            for lane in lanes {
                let mode = ModeWord.of(lane["mode"])
                Terminal.say("再開  \(mode)  \(lane["channel"] ?? "")/\(endpoint)  待っていた配信 \(lane["waiting"] ?? 0)件を送ります (resumed)")
            }
        }
    }

    private static func rows(_ end: [String: Any], of town: String, onlyStopped: Bool) -> [[String]] {
        func text(_ key: String) -> String { end[key] as? String ?? "" }
        return ["actual", "exercise"].compactMap { mode in
            guard let lane = end[mode] as? [String: Any] else { return nil }
            let isStopped = lane["state"] as? String == "stopped"
            if onlyStopped, !isStopped { return nil }
            return [
                town, text("channel"), text("id"), text("name"), ModeWord.of(mode), isStopped ? "停止 stopped" : "open",
                "\(lane["waiting"] ?? 0)", lane["reason"] as? String ?? "",
            ]
        }
    }
}

/// 実 or 訓練, for tables.
enum ModeWord {
    static func of(_ mode: Any?) -> String { mode as? String == "exercise" ? "訓練" : "実" }
}

extension HubClient {
    /// The town that was said, or every town this person works for.
    func towns(_ said: String?) async throws -> [String] {
        if let said { return [said] }
        let value = try await get("/v1/towns") as? [String: Any]
        return (value?["towns"] as? [[String: Any]] ?? []).compactMap { $0["code"] as? String }
    }
}
