/// Who was on duty when, and who had no right to be heard.
///
/// A hub that is cut off from the database warns all the same (docs/decisions/0034-postgresql.md, 0038-duty.md): at once with what is immediate, with the rest after eight
/// seconds, and until it has been able to ask again. All that is under one name, and no violation. A hub that was stopped, or whose clock is wrong, has no such excuse.
struct Owners {
    private struct Term {
        var at: Double
        var hub: String
        var token: Int
    }

    /// Seconds for which an attempt that was begun in time may still show up: its connection waits in the far end's line.
    static let slack = 0.1
    /// Seconds for which a hub without a database holds what is not immediate; its last renewal may be one old.
    static let held = 7.5
    /// Seconds after a heal in which a hub may not yet have asked: one attempt at the database has 1.5 s, and the next begins.
    static let asking = 3.5

    private var terms: [Term] = []
    /// By hub, from when to when it could not ask. Nobody's name: all of them.
    private var cut: [String: [ClosedRange<Double>]] = [:]
    private var broken: [(at: Double, node: String, sentence: String)] = []

    /// The faults by which a hub cannot ask the database.
    static let cuts: Set<String> = ["cut from the database", "cut from everybody"]

    init(_ history: History) {
        var since: [String: Double] = [:]
        for moment in history.moments {
            switch moment.what {
            case .owned(let token):
                if let last = terms.last, last.token >= token {
                    broken.append((moment.at, moment.node, "number \(token) after \(last.hub)'s \(last.token)"))
                }
                terms.append(Term(at: moment.at, hub: moment.node, token: token))
            case .fault(let fault) where Self.cuts.contains(fault): since[moment.node] = since[moment.node] ?? moment.at
            case .healed(let fault) where Self.cuts.contains(fault):
                if let from = since.removeValue(forKey: moment.node) { cut[moment.node, default: []].append(from...moment.at + Self.asking) }
            default: break
            }
        }
        for (node, from) in since { cut[node, default: []].append(from...Double.greatestFiniteMagnitude) }
    }

    func violations(_ town: TownHistory) -> [Violation] {
        let lines = broken.map { Violation(rule: .owner, town: town.name, at: $0.at, node: $0.node, sentence: $0.sentence) }
        return lines + town.heard.compactMap { moment, attempt in
            guard let term = terms.last(where: { $0.at + Self.slack < attempt.begun }), term.hub != attempt.hub else { return nil }
            // Taken in between, and its row not yet seen.
            if terms.contains(where: { $0.hub == attempt.hub && $0.at > term.at && $0.at - Self.seen <= attempt.begun }) { return nil }
            let isExcused = cut[attempt.hub]?.contains { $0.contains(attempt.begun) && (attempt.isImmediate || attempt.begun - $0.lowerBound > Self.held) }
            if isExcused == true { return nil }
            return town.at(moment, .owner, "\(attempt.hub) began \(attempt.alert) while \(term.hub) is on duty (number \(term.token))")
        }
    }

    /// Seconds within which the driver sees a new owner's row, on a machine that has other work too.
    static let seen = 3.0
}
