/// 代行: an agreement, made in peacetime, that one town's people may do a struck town's work in its name. Nobody's data moves and nobody gets
/// an account: for some hours some of the helper's rights stand in the giver's town as well, and every text says so.
///
///     proposed ──other side signs──▶ signed ──first key──▶ (waits an hour) ──second key, of another party──▶ released
///                                      ▲                                                                      │
///                                      └──────── ended: by its clock, by the giver, by the prefecture ────────┘
///
/// Three parties have a key, and two must turn: the giver (whoever may order there, from anywhere), the prefecture, and the clock, which turns
/// when the giver's desk has been silent for long enough *and* the earth shook or a plan's assumption broke. The clock alone opens nothing.
package import AlertModel
package import Foundation

package struct Pact: Codable, Sendable, Hashable {
    package enum Party: String, Codable, Sendable, Hashable, CaseIterable {
        case giver, prefecture, timer

        package var japanese: String {
            switch self {
            case .giver: "任せる町"
            case .prefecture: "県"
            case .timer: "時計"
            }
        }
    }

    package struct Mark: Codable, Sendable, Hashable {
        package var by: String
        package var at: Date
        package var reason: String?
        /// Who that was, whatever he is called. Never shown.
        var credential: String?
        var hands: [String]?

        package init(_ person: Operator, at: Date, reason: String? = nil) {
            (by, self.at, self.reason) = (person.name, at, reason)
            (credential, hands) = (person.credential, person.hands.sorted())
        }

        init(by: String, at: Date, reason: String?) { (self.by, self.at, self.reason) = (by, at, reason) }

        func isOne(with person: Operator) -> Bool { person.isOne(with: by, credential ?? "", Set(hands ?? [])) }
    }

    package struct Key: Codable, Sendable, Hashable {
        package var party: Party
        package var mark: Mark
    }

    /// What was done in the giver's name.
    package struct Deed: Codable, Sendable, Hashable {
        package var at: Date
        package var by, title, alert: String

        package init(at: Date, by: String, title: String, alert: String) { (self.at, self.by, self.title, self.alert) = (at, by, title, alert) }
    }

    package struct Release: Codable, Sendable, Hashable {
        package var mode: ModeName
        package var keys: [Key]
        package var opened, until: Date?
        package var ended: Mark?
        package var deeds: [Deed] = []

        package func isOpen(_ now: Date) -> Bool { opened != nil && ended == nil && (until.map { now < $0 } ?? false) }
        /// A first key waits for the second.
        package func waits(_ now: Date) -> Bool {
            opened == nil && ended == nil && (keys.first.map { now < $0.mark.at.addingTimeInterval(Pact.patience) } ?? false)
        }
    }

    package let id: String
    package let giver, helper: TownID
    package let acts: [DeskAct]
    /// 地区 for which orders may be given; nil: all.
    package let districts: [String]?
    /// How long a release lasts at most, in hours.
    package let hours: Int
    /// So many minutes the giver's desk is silent before the clock turns its key.
    package let silence: Int
    package let until: Date
    package internal(set) var proposed: Mark
    package internal(set) var signed: Mark?
    /// Which of the two is still to sign.
    package let awaited: TownID
    package internal(set) var ended: Mark?
    package internal(set) var releases: [Release] = []

    /// A first key waits so long for the second.
    package static let patience: TimeInterval = 3600
    package static let longestHours = 168
    package static let longestYears = 5
    static let mostReleases = 50, mostDeeds = 2_000

    package enum State: String, Sendable { case proposed, signed, released, ended }

    package func state(_ now: Date) -> State {
        if ended != nil || now >= until { return .ended }
        if releases.contains(where: { $0.isOpen(now) }) { return .released }
        return signed == nil ? .proposed : .signed
    }

    package func open(_ mode: ModeName, _ now: Date) -> Release? { releases.last { $0.mode == mode && $0.isOpen(now) } }

    /// What may stand in another town's name. To hand in bulletins, gauges and people are never among it.
    package static let lendable: [DeskAct] = [.order, .shelter, .notice, .approve, .devices, .read]
}

