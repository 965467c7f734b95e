import Foundation
import Ledger
import LedgerStore
import Testing

@Suite("What waits on this machine's disk for a database elsewhere")
struct WaitingRowsTests {
    private func bulletin(_ number: Int64) -> WaitingWrite {
        WaitingWrite(
            number: number, write: .bulletin(KeptBulletin(
                hash: "h\(number)", received: Date(timeIntervalSince1970: 0), source: "t", verdict: .refused, reason: nil, alerts: [], octets: [])), commit: nil)
    }

    @Test("What is put there twice waits once, and when all is handed over nothing waits any more, also for who opens it again")
    func twice() throws {
        let folder = URL.temporaryDirectory.appending(path: "noroshi-waiting-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        let path = folder.appending(path: "waiting.sqlite").path, rows = try WaitingRows(path: path)
        try rows.add([bulletin(1), bulletin(2)], by: 7)
        try rows.add([bulletin(2), bulletin(3)], by: 7)
        #expect(rows.backlog == 3)
        // Another writer's count is another's.
        try rows.add([bulletin(1)], by: 8)
        let first = try rows.first(10)
        #expect(first.map(\.number) == [1, 2, 3] && first.allSatisfy { $0.writer == 7 })
        try rows.remove(first)
        #expect(rows.backlog == 1)
        try rows.remove(try rows.first(10))
        #expect(rows.isEmpty && rows.backlog == 0)
        rows.close()
        let again = try WaitingRows(path: path)
        #expect(try again.isEmpty && again.first(10).isEmpty)
        again.close()
    }
}
