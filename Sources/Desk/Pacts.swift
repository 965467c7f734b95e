/// All agreements of this hub, in the notebook.
package import AlertModel
package import ChannelKit
package import Foundation
internal import Synchronization

/// Name: pacts. Bound: `most`. When it is full no new one is made.
package final class Pacts: Sendable {
    static let most = 2_000
    private static let prefix = "people/pact/"
    private let notebook: any Notebook
    private let all: Mutex<[String: Pact]>

    package init(notebook: any Notebook) {
        self.notebook = notebook
        var known: [String: Pact] = [:]
        for key in notebook.keys(prefix: Self.prefix) {
            guard let octets = notebook.read(key), let pact = try? JSONDecoder().decode(Pact.self, from: Data(octets)) else { continue }
            known[pact.id] = pact
        }
        all = Mutex(known)
    }

    package subscript(id: String) -> Pact? { all.withLock { $0[id] } }

    package func of(_ town: TownID) -> [Pact] {
        all.withLock { $0.values.filter { $0.giver == town || $0.helper == town } }.sorted { ($0.proposed.at, $0.id) < ($1.proposed.at, $1.id) }
    }

    package struct Wish: Sendable {
        package var giver, helper: TownID
        package var acts: [DeskAct]
        package var districts: [String]?
        package var hours, silence: Int
        package var until: Date

        package init(giver: TownID, helper: TownID, acts: [DeskAct], districts: [String]?, hours: Int, silence: Int, until: Date) {
            (self.giver, self.helper, self.acts, self.districts) = (giver, helper, acts, districts)
            (self.hours, self.silence, self.until) = (hours, silence, until)
        }
    }

    /// Written and signed by one side.
    package func propose(_ wish: Wish, id: String, by person: Operator, now: Date) throws(PactFailure) -> Pact {
        guard wish.giver != wish.helper else { throw .invalid("二つの町は、別の町です (two different towns)", field: "helper") }
        let acts = Pact.lendable.filter { wish.acts.contains($0) }
        guard !acts.isEmpty, acts.count == Set(wish.acts).count else {
            throw .invalid("任せられるのは \(Pact.lendable.map(\.rawValue).joined(separator: ", ")) です (what can be lent)", field: "acts")
        }
        guard (1...Pact.longestHours).contains(wish.hours) else { throw .invalid("1〜\(Pact.longestHours)時間です (1 to \(Pact.longestHours) hours)", field: "hours") }
        guard (5...1440).contains(wish.silence) else { throw .invalid("5〜1440分です (5 to 1440 minutes)", field: "silence") }
        guard wish.until > now, wish.until < now.addingTimeInterval(TimeInterval(Pact.longestYears) * 366 * 86_400) else {
            throw .invalid("これから\(Pact.longestYears)年以内の日時です (within \(Pact.longestYears) years from now)", field: "until")
        }
        let sides = [wish.giver, wish.helper].filter { person.may(.admin, in: $0) && person.helping[$0] == nil }
        guard let own = sides.first else { throw .forbidden(person.refusal([.admin])) }
        let pact = Pact(
            id: id, giver: wish.giver, helper: wish.helper, acts: acts, districts: wish.districts, hours: wish.hours, silence: wish.silence, until: wish.until,
            proposed: .init(person, at: now), awaited: own == wish.giver ? wish.helper : wish.giver)
        try all.withLock { all throws(PactFailure) in
            guard all.count < Self.most else { throw .conflict("取り決めが多すぎます (too many pacts)") }
            all[id] = pact
            keep(pact)
        }
        return pact
    }

    package func sign(_ id: String, by person: Operator, now: Date) throws(PactFailure) -> Pact {
        try change(id) { (pact: inout Pact) throws(PactFailure) in try pact.sign(person, now) }.pact
    }

    package func turn(_ id: String, by person: Operator, _ mode: ModeName, reason: String, clock: String?, now: Date) throws(PactFailure) -> (pact: Pact, isOpen: Bool) {
        let (pact, isOpen) = try change(id) { (pact: inout Pact) throws(PactFailure) in try pact.turn(person, mode, reason: reason, clock: clock, now) }
        return (pact, isOpen)
    }

    /// - Parameter mode: which of the two; nil: both, as far as this person may.
    /// - Returns: which were ended.
    package func end(_ id: String, by person: Operator, _ mode: ModeName?, whole: Bool, reason: String?, now: Date) throws(PactFailure) -> (pact: Pact, modes: [ModeName]) {
        let (pact, modes) = try change(id) { (pact: inout Pact) throws(PactFailure) in try pact.end(person, mode, whole: whole, reason: reason, now) }
        return (pact, modes)
    }

    package func note(_ deed: Pact.Deed, of id: String, _ mode: ModeName, now: Date) {
        _ = try? change(id) { pact in pact.note(deed, mode, now) }
    }

    /// The same person with the rights that stand in struck towns just now, and under whose name.
    /// - Parameter names: of a town, for texts.
    package func widened(_ person: Operator, now: Date, names: (TownID) -> (name: String, roman: String)?) -> Operator {
        guard person.kind != .program, !person.isOwner else { return person }
        let open = all.withLock { $0.values.filter { $0.state(now) == .released } }
        guard !open.isEmpty else { return person }
        var able = person
        var real: Set<TownID> = []
        for pact in open.sorted(by: { $0.id < $1.id }) where pact.party(of: person, .actual) == nil && !person.may(.order, .actual, in: pact.giver) {
            let rights = pact.rights(of: person, now)
            guard !rights.isNone, let helper = names(pact.helper) else { continue }
            able.grants.append(.init(towns: [pact.giver], rights: rights))
            able.helping[pact.giver, default: []].append(OnBehalf(pact: pact.id, town: pact.helper, name: helper.name, romanName: helper.roman))
            if pact.open(.actual, now) != nil { real.insert(pact.giver) }
        }
        able.rehearsing = Set(able.helping.keys).subtracting(real)
        return able
    }

    /// Whether what was begun under it may still be done.
    package func isOpen(_ id: String, _ mode: ModeName, now: Date) -> Bool { self[id]?.open(mode, now) != nil }

    private func change<Value>(_ id: String, _ body: (inout Pact) throws(PactFailure) -> Value) throws(PactFailure) -> (pact: Pact, value: Value) {
        try all.withLock { all throws(PactFailure) in
            guard var pact = all[id] else { throw .notFound("この番号の取り決めはありません (no such pact)") }
            let value = try body(&pact)
            all[id] = pact
            keep(pact)
            return (pact, value)
        }
    }

    private func keep(_ pact: Pact) { notebook.write(Self.prefix + pact.id, (try? JSONEncoder().encode(pact)).map { [UInt8]($0) }) }
}
