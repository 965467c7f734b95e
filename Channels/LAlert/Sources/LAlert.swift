/// L-Alert (Lアラート, 公共情報コモンズ): what the town says, to broadcasters, portals and the carriers at once.
///
///     alert ──▶ EvacuationOrder ─┐
///                UrgentMail UMC1 ─┼─▶ turn (one revision of a document at a time) ──▶ normal node ─┐
///                UrgentMail UMC2 ─┘                                               ──▶ backup node ─┴─▶ code
///
/// Documents live on at the far end: `Register` remembers, across restarts, which revision a node may have. PCXML
/// shape as seen in open code; not certified.
public import AlertModel
public import ChannelKit
import TextRules

public struct LAlert<M: Mode>: ChannelAdapter {
    /// `attemptLimit`: a node that is up answers within seconds; SaigaiTask waits 60 s and more between tries, which is
    /// the core's to do. `endpointWindow` 2: an order does not wait behind the town's shelters; revisions of one document
    /// wait for each other in the adapter. `concurrency`: a prefecture's towns share the nodes, eight at once are far
    /// below what they take from 1,700 towns; two are kept for what cannot wait. No limit on texts: they are free text in
    /// ComplementaryInfo, and what goes to phones is measured for each carrier when it is planned.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "l-alert", title: "Lアラート", role: .press, afterSending: .canBeReplaced, drills: .needOwnFarEnd, languages: [.japanese],
            concurrency: 8, reservedForImmediate: 2, endpointWindow: 2, attemptLimit: .seconds(30),
            kinds: [.evacuation, .shelter, .headquarters, .notice], farEndKeys: NodeSettings.keys,
            secretKeys: ["password", "backup_password"], channelKeys: [])
    }

    private let setup: ChannelSetup<M>
    private let turns = Turns()

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { self.setup = setup }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) {
        _ = try NodeSettings(farEnd.settings, mode: M.name)
    }

    /// What every receiver would show: it may not be blank, a drill says so, nothing real looks like a test.
    public static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem] {
        let ours: Set<String> = ["blank", "drill-unmarked", "looks-like-a-test", "says-nothing"]
        return TextRules(titleLimit: .max, bodyLimit: .max, subjects: Set(AlertKind.allCases))
            .problems(in: text, about: content.kind, mode: M.name).filter { ours.contains($0.rule) }
    }

    /// What the carriers that an order rings forbid, by the rules of `TextRules` and each carrier's own limit.
    public static func lint(
        _ text: RenderedText, _ language: Language, in content: AlertContent, at farEnd: FarEnd<M>
    ) -> [TextProblem] {
        guard case .evacuation(let order) = content.detail, !order.isLifted || content.message == .cancel,
              let settings = try? NodeSettings(farEnd.settings, mode: M.name)
        else { return [] }
        return Carrier.problems(in: text, of: settings.carriers, mode: M.name)
    }

    /// Both nodes, without signing in.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings: NodeSettings
        do {
            settings = try NodeSettings(farEnd.settings, mode: M.name)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
        let words = try await setup.transport.reach(settings.normal.url, deadline: deadline)
        guard let backup = settings.backup else { return words }
        do {
            return "通常系 \(words)、予備系 \(try await setup.transport.reach(backup.url, deadline: deadline))"
        } catch {
            throw .unavailable("予備系（backup node）: \(error)")
        }
    }

    public func deliver(
        _ message: Message<M>, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let settings: NodeSettings
        do {
            settings = try NodeSettings(delivery.farEnd.settings, mode: M.name)
        } catch {
            throw .misconfigured("\(delivery.farEnd.id): \(error)")
        }
        let statement = try Statement(message, delivery)
        let register = Register(setup.notebook, delivery.farEnd)
        let turn = "\(delivery.farEnd.town.code)/\(delivery.farEnd.id)/\(register.key(of: statement))"
        guard await turns.take(turn) else { throw .cancelled }
        defer { turns.leave(turn) }
        let plans = register.plan(statement, settings, now: setup.wallClock())
        let nodes = NodePair(
            transport: setup.transport, settings: settings, deadline: delivery.deadline, now: setup.wallClock())
        return try await Self.publish(plans, statement, register, nodes).receipt()
    }

    /// All documents at once: a mail does not wait for a slow answer to the order.
    private static func publish(
        _ plans: [Planned], _ statement: Statement, _ register: Register, _ nodes: NodePair
    ) async -> Outcome {
        await withTaskGroup(of: (Int, Outcome.Part).self) { group in
            for (index, plan) in plans.enumerated() {
                group.addTask { (index, await publish(plan, statement, register, nodes)) }
            }
            var parts: [(Int, Outcome.Part)] = []
            for await part in group { parts.append(part) }
            return Outcome(parts: parts.sorted { $0.0 < $1.0 }.map(\.1))
        }
    }

    /// The note "may be there" is made before the call: a crash in between costs a number, never a revision said twice.
    private static func publish(
        _ plan: Planned, _ statement: Statement, _ register: Register, _ nodes: NodePair
    ) async -> Outcome.Part {
        guard case .publish(let planned) = plan.step else { return Outcome.Part(plan) }
        var document = planned
        document.settle(.unknown)
        register.write(document, plan.key)
        let report = Report(
            statement: statement, settings: nodes.settings, document: planned, documentID: plan.documentID(planned),
            carrier: plan.carrier)
        let reply = await nodes.publish(report.element)
        switch reply {
        case .taken(let words): document.settle(.taken(words))
        case .refused(let words):
            document = planned
            document.settle(.refused(words))
        case .failed(_, mayHold: true): break
        case .failed(_, mayHold: false): document = planned
        }
        register.write(document, plan.key)
        return Outcome.Part(plan, document, reply)
    }
}
