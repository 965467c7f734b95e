import AlertModel
import ChannelKit
import ChannelKitTesting
import Dispatching
import Foundation
import Ledger
import Testing

/// A ledger whose disk answers when the test says so.
private final class StallingLedger: Ledger {
    private let inner = MemoryLedger()
    let commit = Commit()

    private struct Part: TownLedger {
        let inner: any TownLedger
        let commit: Commit
        func record(_ alert: RecordedAlert) -> Commit { _ = inner.record(alert); return commit }
        func append(_ step: RecordedStep) { inner.append(step) }
        func append(_ receipt: RecordedReceipt) -> Commit { inner.append(receipt) }
        func append(_ report: RecordedReport) -> Commit { inner.append(report) }
        func append(_ deed: RecordedDeed) -> Commit { inner.append(deed) }
        func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] { try await inner.deeds(query) }
        func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] { try await inner.deliveries(query) }
        func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] { try await inner.alerts(query) }
        func reports(_ query: ReportQuery) async throws -> [RecordedReport] { try await inner.reports(query) }
        func said(_ alert: AlertID) async throws -> [SaidText] { try await inner.said(alert) }
    }

    func town(_ id: TownID) -> any TownLedger { Part(inner: inner.town(id), commit: commit) }
    func keep(_ bulletin: KeptBulletin) -> Commit { inner.keep(bulletin) }
    func bulletins(limit: Int) async throws -> [KeptBulletin] { try await inner.bulletins(limit: limit) }
    func record(_ passed: PassedAlert) -> Commit { _ = inner.record(passed); return commit }
    func passed(since: Date, limit: Int) async throws -> [RecordedAlert] { try await inner.passed(since: since, limit: limit) }
    func flush() -> Commit { inner.flush() }
    var backlog: (waiting: Int, lost: Int) { (0, 0) }
    func close() async {}
    func read(_ key: String) -> [UInt8]? { inner.read(key) }
    func write(_ key: String, _ value: [UInt8]?) { inner.write(key, value) }
    func keys(prefix: String) -> [String] { inner.keys(prefix: prefix) }
}

