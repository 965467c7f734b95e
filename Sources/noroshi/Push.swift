import ArgumentParser
import ChannelKit
import Foundation

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "避難情報・避難所・本部・お知らせを出す (an operator's alert: evacuation, shelter, headquarters, notice).",
        discussion: """
            noroshi push --town 042056 --kind evacuation --level 4 --hazard 津波 --district 階上地区 --exercise
            noroshi push --town 042056 --kind evacuation --level 4 --hazard 津波 --district 階上地区 --lifted --exercise
            noroshi push --town 042056 --kind shelter --shelter hashikami-chu --state open --exercise
            noroshi push --town 042056 --kind headquarters --state open --exercise
            noroshi push --town 042056 --kind notice --title 断水のお知らせ --body 本吉地区で断水しています。 --actual --preview
            --actual（本番）か --exercise（訓練）を必ず付けます。本番を端末から送るときは、町の名前を打って確かめます。
            (One of the two must be said. A real one on a terminal asks for the town's name.)
            """)

    @OptionGroup var hub: HubOptions
    @Option(help: "町の6桁の番号 (6-digit code).") var town: String
    @Option(help: "種類: evacuation（避難情報）, shelter（避難所）, headquarters（本部）, notice（お知らせ） (kind)") var kind: String
    @Flag(help: "本番 (real).") var actual = false
    @Flag(help: "訓練 (a drill).") var exercise = false
    @Flag(
        name: [.long, .customLong("dry-run")],
        help: "どの経路に何と出るか、何が変わるかを見せるだけで、送らない (shows every channel's text, sends nothing).") var preview = false
    @Option(help: "警戒レベル 3, 4, 5 (level).") var level: Int?
    @Option(help: "洪水, 土砂災害, 高潮, 地震, 津波 … (hazard)") var hazard: String?
    @Option(name: [.customLong("district"), .customLong("area")], help: "変える地区。いくつでも (districts whose state changes; repeat it).") var districts: [String] = []
    @Option(help: "理由 (why).") var reason: String?
    @Option(help: "避難所の番号。避難情報では避難先、いくつでも (a shelter's id; for an evacuation one to go to, repeat it).") var shelter: [String] = []
    @Option(help: "状態: open（開設）, full（満員）, closed（閉鎖）。本部は open（設置）, closed（廃止） (state)") var state: String?
    @Option(help: "状態に添える一言 (a word beside a state).") var note: String?
    @Option(help: "お知らせの題、本部の名 (a notice's title; a headquarters' name).") var title: String?
    @Option(help: "お知らせの本文 (a notice's text).") var body: String?
    @Option(help: "続きにする出来事 (the event of an earlier alert that this one updates).") var event: String?
    @Flag(help: "解除。--district を付ければその地区だけ (lifts the order; with --district these only).") var lifted = false
    @Option(help: "期限 (RFC 3339 with offset).") var expires: String?
    @Option(help: "見ていた状況の番号。ほかの人が変えていれば送らない (the standing's version you saw; refused with 75 on another).") var basedOn: Int?
    @Option(help: "承認を待たずに、いま送る。その理由。あとから確かめられます (sends without waiting for a second person, and why; somebody looks at it afterwards).") var breakGlass: String?
    @OptionGroup var once: OnceOptions

    func validate() throws {
        guard actual != exercise else {
            throw ValidationError("--actual（本番）か --exercise（訓練）の、どちらか一つを付けてください (say --actual or --exercise, one of the two)")
        }
    }

    func run() async throws {
        let client = try hub.client()
        let octets = Array(JSONLine.text(order).utf8)
        if preview {
            let value = try await client.send(
                "POST", "/v1/alerts?preview=true", body: octets, headers: StandingTable.match(basedOn))
            return PreviewPrint(format: hub.format).show(value as? [String: Any] ?? [:])
        }
        // A header, not a field: the same order under the same key is one order, whatever has changed since.
        var seen = basedOn
        if seen == nil { seen = await StandingTable.version(of: town, exercise ? "exercise" : "actual", client) }
        if actual { try await confirm(client, octets) }
        show(pushed: try await client.order("/v1/alerts" + HubClient.query([("break_glass", breakGlass)]), body: octets, key: once.key, headers: StandingTable.match(seen)))
    }

    private var order: [String: Any] {
        var order: [String: Any] = ["town": town, "kind": kind, "mode": exercise ? "exercise" : "actual"]
        order["level"] = level
        order["hazard"] = hazard
        order["districts"] = districts.isEmpty ? nil : districts
        order["reason"] = reason
        if kind == "shelter" { order["shelter"] = shelter.first } else if !shelter.isEmpty { order["shelters"] = shelter }
        order["state"] = state
        order["note"] = note
        order["title"] = title
        order["body"] = body
        order["event"] = event
        order["lifted"] = lifted ? true : nil
        order["expires"] = expires
        return order
    }

    /// Whoever sits at a terminal types the town's name; a script has said `--actual`.
    private func confirm(_ client: HubClient, _ octets: [UInt8]) async throws {
        guard isatty(STDIN_FILENO) == 1 else { return }
        let shown = try await client.send("POST", "/v1/alerts?preview=true", body: octets, headers: []) as? [String: Any]
        for warning in shown?["warnings"] as? [String] ?? [] { Terminal.say(Terminal.paint("注意  \(warning)", "33")) }
        let known = try await client.get("/v1/towns") as? [String: Any]
        let towns = known?["towns"] as? [[String: Any]] ?? []
        guard let name = towns.first(where: { $0["code"] as? String == town })?["name"] as? String else {
            throw Exit.with(Exit.badData, "町 \(town) はこのハブにないか、あなたの担当ではありません (no such town here, or not yours)")
        }
        Terminal.ask("\(Terminal.paint("本番", "1;31"))です。\(name)に送ります。送るなら町の名前を打ってください (real: type the town's name): ")
        guard readLine()?.trimmingCharacters(in: .whitespaces) == name else {
            throw Exit.with(Exit.usage, "町の名前が違います。何も送っていません (not the town's name; nothing was sent)")
        }
    }

    private func show(pushed answer: [String: Any]) {
        if hub.format == .json { return Terminal.say(JSONLine.text(answer)) }
        if let approval = answer["approval"] as? [String: Any] { return Terminal.say(ApprovalsCommand.waits(approval)) }
        let mode = ModeWord.of(answer["mode"])
        let id = answer["id"] as? String ?? ""
        let sent = (answer["deliveries"] as? [String: Int] ?? [:]).filter { $0.key != "skipped" }.values.reduce(0, +)
        Terminal.say("\(mode)  \(id)  event \(answer["event"] as? String ?? "")")
        for warning in answer["warnings"] as? [String] ?? [] { Terminal.say("注意  \(warning)") }
        Terminal.say("送り先 \(sent)件 (deliveries)。結果は  noroshi log --alert \(id)   取り消すには  noroshi cancel \(id)")
    }
}

struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "出したものを取り消す。その前の状況に戻る (takes an act back, everywhere it went).",
        discussion: "番号は  noroshi alerts  で分かります (noroshi alerts lists the ids). 終わったことを伝えるのは取消ではなく解除です: noroshi push --lifted")

    @OptionGroup var hub: HubOptions
    @Argument(help: "取り消すものの番号 (the alert's id).") var alert: String
    @Flag(help: "何と出るか、何に戻るかを見せるだけで、送らない (shows the texts and what stands again, sends nothing).") var preview = false
    @Option(help: "見ていた状況の番号 (the standing's version you saw; refused with 75 on another).") var basedOn: Int?
    @Option(help: "承認を待たずに、いま取り消す。その理由 (takes it back without waiting for a second person, and why).") var breakGlass: String?
    @OptionGroup var once: OnceOptions

    func run() async throws {
        let client = try hub.client()
        let path = "/v1/alerts/\(HubClient.step(alert))/cancel"
        if preview {
            let value = try await client.send("POST", path + "?preview=true", headers: StandingTable.match(basedOn))
            return PreviewPrint(format: hub.format).show(value as? [String: Any] ?? [:])
        }
        let answer = try await client.order(path + HubClient.query([("break_glass", breakGlass)]), key: once.key, headers: StandingTable.match(basedOn))
        if hub.format == .json { return Terminal.say(JSONLine.text(answer)) }
        if let approval = answer["approval"] as? [String: Any] { return Terminal.say(ApprovalsCommand.waits(approval)) }
        Terminal.say("取消  \(answer["id"] as? String ?? "")  event \(answer["event"] as? String ?? "")")
    }
}

/// What makes an order one order, however often it is sent.
struct OnceOptions: ParsableArguments {
    @Option(help: "自分で決める札。同じ札の同じ依頼は24時間に一度だけ送られる (the same order under the same key is sent once within 24 hours; without it one is made up).")
    var key: String?
}
