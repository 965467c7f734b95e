/// Faults that stand in the simulator's own wrappers, never in the program: each has to be found, or a check is blind.
package enum FortnightFault: String, Sendable, CaseIterable {
    /// The hub keeps what is told again as another record.
    case countsTwice
    /// The hub says yes to a receipt and keeps it nowhere.
    case losesReceipts
    /// An edge tells its tablets the time of its own clock.
    case tellsItsOwnTime
    /// What takes something back does not go on from an edge.
    case swallowsCancels
    /// A tablet takes whatever comes for newer.
    case takesOlderForNewer
    /// A tablet takes what nobody has signed for its town's.
    case believesStrangers
    /// A drill is told without its mark.
    case tellsDrillsForReal
    /// A tablet forgets what waits when its page is loaded again.
    case forgetsTheOutbox
    /// A tablet takes something off its screen that stands.
    case dropsWhatStands
    /// A tablet never ends what is over.
    case endsNothing

    /// What may notice.
    package var noticed: Set<FortnightFlaw.Rule> {
        switch self {
        case .countsTwice: [.double]
        case .losesReceipts, .forgetsTheOutbox: [.lost]
        case .dropsWhatStands: [.forgotten]
        case .tellsItsOwnTime: [.forgotten, .over]
        case .swallowsCancels, .endsNothing: [.over, .older]
        case .takesOlderForNewer: [.older, .over, .forgotten]
        case .believesStrangers: [.stranger, .older, .forgotten]
        case .tellsDrillsForReal: [.drill]
        }
    }
}

package struct FortnightFlaw: Sendable, CustomStringConvertible {
    package enum Rule: String, Sendable { case lost, double, over, forgotten, drill, older, stranger, unsettled }
    package let rule: Rule
    package let at: Int
    package let words: String
    package var description: String { "\(rule.rawValue): \(words) (day \(at / 86_400_000), \(FortnightWorld.clock(at)))" }
}