@Suite("The line", .timeLimit(.minutes(1)))
struct LineTests {
    @Test("A warning is at the far end while the disk still thinks, and the answer waits for the disk")
    func stalledDisk() async throws {
        let ledger = StallingLedger()
        let stage = try Stage(ledger)
        try await stage.running {
            let answers = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await stage.line.accept(order(), actor: "test")
                    answers.add()
                }
                let row = try await stage.reaches([.delivered], order().id)
                #expect(row.attempts == 1)
                #expect(answers.count == 0, "nothing is answered that is not on disk")
                ledger.commit.fulfil(nil)
                try await group.waitForAll()
            }
            #expect(answers.count == 1)
        }
    }

    @Test("A disk that refuses is the sender's to hear, and takes nothing from the warning")
    func refusingDisk() async throws {
        let ledger = StallingLedger()
        ledger.commit.fulfil(.full)
        let stage = try Stage(ledger)
        try await stage.running {
            await #expect(throws: LedgerFailure.full) { try await stage.line.accept(order(), actor: "test") }
            _ = try await stage.reaches([.delivered], order().id)
        }
    }

    @Test("A wall clock that jumps forward ends no delivery before its time")
    func forward() async throws {
        let gate = Gate()
        let script = FarEndScript { count, _ throws(DeliveryFailure) in
            guard count > 1 else {
                await gate.opened()
                throw .unavailable("not yet")
            }
            return Receipt()
        }
        let stage = try Stage(script: script)
        try await stage.running {
            try await stage.line.accept(order(lasts: 600), actor: "test")
            await script.asked(1)
            stage.clock.jump(86_400)
            let row = try await stage.reaches([.delivered, .expired], order().id) { gate.open() }
            #expect(row.state == .delivered)
        }
    }

    @Test("A wall clock that is put back keeps no delivery alive")
    func back() async throws {
        let script = FarEndScript { _, _ throws(DeliveryFailure) in throw .unavailable("away") }
        let stage = try Stage(script: script)
        try await stage.running {
            // Long enough that a busy machine makes its first attempt within it.
            try await stage.line.accept(order(lasts: 5), actor: "test")
            let end = ContinuousClock.now.advanced(by: .seconds(5))
            await script.asked(1)
            stage.clock.jump(-86_400)
            let row = try await stage.reaches([.delivered, .expired], order().id)
            #expect(row.state == .expired)
            for delivery in script.deliveries { #expect(delivery.deadline <= end) }
        }
    }

    @Test("A cancel goes to those who were told and to no one else")
    func cancel() async throws {
        let script = FarEndScript { _, delivery throws(DeliveryFailure) in
            guard delivery.farEnd.id == "a" else { throw .rejected("never") }
            return Receipt()
        }
        let stage = try Stage(script: script, ends: ["a", "b"])
        try await stage.running {
            try await stage.line.accept(order(), actor: "test")
            _ = try await stage.reaches([.delivered], order().id)
            let cancel = order(revision: 2, .cancel)
            _ = try await stage.reaches([.delivered], cancel.id) { try await stage.line.accept(cancel, actor: "test") }
            #expect(script.deliveries.contains { $0.message == .cancel && $0.farEnd.id == "a" })
            let other = order("other", revision: 3, .cancel)
            try await stage.line.accept(other, actor: "test")
            #expect(stage.journal.rows(of: other.id).allSatisfy { $0.state == .skipped && $0.delivery.reason == "not-told" })
        }
    }

    @Test("A word that says nothing new is on the pages and wakes no device: of that hint the log says why")
    func quiet() async throws {
        let hints = FarEndScript(), stage = try Stage(hints: hints)
        try await stage.running {
            try await stage.line.accept(order(), actor: "test")
            await stage.script.asked(1)
            await hints.asked(1)
            let again = order(revision: 2)
            try await stage.line.accept(again, actor: "test") { _, _ in .again("同じ内容の再発表") }
            await stage.script.asked(2)
            let rows = stage.journal.rows(of: again.id)
            #expect(rows.first { $0.delivery.channel == "push" }.map { $0.state == .skipped && $0.delivery.reason == "no-news" } == true)
            #expect(rows.first { $0.delivery.channel == "school-tablet" }?.state != .skipped && hints.deliveries.count == 1)
        }
    }

    @Test("A person's cancel that counts as older than what it takes back is a failure with its reason, and no quiet end")
    func olderCancel() async throws {
        let stage = try Stage()
        try await stage.running {
            _ = try await stage.reaches([.delivered], order(revision: 2).id) {
                try await stage.line.accept(order(revision: 2), actor: "test")
            }
            let cancel = order(revision: 1, .cancel)
            let row = try await stage.reaches([.rejected, .superseded, .delivered], cancel.id) {
                try await stage.line.accept(cancel, actor: "test")
            }
            #expect(row.state == .rejected)
            #expect(row.detail?.contains("取り消されていません") == true)
        }
    }

    @Test("A cancel while the warning is on the wire cuts the attempt and follows it")
    func cancelOnWire() async throws {
        let script = FarEndScript { count, _ throws(DeliveryFailure) in
            guard count == 1 else { return Receipt() }
            do { try await ContinuousClock().sleep(for: .seconds(3600)) } catch { throw .cancelled }
            return Receipt()
        }
        let stage = try Stage(script: script)
        try await stage.running {
            try await stage.line.accept(order(), actor: "test")
            await script.asked(1)
            let cancel = order(revision: 2, .cancel)
            _ = try await stage.reaches([.delivered], cancel.id) { try await stage.line.accept(cancel, actor: "test") }
            #expect(stage.journal.rows(of: order().id).map(\.state) == [.superseded])
        }
    }

    @Test("A town that is offered last takes its turn, and does not stand behind everything that was offered before it")
    func turns() async throws {
        // Far ends that hang, and an adapter that has something to do before it finds out.
        let script = FarEndScript { _, _ async throws(DeliveryFailure) in
            let end = ContinuousClock.now.advanced(by: .milliseconds(1))
            while ContinuousClock.now < end {}
            do { try await ContinuousClock().sleep(for: .seconds(30)) } catch { throw .cancelled }
            return Receipt()
        }
        let journal = DeliveryJournal(ledger: MemoryLedger())
        let runner = ChannelRunner<Actual>(
            ScriptedChannel(script), observer: journal, logger: Sample.setup(as: Actual.self).logger,
            limits: QueueLimits(concurrency: 512, reservedForImmediate: 8, places: 1024))
        let message = Sample.message(as: Actual.self)
        func load(_ town: String, _ number: Int) throws -> ChannelRunner<Actual>.Load {
            let lane = LaneID(town: try #require(TownID(town)), endpoint: "e\(number)")
            return ChannelRunner<Actual>.Load(
                parcel: Parcel(
                    id: DeliveryID("\(town)-\(number)"), event: message.alert.event, lane: lane, priority: .immediate,
                    revision: message.alert.revision, message: .alert, expires: .now.advanced(by: .seconds(60)), followsHeard: false),
                farEnd: Sample.farEnd([:], as: Actual.self), message: message)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runner.run() }
            runner.offer(try (0..<400).map { try load("042056", $0) })
            await script.asked(10)
            runner.offer([try load("032093", 0)])
            await script.asked(401)
            group.cancelAll()
        }
        let place = try #require(script.deliveries.firstIndex { $0.id == DeliveryID("032093-0") })
        #expect(place < 150, "asked as number \(place + 1) of 401")
    }
}
