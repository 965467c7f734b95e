import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

@Suite("A ledger that is not whole", .timeLimit(.minutes(2)))
struct DamagedLedgerTests {
    let folder: URL
    init() throws {
        folder = URL.temporaryDirectory.appending(path: "noroshi-damaged-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    var path: String { folder.appending(path: "ledger.sqlite").path() }
    var quiet: Logger { Logger(label: "t") { _ in SwiftLogNoOpLogHandler() } }
    var aside: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []).filter {
            $0.hasPrefix("ledger.sqlite.damaged-") || $0.hasPrefix("ledger.sqlite.newer-")
        }.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    }

    /// A ledger with some hundred alerts of now and a device, closed.
    @discardableResult
    private func fill(_ count: Int = 200, closing: Bool = true) async throws -> SQLiteLedger? {
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        for index in 0..<count {
            var one = alert("a\(index)")
            one.accepted = Date()
            try await ledger.town(kesennuma).record(one).committed()
        }
        ledger.write("device/1", Array("tablet".utf8))
        try await ledger.flush().committed()
        #expect(ledger.troubles.isEmpty)
        guard closing else {
            // In the file itself, where the test spoils it.
            try ledger.mergeForMeasuring()
            return ledger
        }
        await ledger.close()
        return nil
    }

    /// Overwrites pages as a bad sector does.
    private func spoil(_ pages: Range<Int>) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        for page in pages {
            try file.seek(toOffset: UInt64(page) * 4096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: 4096))
        }
        try file.close()
    }

    private func worksAnew(_ ledger: SQLiteLedger) async throws {
        #expect(ledger.read("device/1") == Array("tablet".utf8), "the devices are known")
        #expect(ledger.troubles.count == 1)
        try await ledger.town(kesennuma).record(alert("later")).committed()
        var query = AlertQuery()
        query.id = AlertID("later")
        #expect(try await ledger.town(kesennuma).alerts(query).count == 1)
    }

    @Test("What is no ledger at all is put aside and named, and a new one begun with the devices", arguments: [0..<1, 0..<400])
    func nonsense(pages: Range<Int>) async throws {
        try await fill()
        try spoil(pages)
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        try await worksAnew(ledger)
        #expect(aside.count == 1)
        #expect(ledger.troubles.first?.contains(aside.first ?? "-") == true, "\(ledger.troubles)")
        #expect(ledger.troubles.first?.contains("記録") == true)
        await ledger.close()
        // And the next start is a plain one.
        let again = try SQLiteLedger(path: path, logger: quiet)
        #expect(again.troubles.isEmpty && again.read("device/1") != nil)
        await again.close()
    }

    @Test("A ledger that was deleted, or ends before its header does, is missed: the devices come back from the copy and it is said", arguments: [nil, 0, 1])
    func missing(octets: Int?) async throws {
        try await fill(3)
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        if let octets { try Data(repeating: 0x20, count: octets).write(to: URL(filePath: path)) }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        try await worksAnew(ledger)
        #expect(ledger.troubles.first?.contains("控えから") == true, "\(ledger.troubles)")
        await ledger.close()
    }

    @Test("A ledger that is gone with its copy, from a folder where a hub has worked, is missed; and so is one that is a folder", arguments: [true, false])
    func gone(isFolder: Bool) async throws {
        if isFolder {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        let ledger = try SQLiteLedger(path: path, isFirst: isFolder, logger: quiet)
        #expect(ledger.troubles.count == 1)
        #expect(ledger.troubles.first?.contains(isFolder ? "フォルダです" : "写しから戻してください") == true, "\(ledger.troubles)")
        #expect(aside.count == (isFolder ? 1 : 0))
        try await ledger.town(kesennuma).record(alert("later")).committed()
        await ledger.close()
    }

    @Test("What is no file at all is put aside too: a pipe, a link to nowhere, to itself, or to a disk that is not there", arguments: ["pipe", "gone", "loop", "folder of another"])
    func noFile(kind: String) async throws {
        switch kind {
        case "pipe": try #require(mkfifo(path, 0o600) == 0)
        case "gone": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere-at-all/ledger.sqlite")
        case "loop": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        default: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path())
        }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        #expect(!ledger.troubles.isEmpty, "said")
        #expect(aside.count == 1, "nothing is lost")
        try await ledger.town(kesennuma).record(alert("later")).committed()
        await ledger.close()
    }

    @Test("A link to an empty place in a folder that is there is a first start, through the link")
    func linked() async throws {
        let place = folder.appending(path: "elsewhere.sqlite").path()
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: place)
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        #expect(ledger.troubles.isEmpty && aside.isEmpty)
        try await ledger.town(kesennuma).record(alert("later")).committed()
        await ledger.close()
        #expect(FileManager.default.fileExists(atPath: place))
    }

    @Test("A copy that is no file is said, never waited for, and said no more once it is out of the way", arguments: [true, false])
    func copyIsNoFile(isFolder: Bool) async throws {
        let copy = path + ".notebook"
        if isFolder {
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
        } else {
            try #require(mkfifo(copy, 0o600) == 0)
        }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        #expect(ledger.troubles.contains { $0.contains("控えを書けません") }, "\(ledger.troubles)")
        try await ledger.town(kesennuma).record(alert("later")).committed()
        await ledger.close()
        if isFolder { try FileManager.default.removeItem(atPath: copy) }
        let again = try SQLiteLedger(path: path, logger: quiet)
        #expect(again.troubles.isEmpty, "\(again.troubles)")
        await again.close()
    }

    @Test("The first start of all misses nothing")
    func first() async throws {
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        #expect(ledger.troubles.isEmpty)
        await ledger.close()
    }

    @Test("A ledger of a newer version is put aside, and what both versions know is carried over")
    func newer() async throws {
        try await fill(20)
        guard try markNewer() else { return }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        try await worksAnew(ledger)
        #expect(aside.first?.contains("newer") == true)
        #expect(try await ledger.town(kesennuma).alerts(AlertQuery()).count == 21)
        #expect(try await ledger.town(kesennuma).deliveries(DeliveryQuery()).count == 63)
        await ledger.close()
    }

    @Test(
        "A column that holds what it cannot mean costs its own row and no other, and ends no program",
        arguments: [
            "alert.accepted", "delivery.endpoints", "delivery.is_send", "delivery.priority", "delivery.offered", "delivery.expires", "standing.attempts",
            "standing.settled", "standing.reached", "standing.shown", "standing.touched",
        ])
    func column(place: String) async throws {
        try await fill(5)
        let parts = place.split(separator: ".")
        guard try change("UPDATE \(parts[0]) SET \(parts[1]) = x'' WHERE rowid = (SELECT max(rowid) FROM \(parts[0]))") else { return }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        let alerts = try await ledger.town(kesennuma).alerts(AlertQuery()).count, rows = try await ledger.town(kesennuma).deliveries(DeliveryQuery()).count
        #expect((4...5).contains(alerts) && (12...15).contains(rows) && alerts + rows < 20, "\(alerts) alerts, \(rows) deliveries")
        #expect(!ledger.troubles.isEmpty)
        await ledger.close()
    }

    @Test("A list of versions that cannot be read is a damaged file, put aside and named")
    func versions() async throws {
        try await fill(5)
        guard try change("UPDATE grdb_migrations SET identifier = x'ff' WHERE rowid = 1") else { return }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        try await worksAnew(ledger)
        #expect(!aside.isEmpty)
        await ledger.close()
    }

    private func change(_ sql: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit()", path, sql]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// As if a program of next year had written the file. False where there is no Python.
    private func markNewer() throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute(\"INSERT INTO grdb_migrations VALUES ('of next year')\"); d.commit()",
            path,
        ]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test("What passed by is carried over with what it says, and the log counts on after it")
    func passedBy() async throws {
        try await fill(3)
        let one = try SQLiteLedger(path: path, logger: quiet)
        var group = PassedAlert.Group(channel: "school-tablet", reason: "not-this-area", sentence: "対象外です")
        group.add(kesennuma, ["school-1"])
        let content = alert("passed").content
        try await one.record(PassedAlert(content: content, mode: .exercise, accepted: Date(), actor: "jma", groups: [group])).committed()
        await one.close()
        guard try markNewer() else { return }
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        var query = AlertQuery()
        query.id = content.id
        #expect(try await ledger.town(kesennuma).alerts(query).map(\.content) == [content])
        let rows = try await ledger.town(kesennuma).deliveries(DeliveryQuery())
        #expect(rows.last?.alert == content.id && rows.last?.delivery.endpoint == "school-1")
        try await ledger.town(kesennuma).record(alert("later", sends: 1, skips: 0)).committed()
        let after = try await ledger.town(kesennuma).deliveries(DeliveryQuery())
        #expect(after.last?.alert == AlertID("later") && (after.last?.number ?? 0) > (rows.last?.number ?? .max))
        await ledger.close()
    }

    @Test("One bad page among the rows is found by the examination; what can be read around it is carried over, and writing goes on", arguments: [true, false])
    func badPage(isClosedBefore: Bool) async throws {
        let first = try await fill(400, closing: isClosedBefore)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) / 4096
        try spoil(size / 2..<size / 2 + 1)
        let ledger = try first ?? SQLiteLedger(path: path, logger: quiet)
        await ledger.examine()
        // The writer has it first in its next commit.
        try await ledger.flush().committed()
        try await worksAnew(ledger)
        #expect(aside.count == 1, "\(ledger.troubles)")
        let known = try await { () async throws -> Int in
            var query = AlertQuery()
            query.limit = 1000
            return try await ledger.town(kesennuma).alerts(query).count
        }()
        #expect(known > 300, "\(known) \(ledger.troubles)")
        await ledger.close()
    }

    @Test("A row whose page is in order and whose words are not costs itself, not its town's whole record")
    func badWords() async throws {
        try await fill(400)
        var octets = try Data(contentsOf: URL(filePath: path))
        let place = try #require(octets.firstRange(of: Data("\"a150\"".utf8)))
        octets.replaceSubrange(place, with: Data(repeating: 0x22, count: place.count))
        try octets.write(to: URL(filePath: path))
        let size = octets.count / 4096
        try spoil(size - 3..<size - 2)
        let ledger = try SQLiteLedger(path: path, logger: quiet)
        await ledger.examine()
        try await ledger.flush().committed()
        var query = AlertQuery()
        query.limit = 1000
        let known = try await ledger.town(kesennuma).alerts(query)
        #expect(known.count > 300 && !known.contains { $0.content.id == AlertID("a150") })
        #expect(ledger.troubles.contains { $0.contains("alert") }, "\(ledger.troubles)")
        await ledger.close()
    }
}
