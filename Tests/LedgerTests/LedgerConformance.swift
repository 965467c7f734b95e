import AlertModel
import Chance
import ChannelKit
import ChannelKitTesting
import Foundation
import Ledger
import LedgerPostgres
import LedgerStore
import Logging
import Testing

let kesennuma = TownID("042056")!
let ishinomaki = TownID("042021")!
let epoch = Date(timeIntervalSince1970: 1_299_822_405)

/// The ledgers that must behave alike.
enum Store: String, CaseIterable, Sendable {
    case memory, sqlite, postgres

    /// Without PostgreSQL on this machine (`deploy/install-debian-packages tests`) the others are tried alone.
    static var allCases: [Store] { PostgresServer.isInstalled ? [.memory, .sqlite, .postgres] : [.memory, .sqlite] }

    /// Out of PostgreSQL's record nothing leaves yet: it says so (`PostgresTests`).
    static let retiring: [Store] = [.memory, .sqlite]

    func open() async throws -> any Ledger {
        switch self {
        case .memory: return MemoryLedger()
        case .sqlite:
            let folder = URL.temporaryDirectory.appending(path: "noroshi-ledger-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path(), logger: Logger(label: "t"))
        case .postgres: return try await PostgresRecord.make(on: PostgresServer.shared.value).open()
        }
    }
}

func alert(_ id: String, sends: Int = 2, skips: Int = 1, in town: TownID = kesennuma, at date: Date = epoch) -> RecordedAlert {
    let alertID = AlertID(id)
    let content = AlertContent(
        id: alertID, event: EventID("jma/eew/\(id)"), kind: .eew, message: .alert,
        revision: Revision(series: "VXSE43", serial: 1, sent: date), type: "VXSE43", title: "緊急地震速報（警報）",
        headline: "三陸沖で地震　強い揺れに警戒", sender: "気象庁", sent: date, expires: date.addingTimeInterval(600))
    func row(_ channel: String, _ endpoint: String, _ isSend: Bool) -> RecordedDelivery {
        RecordedDelivery(
            id: DeliveryID(alert: alertID, town: town, channel: channel, endpoint: endpoint), channel: channel,
            endpoint: endpoint, isSend: isSend, priority: .immediate, reason: isSend ? "warned" : "below-threshold",
            sentence: isSend ? "警報の地域" : "震度3: below this town's threshold", expires: date.addingTimeInterval(600))
    }
    return RecordedAlert(
        content: content, mode: .exercise, accepted: date, actor: "jma",
        deliveries: (0..<sends).map { row("wifi-portal", "spot-\($0)", true) }
            + (0..<skips).map { row("area-mail", "gateway-\($0)", false) })
}

@Suite("Every ledger")
struct LedgerConformance {
    @Test("The words of an alert are kept as they were handed over, and belong to its town alone", arguments: Store.allCases)
    func said(store: Store) async throws {
        let ledger = try await store.open()
        var recorded = alert("a")
        recorded.said = ["spot-0", "spot-1"].map { spot in
            SaidText(channel: "wifi-portal", endpoints: [spot], texts: [
                .japanese: RenderedText(title: "緊急地震速報", body: String(repeating: "\(spot)では強い揺れに警戒。", count: spot == "spot-0" ? 1 : 200)), .english: RenderedText(title: "Earthquake", body: "Drop."),
            ])
        }
        try await ledger.town(kesennuma).record(recorded).committed()
        try await ledger.town(kesennuma).record(alert("b")).committed()
        #expect(try await ledger.town(kesennuma).said(AlertID("a")) == recorded.said)
        #expect(try await ledger.town(kesennuma).said(AlertID("b")).isEmpty)
        #expect(try await ledger.town(ishinomaki).said(AlertID("a")).isEmpty)
        await ledger.close()
    }

    @Test("An alert and its decisions are there once the commit is done, skips like sends", arguments: Store.allCases)
    func record(store: Store) async throws {
        let ledger = try await store.open()
        try await ledger.town(kesennuma).record(alert("a")).committed()
        let rows = try await ledger.town(kesennuma).deliveries(DeliveryQuery())
        #expect(rows.map(\.state) == [.waiting, .waiting, .skipped])
        #expect(rows.last?.delivery.sentence == "震度3: below this town's threshold")
        let found = try await ledger.town(kesennuma).alerts(AlertQuery())
        #expect(found.map(\.content.id) == [AlertID("a")])
        #expect(found.first?.content.headline == "三陸沖で地震　強い揺れに警戒")
        await ledger.close()
    }

