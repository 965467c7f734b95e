/// Whether a hub may act: a value, and the leases two hubs over one record have.
import AlertModel
import ChannelKitTesting
import Foundation
import Ledger
import LedgerPostgres
import Logging
import Synchronization
import Testing

@Suite("Who is on duty")
struct DutyTests {
    private let start = ContinuousClock.now
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// Awake from one moment to another.
    private func live(_ term: inout DutyTerm, from: Int, to: Int) { for moment in stride(from: from, through: to, by: 100) { term.tick(at(moment)) } }

    @Test("Its owner acts for one second from the moment at which he asked, and for another with each answer")
    func renewed() {
        var term = DutyTerm(asked: start)
        live(&term, from: 0, to: 900)
        #expect(term.word(at(999)) == .on)
        term.renew(asked: at(300))
        #expect(term.word(at(1299)) == .on && term.word(at(1300)) == .urgent)
        // An answer that comes late speaks for the moment of its question.
        term.renew(asked: at(200))
        #expect(term.word(at(1300)) == .urgent)
    }

    @Test("While the database is away what is immediate goes out at once, the rest after the eight seconds of a fail-over")
    func away() {
        var term = DutyTerm(asked: start)
        live(&term, from: 0, to: 9_000)
        term.miss(asked: at(300))
        #expect(term.word(at(1_000)) == .urgent && term.word(at(8_999)) == .urgent && term.word(at(9_000)) == .on)
        term.renew(asked: at(9_000))
        #expect(term.word(at(9_500)) == .on)
    }

    @Test("Whoever was stopped sends nothing, not even what is immediate, until he has asked how things stand")
    func woken() {
        var term = DutyTerm(asked: start)
        live(&term, from: 0, to: 300)
        // Stopped from here on. Asked before, and answered or failed when he wakes: says nothing of now.
        #expect(term.word(at(5_000)) == .off)
        term.tick(at(5_000))
        term.renew(asked: at(300))
        term.miss(asked: at(300))
        #expect(term.word(at(5_001)) == .off)
        live(&term, from: 5_100, to: 15_000)
        #expect(term.word(at(15_000)) == .off)
        var (told, alone) = (term, term)
        told.renew(asked: at(5_100))
        #expect(told.word(at(5_200)) == .on)
        alone.miss(asked: at(5_100))
        #expect(alone.word(at(12_999)) == .urgent && alone.word(at(15_000)) == .on)
        term.lose()
        #expect(term.word(at(15_000)) == .taken)
    }

    @Test("A short nap within its time changes nothing; one beyond it is a sleep")
    func naps() {
        var term = DutyTerm(asked: start)
        term.tick(at(400))
        term.tick(at(990))
        #expect(term.word(at(995)) == .on)
        #expect(term.word(at(1_100)) == .off)
        var other = DutyTerm(asked: start)
        live(&other, from: 0, to: 800)
        #expect(other.word(at(1_200)) == .urgent)
    }
}

extension PostgresTests {
    /// What a hub that stands by was told.
    final class Told: Sendable {
        let holders = Mutex<[LeaseHolder?]>([])
        func heard(_ name: String) -> Bool { holders.withLock { $0.contains { $0?.name == name } } }
    }

