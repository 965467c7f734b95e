/// What passes towns by is kept once, and each of them reads why.
import AlertModel
import Foundation
import Ledger
import LedgerStore
import Logging
import Testing

private let onagawa = TownID("045811")!

/// `alert` for nobody in these towns: of each the tablets of one school, and of Kesennuma two spots.
private func passed(_ id: String, _ towns: [TownID] = [kesennuma, ishinomaki], at date: Date = epoch) -> PassedAlert {
    let one = alert(id, at: date)
    var tablets = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象の地域ではありません")
    for town in towns { tablets.add(town, ["school-of-\(town.code)"]) }
    var spots = PassedAlert.Group(channel: "wifi-portal", reason: "not-in-area", sentence: "対象の地域ではありません")
    if towns.contains(kesennuma) { spots.add(kesennuma, ["eki", "ichiba"]) }
    return PassedAlert(content: one.content, mode: .exercise, accepted: date, actor: "jma", groups: [tablets, spots].filter { !$0.towns.isEmpty })
}

extension LedgerConformance {
    @Test("A town reads why nobody of its own heard it, among its own rows and in their order, and nothing of another town", arguments: Store.allCases)
    func passedBy(store: Store) async throws {
        let ledger = try await store.open()
        let own = ledger.town(kesennuma)
        try await own.record(alert("a", sends: 1, skips: 0)).committed()
        try await ledger.record(passed("b", at: epoch.addingTimeInterval(1))).committed()
        try await own.record(alert("c", sends: 1, skips: 0, at: epoch.addingTimeInterval(2))).committed()
        try await ledger.record(passed("d", [ishinomaki], at: epoch.addingTimeInterval(3))).committed()

        let rows = try await own.deliveries(DeliveryQuery())
        #expect(rows.map { "\($0.alert) \($0.delivery.channel) \($0.delivery.endpoint) \($0.delivery.endpoints) \($0.state)" } == [
            "a wifi-portal spot-0 1 waiting", "b school-tablet school-of-042056 1 skipped", "b wifi-portal * 2 skipped",
            "c wifi-portal spot-0 1 waiting",
        ])
        #expect(rows.map(\.number) == rows.map(\.number).sorted() && Set(rows.map(\.number)).count == 4)
        #expect(rows[1].delivery.sentence == "対象の地域ではありません" && rows[1].delivery.reason == "not-in-area")
        #expect(rows[1].title == "緊急地震速報（警報）" && rows[1].offered == epoch.addingTimeInterval(1) && rows[1].town == kesennuma)

        let neighbour = try await ledger.town(ishinomaki).deliveries(DeliveryQuery())
        #expect(neighbour.map { "\($0.alert) \($0.delivery.endpoint)" } == ["b school-of-042021", "d school-of-042021"])
        #expect(try await ledger.town(onagawa).deliveries(DeliveryQuery()).isEmpty)
        #expect(try await ledger.town(onagawa).alerts(AlertQuery()).isEmpty)
        await ledger.close()
    }

    @Test("The log is asked of what passed by as of what went out: by page, channel, far end, state and alert", arguments: Store.allCases)
    func passedPages(store: Store) async throws {
        let ledger = try await store.open()
        let own = ledger.town(kesennuma)
        for index in 0..<4 {
            let date = epoch.addingTimeInterval(Double(index))
            if index % 2 == 0 { try await own.record(alert("a\(index)", sends: 1, skips: 0, at: date)).committed() }
            else { try await ledger.record(passed("a\(index)", at: date)).committed() }
        }
        var seen: [Int64] = []
        var query = DeliveryQuery()
        query.limit = 2
        while case let page = try await own.deliveries(query), !page.isEmpty {
            seen += page.map(\.number)
            query.after = page.last?.number ?? 0
        }
        #expect(seen.count == 6 && seen == seen.sorted())
        func count(_ change: (inout DeliveryQuery) -> Void) async throws -> Int {
            var query = DeliveryQuery()
            change(&query)
            return try await own.deliveries(query).count
        }
        #expect(try await count { $0.channel = "school-tablet" } == 2)
        #expect(try await count { $0.endpoint = "school-of-042056" } == 2)
        #expect(try await count { $0.endpoint = "school-of-042021" } == 0)
        #expect(try await count { $0.endpoint = "spot-0" } == 2)
        #expect(try await count { $0.mode = .exercise } == 6)
        #expect(try await count { $0.mode = .actual } == 0)
        #expect(try await count { $0.state = .skipped } == 4)
        #expect(try await count { $0.state = .waiting } == 2)
        #expect(try await count { $0.unfinishedOnly = true } == 2)
        #expect(try await count { $0.alert = AlertID("a1") } == 2)
        #expect(try await count { $0.concernedOnly = true } == 2)
        #expect(try await count { $0.alerts = [AlertID("a0"), AlertID("a1"), AlertID("\"'")] } == 3)
        #expect(try await count { $0.alerts = [] } == 0)
        var last = DeliveryQuery()
        last.newest = true
        last.limit = 3
        #expect(try await own.deliveries(last).map(\.alert.text) == ["a2", "a3", "a3"])
        await ledger.close()
    }

    @Test("What passed by is among a town's alerts, and not where only what concerned it is asked; recorded twice it is there once", arguments: Store.allCases)
    func passedAlerts(store: Store) async throws {
        let ledger = try await store.open()
        let own = ledger.town(kesennuma)
        try await own.record(alert("a")).committed()
        for _ in 0..<2 { try await ledger.record(passed("b", at: epoch.addingTimeInterval(1))).committed() }
        #expect(try await own.alerts(AlertQuery()).map(\.content.id.text) == ["b", "a"])
        #expect(try await own.deliveries(DeliveryQuery()).count == 5)
        var query = AlertQuery()
        query.concernedOnly = true
        #expect(try await own.alerts(query).map(\.content.id.text) == ["a"])
        query = AlertQuery()
        query.id = AlertID("b")
        let found = try #require(try await own.alerts(query).first)
        #expect(found.content == alert("b", at: epoch.addingTimeInterval(1)).content && found.actor == "jma" && found.mode == .exercise)
        #expect(try await ledger.passed(since: epoch, limit: 10).map(\.content.id.text) == ["b"])
        #expect(try await ledger.passed(since: epoch.addingTimeInterval(2), limit: 10).isEmpty)
        await ledger.close()
    }
}