    @Test("The same alert twice is one", arguments: Store.allCases)
    func twice(store: Store) async throws {
        let ledger = try await store.open()
        try await ledger.town(kesennuma).record(alert("a")).committed()
        try await ledger.town(kesennuma).record(alert("a")).committed()
        #expect(try await ledger.town(kesennuma).deliveries(DeliveryQuery()).count == 3)
        await ledger.close()
    }

    @Test("A town sees nothing of another", arguments: Store.allCases)
    func towns(store: Store) async throws {
        let ledger = try await store.open()
        try await ledger.town(kesennuma).record(alert("a")).committed()
        try await ledger.town(ishinomaki).record(alert("b", in: ishinomaki)).committed()
        var query = DeliveryQuery()
        query.alert = AlertID("a")
        #expect(try await ledger.town(ishinomaki).deliveries(query).isEmpty)
        #expect(try await ledger.town(ishinomaki).alerts(AlertQuery()).map(\.content.id) == [AlertID("b")])
        await ledger.close()
    }

    @Test("Steps add up to how a delivery stands, and nothing follows an end", arguments: Store.allCases)
    func steps(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        let recorded = alert("a", sends: 1, skips: 0)
        _ = town.record(recorded)
        let id = recorded.deliveries[0].id
        town.append(RecordedStep(delivery: id, at: epoch, state: .sending, attempt: 1))
        town.append(RecordedStep(delivery: id, at: epoch, state: .retrying, attempt: 1, detail: "gateway answered 503"))
        town.append(RecordedStep(delivery: id, at: epoch, state: .sending, attempt: 2))
        town.append(RecordedStep(
            delivery: id, at: epoch.addingTimeInterval(2), state: .delivered, attempt: 2, reference: "4370/16"))
        town.append(RecordedStep(delivery: id, at: epoch, state: .expired))
        try await ledger.flush().committed()
        let row = try #require(try await town.deliveries(DeliveryQuery()).first)
        #expect(row.state == .delivered)
        #expect(row.attempts == 2)
        #expect(row.reference == "4370/16")
        #expect(row.settled == epoch.addingTimeInterval(2))
        var open = DeliveryQuery()
        open.unfinishedOnly = true
        #expect(try await town.deliveries(open).isEmpty)
        await ledger.close()
    }

    @Test("The log is read by cursor, by alert, channel, endpoint and state", arguments: Store.allCases)
    func cursor(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        for index in 0..<5 { _ = town.record(alert("a\(index)", at: epoch.addingTimeInterval(Double(index)))) }
        try await ledger.flush().committed()
        var query = DeliveryQuery()
        query.limit = 4
        var seen: [Int64] = []
        while true {
            let page = try await town.deliveries(query)
            guard let last = page.last else { break }
            seen += page.map(\.number)
            query.after = last.number
        }
        #expect(seen.count == 15 && seen == seen.sorted() && Set(seen).count == 15)
        var skipped = DeliveryQuery()
        skipped.state = .skipped
        #expect(try await town.deliveries(skipped).count == 5)
        var spot = DeliveryQuery()
        spot.endpoint = "spot-1"
        spot.alert = AlertID("a3")
        #expect(try await town.deliveries(spot).count == 1)
        var newest = DeliveryQuery()
        newest.newest = true
        newest.limit = 3
        #expect(try await town.deliveries(newest).map(\.alert) == Array(repeating: AlertID("a4"), count: 3))
        // What is of the other kind and came after does not push it out.
        for index in 5..<9 {
            var other = alert("a\(index)", at: epoch.addingTimeInterval(Double(index)))
            other.mode = other.mode == .actual ? .exercise : .actual
            _ = town.record(other)
        }
        try await ledger.flush().committed()
        let own = alert("x").mode
        newest.mode = own
        #expect(try await town.deliveries(newest).map(\.alert) == Array(repeating: AlertID("a4"), count: 3))
        (newest.mode, newest.limit) = (own == .actual ? .exercise : .actual, 100)
        #expect(try await town.deliveries(newest).count == 12)
        await ledger.close()
    }

