/// Faults that are put into a history that has none: each has to be found, by its own rule and no other, or a check is blind.
package enum Plant: String, Sendable, CaseIterable {
    case forgottenByTheRecord = "forgotten-by-the-record"
    case neverHeard = "never-heard"
    case neverShown = "never-shown"
    case twoAlerts = "two-alerts"
    case recordedTwice = "recorded-twice"
    case twoNames = "two-names"
    case shownAfterItsCancel = "shown-after-its-cancel"
    case keptInSpiteOfItsCancel = "kept-in-spite-of-its-cancel"
    case begunAfterItsCancel = "begun-after-its-cancel"
    case olderOnTheScreen = "older-on-the-screen"
    case goneFromTheScreen = "gone-from-the-screen"
    case olderAtTheFarEnd = "older-at-the-far-end"
    case wokenFormerOwner = "woken-former-owner"
    case numberGivenTwice = "number-given-twice"
    case otherTownsScreen = "other-towns-screen"
    case askedForByNobody = "asked-for-by-nobody"

    package var rule: Rule {
        switch self {
        case .forgottenByTheRecord, .neverHeard, .neverShown: .lost
        case .twoAlerts, .recordedTwice, .twoNames: .twice
        case .shownAfterItsCancel, .keptInSpiteOfItsCancel, .begunAfterItsCancel: .afterCancel
        case .olderOnTheScreen, .goneFromTheScreen, .olderAtTheFarEnd: .back
        case .wokenFormerOwner, .numberGivenTwice: .owner
        case .otherTownsScreen, .askedForByNobody: .stray
        }
    }

    /// - Returns: nil where the history has no place for it (nothing was ever cancelled, say).
    package func into(_ history: History, _ chance: inout some RandomNumberGenerator) -> History? {
        var field = Field(history)
        let isPlanted =
            switch self {
            case .forgottenByTheRecord: field.forget(&chance)
            case .neverHeard: field.silence(&chance)
            case .neverShown: field.blind(&chance)
            case .twoAlerts: field.secondAlert(&chance)
            case .recordedTwice: field.repeatRecord(&chance)
            case .twoNames: field.rename(&chance)
            case .shownAfterItsCancel: field.showAgain(&chance)
            case .keptInSpiteOfItsCancel: field.keep(&chance)
            case .begunAfterItsCancel: field.beginAgain(behindEnd: true, &chance)
            case .olderOnTheScreen: field.showOlder(&chance)
            case .goneFromTheScreen: field.blank(&chance)
            case .olderAtTheFarEnd: field.beginAgain(behindEnd: false, &chance)
            case .wokenFormerOwner: field.wake(&chance)
            case .numberGivenTwice: field.repeatNumber(&chance)
            case .otherTownsScreen: field.stray(&chance)
            case .askedForByNobody: field.unasked(&chance)
            }
        return isPlanted ? History(field.moments) : nil
    }
}

/// A history one puts something into. Each way returns whether there was a place for it.
private struct Field {
    var moments: [Moment]
    private let check: HistoryCheck
    private let towns: [String]

    init(_ history: History) {
        moments = history.moments
        check = HistoryCheck(history)
        towns = history.towns
    }

    // MARK: What there is

    private func places(_ isOne: (Moment) -> Bool) -> [Int] { moments.indices.filter { isOne(moments[$0]) } }

    private func word(_ alert: String?) -> Word? { alert.flatMap { check.wordOfAlert[$0] } }

    private func screen(_ index: Int) -> (town: String, shows: [String], took: String?)? {
        if case .screen(let town, let shows, let took) = moments[index].what { (town, shows, took) } else { nil }
    }

    /// What the same screen shows before this line.
    private func before(_ index: Int) -> [String] {
        let node = moments[index].node
        return moments[..<index].indices.last { moments[$0].node == node && screen($0) != nil }.flatMap { screen($0)?.shows } ?? []
    }

    private func attempt(_ index: Int) -> Attempt? { if case .heard(let attempt) = moments[index].what { attempt } else { nil } }

    private func sure(_ word: Word) -> Bool { check.confirmed[word.act] != nil && !check.unsure.contains(word.subject) }

    private func isLast(_ word: Word) -> Bool { !check.words.values.contains { $0.subject == word.subject && $0.revision > word.revision } }

    /// Behind what is at that place, at the same moment: nothing comes between, and each line stays in its order.
    private mutating func put(_ moment: Moment, behind index: Int) { moments.insert(moment, at: index + 1) }

    /// For a blink: what the screen shows at that place, and right behind it what it showed before.
    private mutating func flash(_ shows: [String], behind index: Int) {
        guard let (town, own, _) = screen(index) else { return }
        let (at, node) = (moments[index].at, moments[index].node)
        put(Moment(at: at, node: node, what: .screen(town: town, shows: own, took: nil)), behind: index)
        put(Moment(at: at, node: node, what: .screen(town: town, shows: shows, took: nil)), behind: index)
    }

