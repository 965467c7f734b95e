import ArgumentParser
import Foundation
import Ingest

struct SheltersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shelters", abstract: "A town's register of shelters (避難所). Nothing here publishes anything.",
        subcommands: [Import.self, List.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hands a list over: CSV in the layouts that are published. It takes the earlier list's place.",
            discussion: """
                noroshi shelters import 04205_1.csv --town 042056 --dry-run
                Says line by line what was mended and what was refused. To open one: noroshi push --kind shelter.
                """)
        @OptionGroup var hub: HubOptions
        @Argument(help: "A file; - is standard input.") var file: String
        @Option(help: "6-digit code.") var town: String
        @Flag(help: "Only says what would happen.") var dryRun = false

        func run() async throws {
            let octets: [UInt8]
            do throws(Refusal) {
                octets = try InputFile.read(file)
            } catch {
                throw Exit.with(Exit.badData, "\(file): \(error.reason)")
            }
            let name = file == "-" ? nil : URL(filePath: file).lastPathComponent
            let path = "/v1/towns/\(town)/shelters/import"
                + HubClient.query([("name", name), ("dry_run", dryRun ? "true" : nil)])
            let value = try await hub.client().send("POST", path, body: octets, type: "text/csv")
            guard hub.format == .table, let report = value as? [String: Any] else {
                return Terminal.say(JSONLine.text(value))
            }
            for line in Self.lines(report) { Terminal.say(line) }
        }

        private static func lines(_ report: [String: Any]) -> [String] {
            func count(_ key: String) -> Int { (report[key] as? [Any])?.count ?? report[key] as? Int ?? 0 }
            var lines = (report["remarks"] as? [[String: Any]] ?? []).map { remark in
                let word = remark["kind"] as? String == "refused" ? "不採用 refused" : "補正 mended"
                return "\(remark["line"] as? Int ?? 0)行  \(word)  \(remark["text"] as? String ?? "")"
            }
            if count("remarks_left_out") > 0 { lines.append("ほか\(count("remarks_left_out"))件の補正") }
            for (key, words) in [("kept_open", "開設中のため残す"), ("of_settings", "設定にあるため変えない"), ("removed", "名簿から外す")] {
                for id in report[key] as? [String] ?? [] { lines.append("\(words)  \(id)") }
            }
            let isDry = report["dry_run"] as? Bool == true
            lines.append(
                "\(isDry ? "試し読み（何も変えていません）" : "取り込みました")  \(report["layout"] ?? "")・\(report["encoding"] ?? "")  "
                    + "追加\(count("added")) 変更\(count("changed")) 同じ\(count("unchanged")) 削除\(count("removed")) "
                    + "不採用\(count("refused_rows")) 他市町村\(count("elsewhere"))")
            return lines
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The register, and what is open.")
        @OptionGroup var hub: HubOptions
        @Option(help: "6-digit code.") var town: String

        func run() async throws {
            let value = try await hub.client().get("/v1/towns/\(town)/shelters")
            let shelters = (value as? [String: Any])?["shelters"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return shelters.forEach { Terminal.say(JSONLine.text($0)) } }
            var rows = [["SHELTER", "NAME", "ADDRESS", "CAPACITY", "STATE", "DRILL"]]
            for shelter in shelters {
                func text(_ key: String) -> String { shelter[key].map { "\($0)" } ?? "—" }
                rows.append([text("id"), text("name"), text("address"), text("capacity"), text("state"), text("exercise_state")])
            }
            Terminal.say(Terminal.table(rows))
        }
    }
}
