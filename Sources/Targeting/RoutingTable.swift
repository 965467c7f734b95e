/// Who hears an alert, how urgently, and why. A pure function of the alert, the town and the rules: no clock, no
/// ledger, no memory of what was sent before.
///
///     content ─▶ index areas ─▶ judge the town by kind ─▶ ask each channel ─▶ [Decision]
///                (once)          (Judgement)               (contract, mode, far end's settings)
///
/// Whether an update changes anything, and where an event had gone when its cancel arrives, is not decided here:
/// a cancel is sent at the pace of its kind, to be narrowed by the ledger to exactly those who got the event.
package import AlertModel
package import ChannelKit

package struct RoutingTable: Sendable {
    let rules: RoutingRules
    let overrides: [TownID: RoutingRules]

    /// `overrides` are laid over `rules`, town by town.
    package init(rules: RoutingRules = .standard, overrides: [TownID: RoutingRules.Override] = [:]) {
        self.rules = rules
        self.overrides = overrides.mapValues { rules.changed(by: $0) }
    }

    /// One decision for each channel and reason; none for a channel the town has no far end of.
    package func decide(
        _ content: AlertContent, for town: Town, channels: [ChannelManifest], mode: ModeName
    ) -> [Decision] {
        decide(content, towns: [town], channels: channels, mode: mode)
    }

    /// The same for many towns, in their order. The areas are sorted once.
    package func decide(
        _ content: AlertContent, towns: [Town], channels: [ChannelManifest], mode: ModeName
    ) -> [Decision] {
        let index = AreaIndex(content.areas)
        let common = Judge(content: content, index: index, rules: rules)
        var decisions: [Decision] = []
        decisions.reserveCapacity(towns.count * channels.count)
        for town in towns where !town.endpoints.isEmpty {
            let own = overrides[town.id].map { Judge(content: content, index: index, rules: $0) }
            let judgement = (own ?? common).judge(town)
            let gravity = (own ?? common).gravity(judgement)
            for channel in channels {
                append(judgement, gravity, content, own?.rules ?? rules, town, channel, mode, to: &decisions)
            }
        }
        return decisions
    }

    /// What the channel and its far ends make of the town's judgement.
    private func append(
        _ judgement: Judgement, _ gravity: (gravity: Gravity, isOver: Bool), _ content: AlertContent, _ rules: RoutingRules,
        _ town: Town, _ channel: ChannelManifest, _ mode: ModeName, to decisions: inout [Decision]
    ) {
        let rule = rules.rule(for: channel)
        let channelSays = Self.objection(of: channel, rule, to: judgement, content.kind)
        let first = decisions.count
        for endpoint in town.endpoints where endpoint.channel == channel.name {
            let objection = channelSays ?? Self.objection(of: endpoint, channel, to: judgement, content.kind, mode)
            let place = DistrictScope(content, at: endpoint, allHearAll: rule?.districts == .all)
            let reason = objection ?? place?.reason ?? judgement.reason
            let vantage = place?.vantage ?? .whole
            if let group = decisions[first...].firstIndex(where: { $0.reason == reason && $0.vantage == vantage }) {
                decisions[group].endpoints.append(endpoint.id)
            } else {
                var decision = Decision(
                    town: town.id, channel: channel.name, endpoints: [endpoint.id],
                    verdict: objection == nil ? place?.verdict(judgement.verdict) ?? judgement.verdict : .skip, reason: reason,
                    local: judgement.local, gravity: place?.gravity ?? gravity.gravity, isOver: gravity.isOver)
                decision.vantage = vantage
                decisions.append(decision)
            }
        }
    }

    /// Whether a channel may speak of this kind at all, in the town or elsewhere.
    package func permits(_ kind: AlertKind, on channel: ChannelManifest) -> Bool {
        channel.kinds?.contains(kind) != false && rules.rule(for: channel)?.kinds?.contains(kind) != false
    }

    private static func objection(
        of channel: ChannelManifest, _ rule: RoutingRules.ChannelRule?, to judgement: Judgement, _ kind: AlertKind
    ) -> Reason? {
        guard let priority = judgement.verdict.priority, let rule else { return nil }
        if let kinds = rule.kinds, !kinds.contains(kind) { return .notPermittedSubject }
        guard let slowest = rule.slowest?.priority, priority > slowest else { return nil }
        switch judgement.reason {
        case .lifted, .cancelFollowsEvent: return nil
        default: return .tooSlightForChannel(priority)
        }
    }

    private static func objection(
        of endpoint: Endpoint, _ channel: ChannelManifest, to judgement: Judgement, _ kind: AlertKind, _ mode: ModeName
    ) -> Reason? {
        guard judgement.verdict != .skip else { return nil }
        if let kinds = channel.kinds, !kinds.contains(kind) { return .notPermittedSubject }
        let settings = mode == .actual ? endpoint.actual : endpoint.exercise
        guard let settings else { return .noSide(mode) }
        if kind == .eew, channel.hearsEarthquakeWarningsElsewhere, settings["eew"] != "send" {
            return .carriersSendEEW
        }
        return nil
    }
}
