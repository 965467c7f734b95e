import ChannelKit
import ChannelKitTesting
import Curl
import FoundationEssentials
import Gzip
@testable import Receiving
import Synchronization
import Testing

/// A small JMA: feeds made of names, and a file for every name.
final class FeedOffice: Sendable {
    let feeds = Mutex<[String: [String]]>([:])
    let server: FarEndServer
    /// 2024-01-01T07:13:00Z, second 0 of its minute.
    static let start = 1_704_093_180.0

    init() async throws {
        server = try await FarEndServer { _ in .answer(404) }
    }

    var base: String { "\(server.url)/feed/" }

    /// - Parameter script: What is answered instead for a path, where it is not nil.
    func open(_ script: @escaping @Sendable (FarEndServer.Request) -> FarEndServer.Reply? = { _ in nil }) {
        server.behave { [self] request in
            if let reply = script(request) { return reply }
            let name = String(request.path.split(separator: "/").last ?? "")
            if request.path.hasPrefix("/data/") { return .answer(200, body: Array("<file>\(name)</file>".utf8)) }
            guard let entries = feeds.withLock({ $0[name] }) else { return .answer(404) }
            let tag = "\"\(entries.count)\""
            if request.header("If-None-Match") == tag { return .answer(304) }
            return .answer(200, headers: [("ETag", tag)], body: Array(atom(entries).utf8))
        }
    }

    func publish(_ names: String..., in feed: String = "eqvol.xml") {
        feeds.withLock { $0[feed, default: []] += names }
    }

    /// A name's octets 13 and 14 are the seconds of its entry's time.
    func atom(_ names: [String]) -> String {
        var text = """
            <?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" lang="ja">
            <title>高頻度（地震火山）</title><id>\(base)eqvol.xml#short</id>
            <link rel="self" href="\(base)eqvol.xml"/><link rel="hub" href="http://alert-hub.appspot.com/"/>
            """
        for name in names {
            let second = name.dropFirst(12).prefix(2)
            text += """
                <entry><title>震度速報</title><id>\(server.url)/data/\(name)</id>
                <updated>2024-01-01T07:12:\(second)Z</updated><author><name>気象庁</name></author>
                <link type="application/xml" href="\(server.url)/data/\(name)"/><content type="text">【震度速報】</content></entry>
                """
        }
        return text + "</feed>"
    }

    func paths() -> [String] { server.requests.map(\.path) }
    func count(_ path: String) -> Int { paths().filter { $0 == path }.count }
}

@Suite("JMA's feeds as a way in", .timeLimit(.minutes(1)))
struct FeedSourceTests {
    let clock = NapClock()
    let hub = Witness()
    let notebook = MemoryNotebook()
    let transport: CurlTransport
    let begin: ContinuousClock.Instant

    init() throws {
        transport = try CurlTransport()
        begin = clock.now
    }

    var sourceClock: SourceClock {
        SourceClock(clock) { [clock, begin] in
            let passed = clock.now - begin
            return Date(timeIntervalSince1970: FeedOffice.start + Double(passed.components.seconds))
        }
    }

    func source(
        _ office: FeedOffice, _ change: (inout FeedSource.Settings) -> Void = { _ in }
    ) throws -> FeedSource {
        var settings = FeedSource.Settings()
        settings.base = office.base
        settings.feeds = ["eqvol"]
        change(&settings)
        return try FeedSource(
            settings, transport: transport, notebook: notebook, sink: hub, watch: hub, clock: sourceClock)
    }

    func turn(until tally: Tally, _ count: Int) async { await clock.turn(until: tally, count, by: .seconds(60)) }

    static let shindo = "20240101071240_0_VXSE51_010000.xml"
    static let tsunami = "20240101071230_0_VTSE41_010000.xml"
    static let quake = "20240101071250_0_VXSE53_010000.xml"
    static let weather = "20240101071259_0_VPWW54_170000.xml"
    static let forecast = "20240101071259_0_VPFD51_170000.xml"

