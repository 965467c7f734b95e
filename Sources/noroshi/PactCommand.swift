import ArgumentParser
import Foundation

/// 代行: a neighbour works in a struck town's name.
struct PactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pact", abstract: "代行：町どうしの取り決め、始まり、終わり (one town works in another's name)",
        discussion: """
            ふだんのうちに、任せる町と引き受ける町の管理者が、それぞれ署名します。始めるには、任せる町の人、県、時計の三つの鍵のうち二つが要ります。
            代行している間、引き受けた町の人は、自分の町でできることを、取り決めの範囲で、任せた町の名前でもできます。
            文面には「○○市（△△町が代行）」と入り、すべての操作が両方の町の記録に残ります。
            (Agreed by both towns in peacetime; two of three keys release it: the struck town's, the prefecture's, the clock's.)
            """,
        subcommands: [List.self, Sign.self, Release.self, End.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "取り決めと、いまの状態 (the pacts, and how they stand)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let answer = try await hub.client().get("/v1/pacts" + HubClient.query([("town", town)])) as? [String: Any]
            let pacts = answer?["pacts"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return pacts.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !pacts.isEmpty else { return Terminal.say("取り決めはありません。noroshi pact sign --giver … --helper … で始めます (no pacts)") }
            Terminal.say(Terminal.table([["番号 ID", "状態 STATE", "任せる町 GIVER", "引き受ける町 HELPER", "任せること ACTS", "時間 HOURS", "期限 UNTIL"]] + pacts.map { pact in
                [
                    pact["id"] as? String ?? "", PactCommand.state(pact), PactCommand.name(pact["giver"]), PactCommand.name(pact["helper"]),
                    (pact["acts"] as? [String] ?? []).joined(separator: " "), "\(pact["hours"] ?? "")", pact["until"] as? String ?? "",
                ]
            }))
            for pact in pacts {
                if let clock = pact["clock"] as? String { Terminal.say("\(pact["id"] ?? "")：時計の鍵が回ります。\(clock) (the clock would turn its key)") }
            }
        }
    }

    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "署名する。番号がなければ、新しく提案して自分の町の署名をする (signs one; without an id proposes one, signed by your side)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "取り決めの番号 (its id)") var id: String?
        @Option(help: "任せる町 (the town whose work is done for it)") var giver: String?
        @Option(help: "引き受ける町 (the town that does it)") var helper: String?
        @Option(help: "任せること、コンマで区切る。order shelter notice approve devices read (what is lent)") var acts: String?
        @Option(help: "地区、コンマで区切る。省けば全域 (districts; all without it)") var districts: String?
        @Option(help: "一回の代行は長くて何時間か (hours a release lasts at most)") var hours: Int?
        @Option(help: "操作卓が何分使われなければ時計の鍵が回るか (minutes of silence)") var silence: Int?
        @Option(help: "取り決めの期限 (until when)") var until: String?

        func run() async throws {
            if let id { return PactCommand.say(hub, try await hub.client().send("POST", "/v1/pacts/\(HubClient.step(id))/sign")) }
            guard let giver, let helper else {
                throw Exit.with(Exit.usage, "番号か、--giver と --helper を書いてください (an id, or --giver and --helper)")
            }
            var wish: [String: Any] = ["giver": giver, "helper": helper]
            func list(_ text: String) -> [String] { text.split(whereSeparator: { ",、 ".contains($0) }).map(String.init) }
            for (key, value) in [("acts", acts.map(list)), ("districts", districts.map(list))] { wish[key] = value }
            for (key, value) in [("hours", hours), ("silence", silence)] { wish[key] = value }
            wish["until"] = until
            PactCommand.say(hub, try await hub.client().send("POST", "/v1/pacts", body: Array(JSONLine.text(wish).utf8)))
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "鍵を一つ回す。二つめで代行が始まる (turns one key; the second opens it)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "取り決めの番号 (its id)") var id: String
        @Option(help: "理由 (why)") var reason: String
        @Flag(help: "本番 (real)") var actual = false
        @Flag(help: "訓練 (a drill)") var exercise = false

        func run() async throws {
            guard actual != exercise else { throw Exit.with(Exit.usage, "--actual（本番）か --exercise（訓練）のどちらかを書いてください (one of the two)") }
            let wish = ["mode": actual ? "actual" : "exercise", "reason": reason]
            PactCommand.say(hub, try await hub.client().send("POST", "/v1/pacts/\(HubClient.step(id))/release", body: Array(JSONLine.text(wish).utf8)))
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "代行を終える。--whole で取り決めそのものを終える (ends the release, or the whole pact)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "取り決めの番号 (its id)") var id: String
        @Option(help: "理由 (why)") var reason: String?
        @Flag(help: "取り決めそのものを終える (the agreement itself)") var whole = false
        @Flag(help: "本番のものだけ (the real one alone)") var actual = false
        @Flag(help: "訓練のものだけ (the drill's alone)") var exercise = false

        func run() async throws {
            var wish: [String: Any] = ["whole": whole]
            if actual != exercise { wish["mode"] = actual ? "actual" : "exercise" }
            wish["reason"] = reason
            PactCommand.say(hub, try await hub.client().send("POST", "/v1/pacts/\(HubClient.step(id))/end", body: Array(JSONLine.text(wish).utf8)))
        }
    }

    private static func name(_ town: Any?) -> String {
        let town = town as? [String: Any] ?? [:]
        return town["name"] as? String ?? town["code"] as? String ?? ""
    }

    private static func state(_ pact: [String: Any]) -> String {
        let words = ["proposed": "相手の署名待ち", "signed": "署名ずみ", "released": "代行中", "ended": "終わり"]
        let state = pact["state"] as? String ?? ""
        return words[state].map { "\($0) (\(state))" } ?? state
    }

    private static func say(_ hub: HubOptions, _ answer: Any?) {
        let pact = answer as? [String: Any] ?? [:]
        guard hub.format == .table else { return Terminal.say(JSONLine.text(pact)) }
        Terminal.say("\(pact["id"] ?? "")  \(state(pact))  \(name(pact["giver"])) ← \(name(pact["helper"]))")
        guard let release = (pact["releases"] as? [[String: Any]])?.last else { return }
        for key in release["keys"] as? [[String: Any]] ?? [] {
            let turned = key["turned"] as? [String: Any] ?? [:]
            let parties = ["giver": "任せる町", "prefecture": "県", "timer": "時計"]
            Terminal.say("  鍵 \(parties[key["party"] as? String ?? ""] ?? "")：\(turned["by"] ?? "")  \(turned["at"] ?? "")  \(turned["reason"] ?? "")")
        }
        if release["state"] as? String == "waiting" { Terminal.say("  あと一つ、別の人の鍵が要ります。一時間待ちます (one more key, of another party, within an hour)") }
        if release["state"] as? String == "open" { Terminal.say("  \(release["until"] ?? "") まで代行します (until then)") }
    }
}
