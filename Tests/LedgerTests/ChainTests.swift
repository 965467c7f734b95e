/// Whoever changes the record after the fact is found, and the row he changed is named.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

extension LedgerConformance {
    @Test("Each town's record is a chain of its own, what passed by another, and both are whole", arguments: Store.allCases)
    func chains(store: Store) async throws {
        let ledger = try await store.open()
        try await fill(ledger)
        let own = try await ledger.verify(kesennuma)
        #expect(own.flaw == nil && own.facts == 13 && own.head.number == 13, "\(own)")
        #expect(own.head.hash.count == 32 && own.head != .beginning)
        #expect(try await ledger.verify(ishinomaki).facts == 2)
        let common = try await ledger.verify(nil)
        #expect(common.facts == 1 && common.chain == "common" && common.flaw == nil)
        let nobody = try await ledger.verify(TownID("045811"))
        #expect(nobody.facts == 0 && nobody.head == .beginning && nobody.flaw == nil)
        // The same again writes nothing, and no fact.
        try await fill(ledger, steps: false)
        #expect(try await ledger.verify(kesennuma).head == own.head)
        await ledger.close()
    }
}

/// Two alerts, four steps, three receipts, two reports; a neighbour; and what passed both by.
func fill(_ ledger: any Ledger, steps: Bool = true) async throws {
    let own = ledger.town(kesennuma)
    for (index, id) in ["a", "b"].enumerated() {
        var one = alert(id, at: epoch.addingTimeInterval(Double(index)))
        one.said = [SaidText(channel: "wifi-portal", endpoints: ["spot-0"], texts: [.japanese: RenderedText(title: "緊急地震速報", body: "強い揺れに警戒")])]
        _ = own.record(one)
        let delivery = one.deliveries[0].id
        if steps {
            own.append(RecordedStep(delivery: delivery, at: epoch, state: .sending, attempt: 1))
            own.append(RecordedStep(delivery: delivery, at: epoch.addingTimeInterval(1), state: .delivered, attempt: 1, reference: "r-\(id)"))
        }
    }
    for (index, reach) in [Reach.reached, .shown, .touched].enumerated() {
        _ = own.append(RecordedReceipt(
            id: "r\(index)", alert: AlertID("a"), channel: "wifi-portal", endpoint: "spot-0", device: "d-1", reach: reach, occurred: epoch, received: epoch))
    }
    for index in 0..<2 {
        _ = own.append(RecordedReport(id: "p\(index)", site: "kesennuma-chu", device: "d-1", occurred: epoch, received: epoch, body: #"{"people":\#(index)}"#))
    }
    _ = ledger.town(ishinomaki).record(alert("b", sends: 1, in: ishinomaki))
    var group = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象外です")
    group.add(kesennuma, ["school-1"])
    try await ledger.record(PassedAlert(content: alert("c").content, mode: .exercise, accepted: epoch, actor: "jma", groups: [group])).committed()
    try await ledger.flush().committed()
}

@Suite("The chain of the SQLite ledger")
struct ChainTests {
    let folder = URL.temporaryDirectory.appending(path: "noroshi-chain-\(UUID().uuidString)")
    var path: String { folder.appending(path: "ledger.sqlite").path() }

    private func open() throws -> SQLiteLedger {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try SQLiteLedger(path: path, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    struct Deed: Sendable, CustomTestStringConvertible {
        var sql: String
        /// Of the first fact that is not what was recorded; nil: a row that no fact speaks of.
        var number: Int64?
        var isCommon = false
        var testDescription: String { sql }
        init(_ sql: String, _ number: Int64?, isCommon: Bool = false) {
            self.sql = sql
            self.number = number
            self.isCommon = isCommon
        }
    }

    // 1 alert a, 2 its skips, 3 4 steps, 5 alert b, 6 its skips, 7 8 steps, 9 10 11 receipts, 12 13 reports.
    static let changed: [Deed] = [
        Deed("UPDATE alert SET actor = 'operator:x' WHERE id = 'a' AND town = '042056'", 1),
        Deed("UPDATE alert SET accepted = accepted + 1 WHERE id = 'b' AND town = '042056'", 5),
        Deed("UPDATE content SET content = replace(content, '強い揺れ', '弱い揺れ') WHERE alert = 'a'", 1),
        Deed("UPDATE alert SET body = (SELECT number FROM content WHERE alert = 'c') WHERE id = 'b' AND town = '042056'", 5),
        Deed("UPDATE said SET texts = '[]' WHERE alert = 'b'", 5),
        Deed("DELETE FROM said WHERE alert = 'a'", 1),
        Deed("UPDATE delivery SET reason = 'quiet' WHERE alert = 'a' AND endpoint = 'spot-1'", 1),
        Deed("UPDATE delivery SET is_send = 0 WHERE alert = 'a' AND endpoint = 'spot-1'", 1),
        Deed("UPDATE delivery SET sentence = '' WHERE alert = 'b' AND is_send = 0 AND town = '042056'", 6),
        Deed("UPDATE step SET state = 'expired' WHERE fact = 4", 4),
        Deed("UPDATE step SET at = at - 60 WHERE fact = 7", 7),
        Deed("UPDATE receipt SET device = 'd-2' WHERE id = 'r1'", 10),
        Deed("UPDATE receipt SET reach = 0 WHERE id = 'r2'", 11),
        Deed("UPDATE report SET body = '{}' WHERE id = 'p0'", 12),
        Deed("UPDATE fact SET actor = 'nobody' WHERE chain = '042056' AND number = 5", 5),
        Deed("UPDATE fact SET cause = '', at = at + 1 WHERE chain = '042056' AND number = 8", 8),
        Deed("UPDATE fact SET hash = 'x' WHERE chain = '042056' AND number = 6", 6),
        Deed("UPDATE fact SET kind = 77 WHERE chain = '042056' AND number = 6", 6),
        Deed("UPDATE passed SET sentence = 'x'", 1, isCommon: true),
        Deed("UPDATE town_set SET towns = replace(towns, 'school-1', 'school-2')", 1, isCommon: true),
    ]
    static let removed: [Deed] = [
        Deed("DELETE FROM alert WHERE id = 'b' AND town = '042056'", 5), Deed("DELETE FROM delivery WHERE endpoint = 'spot-0' AND alert = 'a'", 1),
        Deed("DELETE FROM step WHERE fact = 3", 3), Deed("DELETE FROM step WHERE fact = 8", 8), Deed("DELETE FROM receipt WHERE id = 'r0'", 9),
        Deed("DELETE FROM report WHERE id = 'p1'", 13), Deed("DELETE FROM fact WHERE chain = '042056' AND number = 1", 1),
        Deed("DELETE FROM fact WHERE chain = '042056' AND number = 7", 7), Deed("DELETE FROM fact WHERE chain = '042056' AND number = 13", 13),
        Deed("DELETE FROM fact WHERE chain = '042056'; DELETE FROM chain WHERE chain = '042056'", nil),
        Deed("DELETE FROM content WHERE alert = 'a'", 1), Deed("DELETE FROM passed", 1, isCommon: true),
        Deed("DELETE FROM report WHERE id = 'p1'; DELETE FROM fact WHERE chain = '042056' AND number = 13", 13),
    ]
    static let swapped: [Deed] = [
        Deed("UPDATE fact SET number = CASE number WHEN 3 THEN -8 ELSE -3 END WHERE chain = '042056' AND number IN (3, 8); UPDATE fact SET number = -number WHERE number < 0", 3),
        Deed("UPDATE step SET fact = CASE fact WHEN 3 THEN 4 WHEN 4 THEN 3 ELSE fact END WHERE town = '042056'; UPDATE fact SET row = (SELECT number FROM step WHERE step.fact = fact.number) WHERE kind = 3", 3),
        Deed("UPDATE step SET state = CASE fact WHEN 3 THEN 'delivered' ELSE 'sending' END WHERE fact IN (3, 4)", 3),
    ]
    static let inserted: [Deed] = [
        Deed("INSERT INTO step (town, delivery, at, state, attempt) SELECT town, delivery, at, 'delivered', 1 FROM step LIMIT 1", nil),
        Deed("INSERT INTO step (town, delivery, at, state, attempt, fact) SELECT town, delivery, at, 'delivered', 1, 3 FROM step LIMIT 1", nil),
        Deed("INSERT INTO receipt (town, id, alert, channel, endpoint, device, reach, occurred, received, fact) VALUES ('042056', 'x', 'a', 'wifi-portal', 'spot-0', 'd-9', 2, 0, 0, 9)", nil),
        Deed("INSERT INTO report (town, id, site, device, occurred, received, body) VALUES ('042056', 'x', 's', 'd', 0, 0, '')", nil),
        Deed("INSERT INTO alert (town, id, event, mode, accepted, actor, content, fact) SELECT town, 'x', event, mode, accepted, actor, content, 1 FROM alert WHERE id = 'a'", nil),
        Deed("INSERT INTO delivery SELECT 99, town, id || 'x', alert, event, mode, kind, title, channel, endpoint, endpoints, is_send, priority, reason, sentence, offered, expires FROM delivery WHERE number = 1", 1),
        Deed("INSERT INTO delivery SELECT 99, town, id || 'x', 'x', event, mode, kind, title, channel, endpoint, endpoints, is_send, priority, reason, sentence, offered, expires FROM delivery WHERE number = 1", nil),
        Deed("INSERT INTO fact SELECT chain, 14, kind, subject, row, at, actor, cause, hash FROM fact WHERE chain = '042056' AND number = 13", 14),
        Deed("INSERT INTO passed SELECT 99, 'x', event, mode, kind, title, channel, reason, sentence, accepted, expires, actor, far_ends, towns, body, fact FROM passed", nil, isCommon: true),
        Deed("UPDATE standing SET state = 'expired' WHERE delivery LIKE 'a.%spot-0'", 1), Deed("UPDATE standing SET touched = 5 WHERE delivery LIKE 'b.%spot-1'", 5),
        Deed("DELETE FROM standing WHERE delivery LIKE 'a.%spot-0'", 1),
    ]

    @Test("A row that was changed, removed, moved or put in is found, and the first of them named", arguments: changed + removed + swapped + inserted)
    func deeds(_ deed: Deed) async throws {
        let ledger = try open()
        try await fill(ledger)
        try ledger.tamper(deed.sql)
        let report = try await ledger.verify(deed.isCommon ? nil : kesennuma)
        let flaw = try #require(report.flaw)
        #expect(flaw.number == deed.number, "\(flaw)")
        if !deed.isCommon, !deed.sql.contains("content") {
            #expect(try await ledger.verify(ishinomaki).flaw == nil, "another town's chain is another")
        }
        await ledger.close()
    }

    @Test("Any one value of any one row, changed by chance, is found", arguments: 0..<60)
    func anyValue(seed: Int) async throws {
        let ledger = try open()
        try await fill(ledger)
        var chance = Chance(UInt64(seed))
        let tables = [
            "alert": ["event", "mode", "accepted", "actor", "id"], "delivery": ["event", "mode", "kind", "title", "channel", "endpoint", "endpoints", "priority", "reason", "sentence", "offered", "expires"],
            "step": ["delivery", "at", "state", "attempt", "detail", "reference"], "receipt": ["alert", "channel", "endpoint", "device", "occurred", "received", "id"],
            "report": ["site", "device", "occurred", "received", "body", "id"], "fact": ["kind", "subject", "at", "actor", "cause", "hash", "row"],
            "standing": ["state", "attempts", "settled", "detail", "reference", "reached", "shown", "touched"],
        ]
        let (table, columns) = tables.sorted { $0.key < $1.key }[chance.below(tables.count)]
        let column = columns[chance.below(columns.count)]
        let town = table == "fact" ? "chain" : "town"
        let place = chance.below(20)
        let key = ["alert": "id", "receipt": "id", "report": "id", "standing": "delivery"][table] ?? "number"
        try ledger.tamper("""
            UPDATE \(table) SET \(column) = CASE typeof(\(column)) WHEN 'text' THEN \(column) || 'x' WHEN 'null' THEN 'x' WHEN 'blob' THEN x'00' ELSE \(column) + 1 END
            WHERE \(town) = '042056' AND \(key) = (SELECT \(key) FROM \(table) WHERE \(town) = '042056' ORDER BY 1 LIMIT 1
            OFFSET \(place) % (SELECT count(*) FROM \(table) WHERE \(town) = '042056'))
            """)
        // A row number of what is no step means nothing.
        guard !(table == "fact" && column == "row") else { return await ledger.close() }
        #expect(try await ledger.verify(kesennuma).flaw != nil, "\(table).\(column) \(place)")
        await ledger.close()
    }

    @Test("A file of before there were chains begins them: its rows are the first facts, and a change of them is found")
    func oldFile() async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var here = URL(filePath: #filePath).resolvingSymlinksInPath()
        here.deleteLastPathComponent()
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = [
            "-c", """
                import sqlite3,sys
                d=sqlite3.connect(sys.argv[1]); d.executescript(open(sys.argv[2],encoding='utf-8').read())
                d.execute("INSERT INTO step (town, delivery, at, state, attempt) SELECT town, id, offered, 'delivered', 1 FROM delivery WHERE is_send = 1")
                d.commit()
                """, path, here.appending(path: "Fixtures/ledger-0.sql").path(),
        ]
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        let ledger = try open()
        let before = try await ledger.verify(kesennuma)
        #expect(before.flaw == nil && before.facts > 4, "\(before)")
        try await ledger.town(kesennuma).record(alert("later")).committed()
        let after = try await ledger.verify(kesennuma)
        #expect(after.flaw == nil && after.facts == before.facts + 2, "\(after)")
        await ledger.close()
        // The next start begins nothing anew.
        let again = try open()
        #expect(try await again.verify(kesennuma) == after)
        try again.tamper("UPDATE delivery SET sentence = '' WHERE number = 94")
        #expect(try await again.verify(kesennuma).flaw?.kind == .alert)
        await again.close()
    }

    @Test("A chain made anew as a whole is found by a head that was written down; one that has only grown is not")
    func head() async throws {
        let ledger = try open()
        try await fill(ledger)
        let then = try await ledger.verify(kesennuma).head
        let written = try #require(ChainHead(written: "\(then.number):\(then.hashText)"))
        #expect(written == then)
        try await ledger.town(kesennuma).record(alert("later")).committed()
        #expect(try await ledger.verify(kesennuma, expecting: written).flaw == nil)
        var other = written
        other.hash[0] ^= 1
        #expect(try await ledger.verify(kesennuma, expecting: other).flaw?.number == then.number)
        other.number = 99
        #expect(try await ledger.verify(kesennuma, expecting: other).flaw != nil)
        await ledger.close()
        // From the file alone, which is not changed by it.
        let onDisk = try LedgerOnDisk(path: path)
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(try onDisk.towns() == [ishinomaki, kesennuma])
        #expect(try await onDisk.verify(kesennuma, expecting: written).facts == 15)
        #expect(try await onDisk.verify(nil).facts == 1)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test("What the disk refused is in the chain once it is written, once")
    func refused() async throws {
        let ledger = try open()
        try ledger.limitPages(to: 1)
        for index in 0..<20 { _ = ledger.town(kesennuma).record(alert("a\(index)", sends: 50)) }
        try? await ledger.flush().committed()
        try ledger.limitPages(to: 1_000_000)
        try await ledger.flush().committed()
        let report = try await ledger.verify(kesennuma)
        #expect(report.flaw == nil && report.facts == 40, "\(report)")
        await ledger.close()
    }
}

/// The same numbers for the same seed.
private struct Chance {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
