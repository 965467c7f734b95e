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
        var isUntold = false

        var code: String { isUntold ? PassingBy.untold.code : withheld.map { _ in "withheld" } ?? reason?.code ?? "" }
        var sentence: String { isUntold ? PassingBy.untold.sentence : withheld ?? reason?.sentence ?? "" }
    }

    /// A cancel follows what it takes back, and so goes to nobody here.
    static let untold = (code: "not-told", sentence: "この町には伝えていない情報の取消 (a cancel of what this town was not told)")

    /// True where nobody in the town hears the alert, and for one reason: there is nothing of it in the town's own record.
    /// - Parameter content: of the cancel of an event that the town was not told of, the stories have to know nothing of it either.
    mutating func takes(_ town: Town, _ decisions: [Decision], _ tidings: Tidings, of content: AlertContent) -> Bool {
        let withheld: String?
        var isUntold = false
        switch tidings.effect {
        case .ending: return false
        case .withheld(let reason): withheld = reason
        // One sea: a cancel ends there what other events said, and a start has to hear of it in the town's own record.
        case .news where content.message == .cancel && content.kind != .tsunami && decisions.allSatisfy { $0.verdict != .skip }:
            (withheld, isUntold) = (nil, true)
        case .news, .again:
            withheld = nil
            guard decisions.allSatisfy({ $0.verdict == .skip && $0.reason == decisions[0].reason }) else { return false }
        }
        if decisions.isEmpty { add(town.id, [], Key(channel: "")) }
        for decision in decisions {
            add(
                town.id, decision.endpoints,
                Key(channel: decision.channel, reason: withheld == nil && !isUntold ? decision.reason : nil, withheld: withheld, isUntold: isUntold))
        }
        return true
    }

    private mutating func add(_ town: TownID, _ endpoints: [String], _ key: Key) {
        if let place = places[key] {
            groups[place].add(town, endpoints)
        } else {
            places[key] = groups.count
            var group = PassedAlert.Group(channel: key.channel, reason: key.code, sentence: key.sentence)
            group.add(town, endpoints)
            groups.append(group)
        }
    }

    /// Nil where the alert passed nobody by.
    func record(_ content: AlertContent, _ mode: ModeName, accepted: Date, actor: String) -> PassedAlert? {
        groups.isEmpty ? nil : PassedAlert(content: content, mode: mode, accepted: accepted, actor: actor, groups: groups)
    }
}
