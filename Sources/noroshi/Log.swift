import AlertModel
import ArgumentParser
import ChannelKit
import Foundation
import Serving

struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "配信の記録 (the delivery log).",
        discussion: """
            noroshi log [--alert A] [--town C] [--channel N] [--endpoint E] [--state S] [--by NAME] [--since T] [--until T] [--limit N] [--follow] [--format json|csv]
            一つひとつの説明は noroshi log rows --help (each of them: noroshi log rows --help)。
            """,
        subcommands: [LogRows.self, LogVerify.self], defaultSubcommand: LogRows.self)
}

struct LogRows: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rows", abstract: "配信を一行ずつ（log だけでも同じ） (row by row; the same as log alone)")

    @OptionGroup var hub: HubLink
    @Option(help: "table は人、json はプログラム、csv は表計算のため (table for people, json for programs: one object a line; csv for spreadsheets, UTF-8)")
    var format: Format = .table
    @Option(help: "この情報だけ (only this alert)") var alert: String?
    @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
    @Option(help: "経路の名前: \(Channels.all.map(\.manifest.name).joined(separator: ", ")) (channel)") var channel: String?
    @Option(help: "この送り先だけ (only this far end)") var endpoint: String?
    @Option(help: "状態: waiting, sending, retrying, stopped, held, skipped, delivered, superseded, annulled, expired, rejected (state)")
    var state: String?
    @Option(help: "この人が出したもの、承認したもの (what this person sent or said yes to)") var by: String?
    @Option(help: "この時から。保管した記録も読む。2026-11-29 か RFC 3339 (from then on; archives are read too)") var since: String?
    @Option(help: "この時より前 (before that)") var until: String?
    @Option(help: "新しいほうから何行まで (at most so many of the newest rows)") var limit = 200
    @Flag(help: "止めるまで、一行ずつ続ける (keeps on, row by row, until interrupted)") var follow = false

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, csv
    }

    func run() async throws {
        guard !follow || until == nil else { throw Exit.with(Exit.usage, "--follow と --until は一緒に使えません (--follow has no end)") }
        let client = try hub.client()
        let filter: [(String, String?)] = [
            ("alert", alert), ("town", town), ("channel", channel), ("endpoint", endpoint), ("state", state), ("by", by), ("since", since), ("until", until),
        ]
        let count = min(max(limit, 1), Self.window)
        let value = try await client.get("/v1/deliveries" + HubClient.query(filter + [("tail", "\(follow ? Self.window : count)")]))
        let rows = (value as? [String: Any])?["deliveries"] as? [[String: Any]] ?? []
        show(rows.suffix(count), withHead: true)
        if follow { try await keepOn(client, filter, from: rows) }
    }

    /// Rows of one answer, and of those whose changes are seen while it is followed.
    private static let window = 1000

    /// Asks again each second for what is new or has changed: the same rows as the stream, over a plain request. A cut
    /// line, or a hub that starts again, ends nothing: it is said once, and what happened meanwhile is read when it is back.
    private func keepOn(_ client: HubClient, _ filter: [(String, String?)], from rows: [[String: Any]]) async throws {
        var (seen, isCut) = (rows, false)
        while true {
            try await ContinuousClock().sleep(for: .seconds(1))
            guard let now = try await look(client, filter, after: seen.last.map(Self.number) ?? 0) else {
                if !isCut { Terminal.complain("\(client.address) に届きません。つながるまで待ちます (the line is cut; it goes on when the hub is back)") }
                isCut = true
                continue
            }
            if isCut { Terminal.complain("ふたたびつながりました (the line is back)") }
            isCut = false
            let shown = Dictionary(seen.map { (Self.key($0), Self.state($0)) }, uniquingKeysWith: { $1 })
            show(now.filter { shown[Self.key($0)] != Self.state($0) }, withHead: false)
            if !now.isEmpty { seen = now }
        }
    }

    /// The newest rows, which may have changed, and before them whatever is newer than the last one seen. Nil while nobody
    /// answers; a hub that says no (another token, another town) ends the command.
    private func look(_ client: HubClient, _ filter: [(String, String?)], after last: Int64) async throws -> [[String: Any]]? {
        guard let rows = try await page(client, filter + [("tail", "\(Self.window)")]) else { return nil }
        guard rows.count == Self.window, let first = rows.first.map(Self.number) else { return rows }
        var older: [[String: Any]] = []
        var from = last
        while from < first, let more = try await page(client, filter + [("after", "\(from)"), ("limit", "\(Self.window)")]), !more.isEmpty {
            older += more.filter { Self.number($0) < first }
            from = more.last.map(Self.number) ?? first
        }
        return older + rows
    }

    private func page(_ client: HubClient, _ query: [(String, String?)]) async throws -> [[String: Any]]? {
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await client.call("GET", "/v1/deliveries" + HubClient.query(query), body: [])
        } catch {
            switch error {
            case .unreachable, .noAnswer: return nil
            case .refused, .cancelled: throw client.unreachable(error)
            }
        }
        guard answer.status < 500, answer.status != 429 else { return nil }
        return (try HubClient.value(of: answer) as? [String: Any])?["deliveries"] as? [[String: Any]] ?? []
    }

    private static func number(_ row: [String: Any]) -> Int64 { (row["number"] as? NSNumber)?.int64Value ?? 0 }
    private static func key(_ row: [String: Any]) -> String { row["delivery"] as? String ?? "" }
    /// What of a row may change, in one order.
    private static func state(_ row: [String: Any]) -> String { JSONLine.text(row.filter { ["state", "attempts", "reach"].contains($0.key) }) }

    private func show(_ rows: [[String: Any]], withHead: Bool) {
        switch format {
        case .json: return rows.forEach { Terminal.say(JSONLine.text($0)) }
        case .csv: return ((withHead ? [DeliveryLine.names] : []) + rows.map { DeliveryLine.values($0) }).forEach { Terminal.say(CSVLine.text($0)) }
        case .table: break
        }
        var table = withHead ? [["時刻 TIME", "区別 MODE", "状態 STATE", "経路 CHANNEL", "送り先 FAR END", "題 TITLE", "MS", "届いた/出た/触れた REACHED/SHOWN/TOUCHED", "理由 WHY"]] : []
        table += rows.map { DeliveryLine.cells($0) }
        if !table.isEmpty { Terminal.say(Terminal.table(table)) }
        if withHead, rows.isEmpty { Terminal.say("配信はありません (no deliveries)") }
    }
}

