import AlertModel
import ChannelKit
import Dispatching
import Foundation
import Ledger
import Logging
import Rendering
import Synchronization
import Testing

/// Of several hubs one is on duty: what the others do with what waits in their queues.
@Suite("What waits while another hub may be on duty")
struct DutyGateTests {
    private struct Witness: DeliveryObserver {
        let duty: Duty
        func delivery(_ id: DeliveryID, of town: TownID, took step: DeliveryStep) {}
    }

    private let start = ContinuousClock.now
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// One delivery that is immediate and one that is not, before one far end each.
    private func runner(_ duty: Duty, _ script: FarEndScript = FarEndScript()) throws -> ChannelRunner<Actual> {
        let stage = try Stage(script: script, ends: ["a"])
        let runner = ChannelRunner<Actual>(ScriptedChannel(script), observer: Witness(duty: duty), logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        // What the line made of an order, offered to this runner.
        _ = stage.line.offer(order(), actor: "t")
        guard case .attempt(let attempt) = stage.line.channels[0].runner.begin() else { throw Nothing() }
        for priority in [Priority.routine, .immediate] {
            let parcel = attempt.load.parcel
            runner.offer([.init(
                parcel: Parcel(
                    id: DeliveryID(alert: AlertID("\(priority)"), town: parcel.lane.town, channel: "school-tablet", endpoint: "\(priority)"), event: parcel.event,
                    lane: LaneID(town: parcel.lane.town, endpoint: "\(priority)"), priority: priority, revision: parcel.revision, message: parcel.message,
                    expires: at(3_600_000), followsHeard: false),
                farEnd: attempt.load.farEnd, message: attempt.load.message)], now: start)
        }
        return runner
    }
    private struct Nothing: Error {}

    private func begun(_ runner: ChannelRunner<Actual>, _ moment: Int) -> Priority? {
        guard case .attempt(let attempt) = runner.begin(now: at(moment)) else { return nil }
        return attempt.delivery.priority
    }

    @Test("While the database is away what is immediate begins at once, the rest after a fail-over's time; on duty everything does")
    func away() throws {
        let duty = Duty(asked: start), runner = try runner(duty)
        for moment in stride(from: 0, through: 9_000, by: 100) {
            duty.tick(at(moment))
            if moment == 1_500 {
                #expect(begun(runner, moment) == .immediate)
                #expect(begun(runner, moment) == nil)
                guard case .wait(let until) = runner.begin(now: at(moment)) else { throw Nothing() }
                #expect(until <= at(1_600), "it looks again soon")
            }
            if moment == 8_900 { #expect(begun(runner, moment) == nil) }
            if moment == 9_000 { #expect(begun(runner, moment) == .routine) }
        }
        let other = try self.runner(Duty(asked: start))
        #expect([begun(other, 10), begun(other, 10)] == [.immediate, .routine])
    }

    @Test("Whoever wakes after another has taken over begins nothing, and what had its turn before goes no further")
    func woken() async throws {
        let duty = Duty(asked: start), script = FarEndScript(), runner = try runner(duty, script)
        guard case .attempt(let attempt) = runner.begin(now: at(1)) else { throw Nothing() }
        // It has not looked at the clock since.
        #expect(begun(runner, 5_000) == nil)
        duty.lose()
        #expect(begun(runner, 5_001) == nil)
        await runner.make(attempt)
        #expect(script.deliveries.isEmpty)
        // It is not ended, and goes out where it may again.
        #expect(runner.gauges.waiting.values.reduce(0, +) == 2)
    }
}
