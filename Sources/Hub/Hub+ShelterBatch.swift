/// Several shelters opened, filled or closed in one act: seventeen at three in the morning are one decision.
///
///     wish ──▶ plan ──▶ parts      one order each, one message: those that open anew together, and those of which one event told
///                 ├───▶ unchanged  it is so already: nobody is told it twice
///                 └───▶ refused    not in the register, or not to be used in what is in force: named, with the reason
///
/// What a person sees before is the plan, on a state of the town that has a version; on another one nothing is sent. Each that goes
/// out, waits or is refused is named in the answer, and the act as a whole is a fact of the town beside each shelter's own.
package import AlertModel
package import Desk
internal import Foundation
internal import Ingest
internal import Ledger
internal import Memories

package struct ShelterBatch: Sendable {
    package static let most = 200

    package var mode: ModeName
    package var state: ShelterNotice.State
    /// Ids of the register, in the order in which they are told.
    package var shelters: [String]
    package var note: String?
    /// The version of the town's standing the person saw.
    package var basedOn: Int?

    package init(mode: ModeName, state: ShelterNotice.State, shelters: [String], note: String? = nil, basedOn: Int? = nil) {
        self.mode = mode
        self.state = state
        self.shelters = shelters
        self.note = note
        self.basedOn = basedOn
    }

    package struct Named: Sendable, Hashable {
        package var id, name: String
        /// Japanese first.
        package var reason: String
    }

    /// What is said as one.
    package struct Part: Sendable {
        package var order: DeskOrder
        package var shelters: [Named]
        let octets: [UInt8]
    }

    package struct Plan: Sendable {
        package var version: Int
        package var parts: [Part] = []
        package var unchanged: [Named] = []
        package var refused: [Named] = []
        /// What a person should look at, and what keeps nothing from going out.
        package var doubtful: [Named] = []
    }

    package struct Sent: Sendable {
        package var id, name: String
        package var pushed: Pushed
    }

    package struct Outcome: Sendable {
        package var sent: [Sent] = []
        package var unchanged: [Named] = []
        package var refused: [Named] = []
    }
}

extension Hub {
    /// What it would do now. Changes nothing.
    /// - Parameter begun: what was begun before under this act's key: nothing is planned for it again.
    package func plan(
        _ wish: ShelterBatch, by person: Operator, in town: Town, begun: Set<String> = []
    ) throws(DeskFailure) -> ShelterBatch.Plan {
        let table = standing(of: town.id, wish.mode)
        if let seen = wish.basedOn, seen != table.version { throw failure(.moved(table.newest), town.id, wish.mode) }
        let hazards = Set(table.orders().compactMap(\.subject.hazard)).sorted()
        var plan = ShelterBatch.Plan(version: table.version)
        var known = begun
        var ready: [(shelter: ShelterBatch.Named, event: EventID?)] = []
        for id in wish.shelters where known.insert(id).inserted {
            let found = town.shelters.first { $0.id == id }
            func named(_ reason: String) -> ShelterBatch.Named { .init(id: id, name: found?.name ?? PlainText.visible(String(id.prefix(60))), reason: reason) }
            guard let shelter = found else {
                plan.refused.append(named("この市町村の避難所にありません (not in the town's register)"))
                continue
            }
            if wish.state == .open, let hazard = hazards.first(where: { shelter.fitness(for: $0) == .unfit }) {
                let note = shelter.note.map { "（\($0.prefix(60))）" } ?? ""
                plan.refused.append(named("\(hazard)のときは使えません\(note)。それでも開くときは、一か所だけ選んで出してください (not fit for the hazard in force by the town's register)"))
                continue
            }
            if let row = table.rows[.shelter(id)], case .shelter(let now) = row.state, now.state == wish.state, now.note == wish.note {
                plan.unchanged.append(named("もう同じ状態です (it is so already)"))
                continue
            }
            if wish.state == .closed, table.rows[.shelter(id)] == nil {
                plan.unchanged.append(named("開いていません (it is not open)"))
                continue
            }
            ready.append((named(""), table.rows[.shelter(id)]?.event))
            if wish.state == .open, let hazard = hazards.first(where: { shelter.fitness(for: $0) != .fit }) {
                plan.doubtful.append(named(
                    shelter.fitness(for: hazard) == .conditional
                        ? "\(hazard)には条件つきです (fit under conditions)" : "\(hazard)に使えるか、名簿では分かりません (the register does not say)"))
            }
        }
        var events: [EventID?] = []
        for (_, event) in ready where !events.contains(event) { events.append(event) }
        for event in events {
            let shelters = ready.filter { $0.event == event }.map(\.shelter)
            do throws(DeskFailure) {
                let octets = try Self.octets(wish, shelters.map(\.id), town.id)
                let order = try read(octets, by: person)
                try check(order)
                plan.parts.append(.init(order: order, shelters: shelters, octets: octets))
            } catch {
                plan.refused += shelters.map { .init(id: $0.id, name: $0.name, reason: error.description) }
            }
        }
        return plan
    }

