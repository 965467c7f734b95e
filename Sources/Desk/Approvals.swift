/// The second pair of eyes, with a clock. A value: `now` comes in, and nothing else moves it.
///
///     submitted ──▶ waiting ──▶ approved ──▶ sent
///                     │ ▲ │
///        its time is over │ └──▶ returned, with a reason
///        the next role may too
///
///     break-glass ──▶ sent ──▶ to be looked at afterwards ──▶ reviewed
package import AlertModel
package import Foundation

/// What a town asks for before something real goes out. Machines' alerts ask for nothing.
package enum ApprovalPolicy: Sendable, Hashable {
    case none
    /// One person and this long, in which anybody may stop it.
    case wait(Duration)
    /// Two people.
    case two
}

/// An act that waits for a second person, or did.
package struct WaitingAct: Codable, Sendable {
    package enum Order: Codable, Sendable, Hashable {
        case push([UInt8])
        case cancel(String)
        /// That a new account, or one with a new password, is who it says.
        case confirm(account: String)
        case roles(account: String, [Duty])
        /// Digests of keys for the safe that open nothing yet.
        case safeKeys([String])

        /// Whether something goes out when it is approved.
        package var isSaid: Bool {
            switch self {
            case .push, .cancel: true
            case .confirm, .roles, .safeKeys: false
            }
        }

        func isReplaced(by other: Order) -> Bool {
            switch (self, other) {
            case (.confirm(let one), .confirm(let other)), (.roles(let one, _), .roles(let other, _)): one == other
            case (.safeKeys, .safeKeys): true
            default: false
            }
        }
    }

    package enum State: String, Codable, Sendable {
        case waiting, sent, returned
        /// Sent without a second person; somebody looks at it afterwards.
        case review
        case reviewed
    }

    package var id: String
    package var town: String
    package var act: DeskAct
    /// What people read in a list: the order's kind and districts.
    package var title: String
    package var order: Order
    /// Who submitted it, by name and by credential.
    package var by: String
    package var credential: String
    /// Whose hands he was in then. Nil in what an older program kept.
    var hands: [String]?
    /// Digest of the sender's key and of what it stands for, where there is one.
    package var key: String?
    package var fingerprint: String?
    /// The id it will have when it is sent.
    package var alert: String
    /// What it changes, as that stood when it was submitted.
    package var before: [Act.Step]?
    package var submitted: Date
    /// How long each role has.
    package var patience: TimeInterval
    package var deadline: Date
    /// Goes out by itself at the deadline.
    package var isTimed: Bool
    /// Which of `ApprovalTable.line` it has come to.
    package internal(set) var step = 0
    package internal(set) var state = State.waiting
    package internal(set) var decidedBy: String?
    package internal(set) var decided: Date?
    package var reason: String?
    /// Submitted by another town's people in this town's name.
    package var onBehalf: OnBehalf?

    package init(
        id: String, town: TownID, act: DeskAct, title: String, order: Order, by person: Operator, alert: AlertID, submitted: Date,
        patience: TimeInterval, isTimed: Bool
    ) {
        (self.id, self.town, self.act, self.title, self.order) = (id, town.code, act, title, order)
        (by, credential) = (person.name, person.credential)
        hands = person.hands.sorted()
        self.alert = alert.text
        self.submitted = submitted
        self.patience = patience
        self.isTimed = isTimed
        deadline = submitted.addingTimeInterval(patience)
    }

    /// Credentials of who submitted it.
    package var submitters: [String] { [credential] + (hands ?? []) }

    /// When it is too old to be said yes to: what was true when it was written is not any more.
    package var lapses: Date { submitted.addingTimeInterval(order.isSaid ? 3600 : 7 * 86400) }

    /// Whose turn it is; nil where it goes out by itself.
    package var next: Role? { isTimed ? nil : ApprovalTable.line[min(step, ApprovalTable.line.count - 1)] }
}

