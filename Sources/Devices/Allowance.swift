/// How much each device may hand in: so much at once, and then so much a minute. One tablet in the wrong hands fills neither
/// the list of reports nor the disk.
package import FoundationEssentials

package struct Allowance: Sendable {
    private struct Purse {
        var left: Double
        var at: Date
    }

    private let atOnce: Double
    private let perMinute: Double
    private var purses: [String: Purse] = [:]
    /// Purses in memory; those that are full again are forgotten first.
    static let bound = 20_000

    package init(atOnce: Int, perMinute: Int) {
        self.atOnce = Double(atOnce)
        self.perMinute = Double(perMinute)
    }

    /// Nil: it is taken. Else seconds until it would be; nothing is spent then.
    package mutating func take(_ count: Int, of device: String, at now: Date) -> TimeInterval? {
        var purse = purses[device] ?? Purse(left: atOnce, at: now)
        // A clock that steps back gives nothing and takes nothing; from where it stands now the purse fills on, and not from where it has been.
        purse.left = min(atOnce, purse.left + max(0, now.timeIntervalSince(purse.at)) * perMinute / 60)
        purse.at = now
        let isTaken = purse.left >= Double(count)
        if isTaken { purse.left -= Double(count) }
        purses[device] = purse
        if purses.count > Self.bound { makeRoom(now) }
        return isTaken ? nil : (Double(count) - purse.left) * 60 / perMinute
    }

    private mutating func makeRoom(_ now: Date) {
        purses = purses.filter { now.timeIntervalSince($0.value.at) * perMinute / 60 + $0.value.left < atOnce }
        if purses.count > Self.bound { purses = [:] }
    }
}
