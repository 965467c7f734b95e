/// Looks at one screen from the beginning to the end.
struct Eye {
    let town: TownHistory
    let check: HistoryCheck
    private(set) var found: [Violation] = []
    private var node = ""
    /// By subject: the newest that was ever shown, and what is shown now.
    private var newest: [String: Int] = [:]
    private var shown: [String: Word] = [:]
    /// Whose end this screen has taken, and of which of them something was found.
    private var closed: Set<String> = [], told: Set<String> = []

    init(town: TownHistory, check: HistoryCheck) {
        self.town = town
        self.check = check
    }

    mutating func look(_ moment: Moment) {
        guard case .screen(_, let shows, let took) = moment.what else { return }
        node = moment.node
        if let took, let word = check.wordOfAlert[took], word.isEnd { closed.insert(word.subject) }
        var now: [String: Word] = [:]
        for alert in shows {
            if check.isStrange(alert, in: town.name) { found.append(town.at(moment, .stray, "\(alert) was asked for by nobody of this town")) }
            guard let word = check.wordOfAlert[alert], word.town == town.name else { continue }
            if closed.contains(word.subject) {
                guard told.insert(word.subject).inserted else { continue }
                found.append(town.at(moment, .afterCancel, "\(alert) (\(word.subject)) is shown, which was over here"))
            } else if word.revision < newest[word.subject] ?? 0 || now[word.subject] != nil {
                found.append(town.at(moment, .back, "\(alert) (\(word.subject), \(word.revision)) is shown behind revision \(newest[word.subject] ?? 0)"))
            }
            newest[word.subject] = max(newest[word.subject] ?? 0, word.revision)
            if now[word.subject]?.revision ?? 0 < word.revision { now[word.subject] = word }
        }
        for (subject, word) in shown where now[subject] == nil && !closed.contains(subject) {
            // After a cut the whole state is told, and what is over is not in it: no word of an end comes.
            if let end = check.ends[subject], end.asked < moment.at {
                if let known = end.confirmed, known < moment.at { closed.insert(subject) }
                continue
            }
            guard let known = check.confirmed[word.act], known < moment.at else { continue }
            found.append(town.at(moment, .back, "\(word.act) (\(subject), \(word.revision)) is gone, and nobody has said that it is over"))
        }
        shown = now
    }

    /// All has been healed and waited for: each screen shows what stands.
    mutating func end(_ last: [Word]) {
        for word in last {
            let now = shown[word.subject]
            if word.isEnd, let now { found.append(town.end(.lost, node, "act \(word.act) ended \(word.subject), and \(now.act) is still shown")) }
            if !word.isEnd, now != word {
                found.append(town.end(.lost, node, "act \(word.act) (\(word.subject), \(word.revision)) stands and is not shown; shown is \(now?.act ?? "nothing")"))
            }
        }
    }
}
