/// Holds a history against the rules, each town for itself.
///
/// What the hub has never promised is no violation: an order whose answer was "recorded on this machine only" is lost when it is missing
/// in the record and only then (docs/decisions/0038-duty.md), and of an act that nobody acknowledged nothing is owed but that it is one act.
package struct HistoryCheck: Sendable {
    private let history: History
    /// By act; what was refused was never said, and whatever comes of it is asked for by nobody.
    let words: [String: Word]
    /// Alerts by what was acknowledged; an act that was never answered has none.
    let wordOfAlert: [String: Word]
    /// When an act was acknowledged as recorded where all hubs see it.
    let confirmed: [String: Double]
    let alertsOfAct: [String: Set<String>]
    /// By subject, when somebody first asked for its end, and when he was told that it is recorded.
    let ends: [String: (asked: Double, confirmed: Double?)]
    /// Subjects of which it is not known, or not owed, how they stand in the end.
    let unsure: Set<String>
    /// Some act of the town was never acknowledged: an alert that nobody knows may be its own.
    let hasUnknown: Set<String>
    let owners: Owners

    package init(_ history: History) {
        self.history = history
        var words: [String: Word] = [:], ofAlert: [String: String] = [:], confirmed: [String: Double] = [:], alerts: [String: Set<String>] = [:]
        let refused = Set(history.moments.compactMap { if case .refused(let act) = $0.what { act } else { nil } })
        var local: Set<String> = [], ends: [String: (asked: Double, confirmed: Double?)] = [:]
        for moment in history.moments {
            switch moment.what {
            case .asked(let word) where !refused.contains(word.act):
                words[word.act] = word
                if word.isEnd { ends[word.subject] = ends[word.subject] ?? (moment.at, nil) }
            case .acknowledged(let act, let alert, let isLocal):
                ofAlert[alert] = act
                alerts[act, default: []].insert(alert)
                guard !isLocal else {
                    local.insert(act)
                    continue
                }
                confirmed[act] = confirmed[act] ?? moment.at
                if let word = words[act], word.isEnd { ends[word.subject]?.confirmed = confirmed[act] }
            default: break
            }
        }
        let open = words.values.filter { alerts[$0.act] == nil }
        self.words = words
        self.ends = ends
        self.confirmed = confirmed
        wordOfAlert = ofAlert.compactMapValues { words[$0] }
        alertsOfAct = alerts
        unsure = Set(open.map(\.subject)).union(local.compactMap { words[$0]?.subject })
        hasUnknown = Set(open.map(\.town))
        owners = Owners(history)
    }

    package func violations() -> [Violation] { history.towns.flatMap(violations(in:)) }

    package func violations(in town: String) -> [Violation] {
        let found = TownHistory(history, town)
        return (recorded(found) + heard(found) + onScreens(found) + owners.violations(found)).sorted { $0.at < $1.at }
    }

    // MARK: The record

    private func recorded(_ town: TownHistory) -> [Violation] {
        var found: [Violation] = []
        let counts = town.recorded.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        for (act, alerts) in alertsOfAct.sorted(by: { $0.key < $1.key }) where words[act]?.town == town.name {
            for alert in alerts.sorted() where counts[alert] == nil {
                found.append(town.end(.lost, "record", "act \(act) was acknowledged as \(alert), which is not there"))
            }
            if alerts.count > 1 { found.append(town.end(.twice, "record", "act \(act) is \(alerts.sorted().joined(separator: " and "))")) }
        }
        for (alert, count) in counts.sorted(by: { $0.key < $1.key }) {
            if count > 1 { found.append(town.end(.twice, "record", "\(alert) is there \(count) times")) }
            if isStrange(alert, in: town.name) { found.append(town.end(.stray, "record", "\(alert) was asked for by nobody of this town")) }
        }
        return found
    }

    func isStrange(_ alert: String, in town: String) -> Bool {
        guard let word = wordOfAlert[alert] else { return !hasUnknown.contains(town) }
        return word.town != town
    }

    // MARK: What is audible

    private func heard(_ town: TownHistory) -> [Violation] {
        var found: [Violation] = []
        var names: [String: String] = [:]
        for (moment, attempt) in town.heard {
            if isStrange(attempt.alert, in: town.name) { found.append(town.at(moment, .stray, "\(attempt.alert) was asked for by nobody of this town")) }
            let place = moment.node + " " + attempt.alert
            if let name = names[place], name != attempt.delivery {
                found.append(town.at(moment, .twice, "\(attempt.alert) came as \(name) and as \(attempt.delivery)"))
            }
            names[place] = names[place] ?? attempt.delivery
            guard let word = wordOfAlert[attempt.alert], word.town == town.name, !word.isEnd else { continue }
            found += behind(town, moment, attempt, word)
        }
        return found + unheard(town)
    }

    /// What was begun when something newer had been taken there, and had been acknowledged to whoever asked for it.
    private func behind(_ town: TownHistory, _ moment: Moment, _ attempt: Attempt, _ word: Word) -> [Violation] {
        let newer = town.answered.filter { answer in
            guard answer.node == moment.node, answer.at < attempt.begun, let other = wordOfAlert[answer.attempt.alert],
                other.subject == word.subject, other.revision > word.revision, let known = confirmed[other.act]
            else { return false }
            return known < attempt.begun
        }
        guard let last = newer.first(where: { wordOfAlert[$0.attempt.alert]?.isEnd == true }) ?? newer.first else { return [] }
        let isEnd = wordOfAlert[last.attempt.alert]?.isEnd == true
        return [town.at(moment, isEnd ? .afterCancel : .back, "\(attempt.hub) began \(attempt.alert) (\(word.subject), \(word.revision)) after \(last.attempt.alert) was answered")]
    }

    private func unheard(_ town: TownHistory) -> [Violation] {
        let places = Set(town.heard.map(\.moment.node)).union(town.farEnds)
        var heard: [String: Set<Int>] = [:]
        for (moment, attempt) in town.heard {
            if let word = wordOfAlert[attempt.alert] { heard[moment.node + " " + word.subject, default: []].insert(word.revision) }
        }
        return last(town.name).flatMap { word in
            places.sorted().compactMap { place in
                let known = heard[place + " " + word.subject] ?? []
                // A cancel silences what nobody has heard.
                if known.contains(word.revision) || word.isEnd && known.isEmpty { return nil }
                return town.end(.lost, place, "act \(word.act) (\(word.subject), \(word.revision)) was acknowledged and never heard")
            }
        }
    }

    /// The last word on each thing, where it is known and all hubs know it.
    private func last(_ town: String) -> [Word] {
        let own = words.values.filter { $0.town == town && !unsure.contains($0.subject) }
        return Dictionary(grouping: own, by: \.subject).values.compactMap { $0.max { $0.revision < $1.revision } }.sorted { $0.act < $1.act }
    }

    // MARK: Screens

    private func onScreens(_ town: TownHistory) -> [Violation] {
        town.screens.sorted { $0.key < $1.key }.flatMap { _, moments in
            var eye = Eye(town: town, check: self)
            for moment in moments { eye.look(moment) }
            eye.end(last(town.name))
            return eye.found
        }
    }
}
