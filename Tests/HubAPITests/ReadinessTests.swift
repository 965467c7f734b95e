import AlertModel
import ChannelKit
import Dispatching
import Foundation
import Hub
import Ledger
import Logging
import Rendering
import Testing

@Suite("Ready", .timeLimit(.minutes(1)))
struct ReadinessTests {
    private static let templates: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.appending(path: "Templates")
    }()

    /// Runs the probe's channel while `body` asks.
    private func asking(
        _ ledger: any Ledger, patience: Duration, _ body: (Readiness) async throws -> Void
    ) async throws {
        let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
        let readiness = Readiness(
            ledger: ledger, renderer: try Renderer(directory: Self.templates), logger: logger, patience: patience)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await readiness.run() }
            try await body(readiness)
            group.cancelAll()
        }
    }

    @Test("A probe that came through and a row on disk: ready")
    func ready() async throws {
        try await asking(MemoryLedger(), patience: .seconds(30)) { readiness in
            let report = await readiness.report()
            #expect(report.ready && report.reason == nil)
            #expect(report.probe_ms != nil && report.ledger_ms != nil)
        }
    }

    @Test("A disk that hangs for ever is no reason to give no answer: not ready, said in time, to all who ask at once")
    func hung() async throws {
        try await asking(SickLedger(.hangs), patience: .seconds(25)) { readiness in
            async let one = readiness.report()
            async let two = readiness.report()
            for report in await [one, two] {
                #expect(!report.ready)
                #expect(report.reason?.contains("応答しません") == true, "\(report)")
                #expect(report.probe_ms != nil, "warnings go out")
            }
        }
    }

    @Test("A disk that refuses, also one that refuses only what is really written", arguments: [false, true])
    func refusing(takesEmpty: Bool) async throws {
        try await asking(
            SickLedger(takesEmpty ? .takesNothingButEmptyCommits : .refuses), patience: .seconds(30)
        ) { readiness in
            let report = await readiness.report()
            #expect(!report.ready && report.ledger_ms == nil)
            #expect(report.reason?.contains("SQLITE_IOERR_FSYNC") == true, "\(report)")
        }
    }

    @Test("An immediate delivery that waits where its far end is not to blame: not ready; a far end in trouble is its own trouble")
    func stuck() {
        var report = Readiness.Report(ready: true)
        report.add(OldestDelivery(well: .milliseconds(40), troubled: .seconds(500)))
        #expect(report.ready && report.oldest_immediate_in_trouble_ms == 500_000)
        report.add(OldestDelivery(well: .seconds(6), troubled: nil))
        #expect(!report.ready && report.reason?.contains("緊急") == true)
    }
}
