import ArgumentParser
import Foundation

/// A drill from its plan to its score, and what it left taken away.
struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "訓練：計画、開始、終了、採点、消去 (a drill: planned, run, scored, erased)",
        discussion: """
            訓練の情報は noroshi push --exercise などで出します。ここは、いつからいつまでが訓練だったかと、その結果です。
            (What is told in a drill is sent as every drill is; here is from when to when it was, and how it went.)
            """,
        subcommands: [List.self, Plan.self, Begin.self, End.self, Score.self, Erase.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "訓練の一覧 (the drills)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let answer = try await hub.client().get("/v1/drills" + HubClient.query([("town", town)])) as? [String: Any]
            let drills = answer?["drills"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return drills.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !drills.isEmpty else { return Terminal.say("訓練はありません。noroshi drill plan で始めます (no drills)") }
            Terminal.say(Terminal.table([["番号 ID", "状態 STATE", "題 TITLE", "いつ WHEN", "届いた/頼んだ HAD/ASKED"]] + drills.map { drill in
                let score = drill["score"] as? [String: Any]
                let when = (drill["begun"] as? [String: Any])?["at"] as? String ?? drill["at"] as? String ?? "—"
                return [drill["id"] as? String ?? "", DrillCommand.state(drill), drill["title"] as? String ?? "", when, score.map { "\($0["delivered"] ?? 0)/\($0["asked"] ?? 0)" } ?? "—"]
            }))
        }
    }

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "計画する。何も送らない (plans one; sends nothing)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "題 (its title)") var title: String
        @Option(help: "何を練習するか (what is practised)") var note: String?
        @Option(help: "始める予定の時刻 (when it is to begin)") var at: String?

        func run() async throws {
            var wish: [String: Any] = ["title": title]
            for (key, value) in [("town", town), ("note", note), ("at", at)] { wish[key] = value }
            try await DrillCommand.say(hub, hub.client().send("POST", "/v1/drills", body: Array(JSONLine.text(wish).utf8)))
        }
    }

    struct Begin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "始める (begins it)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "訓練の番号 (its id)") var id: String
        func run() async throws { try await DrillCommand.step(hub, id, "begin") }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "終えて、採点する (ends it and scores it)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "訓練の番号 (its id)") var id: String
        func run() async throws { try await DrillCommand.step(hub, id, "end") }
    }

    struct Score: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "採点。続いていれば、いままでの (its score; so far, while it runs)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "訓練の番号 (its id)") var id: String
        @Option(help: "書き出すファイル。.html か .pdf (the file to write)") var out: String?

        func run() async throws {
            let file = out.map { URL(filePath: $0) }
            if let file, !["html", "pdf"].contains(file.pathExtension.lowercased()) {
                throw Exit.with(Exit.usage, "--out は .html か .pdf で終わる名前にしてください (--out: a name that ends in .html or .pdf)")
            }
            let drill = try await hub.client().get("/v1/drills/\(HubClient.step(id))")
            guard let file else { return DrillCommand.say(hub, drill) }
            let octets = Data(DrillPage(drill: drill as? [String: Any] ?? [:]).html.utf8)
            if file.pathExtension.lowercased() == "pdf" { try await Printer.print(octets, to: file) } else { try ReportCommand.write(octets, to: file) }
            hub.format == .json ? Terminal.say(JSONLine.text(["file": file.path])) : Terminal.say("\(file.path) に書きました (written)")
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "訓練が残したものを消す。行ったことと採点は残る (takes away what it left; that it took place and its score stay)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "訓練の番号 (its id)") var id: String
        func run() async throws { try await DrillCommand.step(hub, id, "erase") }
    }

    private static func step(_ hub: HubOptions, _ id: String, _ word: String) async throws {
        say(hub, try await hub.client().send("POST", "/v1/drills/\(HubClient.step(id))/\(word)"))
    }

    static func state(_ drill: [String: Any]) -> String {
        switch drill["state"] as? String {
        case "planned": "計画"
        case "running": "実施中"
        case "over": "終了"
        case "erased": "消去済み"
        default: ""
        }
    }

    static func say(_ hub: HubOptions, _ value: Any) {
        guard hub.format == .table, let drill = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
        Terminal.say("【訓練】\(drill["title"] ?? "")  \(state(drill))  \(drill["id"] ?? "")")
        guard let score = drill["score"] as? [String: Any] else { return }
        func number(_ key: String) -> Int { score[key] as? Int ?? 0 }
        func time(_ key: String) -> String { Report.duration((score[key] as? Int).map(Double.init)) }
        Terminal.say(Terminal.table([
            ["届いた送り先/頼んだ送り先 (far ends: had it/asked)", "\(number("delivered"))/\(number("asked"))"],
            ["最初の送り先まで (to the first)", time("first_ms")], ["95%まで (to 95 %)", time("to_95_percent_ms")], ["最後まで (to the last)", time("last_ms")],
            ["最初の端末まで (to the first device)", time("first_device_ms")],
            ["端末に届いた/出た/触れた (devices)", "\(number("reached"))/\(number("shown"))/\(number("touched"))"],
            ["届かなかった (misses)", "\(number("misses"))"], ["同じ言葉が二度 (doubles)", "\(number("doubles"))"],
        ]))
        let quiet = (score["never"] as? [[String: Any]] ?? []) + (score["silent"] as? [[String: Any]] ?? [])
        guard !quiet.isEmpty else { return }
        Terminal.say("答えのなかったところ (who never answered)")
        Terminal.say(Terminal.table([["経路 CHANNEL", "送り先 FAR END", "名 NAME", "理由 WHY"]] + quiet.map { place in
            ["channel", "endpoint", "name", "why"].map { place[$0] as? String ?? "" }
        }))
    }
}