package enum PactFailure: Error, Sendable {
    case invalid(String, field: String)
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    case unrecorded(String)
}

extension Pact {
    /// The other side's word.
    mutating func sign(_ person: Operator, _ now: Date) throws(PactFailure) {
        guard state(now) == .proposed else { throw .conflict("この代行の取り決めは、署名を待っていません (this pact waits for no signature)") }
        guard person.may(.admin, in: awaited) else { throw .forbidden(person.refusal([.admin])) }
        guard !proposed.isOne(with: person) else {
            throw .conflict("提案した人は、相手の町の署名もできません。相手の町の人が署名してください (the one who proposed it does not sign for the other side)")
        }
        signed = Mark(person, at: now)
    }

    /// Whose key this person turns; nil: none. Whoever is the giver's by an agreement like this one has none.
    package func party(of person: Operator, _ mode: ModeName) -> Party? {
        guard person.helping[giver] == nil else { return nil }
        let there = person.grants.filter { $0.towns?.contains(giver) ?? true }
        if there.contains(where: { $0.role != .prefecture && $0.rights.contains(.order, mode) }) { return .giver }
        return there.contains { $0.role == .prefecture } ? .prefecture : nil
    }

    /// - Parameter clock: why the clock turns its key too; nil: it does not.
    /// - Returns: whether it is open now.
    mutating func turn(_ person: Operator, _ mode: ModeName, reason: String, clock: String?, _ now: Date) throws(PactFailure) -> Bool {
        switch state(now) {
        case .proposed: throw .conflict("まだ両方の町が署名していません (both towns have not signed yet)")
        case .ended: throw .conflict("この代行の取り決めは、終わっています (this pact is over)")
        case .signed, .released: break
        }
        guard open(mode, now) == nil else { throw .conflict("もう代行は始まっています (it is released already)") }
        guard let party = party(of: person, mode) else {
            throw .forbidden("\(person.name)さんは、代行の鍵を持っていません。鍵は、任せる町で避難情報を出せる人と、県が持ちます (the keys are the giver's and the prefecture's)")
        }
        // A key of a drill that was turned in between makes this one no other.
        let waiting = releases.lastIndex { $0.mode == mode && $0.waits(now) }
        var release = waiting.map { releases[$0] } ?? Release(mode: mode, keys: [])
        guard !release.keys.contains(where: { $0.party == party || $0.mark.isOne(with: person) }) else {
            throw .conflict("この鍵は、もう回してあります。あと一つ、別の人の鍵が要ります (this key is turned already: one of another party is needed)")
        }
        release.keys.append(Key(party: party, mark: Mark(person, at: now, reason: reason)))
        if release.keys.count < 2, let clock { release.keys.append(Key(party: .timer, mark: Mark(by: Party.timer.japanese, at: now, reason: clock))) }
        if release.keys.count >= 2 { (release.opened, release.until) = (now, min(until, now.addingTimeInterval(TimeInterval(hours) * 3600))) }
        if let waiting { releases[waiting] = release } else { releases.append(release) }
        forget(mode, now)
        return release.opened != nil
    }

    /// The oldest of its kind that is over goes: however often it is rehearsed, what was really done in the giver's name stays.
    private mutating func forget(_ mode: ModeName, _ now: Date) {
        guard releases.count(where: { $0.mode == mode }) > Self.mostReleases else { return }
        if let oldest = releases.firstIndex(where: { $0.mode == mode && !$0.isOpen(now) && !$0.waits(now) }) { releases.remove(at: oldest) }
    }

