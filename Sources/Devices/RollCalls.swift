/// The roll-calls of all places of this machine: a school's own at its edge, those without an edge at the hub.
package import AlertModel
package import ChannelKit
package import FoundationEssentials
internal import Crypto
internal import Foundation
internal import Synchronization

package final class RollCalls: Sendable {
    /// What an edge says of its school.
    package struct Told: Sendable, Hashable, Codable {
        package var call: RollCall
        package var count: RollCount
        package var at: Date

        package init(call: RollCall, count: RollCount, at: Date) { (self.call, self.count, self.at) = (call, count, at) }
    }

    package struct Summary: Sendable {
        package var site: String
        package var call: RollCall
        package var count: RollCount
        /// When a school's own machine said so; nil: it is counted here.
        package var toldAt: Date?
    }

    private struct State {
        var rolls: [StreamTopic: Roll] = [:]
        var told: [StreamTopic: Told] = [:]
        var swept: Date = .distantPast
    }

    package static let mostNames = Roll.mostNames
    private let notebook: any Notebook
    private let state: Mutex<State>

    package init(notebook: any Notebook) {
        self.notebook = notebook
        var known = State()
        func read<Value: Decodable>(_ kind: String, _ type: Value.Type) -> [(topic: StreamTopic, value: Value)] {
            notebook.keys(prefix: "\(kind)/").compactMap { key in
                let parts = key.split(separator: "/")
                guard parts.count >= 3, let town = TownID(String(parts[1])), let site = String(parts[2]).removingPercentEncoding,
                    let octets = notebook.read(key), let value = try? JSONDecoder().decode(type, from: Data(octets))
                else { return nil }
                return (StreamTopic(town: town, site: site), value)
            }
        }
        for (topic, call) in read("rollcall", RollCall.self) { known.rolls[topic, default: Roll()].call = call }
        for (topic, answer) in read("rollanswer", RollAnswer.self) {
            known.rolls[topic, default: Roll()].remember(answer, isNext: false)
        }
        for (topic, answer) in read("rollnext", RollAnswer.self) { known.rolls[topic, default: Roll()].remember(answer, isNext: true) }
        for (topic, ended) in read("rollended", [String].self) { known.rolls[topic, default: Roll()].ended = ended }
        for (topic, told) in read("rollcount", Told.self) { known.told[topic] = told }
        // A page that was open before the restart asks with the version it had.
        for topic in known.rolls.keys { known.rolls[topic]?.version = Int(Date().timeIntervalSince1970 * 1000) }
        state = Mutex(known)
    }

    // MARK: what teachers and pupils do

    package func open(_ call: RollCall, at topic: StreamTopic) throws(RollFailure) -> RollCall {
        try change(topic, now: call.opened) { roll throws(RollFailure) in try roll.open(call) }
    }

    /// - Parameter id: nil: whichever is open.
    package func close(_ id: String?, at topic: StreamTopic, now: Date) throws(RollFailure) -> RollCall {
        try change(topic, now: now) { roll throws(RollFailure) in try roll.close(id, at: now) }
    }

    /// The time at a place, whatever its clock does (`Roll.moment`).
    package func moment(_ now: Date, at topic: StreamTopic) -> Date { state.withLock { $0.rolls[topic]?.moment(now) ?? now } }

    package func ended(at topic: StreamTopic) -> [String] { state.withLock { $0.rolls[topic]?.ended ?? [] } }

    /// What another machine of the place was told; what finds no room is left out.
    package func learn(_ answers: [RollAnswer], at topic: StreamTopic, now: Date) {
        change(topic, now: now) { roll in
            for answer in answers { if let taken = try? roll.take(answer) { keep(taken, topic) } }
        }
    }

    package func learn(ended ids: [String], at topic: StreamTopic, now: Date) -> Bool {
        change(topic, now: now) { $0.learn(ended: Array(ids.suffix(Roll.mostEnded)), at: now) }
    }

    package func take(_ answers: [RollAnswer], at topic: StreamTopic, now: Date) throws(RollFailure) {
        try change(topic, now: now) { roll throws(RollFailure) in
            // All of them, or none.
            var all: [Roll.Taken] = []
            for answer in answers { all.append(try roll.take(answer)) }
            for taken in all { keep(taken, topic) }
        }
    }

    // MARK: what is asked

    /// - Parameter people: those of the place who are asked for.
    package func sheet(at topic: StreamTopic, of people: [Device], now: Date) -> RollSheet {
        state.withLock { state in
            sweep(&state, now)
            return (state.rolls[topic] ?? Roll()).sheet(of: people)
        }
    }

    package func call(at topic: StreamTopic, now: Date) -> RollCall? {
        state.withLock { state in
            sweep(&state, now)
            return state.rolls[topic]?.call
        }
    }

    package func word(of who: String, at topic: StreamTopic) -> RollAnswer? { state.withLock { $0.rolls[topic]?.word(of: who) } }

    /// Whether somebody of a place calls for help, here or as its own machine says: looked at after each word, without the list.
    package func callsForHelp(at topic: StreamTopic) -> Bool {
        state.withLock { state in
            if state.rolls[topic]?.callsForHelp == true { return true }
            guard let told = state.told[topic], told.call.isOpen, told.call.mode == .actual, told.count.help > 0 else { return false }
            // What is over here is over.
            return state.rolls[topic]?.ended.contains(told.call.id) != true
        }
    }

    /// The places of all towns where one is open.
    package var open: [StreamTopic] { state.withLock { $0.rolls.filter { $0.value.call?.isOpen == true }.map(\.key) } }

    /// Everything said at a place of what counts now.
    package func answers(at topic: StreamTopic) -> [RollAnswer] {
        state.withLock { state in
            guard let roll = state.rolls[topic], let call = roll.call else { return [] }
            return roll.answers.values.filter { call.counts($0) }.sorted { ($0.at, $0.who) < ($1.at, $1.who) }
        }
    }

    /// Numbers alone. A school with a machine of its own knows more than is told here: its tablets speak to it first.
    package func summaries(of town: TownID, people: (String) -> [Device], now: Date) -> [Summary] {
        state.withLock { state in
            sweep(&state, now)
            let sites = Set(state.rolls.filter { $0.key.town == town && $0.value.call != nil }.map(\.key.site)).union(state.told.keys.filter { $0.town == town }.map(\.site))
            return sites.sorted().compactMap { site in
                let topic = StreamTopic(town: town, site: site), roll = state.rolls[topic] ?? Roll()
                if let told = state.told[topic], roll.call.map({ !told.call.isBefore($0) || told.call.id == $0.id }) ?? true {
                    // Who called for help at the hub itself is not hidden by what the school's machine has not heard yet.
                    var (call, count) = (told.call, told.count)
                    let more = roll.sheet(of: people(site)).count.help - count.help
                    if more > 0 { (count.help, count.missing) = (count.help + more, max(0, count.missing - more)) }
                    if let own = roll.call, own.id == call.id, !own.isOpen { call = own }
                    return Summary(site: site, call: call, count: count, toldAt: told.at)
                }
                return roll.call.map { Summary(site: site, call: $0, count: roll.sheet(of: people(site)).count, toldAt: nil) }
            }
        }
    }

    // MARK: between a school's machine and its hub

    /// - Returns: true where it is news here.
    package func learn(_ call: RollCall, at topic: StreamTopic, now: Date) -> Bool {
        change(topic, now: now) { $0.learn(call) }
    }

    package func take(_ told: Told, of topic: StreamTopic) {
        state.withLock { state in
            guard state.told[topic] != told else { return }
            state.told[topic] = told
            write(key("rollcount", topic), told)
        }
    }

    // MARK: keeping

    private func change<Value, Failure: Error>(
        _ topic: StreamTopic, now: Date, _ body: (inout Roll) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try state.withLock { state throws(Failure) in
            sweep(&state, now)
            var roll = state.rolls[topic] ?? Roll(version: Int(now.timeIntervalSince1970 * 1000))
            let (before, ended, next) = (roll.call, roll.ended, roll.next)
            let value = try body(&roll)
            state.rolls[topic] = roll
            // They are the new one's.
            for (name, answer) in next where roll.next[name] == nil {
                notebook.write(key("rollnext", topic, answer), nil)
                if let own = roll.answers[name] { write(key("rollanswer", topic, own), own) }
            }
            if roll.ended != ended { write(key("rollended", topic), roll.ended) }
            if let call = roll.call, call != before { write(key("rollcall", topic), call) }
            return value
        }
    }

    /// At most once in ten minutes.
    private func sweep(_ state: inout State, _ now: Date) {
        guard abs(now.timeIntervalSince(state.swept)) >= 600 else { return }
        state.swept = now
        for topic in Array(state.rolls.keys) {
            let before = state.rolls[topic]?.call
            guard let gone = state.rolls[topic]?.sweep(now: now) else { continue }
            for answer in gone.answers { notebook.write(key("rollanswer", topic, answer), nil) }
            for answer in gone.next { notebook.write(key("rollnext", topic, answer), nil) }
            if gone.isCallGone {
                notebook.write(key("rollcall", topic), nil)
                notebook.write(key("rollended", topic), nil)
                state.rolls[topic]?.ended = []
            } else if let call = state.rolls[topic]?.call, call != before {
                write(key("rollcall", topic), call)
            }
        }
        for (topic, told) in state.told {
            let over = told.call.closed ?? told.call.opened.addingTimeInterval(RollCall.longest)
            guard now.timeIntervalSince(over) > RollCall.keptAfter[told.call.mode] ?? 0 else { continue }
            state.told[topic] = nil
            notebook.write(key("rollcount", topic), nil)
        }
    }

    private func key(_ kind: String, _ topic: StreamTopic) -> String {
        "\(kind)/\(topic.town.code)/\(topic.site.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? topic.site)"
    }

    /// A name is not written into a key.
    private func key(_ kind: String, _ topic: StreamTopic, _ answer: RollAnswer) -> String {
        key(kind, topic) + "/\(answer.mode.rawValue)/" + (answer.name == nil ? answer.who : "+" + DeviceRegister.digest(answer.who).prefix(24))
    }

    private func keep(_ taken: Roll.Taken, _ topic: StreamTopic) {
        switch taken {
        case .known: break
        case .now(let answer): write(key("rollanswer", topic, answer), answer)
        case .next(let answer): write(key("rollnext", topic, answer), answer)
        }
    }

    private func write(_ key: String, _ value: some Encodable) {
        guard let octets = try? JSONEncoder().encode(value) else { return }
        notebook.write(key, [UInt8](octets))
    }
}
