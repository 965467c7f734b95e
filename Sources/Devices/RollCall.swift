/// 点呼: who of a school is safe, after the ground has shaken or in a drill.
///
///     a teacher opens it ──▶ one tap of each pupil (or of the teacher for him) ──▶ who is missing ──▶ a teacher closes it
///
/// A person's last word counts, by when it was said and not by when it came: a tablet that was cut brings it later. What was said in a drill
/// never counts in a real one, nor the other way. Who said what stays at the school; numbers go up (`RollCount`). It is no record: names and
/// hurts are forgotten a week after it was closed, a drill's a day after.
package import AlertModel
package import FoundationEssentials

package enum RollState: String, Sendable, Codable, CaseIterable {
    case safe, hurt, help
}

package struct RollCall: Sendable, Hashable, Codable {
    package var id: String
    package var mode: ModeName
    package var opened: Date
    /// The tablet it was opened on.
    package var by: String
    package var closed: Date?

    package init(id: String, mode: ModeName, opened: Date, by: String, closed: Date? = nil) {
        (self.id, self.mode, self.opened, self.by, self.closed) = (id, mode, opened, by, closed)
    }

    package var isOpen: Bool { closed == nil }

    /// Seconds before it was opened from which on a word counts: after the first shock pupils tap before their teacher does.
    static let before: TimeInterval = 30 * 60
    static let keptAfter: [ModeName: TimeInterval] = [.actual: 7 * 86400, .exercise: 86400]
    /// One that nobody closed is over by then.
    static let longest: TimeInterval = 3 * 86400

    func counts(_ answer: RollAnswer) -> Bool {
        answer.mode == mode && answer.at >= opened.addingTimeInterval(-Self.before) && answer.at <= (closed ?? .distantFuture).addingTimeInterval(Self.before)
    }

    /// Of two that are known of one place, the one that is before its people: an open one, a real one, the later one.
    func isBefore(_ other: RollCall) -> Bool {
        if isOpen != other.isOpen { return other.isOpen }
        if mode != other.mode, isOpen { return other.mode == .actual }
        return opened < other.opened
    }
}

/// What one person is said to be.
package struct RollAnswer: Sendable, Hashable, Codable {
    /// A device's id; of one without a tablet a plus sign and his name.
    package var who: String
    package var state: RollState
    /// Where he is, in the school's words.
    package var place: String?
    package var mode: ModeName
    /// When it was said, and on which tablet.
    package var at: Date
    package var by: String

    package init(who: String, state: RollState, place: String?, mode: ModeName, at: Date, by: String) {
        (self.who, self.state, self.place, self.mode, self.at, self.by) = (who, state, place, mode, at, by)
    }

    /// Of one without a tablet.
    package var name: String? { who.hasPrefix("+") ? String(who.dropFirst()) : nil }
}

/// What goes up: no name, no class.
package struct RollCount: Sendable, Hashable, Codable {
    package var safe = 0, hurt = 0, help = 0, missing = 0

    package init() {}
    package var known: Int { safe + hurt + help }
    package var all: Int { known + missing }

    mutating func add(_ state: RollState?) {
        switch state {
        case .safe: safe += 1
        case .hurt: hurt += 1
        case .help: help += 1
        case nil: missing += 1
        }
    }
}

/// What a teacher sees.
package struct RollSheet: Sendable {
    package struct Line: Sendable, Hashable {
        package var who, name: String
        package var group: String?
        package var isStaff: Bool
        package var answer: RollAnswer?
    }

    package var call: RollCall?
    /// Who needs somebody first, then who is missing, then who is safe.
    package var lines: [Line]
    package var count: RollCount
    package var version: Int
}

package enum RollFailure: Error, Sendable, Equatable {
    /// A drill is not opened while a real one is.
    case isReal
    case noneOpen
    /// More people without a tablet than a school has.
    case tooMany
}

