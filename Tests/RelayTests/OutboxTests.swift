/// What waits at an edge for the line, and how it is handed on.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Devices
import Foundation
import HTTPTypes
import Ledger
import Logging
import Serving
import Synchronization
import Tablets
import Testing

@testable import Relay

@Suite("What waits for the line")
struct OutboxTests {
    private static let town = TownID("042056")!

    private static func receipt(_ id: String) -> ToldReceipt {
        ToldReceipt(
            id: "d-1/\(id)", alert: AlertID("a"), site: "school", device: "d-1",
            reach: .shown, occurred: Date(timeIntervalSince1970: 1000), received: Date())
    }
    private static func report(_ id: String) -> ToldReport {
        ToldReport(id: "d-1/\(id)", site: "school", device: "d-1", occurred: Date(), received: Date(), body: "{}")
    }

    @Test("The same id waits once, reports go first, and what was taken is gone, also after a restart")
    func once() async throws {
        let ledger = MemoryLedger()
        let box = Outbox(ledger: ledger, limit: 10)
        try await box.take([Self.receipt("1"), Self.receipt("2"), Self.receipt("1")], in: Self.town)
        _ = try await box.take(Self.report("1"), in: Self.town)
        #expect(box.gauges.receipts == 2)
        let first = try #require(box.next())
        #expect(first.entries.map(\.id) == ["1"] && first.entries[0].isReport)
        box.settle(first, isTaken: true)
        let again = Outbox(ledger: ledger, limit: 10)
        let second = try #require(again.next())
        #expect(second.entries.map(\.id) == ["1", "2"])
        #expect(second.entries[0].occurred == Date(timeIntervalSince1970: 1000))
        again.settle(second, isTaken: true)
        #expect(Outbox(ledger: ledger, limit: 10).next() == nil)
    }