/// The score as one page of HTML that stands alone, for the wall and the folder.
struct DrillPage {
    let drill: [String: Any]

    var html: String {
        let score = drill["score"] as? [String: Any] ?? [:]
        func word(_ key: String) -> String { PrintedPage.text(drill[key] as? String ?? "") }
        func mark(_ key: String) -> String {
            let step = drill[key] as? [String: Any] ?? [:]
            return step.isEmpty ? "—" : PrintedPage.text("\(Report.time(step["at"] as? String ?? ""))　\(step["by"] ?? "")")
        }
        func number(_ key: String) -> String { "\(score[key] as? Int ?? 0)" }
        func time(_ key: String) -> String { Report.duration((score[key] as? Int).map(Double.init)) }
        let pairs = [
            ("始めた <span lang=\"en\">begun</span>", mark("begun")), ("終えた <span lang=\"en\">ended</span>", mark("ended")), ("消した <span lang=\"en\">erased</span>", mark("erased")),
            ("届いた送り先 <span lang=\"en\">far ends that had it</span>", "\(number("delivered")) / \(number("asked"))"),
            ("最初の送り先まで <span lang=\"en\">to the first</span>", time("first_ms")), ("95%まで <span lang=\"en\">to 95 %</span>", time("to_95_percent_ms")),
            ("最初の端末まで <span lang=\"en\">to the first device</span>", time("first_device_ms")),
            ("端末に届いた/出た/触れた <span lang=\"en\">devices</span>", ["reached", "shown", "touched"].map(number).joined(separator: " / ")),
            ("届かなかった <span lang=\"en\">misses</span>", number("misses")), ("同じ言葉が二度 <span lang=\"en\">doubles</span>", number("doubles")),
        ].map { "<tr><th scope=\"row\">\($0.0)</th><td>\($0.1)</td></tr>" }.joined(separator: "\n")
        let quiet = (score["never"] as? [[String: Any]] ?? []) + (score["silent"] as? [[String: Any]] ?? [])
        let alerts = score["alerts"] as? [[String: Any]] ?? []
        return PrintedPage(isDrill: true, title: "訓練の結果 \(drill["title"] as? String ?? "")", style: ReportPage.style, body: """
            <header>
            <p class="mode">【訓練】 <span lang="en">DRILL</span></p>
            <h1>訓練の結果 <span lang="en">How the drill went</span></h1>
            <p class="title">\(word("title"))</p>
            </header>
            <main>
            \((drill["note"] as? String).map { "<p>\(PrintedPage.text($0))</p>" } ?? "")
            <section><h2>結果 <span lang="en">Score</span></h2><table>\(pairs)</table></section>
            <section><h2>情報ごと <span lang="en">Alert by alert</span></h2>\(table(["時刻", "題", "届いた/頼んだ", "最初", "95%"], alerts.map { alert in
                [Report.time(alert["at"] as? String ?? ""), alert["title"] as? String ?? "", "\(alert["delivered"] ?? 0)/\(alert["asked"] ?? 0)",
                 Report.duration((alert["first_ms"] as? Int).map(Double.init)), Report.duration((alert["to_95_percent_ms"] as? Int).map(Double.init))]
            }, none: "何も出していません"))</section>
            <section><h2>答えのなかったところ <span lang="en">Who never answered</span></h2>\(table(["経路", "送り先", "名", "理由"], quiet.map { place in
                ["channel", "endpoint", "name", "why"].map { place[$0] as? String ?? "" }
            }, none: "すべて答えました"))</section>
            </main>
            <footer><p>番号 \(word("id"))</p></footer>
            """).html
    }

    private func table(_ head: [String], _ rows: [[String]], none: String) -> String {
        guard !rows.isEmpty else { return "<p>\(none)</p>" }
        let titles = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
        return "<table><thead><tr>\(titles)</tr></thead><tbody>" + rows.map { "<tr>" + $0.map { "<td>\(PrintedPage.text($0))</td>" }.joined() + "</tr>" }.joined(separator: "\n") + "</tbody></table>"
    }
}
