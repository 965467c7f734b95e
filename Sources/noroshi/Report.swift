import Foundation

/// What became of one alert: the words, everybody's turn, and how long it took. A value made of the hub's answers.
struct Report {
    struct Town: Decodable {
        var code, name: String
    }

    struct Alert: Decodable {
        struct Words: Decodable {
            var level_name, hazard, reason, title, body, name, state, note: String?
            var districts, shelters: [String]?
        }
        var id, event, message, mode, title, actor, accepted_at: String
        var headline, town: String?
        var in_force: Bool
        var detail: Words?
    }

    struct Row: Decodable {
        var channel, endpoint, state, sentence: String
        var endpoints, attempts: Int
        var offered_at: String
        var milliseconds: Double?
        var detail: String?
        var reach: [String: Int]
        /// It told devices that there is something to ask for: nobody has heard by that alone.
        var hint: Bool?

        /// Not sent, by rule; of several far ends at once with one reason.
        var isSkip: Bool { state == "skipped" }
        var why: String { detail.flatMap { $0.isEmpty ? nil : $0 } ?? sentence }
    }

    /// Somebody telephoned a far end.
    struct Call: Decodable {
        var at, by, channel, endpoint, answer: String
        var phone, words: String?

        var told: String {
            let word =
                switch answer {
                case "reached": "伝わった (told)"
                case "no-answer": "応答なし (no answer)"
                case "on-the-way": "人が向かっている (somebody is on the way)"
                default: ""
                }
            return [word, words ?? ""].filter { !$0.isEmpty }.joined(separator: "　")
        }
    }

    struct Channel {
        var name: String
        var asked = 0, delivered = 0, reached = 0, shown = 0, touched = 0
        /// To the end of each that was delivered, in milliseconds, ascending.
        var times: [Double] = []
    }

    var town: Town
    var alert: Alert
    /// All that was said of the same event, the oldest first.
    var story: [Alert]
    var rows: [Row]
    /// What people call the far ends, by `channel/id`.
    var names: [String: String] = [:]
    /// To far ends that were asked, since it was accepted, the oldest first.
    var calls: [Call] = []
    /// More were in the log than were read.
    var isCut = false
    /// When this was made: it is the state of this moment.
    var made: Date

    var sends: [Row] { rows.filter { !$0.isSkip && $0.hint != true } }
    var delivered: [Row] { sends.filter { $0.state == "delivered" } }
    /// Who does not have it: whoever refused, ran out of time or was taken back, and whoever still waits.
    var missing: [Row] { sends.filter { $0.state != "delivered" } }

    /// Milliseconds from the decision to the far end's yes, ascending.
    var times: [Double] { delivered.compactMap(\.milliseconds).sorted() }

    /// The time within which this share of the far ends that were asked had it; nil where so many never had.
    func time(share: Double) -> Double? {
        let times = times
        guard !sends.isEmpty else { return nil }
        let needed = max(1, Int((Double(sends.count) * share).rounded(.up)))
        return needed <= times.count ? times[needed - 1] : nil
    }

    var channels: [Channel] {
        var found: [String: Channel] = [:]
        for row in sends {
            var channel = found[row.channel] ?? Channel(name: row.channel)
            channel.asked += 1
            if row.state == "delivered" {
                channel.delivered += 1
                if let milliseconds = row.milliseconds { channel.times.append(milliseconds) }
            }
            channel.reached += row.reach["reached"] ?? 0
            channel.shown += row.reach["shown"] ?? 0
            channel.touched += row.reach["touched"] ?? 0
            found[row.channel] = channel
        }
        return found.values.sorted { $0.name < $1.name }.map { channel in
            var channel = channel
            channel.times.sort()
            return channel
        }
    }

    /// Devices of all far ends that came so far: `reached`, `shown`, `touched`.
    func reach(_ level: String) -> Int { sends.reduce(0) { $0 + ($1.reach[level] ?? 0) } }

