import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Testing

@testable import MQTT

@Suite("MQTT: brokers that are not what they should be", .timeLimit(.minutes(3)))
struct BrokerTests {
    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self, "5") }
    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self, "5") }
    @Test("For drills it is a channel in 3.1.1", arguments: ConformanceCheck.allCases)
    func older(check: ConformanceCheck) async throws { try await verify(check, Exercise.self, "3.1.1") }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type, _ version: String) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<MQTT<M>>(transport: transport) { try FakeBroker(version: version, isDrill: M.name == .exercise) }.verify(check)
        await transport.shutdown()
    }

    private static func word(_ outcome: Result<Receipt, DeliveryFailure>) -> String {
        switch outcome {
        case .success: "delivered"
        case .failure(.unavailable): "unavailable"
        case .failure(.throttled): "throttled"
        case .failure(.rejected): "rejected"
        case .failure(.misconfigured): "misconfigured"
        case .failure(.cancelled): "cancelled"
        }
    }

    @Test("What each no to our CONNECT means", arguments: [
        ("3.1.1", 1, "misconfigured"), ("3.1.1", 2, "misconfigured"), ("3.1.1", 3, "unavailable"), ("3.1.1", 4, "misconfigured"), ("3.1.1", 5, "misconfigured"),
        ("5", 0x80, "unavailable"), ("5", 0x84, "misconfigured"), ("5", 1, "misconfigured"), ("5", 0x86, "misconfigured"), ("5", 0x87, "misconfigured"),
        ("5", 0x88, "unavailable"), ("5", 0x89, "throttled"), ("5", 0x8A, "misconfigured"), ("5", 0x97, "throttled"), ("5", 0x9A, "misconfigured"),
    ] as [(String, UInt8, String)])
    func refusals(version: String, code: UInt8, meaning: String) async throws {
        let (broker, hall) = (try FakeBroker(version: version, refusal: code), try Hall<Actual>())
        try await broker.start()
        let outcome = await hall.deliver(Sample.message(as: Actual.self), broker.settings)
        #expect(Self.word(outcome) == meaning, "\(outcome)")
        #expect(broker.said.isEmpty)
        await hall.leave()
        await broker.stop()
    }

    @Test("What each answer to a PUBLISH means", arguments: [
        (0, "delivered"), (0x10, "delivered"), (0x80, "unavailable"), (0x83, "unavailable"), (0x87, "misconfigured"), (0x90, "misconfigured"), (0x91, "unavailable"),
        (0x97, "throttled"), (0x99, "rejected"),
    ] as [(UInt8, String)])
    func verdicts(code: UInt8, meaning: String) async throws {
        let (broker, hall) = (try FakeBroker(verdict: code), try Hall<Actual>())
        try await broker.start()
        let outcome = await hall.deliver(Sample.message(as: Actual.self), broker.settings)
        #expect(Self.word(outcome) == meaning, "\(outcome)")
        if code == 0x10 { #expect(try outcome.get().note?.contains("端末がありません") == true) }
        await hall.leave()
        await broker.stop()
    }

    @Test("A broker that keeps nothing, or takes no QoS 1, is told to a person", arguments: [[0x25, 0], [0x24, 0]] as [[UInt8]])
    func poor(properties: [UInt8]) async throws {
        let (broker, hall) = (try FakeBroker(properties: properties), try Hall<Actual>())
        try await broker.start()
        #expect(Self.word(await hall.deliver(Sample.message(as: Actual.self), broker.settings)) == "misconfigured")
        await hall.leave()
        await broker.stop()
    }

    @Test("The longest packet a broker takes is kept to: nothing longer goes out")
    func short() async throws {
        let (broker, hall) = (try FakeBroker(properties: [0x27, 0, 0, 0, 200]), try Hall<Actual>())
        try await broker.start()
        #expect(Self.word(await hall.deliver(Sample.message(as: Actual.self), broker.settings)) == "rejected")
        #expect(broker.said.allSatisfy { !$0.topic.hasSuffix("/state") })
        await hall.leave()
        await broker.stop()
    }

    @Test("A hundred and twenty signs of one broker share one line, and each hears")
    func many() async throws {
        let (broker, hall) = (try FakeBroker(properties: [0x21, 0, 4]), try Hall<Actual>())
        try await broker.start()
        let message = Sample.message(as: Actual.self)
        let outcomes = await withTaskGroup(of: String.self) { group in
            for number in 0..<120 {
                group.addTask { Self.word(await hall.deliver(message, broker.settings.merging(["topic": "kesennuma/sirens/\(number)"]) { $1 })) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count == 120 && Set(outcomes) == ["delivered"])
        #expect(broker.hellos.count == 1)
        let states = broker.said.filter { $0.topic.hasSuffix("/state") }
        #expect(Set(states.map(\.topic)).count == 120 && states.allSatisfy { $0.retained })
        await hall.leave()
        await broker.stop()
    }

    @Test("A hundred thousand octets that are no MQTT end the line and nothing else")
    func flood() async throws {
        let (broker, hall) = (try FakeBroker(), try Hall<Actual>())
        try await broker.start()
        _ = try await hall.deliver(Sample.message(as: Actual.self), broker.settings).get()
        broker.send([UInt8](repeating: 0x3F, count: 100_000))
        await broker.reaches(broker.stepCount + 2)
        #expect(try await hall.deliver(Sample.message(event: "sample-2", as: Actual.self), broker.settings).get().reach == .accepted)
        #expect(await broker.messagesHeld().count == 2)
        await hall.leave()
        await broker.stop()
    }

    @Test("After a restart the sign's whole state goes on: what stood before stands beside what is new")
    func restart() async throws {
        let (broker, book) = (try FakeBroker(), MemoryNotebook())
        try await broker.start()
        let first = try Hall<Actual>(notebook: book)
        _ = try await first.deliver(Sample.message(words: "高台へ", as: Actual.self), broker.settings).get()
        await first.leave()
        let second = try Hall<Actual>(notebook: book)
        _ = try await second.deliver(Sample.message(event: "sample-2", words: "川から離れて", as: Actual.self), broker.settings).get()
        #expect(await broker.messagesHeld().count == 2)
        await second.leave()
        // Seven hours later both are over: what is said next leaves them out.
        let third = try Hall<Actual>(notebook: book, now: { Sample.now.addingTimeInterval(7 * 3600) })
        _ = try await third.deliver(Sample.message(.cancel, event: "sample-3", as: Actual.self), broker.settings).get()
        #expect(await broker.messagesHeld().isEmpty)
        await third.leave()
        await broker.stop()
    }

    @Test("An erased drill leaves nothing at the sign")
    func clear() async throws {
        let (broker, hall) = (try FakeBroker(isDrill: true), try Hall<Exercise>())
        try await broker.start()
        _ = try await hall.deliver(Sample.message(as: Exercise.self), broker.settings).get()
        #expect(await broker.messagesHeld().count == 1)
        try await hall.adapter.clear(Sample.farEnd(broker.settings, as: Exercise.self))
        #expect(await broker.messagesHeld().isEmpty)
        #expect(broker.said.filter { $0.topic.hasSuffix("/state") }.allSatisfy { !$0.retained })
        await hall.leave()
        await broker.stop()
    }
}

@Suite("MQTT: what is a value")
struct SessionTests {
    private let start = ContinuousClock.now

    private func open(_ version: MQTTVersion = .v5, offers: Int = 4, receive: UInt8? = nil) -> Session {
        var limits = Session.Limits()
        limits.offers = offers
        var session = Session(version, limits: limits, topics: ["a/ack"], now: start)
        let properties: [UInt8] = receive.map { [0x21, 0, $0] } ?? []
        _ = session.input(version == .v5 ? Packet.packet(0x20, [0, 0] + Packet.length(properties.count) + properties) : [0x20, 2, 0, 0], now: start)
        return session
    }
    private func offer(_ token: Int) -> Session.Offer { .init(token: token, topic: "a/state", payload: [0x7B, 0x7D], retain: true, expiry: 60) }
    private func settled(_ steps: [Session.Step]) -> [Int] { steps.compactMap { if case .settled(let token, _) = $0 { token } else { nil } } }
    private func written(_ steps: [Session.Step]) -> [[UInt8]] { steps.compactMap { if case .write(let octets) = $0 { octets } else { nil } } }
    private func isOver(_ steps: [Session.Step]) -> Bool { if case .ended = steps.last { true } else { false } }

    @Test("CONNECT and PUBLISH are to the octet what the standard draws")
    func octets() {
        let hello = Packet.connect(.v311, client: "a", keepAlive: 20, login: ("u", "p"), will: .init(topic: "t", payload: [0x6F]), packetLimit: 65_536)
        #expect(hello == [0x10, 25, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 0xEE, 0, 20, 0, 1, 0x61, 0, 1, 0x74, 0, 1, 0x6F, 0, 1, 0x75, 0, 1, 0x70])
        let five = Packet.connect(.v5, client: "a", keepAlive: 20, login: nil, will: .init(topic: "t", payload: [0x6F]), packetLimit: 65_536)
        #expect(five == [0x10, 26, 0, 4, 0x4D, 0x51, 0x54, 0x54, 5, 0x2E, 0, 20, 5, 0x27, 0, 1, 0, 0, 0, 1, 0x61, 0, 0, 1, 0x74, 0, 1, 0x6F])
        #expect(Packet.publish(.v311, id: 7, topic: "a/b", payload: [0x31], retain: true, expiry: 9) == [0x33, 8, 0, 3, 0x61, 0x2F, 0x62, 0, 7, 0x31])
        #expect(Packet.publish(.v5, id: 7, topic: "a/b", payload: [0x31], retain: false, expiry: 9) == [0x32, 16, 0, 3, 0x61, 0x2F, 0x62, 0, 7, 7, 1, 1, 2, 0, 0, 0, 9, 0x31])
        for (count, octets) in [(0, [0]), (127, [0x7F]), (128, [0x80, 1]), (16_383, [0xFF, 0x7F]), (16_384, [0x80, 0x80, 1])] as [(Int, [UInt8])] { #expect(Packet.length(count) == octets) }
    }

    @Test("A PUBACK of a number nobody waits under, or a second one, settles nothing; a device's word is acknowledged each time it comes")
    func twice() {
        var session = open()
        #expect(written(session.offer(offer(1), now: start) ?? []).count == 1)
        // 1 was SUBSCRIBE's.
        #expect(settled(session.input([0x40, 2, 0, 9], now: start)).isEmpty)
        #expect(settled(session.input([0x40, 2, 0, 2], now: start)) == [1])
        #expect(settled(session.input([0x40, 2, 0, 2], now: start)).isEmpty)
        let word: [UInt8] = [0x3A, 10, 0, 5, 0x61, 0x2F, 0x61, 0x63, 0x6B, 0, 5, 0]
        for _ in 0..<2 { #expect(written(session.input(word, now: start)) == [[0x40, 2, 0, 5]]) }
    }

    @Test("The number of an attempt that was given up is not another's: its late answer settles nothing")
    func late() {
        var session = open()
        _ = session.offer(offer(1), now: start)
        session.giveUp(1)
        let next = written(session.offer(offer(2), now: start) ?? [])
        #expect(next.first?.contains(3) == true)
        #expect(settled(session.input([0x40, 2, 0, 2], now: start)).isEmpty)
        #expect(settled(session.input([0x40, 2, 0, 3], now: start)) == [2])
        // Once around all numbers: one without an answer is passed over.
        _ = session.offer(offer(0), now: start)
        session.giveUp(0)
        for token in 3..<65_600 {
            let number = Array((written(session.offer(offer(token), now: start) ?? []).first ?? []).dropFirst(11).prefix(2))
            guard number.count == 2, number != [0, 4], settled(session.input([0x40, 2] + number, now: start)) == [token] else {
                Issue.record("\(token): \(number)")
                break
            }
        }
    }

    @Test("No more are on the line than the broker takes at once, and no more wait than there is room for")
    func bounds() {
        var session = open(offers: 3, receive: 1)
        #expect(written(session.offer(offer(1), now: start) ?? []).count == 1)
        #expect(written(session.offer(offer(2), now: start) ?? [.ready]).isEmpty)
        #expect(session.offer(offer(3), now: start) != nil)
        #expect(session.offer(offer(4), now: start) == nil)
        #expect(written(session.input([0x40, 2, 0, 2], now: start)).count == 1)
    }

    @Test("A broker that answers neither PING nor PUBLISH is given up, and whoever waits hears why")
    func silence() {
        var session = open()
        #expect(session.tick(now: start + .seconds(14)).isEmpty)
        #expect(written(session.tick(now: start + .seconds(15))) == [Packet.pingreq])
        #expect(session.tick(now: start + .seconds(19)).isEmpty)
        #expect(isOver(session.tick(now: start + .seconds(21))))
        session = open()
        _ = session.offer(offer(1), now: start)
        let steps = session.tick(now: start + .seconds(6))
        #expect(settled(steps) == [1] && isOver(steps))
    }

    @Test("What is no MQTT ends the line, wherever it is cut", arguments: [
        [0x20, 2, 0, 0], [0x00, 0], [0x10, 0], [0x40, 1, 0], [0x30, 0xFF, 0xFF, 0xFF, 0xFF], [0x30, 0xFF, 0xFF, 0x7F], [0x36, 7, 0, 1, 0x61, 0, 1, 0, 0], [0x32, 5, 0, 1, 0x61, 0, 0],
        [0x30, 4, 0, 2, 0xFF, 0xFE], [0x30, 3, 0, 9, 0x61], [0x90, 1, 0], [0xE0, 1, 0x8B],
    ] as [[UInt8]])
    func nonsense(octets: [UInt8]) {
        var session = open()
        #expect(isOver(session.input(octets, now: start)))
        var slowly = open()
        var steps: [Session.Step] = []
        for octet in octets where !isOver(steps) { steps += slowly.input([octet], now: start) }
        #expect(isOver(steps))
    }

    @Test("A drill's sign is on the drill's tree and a real one never; the line's words are no topics")
    func settings() throws {
        func made<M: Mode>(_ change: [String: String], as mode: M.Type) throws -> SignSettings {
            try SignSettings(Sample.farEnd(["server": "mqtts://broker.example", "topic": "sakura/sirens/harbour"].merging(change) { $1 }, as: M.self))
        }
        let good = try made([:], as: Actual.self)
        #expect(good.broker.port == 8883 && good.broker.isSecret && good.broker.status == "sakura/hub" && good.broker.version == .v5)
        #expect(try made(["topic": "drill/sakura/sirens/harbour"], as: Exercise.self).broker.status == "drill/sakura/hub")
        #expect(try made(["server": "mqtt://[::1]:1883"], as: Actual.self).broker.host == "::1")
        #expect(try !made(["server": "mqtt://broker.example", "plain": "allowed"], as: Actual.self).broker.isSecret)
        for change in [
            ["topic": "drill/sakura/x"], ["topic": "Drill/x"], ["topic": "訓練/x"], ["topic": "test/x"], ["topic": "a//b"], ["topic": "/a"], ["topic": "a/+"], ["topic": "$SYS/a"],
            ["topic": "a b"], ["topic": ""], ["status": "drill/x"], ["server": "mqtt://broker.example"], ["server": "mqtts://u:geheim@broker.example"], ["server": "broker"],
            ["server": "mqtts://broker:0"], ["server": "mqtts://broker:99999"], ["user": "x"], ["password": "geheim"], ["user": "x", "password": "ge\nheim"], ["version": "4"],
            ["wait": "11"], ["wait": "-1"], ["client_id": "a b"], ["plain": "yes"],
        ] {
            do {
                _ = try made(change, as: Actual.self)
                Issue.record("accepted: \(change)")
            } catch {
                #expect(!"\(error)".contains("ge\nheim") && (change["server"] != nil || !"\(error)".contains("geheim")))
            }
        }
        #expect(throws: SettingsError.self) { try made([:], as: Exercise.self) }
    }

    @Test("Where the board is full the least grave, and of these the soonest over, makes room; an older revision changes nothing")
    func board() {
        var board = Board()
        func entry(_ number: Int, _ gravity: Gravity, revision: Double = 1) -> Board.Entry {
            Board.Entry(event: "e\(number)", delivery: "d\(number)", revision: revision, gravity: gravity.rawValue, until: Sample.now.addingTimeInterval(Double(1000 + number)), json: "{}")
        }
        for number in 0..<Board.room { board.take(entry(number, number == 5 ? .advisory : .danger), isOver: false) }
        #expect(board.take(entry(99, .emergency), isOver: false) == ["e5"])
        #expect(board.standing.count == Board.room)
        board.take(entry(99, .emergency, revision: 0), isOver: true)
        #expect(board.standing.contains { $0.event == "e99" })
        #expect(board.life(now: Sample.now) == 1099)
        #expect(board.age(now: Sample.now.addingTimeInterval(1500)) && board.standing.isEmpty && board.life(now: Sample.now) == nil)
    }
}
