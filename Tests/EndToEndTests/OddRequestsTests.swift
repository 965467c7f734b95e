/// No octets from outside end a program, and none is answered with 500.
import Chance
import ChannelKit
import ChannelKitTesting
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct OddRequestsTests {
        /// `NOROSHI_FUZZ_SEED` replays a run; `NOROSHI_FUZZ_SECONDS` makes it longer (Benchmarks/README.md).
        private static let seed: UInt64 = ProcessInfo.processInfo.environment["NOROSHI_FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
        private static let seconds = ProcessInfo.processInfo.environment["NOROSHI_FUZZ_SECONDS"].flatMap { Int($0) } ?? 10
        private static let openAPI = Program.package.appending(path: "docs/openapi.yaml")

        private static let orders = [
            #"{"town":"042056","kind":"evacuation","mode":"exercise","level":4,"hazard":"津波","districts":["階上地区"],"reason":"大津波警報"}"#,
            #"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"水が\r\n出ません。"}"#,
            #"{"town":"042056","kind":"shelter","mode":"exercise","shelter":"hashikami-chu","state":"open","expires":"2026-11-30T00:00:00+09:00"}"#,
            #"{"town":"042056","site":"school-1","role":"tablet"}"#, #"{"code":"BCDF-GHJK","name":"x","public_key":"AA=="}"#,
            #"{"receipts":[{"id":"1","alert":"a","level":"shown","elapsed_ms":12.5}]}"#, #"[{"id":"1","alert":"a","level":"reached","elapsed_ms":1}]"#,
            #"{"id":"r1","elapsed_ms":5,"people":120,"needs":["water"],"note":"寒い"}"#, #"{"alert":"x","town":"042056"}"#,
            #"{"town":"042056","channel":"area-mail","mode":"actual"}"#, "$QZQSM,55,9AAF89A82E80020280800000000000000000000000000000000000000000000*00",
            "施設名称,住所,緯度,経度\n階上中学校,長磯,38.8,141.5\n",
        ].map { Array($0.utf8) }

        @Test("A hub answers whatever comes with what is described, and lives on")
        func hub() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let device = try await hub.enrol()
                let alert = try await hub.push(String(decoding: Self.orders[1], as: UTF8.self))
                var requests = try OddRequests(openAPI: Self.openAPI)
                requests.tokens = ["", device.token, TownFile.token]
                requests.known = [
                    "id": [alert.id, "\(alert.id).cap", device.device_id, "none"], "code": ["042056"], "spot": ["kesennuma-eki"], "file": ["index.en.html", "x"],
                    "endpoint": ["kesennuma-eki", "none"], "act": ["release", "drop"],
                ]
                requests.bodies = Self.orders + [Array(try Quake().warning().utf8), Array(try Quake().tsunami().utf8)]
                try await storm(requests, program: hub.program, port: hub.port, seconds: Self.seconds)
            }
        }

        @Test("So does an edge")
        func edge() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let folder = try TestHub.newFolder()
                let edge = try await TestEdge.start(hub: hub.port, in: folder, code: try await hub.edgeCode())
                defer { edge.program.signal(SIGKILL) }
                var requests = try OddRequests(openAPI: Self.openAPI) { path in
                    ["/v1/stream", "/v1/catch-up", "/v1/receipts", "/v1/devices", "/spots", "/captive", "/tablet", "/healthz", "/readyz", "/metrics", "/generate"]
                        .contains { path.hasPrefix($0) }
                }
                requests.tokens = ["", try await hub.enrol().token]
                requests.known = ["spot": ["kesennuma-eki"], "file": ["index.ja.html"]]
                requests.bodies = Self.orders
                // An edge has fewer methods than the hub whose description this is.
                try await storm(requests, program: edge.program, port: edge.port, seconds: max(2, Self.seconds / 3), checksStatus: false)
            }
        }

        @Test("So does a cell-broadcast centre, whatever its clients and its base stations say")
        func gateway() async throws {
            let stations = try await OddStation.listen(seed: Self.seed)
            let program = try Program(["gateway", "--listen", "127.0.0.1:0", "--bsc", "127.0.0.1:\(stations.port)"])
            defer { program.signal(SIGKILL) }
            let port = try await eventually("it listens") {
                program.errors.firstMatch(of: #/centre on http:\/\/[^ ]*:(\d+)\//#).flatMap { Int($0.1) }
            }
            var random = Dice(seed: Self.seed)
            let create = #"{"cbe_name":"x","category":"normal","repetition_period":5,"num_of_bcast":10,"scope":{"scope_plmn":{}},"smscb_message":{"serial_nr":{"serial_nr_encoded":1},"message_id":4370,"payload":{"payload_decoded":{"character_set":"gsm","data_utf8":"x"}}}}"#
            var requests = try OddRequests(openAPI: Self.openAPI) { _ in false }
            requests.bodies = [Array(create.utf8)]
            let end = ContinuousClock.now.advanced(by: .seconds(max(2, Self.seconds / 3)))
            var asked = 0
            while .now < end {
                let octets = requests.ecbe(&random)
                let heard = try await Self.ask(OddRequest(octets: octets, statuses: nil, isStream: false), port: port)
                asked += 1
                #expect(!heard.hasPrefix("HTTP/1.1 500"), "seed \(Self.seed): \(String(decoding: octets.prefix(1000), as: UTF8.self))")
                guard Glibc.kill(program.pid, 0) == 0, program.isRunning else { break }
            }
            #expect(program.isRunning, "seed \(Self.seed), after \(asked): \(program.errors.suffix(2000))")
            // Connections that were left half said keep their seats until they have been idle for long enough.
            try await eventually("it still answers; seed \(Self.seed)", within: .seconds(60)) {
                try await Self.ask(
                    OddRequest(octets: Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8), statuses: nil, isStream: false),
                    port: port
                ).hasPrefix("HTTP/1.1 404")
            }
            await stations.close()
        }

        // MARK: the storm

        private func storm(
            _ requests: OddRequests, program: Program, port: Int, seconds: Int, checksStatus: Bool = true
        ) async throws {
            print("odd requests with seed \(Self.seed) (NOROSHI_FUZZ_SEED)")
            let end = ContinuousClock.now.advanced(by: .seconds(seconds))
            let count = await withTaskGroup(of: Int.self) { group in
                for lane in 0..<4 {
                    group.addTask {
                        var random = Dice(seed: Self.seed &+ UInt64(lane))
                        var count = 0
                        while .now < end, program.isRunning {
                            let request = requests.next(&random)
                            let heard = (try? await Self.ask(request, port: port)) ?? ""
                            count += 1
                            guard let status = Self.status(heard) else { continue }
                            #expect(status != 500, "seed \(Self.seed): \(request.text)\n\(heard.prefix(500))")
                            if checksStatus, let described = request.statuses {
                                #expect(described.contains(status), "\(status) is not described; seed \(Self.seed): \(request.text.prefix(1500))\n\(heard.prefix(500))")
                            }
                        }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(program.isRunning, "seed \(Self.seed), \(count) requests: \(program.errors.suffix(3000))")
            #expect(count > 50, "\(count) requests")
            let health = OddRequest(octets: Array("GET /healthz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n".utf8), statuses: nil, isStream: false)
            try await eventually("it answers", within: .seconds(60)) { try await Self.ask(health, port: port).hasPrefix("HTTP/1.1 200") }
        }

        private static func status(_ heard: String) -> Int? {
            guard heard.hasPrefix("HTTP/1.1 ") else { return nil }
            return Int(heard.dropFirst(9).prefix(3))
        }

        /// Sends and hears until the other side closes, or until its answer's head is there and no more comes.
        private static func ask(_ request: OddRequest, port: Int) async throws -> String {
            let line = try await StreamLine.connect(to: port)
            try await line.send(request.octets)
            if !request.octets.starts(with: "GET".utf8) || !request.isStream { try? await line.finishSending() }
            _ = try? await eventually("an answer", within: .milliseconds(request.isStream ? 300 : 1500)) { line.isClosed || request.isStream && line.raw.contains("\r\n\r\n") }
            let heard = line.raw
            await line.close()
            return heard
        }
    }
}

extension OddRequests {
    /// A request to a cell-broadcast centre.
    func ecbe(_ random: inout Dice) -> [UInt8] {
        let path = random.one(of: [
            "/api/ecbe/v1/message", "/api/ecbe/v1/message/1", "/api/ecbe/v1/message/" + random.one(of: ["65536", "-1", "", "x", "%31", "1/2", "99999999999999999999"]),
            "/", "/api/ecbe/v1/messages", "?", "/api/ecbe/v1/message?x",
        ])
        return next(body: path, &random)
    }

    private func next(body path: String, _ random: inout Dice) -> [UInt8] {
        let octets = oddBody(&random)
        let head = """
            \(random.one(of: ["POST", "POST", "POST", "DELETE", "GET", "PUT"])) \(path) HTTP/1.1\r
            Host: a\r
            Content-Type: \(random.one(of: Self.values))\r
            Content-Length: \(random.chance(0.95) ? "\(octets.count)" : random.one(of: Self.values))\r
            Connection: close\r
            \r\n
            """
        return Array(head.utf8) + octets
    }
}

/// A base-station controller that says whatever comes to its mind.
private struct OddStation {
    let port: Int
    private let channel: any Channel

    private final class Talker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var random: Dice
        init(seed: UInt64) { random = Dice(seed: seed) }
        func channelActive(context: ChannelHandlerContext) { talk(context) }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { talk(context) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func talk(_ context: ChannelHandlerContext) {
            var buffer = ByteBuffer()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let body = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...30, using: &random) }
                // Type and length of a message (3GPP TS 48.049 §8.1.3), the length right, short or long.
                let length = random.chance(0.8) ? body.count : Int.random(in: 0...0xFF_FFFF, using: &random)
                buffer.writeBytes([UInt8.random(in: 0...0x20, using: &random), UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)])
                buffer.writeBytes(body)
            }
            context.writeAndFlush(NIOAny(buffer), promise: nil)
            if random.chance(0.1) { context.close(promise: nil) }
        }
    }

    static func listen(seed: UInt64) async throws -> OddStation {
        let count = Mutex<UInt64>(0)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let number = count.withLock { $0 += 1; return $0 }
                return channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Talker(seed: seed &+ number)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return OddStation(port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func close() async { try? await channel.close() }
}