    /// Why it was not sent, and to how many.
    var skips: [(why: String, count: Int)] {
        var counts: [String: Int] = [:]
        for row in rows where row.isSkip { counts[row.why, default: 0] += max(1, row.endpoints) }
        return counts.map { (why: $0.key, count: $0.value) }.sorted { ($1.count, $0.why) < ($0.count, $1.why) }
    }

    /// What the people read, line by line.
    var words: [String] {
        var lines = [alert.headline].compactMap { $0 }
        guard let detail = alert.detail else { return lines }
        let parts = [detail.level_name, detail.hazard, detail.title, detail.name, detail.state, detail.body, detail.reason, detail.note]
        lines += parts.compactMap { $0 }.filter { !$0.isEmpty && !lines.contains($0) }
        if let districts = detail.districts, !districts.isEmpty { lines.append("地区 (districts)：" + districts.joined(separator: "、")) }
        if let shelters = detail.shelters, !shelters.isEmpty { lines.append("避難先 (shelters)：" + shelters.joined(separator: "、")) }
        return lines
    }

    func farEnd(_ row: Row) -> String { farEnd(row.channel, row.endpoint) }

    func farEnd(_ channel: String, _ endpoint: String) -> String {
        names["\(channel)/\(endpoint)"].map { "\($0)（\(endpoint)）" } ?? endpoint
    }

    /// `2026-11-29 18:20:24.232`, Japan's time as all of the hub's.
    static func time(_ stamp: String) -> String { stamp.replacing("T", with: " ").replacing("+09:00", with: "") }

    static func duration(_ milliseconds: Double?) -> String {
        guard let milliseconds else { return "—" }
        switch milliseconds {
        case ..<10: return String(format: "%.1f ミリ秒 (ms)", milliseconds)
        case ..<1000: return "\(Int(milliseconds.rounded())) ミリ秒 (ms)"
        case ..<60_000: return String(format: "%.1f 秒 (s)", milliseconds / 1000)
        default: return String(format: "%.1f 分 (min)", milliseconds / 60_000)
        }
    }

    static func state(_ state: String) -> String {
        switch state {
        case "waiting": "順番待ち (waiting)"
        case "sending": "送信中 (sending)"
        case "retrying": "送り直し中 (retrying)"
        case "stopped": "送り先が停止中 (stopped)"
        case "held": "保留 (held)"
        case "delivered": "届いた (delivered)"
        case "superseded": "新しい情報に替わった (superseded)"
        case "annulled": "取り消された (annulled)"
        case "expired": "期限切れ (expired)"
        case "rejected": "送り先が断った (rejected)"
        default: state
        }
    }

    static func message(_ message: String) -> String {
        switch message {
        case "alert": "発表 (issued)"
        case "update": "更新 (updated)"
        case "cancel": "取消 (taken back)"
        default: message
        }
    }

    /// For programs: one object.
    var figures: [String: Any] {
        var figures: [String: Any] = [
            "alert": alert.id, "event": alert.event, "town": town.code, "mode": alert.mode, "title": alert.title, "in_force": alert.in_force,
            "asked": sends.count, "delivered": delivered.count, "cut": isCut,
            "missing": missing.map { ["channel": $0.channel, "endpoint": $0.endpoint, "state": $0.state, "why": $0.why] },
            "skipped": skips.map { ["why": $0.why, "count": $0.count] as [String: Any] },
            "story": story.map { ["alert": $0.id, "message": $0.message, "accepted_at": $0.accepted_at, "actor": $0.actor, "title": $0.title] },
        ]
        for level in ["reached", "shown", "touched"] { figures[level] = reach(level) }
        figures["calls"] = calls.map { ["at": $0.at, "by": $0.by, "channel": $0.channel, "endpoint": $0.endpoint, "answer": $0.answer, "words": $0.words ?? ""] }
        let marks: [(String, Double?)] = [("first_ms", times.first), ("median_ms", time(share: 0.5)), ("to_95_percent_ms", time(share: 0.95)), ("last_ms", times.last)]
        for case (let name, let time?) in marks { figures[name] = time }
        return figures
    }
}
