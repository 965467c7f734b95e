import AlertModel
import ChannelKit
import Foundation
import Logging
import Synchronization
import Testing

@testable import SchoolTablet

/// Keeps what was published, as the edge would.
final class Recorder: StreamPublisher {
    let published = Mutex<[(event: StreamEvent, topic: StreamTopic)]>([])
    let live: Int
    let real = Mutex<Gravity?>(nil)
    init(live: Int) { self.live = live }

    func gravestReal(in topic: StreamTopic) -> Gravity? { real.withLock { $0 } }

    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        published.withLock { list in
            list.append((event, topic))
            return (StreamPosition(epoch: 7, offset: UInt64(list.count)), live)
        }
    }
}

struct Nothing: HTTPTransport, Notebook {
    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        throw .unreachable("a stream needs no transport")
    }
    func read(_ key: String) -> [UInt8]? { nil }
    func write(_ key: String, _ value: [UInt8]?) {}
    func keys(prefix: String) -> [String] { [] }
}

/// 2026-11-23 14:46 in Japan.
private let start = Date(timeIntervalSince1970: 1_795_412_760)

@Suite("School tablet")
struct SchoolTabletTests {
    let recorder = Recorder(live: 12)

    func adapter<M: Mode>(_ mode: M.Type, at time: Date = start) throws -> SchoolTablet<M> {
        try SchoolTablet(ChannelSetup(
            settings: [:], transport: Nothing(), stream: recorder, notebook: Nothing(),
            directory: URL(fileURLWithPath: "/nonexistent"), logger: Logger(label: "test"), wallClock: { time }))
    }

    func content(_ message: MessageType = .alert, _ change: (inout AlertContent) -> Void = { _ in }) -> AlertContent {
        var content = AlertContent(
            id: AlertID("a1"), event: EventID("jma/eew/1"), kind: .eew, message: message,
            revision: Revision(series: "VXSE45", serial: 3, sent: start, isCancel: message == .cancel), type: "VXSE45",
            title: "緊急地震速報", sender: "気象庁", sent: start, reported: start, expires: start + 180,
            hypocentre: Hypocentre(name: "宮城県沖", depth: 10, magnitude: 1.0, isAssumed: true))
        change(&content)
        return content
    }

    func deliver<M: Mode>(
        _ mode: M.Type, _ content: AlertContent, body: String = "強い揺れに警戒\n「頭を守る」", in languages: [Language] = [.japanese],
        at time: Date = start
    ) async throws(DeliveryFailure) -> Receipt {
        let adapter: SchoolTablet<M>
        do { adapter = try self.adapter(mode, at: time) } catch { throw .misconfigured("\(error)") }
        let town = TownID("042056")!
        let shelters = [
            ShelterStatus(shelter: Shelter(id: "b", name: "乙"), state: .closed),
            ShelterStatus(shelter: Shelter(id: "c", name: "丙"), state: nil),
            ShelterStatus(shelter: Shelter(id: "a", name: "甲"), state: .open, note: "毛布あり"),
        ]
        let message = Message(
            alert: Alert<M>(content), town: Town(id: town, name: "気仙沼市", romanName: "Kesennuma City", areas: [:]),
            priority: .immediate,
            texts: Dictionary(languages.map { ($0, RenderedText(title: "緊急地震速報", body: body)) }, uniquingKeysWith: { $1 }),
            local: [
                AreaStatement(scheme: .jmaCity, code: "0420500", value: "5-"),
                AreaStatement(scheme: .jmaSeismic, code: "220", value: "6+"),
            ], shelters: shelters)
        return try await adapter.deliver(message, Delivery(
            id: DeliveryID("d1"), alert: content.id, event: content.event, message: content.message,
            farEnd: FarEnd(town: town, id: "school-1", name: "第一小", settings: [:]), priority: .immediate, attempt: 1,
            deadline: .now + .seconds(2)))
    }

