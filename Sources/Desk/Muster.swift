/// A call-up of the town's own people (職員参集): role by role, round by round, until enough have said that they take it.
///
///     begun ─▶ round 1: 当直 ──pause──▶ round 2: 当直 who are silent, 課長 ──pause──▶ … ─┬▶ enough took it
///                                                                                       ├▶ nobody is left to be called
///                                                                                       └▶ a person ended it
///
/// A value: who is to be called now, and when the next round is, follow from what was done before. Nobody outside is ever called: it knows
/// no far end and no channel.
package import AlertModel
package import Foundation

package struct Muster: Codable, Sendable, Hashable {
    package enum Answer: String, Codable, Sendable, Hashable, CaseIterable {
        case taken, cannot
        /// Rung by hand, and nobody answered: to be called on.
        case noAnswer = "no-answer"

        package var isFinal: Bool { self != .noAnswer }
    }
    package enum Outcome: String, Codable, Sendable, Hashable { case taken, nobody, stopped }

    package struct Call: Codable, Sendable, Hashable {
        package var round: Int
        package var way: StaffWays.Way
        package var at: Date
        /// Why it did not go out; nil: it did.
        package var trouble: String?

        package init(round: Int, way: StaffWays.Way, at: Date, trouble: String?) { (self.round, self.way, self.at, self.trouble) = (round, way, at, trouble) }
    }
    package struct Said: Codable, Sendable, Hashable {
        package var answer: Answer
        package var at: Date
        /// Who noted it at the desk; nil: by his own link.
        package var by: String?
        package var words: String?

        package init(_ answer: Answer, at: Date, by: String?, words: String? = nil) { (self.answer, self.at, self.by, self.words) = (answer, at, by, words) }
    }
    package struct Person: Codable, Sendable, Hashable {
        package var name: String
        package var role: Role
        /// From which round on he is called: 1 for the first role.
        package var step: Int
        package var ways: StaffWays
        /// What his link ends in; nobody else's.
        package var key: String
        package var calls: [Call] = []
        package var said: Said?

        package init(name: String, role: Role, step: Int, ways: StaffWays, key: String) {
            (self.name, self.role, self.step, self.ways, self.key) = (name, role, step, ways, key)
        }

        package var isOpen: Bool { said?.answer.isFinal != true }
    }
    package struct End: Codable, Sendable, Hashable {
        package var outcome: Outcome
        package var at: Date
        package var by: String?

        package init(_ outcome: Outcome, at: Date, by: String?) { (self.outcome, self.at, self.by) = (outcome, at, by) }
    }
    /// One call that is to be made.
    package struct Due: Sendable, Hashable {
        package var person: String
        package var way: StaffWays.Way
        package var round: Int
    }

    /// Seconds between two rounds, rounds, and people that are needed.
    package static let pauses = 60...3600
    package static let mostRounds = 10
    package static let longestWords = 400

    package let id: String
    package let town: String
    package let mode: ModeName
    package let words: String
    package let by: String
    package let begun: Date
    package let roles: [Role]
    package let needed: Int
    package let pause: Int
    package let rounds: Int
    package internal(set) var people: [Person]
    package internal(set) var round = 0
    package internal(set) var next: Date?
    package internal(set) var end: End?

    package init(
        id: String, town: TownID, mode: ModeName, words: String, by: String, begun: Date, roles: [Role], needed: Int, pause: Int, rounds: Int, people: [Person]
    ) {
        (self.id, self.town, self.mode, self.words, self.by, self.begun) = (id, town.code, mode, words, by, begun)
        (self.roles, self.needed, self.pause, self.rounds, self.people) = (roles, needed, pause, rounds, people)
        next = begun
    }

    /// Who has been called up to by now and has not said yes or no.
    private var silent: [Person] { people.filter { $0.step <= round && $0.isOpen } }
    package var takers: [Person] { people.filter { $0.said?.answer == .taken } }

    /// He can say nothing to this round: he has no telephone, or did not answer it, and no call of ours could go out.
    private func isLost(_ person: Person, _ able: Set<StaffWays.Way>) -> Bool {
        let isRung = person.ways.phone == nil || (person.said.map { said in next.map { said.at >= $0.addingTimeInterval(-Double(pause)) } ?? false } ?? false)
        let ways = able.filter { person.ways.address($0) != nil }
        return isRung && ways.allSatisfy { way in person.calls.contains { $0.round == round && $0.way == way && $0.trouble != nil } }
    }

    /// Everybody who was called is lost, and others could be called: they are not kept waiting for nothing.
    private func isVain(_ able: Set<StaffWays.Way>) -> Bool {
        round > 0 && round < rounds && people.contains { $0.isOpen && $0.step > round } && silent.allSatisfy { isLost($0, able) }
    }

    /// Turns the clock: a new round where its time has come or nobody of this one can answer, the end where it has.
    ///
    /// - Parameter able: by what the hub calls by itself.
    package mutating func turn(now: Date, able: Set<StaffWays.Way> = Set(StaffWays.Way.allCases)) {
        guard end == nil else { return }
        if takers.count >= needed { return close(.taken, at: now, by: nil) }
        guard let next, now >= next || isVain(able) else { return }
        // Who said no is not called again.
        guard round < rounds, people.contains(where: \.isOpen) else { return close(.nobody, at: now, by: nil) }
        round += 1
        // Of a role nobody is left, nobody has it, or nobody can be called: the next one is not kept waiting.
        while isVain(able) { round += 1 }
        self.next = now.addingTimeInterval(Double(pause))
    }

    /// Calls of this round that nobody has made yet.
    package func due(_ able: Set<StaffWays.Way>) -> [Due] {
        guard end == nil else { return [] }
        return silent.flatMap { person in
            StaffWays.Way.allCases.filter { able.contains($0) && person.ways.address($0) != nil }.map { Due(person: person.name, way: $0, round: round) }
                .filter { due in !person.calls.contains { $0.round == due.round && $0.way == due.way } }
        }
    }

    package mutating func note(_ call: Call, to name: String) {
        guard let index = people.firstIndex(where: { $0.name == name }) else { return }
        people[index].calls.append(call)
    }

    /// - Returns: false where it changes nothing: nobody of this name, or he has said so before.
    @discardableResult
    package mutating func note(_ said: Said, of name: String) -> Bool {
        guard let index = people.firstIndex(where: { $0.name == name }), people[index].said?.answer != said.answer || !said.answer.isFinal else { return false }
        people[index].said = said
        // Who had taken it cannot after all: it goes on.
        if end?.outcome == .taken, takers.count < needed { (end, next) = (nil, said.at) }
        return true
    }

    package mutating func close(_ outcome: Outcome, at now: Date, by: String?) {
        guard end == nil else { return }
        end = End(outcome, at: now, by: by)
        next = nil
    }

    /// What is told to who is called: never without 訓練 where it is one.
    package func letter(town name: String, link: String) -> (subject: String, body: String) {
        let mark = mode == .exercise ? "【訓練】" : ""
        let time = JapanTime.parts(begun)
        return (
            "\(mark)職員参集 \(name)",
            """
            \(mark)\(name)の職員参集です。引き受けられるかを、すぐに答えてください。
            \(words)

            答えるページ：\(link)

            \(time.month)月\(time.day)日\(time.hour)時\(time.minute)分　\(by)\(mode == .exercise ? "\nこれは訓練です。" : "")
            """
        )
    }
}
