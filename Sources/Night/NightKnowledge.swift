/// What the night knows beside the hub: what was said by whom, told from the words themselves and from nothing that the hub
/// made of them.
import AlertModel
import ChannelKit
import Foundation
import Ledger

struct TownMode: Hashable {
    var town: TownID
    var mode: ModeName
}

/// Which district is under which level, from the words of orders alone, and who said so last.
struct Oracle {
    private struct Word {
        var level: Int?
        /// Whose words these are.
        var act: AlertID?
    }
    private var words: [String: Word] = [:]
    private var touched: [String: AlertID] = [:]
    private var before: [AlertID: [String: Word]] = [:]

    static func name(_ hazard: String, _ district: String) -> String { "\(hazard) \(district)" }

    var levels: [String: Int] { words.compactMapValues(\.level) }

    func districts(_ hazard: String) -> [String] {
        levels.keys.filter { $0.hasPrefix(hazard + " ") }.map { String($0.dropFirst(hazard.count + 1)) }.sorted()
    }

    /// Returns what is wrong with it: it takes back what somebody else has changed since.
    mutating func take(_ content: AlertContent) -> String? {
        guard let act = content.act, case .evacuation(let order) = content.detail else { return nil }
        var changes: [String: Word] = [:]
        var stale: [String] = []
        if let taken = act.takesBack {
            changes = before[taken] ?? [:]
            stale = changes.keys.filter { words[$0]?.act != taken && touched[$0] != taken }.sorted()
        } else if act.change == .ranOut {
            for step in act.steps { changes[Self.name(step.subject.hazard ?? "", step.subject.district ?? "")] = Word() }
        } else {
            for district in order.districts.flatMap({ $0 == "市内全域" ? NightWorld.districts : [$0] }) {
                changes[Self.name(order.hazard, district)] = order.isLifted ? Word() : Word(level: order.level.rawValue, act: content.id)
            }
        }
        before[content.id] = changes.keys.reduce(into: [:]) { $0[$1] = words[$1] ?? Word() }
        for (name, word) in changes {
            words[name] = word
            touched[name] = content.id
        }
        return stale.isEmpty ? nil : "\(content.id) takes \(act.takesBack?.text ?? "") back in \(stale.joined(separator: ", ")), where somebody has spoken since"
    }
}

struct NightKnowledge {
    struct Row {
        var key: FarEndKey
        var event: NightFarEnd.Event
        var content: AlertContent
        var offered: Int
        var run: Int
    }

    var oracle: [TownMode: Oracle] = [:]
    private var sentActs: [TownMode: [AlertID]] = [:]
    /// What each click became.
    var clicks: [String: Set<AlertID>] = [:]
    var rows: [String: Row] = [:]
    var open: [FarEndKey: Set<String>] = [:]
    /// As the log has it: the newest that was delivered of each event.
    var delivered: [FarEndKey: [NightFarEnd.Event: AlertContent]] = [:]
    var modes: [AlertID: ModeName] = [:]
    /// Told, and never written: the power was gone.
    var lost: Set<AlertID> = []

    func acts(_ town: TownID, _ mode: ModeName) -> [AlertID] { sentActs[TownMode(town: town, mode: mode)] ?? [] }
    mutating func sent(_ id: AlertID, _ town: TownID, _ mode: ModeName) {
        let key = TownMode(town: town, mode: mode)
        if sentActs[key]?.contains(id) != true { sentActs[key, default: []].append(id) }
    }

    /// Returns what is wrong with it.
    mutating func record(_ recorded: NightDisk.Recorded, at now: Int) -> String? {
        let (town, alert) = (recorded.town, recorded.alert)
        let stale = oracle[TownMode(town: town, mode: alert.mode), default: Oracle()].take(alert.content)
        if modes[alert.content.id] == nil { modes[alert.content.id] = alert.mode }
        for delivery in alert.deliveries where delivery.isSend {
            let key = FarEndKey(town: town, channel: delivery.channel, endpoint: delivery.endpoint)
            rows[delivery.id.text] = Row(
                key: key, event: .init(mode: alert.mode, event: alert.content.event), content: alert.content, offered: now,
                run: recorded.run)
            open[key, default: []].insert(delivery.id.text)
        }
        return stale
    }

    /// Returns the far end and event of which nothing can be said from now on.
    mutating func step(_ step: RecordedStep) -> Row? {
        guard let row = rows[step.delivery.text] else { return nil }
        if step.state.isEnd { open[row.key]?.remove(step.delivery.text) }
        switch step.state {
        case .delivered:
            let before = delivered[row.key]?[row.event]
            if before.map({ row.content.revision.isNewer(than: $0.revision) }) ?? true {
                delivered[row.key, default: [:]][row.event] = row.content
            }
            return nil
        case .rejected, .expired: return row
        default: return nil
        }
    }

    /// After a kill: what the disk has is what was said. Returns where something may stand of which the hub knows nothing: it
    /// was told before the disk had it, and only its sender can say it again.
    mutating func forgetWhatIsNotOnDisk(_ disk: NightDisk) -> [Row] {
        var unknown: [Row] = []
        for (id, row) in rows where !disk.isDurable(row.content.id, in: row.key.town) {
            lost.insert(row.content.id)
            open[row.key]?.remove(id)
            unknown.append(row)
        }
        for key in oracle.keys {
            var oracle = Oracle()
            for alert in disk.contents(key.town) where alert.mode == key.mode { _ = oracle.take(alert.content) }
            self.oracle[key] = oracle
        }
        return unknown
    }
}
