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
    /// Tells whether a shape and a town's outline (rings of points) share a place.
    package typealias ShapeTest = @Sendable (Shape, [[Coordinate]]) -> Bool

    let rules: RoutingRules
    let overrides: [TownID: RoutingRules]
    let shapeTest: ShapeTest?

    /// `overrides` are laid over `rules`, town by town. Without `shapeTest` polygons and circles reach nobody and
    /// say so.
    package init(
        rules: RoutingRules = .standard, overrides: [TownID: RoutingRules.Override] = [:],
        shapeTest: ShapeTest? = nil
    ) {
        self.rules = rules
        self.overrides = overrides.mapValues { rules.changed(by: $0) }
        self.shapeTest = shapeTest
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
        var decisions: [Decision] = []
        decisions.reserveCapacity(towns.count * channels.count)
        for town in towns where !town.endpoints.isEmpty {
            let rules = overrides[town.id] ?? self.rules
            let judgement = Judge(content: content, index: index, rules: rules, shapeTest: shapeTest).judge(town)
            for channel in channels {
                append(judgement, content.kind, rules, town, channel, mode, to: &decisions)
            }
        }
        return decisions
    }

    /// What the channel and its far ends make of the town's judgement.
    private func append(
        _ judgement: Judgement, _ kind: AlertKind, _ rules: RoutingRules, _ town: Town, _ channel: ChannelManifest,
        _ mode: ModeName, to decisions: inout [Decision]
    ) {
        let channelSays = Self.objection(of: channel, rules.channels[channel.name], to: judgement, kind)
        var groups: [(reason: Reason, verdict: Verdict, endpoints: [String])] = []
        for endpoint in town.endpoints where endpoint.channel == channel.name {
            let objection = channelSays ?? Self.objection(of: endpoint, channel, to: judgement, kind, mode)
            let reason = objection ?? judgement.reason
            if let group = groups.firstIndex(where: { $0.reason == reason }) {
                groups[group].endpoints.append(endpoint.id)
            } else {
                groups.append((reason, objection == nil ? judgement.verdict : .skip, [endpoint.id]))
            }
        }
        for group in groups {
            decisions.append(Decision(
                town: town.id, channel: channel.name, endpoints: group.endpoints, verdict: group.verdict,
                reason: group.reason, local: judgement.local))
        }
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
        let settings = mode == .actual ? endpoint.actual : endpoint.exercise
        guard let settings else { return .noSide(mode) }
        if kind == .eew, channel.hearsEarthquakeWarningsElsewhere, settings["eew"] != "send" {
            return .carriersSendEEW
        }
        return nil
    }
}
