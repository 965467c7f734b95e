/// 代行: agreements between towns, and what their clock knows. Every step is a fact in both towns' logs.
package import AlertModel
package import Desk
internal import Dispatching
internal import Foundation
internal import Ledger
internal import Logging
internal import Targeting

extension Hub {
    /// The same person with what stands in struck towns just now.
    package func able(_ person: Operator) -> Operator {
        pacts.widened(person, now: clock()) { town in towns[town].map { ($0.name, $0.romanName) } }
    }

    /// In one of the towns this person works for.
    package func pact(_ id: String, for person: Operator) throws(PactFailure) -> Pact {
        guard let pact = pacts[id], person.may(pact.giver) || person.may(pact.helper) else {
            throw .notFound("この番号の取り決めはありません：\(PlainText.visible(String(id.prefix(80)))) (no such pact)")
        }
        return pact
    }

    package func propose(_ wish: Pacts.Wish, by person: Operator) async throws(PactFailure) -> Pact {
        for (field, town) in [("giver", wish.giver), ("helper", wish.helper)] where towns[town] == nil {
            throw .invalid("このハブは市町村\(town)を受け持っていません (this hub does not serve town \(town))", field: field)
        }
        let districts = towns[wish.giver]?.districts ?? []
        if let unknown = wish.districts?.first(where: { !districts.contains($0) }) {
            throw .invalid("「\(PlainText.visible(String(unknown.prefix(40))))」は任せる町の地区ではありません (no district of the giver)", field: "districts")
        }
        return try await recorded(pacts.propose(wish, id: "P-\(newID().text)", by: person, now: clock()), .proposed, by: person)
    }

    package func sign(_ id: String, by person: Operator) async throws(PactFailure) -> Pact {
        _ = try pact(id, for: person)
        return try await recorded(pacts.sign(id, by: person, now: clock()), .signed, by: person)
    }

    /// One key, and the second opens. Where the clock turns its own, the first one does.
    package func release(_ id: String, _ mode: ModeName, reason: String, by person: Operator) async throws(PactFailure) -> Pact {
        let pact = try pact(id, for: person)
        let (now, isOpen) = try pacts.turn(id, by: person, mode, reason: reason, clock: await clockReason(pact, mode), now: clock())
        let town = towns[now.helper]?.name ?? now.helper.code
        if isOpen {
            attention.notice(
                .review, Self.subject(now.id, mode), "\(town)による代行（\(mode == .actual ? "本番" : "訓練")）が始まりました。理由：\(reason) (\(town) works in this town's name from now on)",
                from: "desk", of: now.giver, at: clock())
        }
        return try await recorded(now, isOpen ? .released : .key, by: person, mode, reason)
    }

    /// A rehearsal's beginning and end say nothing of what really goes on.
    private static func subject(_ pact: String, _ mode: ModeName) -> String { "\(pact)/\(mode.rawValue)" }

    /// - Parameter mode: which release; nil: both, as far as this person may.
    package func end(_ id: String, _ mode: ModeName?, whole: Bool, reason: String?, by person: Operator) async throws(PactFailure) -> Pact {
        _ = try pact(id, for: person)
        let (ended, modes) = try pacts.end(id, by: person, mode, whole: whole, reason: reason, now: clock())
        for mode in modes { attention.settle(.review, subject: Self.subject(id, mode), of: ended.giver) }
        return try await recorded(ended, .ended, by: person, modes == [.exercise] ? .exercise : nil, reason)
    }

    // MARK: the clock's key

    /// Why the clock turns its key: the giver's desk is silent, *and* the earth shook there or a plan's assumption broke. Nil: it does not. A
    /// drill's clock is asked about the drill.
    package func clockReason(_ pact: Pact, _ mode: ModeName) async -> String? {
        let now = clock()
        guard let last = people.lastUse(in: pact.giver), now.timeIntervalSince(last) >= TimeInterval(pact.silence) * 60 else { return nil }
        let minutes = Int(now.timeIntervalSince(last) / 60)
        let silence = "操作卓が\(minutes)分使われていません"
        let broken = plans.breaks(of: pact.giver)
        if mode == .actual, let id = broken.keys.min() { return "\(silence)。計画の前提「\(plans.plans(of: pact.giver)?.assumptions.first { $0.id == id }?.name ?? id)」が崩れています" }
        guard let quake = await strongQuake(in: pact.giver, mode) else { return nil }
        return "\(silence)。震度\(quake.words)が伝えられています"
    }