extension LedgerConformance {
    @Test("A start is told which towns have something to read: alerts of late, or deliveries under way", arguments: Store.allCases)
    func busy(store: Store) async throws {
        let ledger = try await store.open()
        let towns = [kesennuma, ishinomaki, onagawa]
        let later = epoch.addingTimeInterval(3600)
        #expect(try await ledger.busy(towns, since: epoch).isEmpty)
        try await ledger.record(passed("p", at: later)).committed()
        #expect(try await ledger.busy(towns, since: epoch).isEmpty, "what passed by is read for all towns at once")
        try await ledger.town(kesennuma).record(alert("a", sends: 0, skips: 1)).committed()
        try await ledger.town(ishinomaki).record(alert("b", sends: 1, skips: 0, in: ishinomaki)).committed()
        #expect(try await ledger.busy(towns, since: epoch) == [kesennuma, ishinomaki])
        #expect(try await ledger.busy(towns, since: later) == [ishinomaki], "old, and not finished")
        #expect(try await ledger.busy([kesennuma, onagawa], since: later).isEmpty)
        await ledger.close()
    }
}

@Suite("What a bulletin weighs")
struct WeightTests {
    private let folder = URL.temporaryDirectory.appending(path: "noroshi-ledger-\(UUID().uuidString)")

