/// A drill as a thing of its own: planned, run, scored, erased.
///
///     planned ──begin──▶ running ──end──▶ over (with its score) ──erase──▶ erased
///
/// What was told in it belongs to the drills' line and is told like every drill; here is only when it was, whose it was and how it went.
/// Erasing takes away what it left: messages, shelters opened for practice, what shelters reported. That it took place and its score stay.
package import AlertModel
internal import ChannelKit
package import Foundation
internal import Ledger
internal import Synchronization

package struct Drill: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable {
        case planned, running, over, erased
    }
    /// Who did a step, and when.
    package struct Mark: Sendable, Hashable, Codable {
        package var by: String
        package var at: Date
    }

    package let id: String
    package let town: String
    package var title: String
    /// What is to be practised, in the planner's words.
    package var note: String?
    /// When it is to begin.
    package var at: Date?
    package var planned: Mark
    package var begun, ended, erased: Mark?
    package var score: DrillScore?

    package var state: State { erased != nil ? .erased : ended != nil ? .over : begun != nil ? .running : .planned }
}

/// How a drill went, made of the record: a value, and of the same record the same value.
package struct DrillScore: Sendable, Hashable, Codable {
    package struct Alert: Sendable, Hashable, Codable {
        package var id, title, by: String
        package var at: Date
        package var asked, delivered: Int
        /// Milliseconds from the decision to the first far end's yes, and until 95 of 100 had it; nil where so many never had.
        package var first_ms, to_95_percent_ms: Int?
    }
    package struct Place: Sendable, Hashable, Codable {
        package var channel, endpoint, name, why: String
    }

    package var alerts: [Alert] = []
    /// Far ends asked, over all alerts, and those that had it.
    package var asked = 0, delivered = 0
    package var first_ms, to_95_percent_ms, last_ms: Int?
    /// From the decision to the first receipt of a device; and devices that said they have, show, or were touched.
    package var first_device_ms: Int?
    package var reached = 0, shown = 0, touched = 0
    /// Far ends that never had one of the alerts, and devices that never said a word, of those that are registered.
    package var never: [Place] = []
    package var silent: [Place] = []
    /// Deliveries that never came to a yes and were not overtaken by a newer word.
    package var misses = 0
    /// The same words of the same event a second time at the same far end.
    package var doubles = 0

    package init() {}
}

/// What a score is made of.
struct DrillRecord {
    var alerts: [RecordedAlert] = []
    var rows: [DeliveryRow] = []
    var receipts: [RecordedReceipt] = []
    /// The words of each alert, by the far end that heard them.
    var words: [AlertID: [String: String]] = [:]
    /// Far ends' names by `channel/id`, and registered devices: id, site, name.
    var names: [String: String] = [:]
    var devices: [(id: String, site: String, name: String, channel: String)] = []

    func score() -> DrillScore {
        var score = DrillScore()
        let byAlert = Dictionary(grouping: rows.filter(\.delivery.isSend), by: \.alert)
        var all: [Int] = [], failed: [String: String] = [:], told: Set<String> = []
        for alert in alerts.sorted(by: { ($0.accepted, $0.content.id.text) < ($1.accepted, $1.content.id.text) }) {
            let sends = byAlert[alert.content.id] ?? []
            guard !sends.isEmpty else { continue }
            let times = sends.compactMap(Self.time).sorted()
            all += times
            score.alerts.append(.init(
                id: alert.content.id.text, title: alert.content.title, by: alert.actor, at: alert.accepted, asked: sends.count, delivered: times.count,
                first_ms: times.first, to_95_percent_ms: Self.share(times, of: sends.count)))
            for row in sends {
                let place = "\(row.delivery.channel)/\(row.delivery.endpoint)"
                if !Self.isFine(row.state) { failed[place] = row.detail ?? row.state.rawValue }
                guard row.state == .delivered, row.delivery.reason != "no-news", let words = words[alert.content.id]?[place] else { continue }
                if !told.insert("\(place) \(row.event.text) \(alert.content.message.rawValue) \(words)").inserted { score.doubles += 1 }
            }
            score.misses += sends.count { !Self.isFine($0.state) }
        }
        all.sort()
        score.asked = score.alerts.map(\.asked).reduce(0, +)
        score.delivered = all.count
        (score.first_ms, score.to_95_percent_ms, score.last_ms) = (all.first, Self.share(all, of: score.asked), all.last)
        score.never = failed.sorted { $0.key < $1.key }.map { place($0.key, why: $0.value) }
        take(receipts: &score)
        return score
    }

