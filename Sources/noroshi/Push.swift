import ArgumentParser
import Foundation

struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "An operator's alert: evacuation, shelter, headquarters, notice.",
        discussion: """
            noroshi push --town 042056 --kind evacuation --level 4 --hazard 津波 --district 階上地区 --exercise
            noroshi push --town 042056 --kind shelter --shelter hashikami-chu --state open --exercise
            noroshi push --town 042056 --kind headquarters --state open --exercise
            noroshi push --town 042056 --kind notice --title 断水のお知らせ --body 本吉地区で断水しています。 --preview
            Without --exercise it is real.
            """)

    @OptionGroup var hub: HubOptions
    @Option(help: "6-digit code.") var town: String
    @Option(help: "evacuation, shelter, headquarters or notice.") var kind: String
    @Flag(help: "A drill.") var exercise = false
    @Flag(
        name: [.long, .customLong("dry-run")],
        help: "Shows every channel's text, and what its contract forbids in it; sends nothing.") var preview = false
    @Option(help: "警戒レベル 3, 4 or 5.") var level: Int?
    @Option(help: "洪水, 土砂災害, 高潮, 地震, 津波 …") var hazard: String?
    @Option(name: [.customLong("district"), .customLong("area")], help: "地区; repeat it for several.") var districts: [String] = []
    @Option(help: "Why.") var reason: String?
    @Option(help: "A shelter's id; for an evacuation one to go to (repeat it).") var shelter: [String] = []
    @Option(help: "open, full or closed; of a headquarters open (設置) or closed (廃止).") var state: String?
    @Option(help: "A word beside a state.") var note: String?
    @Option(help: "A notice's title; a headquarters' name.") var title: String?
    @Option(help: "A notice's text.") var body: String?
    @Option(help: "The event of an earlier alert that this one updates.") var event: String?
    @Flag(help: "Lifts the evacuation order.") var lifted = false
    @Option(help: "RFC 3339 with offset.") var expires: String?
    @OptionGroup var once: OnceOptions

    func run() async throws {
        let client = try hub.client()
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
        let octets = Array(JSONLine.text(order).utf8)
        guard preview else { return show(pushed: try await client.order("/v1/alerts", body: octets, key: once.key)) }
        let value = try await client.send("POST", "/v1/alerts?preview=true", body: octets)
        show((value as? [String: Any])?["previews"] as? [[String: Any]] ?? [])
    }

    private func show(pushed answer: [String: Any]) {
        if hub.format == .json { return Terminal.say(JSONLine.text(answer)) }
        let mode = ModeWord.of(answer["mode"])
        let id = answer["id"] as? String ?? ""
        let sent = (answer["deliveries"] as? [String: Int] ?? [:]).filter { $0.key != "skipped" }.values.reduce(0, +)
        Terminal.say("\(mode)  \(id)  event \(answer["event"] as? String ?? "")")
        Terminal.say("\(sent) deliveries. What becomes of them: noroshi log --alert \(id)   To take it back: noroshi cancel \(id)")
    }

    /// Rule, place and what to do.
    private static func words(of problem: [String: Any]) -> String {
        let part = problem["in_title"] as? Bool == true ? "題名 title" : "本文 body"
        let place = (problem["position"] as? Int).map { ", \(part) \($0 + 1)文字目 (character \($0 + 1))" } ?? ""
        return "\(problem["rule"] ?? "")\(place): \(problem["text"] ?? "")"
    }

    private func show(_ previews: [[String: Any]]) {
        var hasProblem = false
        for preview in previews {
            if hub.format == .json {
                Terminal.say(JSONLine.text(preview))
                continue
            }
            let head = ["channel", "language", "priority", "verdict"].compactMap { preview[$0] as? String }
            Terminal.say(Terminal.paint("── " + head.joined(separator: " · "), "1") + "  \(preview["reason"] as? String ?? "")")
            if let title = preview["title"] as? String { Terminal.say(title) }
            if let body = preview["body"] as? String { Terminal.say(body) }
            for problem in preview["problems"] as? [[String: Any]] ?? [] {
                hasProblem = true
                Terminal.say(Terminal.paint("  ✗ \(Self.words(of: problem))", "31"))
            }
            Terminal.say("")
        }
        if hub.format == .table {
            Terminal.say(hasProblem ? "It would be refused. Nothing was sent." : "Nothing was sent.")
        }
    }
}

struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes an alert back, everywhere it went.")

    @OptionGroup var hub: HubOptions
    @Argument(help: "The alert's id.") var alert: String
    @OptionGroup var once: OnceOptions

    func run() async throws {
        let answer = try await hub.client().order("/v1/alerts/\(alert)/cancel", key: once.key)
        if hub.format == .json { return Terminal.say(JSONLine.text(answer)) }
        Terminal.say("取消  \(answer["id"] as? String ?? "")  event \(answer["event"] as? String ?? "")")
    }
}

/// What makes an order one order, however often it is sent.
struct OnceOptions: ParsableArguments {
    @Option(help: "A key of your own: the same order under the same key is sent once within 24 hours. Without it one is made up.")
    var key: String?
}
