/// Sorts out the towns that an alert does not concern at all, while the line goes through them.
internal import AlertModel
internal import FoundationEssentials
internal import Ledger
internal import Targeting

struct PassingBy {
    private var groups: [PassedAlert.Group] = []
    private var places: [Key: Int] = [:]

    /// What a group has in common.
    private struct Key: Hashable {
        var channel: String
        var reason: Reason?
        var withheld: String?
    }

    /// True where nobody in the town hears the alert, and for one reason: there is nothing of it in the town's own record.
    mutating func takes(_ town: Town, _ decisions: [Decision], _ tidings: Tidings) -> Bool {
        let withheld: String?
        switch tidings.effect {
        case .ending: return false
        case .withheld(let reason): withheld = reason
        case .news, .again:
            withheld = nil
            guard decisions.allSatisfy({ $0.verdict == .skip && $0.reason == decisions[0].reason }) else { return false }
        }
        if decisions.isEmpty { add(town.id, [], Key(channel: "")) }
        for decision in decisions {
            add(town.id, decision.endpoints, Key(channel: decision.channel, reason: withheld == nil ? decision.reason : nil, withheld: withheld))
        }
        return true
    }

    private mutating func add(_ town: TownID, _ endpoints: [String], _ key: Key) {
        if let place = places[key] {
            groups[place].add(town, endpoints)
        } else {
            places[key] = groups.count
            var group = PassedAlert.Group(
                channel: key.channel, reason: key.withheld.map { _ in "withheld" } ?? key.reason?.code ?? "",
                sentence: key.withheld ?? key.reason?.sentence ?? "")
            group.add(town, endpoints)
            groups.append(group)
        }
    }

    /// Nil where the alert passed nobody by.
    func record(_ content: AlertContent, _ mode: ModeName, accepted: Date, actor: String) -> PassedAlert? {
        groups.isEmpty ? nil : PassedAlert(content: content, mode: mode, accepted: accepted, actor: actor, groups: groups)
    }
}
