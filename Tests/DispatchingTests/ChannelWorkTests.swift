import AlertModel
import ChannelKit
import Dispatching
import Foundation
import Ledger
import Testing

/// The runner's acts one by one, without its tasks: as whoever simulates a night calls them.
@Suite("A channel's work, act by act")
struct ChannelWorkTests {
    private func begun(_ stage: Stage, at now: ContinuousClock.Instant = .now) throws -> Attempt<Actual> {
        guard case .attempt(let attempt) = stage.line.channels[0].runner.begin(now: now) else { throw Nothing() }
        return attempt
    }
    private struct Nothing: Error {}

    @Test("A cancel that comes between a delivery's turn and the beginning of its attempt cuts that attempt, and follows it")
    func cancelBetween() throws {
        let stage = try Stage()
        let runner = stage.line.channels[0].runner
        _ = stage.line.offer(order(), actor: "test")
        let attempt = try begun(stage)
        let cancel = order(revision: 2, .cancel)
        _ = stage.line.offer(cancel, actor: "test")
        #expect(attempt.ending.cause == .cancel)
        #expect(runner.settle(attempt, .failure(.unavailable("cut"))) == .superseded)
        #expect(try begun(stage).delivery.message == .cancel)
    }

    @Test("An attempt whose task begins after it was cut ends at once")
    func cutBefore() async throws {
        let script = FarEndScript { count, _ throws(DeliveryFailure) in
            guard count == 1 else { return Receipt() }
            do { try await ContinuousClock().sleep(for: .seconds(3600)) } catch { throw .cancelled }
            return Receipt()
        }
        let stage = try Stage(script: script)
        _ = stage.line.offer(order(), actor: "test")
        let attempt = try begun(stage)
        let cancel = order(revision: 2, .cancel)
        _ = stage.line.offer(cancel, actor: "test")
        // In a task of its own, which is what is cut.
        await withDiscardingTaskGroup { $0.addTask { await stage.line.channels[0].runner.make(attempt) } }
        #expect(stage.journal.rows(of: order().id).map(\.state) == [.superseded])
    }

    @Test("An attempt without an answer is cut at its deadline, once, and what it says later is its own answer")
    func deadline() throws {
        let stage = try Stage()
        let runner = stage.line.channels[0].runner
        _ = stage.line.offer(order(), actor: "test")
        let attempt = try begun(stage)
        _ = runner.begin(now: attempt.delivery.deadline.advanced(by: .milliseconds(-1)))
        #expect(attempt.ending.cause == nil)
        _ = runner.begin(now: attempt.delivery.deadline)
        #expect(attempt.ending.cause == .late)
        #expect(runner.settle(attempt, .success(Receipt())) == .delivered)
    }

    @Test("An attempt answered twice is answered once, also while the delivery is on the wire again")
    func twice() throws {
        let stage = try Stage()
        let runner = stage.line.channels[0].runner
        _ = stage.line.offer(order(), actor: "test")
        let first = try begun(stage)
        guard case .retry(let due) = runner.settle(first, .failure(.unavailable("away"))) else { throw Nothing() }
        let second = try begun(stage, at: due)
        #expect(runner.settle(first, .success(Receipt())) == .unknown)
        #expect(stage.journal.rows(of: order().id).map(\.state) == [.sending])
        #expect(runner.settle(second, .success(Receipt())) == .delivered)
        #expect(runner.settle(second, .success(Receipt())) == .unknown)
    }

    @Test("What was delivered leaves no timers behind: a day's deliveries are not a day's timers")
    func timers() throws {
        var queue = ChannelQueue(limits: QueueLimits(concurrency: 4, reservedForImmediate: 1))
        for index in 0..<20_000 {
            let parcel = parcel("e\(index)", lasts: .seconds(86_400))
            _ = queue.offer(parcel, now: start)
            guard case .send = queue.next(now: start) else { throw Nothing() }
            _ = queue.settle(parcel.id, .success(Receipt()), now: start)
        }
        #expect(queue.timerCount <= 4_096 + 4)
        // What waits is looked at all the same.
        let last = parcel("last", lasts: .seconds(60))
        _ = queue.offer(last, now: start)
        guard case .send = queue.next(now: start) else { throw Nothing() }
        _ = queue.settle(last.id, .failure(.throttled(retryAfter: .seconds(30))), now: start)
        guard case .wait(let until) = queue.next(now: start) else { throw Nothing() }
        #expect(until <= start.advanced(by: .seconds(30)))
    }

    @Test("The journal keeps the rows it says, and lets the oldest go one by one")
    func journal() throws {
        let journal = DeliveryJournal(ledger: MemoryLedger())
        let town = TownID("042056")!
        let alert = order().content
        for index in 0..<(DeliveryJournal.bound + 50) {
            journal.open(
                RecordedAlert(
                    content: alert, mode: .actual, accepted: alert.sent, actor: "test",
                    deliveries: [RecordedDelivery(
                        id: DeliveryID("d\(index)"), channel: "c", endpoint: "e", isSend: true, priority: .routine, reason: "",
                        sentence: "", expires: alert.expires)]),
                in: town)
        }
        #expect(journal.gauges.rows == DeliveryJournal.bound)
        #expect(journal.row(DeliveryID("d49")) == nil && journal.row(DeliveryID("d50")) != nil)
    }
}