    /// 震度6弱 or more, of the last day.
    private func strongQuake(in id: TownID, _ mode: ModeName) async -> Intensity? {
        guard let town = towns[id] else { return nil }
        var query = AlertQuery()
        (query.since, query.limit) = (clock().addingTimeInterval(-86_400), 500)
        let alerts = (try? await ledger.town(id).alerts(query)) ?? []
        let steps = alerts.filter { $0.mode == mode && [.eew, .earthquake].contains($0.content.kind) && $0.content.message != .cancel }
            .flatMap { decisions($0.content, mode, for: town).flatMap(\.local).compactMap { $0.value.flatMap { Intensity(rawValue: $0) } } }
        return steps.filter { $0 >= .sixLower }.max()
    }

    // MARK: what is done in its name

    /// Its sender says for whom it is.
    /// Of several agreements it goes by the one that lends this very act there.
    func signed(_ content: AlertContent, _ mode: ModeName, by person: Operator, in town: Town) -> AlertContent {
        let all = person.helping[town.id] ?? [], act = DeskAct(content.kind), now = clock()
        func lends(_ helper: OnBehalf, in districts: [String]) -> Bool {
            pacts[helper.pact].map { $0.lends(act, mode, in: districts, now) && person.may(act, mode, in: $0.helper) } ?? false
        }
        guard let helper = all.first(where: { lends($0, in: Self.districts(content)) }) ?? all.first(where: { lends($0, in: []) }) ?? all.first else { return content }
        var content = content
        (content.onBehalf, content.sender) = (helper, helper.sender(for: town.name))
        return content
    }

    /// Whether this person's town has ever agreed to do that one's work.
    func isLent(_ town: TownID, to person: Operator) -> Bool { pacts.of(town).contains { $0.giver == town && person.may($0.helper) } }

    /// Not more than was agreed, and not longer.
    func checkPact(_ order: DeskOrder) throws(DeskFailure) {
        guard let helper = order.content.onBehalf else { return }
        guard let pact = pacts[helper.pact], pact.open(order.mode, clock()) != nil else {
            throw .forbidden("代行は終わりました。この町の情報は、もう出せません (the pact's release is over: nothing is said in this town's name any more)")
        }
        guard pact.lends(DeskAct(order.content.kind), order.mode, in: [], clock()) else {
            throw .forbidden("取り決めにないことです：\(DeskAct(order.content.kind).japanese) (an act the pact does not lend)")
        }
        if let other = Self.districts(order.content).first(where: { !pact.covers($0) }) {
            throw .forbidden("取り決めにない地区です：\(other) (a district the pact does not name)")
        }
    }

    private static func districts(_ content: AlertContent) -> [String] {
        if case .evacuation(let wish) = content.detail { wish.districts } else { [] }
    }

    func noteDeed(_ order: DeskOrder, by actor: String) {
        guard let helper = order.content.onBehalf, let giver = order.content.town else { return }
        let now = clock()
        let deed = Pact.Deed(at: now, by: actor, title: order.content.title, alert: order.content.id.text)
        pacts.note(deed, of: helper.pact, order.mode, now: now)
        // The giver's log has the act itself; the helper's says that its people did it.
        noteDown(.pact, "\(towns[giver]?.name ?? giver.code)の名前で「\(order.content.title)」を出しました", about: helper.pact, order.mode, in: helper.town, by: actor)
    }

    private enum Step: String {
        case proposed, signed, key, released, ended
        var words: String {
            switch self {
            case .proposed: "を提案し、自分の町の署名をしました"
            case .signed: "に署名しました"
            case .key: "の鍵を一つ回しました"
            case .released: "を始めました"
            case .ended: "を終えました"
            }
        }
    }

    private func recorded(
        _ pact: Pact, _ step: Step, by person: Operator, _ mode: ModeName? = nil, _ reason: String? = nil
    ) async throws(PactFailure) -> Pact {
        logger.notice("pact \(step.rawValue)", metadata: ["pact": "\(pact.id)", "giver": "\(pact.giver)", "helper": "\(pact.helper)", "by": "\(person.name)"])
        let between = "\(towns[pact.helper]?.name ?? pact.helper.code)による\(towns[pact.giver]?.name ?? pact.giver.code)の代行"
        let words = between + step.words + (reason.map { "。理由：\($0)" } ?? "")
        for town in [pact.giver, pact.helper] { noteDown(.pact, words, about: pact.id, mode ?? .actual, in: town, by: person.actor) }
        do { try await onDisk() } catch { throw .unrecorded("\(error)") }
        return pact
    }
}
