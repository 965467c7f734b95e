package import AlertModel
package import FoundationEssentials

/// What leaves the record, and when: only what is over.
///
///     said (alerts, deliveries, steps, receipts, reports, deeds)   the town's own years, 5 where it says nothing
///     skips, what passed by, raw bulletins                  30 days
///
/// It goes into one file a town and month, which is read back from the disk before a row leaves the record. A chain stays
/// whole across both. What is in force, waits, is held or stopped stays, however old it is.
package struct RetentionRule: Sendable {
    package static let years = 5
    package static let skipDays = 30

    /// Nil: what passed towns by, and raw bulletins.
    package var town: TownID?
    /// What was said before this leaves.
    package var said: Date
    /// Skips of before this leave.
    package var skips: Date
    /// In force, or waited for: these stay.
    package var keep: Set<AlertID>
    /// An alert whose words hold longer than this stays.
    package var now: Date

    package init(town: TownID?, years: Int = Self.years, keep: Set<AlertID> = [], now: Date) {
        self.town = town
        said = now.addingTimeInterval(-Double(years) * 365.25 * 86_400)
        skips = now.addingTimeInterval(-Double(Self.skipDays) * 86_400)
        self.keep = keep
        self.now = now
    }
}

/// What left the record.
package struct Retired: Sendable, Hashable {
    /// Alerts with all that became of them; of how many alerts the skips; reports; deeds; alerts that passed by; bulletins.
    package var alerts = 0, skips = 0, reports = 0, deeds = 0, passed = 0, bulletins = 0
    /// Rows of all tables together.
    package var rows = 0
    /// There is more: ask again.
    package var isMore = false

    package init() {}

    package static func += (left: inout Self, right: Self) {
        left.alerts += right.alerts
        left.skips += right.skips
        left.reports += right.reports
        left.deeds += right.deeds
        left.passed += right.passed
        left.bulletins += right.bulletins
        left.rows += right.rows
        left.isMore = right.isMore
    }
}
