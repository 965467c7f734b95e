import ArgumentParser
import ChannelKit
import Foundation

/// Who is under which level now.
struct StandingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standing", abstract: "どの地区にいま何が出ているか (who is under which level now, district by district).")

    @OptionGroup var hub: HubOptions
    @Option(help: "町の6桁の番号 (6-digit code).") var town: String
    @Flag(help: "訓練のほう (the drill's).") var exercise = false

    func run() async throws {
        let mode = exercise ? "exercise" : "actual"
        let client = try hub.client(), brought = await brought(mode, client)
        let answer = try await client.exchange("GET", "/v1/towns/\(HubClient.step(town))/standing" + HubClient.query([("mode", mode)]))
        // Of a town that is another hub's there is what somebody carried here, or nothing.
        guard answer.status != 404 || brought.isEmpty else { return say(brought) }
        let table = try HubClient.value(of: answer) as? [String: Any] ?? [:]
        if hub.format == .json {
            StandingTable.lines(table).forEach { Terminal.say(JSONLine.text($0)) }
            return say(brought)
        }
        Terminal.say("\(ModeWord.of(mode))  \(town)  状況の番号 \(table["version"] ?? 0) (version)")
        let words = StandingTable.words(table)
        Terminal.say(words.isEmpty ? "出ている避難情報・避難所・本部はありません (nothing is in force)" : words)
        say(brought)
    }

    /// What was carried here by hand and may still be believed; the hub itself has told nobody of it.
    private func brought(_ mode: String, _ client: HubClient) async -> [[String: Any]] {
        guard let answer = try? await client.call("GET", "/v1/bundles" + HubClient.query([("town", town)]), body: []), answer.status == 200 else { return [] }
        let shelf = (try? HubClient.value(of: answer)) as? [String: Any]
        return (shelf?["brought"] as? [[String: Any]] ?? []).filter { $0["mode"] as? String == mode && $0["is_over"] as? Bool == false }
    }

    private func say(_ brought: [[String: Any]]) {
        for var row in brought {
            row["kind"] = "brought"
            Terminal.say(hub.format == .json ? JSONLine.text(row) : "\n" + PaperWords.brought(row) + "\n" + PaperWords.contents(row))
        }
    }
}

/// What is in force, with the ids `cancel` takes.
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "いま出ているものと、その番号 (what is in force, with the ids `cancel` takes).")

    @OptionGroup var hub: HubOptions
    @Option(help: "町の6桁の番号。なければ担当の町すべて (6-digit code; without it every town you work for).") var town: String?
    @Flag(help: "訓練のほう (the drills).") var exercise = false

    func run() async throws {
        let client = try hub.client()
        let mode = exercise ? "exercise" : "actual"
        var rows = [["番号 ALERT", "町 TOWN", "種類 KIND", "題 TITLE", "いつから SENT", "期限 UNTIL", "だれが BY", "取消 CANCEL"]]
        for town in try await client.towns(town) {
            let value = try await client.get("/v1/alerts" + HubClient.query([("town", town), ("in_force", "true")])) as? [String: Any]
            for var alert in value?["alerts"] as? [[String: Any]] ?? []
            where alert["mode"] as? String == mode && alert["in_force"] as? Bool == true {
                // A bulletin's own town is nobody's: only its sender takes it back.
                let isOurs = alert["town"] is String
                alert["town"] = town
                alert["can_cancel"] = isOurs
                if hub.format == .json { Terminal.say(JSONLine.text(alert)) } else { rows.append(Self.cells(alert, town, isOurs)) }
            }
        }
        guard hub.format == .table else { return }
        guard rows.count > 1 else { return Terminal.say("出ているものはありません (nothing is in force)") }
        Terminal.say(ModeWord.of(mode))
        Terminal.say(Terminal.table(rows))
    }

    private static func cells(_ alert: [String: Any], _ town: String, _ isOurs: Bool) -> [String] {
        func text(_ key: String) -> String { alert[key] as? String ?? "—" }
        let by = text("actor").split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        return [
            text("id"), town, text("kind"), text("title"), StandingTable.short(text("sent")), StandingTable.short(text("expires")),
            by, isOurs ? "できます" : "—",
        ]
    }
}

