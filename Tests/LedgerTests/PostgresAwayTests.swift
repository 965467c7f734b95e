/// While the database is away: what waits on this machine's disk, and how it is handed over.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Ledger
import LedgerPostgres
import LedgerStore
import Testing

extension PostgresTests {
    static func waitingFile() throws -> String {
        let folder = URL.temporaryDirectory.appending(path: "noroshi-waiting-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appending(path: "waiting.sqlite").path
    }

    /// Everything there is, once.
    private func tell(_ ledger: any Ledger, _ id: String) async throws -> [Commit] {
        let town = ledger.town(kesennuma)
        var one = alert(id, sends: 2, skips: 1)
        one.said = [SaidText(channel: "wifi-portal", endpoints: ["spot-0"], texts: [.japanese: RenderedText(title: "緊急地震速報", body: "強い揺れに警戒")])]
        var group = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象外です")
        group.add(ishinomaki, ["school-1"])
        var commits = [town.record(one), ledger.record(PassedAlert(content: alert("passed-" + id).content, mode: .actual, accepted: epoch + 0.1, actor: "jma", groups: [group]))]
        town.append(RecordedStep(delivery: one.deliveries[0].id, at: epoch + 0.123456789, state: .delivered, attempt: 1, reference: "r"))
        commits.append(town.append(RecordedReceipt(id: "r-" + id, alert: AlertID(id), channel: "wifi-portal", endpoint: "spot-0", device: "d", reach: .shown, occurred: epoch, received: epoch + 1 / 3)))
        commits.append(town.append(RecordedReport(id: "p-" + id, site: "s", device: "d", occurred: epoch, received: epoch, body: "{}")))
        commits.append(town.append(RecordedDeed(id: "d-" + id, mode: .actual, kind: "call", subject: "s", at: epoch, actor: "a", body: "{}")))
        commits.append(ledger.keep(KeptBulletin(hash: "h-" + id, received: epoch, source: "t", verdict: .refused, reason: "why", alerts: [AlertID(id)], octets: [0, 255])))
        ledger.write([("k/" + id, [0, 1, 255]), ("gone", nil)])
        for commit in commits { try await commit.committed() }
        return commits
    }

    private func back(_ ledger: any Ledger) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let commit = ledger.flush()
            try await commit.committed()
            if !commit.isLocal, ledger.backlog.waiting == 0 { return }
            await Task.yield()
        }
        Issue.record("the database did not come back")
    }

    @Test("While the database is away everything is recorded on this machine and says so; when it is back it is handed over in order and once, and is to the last octet what it would have been")
    func waits() async throws {
        let server = try await PostgresServer(), record = try await PostgresRecord.make(on: server)
        let ledger = try await record.open(deadline: nil, waiting: try Self.waitingFile()), plain = try await Store.sqlite.open()
        ledger.write("gone", [1])
        for (number, id) in ["a", "b", "c", "d"].enumerated() {
            if number == 1 { server.kill() }
            if number == 3 {
                try await server.startAgain()
                try await back(ledger)
            }
            let isAway = (1...2).contains(number), commits = try await tell(ledger, id)
            #expect(commits.allSatisfy { $0.isLocal == isAway }, "\(id)")
            #expect((ledger.backlog.waiting > 0) == isAway && ledger.troubles.contains { $0.contains("この機械のディスクにだけ") } == isAway, "\(id) \(ledger.troubles)")
            _ = try await tell(plain, id)
        }
        for town in [kesennuma, ishinomaki, nil] {
            let (one, other) = (try await plain.verify(town), try await ledger.verify(town))
            #expect(one.head == other.head && other.flaw == nil, "\(other)")
        }
        #expect(try await log(ledger).map(\.number) == log(plain).map(\.number))
        #expect(try await ledger.bulletins(limit: 9).map(\.hash) == ["h-d", "h-c", "h-b", "h-a"])
        #expect(try await ledger.bulletins(limit: 9) == plain.bulletins(limit: 9))
        #expect(try await ledger.town(kesennuma).said(AlertID("b")) == plain.town(kesennuma).said(AlertID("b")))
        await ledger.close()
        let again = try await record.open()
        #expect(["a", "b", "c", "d"].allSatisfy { again.read("k/" + $0) == [0, 1, 255] } && again.read("gone") == nil)
        await again.close()
    }

    @Test("A frozen database: after the first word of it nobody waits for the host again")
    func waitsForNobody() async throws {
        let server = try await PostgresServer(), record = try await PostgresRecord.make(on: server)
        let ledger = try await record.open(deadline: nil, waiting: try Self.waitingFile())
        server.freeze()
        let began = ContinuousClock.now
        for number in 0..<40 { #expect(try await tell(ledger, "a\(number)").contains { $0.isLocal }) }
        // Forty hosts that say nothing would take a minute and more.
        #expect(began.duration(to: .now) < .seconds(30))
        server.wake()
        try await back(ledger)
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        #expect(try await log(ledger).count == 120)
        await ledger.close()
    }

    @Test("What waited when the hub ended is handed over at its next start, before the notebook is read; where another hub wrote meanwhile its notes stand and the rows are taken all the same", arguments: [false, true])
    func waitsOverAnEnd(another: Bool) async throws {
        let server = try await PostgresServer(), record = try await PostgresRecord.make(on: server), file = try Self.waitingFile()
        let first = try await record.open(deadline: nil, waiting: file)
        server.kill()
        _ = try await tell(first, "a")
        await first.close()
        try await server.startAgain()
        if another {
            try await record.keeper("UPDATE hub SET until = '-infinity'")
            let other = try await record.open(name: "hub-b")
            #expect(other.read("k/a") == nil)
            other.write("k/a", [7])
            _ = try await tell(other, "b")
            await other.close()
        }
        let second = try await record.open(deadline: nil, waiting: file)
        #expect(second.read("k/a") == (another ? [7] : [0, 1, 255]))
        #expect(second.backlog.waiting == 0)
        #expect(try await log(second).count == (another ? 6 : 3))
        #expect(try await second.verify(kesennuma).flaw == nil)
        await second.close()
    }
}