/// One row of the log for people.
enum DeliveryLine {
    /// Columns of CSV: the names of the JSON, what a person looks for first.
    static let names = [
        "number", "offered_at", "settled_at", "mode", "state", "town", "channel", "endpoint", "endpoints", "kind", "title", "alert", "event", "delivery",
        "priority", "attempts", "milliseconds", "reached", "shown", "touched", "reason", "sentence", "detail", "reference",
    ]

    static func values(_ row: [String: Any]) -> [String] {
        let reach = row["reach"] as? [String: Any] ?? [:]
        return names.map { name in (row[name] ?? reach[name]).map { "\($0)" } ?? "" }
    }

    static func cells(_ row: [String: Any]) -> [String] {
        func text(_ key: String) -> String { row[key] as? String ?? "" }
        let reach = row["reach"] as? [String: Int] ?? [:]
        let milliseconds = (row["milliseconds"] as? Double).map { $0 < 10 ? String(format: "%.1f", $0) : "\(Int($0))" }
        let why = text("detail").isEmpty ? text("sentence") : text("detail")
        let endpoint = text("endpoint") == "*" ? "\(row["endpoints"] ?? "")か所 far ends" : text("endpoint")
        return [
            String(text("offered_at").dropFirst(11).prefix(12)), ModeWord.of(row["mode"]),
            text("state"), text("channel"), endpoint, text("title"), milliseconds ?? "—",
            text("state") == "skipped"
                ? "—" : "\(reach["reached"] ?? 0)/\(reach["shown"] ?? 0)/\(reach["touched"] ?? 0)", why,
        ]
    }
}