    /// The giver's, the prefecture's and the helper's people may, each of the kind they have a key to or orders in; whole: the agreement itself, which its
    /// two sides' keepers may.
    ///
    /// - Parameter mode: whose release, the real one's or the drill's; nil: both, as far as this person may.
    mutating func end(_ person: Operator, _ mode: ModeName?, whole: Bool, reason: String?, _ now: Date) throws(PactFailure) -> [ModeName] {
        guard ended == nil else { throw .conflict("この代行の取り決めは、終わっています (this pact is over)") }
        if whole {
            guard person.may(.admin, in: giver) && person.helping[giver] == nil || person.may(.admin, in: helper) else { throw .forbidden(person.refusal([.admin])) }
            ended = Mark(person, at: now, reason: reason)
            return close(ModeName.allCases, by: person, reason, now)
        }
        let modes = (mode.map { [$0] } ?? ModeName.allCases).filter { mayEnd($0, person) }
        guard !modes.isEmpty else { throw .forbidden(person.refusal(.order, mode ?? .actual)) }
        let closed = close(modes, by: person, reason, now)
        guard !closed.isEmpty else { throw .conflict("代行は始まっていません (it is not released)") }
        return closed
    }

    /// Who may only practise ends no real one; each place of the desk ends its own.
    private func mayEnd(_ mode: ModeName, _ person: Operator) -> Bool {
        (person.place ?? mode) == mode && (party(of: person, mode) != nil || person.may(.order, mode, in: helper))
    }

    private mutating func close(_ modes: [ModeName], by person: Operator, _ reason: String?, _ now: Date) -> [ModeName] {
        var closed: [ModeName] = []
        for index in releases.indices where modes.contains(releases[index].mode) && (releases[index].isOpen(now) || releases[index].waits(now)) {
            releases[index].ended = Mark(person, at: now, reason: reason)
            if !closed.contains(releases[index].mode) { closed.append(releases[index].mode) }
        }
        return closed
    }

    /// What a person may do with it just now. Tried on a copy, so that what is offered is what would be taken.
    package enum Offer: String, Sendable, CaseIterable { case sign, key, end, whole }

    /// - Parameter mode: whose release: the real one's or the drill's.
    package func offers(to person: Operator, _ mode: ModeName, _ now: Date) -> [Offer] {
        func isTaken(_ step: (inout Pact) throws(PactFailure) -> Void) -> Bool {
            var copy = self
            do { try step(&copy) } catch { return false }
            return true
        }
        return Offer.allCases.filter { offer in
            switch offer {
            case .sign: isTaken { (copy: inout Pact) throws(PactFailure) in try copy.sign(person, now) }
            case .key: isTaken { (copy: inout Pact) throws(PactFailure) in _ = try copy.turn(person, mode, reason: "", clock: nil, now) }
            case .end: isTaken { (copy: inout Pact) throws(PactFailure) in _ = try copy.end(person, mode, whole: false, reason: nil, now) }
            case .whole: state(now) != .ended && isTaken { (copy: inout Pact) throws(PactFailure) in _ = try copy.end(person, nil, whole: true, reason: nil, now) }
            }
        }
    }

    /// Whether it lends this act just now, for all these districts.
    package func lends(_ act: DeskAct, _ mode: ModeName, in districts: [String], _ now: Date) -> Bool {
        open(mode, now) != nil && acts.contains(act) && districts.allSatisfy { covers($0) }
    }

    package func covers(_ district: String) -> Bool { districts?.contains(district) ?? true }

    mutating func note(_ deed: Deed, _ mode: ModeName, _ now: Date) {
        guard let index = releases.lastIndex(where: { $0.mode == mode && $0.opened != nil }), releases[index].deeds.count < Self.mostDeeds else { return }
        releases[index].deeds.append(deed)
    }

    /// Of what the helper's person may at home what was agreed, where it is released.
    package func rights(of person: Operator, _ now: Date) -> Rights {
        var all: [Rights] = []
        for mode in ModeName.allCases where open(mode, now) != nil {
            for act in acts {
                switch act {
                case .order, .shelter, .notice: if person.may(act, mode, in: helper) { all.append(Rights(act, [mode])) }
                // What waits for a yes is real, and so are registers: a rehearsal opens none of them.
                case .approve, .devices: if mode == .actual, person.may(act, .actual, in: helper) { all.append(Rights(act)) }
                case .read: if person.may(act, mode, in: helper) { all.append(Rights(act)) }
                case .feed, .watch, .people: break
                }
            }
        }
        return Rights(all)
    }
}
