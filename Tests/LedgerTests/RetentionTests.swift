/// What is over leaves the record and is read all the same; what is not over stays, however old it is.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

private let day: TimeInterval = 86_400
private let year = 365.25 * day

extension Ledger {
    /// Until nothing more leaves.
    func retireAll(_ rule: RetentionRule) async throws -> Retired {
        var all = Retired()
        repeat { all += try await retire(rule) } while all.isMore
        return all
    }

    func log(_ town: TownID, since: Date? = nil, until: Date? = nil, limit: Int = 1000) async throws -> [String] {
        var query = DeliveryQuery()
        (query.since, query.until, query.limit) = (since, until, limit)
        return try await self.town(town).deliveries(query).map { "\($0.number) \($0.delivery.id) \($0.state) \($0.reached)" }
    }
}

/// Ten alerts, one a month from `epoch`, each with two sends that ended and a skip, a receipt and a report; the last send of `open` waits.
private func years(_ ledger: any Ledger, open: Set<Int> = []) async throws {
    let town = ledger.town(kesennuma)
    for index in 0..<10 {
        let date = epoch.addingTimeInterval(Double(index) * 31 * day)
        let one = alert("a\(index)", at: date)
        _ = town.record(one)
        for (place, delivery) in one.deliveries.filter(\.isSend).enumerated() where !(open.contains(index) && place == 1) {
            town.append(RecordedStep(delivery: delivery.id, at: date, state: .sending, attempt: 1))
            town.append(RecordedStep(delivery: delivery.id, at: date.addingTimeInterval(1), state: .delivered, attempt: 1))
        }
        _ = town.append(RecordedReceipt(
            id: "r\(index)", alert: AlertID("a\(index)"), channel: "wifi-portal", endpoint: "spot-0", device: "d", reach: .reached, occurred: date, received: date))
        _ = town.append(RecordedReport(id: "p\(index)", site: "s", device: "d", occurred: date, received: date, body: "{}"))
        var group = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象外です")
        group.add(kesennuma, ["school-1"])
        group.add(ishinomaki, ["school-2"])
        _ = ledger.record(PassedAlert(content: alert("p\(index)", at: date).content, mode: .exercise, accepted: date, actor: "jma", groups: [group]))
        _ = ledger.keep(KeptBulletin(hash: "h\(index)", received: date, source: "folder", verdict: .accepted, reason: nil, alerts: [], octets: [1, 2, 3]))
    }
    _ = ledger.town(ishinomaki).record(alert("a0", sends: 1, skips: 0, in: ishinomaki))
    try await ledger.flush().committed()
}

