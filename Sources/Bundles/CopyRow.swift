/// What waits for a partner: a whole copy, and what goes on from it, in their order. A whole copy has all that was before it, so what waited then need not go any
/// more; and a partner who holds another history is asked again in an hour, not every minute.
package import FoundationEssentials

package struct CopyRow: Sendable {
    /// What became of the first one.
    package enum Answer: Sendable, Equatable {
        case taken
        /// He holds a newer one, or another history.
        case another
        /// For good: too large, unknown there, or not here any more.
        case refused
        /// The line, or a later hour.
        case later
    }

    /// Bound. A day has 1,440 segments at the shortest; beyond this a whole copy is the shorter way.
    static let most = 5_000
    package static let quiet: TimeInterval = 3600

    package private(set) var waiting: [CopySlip] = []
    /// The partner can go on from nothing that he has.
    private var isBroken = false
    private var quietUntil: Date?

    package init() {}

    package mutating func add(_ slip: CopySlip) {
        if !slip.isSegment { (waiting, isBroken) = ([], false) }
        guard !isBroken else { return }
        waiting.append(slip)
        if waiting.count > Self.most { (waiting, isBroken) = ([], true) }
    }

    /// Whether a whole copy is made for him before its day is over.
    package func wantsWhole(_ now: Date) -> Bool { isBroken && (quietUntil.map { $0 <= now } ?? true) }

    package mutating func hear(_ answer: Answer, to slip: CopySlip, now: Date) {
        // A whole copy may have taken its place meanwhile.
        guard waiting.first == slip else { return }
        switch answer {
        case .taken: waiting.removeFirst()
        case .later: break
        case .another, .refused:
            (waiting, isBroken) = ([], true)
            // What was whole is refused again in a minute too.
            if !slip.isSegment { quietUntil = now.addingTimeInterval(Self.quiet) }
        }
    }
}