    private var freeNumber: Int { moments.indices.compactMap { attempt($0)?.number }.reduce(0, max) + 1 }

    // MARK: Lost

    mutating func forget(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard let index = places({ if case .recorded(_, let alert) = $0.what { word(alert) != nil } else { false } }).randomElement(using: &chance) else { return false }
        moments.remove(at: index)
        return true
    }

    mutating func silence(_ chance: inout some RandomNumberGenerator) -> Bool {
        let last = places { _ in true }.compactMap { attempt($0) }.compactMap { word($0.alert) }.filter { sure($0) && isLast($0) }
        // Where the end alone was heard, nobody is owed it.
        let heard = Dictionary(grouping: moments.indices.compactMap { attempt($0) }.compactMap { word($0.alert) }, by: \.subject).mapValues { Set($0.map(\.revision)).count }
        guard let lost = last.filter({ !$0.isEnd || heard[$0.subject] ?? 0 > 1 }).randomElement(using: &chance) else { return false }
        let numbers = Set(moments.indices.compactMap { attempt($0) }.filter { word($0.alert) == lost }.map(\.number))
        moments.removeAll { moment in
            switch moment.what {
            case .heard(let attempt): numbers.contains(attempt.number)
            case .answered(let number): numbers.contains(number)
            default: false
            }
        }
        // A far end that has heard nothing at all any more is none that is known.
        return moments.contains { if case .heard(let attempt) = $0.what { attempt.town == lost.town } else { false } }
    }

    mutating func blind(_ chance: inout some RandomNumberGenerator) -> Bool {
        let shown = places { _ in true }.flatMap { index in screen(index)?.shows.map { (moments[index].node, $0) } ?? [] }
        let alone = shown.filter { _, alert in word(alert).map { sure($0) && isLast($0) && $0.revision == 1 } ?? false }
        guard let (node, lost) = alone.randomElement(using: &chance) else { return false }
        for index in moments.indices where moments[index].node == node {
            guard let (town, shows, took) = screen(index) else { continue }
            moments[index].what = .screen(town: town, shows: shows.filter { $0 != lost }, took: took)
        }
        return true
    }

    // MARK: Twice

    mutating func secondAlert(_ chance: inout some RandomNumberGenerator) -> Bool {
        let found = places { if case .acknowledged = $0.what { true } else { false } }.randomElement(using: &chance)
        guard let index = found, case .acknowledged(let act, let alert, let isLocal) = moments[index].what, let word = check.words[act] else { return false }
        put(Moment(at: moments[index].at, node: moments[index].node, what: .acknowledged(act: act, alert: alert + "-again", isLocal: isLocal)), behind: index)
        moments.insert(Moment(at: moments[moments.count - 1].at, node: "record", what: .recorded(town: word.town, alert: alert + "-again")), at: moments.count - 1)
        return true
    }

    mutating func repeatRecord(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard let index = places({ if case .recorded = $0.what { true } else { false } }).randomElement(using: &chance) else { return false }
        put(moments[index], behind: index)
        return true
    }

    mutating func rename(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard let index = places({ if case .heard = $0.what { true } else { false } }).randomElement(using: &chance), var twin = attempt(index) else { return false }
        (twin.delivery, twin.number) = (twin.delivery + "-again", freeNumber)
        put(Moment(at: moments[index].at, node: moments[index].node, what: .heard(twin)), behind: index)
        return true
    }

    // MARK: After its cancel

    mutating func showAgain(_ chance: inout some RandomNumberGenerator) -> Bool {
        let found = places { _ in true }.filter { index in word(screen(index)?.took)?.isEnd == true && ended(index) != nil }
        guard let index = found.randomElement(using: &chance), let (_, shows, _) = screen(index), let alert = ended(index) else { return false }
        flash(shows + [alert], behind: index)
        return true
    }

    /// What the end that came at this line took off the screen.
    private func ended(_ index: Int) -> String? {
        guard let over = word(screen(index)?.took) else { return nil }
        return before(index).first { word($0)?.subject == over.subject }
    }

    mutating func keep(_ chance: inout some RandomNumberGenerator) -> Bool {
        let found = places { _ in true }.filter { index in word(screen(index)?.took)?.isEnd == true && ended(index) != nil }
        guard let index = found.randomElement(using: &chance), let (town, shows, took) = screen(index), let alert = ended(index) else { return false }
        let (at, node) = (moments[index].at, moments[index].node)
        put(Moment(at: at, node: node, what: .screen(town: town, shows: shows, took: nil)), behind: index)
        moments[index].what = .screen(town: town, shows: shows + [alert], took: took)
        return true
    }

