/// What only a ledger on a database elsewhere has to show: it hangs, it dies, it is somebody else's, and nothing is lost or twice.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Ledger
import LedgerPostgres
import LedgerStore
import Logging
import Testing

@Suite("The ledger on PostgreSQL", .enabled(if: PostgresServer.isInstalled, "no PostgreSQL on this machine"))
struct PostgresTests {
    func log(_ ledger: any Ledger, _ town: TownID = kesennuma) async throws -> [DeliveryRow] {
        var query = DeliveryQuery()
        query.limit = 100_000
        return try await ledger.town(town).deliveries(query)
    }

    /// Asks until it is recorded: each time the database itself says no or yes.
    private func recorded(_ ledger: any Ledger) async throws {
        for _ in 0..<100 {
            do { return try await ledger.flush().committed() } catch LedgerFailure.away {}
        }
        Issue.record("the database did not come back")
    }

    // MARK: the record

    @Test("A town's record has the same chain in both files and databases, to the last octet")
    func sameChain() async throws {
        let (sqlite, postgres) = (try await Store.sqlite.open(), try await Store.postgres.open())
        for ledger in [sqlite, postgres] {
            try await fill(ledger)
            try await ledger.town(kesennuma).append(RecordedDeed(id: "d", mode: .actual, kind: "call", subject: "s", at: epoch + 0.123456, actor: "operator:佐藤", body: "{}")).committed()
        }
        for town in [kesennuma, ishinomaki, nil] {
            let (one, other) = (try await sqlite.verify(town), try await postgres.verify(town))
            #expect(one.head == other.head && one.facts == other.facts && other.flaw == nil, "\(String(describing: town)) \(one.head.hashText) \(one) \(other.head.hashText) \(other)")
            #expect(try await sqlite.head(of: town, before: epoch + 0.5) == postgres.head(of: town, before: epoch + 0.5))
        }
        await sqlite.close()
        await postgres.close()
    }

    static let changed: [(sql: String, number: Int64?)] = [
        ("UPDATE alert SET actor = 'operator:x' WHERE id = 'a' AND town = '042056'", 1),
        ("UPDATE content SET octets = convert_to(replace(convert_from(octets, 'UTF8'), '強い揺れ', '弱い揺れ'), 'UTF8')", 1),
        ("UPDATE said SET texts = '[]' WHERE alert = 'b'", 5), ("DELETE FROM said WHERE alert = 'a'", 1),
        ("UPDATE delivery SET is_send = 0 WHERE alert = 'a' AND endpoint = 'spot-1'", 1), ("UPDATE delivery SET sentence = '' WHERE alert = 'b' AND is_send = 0", 6),
        ("UPDATE step SET state = 'expired' WHERE fact = 4", 4), ("UPDATE receipt SET reach = 0 WHERE id = 'r2'", 11), ("UPDATE report SET body = '{}' WHERE id = 'p0'", 12),
        ("UPDATE fact SET hash = 'x' WHERE town = '042056' AND number = 6", 6), ("DELETE FROM step WHERE fact = 8", 8), ("DELETE FROM content", 1),
        ("DELETE FROM fact WHERE town = '042056' AND number = 13", 13), ("DELETE FROM report WHERE id = 'p1'; DELETE FROM fact WHERE town = '042056' AND number = 13", 13),
        ("INSERT INTO step SELECT town, delivery, 99, 99, at, 'delivered', 1, NULL, NULL, 99 FROM step LIMIT 1", nil),
        ("INSERT INTO receipt VALUES ('042056', 'x', 'a', 'wifi-portal', 'spot-0', 'd-9', 2, 0, 0, 9)", nil),
        ("INSERT INTO delivery SELECT town, id || 'x', 99, 'x', event, mode, kind, title, channel, endpoint, endpoints, is_send, priority, reason, sentence, offered, expires FROM delivery WHERE number = 1", nil),
        ("UPDATE standing SET state = 'expired' WHERE delivery LIKE 'a.%spot-0'", 1), ("UPDATE standing SET touched = 5 WHERE delivery LIKE 'b.042056%spot-1'", 5),
        ("DELETE FROM standing WHERE delivery LIKE 'a.%spot-0'", 1), ("UPDATE share SET line = '/school-2' WHERE town = '042056'", nil), ("DELETE FROM share", nil),
    ]