    private func hub(_ record: PostgresRecord, _ name: String, _ told: Told = Told(), waiting: String? = nil) async throws -> PostgresLedger {
        try await PostgresLedger.open(
            try record.address(deadline: nil), name: "\(name)/folder-\(name)", bid: LeaseBid(address: "http://127.0.0.1:1") { holder in told.holders.withLock { $0.append(holder) } },
            waiting: waiting, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    private func until(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try await isTrue() { return }
            await Task.yield()
        }
        Issue.record("never: \(what)")
    }

    @Test("Of two hubs over one record the second stands by, hears who is on duty, and has all of it when the first gives it up; a hub alone is refused meanwhile")
    func twoHubs() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), told = Told()
        let first = try await hub(record, "a")
        #expect(first.duty.isLeased)
        async let other = hub(record, "b", told)
        try await until("b hears of a") { told.heard("a") }
        await #expect(throws: PostgresLedger.Refusal.self) { _ = try await record.open(name: "alone", patience: .zero) }
        try await first.town(kesennuma).record(alert("x")).committed()
        first.write("k", [7])
        // For longer than the lease.
        let began = ContinuousClock.now
        try await until("its lease is renewed") { began.duration(to: .now) > .milliseconds(2_500) }
        try await until("it goes on") { first.duty.word() == .on }
        #expect(told.holders.withLock { $0.allSatisfy { $0?.name == "a" } })
        await first.close()
        let second = try await other
        #expect(second.duty.isLeased && second.read("k") == [7])
        #expect(try await log(second).count == 3)
        try await second.town(kesennuma).record(alert("y")).committed()
        #expect(try await second.verify(kesennuma).flaw == nil)
        await second.close()
        let alone = try await record.open(name: "alone", patience: .zero)
        #expect(!alone.duty.isLeased && alone.duty.word() == .on)
        async let third = hub(record, "c", told)
        try await until("c hears that a hub alone has it") { told.heard("alone") }
        await alone.close()
        await (try await third).close()
    }

    @Test("A database whose clock is put forward ends no lease: whoever stands by has to see it stand still for as long as its owner may act")
    func leaseSkewed() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), told = Told()
        let first = try await hub(record, "a")
        async let other = hub(record, "b", told)
        try await until("b hears of a") { told.heard("a") }
        for _ in 0..<6 {
            // As it looks to whoever reads it by a clock that has jumped, until its owner renews it.
            try await record.keeper("UPDATE lease SET until = clock_timestamp() - interval '1 minute'")
            try await until("it is renewed, or taken") { try await record.keeper("SELECT until > clock_timestamp() FROM lease") == "t" }
        }
        #expect(first.duty.word() != .taken)
        #expect(try await record.keeper("SELECT split_part(owner, '/', 1) FROM lease") == "a")
        await first.close()
        await (try await other).close()
    }

    @Test("Whose lease another has taken writes nothing any more and is told so; what he had recorded here is handed over while he stands by, and under its own name once")
    func leaseTaken() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), file = try Self.waitingFile()
        let first = try await hub(record, "a", waiting: file)
        try await first.town(kesennuma).record(alert("x")).committed()
        // As a hub would that found the lease run out.
        try await record.keeper("UPDATE lease SET owner = 'b/there', token = 99, until = 'infinity'; UPDATE hub SET writer = 99, name = 'b/there'")
        await #expect(throws: LedgerFailure.self) { try await first.town(kesennuma).record(alert("y")).committed() }
        try await first.duty.lost()
        #expect(first.duty.word() == .taken)
        #expect(try await record.keeper("SELECT count(*) FROM alert") == "1")
        await first.close()
        #expect(try await record.keeper("SELECT owner, token FROM lease") == "b/there|99")

        let told = Told()
        async let again = hub(record, "a", told, waiting: file)
        try await until("it is handed over") { try await record.keeper("SELECT count(*) FROM alert") == "2" }
        #expect(told.heard("b"))
        #expect(try await record.keeper("SELECT count(*) FROM delivery WHERE alert = 'y'") == "3")
        // And gives it up.
        try await record.keeper("UPDATE lease SET until = '-infinity', token = 0; UPDATE hub SET until = '-infinity'")
        let back = try await again
        #expect(try await back.verify(kesennuma).flaw == nil)
        #expect(try await log(back).map(\.number) == [1, 2, 3, 4, 5, 6])
        await back.close()
    }

    @Test("A database that hangs for longer than the lease costs nobody his duty: who has it looks for it, too, and is waited for")
    func leaseFrozen() async throws {
        let server = try await PostgresServer(), record = try await PostgresRecord.make(on: server), told = Told()
        let first = try await hub(record, "a", waiting: try Self.waitingFile())
        async let other = hub(record, "b", told)
        try await until("b hears of a") { told.heard("a") }
        server.freeze()
        try await until("its second is over") { first.duty.word() == .urgent }
        let commit = first.town(kesennuma).record(alert("x"))
        try await commit.committed()
        #expect(commit.isLocal)
        try await until("b is without it too") { told.holders.withLock { $0.contains { $0 == nil } } }
        server.wake()
        try await until("it is renewed") { first.duty.word() == .on && first.backlog.waiting == 0 }
        #expect(try await record.keeper("SELECT owner FROM lease") == "a/folder-a")
        await first.close()
        await (try await other).close()
    }
}
