import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Devices
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Seals
import Serving
import Streams
import Testing

@testable import Relay

/// What an edge answers a tablet, behind its own front door, over a hub that really listens.
@Suite("An edge's own answers")
struct EdgeRouterTests {
    private static let town = TownID("042056")!
    private static let topic = StreamTopic(town: town, site: "school")
    private static let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }

    private struct Scene {
        let hub: FarEndServer
        let transport: CurlTransport
        let notes = MemoryLedger()
        let devices: DeviceRegister
        let watch: LineWatch
        let papers: PaperCodes
        let upstream: Upstream
        let mirror: SiteMirror
        private let door: any HTTPResponder<EdgeContext>

        init(_ script: @escaping FarEndServer.Script = { _ in .answer(503) }) async throws {
            hub = try await FarEndServer(script)
            transport = try CurlTransport()
            let line = HubLine(address: hub.url, token: "t", transport: transport), topic = EdgeRouterTests.topic, logger = EdgeRouterTests.logger
            let watch = LineWatch(patience: .seconds(40), notebook: notes)
            self.watch = watch
            let devices = DeviceRegister(notebook: notes), outbox = Outbox(ledger: notes)
            self.devices = devices
            let stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: notes)
            papers = PaperCodes(hub: line, topic: topic, devices: devices, notebook: notes, clock: { watch.hubTime() }, onDisk: {}, logger: logger)
            upstream = Upstream(
                hub: line, stream: stream, topic: topic, watch: watch, notebook: notes, hooks: .init(connected: {}, alerted: {}, registerChanged: {}), logger: logger)
            mirror = SiteMirror(hub: line, topic: topic, devices: devices, stream: stream, watch: watch, notebook: notes, logger: logger)
            door = EdgeRouter(.init(
                site: topic.site, hub: line, devices: devices, stream: stream, watch: watch, upstream: upstream,
                mirror: mirror,
                spots: SpotMirror(spots: [], hub: line, watch: watch, notebook: notes, logger: logger), outbox: outbox, ledger: notes, calls: RollCalls(notebook: notes),
                papers: papers)).responder()
        }

        func call(_ method: String, _ path: String, _ body: String = "", token: String? = nil) async throws -> (status: Int, body: String) {
            var fields: HTTPFields = [.contentType: "application/json", .contentLength: "\(body.utf8.count)"]
            if let token { fields[.authorization] = "Bearer \(token)" }
            let head = HTTPRequest(method: .init(method) ?? .get, scheme: "http", authority: "edge", path: path, headerFields: fields)
            let context = EdgeContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: EdgeRouterTests.logger))
            let response = try await door.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body))), context: context)
            let paper = Paper()
            try await response.body.write(PaperWriter(paper: paper))
            return (response.status.code, String(buffer: paper.buffer))
        }

        func end() async {
            await transport.shutdown()
            await hub.stop()
        }
    }

    @Test("The time that an edge tells is the hub's, however wrong its own clock is")
    func time() async throws {
        let scene = try await Scene()
        let token = try scene.devices.enrol(code: scene.devices.invite(to: "school", of: Self.town, by: "desk").code, publicKey: nil, name: "").token
        // Not heard since it started: its tablets do not take what it says for the time.
        #expect(try await scene.call("GET", "/v1/catch-up", token: token).body.contains(#""server_time_is_certain":false"#))
        scene.watch.learn(hubTime: "Sun, 06 Nov 1994 08:49:37 GMT")
        let signs = try await scene.call("POST", "/v1/signs", #"{"signs":[{}]}"#, token: token)
        #expect(signs.status == 202 && signs.body.contains(#""server_time":"1994-11-06T17:49"#), "\(signs)")
        let before = try await scene.call("GET", "/v1/catch-up", token: token)
        #expect(before.status == 200 && before.body.contains(#""server_time":"1994-11-06T17:49"#) && !before.body.contains("certain"), "\(before)")
        await scene.end()
    }

    @Test("An edge that hears its hub and cannot read who may get in says so after some rounds, and no more once it can", arguments: [1, (12 << 20) + 1])
    func unread(size: Int) async throws {
        let register = [UInt8](repeating: 0x20, count: size)
        let scene = try await Scene { _ in .answer(200, headers: [(name: "Content-Type", value: "application/json")], body: register) }
        _ = scene.watch.heard()
        for _ in 0..<2 { await scene.mirror.refresh() }
        #expect(try await scene.call("GET", "/readyz").status == 200)
        await scene.mirror.refresh()
        let ill = try await scene.call("GET", "/readyz")
        #expect(ill.status == 503 && ill.body.contains("revoked tablets still get in"), "\(ill)")
        scene.hub.behave { _ in .answer(200, headers: [("Content-Type", "application/json")], body: Array(#"{"town":"042056","site":"school","devices":[]}"#.utf8)) }
        await scene.mirror.refresh()
        #expect(try await scene.call("GET", "/readyz").status == 200)
        await scene.end()
    }

    @Test("A page that asks to log in is no word of the hub's: the line stays cut, a code of paper opens at hand, another hears that the line is cut; what the hub refuses is refused")
    func page() async throws {
        let html = (status: 200, headers: [(name: "Content-Type", value: "text/html")], body: Array("<html>\n\nid: 5\n\nWelcome: log in\n\n</html>".utf8))
        let scene = try await Scene { _ in .answer(html.status, headers: html.headers, body: html.body) }
        await scene.upstream.connection()
        #expect(scene.hub.requests.count == 1 && scene.watch.status.lastContact == nil)
        let town = DeviceRegister(notebook: MemoryLedger()), (_, codes) = try town.issue(2, to: "school", of: Self.town, days: 30, by: "desk")
        scene.papers.learn(town.register(of: Self.town))
        let made = try await scene.call("POST", "/v1/devices", #"{"code":"\#(codes[0])"}"#)
        #expect(made.status == 201 && made.body.contains(#""device_id""#) && scene.papers.unheard.count == 1, "\(made)")
        for (path, body) in [("/v1/devices", #"{"code":"BCDFGHJK"}"#), ("/v1/device-asks", "{}")] {
            let other = try await scene.call("POST", path, body)
            #expect(other.status == 503 && other.body.contains("回線が切れている"), "\(other)")
        }
        scene.hub.behave { _ in .answer(404, headers: [("Content-Type", "application/problem+json")], body: Array(#"{"title":"x"}"#.utf8)) }
        let refused = try await scene.call("POST", "/v1/devices", #"{"code":"\#(codes[1])"}"#)
        #expect(refused.status == 404 && scene.papers.unheard.count == 1, "\(refused)")
        let greeting = Array("retry: 2000\nid: 7-1\n\nid: 7-1\n\n".utf8)
        scene.hub.behave { _ in .answer(200, headers: [("Content-Type", "text/event-stream")], body: greeting) }
        await scene.upstream.connection()
        #expect(scene.watch.status.lastContact != nil)
        await scene.end()
    }
}

private final class Paper {
    var buffer = ByteBuffer()
}

private struct PaperWriter: ResponseBodyWriter {
    let paper: Paper
    mutating func write(_ buffer: ByteBuffer) async throws { paper.buffer.writeImmutableBuffer(buffer) }
    consuming func finish(_ trailing: HTTPFields?) async throws {}
}