    func line(_ index: Int = 0) throws -> [String: Any] {
        let data = recorder.published.withLock { $0[index].event.data }
        #expect(!data.contains(10))
        return try #require(try JSONSerialization.jsonObject(with: Data(data)) as? [String: Any])
    }

    @Test("An early warning's line has the bulletin's own range and time for the finest area, and no seconds left")
    func shaking() throws {
        func line(_ local: [AreaStatement], _ message: MessageType = .alert) throws -> [String: Any] {
            let said = Message(alert: Alert<Actual>(content(message)), town: Town(id: TownID("042056")!, name: "気仙沼市", romanName: "", areas: [:]), priority: .immediate, texts: [:], local: local, shelters: [])
            let octets = try AlertJSON.line(TabletAlert(said, delivery: DeliveryID(alert: AlertID("a1"), town: said.town.id, channel: "school-tablet", endpoint: "e"), key: "k", expires: start, serverTime: start))
            return try #require(JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any])
        }
        let whole = AreaStatement(scheme: .jmaEEW, code: "9040", kindCode: "31", status: "既に主要動到達と推測", value: "7")
        var own = AreaStatement(scheme: .jmaSeismic, code: "220", kindCode: "31", value: "5-", arrival: "2026-11-23T14:46:20+09:00")
        own.lower = "4"
        var said = try line([whole, own])
        #expect(said["local_intensity"] as? String == "5-" && said["local_intensity_from"] as? String == "4" && said["local_intensity_or_more"] == nil)
        #expect(said["arrival"] as? String == "2026-11-23T14:46:20+09:00" && said["arrived"] == nil)
        (own.arrival, own.lower, own.isOrMore, own.status) = (nil, nil, true, "ＰＬＵＭ法で推定")
        said = try line([own])
        #expect(said["local_intensity_or_more"] as? Bool == true && said["local_intensity_from"] == nil && said["arrival"] == nil && said["arrived"] == nil)
        own.status = "既に主要動到達と推測"
        #expect(try line([own])["arrived"] as? Bool == true)
        own.arrival = "soon"
        own.status = nil
        #expect(try line([own])["arrival"] == nil)
        #expect(try line([own], .cancel)["local_intensity_or_more"] == nil)
    }