extension LedgerConformance {
    @Test("After its years what was said leaves the log and is in it still when one looks back; skips and what passed by after a month", arguments: Store.retiring)
    func retire(store: Store) async throws {
        let ledger = try await store.open()
        try await years(ledger)
        let before = try await ledger.log(kesennuma)
        let chain = try await ledger.verify(kesennuma).head
        #expect(before.count == 40)

        // Forty days after the last: all skips of before have left, and nothing that was said.
        var now = epoch.addingTimeInterval(9 * 31 * day + 40 * day)
        var done = try await ledger.retireAll(RetentionRule(town: kesennuma, now: now))
        #expect(done.skips == 10 && done.alerts == 0 && done.reports == 0)
        done = try await ledger.retireAll(RetentionRule(town: nil, now: now))
        #expect(done.passed == 10 && done.bulletins == 10)
        #expect(try await ledger.log(kesennuma).count == 20)
        #expect(try await ledger.bulletins(limit: 100).isEmpty)
        #expect(try await ledger.log(kesennuma, since: .distantPast) == before)

        // Five years after the fifth.
        now = epoch.addingTimeInterval(4 * 31 * day + 5 * year + 3 * day)
        done = try await ledger.retireAll(RetentionRule(town: kesennuma, now: now))
        #expect(done.alerts == 5 && done.skips == 0 && done.reports == 5)
        #expect(try await ledger.log(kesennuma).count == 10)
        #expect(try await ledger.town(kesennuma).alerts(AlertQuery()).filter { $0.content.id.text.hasPrefix("a") }.count == 5)
        // By its id and about its time, what has left is still there, with what it said; not about another time, nor of another town.
        func found(_ id: String, around: Date?, _ town: TownID = kesennuma) async throws -> [AlertContent] {
            var query = AlertQuery()
            (query.id, query.archivedAround, query.concernedOnly) = (AlertID(id), around, true)
            return try await ledger.town(town).alerts(query).map(\.content)
        }
        let second = epoch.addingTimeInterval(31 * day)
        #expect(try await found("a1", around: nil).isEmpty)
        #expect(try await found("a1", around: second + 3 * day) == [alert("a1", at: second).content])
        #expect(try await found("a1", around: second + 100 * day).isEmpty)
        #expect(try await found("a1", around: second, ishinomaki).isEmpty)
        #expect(try await found("a9", around: epoch.addingTimeInterval(9 * 31 * day)).count == 1)
        #expect(try await ledger.log(kesennuma, since: .distantPast) == before)
        // Two months by their dates, page by page too.
        let (since, until) = (epoch.addingTimeInterval(3 * 31 * day), epoch.addingTimeInterval(5 * 31 * day))
        #expect(try await ledger.log(kesennuma, since: since, until: until) == Array(before[12..<20]))
        #expect(try await ledger.log(kesennuma, until: until, limit: 7) == Array(before[0..<7]))
        // Nothing of another town, nothing twice.
        #expect(try await ledger.log(ishinomaki, since: .distantPast).count == 11)
        #expect(try await ledger.retireAll(RetentionRule(town: kesennuma, now: now)) == Retired())
        let verified = try await ledger.verify(kesennuma), common = try await ledger.verify(nil)
        #expect(verified.flaw == nil && verified.head == chain, "\(verified)")
        #expect(common.flaw == nil && common.facts == 10, "\(common)")
        await ledger.close()
    }

    @Test("What was told, reported and done is read on in the archive, the newest first, page by page and between two times", arguments: Store.retiring)
    func readsOn(store: Store) async throws {
        let ledger = try await store.open(), town = ledger.town(kesennuma)
        try await years(ledger)
        for index in 0..<10 {
            let date = epoch.addingTimeInterval(Double(index) * 31 * day)
            _ = town.append(RecordedDeed(id: "d\(index)", mode: .actual, kind: "note", subject: "note", at: date, actor: "operator:佐藤", body: "{}"))
            // Of one moment two.
            _ = town.append(RecordedDeed(id: "e\(index)", mode: .actual, kind: "note", subject: "note", at: date, actor: "operator:佐藤", body: "{}"))
        }
        try await ledger.flush().committed()
        func deeds(_ limit: Int, since: Date? = nil, earlier: RecordPlace? = nil, back: Bool = true) async throws -> [RecordedDeed] {
            var query = DeedQuery()
            (query.limit, query.since, query.earlier, query.reachesBack) = (limit, since, earlier, back)
            return try await town.deeds(query)
        }
        let before = try await deeds(100)
        _ = try await ledger.retireAll(RetentionRule(town: kesennuma, now: epoch.addingTimeInterval(4 * 31 * day + 5 * year + 3 * day)))
        #expect(try await deeds(100, back: false).count == 10)
        #expect(try await deeds(100) == before && before.count == 20)
        for limit in [1, 3, 7] {
            var found: [RecordedDeed] = [], place: RecordPlace?
            while true {
                let page = try await deeds(limit, earlier: place)
                found += page
                guard page.count == limit, let last = page.last else { break }
                place = RecordPlace(at: last.at, id: last.id)
            }
            #expect(found == before, "by \(limit)")
        }
        let (since, until) = (epoch.addingTimeInterval(3 * 31 * day), epoch.addingTimeInterval(7 * 31 * day))
        #expect(try await deeds(100, since: since, earlier: RecordPlace(at: until)).map(\.id) == ["e6", "d6", "e5", "d5", "e4", "d4", "e3", "d3"])
        var reports = ReportQuery(), alerts = AlertQuery()
        (reports.isEveryOne, reports.reachesBack, reports.limit) = (true, true, 8)
        (alerts.concernedOnly, alerts.reachesBack, alerts.limit) = (true, true, 8)
        #expect(try await town.reports(reports).map(\.id) == (2..<10).reversed().map { "p\($0)" })
        #expect(try await town.alerts(alerts).map(\.content.id.text) == (2..<10).reversed().map { "a\($0)" })
        reports.earlier = RecordPlace(at: epoch.addingTimeInterval(62 * day), id: "p2")
        alerts.earlier = RecordPlace(at: epoch.addingTimeInterval(62 * day), id: "a2")
        #expect(try await town.reports(reports).map(\.id) == ["p1", "p0"])
        #expect(try await town.alerts(alerts).map(\.content) == [1, 0].map { alert("a\($0)", at: epoch.addingTimeInterval(Double($0) * 31 * day)).content })
        await ledger.close()
    }