package struct ApprovalTable: Sendable {
    /// Whom it comes to, one after another; who had it before keeps it.
    package static let line: [Role] = [.chief, .duty, .prefecture]
    /// Decided ones of a town that are kept, and waiting ones that may be. One town's never stand in another's way.
    static let kept = 200
    package static let mostWaiting = 100
    static let mostOfPeople = 40
    /// To be looked at afterwards, of a town; the oldest go first.
    static let mostToReview = 500

    package private(set) var acts: [String: WaitingAct] = [:]
    private var forgotten: [String] = []

    package init() {}

    package enum Refusal: Error, Sendable, Hashable {
        case notFound
        /// Already decided, by whom.
        case over(String)
        case own
        case notAllowed(Role?)
        case full
    }

    package var waiting: [WaitingAct] { acts.values.filter { $0.state == .waiting }.sorted { ($0.submitted, $0.id) < ($1.submitted, $1.id) } }

    package func under(_ key: String) -> WaitingAct? { acts.values.first { $0.key == key } }

    /// What became of the same order, submitted before.
    package enum Twin: Sendable {
        case none
        case waits(WaitingAct)
        /// Given back: the same order is another one.
        case returned(WaitingAct)
        /// Sent meanwhile: nobody sends it a second time.
        case sent
    }

    /// By its key, or of the same person that waits.
    package func twin(under key: String?, of order: WaitingAct.Order, _ town: TownID, by person: Operator) -> Twin {
        let same = waiting.first { $0.town == town.code && $0.order == order && $0.credential == person.credential }
        guard let act = key.flatMap(under) ?? same else { return .none }
        return switch act.state {
        case .waiting: .waits(act)
        case .returned: .returned(act)
        case .sent, .review, .reviewed: .sent
        }
    }

    /// Its key stands for another sending of the same order from now on.
    package mutating func free(_ id: String) -> WaitingAct? {
        acts[id]?.key = nil
        return acts[id]
    }

    /// - Returns: what it takes the place of: another change of the same account, or older keys.
    @discardableResult
    package mutating func submit(_ act: WaitingAct) throws(Refusal) -> [WaitingAct] {
        var replaced = acts.values.filter { $0.town == act.town && $0.state == .waiting && $0.order.isReplaced(by: act.order) }
        for index in replaced.indices {
            replaced[index].state = .returned
            replaced[index].decided = act.submitted
            replaced[index].reason = "新しいものに替わりました (a newer one took its place)"
            keep(replaced[index])
        }
        let own = acts.values.filter { $0.town == act.town && $0.state == .waiting && $0.order.isSaid == act.order.isSaid }
        // Changes of people never stand in an order's way, nor one person's orders in everybody's.
        let most = act.order.isSaid ? Self.mostWaiting : Self.mostOfPeople
        guard own.count < most, own.count(where: { $0.credential == act.credential }) < most / 2 else { throw .full }
        keep(act)
        return replaced
    }

    /// What was sent without a second person, with the reason.
    package mutating func brokeGlass(_ act: WaitingAct, _ reason: String) {
        var act = act
        act.state = .review
        act.reason = reason
        act.isTimed = false
        keep(act)
    }

    /// It does not go out by itself any more: a person decides.
    package mutating func hold(_ id: String, now: Date) -> WaitingAct? {
        guard var act = acts[id], act.state == .waiting, act.isTimed else { return nil }
        act.isTimed = false
        act.step = Self.line.count - 1
        act.deadline = now.addingTimeInterval(act.patience)
        acts[id] = act
        return act
    }

    package mutating func restore(_ act: WaitingAct, now: Date) {
        var act = act
        // What would have gone out by itself while nothing ran is stale: a person decides.
        if act.state == .waiting, act.isTimed, act.deadline <= now {
            act.isTimed = false
            act.step = Self.line.count - 1
        }
        keep(act)
    }

    /// It went out, and nobody knows any more by whose yes: somebody looks at it.
    package mutating func wasSent(_ id: String) -> WaitingAct? {
        guard var act = acts[id], act.state == .waiting else { return nil }
        act.state = .review
        act.isTimed = false
        act.reason = "送った記録のあとで、ハブが止まりました (the hub stopped just after it was sent)"
        keep(act)
        return act
    }

    private mutating func keep(_ act: WaitingAct) {
        acts[act.id] = act
        let over = acts.values.filter { $0.town == act.town && $0.state != .waiting && $0.state != .review }.sorted { $0.submitted < $1.submitted }
        let review = acts.values.filter { $0.town == act.town && $0.state == .review }.sorted { $0.submitted < $1.submitted }
        // Zero or more, by the line itself.
        for old in over.prefix(max(0, over.count - Self.kept)) + review.prefix(max(0, review.count - Self.mostToReview)) {
            acts[old.id] = nil
            forgotten.append(old.id)
        }
    }

    /// Ids that are to be forgotten beside the record too, since the last time this was asked.
    package mutating func takeForgotten() -> [String] {
        defer { forgotten = [] }
        return forgotten
    }

    /// Whether this person may say yes to it now.
    package func check(_ id: String, _ person: Operator) throws(Refusal) -> WaitingAct {
        guard let act = acts[id], let town = TownID(act.town), person.may(town) else { throw .notFound }
        guard act.state == .waiting || act.state == .review else { throw .over(act.decidedBy ?? "") }
        guard !person.isOne(with: act.by, act.credential, Set(act.hands ?? [])) else { throw .own }
        // Whoever it is about does not say yes to it either.
        switch act.order {
        case .confirm(let name), .roles(let name, _): if person.name == name { throw .own }
        case .push, .cancel, .safeKeys: break
        }
        // What was done by a key from the safe is looked at by somebody with a name.
        if act.state == .review, person.kind == .safe { throw .notAllowed(act.next) }
        let isLater = (act.step > 0 || act.act == .people) && person.may(act.act, .actual, in: town)
        guard person.may(.approve, in: town) || isLater else { throw .notAllowed(act.next) }
        return act
    }

    /// It has gone out, or was looked at afterwards.
    ///
    /// - Parameter isSafe: by a key from the safe: whose hand turned it is looked at afterwards.
    @discardableResult
    package mutating func approved(_ id: String, by name: String, isSafe: Bool = false, now: Date) -> WaitingAct? {
        guard var act = acts[id] else { return nil }
        act.state = act.state == .review ? .reviewed : isSafe ? .review : .sent
        act.decidedBy = name
        act.decided = now
        keep(act)
        return act
    }

    /// Not sent, and why. Who submitted it may take it back too.
    package mutating func giveBack(_ id: String, by person: Operator, reason: String, now: Date) throws(Refusal) -> WaitingAct {
        guard var act = acts[id], let town = TownID(act.town), person.may(town) else { throw .notFound }
        guard act.state == .waiting else { throw .over(act.decidedBy ?? "") }
        if person.name != act.by {
            // Who may send may stop what goes out by itself.
            guard person.may(.approve, in: town) || ((act.step > 0 || act.isTimed) && person.may(act.act, .actual, in: town)) else {
                throw .notAllowed(act.next)
            }
        }
        act.state = .returned
        act.decidedBy = person.name
        act.decided = now
        act.reason = reason
        keep(act)
        return act
    }

    /// What the clock does: what has come to the next role, what goes out by itself now, and what nobody said yes to for so long
    /// that it is not true any more.
    package mutating func tick(_ now: Date) -> (moved: [WaitingAct], due: [WaitingAct], lapsed: [WaitingAct]) {
        var moved: [WaitingAct] = []
        var due: [WaitingAct] = []
        var lapsed: [WaitingAct] = []
        for var act in waiting where act.deadline <= now {
            if !act.isTimed, act.lapses <= now {
                act.state = .returned
                act.decided = now
                act.reason = "だれも承認しないまま古くなりました (nobody answered; too old by now)"
                keep(act)
                lapsed.append(act)
            } else if act.isTimed {
                due.append(act)
            } else if act.step < Self.line.count - 1 {
                act.step += 1
                act.deadline = now.addingTimeInterval(act.patience)
                acts[act.id] = act
                moved.append(act)
            }
        }
        return (moved, due, lapsed)
    }

    /// What changes people waits for people at work, not for a siren.
    package static let peoplePatience: TimeInterval = 3600

    /// How long each role has: by what waits.
    package static func patience(_ content: AlertContent) -> TimeInterval {
        switch content.detail {
        case .evacuation(let order): order.level == .emergency || order.hazard == "津波" ? 60 : 120
        case .shelter, .headquarters: 300
        default: 600
        }
    }
}