    @Test("A line is what JSON says of its alert, whichever school and whichever words came before it")
    func sameOctets() throws {
        let lines = TabletLines()
        let alert = { (title: String, delivery: String, second: Double) in
            TabletAlert(
                Message(
                    alert: Alert<Actual>(content()), town: Town(id: TownID("042056")!, name: "気仙沼市", romanName: "Kesennuma City", areas: [:]),
                    priority: .immediate, texts: [.japanese: RenderedText(title: title, body: #""delivery":"" \ / 本文"#)], local: [], shelters: []),
                delivery: DeliveryID(delivery), key: "jma/eew/1", expires: start + 180, serverTime: start + second)
        }
        for title in ["緊急地震速報", "訂正", "緊急地震速報", #""delivery":"""#] {
            for delivery in ["jma/a1.042056.school-tablet.school-1", "a1.school-2", #"odd " \ name"#, "日本", ""] {
                for second in [0.0, 1] {
                    let alert = alert(title, delivery, second)
                    #expect(try lines.line(alert) { _ in nil }.line == AlertJSON.line(alert), "\(title) \(delivery)")
                }
            }
        }
    }

    @Test("The town signs an alert once for all its schools, an update anew, and each says which word it is")
    func signedOnce() async throws {
        let sealer = Counter(), tablet = try SchoolTablet<Actual>(ChannelSetup(
            settings: [:], transport: Nothing(), stream: recorder, sealer: sealer, notebook: Nothing(), directory: URL(fileURLWithPath: "/nonexistent"),
            logger: Logger(label: "test"), wallClock: { start }))
        let town = TownID("042056")!
        for (serial, message) in [(3, MessageType.alert), (4, .update), (5, .cancel)] {
            let content = content(message) { $0.revision.serial = serial }
            let said = Message(
                alert: Alert<Actual>(content), town: Town(id: town, name: "気仙沼市", romanName: "Kesennuma City", areas: [:]), priority: .immediate,
                texts: [.japanese: RenderedText(title: "緊急地震速報", body: "強い揺れに警戒")], local: [], shelters: [])
            for school in 0..<40 {
                _ = try await tablet.deliver(said, Delivery(
                    id: DeliveryID("d\(serial).\(school)"), alert: content.id, event: content.event, message: message,
                    farEnd: FarEnd(town: town, id: "school-\(school)", name: "第一小", settings: [:]), priority: .immediate, attempt: 1, deadline: .now + .seconds(2)))
            }
        }
        #expect(sealer.names.withLock { $0 } == ["alert", "alert", "cancel"])
        let told = recorder.published.withLock { $0.map(\.event) }
        #expect(told.map(\.number) == (1...3).flatMap { Array(repeating: UInt64?.some($0), count: 40) })
        for (place, event) in told.enumerated() {
            let text = String(decoding: event.data, as: UTF8.self)
            #expect(text.contains("\"delivery\":\"d\(place / 40 + 3).\(place % 40)\"") && text.hasSuffix("\"seal\":\(place / 40 + 1)}"))
        }
    }

    private final class Counter: LineSealer {
        let names = Mutex<[String]>([])

        func seal(_ line: [UInt8], as name: String, of town: TownID) -> SealedLine? {
            let number = names.withLock { names in
                names.append(name)
                return UInt64(names.count)
            }
            return SealedLine(line: line.dropLast() + Array(",\"seal\":\(number)}".utf8), number: number)
        }
    }

    @Test("An alert is one line to the topic of the school, and the receipt says how many listen")
    func alert() async throws {
        let receipt = try await deliver(Actual.self, content())
        #expect(receipt == Receipt(reach: .accepted, reference: "7-1", note: "聞いている端末 12台 (tablets listening: 12)"))
        let (event, topic) = recorder.published.withLock { $0[0] }
        #expect(topic == StreamTopic(town: TownID("042056")!, site: "school-1"))
        #expect(event.name == "alert")
        #expect(event.key == "jma/eew/1")
        #expect(event.expiresIn == .seconds(180))
        #expect(!event.isRevocation)
        let line = try line()
        #expect(line["id"] as? String == "a1")
        #expect(line["mode"] as? String == "actual")
        #expect(line["priority"] as? String == "immediate")
        #expect(line["sent"] as? String == "2026-11-23T14:46:00+09:00")
        #expect(line["expires_in"] == nil, "the stream says what is left")
        #expect(line["local_intensity"] as? String == "6+")
        let texts = try #require(line["texts"] as? [String: [String: String]])
        #expect(texts["ja"]?["body"] == "強い揺れに警戒\n「頭を守る」")
    }

    @Test("A notice too long for all languages keeps those that stand first, and goes out; too long for one it is refused")
    func manyLanguages() async throws {
        let all = ScreenLanguages.inUse.all
        // As long as a tablet's screen takes, in three octets a letter.
        _ = try await deliver(Actual.self, content(), body: String(repeating: "断", count: 4_000), in: all)
        let texts = try #require(try line()["texts"] as? [String: [String: String]])
        #expect(texts["ja"] != nil && texts["en"] != nil && texts.count < all.count)
        #expect(Set(texts.keys) == Set(all.prefix(texts.count).map(\.rawValue)))
        #expect(texts.values.allSatisfy { $0["body"]?.count == 4_000 }, "nothing is cut")
        await #expect(throws: DeliveryFailure.self) {
            _ = try await deliver(Actual.self, content(), body: String(repeating: "断", count: 17_000), in: all)
        }
    }

    @Test("Magnitude and depth of an assumed hypocentre stay at home")
    func assumed() async throws {
        _ = try await deliver(Actual.self, content())
        let hypocentre = try #require(try line()["hypocentre"] as? [String: Any])
        #expect(hypocentre["name"] as? String == "宮城県沖")
        #expect(hypocentre["magnitude"] == nil)
        #expect(hypocentre["depth_km"] == nil)
    }

    @Test("Shelters with a state only, open ones first")
    func shelters() async throws {
        _ = try await deliver(Actual.self, content())
        let shelters = try #require(try line()["shelters"] as? [[String: Any]])
        #expect(shelters.compactMap { $0["state"] as? String } == ["open", "closed"])
        #expect(shelters[0]["note"] as? String == "毛布あり")
    }

    @Test("A cancel revokes, and outlives the alert so that it finds every screen")
    func cancel() async throws {
        _ = try await deliver(Actual.self, content(.cancel), at: start + 300)
        let event = recorder.published.withLock { $0[0].event }
        #expect(event.name == "cancel")
        #expect(event.isRevocation)
        #expect(event.expiresIn == .seconds(600))
    }

    @Test("A drill has a key of its own and says that it is one")
    func drill() async throws {
        _ = try await deliver(Exercise.self, content())
        #expect(recorder.published.withLock { $0[0].event.key } == "exercise/jma/eew/1")
        #expect(try line()["mode"] as? String == "exercise")
    }

    @Test("A drill beside what is grave and real is refused with the reason; its cancel is not, and beside a notice it is shown")
    func drillBesideReal() async throws {
        recorder.real.withLock { $0 = .danger }
        await #expect(throws: DeliveryFailure.rejected(DrillRule.refusal)) { try await deliver(Exercise.self, content()) }
        #expect(recorder.published.withLock { $0.isEmpty })
        _ = try await deliver(Exercise.self, content(.cancel))
        recorder.real.withLock { $0 = .advisory }
        _ = try await deliver(Exercise.self, content())
        recorder.real.withLock { $0 = .emergency }
        _ = try await deliver(Actual.self, content())
        let bearings = recorder.published.withLock { $0.map { $0.event.bearing } }
        #expect(bearings.map { $0?.mode } == [.exercise, .exercise, .actual])
        let last = try #require(bearings.last ?? nil)
        #expect(last == StreamEvent.Bearing(mode: .actual, gravity: .emergency, isOver: false, revision: last.revision) && last.revision != nil)
    }

    @Test("A drill holds three hours at most")
    func drillEnds() async throws {
        _ = try await deliver(Exercise.self, content { $0.expires = start + 72 * 3600 })
        #expect(recorder.published.withLock { $0[0].event.expiresIn } == .seconds(3 * 3600))
    }

    @Test("An evacuation order brings its level; a lifted one brings none", arguments: [false, true])
    func level(isLifted: Bool) async throws {
        _ = try await deliver(Actual.self, content { content in
            content.kind = .evacuation
            content.detail = .evacuation(EvacuationOrder(
                level: .order, hazard: "洪水", districts: ["本町"], isLifted: isLifted))
        })
        #expect(try line()["level"] as? Int == (isLifted ? nil : 4))
        #expect(try line()["lifted"] as? Bool == isLifted)
        #expect(try line()["local_intensity"] == nil)
    }

    @Test("Expired is refused, and nothing is published")
    func expired() async throws {
        await #expect(throws: DeliveryFailure.rejected("出す前に期限が過ぎました (expired before it could be published)")) {
            try await deliver(Actual.self, content(), at: start + 180)
        }
        #expect(recorder.published.withLock { $0.isEmpty })
    }

    @Test("A text no screen takes is refused before it is queued and at delivery")
    func tooLong() async throws {
        let long = String(repeating: "長", count: 20_000)
        let problems = SchoolTablet<Actual>.lint(RenderedText(title: "", body: long), .japanese, in: content())
        #expect(problems.map(\.rule) == ["too-long"])
        await #expect {
            try await deliver(Actual.self, content(), body: long)
        } throws: { error in
            if case DeliveryFailure.rejected = error { true } else { false }
        }
    }
}
