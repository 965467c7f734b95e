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
    /// The end of the one before it: what was said until then was said to that one.
    var after: Date?

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
        answer.mode == mode && answer.at >= opened.addingTimeInterval(-Self.before) && answer.at > after ?? .distantPast && answer.at <= closed ?? .distantFuture
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
    /// What it is called, where the tablet is no longer one of the place: he does not vanish from the list with it.
    package var label: String?
    /// Of this word and of those before it, the newest last: the same told again, late, is no newer word.
    var ids: [String]

    package init(who: String, state: RollState, place: String?, mode: ModeName, at: Date, by: String, label: String? = nil, id: String) {
        (self.who, self.state, self.place, self.mode, self.at, self.by, self.label) = (who, state, place, mode, at, by, label)
        ids = [id]
    }

    package var id: String { ids.last ?? "" }

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
    /// By class and name: who stands where does not change with what is said.
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

    /// People without tablets, of each mode.
    static let mostNames = 500
    /// Words of one person whose ids are remembered, and roll-calls that are over.
    static let mostIDs = 16, mostEnded = 16

    var call: RollCall?
    var answers: [Key: RollAnswer] = [:]
    /// What was said after the end: the next one's, if it is opened soon, and no change of what is over.
    var next: [Key: RollAnswer] = [:]
    /// Ids of those that are over, the newest last: a machine that was cut does not bring one back.
    var ended: [String] = []
    var version = 0

    /// The latest that is known here.
    private var latest: Date { max(call?.opened ?? .distantPast, call?.closed ?? .distantPast, newest) }
    /// The time here. A clock that has stepped back makes nothing older than what was done before it, nor of the same moment: the word
    /// after the end is after the end.
    func moment(_ now: Date) -> Date { max(now, latest.addingTimeInterval(0.001)) }
    /// Of all words.
    private(set) var newest = Date.distantPast

    /// - Returns: the one that is open now: the same, where one is open already.
    mutating func open(_ new: RollCall) throws(RollFailure) -> RollCall {
        if let call, call.isOpen {
            guard call.mode != new.mode else { return call }
            guard new.mode == .actual else { throw .isReal }
            end(call.id)
        }
        var new = new
        if let call, call.mode == new.mode { new.after = call.closed }
        begin(new)
        return new
    }

    /// What was said since the one before it is said to this one.
    private mutating func begin(_ new: RollCall) {
        call = new
        answers.merge(next) { $1 }
        next = [:]
        version += 1
    }

    private mutating func end(_ id: String) {
        guard !ended.contains(id) else { return }
        ended = Array((ended + [id]).suffix(Self.mostEnded))
    }

    /// What another machine of the place knows to be over.
    mutating func learn(ended others: [String], at now: Date) -> Bool {
        for id in others { end(id) }
        guard let call, call.isOpen, ended.contains(call.id) else { return false }
        self.call?.closed = now
        version += 1
        return true
    }

    /// - Parameter id: nil: whichever is open.
    mutating func close(_ id: String?, at now: Date) throws(RollFailure) -> RollCall {
        guard var call, call.isOpen, id == nil || id == call.id else { throw .noneOpen }
        call.closed = max(now, call.opened)
        end(call.id)
        self.call = call
        version += 1
        return call
    }

    /// What became of a word.
    enum Taken: Sendable {
        /// Something later is known of him, or it is this very word.
        case known
        case now(RollAnswer)
        /// Said after the end.
        case next(RollAnswer)
    }

    mutating func take(_ answer: RollAnswer) throws(RollFailure) -> Taken {
        let key = Key(who: answer.who, mode: answer.mode)
        var answer = answer
        // Whoever calls for help while he is asked is heard, whatever his tablet's clock says.
        if let call, call.isOpen, call.mode == answer.mode, answer.state != .safe { answer.at = max(answer.at, call.opened) }
        let isNext = call.map { $0.mode == answer.mode && answer.at > $0.closed ?? .distantFuture } ?? false
        for known in [answers[key], next[key]].compactMap({ $0 }) {
            guard known.at <= answer.at, !known.ids.contains(answer.id) else { return .known }
        }
        let known = isNext ? next[key] : answers[key]
        if let known { answer.ids = Array((known.ids + answer.ids).suffix(Self.mostIDs)) }
        if known == nil, answer.name != nil {
            let names = (isNext ? next : answers).keys.count { $0.who.hasPrefix("+") && $0.mode == answer.mode }
            guard names < Self.mostNames else { throw .tooMany }
        }
        remember(answer, isNext: isNext)
        version += 1
        return isNext ? .next(answer) : .now(answer)
    }

    /// As it was kept.
    mutating func remember(_ answer: RollAnswer, isNext: Bool) {
        let key = Key(who: answer.who, mode: answer.mode)
        if isNext { next[key] = answer } else { answers[key] = answer }
        newest = max(newest, answer.at)
    }

    /// A call that another machine of the same place knows.
    mutating func learn(_ other: RollCall) -> Bool {
        // Two machines, two clocks: what is over here is over.
        guard !(ended.contains(other.id) && other.isOpen) else { return false }
        var other = other
        if let call {
            if call.id == other.id {
                guard call.isOpen, !other.isOpen else { return false }
                other.opened = call.opened
                other.after = call.after
            } else {
                guard call.isBefore(other) else { return false }
                if call.mode == other.mode { other.after = call.closed }
                end(call.id)
            }
        }
        if !other.isOpen { end(other.id) }
        guard call?.id == other.id else {
            begin(other)
            return true
        }
        call = other
        version += 1
        return true
    }

    func answer(of who: String) -> RollAnswer? {
        guard let call else { return nil }
        return answers[Key(who: who, mode: call.mode)].flatMap { call.counts($0) ? $0 : nil }
    }

    /// What one person reads of himself: what counts, and while nobody asks the last that he said for real.
    func word(of who: String) -> RollAnswer? {
        if call?.isOpen == true { return answer(of: who) }
        let key = Key(who: who, mode: .actual)
        return next[key] ?? answers[key]
    }

    /// Whether somebody calls for help in what is asked for real now.
    var callsForHelp: Bool {
        guard let call, call.isOpen, call.mode == .actual else { return false }
        return answers.values.contains { $0.state == .help && call.counts($0) }
    }

    func sheet(of people: [Device]) -> RollSheet {
        var (lines, count) = ([RollSheet.Line](), RollCount())
        guard let call else { return RollSheet(call: nil, lines: [], count: count, version: version) }
        for device in people {
            lines.append(.init(who: device.id, name: device.name, group: device.group, isStaff: device.use == .staff, answer: answer(of: device.id)))
        }
        let here = Set(people.map(\.id))
        for answer in answers.values where call.counts(answer) && !here.contains(answer.who) {
            lines.append(.init(who: answer.who, name: answer.name ?? answer.label ?? "—", group: nil, isStaff: false, answer: answer))
        }
        for line in lines { count.add(line.answer?.state) }
        lines.sort { ($0.group ?? "", $0.name, $0.who) < ($1.group ?? "", $1.name, $1.who) }
        return RollSheet(call: call, lines: lines, count: count, version: version)
    }

    /// Forgets what is over: its time is said in `RollCall`.
    /// - Returns: the words that are forgotten, and whether the call is.
    mutating func sweep(now: Date) -> (answers: [RollAnswer], next: [RollAnswer], isCallGone: Bool) {
        if let open = call, open.isOpen, now.timeIntervalSince(open.opened) > RollCall.longest {
            call?.closed = open.opened.addingTimeInterval(RollCall.longest)
            end(open.id)
            version += 1
        }
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
        let late = next.values.filter { now.timeIntervalSince($0.at) > 86400 }
        for answer in late { next[Key(who: answer.who, mode: answer.mode)] = nil }
        if isGone || !old.isEmpty { version += 1 }
        return (old, late, isGone)
    }
}