    @Test("What the keeper of the database changes, removes or puts in is found, and the first of it named", arguments: changed)
    func tampered(sql: String, number: Int64?) async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), ledger = try await record.open()
        try await fill(ledger)
        try await record.keeper(sql)
        let flaw = try #require(try await ledger.verify(kesennuma).flaw)
        #expect(flaw.number == number, "\(flaw)")
        await ledger.close()
    }

    @Test("What passed towns by is looked through too", arguments: ["UPDATE passed SET sentence = 'x'", "UPDATE town_set SET towns = replace(towns, 'school-1', 'school-2')", "DELETE FROM passed"])
    func tamperedCommon(sql: String) async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), ledger = try await record.open()
        try await fill(ledger)
        try await record.keeper(sql)
        #expect(try await ledger.verify(nil).flaw?.number == 1)
        await ledger.close()
    }

    @Test("What was recorded is there when it is opened again: rows, numbers that go on, the notebook and what was forgotten in it")
    func reopen() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), first = try await record.open()
        try await first.town(kesennuma).record(alert("a")).committed()
        first.write("device/鍵", [0, 9, 255])
        first.write([("gone", [1]), ("kept", [])])
        first.write("gone", nil)
        await first.close()
        let second = try await record.open(patience: .zero)
        #expect(second.read("device/鍵") == [0, 9, 255] && second.read("gone") == nil && second.read("kept") == [])
        try await second.town(kesennuma).record(alert("b")).committed()
        #expect(try await log(second).map(\.number) == [1, 2, 3, 4, 5, 6])
        await second.close()
    }

    @Test("A row the database refuses takes none of the others with it, and is counted")
    func badRow() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), ledger = try await record.open(), town = ledger.town(kesennuma)
        let one = alert("a", sends: 1, skips: 0)
        try await town.record(one).committed()
        town.append(RecordedStep(delivery: one.deliveries[0].id, at: epoch, state: .sending, attempt: .max))
        town.append(RecordedStep(delivery: one.deliveries[0].id, at: epoch, state: .delivered, attempt: 1))
        try await town.record(alert("b\u{1F6A8}\"\\{,}'", sends: 1)).committed()
        let odd = RecordedReport(id: "{r}\n", site: "NULL", device: "", occurred: epoch, received: epoch, body: "a\0b")
        try await town.append(odd).committed()
        try await town.append(odd).committed()
        #expect(try await town.reports(ReportQuery()).map { [$0.id, $0.site, $0.device, $0.body] } == [["{r}\n", "NULL", "", "a"]])
        let rows = try await log(ledger)
        #expect(rows.map(\.state) == [.delivered, .waiting, .skipped], "\(rows)")
        #expect(ledger.backlog.lost == 1)
        #expect(try await ledger.verify(kesennuma).flaw == nil)
        await ledger.close()
    }

    @Test("Of a country: two hundred towns and what passes a thousand by, in one go, each with its own chain")
    func country() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), ledger = try await record.open()
        // Codes with their check digits.
        let towns = (1..<100_000).lazy.compactMap { TownID(String(format: "%05d", $0) + "\(Self.check($0))") }.prefix(1_000)
        var group = PassedAlert.Group(channel: "school-tablet", reason: "not-in-area", sentence: "対象外です")
        for town in towns { group.add(town, ["school"]) }
        for town in towns.prefix(250) { _ = ledger.town(town).record(alert("a", in: town)) }
        for id in ["b", "c"] { _ = ledger.record(PassedAlert(content: alert(id).content, mode: .actual, accepted: epoch, actor: "jma", groups: [group])) }
        try await ledger.flush().committed()
        for town in [towns.first, towns.prefix(250).last, towns.last].compactMap(\.self) {
            #expect(try await log(ledger, town).count == (town == towns.last ? 2 : 5))
            #expect(try await ledger.verify(town).flaw == nil)
        }
        #expect(try await ledger.verify(nil).facts == 2)
        #expect(try await record.keeper("SELECT count(*) FROM share") == "1000", "the same towns are kept once")
        #expect(try await ledger.busy(Array(towns), since: epoch).count == 250)
        await ledger.close()
    }

    private static func check(_ number: Int) -> Int {
        let digits = String(format: "%05d", number).compactMap(\.wholeNumberValue)
        let sum = zip(digits, [6, 5, 4, 3, 2]).reduce(0) { $0 + $1.0 * $1.1 }
        return (11 - sum % 11) % 10
    }

    @Test("Nothing leaves this record yet, and it says that nothing did")
    func nothingLeaves() async throws {
        let ledger = try await Store.postgres.open()
        try await fill(ledger)
        #expect(try await ledger.retire(RetentionRule(town: kesennuma, now: epoch.addingTimeInterval(100 * 365 * 86_400))) == Retired())
        #expect(try await log(ledger).count == 7)
        await ledger.close()
    }

    // MARK: the wall between towns

    @Test("The hub's own role sees no row of a town it has not named, writes none there, and changes no row of the record at all")
    func wall() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), ledger = try await record.open()
        try await fill(ledger)
        await ledger.close()
        func asHub(_ towns: String, _ sql: String) async throws -> String { try await record.keeper("SET ROLE \(PostgresRecord.role); SET noroshi.towns = '\(towns)'; \(sql)") }
        for table in ["alert", "delivery", "standing", "step", "receipt", "report", "said", "fact", "share"] {
            let own = try await asHub("042056", "SELECT count(*), count(DISTINCT town) FROM \(table)")
            #expect(own.hasSuffix("|1") && !own.hasPrefix("0"), "\(table): \(own)")
            #expect(try await asHub("042021", "SELECT count(*) FROM \(table) WHERE town = '042056'") == "0", "\(table)")
            #expect(try await asHub("", "SELECT count(*) FROM \(table)") == "0", "\(table)")
            await #expect(throws: PostgresServer.Trouble.self, "\(table)") { try await asHub("042056", "DELETE FROM \(table)") }
        }
        for table in ["alert", "delivery", "step", "receipt", "report", "said", "fact", "content", "passed", "town_set", "bulletin"] {
            await #expect(throws: PostgresServer.Trouble.self, "\(table)") { try await asHub("042056 common hub", "UPDATE \(table) SET town = town") }
        }
        await #expect(throws: PostgresServer.Trouble.self) { try await asHub("042021", "INSERT INTO report VALUES ('042056', 'x', 's', 'd', 0, 0, '{}', 99)") }
        #expect(try await asHub("042021", "INSERT INTO report VALUES ('042021', 'x', 's', 'd', 0, 0, '{}', 99) RETURNING id") == "x")
        // A table that was forgotten in the schema would have no wall.
        #expect(try await record.keeper("SELECT count(*) FROM pg_class WHERE relnamespace = 'noroshi'::regnamespace AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)") == "0")
    }

    @Test("A hub starts on no record whose walls it could climb over, nor without tables or with those of another version, and says why")
    func refused() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value)
        func words(_ role: String = PostgresRecord.role) async -> String {
            do {
                let ledger = try await PostgresLedger.open(try record.address(role: role), name: "h", patience: .zero, logger: Logger(label: "t"))
                await ledger.close()
                return "opened"
            } catch { return "\(error)" }
        }
        #expect(await words("postgres").contains("row-level security"))
        try await record.keeper("ALTER TABLE report NO FORCE ROW LEVEL SECURITY")
        #expect(await words().contains("without forced row-level security"))
        // Given again it mends that, and loses nothing.
        try await record.makeTables()
        #expect(await words() == "opened")
        try await record.keeper("GRANT CREATE ON SCHEMA noroshi TO \(PostgresRecord.role); ALTER TABLE report OWNER TO \(PostgresRecord.role)")
        #expect(await words().contains("owns the tables"))
        try await record.keeper("ALTER TABLE report OWNER TO postgres; UPDATE hub SET version = 99")
        #expect(await words().contains("tables of version 99"))
        try await record.keeper("DROP SCHEMA noroshi CASCADE")
        #expect(await words().contains("no tables yet"))
        #expect(await words("nobody_here").contains("nobody_here"))
    }

    // MARK: one hub at a time

    @Test("A second hub finds the record taken and is told by whom; when the first has ended it begins at once")
    func second() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), first = try await record.open(name: "庁舎のハブ")
        await #expect(throws: PostgresLedger.Refusal.self) { try await record.open(name: "hub-b", patience: .zero) }
        do { _ = try await record.open(name: "hub-b", patience: .zero) } catch { #expect("\(error)".contains("庁舎のハブ")) }
        await first.close()
        await (try record.open(name: "hub-b", patience: .zero)).close()
    }

    @Test("Whoever slept while another took over writes nothing any more, and is told who writes now")
    func fenced() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), former = try await record.open(name: "hub-a")
        try await former.town(kesennuma).record(alert("a")).committed()
        // As its term ends: by the database's clock. The renewal of the sleeper may come between.
        var present: PostgresLedger?
        while present == nil {
            try await record.keeper("UPDATE hub SET until = '-infinity'")
            present = try? await record.open(name: "hub-b", patience: .zero)
        }
        let own = try #require(present)
        do {
            try await former.town(kesennuma).record(alert("b")).committed()
            Issue.record("written by who has no right to")
        } catch { #expect("\(error)".contains("hub-b"), "\(error)") }
        #expect(former.troubles.contains { $0.contains("hub-b") })
        try await own.town(kesennuma).record(alert("c")).committed()
        #expect(try await own.town(kesennuma).alerts(AlertQuery()).map(\.content.id.text).sorted() == ["a", "c"])
        await former.close()
        #expect(former.backlog.lost == 4, "and what it had is said to be lost")
        try await own.town(kesennuma).record(alert("d")).committed()
        await own.close()
    }

    // MARK: a database that hangs, dies, or says nothing

    @Test("A frozen server: whoever waits hears within seconds, nobody hangs, and when it goes on all is written once")
    func frozen() async throws {
        let server = try await PostgresServer(), ledger = try await PostgresRecord.make(on: server).open(deadline: nil), town = ledger.town(kesennuma)
        try await town.record(alert("a")).committed()
        server.freeze()
        let began = ContinuousClock.now
        await #expect(throws: LedgerFailure.self) { try await town.record(alert("b")).committed() }
        await #expect(throws: LedgerFailure.self) { try await town.deliveries(DeliveryQuery()) }
        // No measurement: without a deadline of our own it would be for ever.
        #expect(began.duration(to: .now) < .seconds(20))
        #expect(ledger.troubles.count == 1)
        for index in 0..<20 { town.append(RecordedStep(delivery: alert("a").deliveries[0].id, at: epoch, state: index == 19 ? .delivered : .sending, attempt: index)) }
        server.wake()
        try await recorded(ledger)
        #expect(ledger.troubles.isEmpty)
        #expect(try await log(ledger).count == 6)
        let chain = try await ledger.verify(kesennuma)
        #expect(chain.flaw == nil && chain.facts == 24, "\(chain)")
        await ledger.close()
    }

    @Test("A server killed in the middle of it, again and again: nothing that was acknowledged is lost, and nothing is there twice")
    func killed() async throws {
        let server = try await PostgresServer(), ledger = try await PostgresRecord.make(on: server).open(), town = ledger.town(kesennuma)
        var acknowledged: [String] = [], asked = 0, kept = 0
        for round in 0..<3 {
            let (first, last) = (asked, asked + 150)
            asked = last
            let yes = await withTaskGroup(of: String?.self, returning: [String].self) { group in
                for index in first..<last {
                    let one = alert("a\(index)", sends: 3, skips: 1)
                    let commit = town.record(one)
                    for delivery in one.deliveries where delivery.isSend {
                        town.append(RecordedStep(delivery: delivery.id, at: epoch, state: .sending, attempt: 1))
                        town.append(RecordedStep(delivery: delivery.id, at: epoch + 1, state: .delivered, attempt: 1))
                    }
                    _ = ledger.keep(KeptBulletin(hash: "h\(index)", received: epoch, source: "t", verdict: .accepted, reason: nil, alerts: [], octets: [1]))
                    ledger.write("count", [UInt8(round)])
                    group.addTask { do { try await commit.committed() } catch { return nil }; return "a\(index)" }
                    // Somewhere in the middle: the writer is at work.
                    if index == first + 40 + 30 * round { try? await ledger.flush().committed() }
                    if index == first + 50 + 30 * round { server.kill() }
                }
                return await group.reduce(into: []) { if let id = $1 { $0.append(id) } }
            }
            acknowledged += yes
            kept += 150 - yes.count
            try await server.startAgain()
            try await recorded(ledger)
        }
        #expect(!acknowledged.isEmpty && kept > 0, "\(acknowledged.count) were acknowledged, \(kept) not at once")
        var query = AlertQuery()
        query.limit = 10_000
        let there = try await town.alerts(query).map(\.content.id.text)
        #expect(Set(there).isSuperset(of: acknowledged) && there.count == asked && Set(there).count == asked)
        let rows = try await log(ledger)
        #expect(rows.count == asked * 4 && rows.filter { $0.state == .delivered && $0.attempts == 1 }.count == asked * 3)
        #expect(rows.map(\.number) == rows.map(\.number).sorted() && Set(rows.map(\.number)).count == rows.count)
        // An alert, its skips and six steps of each: a step written twice would be a fact more.
        let chain = try await ledger.verify(kesennuma)
        #expect(chain.flaw == nil && chain.facts == asked * 8, "\(chain)")
        #expect(try await ledger.bulletinHeads(limit: 10_000).count == asked)
        #expect(ledger.backlog.lost == 0 && ledger.backlog.waiting == 0)
        await ledger.close()
    }

    @Test("A commit whose answer is lost was made, and is not made twice: steps, bulletins and receipts are there once, also where they wait on this machine's disk", arguments: [false, true])
    func answerLost(waits: Bool) async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value)
        let cutter = try LineCutter(to: record.server.port)
        let ledger = try await PostgresLedger.open(
            try PostgresAddress("postgresql://\(PostgresRecord.role)@127.0.0.1:\(cutter.port)/\(record.name)"), name: "h", waiting: waits ? try Self.waitingFile() : nil, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        let town = ledger.town(kesennuma), one = alert("a", sends: 1, skips: 0)
        cutter.swallowAnswer(to: "COMMIT", after: "INSERT INTO step")
        _ = town.record(one)
        town.append(RecordedStep(delivery: one.deliveries[0].id, at: epoch, state: .sending, attempt: 1))
        _ = town.append(RecordedReceipt(id: "r", alert: AlertID("a"), channel: "wifi-portal", endpoint: "spot-0", device: "d", reach: .shown, occurred: epoch, received: epoch))
        _ = ledger.keep(KeptBulletin(hash: "h", received: epoch, source: "t", verdict: .accepted, reason: nil, alerts: [], octets: []))
        try? await ledger.flush().committed()
        try await recorded(ledger)
        #expect(cutter.swallowed >= 1, "an answer was lost")
        let chain = try await ledger.verify(kesennuma)
        #expect(chain.facts == 3 && chain.flaw == nil, "\(chain)")
        #expect(try await ledger.bulletinHeads(limit: 10).count == 1)
        #expect(try await log(ledger).map { [$0.attempts, $0.shown] } == [[1, 1]])
        #expect(ledger.backlog.lost == 0, "and none of them is told to be lost")
        await ledger.close()
        cutter.close()
    }

    @Test("The primary dies and its standby is promoted: the hub finds it among its hosts, and nothing that was acknowledged is lost, or there twice")
    func failOver() async throws {
        let primary = try await PostgresServer(), record = try await PostgresRecord.make(on: primary), standby = try await primary.standby()
        var address = try PostgresAddress("postgresql://\(PostgresRecord.role)@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/\(record.name)?target_session_attrs=read-write")
        address.patience = .seconds(5)
        let ledger = try await PostgresLedger.open(address, name: "h", logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }), town = ledger.town(kesennuma)
        let yes = await withTaskGroup(of: String?.self, returning: [String].self) { group in
            for index in 0..<100 {
                let commit = town.record(alert("a\(index)"))
                town.append(RecordedStep(delivery: alert("a\(index)").deliveries[0].id, at: epoch, state: .sending, attempt: 1))
                group.addTask { do { try await commit.committed() } catch { return nil }; return "a\(index)" }
                if index == 50 { try? await commit.committed() }
                if index == 60 { primary.kill() }
            }
            return await group.reduce(into: []) { if let id = $1 { $0.append(id) } }
        }
        #expect(yes.count > 50)
        try await standby.promote()
        try await recorded(ledger)
        var query = AlertQuery()
        query.limit = 1_000
        let there = try await town.alerts(query).map(\.content.id.text)
        #expect(there.count == 100 && Set(there).isSuperset(of: yes))
        let chain = try await ledger.verify(kesennuma)
        #expect(chain.flaw == nil && chain.facts == 300 && ledger.backlog.lost == 0, "\(chain)")
        await ledger.close()
    }

    // MARK: addresses and questions

    @Test("A host that is not there and one that says nothing are passed over: the next is asked")
    func hosts() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value), nobody = try HeldPort(), silent = try LineCutter(to: nil)
        let text = "postgresql://\(PostgresRecord.role)@127.0.0.1:\(nobody.number),127.0.0.1:\(silent.port),127.0.0.1:\(record.server.port)/\(record.name)?target_session_attrs=read-write"
        let ledger = try await PostgresLedger.open(try PostgresAddress(text), name: "h", logger: Logger(label: "t"))
        try await ledger.town(kesennuma).record(alert("a")).committed()
        #expect(try await log(ledger).count == 3)
        await ledger.close()
        silent.close()
    }

    @Test("An address is read as libpq reads it; what cannot be is said, and no password is ever in its words")
    func addresses() throws {
        #expect(try PostgresAddress("postgresql://hub:secret@db1,db2:5433/noroshi").words == "noroshi @ db1, db2")
        for (text, words) in [
            ("postgresql://hub@db1:1,db2:2,db3/noroshi?hostaddr=127.0.0.1", "hostaddr"), ("postgresql://hub@db1", "not named"), ("postgresql://%zz/x", "no libpq address"),
            ("postgresql://h/d?target_session_attrs=standby", "read-write"),
        ] {
            #expect { try PostgresAddress(text) } throws: { "\($0)".contains(words) }
        }
        #expect(PostgresAddress.isOne("postgresql://x/y") && !PostgresAddress.isOne("sqlite"))
    }

    @Test("Too many questions at once are refused, and the others answered")
    func questions() async throws {
        let ledger = try await Store.postgres.open()
        try await ledger.town(kesennuma).record(alert("a")).committed()
        let answers = await withTaskGroup(of: Int?.self, returning: [Int?].self) { group in
            for _ in 0..<600 { group.addTask { try? await ledger.town(kesennuma).deliveries(DeliveryQuery()).count } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 600 && answers.contains(3) && answers.allSatisfy { $0 == nil || $0 == 3 })
        await ledger.close()
        await #expect(throws: LedgerFailure.closed) { try await ledger.town(kesennuma).deliveries(DeliveryQuery()) }
        await #expect(throws: LedgerFailure.closed) { try await ledger.town(kesennuma).record(alert("b")).committed() }
    }

    @Test("A page of the log is found by an index of what it is asked by, walls and all")
    func plans() async throws {
        let record = try await PostgresRecord.make(on: PostgresServer.shared.value)
        try await record.keeper("""
            INSERT INTO delivery SELECT t, 'd' || n, n, 'a' || n / 10, 'e', CASE n % 10 WHEN 0 THEN 'exercise' ELSE 'actual' END, 'k', 't', 'c' || n % 5, 'e' || n % 1000, 1, 1, 0, 'r', 's', n, n
              FROM generate_series(1, 20000) n, unnest(ARRAY['042056', '042021']) t;
            INSERT INTO standing SELECT town, id, number, mode, CASE number % 500 WHEN 0 THEN 'waiting' ELSE 'delivered' END, 1, NULL, NULL, NULL, 0, 0, 0 FROM delivery;
            ANALYZE delivery; ANALYZE standing
            """)
        func plan(_ sql: String) async throws -> String {
            try await record.keeper("SET ROLE \(PostgresRecord.role); SET noroshi.towns = '042056 common'; EXPLAIN " + sql)
        }
        let rows = "SELECT * FROM delivery d JOIN standing s ON s.delivery = d.id WHERE d.town = '042056' AND s.town = '042056'"
        for (condition, index) in [
            ("d.number > 100 ORDER BY d.number", "delivery_town_number_key"), ("d.number > 0 AND d.mode = 'exercise' ORDER BY d.number DESC", "delivery_mode"),
            ("d.number > 0 AND d.mode = 'actual' AND d.endpoint = 'e7' ORDER BY d.number", "delivery_endpoint"), ("d.alert = 'a77' ORDER BY d.number", "delivery_alert"),
            ("s.number > 0 AND s.mode = 'actual' AND s.state = 'waiting' ORDER BY s.number", "standing_state"),
            ("s.number > 0 AND s.state IN ('waiting', 'sending') ORDER BY s.number", "standing_state"),
        ] {
            let found = try await plan("\(rows) AND \(condition) LIMIT 100")
            #expect(found.contains(index) && !found.contains("Seq Scan"), "\(condition): \(found)")
        }
    }
}
