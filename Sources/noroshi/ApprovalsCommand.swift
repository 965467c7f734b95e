import ArgumentParser
import Foundation

struct ApprovalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals", abstract: "二人目を待つもの (what waits for a second person)",
        subcommands: [List.self, Approve.self, Return.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "待っているもの (what waits)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Flag(help: "決まったものも (also what is decided)") var all = false

        func run() async throws {
            let path = "/v1/approvals" + HubClient.query([("town", town), ("all", all ? "true" : nil)])
            let acts = (try await hub.client().get(path) as? [String: Any])?["approvals"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return acts.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !acts.isEmpty else { return Terminal.say("二人目を待つものはありません (nothing waits)") }
            Terminal.say(Terminal.table([["番号 ID", "状態 STATE", "題 TITLE", "出した人 BY", "期限 UNTIL", "だれの番 NEXT"]] + acts.map { act in
                func text(_ key: String) -> String { act[key] as? String ?? "—" }
                return [text("id"), ApprovalsCommand.state(text("state")), text("title"), text("by"), text("deadline"), ApprovalsCommand.next(act)]
            }))
            Terminal.say("""
                出す      noroshi approvals approve ID
                戻す      noroshi approvals return ID --reason 理由
                """)
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "承認して、いま出す (yes: it goes out now)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "承認待ちの番号 (its id)") var id: String

        func run() async throws {
            let value = try await hub.client().send("POST", "/v1/approvals/\(HubClient.step(id))/approve")
            guard hub.format == .table, let answer = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            if let alert = answer["alert"] as? String {
                Terminal.say("承認して送りました  \(alert)   結果は noroshi log --alert \(alert) (approved and sent)")
            } else {
                Terminal.say("承認しました (done, or looked at)")
            }
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "戻す。送られない (no: it is not sent)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "承認待ちの番号 (its id)") var id: String
        @Option(help: "理由 (why)") var reason: String

        func run() async throws {
            let body = Array(JSONLine.text(["reason": reason]).utf8)
            let value = try await hub.client().send("POST", "/v1/approvals/\(HubClient.step(id))/return", body: body)
            Terminal.say(hub.format == .json ? JSONLine.text(value) : "戻しました。送られません  \(id) (returned; not sent)")
        }
    }

    static func state(_ word: String) -> String {
        switch word {
        case "waiting": "承認待ち"
        case "sent": "送信済み"
        case "returned": "差し戻し"
        case "review": "送信済み。確認待ち"
        case "reviewed": "確認済み"
        default: word
        }
    }

    static func next(_ act: [String: Any]) -> String {
        guard let next = act["next"] as? [String: Any] else { return act["state"] as? String == "waiting" ? "期限に自動で出ます" : "—" }
        let people = (next["people"] as? [String] ?? []).joined(separator: "、")
        return "\(next["name"] as? String ?? "")" + (people.isEmpty ? "" : "（\(people)）")
    }

    /// Said where an order waits instead of going out.
    static func waits(_ approval: [String: Any]) -> String {
        func text(_ key: String) -> String { approval[key] as? String ?? "" }
        switch text("state") {
        case "returned": return "送っていません。差し戻されました：\(text("reason"))  番号 \(text("id")) (not sent: returned)"
        default:
            return "まだ送っていません。\(approval["next"] == nil ? "期限に自動で出ます" : "\(next(approval))の承認を待っています")。"
                + "期限 \(text("deadline"))  番号 \(text("id")) (not sent yet: waits for approval)"
        }
    }
}
