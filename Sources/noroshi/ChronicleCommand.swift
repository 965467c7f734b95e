import ArgumentParser
import Foundation
import Serving

/// クロノロ: everything that was done in a town in the order of time, and a line that somebody writes by hand.
struct ChronicleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chronicle", abstract: "クロノロ：行ったことを時刻の順に (everything that was done, in the order of time)",
        discussion: """
            本番と訓練は、別の記録です。県へ渡すときは --format csv か json で、--since と --until で区切ります。
            (Real and drill are two chronicles. For the prefecture: --format csv or json, between --since and --until.)
            """,
        subcommands: [List.self, Note.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "時刻の順に。古いものが先 (in the order of time, the oldest first)")
        @OptionGroup var hub: HubLink
        @Option(help: "table は人、json は一行に一つ、csv は表計算のため (table for people, json one object a line, csv for spreadsheets)") var format: Format = .table
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "この時から。2026-11-29 か RFC 3339 (from then on)") var since: String?
        @Option(help: "この時より前 (before that)") var until: String?
        @Flag(help: "訓練の記録 (of drills)") var exercise = false

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case table, json, csv
        }

        func run() async throws {
            let filter: [(String, String?)] = [("town", town), ("mode", exercise ? "exercise" : "actual"), ("since", since), ("until", until)]
            let client = try hub.client(), path = "/v1/chronicle"
            var rows: [[String: Any]] = [], before: String?
            repeat {
                let page = try await client.get(path + HubClient.query(filter + [("limit", "1000"), ("before", before)])) as? [String: Any]
                rows += page?["entries"] as? [[String: Any]] ?? []
                before = page?["next"] as? String
            } while before != nil
            rows.reverse()
            switch format {
            case .json: return rows.forEach { Terminal.say(JSONLine.text($0)) }
            case .csv:
                let names = ["at", "mode", "kind", "kind_name", "by", "words", "alert"]
                return ([names] + rows.map { row in names.map { row[$0] as? String ?? "" } }).forEach { Terminal.say(CSVLine.text($0)) }
            case .table: break
            }
            guard !rows.isEmpty else { return Terminal.say("記録はありません (nothing was done)") }
            Terminal.say(Terminal.table([["時刻 TIME", "種類 KIND", "だれが BY", "内容 WHAT"]] + rows.map { row in
                func text(_ key: String) -> String { row[key] as? String ?? "" }
                return [String(text("at").prefix(16)).replacing("T", with: " "), text("kind_name"), text("by"), text("words")]
            }))
        }
    }

    struct Note: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "一行書きとめる。だれにも知らせない (writes a line; tells nobody)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "書きとめること (what to write)") var words: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "いつのことか。書かなければ、いま (when it happened; now)") var at: String?
        @Flag(help: "訓練の記録に (in the drills' chronicle)") var exercise = false

        func run() async throws {
            var wish: [String: Any] = ["id": UUID().uuidString.lowercased(), "mode": exercise ? "exercise" : "actual", "words": words]
            (wish["town"], wish["at"]) = (town, at)
            let made = try await hub.client().send("POST", "/v1/chronicle", body: Array(JSONLine.text(wish).utf8))
            Terminal.say(hub.format == .json ? JSONLine.text(made) : "書きとめました (noted)")
        }
    }
}
