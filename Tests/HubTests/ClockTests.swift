import Foundation
@testable import Hub
import Synchronization
import Testing

/// A wall clock that is wrong, and a clock that never jumps, turned by the test.
private final class Clocks: Sendable {
    private let state = Mutex<(passed: TimeInterval, ahead: TimeInterval)>((0, 0))
    private let begun = ContinuousClock.now
    static let truth = Date(timeIntervalSince1970: 1_790_000_000)

    var isAhead: TimeInterval {
        get { state.withLock(\.ahead) }
        set { state.withLock { $0.ahead = newValue } }
    }
    func pass(_ seconds: TimeInterval) { state.withLock { $0.passed += seconds } }
    /// What the senders' clocks say.
    var true_: Date { state.withLock { Self.truth.addingTimeInterval($0.passed) } }
    var clock: HubClock {
        HubClock(
            wall: { self.state.withLock { Self.truth.addingTimeInterval($0.passed + $0.ahead) } },
            steady: { self.begun + .seconds(self.state.withLock(\.passed)) })
    }
}

@Suite("The hub's clock beside its sources'")
struct ClockTests {
    private let clocks = Clocks()

    @Test("A clock some minutes fast is found with the first bulletin that is pushed, and lifetimes are judged by the sender's time",
        arguments: [300.0, 360, 1200, 3500])
    func fast(seconds: TimeInterval) {
        clocks.isAhead = seconds
        let clock = clocks.clock
        #expect(clock.heard(clocks.true_.addingTimeInterval(-1), from: "dmdata:1") != nil)
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 2)
        // It runs on like that.
        clocks.pass(600)
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 2)
    }

    @Test("A bulletin that came late is late, and not our clock's fault, when another came at once")
    func late() {
        let clock = clocks.clock
        _ = clock.heard(clocks.true_.addingTimeInterval(-2), from: "dmdata:1")
        clocks.pass(60)
        #expect(clock.heard(clocks.true_.addingTimeInterval(-900), from: "dmdata:1") == nil)
        #expect(clock.heard(clocks.true_.addingTimeInterval(-900), from: "http:spool") == nil)
        #expect(clock.correction == 0 && clock.now == clocks.true_)
    }

    @Test("What lay in a folder or a feed is no proof by itself, nor is a recording of years ago, played in a row")
    func recordings() {
        let clock = clocks.clock
        _ = clock.heard(clocks.true_.addingTimeInterval(-600), from: "folder:/spool")
        #expect(clock.correction == 0)
        for serial in 0..<40 {
            // An earthquake of fifteen years ago: forty reports in a minute, sent as fast as they go.
            _ = clock.heard(clocks.true_.addingTimeInterval(-15 * 365 * 86_400 + Double(serial)), from: "http:archive")
        }
        #expect(clock.correction == 0)
    }

    @Test("One bulletin of tomorrow is its sender's fault; a source that says the same for minutes has a clock that is right", arguments: [-9 * 3600.0, -400])
    func slow(seconds: TimeInterval) {
        let clock = clocks.clock
        _ = clock.heard(clocks.true_.addingTimeInterval(86_400 * 700), from: "http:cap")
        #expect(clock.correction == 0)
        clocks.isAhead = seconds
        for _ in 0..<4 {
            clocks.pass(40)
            _ = clock.heard(clocks.true_.addingTimeInterval(-1), from: "feed:eqvol")
        }
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 3)
    }

    @Test("A clock nine hours fast is believed to be so after ten minutes of the same, and right again when somebody sets it")
    func hours() {
        clocks.isAhead = 9 * 3600
        let clock = clocks.clock
        for _ in 0..<8 {
            clocks.pass(100)
            _ = clock.heard(clocks.true_.addingTimeInterval(-3), from: "feed:regular")
        }
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 5)
        clocks.isAhead = 0
        clocks.pass(5)
        #expect(clock.heard(clocks.true_.addingTimeInterval(-3), from: "feed:regular") == 0)
        #expect(clock.now == clocks.true_)
    }

    @Test("What was found wrong is so after a quiet hour too; whoever sets the clock meanwhile needs no bulletin to be believed")
    func quietHour() {
        clocks.isAhead = 9 * 3600
        let clock = clocks.clock
        for _ in 0..<8 {
            clocks.pass(100)
            _ = clock.heard(clocks.true_.addingTimeInterval(-3), from: "dmdata:1")
        }
        clocks.pass(5 * 3600)
        // The first after the silence says nothing by itself, and is judged by what was known.
        #expect(clock.heard(clocks.true_.addingTimeInterval(-3), from: "dmdata:1") == nil)
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 5)
        clocks.isAhead = 1
        #expect(clock.correction == 0 && abs(clock.now.timeIntervalSince(clocks.true_)) < 5)
        // Set wrongly, it is no better than before.
        clocks.isAhead = 3 * 3600
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 5)
    }

    @Test("A clock that is hours or decades wrong at the start is found before any bulletin, by what a source's server says", arguments: [32_400.0, -32_400, -1_766_016_000, 200])
    func told(seconds: TimeInterval) {
        clocks.isAhead = seconds
        let clock = clocks.clock
        #expect(clock.told(clocks.true_, by: "dmdata:1") != nil)
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 1)
        clocks.pass(3_000)
        _ = clock.heard(clocks.true_.addingTimeInterval(-1), from: "dmdata:1")
        #expect(abs(clock.now.timeIntervalSince(clocks.true_)) < 2)
    }

    @Test("A server whose own clock is wrong is contradicted by the first bulletin that comes at once, and by another server")
    func wrongServer() {
        let clock = clocks.clock
        _ = clock.told(clocks.true_.addingTimeInterval(9 * 3600), by: "feed:eqvol")
        #expect(clock.correction != 0, "nobody else has said anything")
        #expect(clock.heard(clocks.true_.addingTimeInterval(-1), from: "dmdata:1") == 0)
        #expect(clock.correction == 0)
        let second = clocks.clock
        _ = second.told(clocks.true_.addingTimeInterval(-9 * 3600), by: "feed:eqvol")
        _ = second.told(clocks.true_, by: "dmdata:1")
        #expect(second.correction == 0)
        // It is set right.
        _ = second.told(clocks.true_, by: "feed:eqvol")
        #expect(second.correction == 0 && abs(second.offset ?? 99) < 1)
    }

    @Test("A server that says it is a time before this program was has no clock: nothing is believed of it")
    func lostServer() {
        let clock = clocks.clock
        for lost in [0, 784_111_777, 1_767_225_599] {
            #expect(clock.told(Date(timeIntervalSince1970: Double(lost)), by: "dmdata:1") == nil)
            #expect(clock.correction == 0 && clock.offset == nil)
        }
    }

    @Test("Of several sources the one that trusts our clock most is believed")
    func severalSources() {
        let clock = clocks.clock
        for _ in 0..<10 {
            clocks.pass(60)
            // This sender's own clock is slow, or its way takes ten minutes.
            _ = clock.heard(clocks.true_.addingTimeInterval(-600), from: "http:slow")
            _ = clock.heard(clocks.true_.addingTimeInterval(-4), from: "feed:extra")
        }
        #expect(clock.correction == 0)
    }
}
