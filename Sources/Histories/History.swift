internal import Foundation

/// All of it, in the order of time, and where it is written.
package struct History: Sendable {
    package var moments: [Moment]

    package init(_ moments: [Moment]) { self.moments = moments }

    package struct Unreadable: Error, CustomStringConvertible {
        package var line: Int
        package var reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    /// A history that does not end with `settled` was broken off, and proves nothing: it is refused.
    package init(lines text: String) throws(Unreadable) {
        var moments: [Moment] = []
        for (number, line) in text.split(separator: "\n").enumerated() {
            do {
                moments.append(try JSONDecoder().decode(Line.self, from: Data(line.utf8)).moment())
            } catch {
                throw Unreadable(line: number + 1, reason: "\(error)")
            }
            if moments.count > 1, moments[moments.count - 2].at > moments[moments.count - 1].at {
                throw Unreadable(line: number + 1, reason: "earlier than the line before")
            }
        }
        guard moments.last?.what == .settled else { throw Unreadable(line: moments.count, reason: "broken off: nothing is known of its end") }
        self.moments = moments
    }

    package var lines: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return moments.map { moment in
            String(decoding: (try? encoder.encode(Line(moment))) ?? Data(), as: UTF8.self) + "\n"
        }.joined()
    }

    package var towns: [String] {
        Set(moments.compactMap { if case .asked(let word) = $0.what { word.town } else { nil } }).sorted()
    }
}

/// One line as it is written: `what` says which of the others are there.
private struct Line: Codable {
    var at: Double
    var node: String
    var what: String
    var act, town, subject, alert, delivery, hub, took, fault: String?
    var revision, token, attempt: Int?
    var begun: Double?
    var ends, local, immediate: Bool?
    var shows: [String]?

    enum CodingKeys: String, CodingKey {
        case at, node, what, act, town, subject, alert, delivery, hub, took, fault, revision, token, attempt, begun, ends, shows, immediate
        case local = "recorded_here_only"
    }

    init(_ moment: Moment) {
        (at, node) = (moment.at, moment.node)
        switch moment.what {
        case .asked(let word):
            what = "asked"
            (act, town, subject, revision, ends) = (word.act, word.town, word.subject, word.revision, word.isEnd)
        case .acknowledged(let act, let alert, let isLocal):
            what = "acknowledged"
            (self.act, self.alert, local) = (act, alert, isLocal)
        case .refused(let act):
            what = "refused"
            self.act = act
        case .owned(let token):
            what = "owned"
            self.token = token
        case .heard(let heard):
            what = "heard"
            (attempt, town, alert, delivery, hub, begun) = (heard.number, heard.town, heard.alert, heard.delivery, heard.hub, heard.begun)
            immediate = heard.isImmediate
        case .answered(let attempt):
            what = "answered"
            self.attempt = attempt
        case .screen(let town, let shows, let took):
            what = "screen"
            (self.town, self.shows, self.took) = (town, shows, took)
        case .recorded(let town, let alert):
            what = "recorded"
            (self.town, self.alert) = (town, alert)
        case .fault(let fault):
            what = "fault"
            self.fault = fault
        case .healed(let fault):
            what = "healed"
            self.fault = fault
        case .settled: what = "settled"
        }
    }

    private struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    private func need<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else { throw Missing(description: "\(what) without \(name)") }
        return value
    }

    func moment() throws -> Moment {
        let found: Moment.What
        switch what {
        case "asked":
            found = .asked(Word(
                act: try need(act, "act"), town: try need(town, "town"), subject: try need(subject, "subject"), revision: try need(revision, "revision"),
                isEnd: ends ?? false))
        case "acknowledged": found = .acknowledged(act: try need(act, "act"), alert: try need(alert, "alert"), isLocal: local ?? false)
        case "refused": found = .refused(act: try need(act, "act"))
        case "owned": found = .owned(token: try need(token, "token"))
        case "heard":
            found = .heard(Attempt(
                number: try need(attempt, "attempt"), town: try need(town, "town"), alert: try need(alert, "alert"), delivery: try need(delivery, "delivery"),
                hub: try need(hub, "hub"), begun: try need(begun, "begun"), isImmediate: immediate ?? false))
        case "answered": found = .answered(attempt: try need(attempt, "attempt"))
        case "screen": found = .screen(town: try need(town, "town"), shows: try need(shows, "shows"), took: took)
        case "recorded": found = .recorded(town: try need(town, "town"), alert: try need(alert, "alert"))
        case "fault": found = .fault(try need(fault, "fault"))
        case "healed": found = .healed(try need(fault, "fault"))
        case "settled": found = .settled
        default: throw Missing(description: "no such line: \(what)")
        }
        return Moment(at: at, node: node, what: found)
    }
}
