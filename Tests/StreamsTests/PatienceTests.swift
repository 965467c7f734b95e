import NIOCore
import Testing

@testable import Streams

@Suite("How long a connection is waited for")
struct PatienceTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test("Silence is waited for ten seconds, a head fifteen, however it drips")
    func head() {
        var patience = Patience(now: start)
        #expect(patience.deadline == start + .seconds(10))
        patience.heard(1, now: start + .seconds(9))
        #expect(patience.deadline == start + .seconds(24))
        for second in 10..<24 { patience.heard(1, now: start + .seconds(Int64(second))) }
        #expect(patience.deadline == start + .seconds(24) && patience.stage == .head)
    }

    @Test("A body has half a minute and then a pace; a byte now and then buys nothing")
    func body() {
        var patience = Patience(now: start)
        patience.heard(100, now: start)
        patience.asked(now: start)
        #expect(patience.deadline == start + .seconds(30))
        for second in 1..<30 { patience.heard(1, now: start + .seconds(Int64(second))) }
        #expect(patience.deadline.map { $0 < start + .seconds(31) } == true)
        patience.heard(100 * 1024, now: start + .seconds(30))
        #expect(patience.deadline.map { $0 > start + .seconds(130) } == true, "who sends may go on")
    }

    @Test("While we make an answer, or do not read on ourselves, nobody is waited for")
    func ours() {
        var patience = Patience(now: start)
        patience.heard(100, now: start)
        patience.asked(now: start)
        patience.reads(false, now: start + .seconds(1))
        #expect(patience.deadline == nil)
        patience.reads(true, now: start + .seconds(100))
        #expect(patience.deadline == start + .seconds(129))
        patience.finished()
        #expect(patience.deadline == nil && patience.stage == .answering)
        patience.answered(now: start + .seconds(200))
        #expect(patience.deadline == start + .seconds(275) && patience.stage == .resting)
    }

    @Test("Half of a next request under an answer is a head that has begun")
    func pipelined() {
        var patience = Patience(now: start)
        patience.heard(100, now: start)
        patience.asked(now: start)
        patience.finished()
        patience.heard(5, now: start)
        patience.answered(now: start + .seconds(1))
        #expect(patience.stage == .head && patience.deadline == start + .seconds(16))
        patience.asked(now: start + .seconds(2))
        patience.asked(now: start + .seconds(2))
        patience.finished()
        patience.answered(now: start + .seconds(3))
        #expect(patience.stage == .answering, "one answer is still to come")
        patience.answered(now: start + .seconds(4))
        #expect(patience.stage == .resting)
    }

    @Test("Who does not read what we say is let go after half a minute, also in the middle of a long answer")
    func unread() {
        var patience = Patience(now: start)
        patience.heard(100, now: start)
        patience.asked(now: start)
        patience.finished()
        patience.isRead(false, now: start + .seconds(5))
        patience.isRead(false, now: start + .seconds(20))
        #expect(patience.deadline == start + .seconds(35) && patience.isStuck)
        patience.isRead(true, now: start + .seconds(21))
        #expect(patience.deadline == nil && !patience.isStuck)
    }

    @Test("An answer before the whole body does not end the wait for it")
    func early() {
        var patience = Patience(now: start)
        patience.heard(100, now: start)
        patience.asked(now: start)
        patience.answered(now: start + .seconds(1))
        #expect(patience.deadline == start + .seconds(30))
    }
}
