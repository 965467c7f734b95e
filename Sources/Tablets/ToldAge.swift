package import FoundationEssentials

/// How long ago something was, as a device says it of itself: by its own running time, never by its clock.
///
/// A school may be cut for weeks, and what was told there meanwhile comes on the day the line is back: with the time it was told at.
package enum ToldAge {
    /// Six weeks: no cut line of a disaster was ever longer by much, and a claim beyond it is rather a broken clock's. It counts as so old and no older.
    package static let longest: TimeInterval = 42 * 86_400

    /// Seconds. None, or none that is a number: just now.
    package static func seconds(_ milliseconds: Double?) -> TimeInterval {
        guard let milliseconds, milliseconds.isFinite else { return 0 }
        return min(max(0, milliseconds / 1000), longest)
    }
}