    private func take(receipts score: inout DrillScore) {
        let accepted = Dictionary(alerts.map { ($0.content.id, $0.accepted) }, uniquingKeysWith: { first, _ in first })
        score.first_device_ms = receipts.compactMap { receipt in accepted[receipt.alert].map { Self.milliseconds($0, receipt.received) } }.min()
        score.reached = receipts.count { $0.reach == .reached }
        score.shown = receipts.count { $0.reach == .shown }
        score.touched = receipts.count { $0.reach == .touched }
        let heard = Set(receipts.map(\.device)), asked = Set(rows.filter(\.delivery.isSend).map { "\($0.delivery.channel)/\($0.delivery.endpoint)" })
        score.silent = devices.filter { asked.contains("\($0.channel)/\($0.site)") && !heard.contains($0.id) }.sorted { ($0.site, $0.id) < ($1.site, $1.id) }.map {
            .init(channel: $0.channel, endpoint: $0.site, name: $0.name, why: "端末から一度も返事がありません (the device never said a word)")
        }
    }

    private func place(_ key: String, why: String) -> DrillScore.Place {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return .init(channel: parts.first ?? "", endpoint: parts.count > 1 ? parts[1] : "", name: names[key] ?? "", why: why)
    }

    /// A newer word took its place, or it was taken back before it went out: nobody missed anything.
    private static func isFine(_ state: DeliveryState) -> Bool { [.delivered, .superseded, .annulled].contains(state) }

    private static func time(_ row: DeliveryRow) -> Int? { row.state == .delivered ? row.settled.map { milliseconds(row.offered, $0) } : nil }

    private static func milliseconds(_ from: Date, _ to: Date) -> Int { max(0, Int((min(to.timeIntervalSince(from), 1e9) * 1000).rounded())) }

    /// Ascending times; the one within which 95 of 100 that were asked had it.
    private static func share(_ times: [Int], of asked: Int) -> Int? {
        let needed = max(1, (asked * 95 + 99) / 100)
        return asked > 0 && needed <= times.count ? times[needed - 1] : nil
    }
}

/// The drills of all towns, kept beside the record.
package final class DrillBook: Sendable {
    private let notebook: any Notebook
    private let turn = Mutex(())
    private static let prefix = "drill/"
    /// Of a town; the oldest erased ones give way.
    static let limit = 500

    init(notebook: any Notebook) { self.notebook = notebook }

    /// The newest first.
    package func drills(of town: TownID) -> [Drill] {
        notebook.keys(prefix: Self.prefix + town.code + "/").compactMap(read).sorted { ($0.planned.at, $0.id) > ($1.planned.at, $1.id) }
    }

    package func drill(_ id: String, of town: TownID) -> Drill? { read(Self.prefix + town.code + "/" + id) }

    /// Reads, changes and keeps one, with all others of the town before one's eyes, and nobody between.
    func change<Failure: Error>(_ id: String, of town: TownID, _ body: (inout Drill?, [Drill]) throws(Failure) -> Void) throws(Failure) {
        try turn.withLock { _ throws(Failure) in
            let all = drills(of: town)
            var drill = all.first { $0.id == id }
            let isNew = drill == nil
            try body(&drill, all)
            guard let drill, let octets = try? JSONEncoder().encode(drill) else { return }
            notebook.write(Self.prefix + town.code + "/" + id, [UInt8](octets))
            guard isNew, all.count >= Self.limit, let oldest = all.last(where: { $0.state == .erased }) else { return }
            notebook.write(Self.prefix + town.code + "/" + oldest.id, nil)
        }
    }

    private func read(_ key: String) -> Drill? { notebook.read(key).flatMap { try? JSONDecoder().decode(Drill.self, from: Data($0)) } }
}
