/// The right time of a fortnight, and what the clock of one machine makes of it.
import Chance
import Foundation
import Synchronization

final class PlayedTime: Sendable {
    /// 2026-12-01 00:00 in Japan.
    static let epoch = 1_796_050_800_000

    private let state = Mutex(0)
    private let zero = ContinuousClock.now

    /// Milliseconds since the fortnight began.
    var now: Int { state.withLock { $0 } }
    func turn(to moment: Int) { state.withLock { $0 = moment } }

    /// Since 1970.
    var right: Int { Self.epoch + now }
    var ticking: ContinuousClock.Instant { zero.advanced(by: .milliseconds(now)) }
}

/// A wall clock: the right time, and how far it is wrong.
final class PlayedClock: Sendable {
    let time: PlayedTime
    private let offset = Mutex(0)

    init(_ time: PlayedTime) { self.time = time }

    var date: Date { Date(timeIntervalSince1970: Double(time.right + wrongness) / 1000) }
    var wrongness: Int { offset.withLock { $0 } }
    func set(wrong milliseconds: Int) { offset.withLock { $0 = milliseconds } }
}

/// Chance that several hold.
final class PlayedChance: Sendable {
    private let dice: Mutex<Dice>
    init(seed: UInt64) { dice = Mutex(Dice(seed: seed)) }
    func number(_ range: ClosedRange<Int>) -> Int { dice.withLock { Int.random(in: range, using: &$0) } }
    func happens(_ percent: Int) -> Bool { number(1...100) <= percent }
    func pick<Value>(_ values: [Value]) -> Value { values[number(0...values.count - 1)] }
}
