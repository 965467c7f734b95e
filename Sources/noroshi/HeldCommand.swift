import ArgumentParser
import Foundation

/// What a restart held back: too old to go out by itself, and a person's to decide.
struct HeldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "held", abstract: "再起動で保留になった配信と、送るか送らないか (what a restart held back, and whether it goes out after all)",
        discussion: """
            再起動のあと、古くなった配信は人の判断を待ちます。古い避難情報がひとりでに出ることはありません \
            (after a restart, deliveries too old for their class wait for a person).
            noroshi held list               保留中のもの。担当の町すべて (what is held)
            noroshi held release ALERT      送る。期限切れ・取消済みのものは送られません (it goes out now)
            noroshi held drop ALERT         送らない (it never goes out)
            """,
        subcommands: [List.self, Release.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "保留中のもの。情報ごと (what is held, alert by alert)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号。なければ担当の町すべて (6-digit code; without it every town you work for)") var town: String?

        func run() async throws {
            let held = try await HeldAlert.all(in: town, hub.client())
            if hub.format == .json { return held.forEach { Terminal.say(JSONLine.text($0.object)) } }
            guard !held.isEmpty else { return Terminal.say("保留中の配信はありません (nothing is held)") }
            Terminal.say("再起動で保留になった配信です。まだ送られていません。 (held by a restart; not sent yet)")
            Terminal.say(Terminal.table([["区別 MODE", "町 TOWN", "番号 ALERT", "題 TITLE", "受付 SINCE", "期限 UNTIL", "送り先 FAR ENDS"]] + held.map(\.cells)))
            Terminal.say("""
                送る      noroshi held release ALERT     期限切れ・取消済みのものは送られません
                送らない  noroshi held drop ALERT        取り下げます。元には戻せません
                """)
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "保留中の配信を送る。期限切れ・取消済みのものは送られない (lets an alert's held deliveries go out now, unless they expired or were cancelled meanwhile)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "情報の番号 (the alert's id)") var alert: String
        @Option(help: "町の6桁の番号。なければ保留している町 (6-digit code; without it the town that holds it)") var town: String?

        func run() async throws {
            let answer = try await HeldCommand.settle("release", alert, town, hub)
            guard let answer else { return }
            func count(_ key: String) -> Int { answer[key] as? Int ?? 0 }
            var words = ["送信を始めました  \(count("released"))件 (released)"]
            for (key, word) in [("expired", "期限切れのため送りません"), ("annulled", "取消済みのため送りません"), ("rejected", "送れません")]
            where count(key) > 0 {
                words.append("\(word)  \(count(key))件 (\(key))")
            }
            Terminal.say(words.joined(separator: "\n"))
            Terminal.say("結果は  noroshi log --alert \(alert)")
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "保留中の配信を取り下げる。送られない (an alert's held deliveries never go out)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "情報の番号 (the alert's id)") var alert: String
        @Option(help: "町の6桁の番号。なければ保留している町 (6-digit code; without it the town that holds it)") var town: String?

        func run() async throws {
            guard let answer = try await HeldCommand.settle("drop", alert, town, hub) else { return }
            Terminal.say("取り下げました。送られません  \(answer["dropped"] as? Int ?? 0)件 (dropped)")
        }
    }

    /// Nil when the answer is printed already, for programs.
    private static func settle(_ act: String, _ alert: String, _ town: String?, _ hub: HubOptions) async throws -> [String: Any]? {
        let client = try hub.client()
        let held = try await HeldAlert.all(in: town, client).filter { $0.alert == alert }
        guard !held.isEmpty else {
            throw Exit.with(Exit.badData, "\(alert) に保留中の配信はありません。 noroshi held list で確かめてください (nothing of it is held)")
        }
        var total: [String: Any] = [:]
        for one in held {
            let choice = JSONLine.text(["alert": alert, "town": one.town])
            let value = try await client.send("POST", "/v1/deliveries/held/\(act)", body: Array(choice.utf8))
            for case (let key, let count as Int) in value as? [String: Any] ?? [:] {
                total[key] = (total[key] as? Int ?? 0) + count
            }
        }
        guard hub.format == .table else {
            Terminal.say(JSONLine.text(total))
            return nil
        }
        return total
    }
}

/// The held deliveries of one alert in one town.
private struct HeldAlert {
    let alert, town: String
    let first: [String: Any]
    let expires: String?
    /// Deliveries by channel.
    let channels: [String: Int]

    /// The newest first.
    static func all(in town: String?, _ client: HubClient) async throws -> [HeldAlert] {
        var all: [HeldAlert] = []
        for town in try await client.towns(town) {
            let rows = try await rows(of: town, client)
            for (alert, own) in Dictionary(grouping: rows, by: { $0["alert"] as? String ?? "" }) {
                let known = try await client.get("/v1/alerts/\(alert)") as? [String: Any]
                let channels = Dictionary(grouping: own, by: { $0["channel"] as? String ?? "" }).mapValues(\.count)
                all.append(HeldAlert(
                    alert: alert, town: town, first: own[0], expires: known?["expires"] as? String, channels: channels))
            }
        }
        return all.sorted { ($0.since, $0.alert) > ($1.since, $1.alert) }
    }

    private static func rows(of town: String, _ client: HubClient) async throws -> [[String: Any]] {
        var rows: [[String: Any]] = []
        var after: Int?
        repeat {
            let query = [("town", town), ("state", "held"), ("limit", "1000"), ("after", after.map { "\($0)" })]
            let page = try await client.get("/v1/deliveries" + HubClient.query(query)) as? [String: Any]
            rows += page?["deliveries"] as? [[String: Any]] ?? []
            after = page?["next"] as? Int
        } while after != nil
        return rows
    }

    private var since: String { first["offered_at"] as? String ?? "" }
    private var title: String { first["title"] as? String ?? "" }

    var cells: [String] {
        func short(_ time: String) -> String { String(time.dropFirst(5).prefix(11)).replacing("T", with: " ") }
        let ends = channels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return [ModeWord.of(first["mode"]), town, alert, title, short(since), expires.map(short) ?? "—", ends]
    }

    var object: [String: Any] {
        var object: [String: Any] = [
            "alert": alert, "town": town, "title": title, "mode": first["mode"] ?? "", "kind": first["kind"] ?? "",
            "offered_at": since, "deliveries": channels.values.reduce(0, +), "channels": channels,
        ]
        object["expires"] = expires
        return object
    }
}
