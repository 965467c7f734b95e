/// What a person did that is no alert: in the chain over a restart, in its archive after years, and with its town to another hub.
import AlertModel
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

@Suite("Deeds in the SQLite ledger")
struct DeedTests {
    let folder = URL.temporaryDirectory.appending(path: "noroshi-deeds-\(UUID().uuidString)")

    private func open(_ name: String = "a") throws -> SQLiteLedger {
        let data = folder.appending(path: name)
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        return try SQLiteLedger(path: data.appending(path: "ledger.sqlite").path(), logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    private func deed(_ id: String, at: Date = epoch) -> RecordedDeed {
        RecordedDeed(id: id, mode: .actual, kind: "call", subject: "school-tablet/school", at: at, actor: "operator:佐藤", body: #"{"answer":"no-answer"}"#)
    }

    @Test("After a restart it is there; changed, removed or put in it is found", arguments: [
        ("UPDATE deed SET actor = 'operator:鈴木' WHERE id = 'd1'", Int64(2)), ("UPDATE deed SET body = '{}' WHERE id = 'd0'", 1), ("DELETE FROM deed WHERE id = 'd1'", 2),
        ("INSERT INTO deed (town, id, mode, kind, subject, at, actor, body) VALUES ('042056', 'x', 'actual', 'call', 's', 0, 'a', '{}')", nil),
    ] as [(String, Int64?)])
    func found(sql: String, number: Int64?) async throws {
        let before = try open()
        for id in ["d0", "d1"] { try await before.town(kesennuma).append(deed(id)).committed() }
        await before.close()
        let ledger = try open()
        #expect(try await ledger.town(kesennuma).deeds(DeedQuery()) == [deed("d1"), deed("d0")])
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        try ledger.tamper(sql)
        #expect(try #require(try await ledger.verify(kesennuma).flaw).number == number)
        await ledger.close()
    }

    @Test("After its years it leaves into its archive and the chain stays whole, also beside an archive of before there were any")
    func leaves() async throws {
        let ledger = try open()
        let day: TimeInterval = 86_400
        try await ledger.town(kesennuma).record(alert("a", sends: 0, skips: 1)).committed()
        try await ledger.town(kesennuma).append(deed("old", at: epoch.addingTimeInterval(40 * day))).committed()
        try await ledger.town(kesennuma).append(deed("new", at: epoch.addingTimeInterval(1500 * day))).committed()
        let head = try await ledger.verify(kesennuma).head
        let done = try await ledger.retireAll(RetentionRule(town: kesennuma, now: epoch.addingTimeInterval(5 * 365.25 * day + 41 * day)))
        #expect(done.deeds == 1 && done.alerts == 1)
        #expect(try await ledger.town(kesennuma).deeds(DeedQuery()).map(\.id) == ["new"])
        var back = DeedQuery()
        back.reachesBack = true
        #expect(try await ledger.town(kesennuma).deeds(back).map(\.id) == ["new", "old"])
        let after = try await ledger.verify(kesennuma)
        #expect(after.flaw == nil && after.head == head, "\(after)")
        // The alert's month, as an earlier program wrote it.
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-c", """
            import glob, sqlite3, sys
            path = sorted(glob.glob(sys.argv[1] + '/archive/042056/*.sqlite'))[0]
            base = sqlite3.connect(path); base.execute('DROP TABLE deed'); base.commit()
            """, folder.appending(path: "a").path()]
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        #expect(try await ledger.town(kesennuma).deeds(back).map(\.id) == ["new", "old"], "the other month has it")
        let again = try await ledger.verify(kesennuma)
        #expect(again.flaw == nil && again.head == head, "\(again)")
        await ledger.close()
        // Out of both into one file.
        let file = folder.appending(path: "town.noroshi").path()
        _ = try TownExport(kesennuma, data: folder.appending(path: "a").path()).write(to: file, now: epoch)
        try FileManager.default.createDirectory(at: folder.appending(path: "b"), withIntermediateDirectories: true)
        _ = try await TownImport(file, data: folder.appending(path: "b").path()).run(now: epoch)
        let there = try open("b")
        #expect(try await there.town(kesennuma).deeds(DeedQuery()).map(\.id) == ["new", "old"])
        #expect(try await there.verify(kesennuma, expecting: head).flaw == nil)
        await there.close()
    }
}