/// One place's roll-call, as a value.
struct Roll: Sendable {
    /// A person's word in the drill does not take the place of his real one.
    struct Key: Sendable, Hashable {
        var who: String
        var mode: ModeName
    }

    /// People without tablets.
    static let mostNames = 500

    var call: RollCall?
    var answers: [Key: RollAnswer] = [:]
    var version = 0

    /// - Returns: the one that is open now: the same, where one is open already.
    mutating func open(_ new: RollCall) throws(RollFailure) -> RollCall {
        if let call, call.isOpen {
            guard call.mode != new.mode else { return call }
            guard new.mode == .actual else { throw .isReal }
        }
        call = new
        version += 1
        return new
    }

    mutating func close(at now: Date) throws(RollFailure) -> RollCall {
        guard var call, call.isOpen else { throw .noneOpen }
        call.closed = now
        self.call = call
        version += 1
        return call
    }

    /// False: something later is known of him.
    mutating func take(_ answer: RollAnswer) throws(RollFailure) -> Bool {
        let key = Key(who: answer.who, mode: answer.mode)
        if let known = answers[key], known.at > answer.at || known == answer { return false }
        if answers[key] == nil, answer.name != nil {
            guard answers.keys.count(where: { $0.who.hasPrefix("+") }) < Self.mostNames else { throw .tooMany }
        }
        answers[key] = answer
        version += 1
        return true
    }

    /// A call that another machine of the same place knows.
    mutating func learn(_ other: RollCall) -> Bool {
        if let call {
            guard call != other else { return false }
            if call.id == other.id {
                guard call.isOpen, !other.isOpen else { return false }
            } else if !call.isBefore(other) {
                return false
            }
        }
        call = other
        version += 1
        return true
    }

    func answer(of who: String) -> RollAnswer? {
        guard let call else { return nil }
        return answers[Key(who: who, mode: call.mode)].flatMap { call.counts($0) ? $0 : nil }
    }

    func sheet(of people: [Device]) -> RollSheet {
        var (lines, count) = ([RollSheet.Line](), RollCount())
        guard let call else { return RollSheet(call: nil, lines: [], count: count, version: version) }
        for device in people {
            lines.append(.init(who: device.id, name: device.name, group: device.group, isStaff: device.use == .staff, answer: answer(of: device.id)))
        }
        for answer in answers.values where call.counts(answer) {
            guard let name = answer.name else { continue }
            lines.append(.init(who: answer.who, name: name, group: nil, isStaff: false, answer: answer))
        }
        for line in lines { count.add(line.answer?.state) }
        func rank(_ line: RollSheet.Line) -> Int {
            switch line.answer?.state {
            case .help: 0
            case .hurt: 1
            case nil: 2
            case .safe: 3
            }
        }
        lines.sort { (rank($0), $0.group ?? "", $0.name, $0.who) < (rank($1), $1.group ?? "", $1.name, $1.who) }
        return RollSheet(call: call, lines: lines, count: count, version: version)
    }

    /// Forgets what is over: its time is said in `RollCall`.
    /// - Returns: whose words are forgotten, and whether the call is.
    mutating func sweep(now: Date) -> (answers: [RollAnswer], isCallGone: Bool) {
        if let open = call, open.isOpen, now.timeIntervalSince(open.opened) > RollCall.longest { call?.closed = open.opened.addingTimeInterval(RollCall.longest) }
        var isGone = false
        if let closed = call?.closed, let mode = call?.mode, now.timeIntervalSince(closed) > RollCall.keptAfter[mode] ?? 0 {
            call = nil
            isGone = true
        }
        let old = answers.values.filter { answer in
            if let call, call.counts(answer) { return false }
            return now.timeIntervalSince(answer.at) > 86400
        }
        for answer in old { answers[Key(who: answer.who, mode: answer.mode)] = nil }
        if isGone || !old.isEmpty { version += 1 }
        return (old, isGone)
    }
}
