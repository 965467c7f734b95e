import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

@Suite("The SQLite ledger")
struct SQLiteLedgerTests {
    let folder: URL
    init() throws {
        folder = URL.temporaryDirectory.appending(path: "noroshi-sqlite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    var path: String { folder.appending(path: "ledger.sqlite").path() }

    @Test("A commit survives the loss of power: synchronous is FULL on the writer")
    func synchronous() async throws {
        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        #expect(try ledger.synchronousLevel() == 2)
        await ledger.close()
    }

    @Test("What was committed is there when it is opened again")
    func reopen() async throws {
        let first = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        try await first.town(kesennuma).record(alert("a")).committed()
        first.write("area-mail/serial", [0, 9])
        await first.close()
        let second = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        #expect(try await second.town(kesennuma).deliveries(DeliveryQuery()).count == 3)
        #expect(second.read("area-mail/serial") == [0, 9])
        await second.close()
    }

    @Test("What comes while the buffer is full is refused at once and counted, never waited for")
    func full() async throws {
        let ledger = try SQLiteLedger(path: path, limit: 2, logger: Logger(label: "t"))
        await #expect(throws: LedgerFailure.full) {
            try await ledger.town(kesennuma).record(alert("a", sends: 5)).committed()
        }
        #expect(ledger.backlog.lost == 7)
        await ledger.close()
    }

    @Test("A disk that is full fails the commit, and the ledger goes on when there is room again")
    func diskFull() async throws {
        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        try ledger.limitPages(to: 1)
        await #expect(throws: LedgerFailure.self) {
            for index in 0..<200 {
                try await ledger.town(kesennuma).record(alert("a\(index)", sends: 50)).committed()
            }
        }
        try ledger.limitPages(to: 1_000_000)
        try await ledger.town(kesennuma).record(alert("later")).committed()
        let known = try await ledger.town(kesennuma).alerts(AlertQuery()).map(\.content.id)
        #expect(known.contains(AlertID("later")))
        #expect(known.contains(AlertID("a0")), "what the disk refused waited for room")
        #expect(ledger.backlog.lost == 0)
        await ledger.close()
    }

    @Test("A closed ledger refuses instead of forgetting")
    func closed() async throws {
        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        await ledger.close()
        await #expect(throws: LedgerFailure.closed) {
            try await ledger.town(kesennuma).record(alert("a")).committed()
        }
    }

    @Test("A row that is written proves the disk; whoever is cancelled waits for it no longer")
    func proof() async throws {
        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        try await ledger.proveWriting(at: Date(timeIntervalSince1970: 1)).committed()
        #expect(ledger.read("readiness") != nil)
        await ledger.close()
        let hung = Commit()
        let waiting = Task { try await hung.committed() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        hung.fulfil(nil)
        try await hung.committed()
    }

    @Test("A page of the log is read from an index of the town's rows, and not from all rows of all towns")
    func pages() async throws {
        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        // Each by the index of what it is asked by, in the order of its entries.
        let asked: [(index: String, change: (inout DeliveryQuery) -> Void)] = [
            ("log_mode", { _ in }), ("log_mode", { $0.mode = .exercise }), ("log_mode", { $0.since = Date(timeIntervalSince1970: 0) }), ("log_channel", { $0.channel = "mail" }),
            ("log_endpoint", { $0.endpoint = "school" }), ("SEARCH d USING PRIMARY KEY (town=? AND mode=? AND state=?", { $0.state = .rejected }),
        ]
        for newest in [false, true] {
            for (index, change) in asked {
                var query = DeliveryQuery()
                query.newest = newest
                change(&query)
                let plan = try ledger.planOfLogPage(query)
                #expect(plan.contains { $0.contains(index) } && !plan.contains { $0.contains("SCAN d") }, "\(plan)")
                // The rows of these numbers and no others.
                #expect(plan.first?.hasPrefix("SEARCH d USING INTEGER PRIMARY KEY") == true, "\(plan)")
            }
        }
        var query = DeliveryQuery()
        query.alerts = [AlertID("a"), AlertID("b")]
        let plan = try ledger.planOfLogPage(query)
        #expect(plan.contains { $0.contains("delivery_alert") } && !plan.contains { $0.contains("log_mode") }, "\(plan)")
        query.alerts = nil
        query.unfinishedOnly = true
        let open = try ledger.planOfLogPage(query)
        #expect(open.contains { $0.contains("log_state USING PRIMARY KEY (town=? AND mode=? AND state=?)") } && open.first?.hasPrefix("SEARCH d USING INTEGER PRIMARY KEY") == true, "what a start asks of ten million rows: \(open)")
        await ledger.close()
    }
}