    @Test("However the log is asked, by one filter or several, every ledger gives the same page, in its own order, from either end and from any place in it", arguments: Store.allCases.filter { $0 != .memory })
    func everyQuestion(store: Store) async throws {
        let (memory, stored) = (try await Store.memory.open(), try await store.open())
        let (own, book) = (memory.town(kesennuma), stored.town(kesennuma))
        let people = ["jma", "operator:佐藤", "operator:鈴木 approved:佐藤", "safe:田中", "operator:佐藤 waited", "operator:佐", "operator:佐藤（石巻市）"]
        for number in 0..<40 {
            // The clock was put back by a day in the middle.
            let time = epoch.addingTimeInterval(Double(number) * 7200 - (number >= 20 ? 86_400 : 0))
            let plain = alert("a\(number)", sends: 1 + number % 3, skips: number % 2, at: time)
            let told = RecordedAlert(content: plain.content, mode: number % 4 == 0 ? .exercise : .actual, accepted: time, actor: people[number % people.count], deliveries: plain.deliveries)
            for town in [own, book] {
                try await town.record(told).committed()
                for (index, delivery) in told.deliveries.enumerated() where delivery.isSend && number % 5 != 0 {
                    town.append(RecordedStep(delivery: delivery.id, at: time, state: index == 0 && number % 7 == 0 ? .rejected : .delivered, attempt: 1, actor: "line"))
                }
            }
        }
        try await stored.proveWriting(at: epoch).committed()
        var asked = 0
        func compare(_ query: DeliveryQuery, _ what: String) async throws {
            asked += 1
            let (mine, theirs) = (try await own.deliveries(query).map(\.delivery.id), try await book.deliveries(query).map(\.delivery.id))
            #expect(mine == theirs, "\(what)")
        }
        for mode in [nil, ModeName.actual, .exercise] {
            for channel in [nil, "wifi-portal", "area-mail", "nowhere"] as [String?] {
                for endpoint in [nil, "spot-1", "gateway-0"] as [String?] {
                    for state in [nil, .delivered, .rejected, .skipped, .waiting, .expired] as [DeliveryState?] {
                        for by in [nil, "佐藤", "田中", "jma", "だれか"] as [String?] {
                            var query = DeliveryQuery()
                            (query.mode, query.channel, query.endpoint, query.state, query.by) = (mode, channel, endpoint, state, by)
                            let what = "\(String(describing: (mode, channel, endpoint, state, by)))"
                            try await compare(query, what)
                            (query.newest, query.limit) = (true, 3)
                            try await compare(query, "newest " + what)
                            (query.newest, query.after) = (false, 31)
                            try await compare(query, "after " + what)
                            (query.after, query.since, query.until) = (0, epoch.addingTimeInterval(20 * 3600), epoch.addingTimeInterval(50 * 3600))
                            try await compare(query, "between " + what)
                            (query.since, query.until, query.newest) = (nil, epoch.addingTimeInterval(9 * 3600), true)
                            try await compare(query, "before " + what)
                        }
                    }
                }
            }
        }
        var open = DeliveryQuery()
        open.unfinishedOnly = true
        try await compare(open, "open")
        #expect(asked > 5000)
        await memory.close()
        await stored.close()
    }

    @Test("A receipt counts once by its id and once by device and level", arguments: Store.allCases)
    func receipts(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        _ = town.record(alert("a", sends: 1, skips: 0))
        for (id, device, reach) in [
            ("r1", "d1", Reach.reached), ("r1", "d1", .reached), ("r2", "d1", .reached), ("r3", "d1", .shown),
            ("r4", "d2", .reached), ("r5", "d2", .touched),
        ] {
            _ = town.append(RecordedReceipt(
                id: id, alert: AlertID("a"), channel: "wifi-portal", endpoint: "spot-0", device: device, reach: reach,
                occurred: epoch, received: epoch))
        }
        try await ledger.flush().committed()
        let row = try #require(try await town.deliveries(DeliveryQuery()).first)
        #expect((row.reached, row.shown, row.touched) == (2, 1, 1))
        await ledger.close()
    }