/// The answer of `GET /v1/towns/{code}/standing`, for people, for programs and for orders that name what they saw.
enum StandingTable {
    static func get(_ town: String, _ mode: String, _ client: HubClient) async throws -> [String: Any] {
        try await client.get("/v1/towns/\(HubClient.step(town))/standing" + HubClient.query([("mode", mode)])) as? [String: Any] ?? [:]
    }

    /// Nil from a hub that keeps none or does not answer: the order itself will say so.
    static func version(of town: String, _ mode: String, _ client: HubClient) async -> Int? {
        let path = "/v1/towns/\(HubClient.step(town))/standing" + HubClient.query([("mode", mode)])
        guard let answer = try? await client.call("GET", path, body: []), answer.status == 200 else { return nil }
        return (try? HubClient.value(of: answer) as? [String: Any])?["version"] as? Int
    }

    static func match(_ version: Int?) -> [(name: String, value: String)] {
        version.map { [(name: "If-Match", value: "\"\($0)\"")] } ?? []
    }

    /// One object for each thing that stands.
    static func lines(_ table: [String: Any]) -> [[String: Any]] {
        func line(_ row: [String: Any], _ kind: String) -> [String: Any] {
            var row = row
            row["kind"] = kind
            for key in ["town", "mode", "version"] { row[key] = table[key] }
            return row
        }
        let districts = (table["districts"] as? [[String: Any]] ?? []).map { line($0, "evacuation") }
        let shelters = (table["shelters"] as? [[String: Any]] ?? []).map { line($0, "shelter") }
        let seat = (table["headquarters"] as? [String: Any]).map { [line($0, "headquarters")] } ?? []
        let notices = (table["notices"] as? [[String: Any]] ?? []).map { line($0, "notice") }
        return districts + shelters + seat + notices
    }

    static func words(_ table: [String: Any]) -> String {
        var parts: [String] = []
        let districts = table["districts"] as? [[String: Any]] ?? []
        if !districts.isEmpty {
            let head = ["地区 DISTRICT", "災害 HAZARD", "段階 LEVEL", "いつから SINCE", "だれが BY", "期限 UNTIL", "番号 ALERT"]
            parts.append(Terminal.table([head] + districts.map { row in
                func text(_ key: String) -> String { row[key] as? String ?? "—" }
                let name = text("level_name")
                return [
                    text("district"), text("hazard"), name == "—" ? "\(row["level"] ?? "")" : "\(row["level"] ?? "") \(name)",
                    short(text("since")), text("by"), short(text("until")), text("alert"),
                ]
            }))
        }
        let shelters = table["shelters"] as? [[String: Any]] ?? []
        if !shelters.isEmpty {
            parts.append(Terminal.table([["避難所 SHELTER", "名前 NAME", "状態 STATE", "いつから SINCE"]] + shelters.map { row in
                func text(_ key: String) -> String { row[key] as? String ?? "—" }
                return [text("id"), text("name"), ShelterWord.of(text("state")), short(text("since"))]
            }))
        }
        if let seat = table["headquarters"] as? [String: Any] {
            parts.append("\(seat["name"] as? String ?? "災害対策本部")  設置  \(short(seat["since"] as? String ?? "")) から")
        }
        let notices = table["notices"] as? [[String: Any]] ?? []
        if !notices.isEmpty {
            parts.append(Terminal.table([["お知らせ NOTICE", "期限 UNTIL", "番号 ALERT"]] + notices.map { row in
                func text(_ key: String) -> String { row[key] as? String ?? "—" }
                return [text("title"), short(text("until")), text("alert")]
            }))
        }
        return parts.joined(separator: "\n\n")
    }

    /// `11-28 16:41`.
    static func short(_ time: String) -> String {
        time.count < 16 ? time : String(time.dropFirst(5).prefix(11)).replacing("T", with: " ")
    }
}
