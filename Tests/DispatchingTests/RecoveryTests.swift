import AlertModel
import ChannelKit
import ChannelKitTesting
import Dispatching
import Foundation
import Ledger
import Testing

@Suite("After a restart", .timeLimit(.minutes(1)))
struct RecoveryTests {
    /// A ledger with alerts that were offered and never ended: the hub that wrote it ran no channel.
    private func left(_ alerts: Alert<Actual>..., by clock: WallClock) async throws -> MemoryLedger {
        let ledger = MemoryLedger()
        let before = try Stage(ledger, clock: clock)
        for alert in alerts { try await before.line.accept(alert, actor: "test") }
        return ledger
    }

    private let since = Sample.now.addingTimeInterval(-72 * 3600)

    @Test("What is fresh goes out by itself, what is stale waits for a person", arguments: [
        (60.0, DeliveryState.delivered), (3600, .held),
    ])
    func age(seconds: Double, state: DeliveryState) async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        clock.jump(seconds)
        let stage = try Stage(ledger, clock: clock)
        try await stage.running {
            let row = try await stage.reaches([.delivered, .held], order().id) { try await stage.line.recover(since: since) }
            #expect(row.state == state)
            #expect(stage.script.deliveries.isEmpty == (state == .held))
        }
    }

    @Test("The time that reading took at the start is not the warning's: how old it was when the run began is what counts")
    func slowStart() async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        clock.jump(20)
        let began = clock.now
        // Eighty seconds for the other towns' records.
        clock.jump(80)
        let stage = try Stage(ledger, clock: clock)
        try await stage.running {
            let row = try await stage.reaches([.delivered, .held], order().id) {
                try await stage.line.recover(since: since, began: began)
            }
            #expect(row.state == .delivered)
        }
    }

    @Test("A cancel is never stale")
    func cancel() async throws {
        let clock = WallClock()
        let cancel = order(revision: 2, .cancel)
        let ledger = MemoryLedger()
        let script = FarEndScript { _, delivery throws(DeliveryFailure) in
            guard delivery.message == .cancel else { return Receipt() }
            do { try await ContinuousClock().sleep(for: .seconds(3600)) } catch { throw .cancelled }
            return Receipt()
        }
        let before = try Stage(ledger, script: script, clock: clock)
        try await before.running {
            _ = try await before.reaches([.delivered], order().id) { try await before.line.accept(order(), actor: "test") }
            try await before.line.accept(cancel, actor: "test")
            await script.asked(2)
        }
        clock.jump(3600)
        let stage = try Stage(ledger, clock: clock)
        try await stage.running {
            _ = try await stage.reaches([.delivered], cancel.id) { try await stage.line.recover(since: since) }
            #expect(stage.script.deliveries.map(\.message) == [.cancel])
        }
    }

    @Test("What lay on another hub's disk goes out no more behind a newer word that its far end has taken", arguments: [
        (MessageType.update, DeliveryState.superseded), (.cancel, .annulled),
    ])
    func overtaken(message: MessageType, state: DeliveryState) async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        // On duty in between, without having read of the first.
        let between = try Stage(ledger, clock: clock)
        let newer = order(revision: 2, .update)
        try await between.running {
            _ = try await between.reaches([.delivered], newer.id) { try await between.line.accept(newer, actor: "test") }
            guard message == .cancel else { return }
            let cancel = order(revision: 3, .cancel)
            _ = try await between.reaches([.delivered], cancel.id) { try await between.line.accept(cancel, actor: "test") }
        }
        let stage = try Stage(ledger, clock: clock)
        try await stage.running {
            _ = try await stage.reaches([state], order().id) { try await stage.line.recover(since: since) }
            #expect(stage.script.deliveries.isEmpty)
        }
    }

    @Test("What expired while the hub was away has expired")
    func expired() async throws {
        let clock = WallClock()
        let ledger = try await left(order(lasts: 60), by: clock)
        clock.jump(61)
        let stage = try Stage(ledger, clock: clock)
        try await stage.line.recover(since: since)
        #expect(stage.journal.rows(of: order().id).map(\.state) == [.expired])
    }

    @Test("A far end that is in the settings no more ends its delivery")
    func farEndGone() async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        let stage = try Stage(ledger, clock: clock, ends: ["another"])
        try await stage.line.recover(since: since)
        #expect(stage.journal.rows(of: order().id).map(\.state) == [.rejected])
    }

    @Test("Held and released goes out once; held and cancelled never does, whichever start the release comes after")
    func release() async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        clock.jump(3600)
        let first = try Stage(ledger, clock: clock)
        try await first.line.recover(since: since)
        let held = first.journal.rows(of: order().id)
        #expect(held.map(\.state) == [.held])
        try await first.running {
            _ = try await first.reaches([.delivered], order(revision: 2, .cancel).id) {
                try await first.line.accept(order(revision: 2, .cancel), actor: "test")
            }
        }
        let second = try Stage(ledger, clock: clock)
        try await second.running {
            try await second.line.recover(since: since)
            let done = try await second.line.release(second.journal.rows(of: order().id), by: "person")
            #expect(done.released == 0 && done.annulled == 1)
            #expect(second.journal.rows(of: order().id).map(\.state) == [.annulled])
            #expect(second.script.deliveries.isEmpty)
        }
    }

    @Test("A cancel after two restarts still reaches who was perhaps told before the first")
    func twoRestarts() async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        clock.jump(3600)
        try await Stage(ledger, clock: clock).line.recover(since: since)
        let stage = try Stage(ledger, clock: clock)
        try await stage.running {
            try await stage.line.recover(since: since)
            let cancel = order(revision: 2, .cancel)
            let row = try await stage.reaches([.delivered, .skipped], cancel.id) {
                try await stage.line.accept(cancel, actor: "test")
            }
            #expect(row.state == .delivered)
        }
    }

    @Test("A cancel after a restart says of each far end why it hears nothing, also of one that refused what is taken back")
    func whyNot() async throws {
        let ledger = MemoryLedger()
        let before = try Stage(ledger, ends: ["a", "b"])
        _ = before.line.offer(order(), actor: "test")
        for _ in 0..<2 {
            guard case .attempt(let attempt) = before.line.channels[0].runner.begin() else { continue }
            let isKnown = attempt.delivery.farEnd.id == "a"
            before.line.channels[0].runner.settle(attempt, isKnown ? .success(Receipt()) : .failure(.rejected("nobody here")))
        }
        let stage = try Stage(ledger, ends: ["a", "b"])
        try await stage.line.recover(since: since)
        let cancel = order(revision: 2, .cancel)
        _ = stage.line.offer(cancel, actor: "test")
        let rows = stage.journal.rows(of: cancel.id)
        #expect(rows.first { $0.delivery.endpoint == "a" }?.delivery.isSend == true)
        let other = rows.first { $0.delivery.endpoint == "b" || $0.delivery.endpoint == "*" }
        #expect(other?.state == .skipped && other?.delivery.reason == "not-told")
    }

    @Test("What was held is not released after something newer was told there, whichever start the release comes after")
    func heldAndOvertaken() async throws {
        let clock = WallClock()
        let ledger = try await left(order(), by: clock)
        clock.jump(3600)
        let between = try Stage(ledger, clock: clock)
        try await between.line.recover(since: since)
        _ = between.line.offer(order(revision: 2), actor: "test")
        guard case .attempt(let attempt) = between.line.channels[0].runner.begin() else { throw CancellationError() }
        between.line.channels[0].runner.settle(attempt, .success(Receipt()))

        let stage = try Stage(ledger, clock: clock)
        try await stage.line.recover(since: since)
        var query = DeliveryQuery()
        query.state = .held
        let held = try await ledger.town(Sample.town.id).deliveries(query)
        #expect(held.map(\.alert) == [order().id])
        let done = try await stage.line.release(held, by: "test")
        #expect(done.released == 0 && done.annulled == 1)
        #expect(stage.journal.rows(of: order().id).map(\.state) == [.superseded])
        guard case .attempt = stage.line.channels[0].runner.begin() else { return }
        Issue.record("the older one went out")
    }
}