    private static func octets(_ wish: ShelterBatch, _ shelters: [String], _ town: TownID) throws(DeskFailure) -> [UInt8] {
        var order = OperatorAlert(town: town.code, kind: AlertKind.shelter.rawValue, mode: wish.mode.rawValue)
        (order.shelter, order.shelters) = shelters.count == 1 ? (shelters.first, nil) : (nil, shelters)
        (order.state, order.note) = (wish.state.rawValue, wish.note)
        do { return [UInt8](try JSONEncoder().encode(order)) } catch { throw .conflict("\(error)") }
    }

    /// Sends what is ready, one after the other, and says of each what became of it. The same under the same key is the same act, also
    /// where the hub was killed in the middle of it: what went out is not sent again, the rest is.
    ///
    /// - Parameter key: of the order whose first shelter it is.
    package func push(
        _ wish: ShelterBatch, by person: Operator, in town: Town, id: String, key: (_ shelter: String) -> OrderKey?, breakGlass: String?
    ) async throws(DeskFailure) -> ShelterBatch.Outcome {
        // Sent before under its key: the state is another one by now because of it.
        var begun: [(shelters: [ShelterBatch.Named], octets: [UInt8])] = []
        for id in wish.shelters {
            guard let key = key(id), let all = try await said(under: key, in: town) else { continue }
            begun.append((all, try Self.octets(wish, all.map(\.id), town.id)))
        }
        var asked = wish
        if !begun.isEmpty { asked.basedOn = nil }
        let plan = try plan(asked, by: person, in: town, begun: Set(begun.flatMap(\.shelters).map(\.id)))
        var outcome = ShelterBatch.Outcome(unchanged: plan.unchanged, refused: plan.refused)
        for (shelters, octets) in begun + plan.parts.map({ ($0.shelters, $0.octets) }) {
            do throws(DeskFailure) {
                let pushed = try await push(octets, by: person, key: shelters.first.flatMap { key($0.id) }, breakGlass: breakGlass)
                outcome.sent += shelters.map { .init(id: $0.id, name: $0.name, pushed: pushed) }
            } catch {
                switch error {
                // The disk is the same for all of them: whoever asks again under the same key goes on where it stopped.
                case .unrecorded, .unkept: throw error
                case .invalid, .forbidden, .notFound, .conflict, .changed, .keyIsAnothers:
                    outcome.refused += shelters.map { .init(id: $0.id, name: $0.name, reason: error.description) }
                }
            }
        }
        try await keep(outcome, wish, by: person, in: town.id, id: id)
        return outcome
    }

    /// What went out under this key, in memory or on disk; nil where nothing did.
    private func said(under key: OrderKey, in town: Town) async throws(DeskFailure) -> [ShelterBatch.Named]? {
        guard let (id, order) = orderKeys.begun(key, now: clock()) else { return nil }
        var detail = order?.content.detail
        if detail == nil {
            do { detail = try await alerts([id], of: town.id).first?.content.detail } catch { throw .unkept("\(error)") }
        }
        guard case .shelter(let notice) = detail else { return nil }
        return notice.all.map { .init(id: $0.shelter, name: $0.name, reason: "") }
    }

    /// The act as a whole, beside each shelter's own fact.
    private func keep(_ outcome: ShelterBatch.Outcome, _ wish: ShelterBatch, by person: Operator, in town: TownID, id: String) async throws(DeskFailure) {
        struct Body: Encodable {
            struct Sent: Encodable { var shelter, alert: String; var waits: Bool? }
            struct Refused: Encodable { var shelter, reason: String }
            var state: String
            var sent: [Sent]
            var unchanged: [String]
            var refused: [Refused]
        }
        let body = Body(
            state: wish.state.rawValue,
            sent: outcome.sent.map { .init(shelter: $0.id, alert: $0.pushed.id.text, waits: $0.pushed.approval == nil ? nil : true) },
            unchanged: outcome.unchanged.map(\.id), refused: outcome.refused.map { .init(shelter: $0.id, reason: $0.reason) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let octets = try encoder.encode(body)
            let deed = RecordedDeed(
                id: id, mode: wish.mode, kind: "shelters", subject: wish.state.rawValue, at: clock(), actor: person.actor(in: town), body: String(decoding: octets, as: UTF8.self))
            try await ledger.town(town).append(deed).committed()
        } catch {
            throw outcome.sent.isEmpty ? .unkept("\(error)") : .unrecorded("\(error)")
        }
    }
}
