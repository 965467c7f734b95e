internal import ChannelKit
internal import FoundationEssentials

/// How much was fetched in the last 24 hours, over restarts too.
///
/// JMA blocks addresses that fetch about 10 GB a day (since 2021-03). It does not say how it counts, so this counts any
/// 24 hours and not calendar days, and by the hour.
struct ByteBudget {
    /// JMA's line, in octets.
    static let theirs = 10_000_000_000
    /// Header lines, TLS and TCP of one call, about.
    static let callOverhead = 2_000

    enum Verdict: Sendable, Hashable {
        case free
        /// Nine tenths are used: only earthquakes, tsunami and the feeds that announce them.
        case urgentOnly
        case usedUp
    }

    let limit: Int
    private let notebook: any Notebook
    /// Octets by hour since 1970; at most 25.
    private var hours: [Int: Int] = [:]

    /// - Parameter limit: Octets in 24 hours; anything from 9.5 GB on is taken for that.
    init(_ notebook: any Notebook, limit: Int) {
        self.notebook = notebook
        self.limit = min(max(limit, 0), Self.theirs / 100 * 95)
        let text = notebook.read(Self.key).map { String(decoding: $0, as: UTF8.self) } ?? ""
        for line in text.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            if numbers.count == 2 { hours[numbers[0]] = numbers[1] }
        }
    }

    mutating func spend(_ octets: Int, at now: Date) {
        let hour = Self.hour(now)
        hours[hour, default: 0] += octets + Self.callOverhead
        hours = hours.filter { $0.key > hour - 25 && $0.key <= hour + 25 }
        let lines = hours.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        notebook.write(Self.key, Array(lines.joined(separator: "\n").utf8))
    }

    /// Octets of the last 24 hours, and of the begun one before them.
    func spent(at now: Date) -> Int {
        let hour = Self.hour(now)
        // Hours to come are those of a clock that was set back: spent all the same.
        return hours.filter { $0.key >= hour - 24 }.values.reduce(0, +)
    }

    func verdict(at now: Date) -> Verdict {
        let spent = spent(at: now)
        return spent >= limit ? .usedUp : spent >= limit / 10 * 9 ? .urgentOnly : .free
    }

    private static let key = "feed/budget"
    // Our own clock: hours since 1970.
    private static func hour(_ now: Date) -> Int { Int((now.timeIntervalSince1970 / 3600).rounded(.down)) }
}
