internal import FoundationEssentials

/// How much of a cell's time is taken, and what has to happen before one more text fits.
///
///     one page takes one slot of 1.883 s; a cell repeats its texts every `period` slots:
///
///     │ A A │ B B B │ C │ … free … │ kept for ETWS texts │
///     └──────────────── period ────────────────────────────┘
///
/// All texts of a cell share one period. With two different ones osmo-bsc 1.9 can no longer lay out its schedule: it
/// refuses what comes (cause 0x06) and answers a KILL with "done" while the text stays on the air (measured 2026-11).
/// So the period is raised for all at once, with the cell empty in between, and to twice what is needed, so that it
/// happens once in a night.
struct Room: Sendable, Hashable {
    /// A text that stands, or may stand, in the cell.
    struct Text: Sendable, Hashable {
        let name: AirName
        let pages: Int
        let period: Int
        let gravity: Int
        /// Can be written again by us, elsewhere in the schedule.
        let isOurs: Bool
        let isDrill: Bool
        /// Since when, where it was repeated long enough to have been heard by everybody who is there.
        var heardSince: Date?
    }

    enum Decision: Sendable, Hashable {
        case fits(period: Int)
        /// These leave first; then it fits.
        case afterDropping([AirName], period: Int)
        /// Everything leaves, and comes back in the new period.
        case afterRaising(to: Int)
        case full
    }

    let texts: [Text]
    /// As the settings wish it.
    let wished: Int

    /// Two ETWS texts, of an earthquake and of the tsunami it makes: title and body at their limits are 216 units, six
    /// pages of 41.
    static let keptForWarnings = 12
    /// Four minutes between two repetitions at 1.883 s a slot: beyond that the lowest make room.
    private static let longest = 128

    var used: Int { texts.reduce(0) { $0 + $1.pages } }
    var period: Int? { texts.map(\.period).max() }

    /// - Parameter isWarning: The words of an ETWS warning: may use what is kept.
    func place(pages: Int, gravity: Int, isWarning: Bool, isDrill: Bool) -> Decision {
        let needed = pages + (isWarning ? 0 : Self.keptForWarnings)
        guard let period else { return .fits(period: max(wished, pages + Self.keptForWarnings)) }
        if used + needed <= period { return .fits(period: period) }
        let raised = raised(to: used + pages + Self.keptForWarnings)
        let mayMove = texts.allSatisfy { $0.isOurs || $0.isDrill && !isDrill }
        // Words that people wait for this second do not wait for a move of everything else.
        if !isWarning, mayMove, raised > period, raised <= max(Self.longest, wished) { return .afterRaising(to: raised) }
        var leaving: [AirName] = []
        var free = period - used
        for text in texts.sorted(by: isLower) where free < needed {
            let isLess = text.gravity < gravity || text.gravity == gravity && text.heardSince != nil
            guard text.isDrill && !isDrill || text.isOurs && isLess else { continue }
            leaving.append(text.name)
            free += text.pages
        }
        return free >= needed ? .afterDropping(leaving, period: period) : .full
    }

    private func raised(to needed: Int) -> Int {
        var period = max(period ?? wished, 1)
        while period < needed { period *= 2 }
        // Twice what is needed, where that is not too long: the next ones of a burst find room.
        return period < 2 * needed && period * 2 <= Self.longest ? period * 2 : period
    }

    private func isLower(_ one: Text, _ other: Text) -> Bool {
        if one.isDrill != other.isDrill { return one.isDrill }
        // Of the same gravity first what was heard, the longest first.
        return (one.gravity, one.heardSince ?? .distantFuture, one.name) < (other.gravity, other.heardSince ?? .distantFuture, other.name)
    }
}
