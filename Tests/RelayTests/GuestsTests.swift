import AlertModel
import Bundles
import ChannelKit
import ChannelKitTesting
import Curl
import Devices
import Foundation
import Ledger
import Logging
import NIOPosix
import Seals
import Streams
import Synchronization
import Tablets
import Testing

@testable import Relay

/// Tablets of a town's other sites at an edge: who gets in, and what they hear, over a hub that really listens.
@Suite("Guests of an edge")
struct GuestsTests {
    private static let town = TownID("042056")!
    private static let topic = StreamTopic(town: town, site: "school")
    private static let far = StreamTopic(town: town, site: "far")
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private struct Scene {
        let seals = TownSeals(notebook: MemoryLedger())
        let town = DeviceRegister(notebook: MemoryLedger())
        let notes = MemoryLedger()
        let devices: DeviceRegister
        let stream: StreamHub
        let guests: Guests
        let hub: FarEndServer
        let transport: CurlTransport
        let body = Bringing()

        final class Bringing: Sendable {
            let octets = Mutex<[UInt8]>([])
        }

        init() async throws {
            devices = DeviceRegister(notebook: notes)
            stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: notes)
            hub = try await FarEndServer { [body] request in
                let octets = body.octets.withLock(\.self), tag = "\"\(octets.hashValue)\""
                return request.header("If-None-Match") == tag ? .answer(304) : .answer(200, headers: [("ETag", tag)], body: octets)
            }
            transport = try CurlTransport()
            guests = Self.guests(hub, transport, devices, stream, seals, notes)
        }

        static func guests(_ hub: FarEndServer, _ transport: CurlTransport, _ devices: DeviceRegister, _ stream: StreamHub, _ seals: TownSeals, _ notes: MemoryLedger) -> Guests {
            Guests(
                hub: HubLine(address: hub.url, token: "t", transport: transport), topic: GuestsTests.topic, devices: devices, stream: stream,
                trust: TownTrust(topic: GuestsTests.topic, first: seals.key(of: GuestsTests.town), notebook: notes, clock: { Date() }), notebook: notes, logger: GuestsTests.logger)
        }

        func enrol(at site: String) throws -> (device: Device, token: String) {
            try town.enrol(code: town.invite(to: site, of: GuestsTests.town, by: "desk", name: "ある子", group: "3-2").code, publicKey: nil, name: "")
        }

        func line() throws -> [UInt8] { try AlertJSON.line(town.register(of: GuestsTests.town)) }

        func bring(_ octets: [UInt8]?) async {
            body.octets.withLock { $0 = octets ?? [] }
            await guests.askRegister()
        }

        func signed(by seals: TownSeals? = nil) throws -> [UInt8]? { (seals ?? self.seals).seal(try line(), as: "register", of: GuestsTests.town)?.line }

