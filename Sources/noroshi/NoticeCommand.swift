import ArgumentParser
import Foundation

/// Notices that are written beforehand: told in the lowest class when nothing grave is in force, and as one digest afterwards where something was.
struct NoticeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notice", abstract: "予定のお知らせ：学校、行事など。一度、毎日、毎週 (notices written beforehand: once, daily, weekly)",
        discussion: """
            緊急地震速報や津波警報が出ている間は送らずに待ち、終わって10分たってから、一つのまとめにして送ります。
            (While an early warning or a tsunami warning is in force they wait, and are told as one digest ten minutes after its last word.)
            """,
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "予定の一覧 (what is scheduled)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let answer = try await hub.client().get("/v1/notices" + HubClient.query([("town", town)])) as? [String: Any]
            let notices = answer?["notices"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return notices.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !notices.isEmpty else { return Terminal.say("予定のお知らせはありません (nothing is scheduled)") }
            Terminal.say(Terminal.table([["番号 ID", "区分 MODE", "次 NEXT", "くり返し EVERY", "題 TITLE", "だれが BY", "前回 LAST"]] + notices.map { notice in
                func text(_ key: String) -> String { notice[key] as? String ?? "—" }
                let next = notice["held_since"] == nil ? text("at") : "待っています (held)"
                return [text("id"), ModeWord.of(text("mode")), next, ["once": "一度", "daily": "毎日", "weekly": "毎週"][text("every")] ?? "", text("title"), text("by"), notice["trouble"] as? String ?? text("told_at")]
            }))
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "予定に入れる (schedules one)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "題 (its title)") var title: String
        @Option(help: "本文 (its body)") var body: String
        @Option(help: "いつ。例 2026-12-01T08:00:00+09:00 (when)") var at: String
        @Option(help: "once（一度）、daily（毎日）、weekly（毎週）") var every = "once"
        @Flag(help: "本番 (for real)") var actual = false
        @Flag(help: "訓練 (as a drill)") var exercise = false

        func run() async throws {
            guard actual != exercise else { throw Exit.with(Exit.usage, "--actual（本番）か --exercise（訓練）の、どちらか一つを書いてください (one of the two)") }
            var wish: [String: Any] = ["mode": actual ? "actual" : "exercise", "title": title, "body": body, "at": at, "every": every]
            wish["town"] = town
            let made = try await hub.client().send("POST", "/v1/notices", body: Array(JSONLine.text(wish).utf8))
            let id = (made as? [String: Any])?["id"] as? String ?? ""
            Terminal.say(hub.format == .json ? JSONLine.text(made) : "予定に入れました  \(id) (scheduled)")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "予定から消す (takes one out)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "予定の番号 (its id)") var id: String

        func run() async throws {
            _ = try await hub.client().send("DELETE", "/v1/notices/\(HubClient.step(id))")
            Terminal.say(hub.format == .json ? JSONLine.text(["removed": id]) : "予定から消しました  \(id) (removed)")
        }
    }
}