    @Test("What is in force, waits or is held stays, however old it is", arguments: Store.retiring)
    func stays(store: Store) async throws {
        let ledger = try await store.open()
        try await years(ledger, open: [2])
        let now = epoch.addingTimeInterval(50 * year)
        let rule = RetentionRule(town: kesennuma, years: 1, keep: [AlertID("a4")], now: now)
        let done = try await ledger.retireAll(rule)
        #expect(done.alerts == 8 && done.reports == 10)
        let left = try await ledger.town(kesennuma).alerts(AlertQuery()).map(\.content.id.text).filter { $0.hasPrefix("a") }
        #expect(left == ["a4", "a2"])
        var open = DeliveryQuery()
        open.unfinishedOnly = true
        #expect(try await ledger.town(kesennuma).deliveries(open).map(\.alert) == [AlertID("a2")])
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        // It leaves when it is over.
        let waiting = try #require(try await ledger.town(kesennuma).deliveries(open).first)
        ledger.town(kesennuma).append(RecordedStep(delivery: waiting.delivery.id, at: now, state: .expired))
        try await ledger.flush().committed()
        #expect(try await ledger.retireAll(RetentionRule(town: kesennuma, now: now)).alerts == 2)
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        await ledger.close()
    }

    @Test("An alert whose words hold for years stays for them", arguments: Store.retiring)
    func longWords(store: Store) async throws {
        let ledger = try await store.open()
        var one = alert("long", sends: 0)
        one.content.expires = epoch.addingTimeInterval(20 * year)
        try await ledger.town(kesennuma).record(one).committed()
        #expect(try await ledger.retireAll(RetentionRule(town: kesennuma, now: epoch.addingTimeInterval(19 * year))).alerts == 0)
        #expect(try await ledger.retireAll(RetentionRule(town: kesennuma, now: epoch.addingTimeInterval(21 * year))).alerts == 1)
        await ledger.close()
    }
}

@Suite("What leaves the SQLite ledger", .timeLimit(.minutes(2)))
struct RetentionTests {
    let folder = URL.temporaryDirectory.appending(path: "noroshi-retention-\(UUID().uuidString)")
    var path: String { folder.appending(path: "ledger.sqlite").path() }
    private let now = epoch.addingTimeInterval(60 * year)

