/// The line an alert walks, in one mode.
///
///     alert ──▶ target ──▶ compose ──▶ record (memory) ──▶ offer ──▶ … runners, at once
///                                          └──▶ committed (disk) ──▶ "accepted"
///
/// Nothing before the offer waits for disk or network. There is one line for what is real and one for drills; they
/// share the ledger and nothing else.
package import AlertModel
package import ChannelKit
package import FoundationEssentials
package import Ledger
package import Logging
package import Rendering
package import Targeting

package final class Line<M: Mode>: Sendable {
    package let channels: [ChannelSlot<M>]
    package let shelters = ShelterBoard<M>()
    package let composer: Composer<M>
    let memory = EventMemory()
    let towns: TownRegister
    let ledger: any Ledger
    let journal: DeliveryJournal
    let logger: Logger
    let clock: @Sendable () -> Date
    /// Moments inside the hub, which no change of the wall clock moves.
    let steady: @Sendable () -> Instant
    private let routing: RoutingTable
    private let slots: [String: ChannelSlot<M>]
    private let manifests: [ChannelManifest]

    package init(
        channels: [ChannelSlot<M>], towns: TownRegister, routing: RoutingTable, renderer: Renderer,
        ledger: any Ledger, journal: DeliveryJournal, logger: Logger, clock: @escaping @Sendable () -> Date = { Date() },
        steady: @escaping @Sendable () -> Instant = { .now }
    ) {
        self.channels = channels
        self.towns = towns
        self.routing = routing
        self.ledger = ledger
        self.journal = journal
        self.logger = logger
        self.clock = clock
        self.steady = steady
        composer = Composer(renderer: renderer, channels: channels)
        slots = Dictionary(channels.map { ($0.manifest.name, $0) }, uniquingKeysWith: { $1 })
        manifests = channels.map(\.manifest)
    }

    /// Sends an alert on its way to every town it concerns. Returns once all of them have it on disk.
    ///
    /// - Parameter tidings: what the alert is to a town, after targeting and before anything is said.
    package func accept(
        _ alert: Alert<M>, actor: String, tidings: (Town, [Decision]) -> Tidings = { _, _ in .news }
    ) async throws {
        for commit in offer(alert, actor: actor, tidings: tidings) { try await commit.committed() }
    }

    /// The same without waiting for the disk: a promise for each town that it will be there.
    package func offer(
        _ alert: Alert<M>, actor: String, tidings: (Town, [Decision]) -> Tidings = { _, _ in .news }
    ) -> [Commit] {
        var commits: [Commit] = []
        var passing = PassingBy()
        var round = Round()
        let accepted = clock()
        shelters.take(alert)
        for (town, decisions, shakes) in inOrder(decisions(alert), alert.content, accepted) {
            let tidings = tidings(town, decisions)
            // A town's own order is the town's, also where none of its far ends hears it.
            if alert.content.town == nil, memory.told(alert.content.event, in: town.id).isEmpty, passing.takes(town, decisions, tidings, of: alert.content) { continue }
            let plan = plan(alert, town, decisions, tidings, shakes)
            let record = RecordedAlert(
                content: alert.content, mode: M.name, accepted: accepted, actor: actor, deliveries: plan.rows, said: plan.said)
            commits.append(ledger.town(town.id).record(record))
            journal.open(record, in: town.id)
            start(plan, of: alert, in: town, &round)
        }
        round.end()
        if let passed = passing.record(alert.content, M.name, accepted: accepted, actor: actor) {
            commits.append(ledger.record(passed))
            journal.open(passed)
        }
        return commits
    }

    /// Every town the alert may concern, with what is decided for it: decided for all of them at once.
    private func decisions(_ alert: Alert<M>) -> [(Town, [Decision])] {
        let all = alert.content.town.map { own in towns[own].map { [$0] } ?? [] } ?? towns.all
        var rest = routing.decide(alert.content, towns: all, channels: manifests, mode: M.name)[...]
        return all.map { town in
            let own = rest.prefix { $0.town == town.id }
            rest = rest.dropFirst(own.count)
            return (town, Array(own))
        }
    }

    /// To write what is said to a town takes longer than to say it: of an early warning the towns are gone through as they shake, where nobody
    /// hears it last. Of everything else in the order of the settings.
    private func inOrder(
        _ towns: [(Town, [Decision])], _ content: AlertContent, _ now: Date
    ) -> [(town: Town, decisions: [Decision], shakes: Int64?)] {
        guard content.kind == .eew, content.message != .cancel else { return towns.map { ($0, $1, nil) } }
        let turns = towns.map { _, decisions -> Int64? in
            guard let heard = decisions.first(where: { $0.verdict != .skip }), let shaking = Shaking(content.kind, heard.local) else { return nil }
            return ShakingOrder.turn(shaking.arrival, at: now)
        }
        let order = towns.indices.sorted { (turns[$0] ?? .max, $0) < (turns[$1] ?? .max, $1) }
        return order.map { (towns[$0].0, towns[$0].1, turns[$0]) }
    }

    private func start(_ plan: Plan, of alert: Alert<M>, in town: Town, _ round: inout Round) {
        memory.remember(alert.content.event, in: town.id, isOwn: alert.content.town != nil, plan.told)
        // What a cancel takes back is what people were woken by, with its time, and not the quiet re-issue after it.
        if !plan.isQuiet { memory.remember(alert.content, in: town.id, local: plan.loads.first?.1.first?.message.local ?? []) }
        for (id, reason) in plan.refused {
            logger.error("text refused before queueing", metadata: [
                "delivery": "\(id)", "reason": "\(reason)",
            ])
            journal.delivery(id, of: town.id, took: .rejected(reason))
        }
        for (channel, loads) in plan.loads {
            guard let runner = slots[channel]?.runner else { continue }
            runner.place(loads, now: steady())
            round.add(runner, loads.count)
        }
        round.passes()
    }

    /// Towns that are offered an alert together, and the channels that do not know it yet.
    ///
    /// Attempts take the threads from the offering, and whoever is offered last would stand behind the attempts of all before it: they
    /// begin when every town has its place in the turns, or the first of them has waited for `longest`.
    private struct Round {
        private static var longest: Duration { .milliseconds(4) }
        private var waiting: [(runner: ChannelRunner<M>, loads: Int)] = []
        private var began = Instant.now

        mutating func add(_ runner: ChannelRunner<M>, _ loads: Int) {
            if waiting.isEmpty { began = .now }
            if let known = waiting.firstIndex(where: { $0.runner === runner }) { waiting[known].loads += loads } else { waiting.append((runner, loads)) }
        }

        mutating func passes() {
            if !waiting.isEmpty, began.duration(to: .now) >= Self.longest { end() }
        }

        /// Who has least to begin is first: a gateway to all phones of a town does not stand behind seventy pages.
        mutating func end() {
            for (runner, _) in waiting.sorted(by: { $0.loads < $1.loads }) { runner.wake() }
            waiting = []
        }
    }

    // MARK: plan

    private struct Plan {
        var rows: [RecordedDelivery] = []
        var loads: [(String, [ChannelRunner<M>.Load])] = []
        var told: [EventMemory.Told] = []
        var refused: [(DeliveryID, String)] = []
        /// Nothing new: pages are made current and nobody is woken.
        var isQuiet = false
        var said: [SaidText] = []
        /// Of an early warning: when its turn is.
        var shakes: Int64?
    }

    private func plan(_ alert: Alert<M>, _ town: Town, _ decisions: [Decision], _ tidings: Tidings, _ shakes: Int64?) -> Plan {
        var plan = Plan()
        plan.shakes = shakes
        switch tidings.effect {
        case .again, .withheld: plan.isQuiet = true
        default: break
        }
        let told = memory.told(alert.content.event, in: town.id)
        for decision in decisions {
            let heard = told.filter { $0.channel == decision.channel && decision.endpoints.contains($0.endpoint) }
            switch (decision.verdict, tidings.effect) {
            case (_, .withheld(let reason)): plan.rows.append(skip(alert, decision, "withheld", reason))
            case (.send, _) where alert.content.message == .cancel, (.skip, .ending) where !heard.isEmpty:
                follow(alert, town, decision, heard, tidings.change, &plan)
            case (.send(let priority), .news), (.send(let priority), .ending):
                send(alert, town, decision, decision.endpoints.map { ($0, priority, false) }, tidings.change, &plan)
            case (.send, .again(let reason)) where showsQuietly(decision.channel):
                // A page shows the newest state without waking anyone again; a hint does nothing but wake.
                var quiet = decision
                quiet.verdict = .send(.routine)
                send(alert, town, quiet, decision.endpoints.map { ($0, .routine, false) }, .unchanged, &plan, quietly: reason)
            case (.send, .again(let reason)):
                plan.rows.append(skip(alert, decision, "no-news", reason))
            case (.skip, _):
                plan.rows.append(skip(alert, decision, decision.reason.code, decision.reason.sentence))
            }
        }
        return plan
    }

    /// A cancel or an end goes to exactly those who were told.
    private func follow(
        _ alert: Alert<M>, _ town: Town, _ decision: Decision, _ heard: [EventMemory.Told], _ change: Change,
        _ plan: inout Plan
    ) {
        guard !heard.isEmpty else {
            return plan.rows.append(skip(alert, decision, PassingBy.untold.code, PassingBy.untold.sentence))
        }
        send(alert, town, decision, heard.map { ($0.endpoint, $0.priority, $0.isFromBefore) }, change, &plan)
        // Refused it, or came to its settings since: the log answers for each far end why it hears nothing.
        var others = decision
        others.endpoints.removeAll { endpoint in heard.contains { $0.endpoint == endpoint } }
        guard !others.endpoints.isEmpty else { return }
        plan.rows.append(skip(alert, others, "not-told", "この送り先には伝わっていない情報の取消 (a cancel of what this far end was not told)"))
    }

    private func skip(_ alert: Alert<M>, _ decision: Decision, _ code: String, _ sentence: String) -> RecordedDelivery {
        RecordedDelivery(
            skipping: alert.content.id, in: decision.town, channel: decision.channel,
            endpoint: decision.endpoints.count == 1 ? decision.endpoints[0] : nil, endpoints: decision.endpoints.count,
            reason: code, sentence: sentence, expires: alert.content.expires)
    }

    private func send(
        _ alert: Alert<M>, _ town: Town, _ decision: Decision, 
        _ ends: [(endpoint: String, priority: Priority, heardBefore: Bool)], _ change: Change, _ plan: inout Plan,
        quietly: String? = nil
    ) {
        let statuses = shelters.statuses(of: town)
        let text = composer.text(
            alert.content, channel: decision.channel, town: town, local: decision.local, shelters: statuses,
            previous: memory.words(alert.content.event, in: town.id), vantage: decision.vantage, now: clock())
        let refusal = text.problems.isEmpty ? nil : text.problems.map { "\($0.rule): \($0.text)" }.joined(separator: "; ")
        let urgency = ends.map(\.priority).min() ?? .background
        let message = Message(
            alert: alert, town: town, priority: urgency, texts: text.texts, local: decision.local, shelters: statuses,
            gravity: decision.gravity, change: decision.vantage.isStanding ? .unchanged : change, isOver: decision.isOver,
            vantage: decision.vantage)
        let expires = deadline(alert.content.expires)
        var loads: [ChannelRunner<M>.Load] = []
        for (endpoint, priority, heardBefore) in ends {
            let id = DeliveryID(alert: alert.content.id, town: town.id, channel: decision.channel, endpoint: endpoint)
            plan.rows.append(RecordedDelivery(
                id: id, channel: decision.channel, endpoint: endpoint, isSend: true, priority: priority,
                reason: quietly == nil ? decision.reason.code : "no-news", sentence: quietly ?? decision.reason.sentence,
                expires: alert.content.expires))
            if let refusal {
                plan.refused.append((id, refusal))
                continue
            }
            guard let farEnd = farEnd(endpoint, decision.channel, town) else {
                plan.refused.append((id, "この送り先は設定にありません (the far end is not in the settings)"))
                continue
            }
            plan.told.append(.init(channel: decision.channel, endpoint: endpoint, priority: priority))
            loads.append(.init(
                parcel: parcel(alert, id, endpoint, town.id, priority, expires: expires, followsHeard: heardBefore, shakes: plan.shakes),
                farEnd: farEnd, message: message))
        }
        guard !loads.isEmpty else { return }
        plan.said.append(SaidText(channel: decision.channel, endpoints: loads.map(\.farEnd.id), texts: text.texts))
        plan.loads.append((decision.channel, loads))
    }

    func farEnd(_ endpoint: String, _ channel: String, _ town: Town) -> FarEnd<M>? {
        town.endpoints.first { $0.id == endpoint && $0.channel == channel }.flatMap { FarEnd<M>($0, of: town.id) }
    }

    func parcel(
        _ alert: Alert<M>, _ id: DeliveryID, _ endpoint: String, _ town: TownID, _ priority: Priority,
        expires: Instant, followsHeard: Bool, shakes: Int64?
    ) -> Parcel {
        Parcel(
            id: id, event: alert.content.event, lane: LaneID(town: town, endpoint: endpoint), priority: priority,
            revision: alert.content.revision, message: alert.content.message, expires: expires, followsHeard: followsHeard, shakes: shakes)
    }

    /// From a wall time to a moment that a clock change does not move.
    func deadline(_ date: Date) -> Instant {
        steady().advanced(by: .seconds(date.timeIntervalSince(clock())))
    }

    /// Lets every far end show that it is there, before the first alert. What fails is logged and nothing else.
    package func prepare() async {
        for town in towns.all { await prepare(town) }
    }

    /// - Parameter ends: those that are new; nil for all of the town.
    package func prepare(_ town: Town, only ends: Set<Endpoint>? = nil) async {
        let statuses = shelters.statuses(of: town)
        for endpoint in town.endpoints where ends?.contains(endpoint) ?? true {
            guard let slot = slots[endpoint.channel], let farEnd = FarEnd<M>(endpoint, of: town.id) else { continue }
            do throws(DeliveryFailure) {
                try await slot.prepare(farEnd, town, statuses)
            } catch {
                logger.warning("far end not prepared", metadata: [
                    "channel": "\(endpoint.channel)", "endpoint": "\(endpoint.id)", "reason": "\(error.words)",
                ])
            }
        }
    }

    // MARK: preview

    /// What would be said, over every channel the town has, and to whom. Sends and records nothing.
    package func preview(_ alert: Alert<M>) -> [(decision: Decision, text: Composer<M>.Text?)] {
        decisions(alert).flatMap { town, decisions in
            decisions.map { decision in
                guard case .send = decision.verdict else { return (decision, nil) }
                let text = composer.text(
                    alert.content, channel: decision.channel, town: town, local: decision.local,
                    shelters: shelters.statuses(of: town), farEnds: decision.endpoints,
                    vantage: decision.vantage)
                return (decision, text)
            }
        }
    }

    package func decisions(_ alert: Alert<M>, for town: Town) -> [Decision] {
        routing.decide(alert.content, for: town, channels: manifests, mode: M.name)
    }

    func slot(_ channel: String) -> ChannelSlot<M>? { slots[channel] }

    /// Who is at the far ends of a channel; nil where there is none of this name.
    package func role(of channel: String) -> ChannelManifest.Role? { slots[channel]?.manifest.role }

    private func showsQuietly(_ channel: String) -> Bool {
        slots[channel].map { $0.manifest.afterSending == .lastStateWins && $0.manifest.role != .hint } ?? false
    }

    /// Whether drills of a channel go to the far ends of real alerts, apart and marked.
    package func showsDrillsApart(on channel: String) -> Bool { slots[channel]?.manifest.drills == .shownApart }
}

/// What an alert is to a town that has been told things before: what is done with it, and what it does to what was said.
package struct Tidings: Sendable, Hashable {
    package enum Effect: Sendable, Hashable {
        case news
        /// The end of what was told, also where targeting would say that it does not concern the town any more.
        case ending
        /// Nothing new: whoever was woken is not woken again. The reason is kept.
        case again(String)
        /// Not to be said here at all: who says it may not. The reason is kept.
        case withheld(String)
    }
    package var effect: Effect
    package var change: Change

    package init(_ effect: Effect, _ change: Change) {
        self.effect = effect
        self.change = change
    }

    package static let news = Tidings(.news, .new)
    package static func news(_ change: Change) -> Tidings { Tidings(.news, change) }
    package static func ending(_ change: Change) -> Tidings { Tidings(.ending, change) }
    package static func again(_ reason: String) -> Tidings { Tidings(.again(reason), .unchanged) }
    package static func withheld(_ reason: String) -> Tidings { Tidings(.withheld(reason), .unchanged) }
}

extension Reason {
    /// Japanese first, the English after it.
    package var sentence: String { "\(japanese) (\(english))" }
}