    @Test("A report is kept until the hub has said what becomes of it, and that is remembered")
    func states() async throws {
        let box = Outbox(ledger: MemoryLedger(), limit: 10)
        let register = DeviceRegister(notebook: MemoryLedger())
        let device = try register.enrol(
            code: register.invite(to: "school", of: Self.town, by: "desk").code, publicKey: nil, name: "").device
        let first = try await box.take(Self.report("1"), in: Self.town)
        #expect(first == .kept)
        #expect(box.state(ofReport: "d-1/1", by: device) == .kept)
        box.settle(try #require(box.next()), isTaken: true)
        #expect(box.state(ofReport: "d-1/1", by: device) == .received)
        _ = try await box.take(Self.report("2"), in: Self.town)
        box.settle(try #require(box.next()), isTaken: false)
        #expect(box.state(ofReport: "d-1/2", by: device) == .refused)
        #expect(box.state(ofReport: "d-1/3", by: device) == nil)
    }

    @Test("How long something has waited is true after weeks, with a clock that is set in between, and over a restart")
    func ages() async throws {
        struct Times: Sendable { var wall = Date(timeIntervalSince1970: 1_000), running = ContinuousClock.now, hub: Date? = Date(timeIntervalSince1970: 1_795_930_320) }
        let times = Mutex(Times())
        let clocks = Outbox.Clocks(wall: { times.withLock { $0.wall } }, running: { times.withLock { $0.running } }, hub: { times.withLock { $0.hub } })
        func pass(_ days: Double) {
            times.withLock { time in
                (time.wall, time.running) = (time.wall + days * 86_400, time.running.advanced(by: .seconds(days * 86_400)))
                time.hub = time.hub.map { $0 + days * 86_400 }
            }
        }
        func told(_ id: String, _ age: TimeInterval) -> ToldReceipt {
            var receipt = Self.receipt(id)
            receipt.received = times.withLock { $0.wall }
            receipt.occurred = receipt.received - age
            return receipt
        }
        func days(_ box: Outbox) throws -> [Double] { try #require(box.next()).ages.map { ($0 / 864).rounded() / 100 } }
        let ledger = MemoryLedger(), box = Outbox(ledger: ledger, limit: 10, clocks: clocks)
        // An hour before it reached the edge, on a day of 1970.
        try await box.take([told("1", 3600)], in: Self.town)
        pass(10)
        times.withLock { $0.wall = Date(timeIntervalSince1970: 1_795_930_320 + 10 * 86_400) }
        pass(11)
        #expect(try days(box) == [21.04])
        // A power cut: what the hub said then and says now, whatever this machine's clock was. Where the hub was not heard then, the clock is all there is.
        times.withLock { $0.hub = nil }
        try await box.take([told("2", 60)], in: Self.town)
        let again = Outbox(ledger: ledger, limit: 10, clocks: clocks)
        pass(4)
        // Until the hub has said the time, what it would set right waits: this machine's clock may be a year ahead.
        times.withLock { $0.wall += 365 * 86_400 }
        let early = try #require(again.next())
        #expect(early.entries.map(\.id) == ["2"])
        times.withLock { $0.wall -= 365 * 86_400 }
        times.withLock { $0.hub = Date(timeIntervalSince1970: 1_795_930_320 + 25 * 86_400) }
        #expect(try days(again) == [25.04, 4])
        times.withLock { $0.wall -= 400 * 86_400 }
        #expect(try days(again) == [25.04, 0], "never of the future")
    }

    @Test("All that 150 tablets can have in store finds room at an edge for weeks, and their shelters' reports beside it")
    func weeks() async throws {
        let box = Outbox(ledger: MemoryLedger())
        for tablet in 1...150 {
            try await box.take((1...500).map { number in
                ToldReceipt(
                    id: "d-\(tablet)/\(number)", alert: AlertID("a\(number)"), site: "school", device: "d-\(tablet)", reach: .shown,
                    occurred: Date(timeIntervalSince1970: 1000), received: Date(timeIntervalSince1970: 1000))
            }, in: Self.town)
        }
        for number in 1...3_000 {
            _ = try await box.take(ToldReport(
                id: "d-1/\(number)", site: "school", device: "d-1", occurred: Date(timeIntervalSince1970: 1000), received: Date(timeIntervalSince1970: 1000),
                body: String(repeating: "x", count: 1024)), in: Self.town)
        }
        #expect(box.gauges.receipts == 75_000 && box.gauges.reports == 3_000 && box.gauges.dropped == 0)
    }

    @Test("Full: the oldest receipt makes room; with reports alone the next is refused")
    func full() async throws {
        let box = Outbox(ledger: MemoryLedger(), limit: 3)
        try await box.take([Self.receipt("1"), Self.receipt("2"), Self.receipt("3"), Self.receipt("4")], in: Self.town)
        #expect(box.next()?.entries.map(\.id) == ["2", "3", "4"])
        #expect(box.gauges.dropped == 1)
        for id in ["1", "2", "3"] { _ = try await box.take(Self.report(id), in: Self.town) }
        await #expect(throws: Problem.self) { _ = try await box.take(Self.report("4"), in: Self.town) }
        #expect(box.gauges.reports == 3)
    }
}

@Suite("Pictures while the line is cut for weeks")
struct OutboxPhotoTests {
    private static let town = TownID("042056")!

    private static func report(_ id: String, of device: String = "d-1", octets: Int) -> ToldReport {
        ToldReport(id: "\(device)/\(id)", site: "school", device: device, occurred: Date(), received: Date(), body: String(repeating: "x", count: octets))
    }

    @Test("Pictures take half of the room and push no receipt out; a report in words is taken still")
    func room() async throws {
        let box = Outbox(ledger: MemoryLedger(), limit: 100, octetLimit: 200_000)
        try await box.take([ToldReceipt(id: "d-1/r", alert: AlertID("a"), site: "school", device: "d-1", reach: .shown, occurred: Date(), received: Date())], in: Self.town)
        _ = try await box.take(Self.report("1", octets: 90_000), in: Self.town)
        let refused = await #expect(throws: Problem.self) { _ = try await box.take(Self.report("2", octets: 90_000), in: Self.town) }
        #expect(refused?.status.code == 503 && refused?.detail?.contains("写真のない報告は送れます") == true)
        _ = try await box.take(Self.report("3", octets: 16_000), in: Self.town)
        #expect(box.gauges.receipts == 1 && box.gauges.reports == 2 && box.gauges.dropped == 0, "\(box.gauges)")
    }

    @Test("Where the hub has no room for what is long, short reports of the same tablet go on")
    func short() async throws {
        let box = Outbox(ledger: MemoryLedger()), transport = try CurlTransport()
        let hub = try await FarEndServer { request in
            if request.body.count > 20_000 { return .answer(503, headers: [("Content-Type", "application/problem+json"), ("Retry-After", "3600")], body: Array("{}".utf8)) }
            return .answer(202, headers: [("Content-Type", "application/json")], body: Array(#"{"accepted":["2"]}"#.utf8))
        }
        _ = try await box.take(Self.report("1", octets: 50_000), in: Self.town)
        _ = try await box.take(Self.report("2", octets: 100), in: Self.town)
        let forwarder = Forwarder(hub: HubLine(address: hub.url, token: "t", transport: transport), outbox: box, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        await forwarder.send()
        #expect(box.gauges.forwarded == 1 && box.next()?.entries.map(\.id) == ["1"], "\(box.gauges)")
        await transport.shutdown()
        await hub.stop()
    }
}

@Suite("Whose answer it is that an edge hears to what it hands on")
struct ForwarderTests {
    private static func answer(_ status: Int, _ body: String, _ type: String) -> HTTPAnswer {
        HTTPAnswer(status: status, headers: [(name: "content-type", value: type)], body: Array(body.utf8))
    }

    @Test("Only the hub takes what it names, and refuses in its own form: a page that asks to log in, and some website, leave it here", arguments: [
        (answer(202, #"{"accepted":["1","2"],"server_time":"x"}"#, "application/json"), Forwarder.Outcome.taken),
        (answer(202, #"{"accepted":["1"]}"#, "application/json"), nil), (answer(200, "<html>Welcome</html>", "text/html"), nil), (answer(200, "", "text/html"), nil),
        (answer(200, "{}", "application/json"), nil), (answer(404, "<html>Not Found</html>", "text/html"), nil), (answer(400, "", ""), nil),
        (answer(401, "{}", "application/problem+json"), nil), (answer(422, "{}", "application/problem+json"), .refused("{}")),
        (answer(404, "{}", "application/problem+json; charset=utf-8"), .refused("{}")), (answer(503, "{}", "application/problem+json"), nil),
    ])
    func whose(answer: HTTPAnswer, outcome: Forwarder.Outcome?) {
        let found = Forwarder.outcome(answer, of: ["1", "2"], isLong: false)
        guard let outcome else {
            if case .later = found { return }
            Issue.record("\(found)")
            return
        }
        #expect(found == outcome)
    }
}

@Suite("What tablets told, on its way to the hub")
struct OutboxOrderTests {
    @Test("A tablet the hub has asked to wait keeps no other's report and no receipt from going, and goes on after it in its own order")
    func paused() async throws {
        let outbox = Outbox(ledger: MemoryLedger())
        let town = TownID("042056")!
        let now = Date()
        func report(_ device: String, _ id: String) -> ToldReport {
            ToldReport(id: "\(device)/\(id)", site: "school", device: device, occurred: now, received: now, body: "{}")
        }
        for id in ["1", "2"] { _ = try await outbox.take(report("loud", id), in: town) }
        _ = try await outbox.take(report("keeper", "water"), in: town)
        try await outbox.take(
            ["loud", "keeper"].map { device in
                ToldReceipt(
                    id: "\(device)/r", alert: AlertID("a"), site: "school", device: device, reach: .shown, occurred: now, received: now)
            }, in: town)
        #expect(outbox.next()?.entries.map(\.device) == ["loud"])
        let other = try #require(outbox.next(without: ["loud"]))
        #expect(other.entries.map(\.id) == ["water"])
        outbox.settle(other, isTaken: true)
        let receipts = try #require(outbox.next(without: ["loud"]))
        #expect(receipts.entries.map(\.device) == ["keeper"] && !receipts.entries.contains { $0.isReport })
        outbox.settle(receipts, isTaken: true)
        #expect(outbox.next(without: ["loud"]) == nil)
        #expect(outbox.next()?.entries.map(\.id) == ["1"])
    }
}