    private func open() throws -> SQLiteLedger {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path(), logger: Logger(label: "t"))
    }

    @Test("A bulletin that passes 1,741 towns by takes less than 100 kB of the ledger, and 30 kB where the same towns were passed by before")
    func weight() async throws {
        let ledger = try open()
        let towns = try (0..<1741).map { try #require(TownID(jis: 1001 + $0 * 27)) }
        #expect(Set(towns).count == 1741)
        func size() async throws -> Int {
            try await ledger.flush().committed()
            // All in one file, as after a night.
            try ledger.mergeForMeasuring()
            return ledger.disk?.size ?? 0
        }
        var sizes = [try await size()]
        for index in 0..<11 {
            try await ledger.record(passed("b\(index)", towns, at: epoch.addingTimeInterval(Double(index)))).committed()
            if index == 0 || index == 10 { sizes.append(try await size()) }
        }
        #expect(sizes[1] - sizes[0] < 100_000, "\(sizes)")
        #expect((sizes[2] - sizes[1]) / 10 < 30_000, "\(sizes)")
        #expect(try await ledger.town(towns[1740]).deliveries(DeliveryQuery()).count == 11)
        await ledger.close()
    }

    @Test("What an alert says is in the file once, whoever of a hundred towns it concerned")
    func once() async throws {
        let ledger = try open()
        var one = alert("a", sends: 1, skips: 0)
        one.content.headline = String(repeating: "強い揺れに警戒してください。", count: 2_000)
        for index in 0..<100 { _ = ledger.town(try #require(TownID(jis: 4001 + index))).record(one) }
        try await ledger.flush().committed()
        try ledger.mergeForMeasuring()
        #expect((ledger.disk?.size ?? .max) < 400_000)
        let town = try #require(TownID(jis: 4100))
        #expect(try await ledger.town(town).alerts(AlertQuery()).first?.content == one.content)
        await ledger.close()
    }

    @Test("Two towns whose ledgers are given different alerts under one id read each its own")
    func own() async throws {
        let ledger = try open()
        var other = alert("a", in: ishinomaki)
        other.content.headline = "石巻市だけの話"
        try await ledger.town(kesennuma).record(alert("a")).committed()
        try await ledger.town(ishinomaki).record(other).committed()
        #expect(try await ledger.town(kesennuma).alerts(AlertQuery()).map(\.content.headline) == ["三陸沖で地震　強い揺れに警戒"])
        #expect(try await ledger.town(ishinomaki).alerts(AlertQuery()).map(\.content.headline) == ["石巻市だけの話"])
        await ledger.close()
    }

    @Test("A file as it was written before is read on: its alerts, its log, and new rows after its last number")
    func oldFile() async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "ledger.sqlite").path()
        var here = URL(filePath: #filePath).resolvingSymlinksInPath()
        here.deleteLastPathComponent()
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = [
            "-c", "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.executescript(open(sys.argv[2],encoding='utf-8').read()); d.commit()",
            path, here.appending(path: "Fixtures/ledger-0.sql").path(),
        ]
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)

        let ledger = try SQLiteLedger(path: path, logger: Logger(label: "t"))
        #expect(ledger.troubles.isEmpty)
        let own = ledger.town(kesennuma)
        let alerts = try await own.alerts(AlertQuery())
        #expect(alerts.map(\.content.kind) == [.evacuation, .eew])
        let before = try await own.deliveries(DeliveryQuery())
        #expect(before.count == 7 && before.filter { $0.state == .skipped }.count == 2)
        try await ledger.record(passed("later")).committed()
        try await own.record(alert("last", sends: 1, skips: 0)).committed()
        let after = try await own.deliveries(DeliveryQuery())
        #expect(Array(after.prefix(7)) == before)
        #expect(after.dropFirst(7).map(\.number) == [104, 105, 106])
        var query = AlertQuery()
        query.event = alerts[0].content.event
        #expect(try await own.alerts(query).map(\.content) == [alerts[0].content])
        await ledger.close()
    }

    @Test("One alert that cannot be read is named and passed over, and the town's others are read")
    func garbled() async throws {
        let ledger = try open()
        for id in ["a", "b", "c"] { try await ledger.town(kesennuma).record(alert(id)).committed() }
        try ledger.garble(AlertID("b"))
        #expect(try await ledger.town(kesennuma).alerts(AlertQuery()).map(\.content.id.text) == ["c", "a"])
        #expect(ledger.troubles.count == 1 && ledger.troubles[0].contains("042056"), "\(ledger.troubles)")
        _ = try await ledger.town(kesennuma).alerts(AlertQuery())
        #expect(ledger.troubles.count == 1)
        await ledger.close()
    }
}

extension TownID {
    /// With its check digit found.
    fileprivate init?(jis: Int) {
        let digits = String(repeating: "0", count: max(0, 5 - String(jis).count)) + String(jis)
        guard let id = (0...9).lazy.compactMap({ TownID(digits + "\($0)") }).first else { return nil }
        self = id
    }
}
