/// What of a history is one town's.
struct TownHistory {
    struct Answer {
        var at: Double
        var node: String
        var attempt: Attempt
    }

    let name: String
    private(set) var recorded: [String] = []
    private(set) var heard: [(moment: Moment, attempt: Attempt)] = []
    private(set) var answered: [Answer] = []
    private(set) var screens: [String: [Moment]] = [:]
    /// Audible far ends of this town, which may have heard nothing.
    private(set) var farEnds: Set<String> = []
    private let ended: Double

    init(_ history: History, _ name: String) {
        self.name = name
        ended = history.moments.last?.at ?? 0
        var attempts: [Int: Attempt] = [:]
        for moment in history.moments {
            switch moment.what {
            case .recorded(name, let alert): recorded.append(alert)
            case .heard(let attempt) where attempt.town == name:
                heard.append((moment, attempt))
                attempts[attempt.number] = attempt
                farEnds.insert(moment.node)
            case .answered(let number):
                if let attempt = attempts[number] { answered.append(Answer(at: moment.at, node: moment.node, attempt: attempt)) }
            case .screen(name, _, _): screens[moment.node, default: []].append(moment)
            default: break
            }
        }
    }

    func at(_ moment: Moment, _ rule: Rule, _ sentence: String) -> Violation {
        Violation(rule: rule, town: name, at: moment.at, node: moment.node, sentence: sentence)
    }

    func end(_ rule: Rule, _ node: String, _ sentence: String) -> Violation {
        Violation(rule: rule, town: name, at: ended, node: node, sentence: sentence)
    }
}
