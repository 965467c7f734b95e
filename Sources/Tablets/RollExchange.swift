/// What a school's machine and its hub tell each other of a roll-call. Times are said as milliseconds ago: two machines, two clocks.
/// Upwards go numbers; downwards goes what tablets of the same school told the hub, because they were not at school.
package import Devices
package import FoundationEssentials
internal import Foundation
internal import AlertModel
internal import HTTPTypes
package import Serving

/// What a guest of a school's machine said for a roll-call, on its way to the hub and from there to his own school.
package struct PassedAnswer: Codable, Sendable {
    package var id, state: String
    package var place, mode, of, name: String?
    package var elapsed_ms, not_before_ms: Double?

    package init(
        id: String, state: String, place: String? = nil, mode: String? = nil, of: String? = nil, name: String? = nil, elapsed_ms: Double? = nil, not_before_ms: Double? = nil
    ) {
        (self.id, self.state, self.place, self.mode, self.of, self.name) = (id, state, place, mode, of, name)
        (self.elapsed_ms, self.not_before_ms) = (elapsed_ms, not_before_ms)
    }
}

package enum RollExchange {
    package struct Call: Codable, Sendable {
        var id, mode, by: String
        var opened_ms: Double
        var closed_ms: Double?

        init(_ call: RollCall, now: Date) {
            (id, mode, by) = (call.id, call.mode.rawValue, call.by)
            opened_ms = now.timeIntervalSince(call.opened) * 1000
            closed_ms = call.closed.map { now.timeIntervalSince($0) * 1000 }
        }

        func read(now: Date) throws(Problem) -> RollCall {
            guard let mode = ModeName(rawValue: mode), (1...200).contains(id.utf8.count), by.utf8.count <= 400, PlainText.isPlain(id), PlainText.isPlain(by) else {
                throw Problem(.unprocessableContent, "rollcall: id、mode、by のどれかが読めません (id, mode or by cannot be read)")
            }
            func moment(_ ago: Double) -> Date { now.addingTimeInterval(-(ago.isFinite ? min(max(0, ago), 30 * 86_400_000) : 0) / 1000) }
            return RollCall(id: id, mode: mode, opened: moment(opened_ms), by: by, closed: closed_ms.map { moment($0) })
        }
    }

    /// From the school.
    package struct Up: Codable, Sendable {
        package var site: String
        var call: Call?
        var count: RollCount?
        /// Ids of those that are over.
        package var ended: [String]?

        package init(of site: String, _ call: RollCall?, _ count: RollCount, ended: [String], now: Date) {
            self.site = site
            self.ended = ended
            self.call = call.map { Call($0, now: now) }
            self.count = call == nil ? nil : count
        }

        package func read(now: Date) throws(Problem) -> (call: RollCall, count: RollCount)? {
            guard let call else { return nil }
            let count = count ?? RollCount()
            guard [count.safe, count.hurt, count.help, count.missing].allSatisfy({ (0...99_999).contains($0) }) else {
                throw Problem(.unprocessableContent, "count: 人数は0〜99999です (0 to 99999)")
            }
            return (try call.read(now: now), count)
        }
    }

    /// To the school.
    package struct Down: Codable, Sendable {
        struct Answer: Codable, Sendable {
            var who, state, mode, by: String
            var place, label, id: String?
            var at_ms: Double
        }

        var call: Call?
        var answers: [Answer]
        package var ended: [String]?

        package init(_ call: RollCall?, _ answers: [RollAnswer], ended: [String], now: Date) {
            self.ended = ended
            self.call = call.map { Call($0, now: now) }
            self.answers = answers.map {
                Answer(who: $0.who, state: $0.state.rawValue, mode: $0.mode.rawValue, by: $0.by, place: $0.place, label: $0.label, id: $0.id, at_ms: now.timeIntervalSince($0.at) * 1000)
            }
        }

        package func read(now: Date) throws(Problem) -> (call: RollCall?, answers: [RollAnswer]) {
            let said = answers.compactMap { item -> RollAnswer? in
                guard let state = RollState(rawValue: item.state), let mode = ModeName(rawValue: item.mode), item.at_ms.isFinite else { return nil }
                return RollAnswer(
                    who: item.who, state: state, place: item.place, mode: mode, at: now.addingTimeInterval(-item.at_ms / 1000), by: item.by, label: item.label,
                    id: item.id ?? item.by)
            }
            return (try call?.read(now: now), said)
        }
    }
}
