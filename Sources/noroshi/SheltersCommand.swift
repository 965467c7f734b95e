import ArgumentParser
import Foundation
import Ingest

struct SheltersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shelters", abstract: "町の避難所の登録。ここからは何も公開しない (a town's register of shelters; nothing here publishes anything)",
        subcommands: [Import.self, List.self, Remove.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "公開されている形のCSVを渡す。同じ名前の前の名簿と入れ替わる "
                + "(hands a list over: CSV as it is published; it takes the earlier list of the same name's place)",
            discussion: """
                noroshi shelters import 04205_1.csv --town 042056 --dry-run
                noroshi shelters import buildings.csv --town 042056 --list 津波避難ビル --map "USER_施設名称=施設名称"
                列ごとに何として使うか、行ごとに直したもの・断ったもの、名簿から外れるものを言います。端末では、外す前に尋ねます。
                避難所を開くのは noroshi push --kind shelter です。
                (Says what each column is used as, what was mended and refused, and what would leave the list.)
                """)
        @OptionGroup var hub: HubOptions
        @Argument(help: "ファイル。- は標準入力 (a file; - is standard input)") var file: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String
        @Option(help: "名簿の名前。ほかの名前の名簿は残る。なければ同じ番号の名簿、またはファイルの名前 (the list's name; lists of other names stay)") var list: String?
        @Option(help: "列を手で決める。\"THEIRS=OURS\" か \"#3=OURS\"、いくつでも。OURS は 施設名称, 住所, 津波 …, 無視 (a column by hand; repeat it)") var map: [String] = []
        @Flag(help: "何が起きるかを言うだけ (only says what would happen)") var dryRun = false
        @Flag(help: "前の名簿のほとんどが外れるときも行う (also where most of the list before it leaves)") var replace = false

        func validate() throws {
            for text in map where !text.contains("=") && !text.contains("＝") { throw ValidationError("--map \(text): 「元の見出し=こちらの見出し」と書いてください (THEIRS=OURS)") }
        }

        func run() async throws {
            let octets: [UInt8]
            do throws(Refusal) {
                octets = try InputFile.read(file)
            } catch {
                throw Exit.with(Exit.badData, "\(file): \(error.reason)")
            }
            if !dryRun, isatty(STDIN_FILENO) == 1, file != "-" {
                let report = try await send(octets, dryRun: true) as? [String: Any] ?? [:]
                let leaving = report["removed"] as? [String] ?? []
                if !leaving.isEmpty {
                    for line in Self.lines(report) { Terminal.complain(line) }
                    Terminal.complain("\(leaving.count)施設が名簿「\(report["list"] ?? "")」から外れます。続けますか？ はい/いいえ (\(leaving.count) shelters leave the list; yes/no)")
                    guard let answer = readLine(), ["はい", "yes", "y"].contains(answer.lowercased()) else {
                        throw Exit.with(Exit.usage, "何も変えていません (nothing was changed)")
                    }
                }
            }
            let value = try await send(octets, dryRun: dryRun)
            guard hub.format == .table, let report = value as? [String: Any] else {
                return Terminal.say(JSONLine.text(value))
            }
            for line in Self.lines(report) { Terminal.say(line) }
        }

        private func send(_ octets: [UInt8], dryRun: Bool) async throws -> Any {
            let name = file == "-" ? nil : URL(filePath: file).lastPathComponent
            let query = HubClient.query(
                [("name", name), ("list", list), ("dry_run", dryRun ? "true" : nil), ("replace", replace ? "true" : nil)] + map.map { ("map", $0) })
            return try await hub.client().send("POST", "/v1/towns/\(town)/shelters/import" + query, body: octets, type: "text/csv")
        }

        static func lines(_ report: [String: Any]) -> [String] {
            func count(_ key: String) -> Int { (report[key] as? [Any])?.count ?? report[key] as? Int ?? 0 }
            func list(_ key: String) -> [[String: Any]] { report[key] as? [[String: Any]] ?? [] }
            var lines = list("columns").map { column in
                let verdict =
                    switch column["verdict"] as? String {
                    case "used": "→ \(column["used_as"] as? String ?? "")"
                    case "doubtful": "？疑わしいので使わない doubtful, not used"
                    default: "－ 使わない ignored"
                    }
                let remark = (column["remark"] as? String).map { "  \($0)" } ?? ""
                return "\(column["column"] as? Int ?? 0)列  \(column["header"] as? String ?? "")  \(verdict)\(remark)"
            }
            lines += list("remarks").map { remark in
                let word =
                    switch remark["kind"] as? String {
                    case "refused": "不採用 refused"
                    case "doubtful": "要確認 doubtful"
                    default: "補正 mended"
                    }
                return "\(remark["line"] as? Int ?? 0)行  \(word)  \(remark["text"] as? String ?? "")"
            }
            if count("remarks_left_out") > 0 { lines.append("ほか\(count("remarks_left_out"))件の補正") }
            lines += list("elsewhere_towns").map { "他市町村 elsewhere  \($0["name"] as? String ?? "") \($0["rows"] as? Int ?? 0)行" }
            for (key, words) in [("kept_open", "開設中のため残す"), ("of_settings", "設定にあるため変えない"), ("removed", "名簿から外す removed")] {
                for id in report[key] as? [String] ?? [] { lines.append("\(words)  \(id)") }
            }
            let isDry = report["dry_run"] as? Bool == true
            lines.append(
                "\(isDry ? "試し読み（何も変えていません）" : "取り込みました")  名簿「\(report["list"] ?? "")」 \(report["layout"] ?? "")・\(report["encoding"] ?? "")  "
                    + "追加\(count("added")) 変更\(count("changed")) 同じ\(count("unchanged")) 削除\(count("removed")) "
                    + "不採用\(count("refused_rows")) 他市町村\(count("elsewhere"))")
            return lines
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "名簿をまるごと登録から外す。開いている避難所は閉じるまで残る (takes a whole list out of the register; what is open stays until it is closed)",
            discussion: "--yes がなければ、外れるものを言うだけ (without --yes it only says what would leave)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String
        @Option(help: "名簿の名前 (the list's name)") var list: String
        @Flag(help: "本当に外す (do it)") var yes = false

        func run() async throws {
            var allowed = CharacterSet.alphanumerics
            allowed.insert(charactersIn: "-._~")
            let name = list.addingPercentEncoding(withAllowedCharacters: allowed) ?? list
            let value = try await hub.client().send("DELETE", "/v1/towns/\(town)/shelters/lists/\(name)" + (yes ? "" : "?dry_run=true"))
            guard hub.format == .table, let report = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            let removed = report["removed"] as? [String] ?? [], kept = report["kept_open"] as? [String] ?? []
            for id in removed { Terminal.say("名簿から外す removed  \(id)") }
            for id in kept { Terminal.say("開設中のため残す  \(id)") }
            Terminal.say("\(yes ? "外しました" : "試し読み（何も変えていません。外すには --yes）")  名簿「\(list)」 削除\(removed.count) 残す\(kept.count)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "登録と、いま開いている避難所 (the register, and what is open)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String

        func run() async throws {
            let value = try await hub.client().get("/v1/towns/\(town)/shelters")
            let shelters = (value as? [String: Any])?["shelters"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return shelters.forEach { Terminal.say(JSONLine.text($0)) } }
            var rows = [["SHELTER", "NAME", "ADDRESS", "CAPACITY", "LISTS", "FIT", "UNFIT", "STATE", "DRILL"]]
            for shelter in shelters {
                func text(_ key: String) -> String { shelter[key].map { "\($0)" } ?? "—" }
                let fitness = shelter["fitness"] as? [String: String] ?? [:]
                func hazards(_ word: String) -> String {
                    let names = fitness.filter { $0.value == word }.keys.sorted()
                    return names.isEmpty ? "—" : names.joined(separator: "・")
                }
                let lists = (shelter["lists"] as? [String] ?? []).joined(separator: "・")
                rows.append([
                    text("id"), text("name"), text("address"), text("capacity"), lists.isEmpty ? "—" : lists, hazards("fit"), hazards("unfit"),
                    text("state"), text("exercise_state"),
                ])
            }
            Terminal.say(Terminal.table(rows))
        }
    }
}
