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
    package enum Order: Codable, Sendable {
        case push([UInt8])
        case cancel(String)
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

    package init(
        id: String, town: TownID, act: DeskAct, title: String, order: Order, by person: Operator, alert: AlertID, submitted: Date,
        patience: TimeInterval, isTimed: Bool
    ) {
        (self.id, self.town, self.act, self.title, self.order) = (id, town.code, act, title, order)
        (by, credential) = (person.name, person.credential)
        self.alert = alert.text
        self.submitted = submitted
        self.patience = patience
        self.isTimed = isTimed
        deadline = submitted.addingTimeInterval(patience)
    }

    /// Whose turn it is; nil where it goes out by itself.
    package var next: Role? { isTimed ? nil : ApprovalTable.line[min(step, ApprovalTable.line.count - 1)] }
}

package struct ApprovalTable: Sendable {
    /// Whom it comes to, one after another; who had it before keeps it.
    package static let line: [Role] = [.chief, .duty, .prefecture]
    /// Decided ones that are kept, and waiting ones that may be.
    static let kept = 1000
    package static let mostWaiting = 200

    package private(set) var acts: [String: WaitingAct] = [:]

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

    package mutating func submit(_ act: WaitingAct) throws(Refusal) {
        guard waiting.count < Self.mostWaiting else { throw .full }
        keep(act)
    }

    /// What was sent without a second person, with the reason.
    package mutating func brokeGlass(_ act: WaitingAct, _ reason: String) {
        var act = act
        act.state = .review
        act.reason = reason
        keep(act)
    }

    package mutating func restore(_ act: WaitingAct, now: Date) {
        var act = act
        // What would have gone out by itself while nothing ran is stale: a person decides.
        if act.state == .waiting, act.isTimed, act.deadline <= now {
            act.isTimed = false
            act.step = Self.line.count - 1
        }
        acts[act.id] = act
    }

    private mutating func keep(_ act: WaitingAct) {
        acts[act.id] = act
        let over = acts.values.filter { $0.state != .waiting && $0.state != .review }.sorted { $0.submitted < $1.submitted }
        // Zero or more, by the line itself.
        for old in over.prefix(max(0, over.count - Self.kept)) { acts[old.id] = nil }
    }

    /// Whether this person may say yes to it now.
    package func check(_ id: String, _ person: Operator) throws(Refusal) -> WaitingAct {
        guard let act = acts[id], let town = TownID(act.town), person.may(town) else { throw .notFound }
        guard act.state == .waiting || act.state == .review else { throw .over(act.decidedBy ?? "") }
        guard person.name != act.by, person.credential != act.credential else { throw .own }
        let isLater = act.step > 0 && person.may(act.act, .actual, in: town)
        guard person.may(.approve, in: town) || isLater else { throw .notAllowed(act.next) }
        return act
    }

    /// It has gone out, or was looked at afterwards.
    @discardableResult
    package mutating func approved(_ id: String, by name: String, now: Date) -> WaitingAct? {
        guard var act = acts[id] else { return nil }
        act.state = act.state == .review ? .reviewed : .sent
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

    /// What the clock does: what has come to the next role, and what goes out by itself now.
    package mutating func tick(_ now: Date) -> (moved: [WaitingAct], due: [WaitingAct]) {
        var moved: [WaitingAct] = []
        var due: [WaitingAct] = []
        for var act in waiting where act.deadline <= now {
            if act.isTimed {
                due.append(act)
            } else if act.step < Self.line.count - 1 {
                act.step += 1
                act.deadline = now.addingTimeInterval(act.patience)
                acts[act.id] = act
                moved.append(act)
            }
        }
        return (moved, due)
    }

    /// How long each role has: by what waits.
    package static func patience(_ content: AlertContent) -> TimeInterval {
        switch content.detail {
        case .evacuation(let order): order.level == .emergency || order.hazard == "津波" ? 60 : 120
        case .shelter, .headquarters: 300
        default: 600
        }
    }
}
