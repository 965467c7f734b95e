import ArgumentParser
import Foundation

/// A town's plans, and what they take for granted.
struct PlansCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plans", abstract: "計画と、その前提。崩れたら代わりの計画を示す (plans, what they take for granted, and what to do instead)",
        subcommands: [List.self, Broken.self, Holds.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "計画の一覧 (the plans)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String

        func run() async throws {
            PlansCommand.say(try await hub.client().get("/v1/towns/\(HubClient.step(town))/plans"), hub.format)
        }
    }

    struct Broken: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "前提が崩れたと記録する (an assumption is broken)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "前提の番号 (its id)") var id: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String
        @Option(help: "理由 (why)") var reason: String

        func run() async throws { try await PlansCommand.set(hub, town, id, ["holds": false, "reason": reason]) }
    }

    struct Holds: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "前提がまた成り立つと記録する (an assumption is so again)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "前提の番号 (its id)") var id: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String

        func run() async throws { try await PlansCommand.set(hub, town, id, ["holds": true]) }
    }

    private static func set(_ hub: HubOptions, _ town: String, _ id: String, _ wish: [String: Any]) async throws {
        let path = "/v1/towns/\(HubClient.step(town))/assumptions/\(HubClient.step(id))"
        say(try await hub.client().send("PUT", path, body: Array(JSONLine.text(wish).utf8)), hub.format)
    }

    private static func say(_ value: Any, _ format: OutputFormat) {
        let answer = value as? [String: Any] ?? [:]
        let (assumptions, plans) = (answer["assumptions"] as? [[String: Any]] ?? [], answer["plans"] as? [[String: Any]] ?? [])
        guard format == .table else { return (assumptions + plans).forEach { Terminal.say(JSONLine.text($0)) } }
        guard !plans.isEmpty || !assumptions.isEmpty else { return Terminal.say("計画はありません。設定の plans に書けます (no plans: see plans in the settings)") }
        func text(_ item: [String: Any], _ key: String) -> String { item[key] as? String ?? "" }
        func name(_ id: String?, _ list: [[String: Any]]) -> String { list.first { text($0, "id") == id }.map { text($0, "name") } ?? "—" }
        Terminal.say(Terminal.table([["前提 ASSUMPTION", "番号 ID", "いま NOW", "だれが・理由 BY, WHY"]] + assumptions.map { item in
            let holds = item["holds"] as? Bool == true
            return [text(item, "name"), text(item, "id"), holds ? "成り立つ" : "崩れた", holds ? "—" : "\(text(item, "broken_by"))：\(text(item, "reason"))"]
        }))
        Terminal.say("")
        Terminal.say(Terminal.table([["計画 PLAN", "番号 ID", "いま NOW", "代わり INSTEAD"]] + plans.map { item in
            let holds = item["holds"] as? Bool == true
            let broken = (item["broken"] as? [String] ?? []).map { name($0, assumptions) }.joined(separator: "、")
            let instead = holds ? "—" : item["instead"] == nil ? "ありません" : name(item["instead"] as? String, plans)
            return [text(item, "name"), text(item, "id"), holds ? "使える" : "崩れた：\(broken)", instead]
        }))
    }
}
