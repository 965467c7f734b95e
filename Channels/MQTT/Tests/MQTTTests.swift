import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Logging
import Synchronization
import Testing

@testable import MQTT

/// One adapter and what it was lent.
final class Hall<M: Mode>: Sendable {
    let transport: CurlTransport
    let adapter: MQTT<M>
    let notebook: MemoryNotebook
    let remarked = Tally()

    init(notebook: MemoryNotebook = MemoryNotebook(), configuration: CurlConfiguration = CurlConfiguration(), now: @escaping @Sendable () -> Date = { Sample.now }) throws {
        transport = try CurlTransport(configuration)
        self.notebook = notebook
        let (remarks, remarked) = (Box(), remarked)
        adapter = try MQTT<M>(ChannelSetup(
            settings: [:], transport: transport, stream: RecordingStream(), notebook: notebook, directory: URL(filePath: "/nonexistent"),
            logger: Sample.setup(as: M.self).logger, wallClock: now,
            remark: { _, _, words in
                remarks.words.withLock { $0.append(words) }
                remarked.add()
            }))
        box = remarks
    }
    private final class Box: Sendable { let words = Mutex<[String]>([]) }
    private let box: Box
    var said: [String] { box.words.withLock { $0 } }

    func deliver(_ message: Message<M>, _ settings: [String: String], within limit: Duration = .seconds(20)) async -> Result<Receipt, DeliveryFailure> {
        let end = Sample.farEnd(settings, as: M.self)
        do throws(DeliveryFailure) {
            return .success(try await adapter.deliver(message, Sample.delivery(of: message, to: end, channel: "mqtt", deadline: .now + limit)))
        } catch {
            return .failure(error)
        }
    }

    /// As at the hub's end.
    func leave() async {
        let work = Task { [adapter] in await adapter.run() }
        work.cancel()
        await work.value
        await transport.shutdown()
    }
}