        func end() async {
            await transport.shutdown()
            await hub.stop()
        }
    }

    @Test("A town's tablets get in by its signature alone, nameless, after a restart too; who is revoked is told so; another's list, an older one and a changed one let nobody in")
    func register() async throws {
        let scene = try await Scene(), stranger = TownSeals(notebook: MemoryLedger())
        let (first, own) = (try scene.enrol(at: "far"), try scene.enrol(at: "school"))
        let plain = try scene.line(), forged = try scene.signed(by: stranger), old = try scene.signed()
        let changed = String(decoding: old ?? [], as: UTF8.self).replacing(first.device.tokenDigest, with: DeviceRegister.digest("mine"))
        for bad in [plain, forged, Array(changed.utf8)] {
            await scene.bring(bad)
            #expect(scene.devices.device(token: first.token) == nil && scene.devices.device(token: "mine") == nil)
        }
        #expect(scene.devices.mirror([MirroredDevice(own.device)], of: "school", in: Self.town) == [])
        await scene.bring(old)
        let seen = try #require(scene.devices.device(token: first.token))
        #expect(seen.site == "far" && seen.name == "" && seen.group == nil, "of another school nobody's name is here")
        #expect(scene.devices.device(token: own.token)?.name == "ある子", "its own are as they were")
        // Its own list leaves guests alone.
        #expect(scene.devices.mirror([MirroredDevice(own.device)], of: "school", in: Self.town) == [])
        #expect(DeviceRegister(notebook: scene.notes).device(token: first.token)?.site == "far")
        let seal = try #require(scene.seals.revocation(of: first.device.id, in: Self.town))
        #expect(scene.town.revoke(first.device.id, of: Self.town, seal: seal))
        let second = try scene.enrol(at: "far")
        await scene.bring(try scene.signed())
        #expect(scene.devices.device(token: first.token) == nil && scene.devices.revoked(token: first.token) == first.device.id)
        #expect(scene.devices.revocation(of: first.device.id) == seal && scene.devices.device(token: second.token) != nil)
        let again = Scene.guests(scene.hub, scene.transport, scene.devices, scene.stream, scene.seals, scene.notes)
        scene.body.octets.withLock { $0 = old ?? [] }
        await again.askRegister()
        #expect(scene.devices.device(token: first.token) == nil && scene.devices.device(token: second.token) != nil, "an older one takes no newer one's place")
        await scene.end()
    }

    @Test("A tablet that moves between two sites is known all the while, in the order in which an edge asks")
    func moves() async throws {
        let scene = try await Scene()
        let one = try scene.enrol(at: "school")
        await scene.bring(try scene.signed())
        #expect(scene.devices.device(token: one.token) == nil, "its own site's come by its own list")
        _ = scene.devices.mirror([MirroredDevice(one.device)], of: "school", in: Self.town)
        var change = DeviceChange()
        change.site = "far"
        _ = try scene.town.change(one.device.id, of: Self.town, change)
        await scene.bring(try scene.signed())
        #expect(scene.devices.device(token: one.token)?.site == "far")
        #expect(scene.devices.mirror([], of: "school", in: Self.town) == [] && scene.devices.device(token: one.token)?.site == "far")
        await scene.end()
    }

    private static func told(_ lines: [(String, String)], _ sites: [(String, String)]) -> [UInt8] {
        let heard = sites.map { "event: site\ndata: {\"site\":\"\($0.0)\",\"told\":[\($0.1)]}\n\n" }.joined()
        return Array((lines.map { "event: \($0.0)\ndata: \($0.1)\n\n" }.joined() + heard + "event: end\ndata: {}\n\n").utf8)
    }

    @Test("A guest finds what his own place was last told, each with its own delivery; what was taken back is, what is gone is forgotten, and the cut line is told there too")
    func elsewhere() async throws {
        let scene = try await Scene()
        func stands(_ place: StreamTopic) -> [String] {
            switch scene.stream.catchUp(place, since: nil).replay {
            case .events(let all), .gap(let all): all.map { String(decoding: $0.event.data, as: UTF8.self) }
            }
        }
        let word = #"{"areas":[],"event":"E1","gravity":"danger","id":"A","mode":"actual"}"#
        let whole = { (place: String) in word.replacing(#""event""#, with: #""delivery":"A/\#(place)","event""#) }
        func sites(_ names: [String]) -> [(String, String)] {
            names.map { ($0, #"{"line":0,"at":12,"piece":"\"delivery\":\"A/\#($0)\",","lasts":60}"#) }
        }
        let line = StreamEvent(name: "line", data: Array(#"{"state":"cut"}"#.utf8), key: "line")
        scene.guests.tell(line: line)
        #expect(scene.guests.take(Self.told([("alert", word)], sites(["far", "third", "school"]))))
        #expect(stands(Self.far) == [whole("far"), #"{"state":"cut"}"#], "\(stands(Self.far))")
        #expect(stands(Self.topic).isEmpty, "its own site is told by its own stream")
        let before = scene.stream.catchUp(Self.far, since: nil).position
        #expect(scene.guests.take(Self.told([("alert", word)], sites(["far", "third"]))))
        #expect(scene.stream.catchUp(Self.far, since: nil).position == before, "what was told is not told again")
        let cancel = #"{"event":"E1","mode":"actual","of":"A"}"#
        #expect(scene.guests.take(Self.told([("cancel", cancel)], [("far", #"{"line":0}"#), ("new", #"{"line":0}"#)])))
        #expect(stands(Self.far) == [#"{"state":"cut"}"#])
        if case .events(let heard) = scene.stream.catchUp(Self.far, since: before).replay { #expect(heard.map(\.event.name) == ["cancel"]) } else { Issue.record("a gap") }
        #expect(stands(StreamTopic(town: Self.town, site: "new")) == [#"{"state":"cut"}"#], "who heard nothing is told of no cancel")
        scene.guests.tell(line: StreamEvent(name: "line", data: Array("{}".utf8), key: "line", isRevocation: true))
        #expect(scene.guests.take(Self.told([("alert", word)], sites(["far"]))) && stands(Self.far) == [whole("far")])
        #expect(scene.guests.take(Self.told([], [("far", "")])) && stands(Self.far).isEmpty, "no longer in force")
        for bad in [Self.told([("alert", word)], [("far", #"{"line":1}"#)]), Self.told([("alert", word)], [("far", #"{"line":0,"at":999,"piece":"x"}"#)]), Array("event: alert\ndata: {}\n\n".utf8), [], Array("<html>".utf8)] {
            #expect(!scene.guests.take(bad) && stands(Self.far).isEmpty)
        }
        await scene.end()
    }

    @Test("What a guest said for his school's roll-call waits in the outbox beside reports, and is handed in by his name")
    func answers() async throws {
        let scene = try await Scene(), outbox = Outbox(ledger: scene.notes), one = try scene.enrol(at: "far").device
        for _ in 0..<2 { try await outbox.take(PassedAnswer(id: "a", state: "help", place: "校庭", elapsed_ms: 1000, not_before_ms: 1_795_950_000_000), of: one) }
        #expect(outbox.gauges.reports == 1)
        let again = Outbox(ledger: scene.notes)
        let forwarder = Forwarder(hub: HubLine(address: scene.hub.url, token: "t", transport: scene.transport), outbox: again, logger: Self.logger)
        let work = Task { await forwarder.run() }
        await scene.hub.arrived(1)
        let heard = try #require(scene.hub.requests.first)
        #expect(heard.path == "/v1/rollcall/answers" && heard.text.contains(#""device":"\#(one.id)""#) && heard.text.contains(#""state":"help""#) && heard.text.contains(#""place":"校庭""#) && heard.text.contains(#""not_before_ms":1795950000000"#))
        let elapsed = heard.text.firstMatch(of: /"elapsed_ms":([0-9]+)/).flatMap { Int($0.1) } ?? 0
        #expect(elapsed >= 1000)
        work.cancel()
        await work.value
        await scene.end()
    }
}
