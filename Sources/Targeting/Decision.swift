/// Who hears an alert, how urgently, and why: one line of the answer.
///
///     alert ──▶ RoutingTable ──▶ [Decision] ──▶ ledger, runners
///
/// A decision not to send is a decision like the others and has its reason; only far ends that do not exist have none.
package import AlertModel

/// What happens to one alert at some far ends of one town and channel.
package struct Decision: Sendable, Hashable {
    package var town: TownID
    package var channel: String
    /// Ids of the far ends, in the order of the settings. One array for the channel where all share a reason.
    package var endpoints: [String]
    package var verdict: Verdict
    package var reason: Reason
    /// The statements of the alert that concern the town, in the bulletin's order.
    package var local: [AreaStatement]
    /// How bad it is for the town, whatever the pace.
    package var gravity: Gravity
    /// The alert says that nothing is in force for the town any more.
    package var isOver: Bool
    package var vantage = Vantage.whole

    package init(
        town: TownID, channel: String, endpoints: [String], verdict: Verdict, reason: Reason,
        local: [AreaStatement] = [], gravity: Gravity = .information, isOver: Bool = false
    ) {
        self.gravity = gravity
        self.isOver = isOver
        self.town = town
        self.channel = channel
        self.endpoints = endpoints
        self.verdict = verdict
        self.reason = reason
        self.local = local
    }
}

package enum Verdict: Sendable, Hashable {
    case send(Priority)
    case skip

    package var priority: Priority? {
        switch self {
        case .send(let priority): priority
        case .skip: nil
        }
    }
}

/// What the rules say about one town, before any channel is asked.
struct Judgement {
    var verdict: Verdict
    var reason: Reason
    var local: [AreaStatement] = []

    static func skip(_ reason: Reason, local: [AreaStatement] = []) -> Judgement {
        Judgement(verdict: .skip, reason: reason, local: local)
    }

    static func send(_ priority: Priority, _ reason: Reason, local: [AreaStatement] = []) -> Judgement {
        Judgement(verdict: .send(priority), reason: reason, local: local)
    }
}
