import ArgumentParser
import Foundation

/// 職員参集: the town's own people are called up by role, round by round, until enough have taken it.
struct MusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster", abstract: "職員参集：役割の順に呼び、引き受けた人を見る (calls up the town's own people, by role)",
        discussion: """
            職員だけを呼びます。住民には何も知らせません。当直から順に、間をおいて何回か、メールと通知で呼び、必要な人数が引き受けたところで終わります。
            答えは、本人がリンクから、または answer で書きとめます。電話だけの人は、システムは呼びません。show を見て電話してください。
            (Calls staff and nobody else: role after role, round by round, by mail and by a chat's webhook, until enough have taken it, by
            their own link or by answer. Who has a telephone alone is rung by a person.)
            """,
        subcommands: [List.self, Call.self, Show.self, Answer.self, End.self, Staff.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "参集の一覧。新しいものが先 (the call-ups, the newest first)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Flag(help: "訓練の参集 (those of drills)") var exercise = false

        func run() async throws {
            let query = HubClient.query([("town", town), ("mode", exercise ? "exercise" : "actual")])
            let musters = (try await hub.client().get("/v1/musters" + query) as? [String: Any])?["musters"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return musters.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !musters.isEmpty else { return Terminal.say("参集はありません。noroshi muster call で呼びます (no call-ups)") }
            Terminal.say(Terminal.table([["番号 ID", "状態 STATE", "引き受けた TAKEN", "始め BEGUN", "だれが BY", "用件 WORDS"]] + musters.map { one in
                [
                    one["id"] as? String ?? "", MusterCommand.state(one), "\(one["taken"] ?? 0)/\(one["needed"] ?? 0)", StandingTable.short(one["begun_at"] as? String ?? ""),
                    one["by"] as? String ?? "", MusterCommand.line(one["words"]),
                ]
            }))
        }
    }

    struct Call: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "呼ぶ (calls up)", discussion: "答えが要るのにハブの返事がないときは、同じ --id でもう一度。二度は呼びません。 (Asked again with the same --id it is the same call-up.)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "何のために、どこへ (what for, and where to)") var words: String
        @Option(help: "呼ぶ役割を、順に、コンマで区切る。例 duty,chief。役割は noroshi roles (roles in their order)") var roles: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "必要な人数 (people needed)") var needed = 1
        @Option(help: "次に呼ぶまでの秒数。60から3600 (seconds between two rounds)") var pause = 300
        @Option(help: "何回まで呼ぶか。1から10 (rounds)") var rounds = 3
        @Option(help: "この参集の番号。書かなければ、新しく作る (its id; a new one without it)") var id: String?
        @Flag(help: "本番 (real)") var actual = false
        @Flag(help: "訓練 (a drill)") var exercise = false

        func run() async throws {
            guard actual != exercise else { throw Exit.with(Exit.usage, "--actual（本番）か --exercise（訓練）のどちらかを書いてください (one of the two)") }
            var wish: [String: Any] = [
                "id": id ?? UUID().uuidString.lowercased(), "mode": actual ? "actual" : "exercise", "words": words,
                "roles": roles.split(whereSeparator: { ",、 ".contains($0) }).map(String.init), "needed": needed, "pause_seconds": pause, "rounds": rounds,
            ]
            wish["town"] = town
            let client = try hub.client()
            let made = try await client.send("POST", "/v1/musters", body: Array(JSONLine.text(wish).utf8)) as? [String: Any] ?? [:]
            MusterCommand.say(hub, made)
            guard hub.format == .table else { return }
            // Whom this hub has no way to: a person has to.
            let people = made["people"] as? [[String: Any]] ?? []
            let staff = try await client.get("/v1/towns/\(HubClient.step(made["town"] as? String ?? ""))/staff") as? [String: Any]
            let ways = staff?["ways"] as? [String] ?? []
            let silent = people.filter { person in !["mail", "webhook"].contains { person[$0] as? Bool == true && ways.contains($0) } }
            func names(_ some: [[String: Any]]) -> String { some.compactMap { $0["name"] as? String }.joined(separator: "、") }
            let byHand = silent.filter { $0["phone"] is String }, unreachable = silent.filter { !($0["phone"] is String) }
            if !byHand.isEmpty { Terminal.say("電話してください：\(names(byHand)) (to be rung by a person)") }
            if !unreachable.isEmpty { Terminal.complain("呼ぶ手段が一つもない人：\(names(unreachable)) (reached by nothing)") }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "だれが引き受けたか、だれに届かなかったか (who has taken it, and who could not be reached)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "参集の番号 (its id)") var id: String

        func run() async throws { MusterCommand.say(hub, try await hub.client().get("/v1/musters/\(HubClient.step(id))")) }
    }

    struct Answer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "電話などで聞いた答えを書きとめる (notes what somebody said)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "参集の番号 (its id)") var id: String
        @Argument(help: "人の名前 (the person's name)") var person: String
        @Argument(help: "taken（引き受けた）、cannot（行けない）、no-answer（電話に出ない）") var answer: String
        @Option(help: "ひとこと (in words)") var words: String?

        func run() async throws {
            var wish: [String: Any] = ["person": person, "answer": answer]
            wish["words"] = words
            MusterCommand.say(hub, try await hub.client().send("POST", "/v1/musters/\(HubClient.step(id))/answer", body: Array(JSONLine.text(wish).utf8)))
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "終える。まだ答えていない人は、もう呼ばない (ends it: nobody is called any more)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "参集の番号 (its id)") var id: String

        func run() async throws { MusterCommand.say(hub, try await hub.client().send("POST", "/v1/musters/\(HubClient.step(id))/end")) }
    }

    struct Staff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "だれをどう呼べるか。連絡先は操作卓で書く (who can be called, and how)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let client = try hub.client(), towns = try await client.towns(town)
            guard let code = towns.first, towns.count == 1 else {
                throw Exit.with(Exit.usage, "--town で町を選んでください (which town): \(towns.joined(separator: ", "))")
            }
            let answer = try await client.get("/v1/towns/\(HubClient.step(code))/staff") as? [String: Any]
            let staff = answer?["staff"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return staff.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !staff.isEmpty else { return Terminal.say("呼べる人がいません。noroshi user add で加えます (nobody to be called)") }
            func has(_ one: [String: Any], _ way: String) -> String { one[way] as? Bool == true ? "○" : "—" }
            Terminal.say(Terminal.table([["名前 NAME", "役割 ROLE", "メール MAIL", "通知 WEBHOOK", "電話 PHONE", ""]] + staff.map { one in
                [
                    one["name"] as? String ?? "", "\(one["role_name"] ?? "") \(one["role"] ?? "")", has(one, "mail"), has(one, "webhook"), one["phone"] as? String ?? "—",
                    one["unreachable"] as? Bool == true ? "呼ぶ手段がない (unreachable)" : "",
                ]
            }))
            if answer?["ways"] as? [String] == ["webhook"] { Terminal.say("メールでは呼べません。設定の staff.mail がありません (no mail server is set)") }
        }
    }

    // MARK: one call-up in words

    private static let answers = ["taken": "引き受けた (taken)", "cannot": "行けない (cannot)", "no-answer": "電話に出ない (no answer)"]
    private static let ways = ["mail": "メール", "webhook": "通知"]

    private static func state(_ muster: [String: Any]) -> String {
        guard let end = muster["end"] as? [String: Any] else { return "呼んでいます (calling) \(muster["round"] ?? 0)/\(muster["rounds"] ?? 0)" }
        let words = ["taken": "人がそろった (taken)", "nobody": "だれも引き受けていない (nobody)", "stopped": "終えた (stopped)"]
        return words[end["outcome"] as? String ?? ""] ?? ""
    }

    private static func line(_ words: Any?) -> String { (words as? String ?? "").replacing("\n", with: " ") }

    private static func say(_ hub: HubOptions, _ answer: Any?) {
        let muster = answer as? [String: Any] ?? [:], people = muster["people"] as? [[String: Any]] ?? []
        guard hub.format == .table else { return Terminal.say(JSONLine.text(muster)) }
        let mark = muster["mode"] as? String == "exercise" ? "【訓練】" : ""
        Terminal.say("\(mark)\(muster["id"] ?? "")  \(state(muster))  \(muster["taken"] ?? 0)/\(muster["needed"] ?? 0)人が引き受けました (have taken it)")
        Terminal.say("\(line(muster["words"]))  \(muster["by"] ?? "") \(StandingTable.short(muster["begun_at"] as? String ?? ""))")
        if let next = muster["next_at"] as? String { Terminal.say("次に呼ぶ時刻 \(StandingTable.short(next)) (the next round)") }
        Terminal.say(Terminal.table([["名前 NAME", "役割 ROLE", "呼び出し CALLED", "電話 PHONE", "答え ANSWER"]] + people.map { person in
            let said = person["said"] as? [String: Any]
            let word = said.map { said in
                [answers[said["answer"] as? String ?? ""] ?? "", StandingTable.short(said["at"] as? String ?? ""), said["by"] as? String ?? "本人", said["words"] as? String ?? ""]
                    .filter { !$0.isEmpty }.joined(separator: " ")
            }
            return [person["name"] as? String ?? "", person["role_name"] as? String ?? "", called(person, muster), person["phone"] as? String ?? "—", word ?? "まだ (not yet)"]
        }))
        for person in people { troubles(of: person).forEach { Terminal.say($0) } }
    }

    private static func called(_ person: [String: Any], _ muster: [String: Any]) -> String {
        let calls = person["calls"] as? [[String: Any]] ?? [], out = calls.filter { !($0["trouble"] is String) }
        if let step = person["step"] as? Int, let round = muster["round"] as? Int, step > round { return "\(step)回目から (from round \(step))" }
        guard let last = calls.last else { return "—" }
        guard let told = out.last else { return "× \(calls.count)回とも届かない (not reached) \(StandingTable.short(last["at"] as? String ?? ""))" }
        return "\(out.count)回 \(ways[told["way"] as? String ?? ""] ?? "") \(StandingTable.short(told["at"] as? String ?? ""))"
    }

    /// Why the last call on a way did not go out, a line for each.
    private static func troubles(of person: [String: Any]) -> [String] {
        let calls = person["calls"] as? [[String: Any]] ?? []
        return ["mail", "webhook"].compactMap { way in
            guard let last = calls.last(where: { $0["way"] as? String == way }), let trouble = last["trouble"] as? String else { return nil }
            return "× \(person["name"] ?? "") \(ways[way] ?? way) \(last["round"] ?? "")回目：\(trouble)"
        }
    }
}