    private func open() throws -> SQLiteLedger {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try SQLiteLedger(path: path, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
    }

    private func files(_ chain: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "archive/\(chain)").path).sorted()
    }

    @Test("Killed after any slice, nothing is lost and nothing doubled, the chain is whole, and the next time ends it", arguments: [0, 1, 2])
    func killed(slices: Int) async throws {
        var ledger = try open()
        try await years(ledger)
        var big = alert("big", sends: 450, skips: 0)
        big.accepted = epoch
        _ = ledger.town(kesennuma).record(big)
        for delivery in big.deliveries {
            ledger.town(kesennuma).append(RecordedStep(delivery: delivery.id, at: epoch, state: .delivered, attempt: 1))
        }
        try await ledger.flush().committed()
        let before = try await ledger.log(kesennuma, since: .distantPast)
        let head = try await ledger.verify(kesennuma).head
        // Skips first, in a round of their own.
        _ = try await ledger.retire(RetentionRule(town: kesennuma, now: now))
        await #expect(throws: CancellationError.self) { try await ledger.retire(RetentionRule(town: kesennuma, now: now), slices: slices) }
        await ledger.close()
        ledger = try open()
        #expect(try await ledger.log(kesennuma, since: .distantPast) == before)
        let half = try await ledger.verify(kesennuma)
        #expect(half.flaw == nil && half.head == head, "\(half)")
        _ = try await ledger.retireAll(RetentionRule(town: kesennuma, now: now))
        #expect(try await ledger.log(kesennuma).filter { $0.contains(" a") || $0.contains(" big") }.isEmpty)
        #expect(try await ledger.log(kesennuma, since: .distantPast) == before)
        let whole = try await ledger.verify(kesennuma)
        #expect(whole.flaw == nil && whole.head == head, "\(whole)")
        #expect(try files("042056").first == "2011-03.sqlite" && files("042056").count == 10)
        await ledger.close()
    }

    @Test("A row changed in an archive is found, and so is an archive that is gone; one that cannot be read keeps nobody from the others")
    func archive() async throws {
        let ledger = try open()
        try await years(ledger)
        _ = try await ledger.retireAll(RetentionRule(town: kesennuma, now: now))
        let all = try await ledger.log(kesennuma, since: .distantPast).count
        let month = folder.appending(path: "archive/042056/2011-05.sqlite")
        let whole = try Data(contentsOf: month)
        var octets = whole
        let place = try #require(octets.firstRange(of: Data("警報の地域".utf8)))
        octets.replaceSubrange(place, with: Data("警報の区域".utf8))
        try octets.write(to: month)
        #expect(try await ledger.verify(kesennuma).flaw?.kind == .alert)
        try FileManager.default.removeItem(at: month)
        #expect(try await ledger.verify(kesennuma).flaw?.words.contains("ありません") == true)
        try Data(repeating: 0xA5, count: 8192).write(to: month)
        #expect(try await ledger.log(kesennuma, since: .distantPast).count == all - 3)
        #expect(ledger.troubles.count == 1 && ledger.troubles[0].contains("2011-05.sqlite"))
        try whole.write(to: month)
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        await ledger.close()
        #expect(try await LedgerOnDisk(path: path).verify(kesennuma).facts == 80)
    }

    @Test("What an alert says stays while another town says it, and its number is never given to another")
    func shared() async throws {
        let ledger = try open()
        let one = alert("a0", sends: 0, skips: 1)
        for town in [kesennuma, ishinomaki] { _ = ledger.town(town).record(one) }
        try await ledger.flush().committed()
        _ = try await ledger.retireAll(RetentionRule(town: kesennuma, now: now))
        #expect(try await ledger.town(ishinomaki).alerts(AlertQuery()).map(\.content) == [one.content])
        _ = try await ledger.retireAll(RetentionRule(town: ishinomaki, now: now))
        var other = alert("b")
        other.content.headline = "別の情報"
        try await ledger.town(ishinomaki).record(other).committed()
        #expect(try await ledger.town(ishinomaki).alerts(AlertQuery()).map(\.content) == [other.content])
        await ledger.close()
    }

    @Test("A ledger that was begun anew keeps its months beside those of the one before, and each chain stays whole")
    func anew() async throws {
        let first = try open()
        try await years(first)
        _ = try await first.retireAll(RetentionRule(town: kesennuma, now: now))
        let archived = try await first.log(kesennuma, since: .distantPast)
        await first.close()
        for suffix in ["", "-wal", "-shm", ".notebook"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let second = try open()
        try await second.town(kesennuma).record(alert("new", sends: 0, skips: 1)).committed()
        #expect(try await second.verify(kesennuma).flaw == nil)
        _ = try await second.retireAll(RetentionRule(town: kesennuma, now: now))
        #expect(try files("042056").contains("2011-03-2.sqlite"))
        #expect(try await second.verify(kesennuma).flaw == nil)
        #expect(Set(try await second.log(kesennuma, since: .distantPast)).isSuperset(of: archived.filter { $0.contains(" a") }))
        await second.close()
    }
}
