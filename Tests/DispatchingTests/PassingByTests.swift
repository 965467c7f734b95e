/// Decided once for all towns, and written once for all it passes by.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Dispatching
import Foundation
import Ledger
import Testing

@Suite("Towns an alert passes by", .timeLimit(.minutes(1)))
struct PassingByTests {
    private static func town(_ code: String, _ ends: [String], eew: String) throws -> Town {
        var town = Sample.town
        town.id = try #require(TownID(code))
        town.areas = [.jmaEEW: [eew]]
        town.endpoints = ends.map { Endpoint(id: $0, channel: "school-tablet", name: $0, actual: [:], exercise: nil) }
        return town
    }

    private static func warning(revision: Int = 1, _ type: MessageType = .alert) -> Alert<Actual> {
        var content = Sample.message(type, event: "quake", revision: revision, as: Actual.self).alert.content
        content.event = EventID("jma/eew/quake")
        content.kind = .eew
        content.town = nil
        content.act = nil
        content.areas = [AreaStatement(scheme: .jmaEEW, code: "9220", name: "宮城", kindCode: "31", kindName: "緊急地震速報（警報）")]
        return Alert<Actual>(content)
    }

    /// Two towns elsewhere, one of them with two schools.
    private static func stage(_ ledger: MemoryLedger) throws -> Stage {
        try Stage(ledger, neighbours: [town("011002", ["sapporo"], eew: "9011"), town("131016", ["kanda", "ochanomizu"], eew: "9350")])
    }

    private static func rows(_ code: String, _ ledger: MemoryLedger) async throws -> [String] {
        try await ledger.town(try #require(TownID(code))).deliveries(DeliveryQuery()).map {
            "\($0.delivery.endpoint) \($0.delivery.endpoints) \($0.state.rawValue)"
        }
    }

    @Test("The town that is warned has its own record, the others one between them, and each reads why not")
    func passed() async throws {
        let ledger = MemoryLedger()
        let stage = try Self.stage(ledger)
        let watch = stage.journal.watch()
        let follower = stage.journal.follow()
        try await stage.line.accept(Self.warning(), actor: "test")
        var rows = follower.makeAsyncIterator()
        var seen: [String] = []
        for _ in 0..<3 { seen.append(await rows.next().map { "\($0.town) \($0.state.rawValue)" } ?? "") }
        #expect(seen == ["\(Sample.town.id) waiting", "011002 skipped", "131016 skipped"])
        #expect(try await Self.rows(Sample.town.id.code, ledger) == ["a 1 waiting"])
        #expect(try await Self.rows("011002", ledger) == ["sapporo 1 skipped"])
        #expect(try await Self.rows("131016", ledger) == ["* 2 skipped"])
        #expect(try await ledger.passed(since: .distantPast, limit: 10).map(\.content.id) == [Self.warning().id])
        var query = AlertQuery()
        query.concernedOnly = true
        #expect(try await ledger.town(try #require(TownID("011002"))).alerts(query).isEmpty)
        // Whoever watches hears of both, in the order in which it was decided.
        var events = watch.events.makeAsyncIterator()
        guard case .row(let row) = await events.next(), case .passed(let passed) = await events.next() else {
            Issue.record("not told")
            return
        }
        #expect(row.town == Sample.town.id)
        #expect(passed.groups.map(\.farEnds) == [3])
        #expect(passed.deliveries(of: Sample.town.id).isEmpty)
        #expect(stage.journal.tallies.filter { $0.key.state == .skipped }.map(\.value) == [2])
    }

    @Test("An alert that concerns nobody here leaves no town a record of its own")
    func nobody() async throws {
        let ledger = MemoryLedger()
        let stage = try Self.stage(ledger)
        var content = Self.warning().content
        content.areas[0].code = "9460"
        try await stage.line.accept(Alert<Actual>(content), actor: "test")
        for code in [Sample.town.id.code, "011002", "131016"] {
            var query = AlertQuery()
            query.concernedOnly = true
            #expect(try await ledger.town(try #require(TownID(code))).alerts(query).isEmpty)
            #expect(try await ledger.town(try #require(TownID(code))).alerts(AlertQuery()).count == 1)
        }
    }

    @Test("A town that was told before has its own record of what comes after, and so does a town of its own order")
    func told() async throws {
        let ledger = MemoryLedger()
        let stage = try Self.stage(ledger)
        try await stage.line.accept(Self.warning(), actor: "test")
        var elsewhere = Self.warning(revision: 2).content
        elsewhere.areas[0].code = "9011"
        try await stage.line.accept(Alert<Actual>(elsewhere), actor: "test")
        var query = AlertQuery()
        query.concernedOnly = true
        #expect(try await ledger.town(Sample.town.id).alerts(query).count == 2)
        #expect(try await ledger.town(try #require(TownID("131016"))).alerts(query).isEmpty)
        try await stage.line.accept(order("own"), actor: "test")
        #expect(try await ledger.town(Sample.town.id).alerts(query).count == 3)
        #expect(try await ledger.town(try #require(TownID("011002"))).alerts(AlertQuery()).count == 2, "an order is nobody else's")
    }

    @Test("A cancel is kept once for all towns that never heard what it takes back; who did has it in its own record")
    func cancelled() async throws {
        let ledger = MemoryLedger()
        let stage = try Self.stage(ledger)
        try await stage.line.accept(Self.warning(), actor: "test")
        let cancel = Self.warning(revision: 2, .cancel)
        try await stage.line.accept(cancel, actor: "test")
        var query = AlertQuery()
        query.concernedOnly = true
        #expect(try await ledger.town(Sample.town.id).alerts(query).count == 2)
        for (code, end) in [("011002", "sapporo"), ("131016", "*")] {
            let town = try #require(TownID(code))
            #expect(try await ledger.town(town).alerts(query).isEmpty)
            var rows = DeliveryQuery()
            rows.alert = cancel.id
            let row = try #require(try await ledger.town(town).deliveries(rows).first)
            #expect(row.delivery.reason == "not-told" && row.delivery.endpoint == end && row.state == .skipped)
            #expect(row.delivery.sentence.contains("a cancel of what this town was not told"))
        }
    }

    @Test("What the stories know a town by stays in its own record: that another event told it, or the one sea")
    func cancelledAndKnown() async throws {
        var query = AlertQuery()
        query.concernedOnly = true
        let other = try #require(TownID("011002"))
        let known = MemoryLedger()
        try await Self.stage(known).line.accept(Self.warning(revision: 2, .cancel), actor: "test") { _, _ in .again("この町には伝えていない情報の終わり") }
        #expect(try await known.town(other).alerts(query).count == 1)
        let sea = MemoryLedger()
        var content = Self.warning(revision: 2, .cancel).content
        content.kind = .tsunami
        try await Self.stage(sea).line.accept(Alert<Actual>(content), actor: "test")
        #expect(try await sea.town(other).alerts(query).count == 1)
    }

    @Test("Who may not say it here is kept with its reason for every town")
    func withheld() async throws {
        let ledger = MemoryLedger()
        let stage = try Self.stage(ledger)
        try await stage.line.accept(Self.warning(), actor: "test") { _, _ in .withheld("この町の情報源ではありません") }
        let rows = try await ledger.town(Sample.town.id).deliveries(DeliveryQuery())
        #expect(rows.map(\.delivery.reason) == ["withheld"] && rows[0].delivery.sentence == "この町の情報源ではありません")
    }
}