    /// Something older of the same thing, behind what the far end said yes to and somebody was told of.
    mutating func beginAgain(behindEnd: Bool, _ chance: inout some RandomNumberGenerator) -> Bool {
        var attempts: [Int: Attempt] = [:]
        for index in moments.indices { if let found = attempt(index) { attempts[found.number] = found } }
        var found: [(index: Int, old: Attempt)] = []
        for index in moments.indices {
            guard case .answered(let number) = moments[index].what, let newer = attempts[number], let word = word(newer.alert), word.isEnd == behindEnd,
                let known = check.confirmed[word.act],
                let old = attempts.values.filter({ self.word($0.alert)?.subject == word.subject && self.word($0.alert)?.revision ?? .max < word.revision })
                    .min(by: { $0.number < $1.number })
            else { continue }
            // Behind both the yes and the answer to the person, and before the next word on it, by whoever is on duty then.
            let border = max(moments[index].at, known)
            guard let place = moments.indices.last(where: { moments[$0].at <= border }), place + 1 < moments.count else { continue }
            found.append((place, old))
        }
        guard let (place, old) = found.randomElement(using: &chance) else { return false }
        let at = (moments[place].at + moments[place + 1].at) / 2
        guard at > moments[place].at, let hub = owner(at) else { return false }
        let node = moments.first { if case .heard(let other) = $0.what { other.number == old.number } else { false } }?.node ?? ""
        put(Moment(at: at, node: node, what: .heard(Attempt(number: freeNumber, town: old.town, alert: old.alert, delivery: old.delivery, hub: hub, begun: at))), behind: place)
        return true
    }

    private func owner(_ at: Double) -> String? {
        moments.last { if case .owned = $0.what { $0.at < at } else { false } }?.node
    }

    // MARK: Back

    mutating func showOlder(_ chance: inout some RandomNumberGenerator) -> Bool {
        var found: [(index: Int, shown: String, older: String)] = []
        for index in moments.indices {
            for alert in screen(index)?.shows ?? [] {
                guard let newer = word(alert), newer.revision > 1,
                    let older = check.wordOfAlert.filter({ $0.value.subject == newer.subject && $0.value.revision < newer.revision }).keys.min()
                else { continue }
                found.append((index, alert, older))
            }
        }
        guard let (index, shown, older) = found.randomElement(using: &chance), let shows = screen(index)?.shows else { return false }
        flash(shows.map { $0 == shown ? older : $0 }, behind: index)
        return true
    }

    mutating func blank(_ chance: inout some RandomNumberGenerator) -> Bool {
        let found = places { _ in true }.flatMap { index in
            (screen(index)?.shows ?? []).filter { alert in
                guard let word = word(alert), let known = check.confirmed[word.act] else { return false }
                return known < moments[index].at && check.ends[word.subject]?.asked ?? .infinity > moments[index].at
            }.map { (index, $0) }
        }
        guard let (index, alert) = found.randomElement(using: &chance), let shows = screen(index)?.shows else { return false }
        flash(shows.filter { $0 != alert }, behind: index)
        return true
    }

    // MARK: Owners

    /// Who was on duty before is heard of too, under the same name, when another has been for long enough.
    mutating func wake(_ chance: inout some RandomNumberGenerator) -> Bool {
        let terms = moments.compactMap { moment in if case .owned = moment.what { moment } else { nil } }
        var found: [(index: Int, former: String)] = []
        for (earlier, later) in zip(terms, terms.dropFirst()) where earlier.node != later.node {
            let isCut = moments.contains { if case .fault(let fault) = $0.what { $0.node == earlier.node && Owners.cuts.contains(fault) } else { false } }
            let end = terms.first { $0.at > later.at }?.at ?? .infinity
            guard !isCut else { continue }
            for index in moments.indices {
                guard let heard = attempt(index), heard.begun > later.at + Owners.slack, heard.begun < end - Owners.seen, heard.hub == later.node else { continue }
                found.append((index, earlier.node))
            }
        }
        guard let (index, former) = found.randomElement(using: &chance), var twin = attempt(index) else { return false }
        (twin.hub, twin.number) = (former, freeNumber)
        put(Moment(at: moments[index].at, node: moments[index].node, what: .heard(twin)), behind: index)
        return true
    }

    mutating func repeatNumber(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard let index = places({ if case .owned = $0.what { true } else { false } }).randomElement(using: &chance) else { return false }
        put(moments[index], behind: index)
        return true
    }

    // MARK: Stray

    mutating func stray(_ chance: inout some RandomNumberGenerator) -> Bool {
        let found = places { _ in true }.filter { screen($0) != nil }
        guard let index = found.randomElement(using: &chance), let (town, shows, _) = screen(index),
            let alert = check.wordOfAlert.filter({ $0.value.town != town }).keys.min()
        else { return false }
        flash(shows + [alert], behind: index)
        return true
    }

    mutating func unasked(_ chance: inout some RandomNumberGenerator) -> Bool {
        guard let town = towns.filter({ !check.hasUnknown.contains($0) }).randomElement(using: &chance) else { return false }
        moments.insert(Moment(at: moments[moments.count - 1].at, node: "record", what: .recorded(town: town, alert: "asked-for-by-nobody")), at: moments.count - 1)
        return true
    }
}
