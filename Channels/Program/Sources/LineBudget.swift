/// How much of what a program says goes to the hub's log: a burst, and then a line now and then with the number of those
/// that were left out. One that writes without end filled 129 MB in two and a half minutes, and a full disk is the hub's.
struct LineBudget: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Lines at once: a traceback is whole.
    static let burst = 40
    /// One more after so long: with 1,000 octets a line some 8 MB a day at the most.
    static let refill = Duration.seconds(10)

    private var left = Self.burst
    private var refilled: Instant
    private(set) var leftOut = 0

    init(now: Instant) { refilled = now }

    /// Nil: not this line. Otherwise the number of lines left out before it.
    mutating func take(now: Instant) -> Int? {
        // Two readings of one running clock: as many refills as the program has lived.
        let due = Int(refilled.duration(to: now) / Self.refill)
        if due > 0 {
            left = min(Self.burst, left + due)
            refilled = left == Self.burst ? now : refilled.advanced(by: Self.refill * due)
        }
        guard left > 0 else {
            leftOut += 1
            return nil
        }
        left -= 1
        defer { leftOut = 0 }
        return leftOut
    }
}
