import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Devices
import Foundation
import Ledger
import Logging
import NIOPosix
import Streams
import Synchronization
import Testing

@testable import Relay
@testable import Tablets

/// What an edge tells the hub of its tablets and of its own power: over a hub that really listens, goes away and comes back.
@Suite("An edge tells how its tablets stand")
struct SignForwarderTests {
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)
    private static let topic = StreamTopic(town: TownID("042056")!, site: "school")

    private final class Time: Sendable {
        private let value: Mutex<Date>
        init(_ date: Date) { value = Mutex(date) }
        var now: Date { value.withLock { $0 } }
        func turn(_ seconds: Double) { value.withLock { $0 += seconds } }
    }

    private struct Told: Decodable {
        struct Sign: Decodable, Equatable {
            var device: String?
            var charge, minutes: Int?
            var plugged, mute: Bool?
            var seals: String?
            var exam_seconds: Int?
            var elapsed_ms: Int
        }
        var signs: [Sign]
    }

    /// An edge with so many tablets of its site, before a hub that answers as it is told.
    private struct Scene {
        let hub: FarEndServer
        let transport: CurlTransport
        let time: Time
        let notes: MemoryLedger
        let devices: DeviceRegister
        let ids: [String]
        let forwarder: SignForwarder

        init(tablets: Int, time: Time = Time(start), notes: MemoryLedger = MemoryLedger(), power: String = "/nonexistent", _ script: @escaping FarEndServer.Script = { _ in .answer(202) }) async throws {
            hub = try await FarEndServer(script)
            transport = try CurlTransport()
            (self.time, self.notes) = (time, notes)
            let devices = DeviceRegister(notebook: notes, clock: { time.now })
            self.devices = devices
            ids = try (0..<tablets).map { number in
                let code = devices.invite(to: SignForwarderTests.topic.site, of: SignForwarderTests.topic.town, by: "desk").code
                return try devices.enrol(code: code, publicKey: nil, name: "端末\(number)").device.id
            }
            forwarder = Self.forwarder(hub, transport, devices, try await Self.stream(notes), power, time)
        }

        static func stream(_ notes: MemoryLedger) async throws -> StreamHub {
            try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: notes)
        }

        static func forwarder(_ hub: FarEndServer, _ transport: CurlTransport, _ devices: DeviceRegister, _ stream: StreamHub, _ power: String, _ time: Time) -> SignForwarder {
            SignForwarder(
                hub: HubLine(address: hub.url, token: "t", transport: transport), topic: SignForwarderTests.topic, devices: devices, stream: stream, power: power,
                logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, clock: { time.now })
        }

        func say(_ number: Int, charge: Int = 80, mute: Bool = false) {
            devices.take(DeviceSign(charge: charge, isPlugged: false, minutes: 1440, isMute: mute, seals: mute ? .doubt : .ok, at: time.now), of: ids[number])
        }

        /// What the hub heard since `first`, a list for each call.
        func told(from first: Int = 0) throws -> [[Told.Sign]] {
            try hub.requests.dropFirst(first).map { try JSONDecoder().decode(Told.self, from: Data($0.body)).signs }
        }

        func close() async {
            await transport.shutdown()
            await hub.stop()
        }
    }

    @Test("Each tablet's last word goes to the hub with its age, and the edge's own power with it; who has been silent for five minutes is not spoken for")
    func tells() async throws {
        let file = URL.temporaryDirectory.appending(path: "noroshi-ups-\(UUID().uuidString)")
        try Data("battery.charge: 71\nbattery.runtime: 5400\nups.status: OB DISCHRG\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }  // only a temporary file
        // The file is of today, and so is its reader's clock.
        let scene = try await Scene(tablets: 3, time: Time(Date()), power: file.path)
        scene.say(0, charge: 57, mute: true)
        scene.time.turn(200)
        scene.say(1)
        scene.time.turn(90)
        await scene.forwarder.tell()
        let signs = try #require(try scene.told().first)
        #expect(signs == [
            .init(device: scene.ids[0], charge: 57, minutes: 1440, plugged: false, mute: true, seals: "doubt", elapsed_ms: 290_000), .init(device: scene.ids[1], charge: 80, minutes: 1440, plugged: false, mute: false, seals: "ok", elapsed_ms: 90_000),
            .init(device: nil, charge: 71, minutes: 90, plugged: false, mute: nil, elapsed_ms: 0),
        ], "\(signs)")
        #expect(scene.hub.requests.first?.header("Authorization") == "Bearer t" && scene.hub.requests.first?.path == "/v1/signs")
        scene.time.turn(11)
        await scene.forwarder.tell()
        #expect(try scene.told(from: 1).first?.map(\.device) == [scene.ids[1], nil], "five minutes are over for the first")
        await scene.close()
    }

    @Test("An examination at a tablet is told with what was left of it then; a place that would not be heard is told at once, as one without a sound")
    func silences() async throws {
        let scene = try await Scene(tablets: 1)
        scene.devices.take(DeviceSign(examUntil: scene.time.now.addingTimeInterval(1800), at: scene.time.now), of: scene.ids[0])
        scene.time.turn(60)
        await scene.forwarder.tell()
        let mute = SignForwarder(
            hub: HubLine(address: scene.hub.url, token: "t", transport: scene.transport), topic: Self.topic, devices: scene.devices, stream: try await Scene.stream(scene.notes),
            power: "/nonexistent", isMute: { true }, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, clock: { scene.time.now })
        await mute.tell()
        let told = try scene.told()
        #expect(told.first == [.init(device: scene.ids[0], mute: false, exam_seconds: 1800, elapsed_ms: 60_000), .init(elapsed_ms: 0)], "\(told)")
        #expect(told.last?.last == .init(mute: true, elapsed_ms: 0))
        await scene.close()
    }

    @Test("However long the hub is away, nothing piles up: its return is told how it stands then, in as many calls as ever")
    func away() async throws {
        let scene = try await Scene(tablets: 2)
        await scene.hub.goDown()
        for _ in 0..<60 {
            scene.say(0)
            scene.time.turn(60)
            await scene.forwarder.tell()
        }
        #expect(scene.hub.requests.isEmpty)
        try await scene.hub.comeBack()
        scene.say(0, charge: 12)
        await scene.forwarder.tell()
        let told = try scene.told()
        #expect(told.count == 1 && told.first?.count == 2, "one call, of who speaks now: \(told)")
        #expect(told.first?.first == .init(device: scene.ids[0], charge: 12, minutes: 1440, plugged: false, mute: false, seals: "ok", elapsed_ms: 0))
        await scene.close()
    }

    @Test("A hub that hangs, refuses or breaks off holds nobody up for longer than a call, and the next round is as if nothing had been", arguments: ["refuses", "breaks", "nonsense", "old"])
    func trouble(kind: String) async throws {
        let scene = try await Scene(tablets: 1) { _ in
            switch kind {
            case "refuses": .answer(503)
            case "breaks": .close
            case "nonsense": .nonsense(Array("SSH-2.0".utf8))
            // Of before there was such a call.
            default: .answer(404)
            }
        }
        scene.say(0)
        await scene.forwarder.tell()
        let before = scene.hub.requests.count
        scene.hub.behave { _ in .answer(202) }
        await scene.forwarder.tell()
        #expect(try scene.told(from: before).map { $0.map(\.device) } == [[scene.ids[0], nil]])
        await scene.close()
    }

    @Test("After its restart an edge says nothing of a tablet before that has spoken again: what it was is not how it is")
    func restart() async throws {
        let scene = try await Scene(tablets: 2)
        scene.say(0)
        scene.say(1)
        // The same folder, and nothing of what was in memory alone.
        let again = DeviceRegister(notebook: scene.notes, clock: { [time = scene.time] in time.now })
        let forwarder = Scene.forwarder(scene.hub, scene.transport, again, try await Scene.stream(scene.notes), "/nonexistent", scene.time)
        await forwarder.tell()
        again.take(DeviceSign(charge: 40, isPlugged: true, at: scene.time.now), of: scene.ids[1])
        await forwarder.tell()
        #expect(try scene.told().map { $0.map(\.device) } == [[nil], [scene.ids[1], nil]])
        await scene.close()
    }

    @Test("More tablets than a hub takes at once are told in several calls, each within what a hub reads; at the first that fails the round ends")
    func many() async throws {
        let scene = try await Scene(tablets: 1100)
        // The longest that a tablet says of itself.
        for id in scene.ids {
            var sign = DeviceSign(charge: 100, isPlugged: false, minutes: 100_000, isMute: false, seals: .unchecked, examUntil: scene.time.now.addingTimeInterval(21_600), at: scene.time.now)
            sign.page = "0123456789abcdef"
            scene.devices.take(sign, of: id)
            scene.devices.noteSigning(id)
        }
        scene.time.turn(299)
        await scene.forwarder.tell()
        let told = try scene.told()
        #expect(told.map(\.count) == [500, 500, 101] && Set(told.joined().map(\.device)).count == 1101)
        // More than 64 KiB: TabletDesk.
        #expect(scene.hub.requests[0].body.count > 64 << 10 && scene.hub.requests.allSatisfy { $0.body.count <= TabletDesk.signsLimit }, "\(scene.hub.requests.map(\.body.count))")
        scene.hub.behave { _ in .answer(503) }
        await scene.forwarder.tell()
        #expect(scene.hub.requests.count == 4)
        await scene.close()
    }
}