    @Test("A report sent twice is one", arguments: Store.allCases)
    func reports(store: Store) async throws {
        let ledger = try await store.open()
        let report = RecordedReport(
            id: "r", site: "hashikami", device: "d", occurred: epoch, received: epoch, body: #"{"people":41}"#)
        _ = ledger.town(kesennuma).append(report)
        try await ledger.town(kesennuma).append(report).committed()
        #expect(try await ledger.town(kesennuma).reports(limit: 10) == [report])
        #expect(try await ledger.town(ishinomaki).reports(limit: 10).isEmpty)
        await ledger.close()
    }

    @Test("What a person did that is no alert is a fact of the town: once, found by kind, mode and time, page by page", arguments: Store.allCases)
    func deeds(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        func deed(_ number: Int, mode: ModeName = .actual, kind: String = "call") -> RecordedDeed {
            RecordedDeed(
                id: "d\(number)", mode: mode, kind: kind, subject: "school-tablet/school-\(number)", at: epoch.addingTimeInterval(Double(number)),
                actor: "operator:佐藤", body: #"{"answer":"no-answer"}"#)
        }
        let all = [deed(0), deed(1, mode: .exercise), deed(2), deed(3, kind: "other"), deed(4)]
        for one in all { try await town.append(one).committed() }
        var changed = deed(2)
        changed.actor = "operator:鈴木"
        let again = town.append(changed)
        try await again.committed()
        #expect(!again.isNew)
        #expect(try await town.deeds(DeedQuery()) == all.reversed())
        var query = DeedQuery()
        (query.kind, query.mode, query.limit) = ("call", .actual, 2)
        #expect(try await town.deeds(query) == [all[4], all[2]])
        query.before = "d2"
        #expect(try await town.deeds(query) == [all[0]])
        query.before = nil
        query.since = all[4].at
        #expect(try await town.deeds(query) == [all[4]])
        query.before = "nobody's"
        #expect(try await town.deeds(query).isEmpty)
        #expect(try await ledger.town(ishinomaki).deeds(DeedQuery()).isEmpty)
        let chain = try await ledger.verify(kesennuma)
        #expect(chain.flaw == nil && chain.facts == 5, "\(chain)")
        await ledger.close()
    }

    @Test("Alerts, deeds and reports are read on from a place in the order of time: of one moment by their ids, of one mode, without a gap and without a double", arguments: Store.allCases)
    func places(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        // A moment that binary fractions do not meet.
        let moment = Date(timeIntervalSince1970: 1_795_950_000.123456)
        for number in 0..<6 {
            let at = number < 4 ? moment : moment.addingTimeInterval(Double(number))
            let mode = number == 5 ? ModeName.exercise : .actual
            try await town.append(RecordedDeed(id: "d\(number)", mode: mode, kind: "note", subject: "s", at: at, actor: "a", body: "{}")).committed()
            try await town.append(RecordedReport(id: "r\(number)", site: "s", device: "d", occurred: at, received: at, body: "{}")).committed()
        }
        var deeds: [String] = [], reports: [String] = []
        var place: RecordPlace?
        for _ in 0..<4 {
            var query = DeedQuery()
            (query.mode, query.earlier, query.limit) = (.actual, place, 2)
            let page = try await town.deeds(query)
            deeds += page.map(\.id)
            place = page.last.map { RecordPlace(at: $0.at, id: $0.id) } ?? place
        }
        #expect(deeds == ["d4", "d3", "d2", "d1", "d0"])
        place = nil
        for _ in 0..<4 {
            var query = ReportQuery()
            (query.earlier, query.isEveryOne, query.limit) = (place, true, 2)
            let page = try await town.reports(query)
            reports += page.map(\.id)
            place = page.last.map { RecordPlace(at: $0.received, id: $0.id) } ?? place
        }
        #expect(reports == ["r5", "r4", "r3", "r2", "r1", "r0"])
        var query = DeedQuery()
        query.earlier = RecordPlace(at: moment)
        #expect(try await town.deeds(query).isEmpty, "nothing of the moment itself")
        query.earlier = RecordPlace(at: moment, id: "\u{10FFFF}")
        #expect(try await town.deeds(query).count == 4, "all of the moment")
        await ledger.close()
    }

    @Test("Refused bulletins are kept with their bytes", arguments: Store.allCases)
    func bulletins(store: Store) async throws {
        let ledger = try await store.open()
        let kept = KeptBulletin(
            hash: "00", received: epoch, source: "http", verdict: .refused, reason: "not XML", alerts: [],
            octets: [0x3C, 0xFF])
        try await ledger.keep(kept).committed()
        #expect(try await ledger.bulletins(limit: 5) == [kept])
        await ledger.close()
    }

    @Test("The notebook remembers, forgets and lists", arguments: Store.allCases)
    func notebook(store: Store) async throws {
        let ledger = try await store.open()
        ledger.write("area-mail/b", [2])
        ledger.write("area-mail/a", [1])
        ledger.write("other", [3])
        #expect(ledger.read("area-mail/a") == [1])
        #expect(ledger.keys(prefix: "area-mail/") == ["area-mail/a", "area-mail/b"])
        ledger.write("area-mail/a", nil)
        #expect(ledger.read("area-mail/a") == nil)
        await ledger.close()
    }

    @Test("Whatever is written and forgotten, in whatever order, keys come whole and sorted, of whatever beginning", arguments: Store.allCases)
    func keys(store: Store) async throws {
        let ledger = try await store.open()
        var dice = Dice(seed: 7), known: Set<String> = []
        let parts = ["", "a", "a/", "b", "か", "が", "/", "zz"]
        for turn in 0..<2_000 {
            let key = "n/" + (0..<Int.random(in: 0...3, using: &dice)).map { _ in parts.randomElement(using: &dice) ?? "" }.joined()
            if Bool.random(using: &dice) {
                known.insert(key)
                ledger.write(key, [1])
            } else {
                known.remove(key)
                ledger.write(key, nil)
            }
            guard turn % 7 == 0 else { continue }
            let prefix = "n/" + (parts.randomElement(using: &dice) ?? "")
            #expect(ledger.keys(prefix: prefix) == known.filter { $0.hasPrefix(prefix) }.sorted(), "turn \(turn)")
        }
        await ledger.close()
    }

    @Test("Reports are read page by page, of one shelter or one device, without those set aside; of each device the newest alone, unless it is asked for", arguments: Store.allCases)
    func reportPages(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        for index in 0..<120 {
            _ = town.append(RecordedReport(
                id: "r\(index)", site: index % 2 == 0 ? "north" : "south", device: index % 3 == 0 ? "loud" : "d\(index % 5)",
                // Some in the same moment.
                occurred: epoch, received: epoch + Double(index / 2), body: "{}"))
        }
        _ = ledger.town(ishinomaki).append(RecordedReport(id: "other", site: "north", device: "x", occurred: epoch, received: epoch + 500, body: "{}"))
        try await ledger.flush().committed()
        func all(_ query: ReportQuery) async throws -> [String] {
            var query = query
            var ids: [String] = []
            query.limit = 7
            while true {
                let page = try await town.reports(query).map(\.id)
                ids += page
                guard page.count == 7 else { return ids }
                query.before = page.last
            }
        }
        let everything = try await all(ReportQuery())
        #expect(everything.count == 120 && Set(everything).count == 120 && everything.first == "r119", "\(everything.count)")
        var query = ReportQuery()
        query.site = "north"
        #expect(try await all(query).count == 60)
        query.device = "loud"
        #expect(try await all(query).count == 20)
        query = ReportQuery()
        query.without = ["loud", "d1"]
        #expect(try await all(query).count == 64)
        query = ReportQuery()
        query.id = "r5"
        #expect(try await town.reports(query).map(\.id) == ["r5"])
        query = ReportQuery()
        query.before = "other"
        #expect(try await town.reports(query).isEmpty)
        await ledger.close()
    }

    @Test("However much one device reports, another's report is in the list", arguments: Store.allCases)
    func reportsByDevice(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        func report(_ id: String, _ device: String, _ second: Int) -> RecordedReport {
            let date = epoch.addingTimeInterval(Double(second))
            return RecordedReport(id: id, site: "school", device: device, occurred: date, received: date, body: "{}")
        }
        _ = town.append(report("true", "keeper", 0))
        for index in 1...600 { _ = town.append(report("r\(index)", "loud", index)) }
        try await ledger.flush().committed()
        let listed = try await town.reports(limit: 500)
        #expect(listed.count == 51 && listed.first?.id == "r600" && listed.last?.id == "true")
        #expect(try await town.reports(limit: 10).count == 10)
        await ledger.close()
    }

    @Test("A receipt says whether it was new: the same again, and the same level of the same device, were there already", arguments: Store.allCases)
    func isNew(store: Store) async throws {
        let ledger = try await store.open()
        let town = ledger.town(kesennuma)
        try await town.record(alert("a", sends: 1, skips: 0)).committed()
        func told(_ id: String, _ device: String, _ reach: Reach) async throws -> Bool {
            let commit = town.append(RecordedReceipt(
                id: id, alert: AlertID("a"), channel: "wifi-portal", endpoint: "spot-0", device: device, reach: reach, occurred: epoch, received: epoch))
            try await commit.committed()
            return commit.isNew
        }
        #expect(try await told("1", "d", .shown))
        #expect(try await !told("1", "d", .shown))
        #expect(try await !told("2", "d", .shown))
        #expect(try await told("3", "d", .touched))
        #expect(try await told("4", "e", .shown))
        #expect(try await town.deliveries(DeliveryQuery()).first.map { [$0.shown, $0.touched] } == [2, 1])
        await ledger.close()
    }
}