    @Test("Fetches each announced file once, most urgent and newest first, and asks again only for changes")
    func order() async throws {
        let office = try await FeedOffice()
        office.publish(Self.forecast, Self.weather, Self.tsunami, Self.quake, Self.shindo)
        office.publish(Self.shindo, "20240101071201_0_VXSE52_010000.xml", in: "eqvol_l.xml")
        office.open()
        try await running(source(office) { $0.fetchesAtOnce = 1 }) {
            await hub.taken.reaches(6)
            await clock.sleeps(1)
            clock.advance(by: .seconds(20))
            await hub.hearings.reaches(3)
            office.publish("20240101071255_0_VXSE53_010000.xml")
            await clock.sleeps(2)
            clock.advance(by: .seconds(60))
            await hub.taken.reaches(7)
        }
        #expect(hub.names.prefix(3) == [Self.quake, Self.shindo, Self.tsunami])
        #expect(hub.names.firstIndex(of: Self.weather)! < hub.names.firstIndex(of: Self.forecast)!)
        #expect(hub.handed[0].text == "<file>\(Self.quake)</file>")
        #expect(hub.handed[0].source == "feed:eqvol")
        for path in Set(office.paths()) where path.hasPrefix("/data/") { #expect(office.count(path) == 1) }
        #expect(office.count("/feed/eqvol.xml") == 3)
        #expect(office.count("/feed/eqvol_l.xml") == 1)
        #expect(office.server.requests.filter { $0.path == "/feed/eqvol.xml" }.map { $0.header("If-None-Match") } == [nil, "\"5\"", "\"5\""])
        #expect(hub.troubles == [])
        #expect(hub.expected == ["feed:eqvol": .seconds(300)])
        await office.server.stop()
    }

    @Test("A restart fetches nothing again")
    func restart() async throws {
        let office = try await FeedOffice()
        office.publish(Self.quake, Self.shindo)
        office.publish(in: "eqvol_l.xml")
        office.open()
        try await running(source(office)) { await hub.taken.reaches(2) }
        office.publish(Self.tsunami)
        try await running(source(office)) { await hub.taken.reaches(3) }
        #expect(hub.names.last == Self.tsunami)
        #expect(office.count("/data/\(Self.quake)") == 1)
        await office.server.stop()
    }

    @Test("Reads the long feed after more than ten minutes without an answer, and says what is wrong until then")
    func outage() async throws {
        let office = try await FeedOffice()
        office.publish(Self.quake)
        office.publish(Self.quake, in: "eqvol_l.xml")
        office.open()
        try await running(source(office)) {
            await hub.taken.reaches(1)
            await clock.sleeps(1)
            await office.server.goDown()
            office.publish(Self.tsunami, in: "eqvol_l.xml")
            clock.advance(by: .seconds(20))
            await hub.troubled.reaches(1)
            try await office.server.comeBack()
            await clock.sleeps(2)
            clock.advance(by: .seconds(601))
            await hub.taken.reaches(2)
        }
        #expect(hub.names == [Self.quake, Self.tsunami])
        #expect(office.count("/feed/eqvol_l.xml") == 2)
        #expect(hub.troubles.first?.hasPrefix("feed:eqvol: eqvol: ") == true)
        await office.server.stop()
    }

    @Test("A file that cannot be had is tried again later; one that is announced and not there, a few times and never more")
    func failures() async throws {
        let office = try await FeedOffice()
        office.publish(Self.quake, Self.shindo)
        office.publish(in: "eqvol_l.xml")
        let tries = Mutex(0)
        office.open { request in
            switch request.path {
            case "/data/\(Self.quake)":
                return tries.withLock { tries in
                    tries += 1
                    return tries < 3 ? .answer(503) : nil
                }
            case "/data/\(Self.shindo)": return .answer(404)
            default: return nil
            }
        }
        try await running(source(office)) {
            await turn(until: hub.troubled, 7)
            // The last of the troubles may have been the other's.
            await turn(until: hub.taken, 1)
        }
        #expect(hub.names == [Self.quake])
        #expect(office.count("/data/\(Self.shindo)") == 5)
        #expect(hub.troubles.contains("feed:eqvol: \(Self.shindo)が予告されていますが、ありません (announced and not there)"))
        await office.server.stop()
    }

    @Test("Each reading tells what time it is there, and how long a cache has kept it", arguments: [(nil, 784_111_777.0), ("40", 784_111_817), ("long", 784_111_777), ("-1", nil)] as [(String?, Double?)])
    func time(age: String?, expected: Double?) async throws {
        let office = try await FeedOffice()
        office.open { _ in
            .answer(503, headers: [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")] + (age.map { [("Age", $0)] } ?? []))
        }
        try await running(source(office)) { await hub.troubled.reaches(1) }
        #expect(hub.told["feed:eqvol"]?.timeIntervalSince1970 == expected)
        await office.server.stop()
    }

    @Test("A bulletin that was not recorded is offered again without being fetched again")
    func notRecorded() async throws {
        let office = try await FeedOffice()
        office.publish(Self.quake)
        office.publish(in: "eqvol_l.xml")
        office.open()
        hub.behave { _ in .notRecorded("disk full") }
        try await running(source(office)) {
            await hub.troubled.reaches(1)
            hub.behave { _ in .accepted }
            await turn(until: hub.taken, 2)
        }
        #expect(hub.names == [Self.quake, Self.quake])
        #expect(office.count("/data/\(Self.quake)") == 1)
        await office.server.stop()
    }

    @Test("Nothing of another host is fetched, and only the types that were asked for")
    func filter() async throws {
        let office = try await FeedOffice()
        let other = try await FarEndServer { _ in .answer(200) }
        office.publish(Self.quake, Self.weather, "unnamed-file30.xml")
        office.publish(in: "eqvol_l.xml")
        office.open { request in
            guard request.path == "/feed/eqvol.xml" else { return nil }
            let text = office.atom(office.feeds.withLock { $0["eqvol.xml"] ?? [] }).replacing("</feed>", with: """
                <entry><title>緊急</title><id>x</id><updated>2024-01-01T07:12:00Z</updated>
                <link href="\(other.url)/data/20240101071200_0_VXSE51_010000.xml"/></entry></feed>
                """)
            let packed = Gzip.compress(Array(text.utf8))
            return .answer(200, headers: [("Content-Encoding", "gzip")], body: packed)
        }
        try await running(source(office) { $0.types = ["VXSE53"] }) {
            await hub.taken.reaches(2)
            await hub.troubled.reaches(1)
        }
        #expect(hub.names.sorted() == [Self.quake, "unnamed-file30.xml"])
        #expect(other.requests.isEmpty)
        #expect(hub.troubles.first?.contains("1件を読み飛ばしました") == true)
        await office.server.stop()
        await other.stop()
    }

    @Test("With its budget used up a source fetches nothing, says so, and goes on when the day has passed")
    func budget() async throws {
        let office = try await FeedOffice()
        office.publish(Self.quake)
        office.publish(in: "eqvol_l.xml")
        office.open()
        var budget = ByteBudget(notebook, limit: 1_000_000)
        budget.spend(1_000_000, at: Date(timeIntervalSince1970: FeedOffice.start))
        try await running(source(office) { $0.dailyBytes = 1_000_000; $0.reach = .seconds(200_000) }) {
            await hub.troubled.reaches(1)
            #expect(office.paths().isEmpty)
            await clock.sleeps(1)
            clock.advance(by: .seconds(26 * 3600))
            await hub.taken.reaches(1)
        }
        #expect(hub.troubles == ["feed:eqvol: 読みません: 24時間で1 MBを取りました。上限は1 MBです (fetched in 24 hours) (not read)"])
        await office.server.stop()
    }

    @Test("Nonsense instead of a feed is trouble", arguments: ["<html/>", "nothing", "<!DOCTYPE feed><feed/>", ""])
    func nonsense(text: String) async throws {
        let office = try await FeedOffice()
        office.open { _ in .answer(200, body: Array(text.utf8)) }
        try await running(source(office)) { await hub.troubled.reaches(1) }
        #expect(hub.heardCount("feed:eqvol") == 0)
        await office.server.stop()
    }

    @Test("Only https is read from, or this machine", arguments: [
        "http://www.data.jma.go.jp/feed/", "ftp://127.0.0.1/", "https://user@www.jma.go.jp/", "https://www.jma.go.jp/feed", "",
        "https://www.jma.go.jp\\@evil.example/",
    ])
    func addresses(base: String) {
        var settings = FeedSource.Settings()
        settings.base = base
        #expect(throws: FeedSource.SettingsError.self) {
            try FeedSource(settings, transport: transport, notebook: notebook, sink: hub, watch: hub)
        }
    }
}

@Suite("What the feeds' reader is made of")
struct FeedPartsTests {
    func entry(_ number: Int, _ updated: Double) -> FeedEntry {
        FeedEntry(url: "https://x.example/data/\(number)_0_VXSE53_1.xml", updated: updated, title: "")
    }

    @Test("The next reading is at second 20", arguments: [(0.0, 20.0), (19.0, 1), (19.5, 60.5), (20, 60), (21, 59), (59.25, 20.75)])
    func schedule(second: Double, wait: Double) {
        let now = Date(timeIntervalSince1970: 1_704_093_180 + second)
        #expect(FeedReader.untilNextReading(now) == .milliseconds(Int64(wait * 1000)))
    }

    @Test("What falls out of the memory is not fetched again either, and nothing is lost by a restart")
    func memory() {
        let notebook = MemoryNotebook()
        var memory = FetchMemory(notebook, bound: 10, pageSize: 4)
        for number in 0..<20 { memory.remember(entry(number, Double(number))) }
        #expect(memory.count <= 10)
        for copy in [memory, FetchMemory(notebook, bound: 10, pageSize: 4)] {
            for number in 0..<20 { #expect(copy.holds(entry(number, Double(number)))) }
            #expect(!copy.holds(entry(20, 20)))
            #expect(copy.count == memory.count)
        }
        #expect(notebook.keys(prefix: "feed/fetched/").count <= 4)
    }

    @Test("The budget counts any 24 hours, over a restart and a clock set back, and is kept below JMA's line")
    func budget() {
        let notebook = MemoryNotebook()
        let start = Date(timeIntervalSince1970: 1_704_093_180)
        var budget = ByteBudget(notebook, limit: 1_000_000)
        #expect(budget.verdict(at: start) == .free)
        budget.spend(900_000, at: start)
        #expect(ByteBudget(notebook, limit: 1_000_000).verdict(at: start) == .urgentOnly)
        budget.spend(100_000, at: start.addingTimeInterval(3600))
        #expect(budget.verdict(at: start.addingTimeInterval(3600)) == .usedUp)
        #expect(budget.verdict(at: start.addingTimeInterval(-7200)) == .usedUp)
        #expect(budget.verdict(at: start.addingTimeInterval(25 * 3600)) == .free)
        #expect(ByteBudget(notebook, limit: .max).limit < 10_000_000_000)
    }

    @Test("The queue gives the most urgent first, keeps its bound, and holds no file twice")
    func queue() {
        var queue = FetchQueue(bound: 3)
        let now = ContinuousClock.now
        queue.add((0..<5).map { FetchQueue.Order(entry($0, Double($0)), source: "s") })
        queue.add([FetchQueue.Order(entry(4, 4), source: "s")])
        #expect(queue.count == 3)
        guard case .fetch(var first) = queue.next(now: now, where: { _ in true }) else { Issue.record("empty"); return }
        #expect(first.entry == entry(4, 4))
        queue.add([FetchQueue.Order(entry(4, 4), source: "s")])
        #expect(queue.count == 2)
        first.notBefore = now + .seconds(5)
        queue.putBack(first)
        guard case .fetch(let second) = queue.next(now: now, where: { _ in true }) else { Issue.record("empty"); return }
        #expect(second.entry == entry(3, 3))
        #expect(queue.count == 2)
    }

    @Test("A feed as JMA frames it is read, and only its entries", .enabled(if: Corpus.path != nil, "no corpus here"))
    func corpus() throws {
        let octets = try #require(Corpus.octets("feeds/extra.xml"))
        let page = try FeedPage(octets, origin: #require(FeedOrigin("https://mican3.github.io/")))
        #expect(page.entries.count > 3)
        #expect(page.passedOver == 0)
        #expect(page.entries[0].title == "気象警報・注意報（Ｈ２７）")
        #expect(try FeedPage(octets, origin: #require(FeedOrigin("https://www.data.jma.go.jp/"))).entries.isEmpty)
    }
}