@Suite("MQTT: signs and sirens at a real broker", .serialized, .timeLimit(.minutes(3)), .enabled(if: Mosquitto.isThere, Mosquitto.missing))
struct MosquittoTests {
    private func state(_ line: Mosquitto.Line?) throws -> Sign.State { try JSONDecoder().decode(Sign.State.self, from: Data(try #require(line).payload.utf8)) }

    @Test("A sign that comes later is told what stands, until when, and after the cancel that nothing does", arguments: ["5", "3.1.1"])
    func retained(version: String) async throws {
        let (broker, hall) = (try Mosquitto(version: version), try Hall<Actual>())
        try await broker.start()
        let receipt = try await hall.deliver(Sample.message(as: Actual.self), broker.settings).get()
        #expect(receipt.reach == .accepted && receipt.reference == broker.topic + "/state")
        let kept = try await broker.keptFor(broker.topic + "/state")
        let first = try state(kept.first)
        #expect(kept.count == 1 && kept[0].retained)
        #expect(first.mode == "actual" && first.town == "042056" && first.sign == "far-end-1" && first.standing.count == 1)
        #expect(first.standing[0].valid_until == "2026-04-01T15:00:00+09:00")
        #expect(first.said?.delivery == first.standing[0].delivery)
        _ = try await hall.deliver(Sample.message(.cancel, revision: 2, as: Actual.self), broker.settings).get()
        let last = try state(try await broker.keptFor(broker.topic + "/state").first)
        #expect(last.standing.isEmpty && last.serial > first.serial && last.said?.texts["ja"]?.body.contains("取消") == true)
        await hall.leave()
        await broker.stop()
    }

    @Test("A drill stands on a tree of its own, is kept by no broker, and says so")
    func drill() async throws {
        let (broker, hall) = (try Mosquitto(isDrill: true), try Hall<Exercise>())
        try await broker.start()
        _ = try await hall.deliver(Sample.message(as: Exercise.self), broker.settings).get()
        let heard = try await broker.heard().filter { $0.topic.hasSuffix("/state") }
        #expect(heard.count == 1 && heard[0].topic.hasPrefix("drill/"))
        #expect(try state(heard.first).standing.first?.texts["ja"]?.title.contains("訓練") == true)
        for tree in ["drill/+/+/+/state", "+/+/+/state"] { #expect(try await broker.keptFor(tree).isEmpty) }
        await hall.leave()
        await broker.stop()
    }

    @Test("Who listens knows whether the hub is there: online, offline when it ends, and our will when it is cut off")
    func will() async throws {
        let (broker, hall) = (try Mosquitto(), try Hall<Actual>())
        try await broker.start()
        _ = try await hall.deliver(Sample.message(as: Actual.self), broker.settings).get()
        #expect(try await broker.keptFor("kesennuma/hub").map(\.payload) == ["online"])
        await hall.leave()
        #expect(try await broker.keptFor("kesennuma/hub").map(\.payload) == ["offline"])
        // Cut off: another of our name takes the line, and the broker says the will of the first.
        let cut = try Hall<Actual>()
        let settings = broker.settings.merging(["client_id": "hub-1"]) { $1 }
        _ = try await cut.deliver(Sample.message(as: Actual.self), settings).get()
        let before = try await broker.heard().filter { $0.topic == "kesennuma/hub" }.map(\.payload)
        let other = try Hall<Actual>()
        _ = try await other.deliver(Sample.message(as: Actual.self), settings.merging(["status": "kesennuma/other"]) { $1 }).get()
        let after = try await broker.heard().filter { $0.topic == "kesennuma/hub" }.map(\.payload)
        #expect(before.last == "online" && after.dropFirst(before.count).first == "offline", "\(before) \(after)")
        await other.leave()
        await cut.leave()
        await broker.stop()
    }

    @Test("A device's own word is the further level of reach: in the receipt where it is waited for, else under the delivery; twice is once")
    func devices() async throws {
        let (broker, hall) = (try Mosquitto(), try Hall<Actual>())
        try await broker.start()
        let message = Sample.message(as: Actual.self)
        let name = "\(message.alert.id.text).042056.mqtt.far-end-1"
        async let outcome = hall.deliver(message, broker.settings.merging(["wait": "10"]) { $1 })
        while try await !broker.heard().contains(where: { $0.topic.hasSuffix("/state") }) {}
        // What names another delivery, or no level, is nobody's.
        for words in ["{}", #"{"delivery":"other.042056.mqtt.elsewhere","reach":"touched"}"#, #"{"delivery":"\#(name)","reach":"accepted"}"#] {
            _ = try await broker.publish(broker.topic + "/ack", words)
        }
        let answer = #"{"delivery":"\#(name)","reach":"shown","device":"harbour-1"}"#
        _ = try await broker.publish(broker.topic + "/ack", answer)
        let receipt = try await outcome.get()
        #expect(receipt.reach == .shown && receipt.note?.contains("harbour-1") == true, "\(receipt)")
        _ = try await broker.publish(broker.topic + "/ack", answer)
        _ = try await broker.publish(broker.topic + "/ack", #"{"delivery":"\#(name)","reach":"touched","device":"harbour-2","note":"消防団"}"#)
        await hall.remarked.reaches(1)
        #expect(hall.said == ["端末 harbour-2: 人が触れた (touched)、消防団"])
        #expect(hall.adapter.report(on: Sample.farEnd(broker.settings, as: Actual.self))?.items.map(\.certainty) == [.confirmed])
        await hall.leave()
        await broker.stop()
    }

    @Test("A broker that forgot everything is told again what stands, without a new word for anybody to sound")
    func forgetful() async throws {
        let (broker, hall) = (try Mosquitto(), try Hall<Actual>())
        try await broker.start()
        _ = try await hall.deliver(Sample.message(as: Actual.self), broker.settings).get()
        broker.end(SIGKILL)
        try? FileManager.default.removeItem(at: broker.folder.appending(component: "mosquitto.db"))
        try await broker.beginAgain()
        var kept: [Mosquitto.Line] = []
        while kept.isEmpty { kept = try await broker.keptFor(broker.topic + "/state") }
        let again = try state(kept.first)
        #expect(again.again && again.said == nil && again.standing.count == 1)
        await hall.leave()
        await broker.stop()
    }

    @Test("The link test asks the broker, knows a device that says it is away, and publishes nothing")
    func link() async throws {
        let (broker, hall) = (try Mosquitto(), try Hall<Actual>())
        try await broker.start()
        let end = Sample.farEnd(broker.settings, as: Actual.self)
        #expect(try await hall.adapter.reach(end, deadline: .now + .seconds(10))?.contains("分かりません") == true)
        #expect(try await broker.heard().allSatisfy { !$0.topic.hasSuffix("/state") })
        _ = try await broker.publish(broker.topic + "/device", "offline", retain: true)
        // QoS 1 and one line: what came before a PING is read before its answer.
        await #expect(throws: DeliveryFailure.self) { try await hall.adapter.reach(end, deadline: .now + .seconds(10)) }
        broker.end()
        await #expect(throws: DeliveryFailure.self) { try await hall.adapter.reach(end, deadline: .now + .seconds(10)) }
        await hall.leave()
        await broker.stop()
    }

    @Test("Over TLS, by name and password, and a broker that is not whom it says it is gets neither")
    func secret() async throws {
        let broker = try Mosquitto(extra: "")
        func path(_ name: String) -> String { broker.folder.appending(component: name).path }
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let openssl = "/usr/bin/openssl"
        #expect(try await ChildProcess.run(openssl, ["req", "-x509", "-days", "2", "-subj", "/CN=town authority"] + newKey + ["-keyout", path("ca.key"), "-out", path("ca.pem")]) == 0)
        #expect(try await ChildProcess.run(openssl, ["req", "-x509", "-days", "2", "-subj", "/CN=localhost"] + newKey + [
            "-addext", "subjectAltName=DNS:localhost", "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE",
            "-keyout", path("server.key"), "-out", path("server.pem")]) == 0)
        #expect(try await ChildProcess.run("/usr/bin/mosquitto_passwd", ["-b", "-c", path("users"), "town", "geheim"]) == 0)
        let secure = try Mosquitto(extra: """
            per_listener_settings false
            password_file \(path("users"))
            certfile \(path("server.pem"))
            keyfile \(path("server.key"))
            """)
        try await secure.startBroker(anonymous: false)
        let settings = ["server": "mqtts://localhost:\(secure.port.number)", "topic": "kesennuma/sirens/harbour", "user": "town", "password": "geheim"]
        var trusting = CurlConfiguration()
        trusting.tls.authorities = path("ca.pem")
        let hall = try Hall<Actual>(configuration: trusting)
        #expect(try await hall.deliver(Sample.message(as: Actual.self), settings).get().reach == .accepted)
        if case .failure(.misconfigured(let reason)) = await hall.deliver(Sample.message(as: Actual.self), settings.merging(["password": "falsch"]) { $1 }) {
            #expect(!reason.contains("falsch"))
        } else {
            Issue.record("a wrong password is no misconfiguration")
        }
        await hall.leave()
        let stranger = try Hall<Actual>()
        guard case .failure(.misconfigured) = await stranger.deliver(Sample.message(as: Actual.self), settings) else {
            Issue.record("a certificate of nobody we know was taken")
            return
        }
        await stranger.leave()
        await secure.stop()
        await broker.stop()
    }

    @Test("For real alerts it is a channel, before mosquitto", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self, "5") }
    @Test("For drills it is a channel, before mosquitto", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self, "5") }
    @Test("For real alerts it is a channel, before mosquitto, in 3.1.1", arguments: ConformanceCheck.allCases)
    func older(check: ConformanceCheck) async throws { try await verify(check, Actual.self, "3.1.1") }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type, _ version: String) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<MQTT<M>>(transport: transport) { try Mosquitto(version: version, isDrill: M.name == .exercise) }.verify(check)
        await transport.shutdown()
    }
}
