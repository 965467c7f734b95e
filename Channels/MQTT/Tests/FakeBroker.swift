import ChannelKit
import ChannelKitTesting
import Foundation
import NIOCore
import NIOPosix
import Synchronization

@testable import MQTT

/// A small broker on loopback that misbehaves as it is told, for what a real one cannot be brought to. What it holds is read as a sign
/// would read it: the last message of each topic.
final class FakeBroker: ConformanceFarEnd {
    struct Said: Sendable {
        let topic: String
        let payload: [UInt8]
        let retained: Bool
        let number: UInt16
    }

    private struct State {
        var behaviour = FarEndBehaviour.well
        var said: [Said] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var isDown = false
        var seen = 0
        var hello: [[UInt8]] = []
    }
    private let state = Mutex(State())
    private let place: HeldPort
    private let steps = Tally()
    private let version: String
    private let isDrill: Bool
    /// CONNACK's code, and PUBACK's where it is not as the behaviour has it.
    let refusal: UInt8?
    let verdict: UInt8?
    /// What CONNACK says of the broker, in a 5.
    let properties: [UInt8]

    init(version: String = "5", isDrill: Bool = false, refusal: UInt8? = nil, verdict: UInt8? = nil, properties: [UInt8] = []) throws {
        place = try HeldPort()
        (self.version, self.isDrill, self.refusal, self.verdict, self.properties) = (version, isDrill, refusal, verdict, properties)
    }

    var repertoire: Set<FarEndBehaviour> { version == "5" ? Set(FarEndBehaviour.allCases) : Set(FarEndBehaviour.allCases).subtracting([.refusing, .busy]) }
    var topic: String { (isDrill ? "drill/" : "") + "kesennuma/sirens/harbour" }
    var settings: [String: String] { ["server": "mqtt://127.0.0.1:\(place.number)", "topic": topic, "version": version] }
    var forbiddenSettings: [[String: String]] {
        [settings.merging(["topic": isDrill ? "kesennuma/sirens/harbour" : "drill/kesennuma/sirens/harbour"]) { $1 },
         settings.merging(["topic": "\(isDrill ? "drill/" : "")a/#"]) { $1 }, settings.merging(["server": "http://127.0.0.1"]) { $1 }]
    }

    var said: [Said] { state.withLock(\.said) }
    /// CONNECT as it came, of each connection.
    var hellos: [[UInt8]] { state.withLock(\.hello) }
    func reaches(_ count: Int) async { await steps.reaches(count) }
    var stepCount: Int { steps.count }

    func start() async throws { try await listen() }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        state.withLock { state in
            (state.behaviour, state.seen) = (behaviour, steps.count)
        }
        switch behaviour {
        case .gone: await goDown()
        case .back:
            state.withLock { state in (state.behaviour, state.isDown) = (.well, false) }
            try await listen()
        default: break
        }
    }

    func arrived() async { await steps.reaches(state.withLock { $0.seen } + 1) }

    func messagesHeld() async -> [HeldMessage] { Sign.held(said.map { ($0.topic, String(decoding: $0.payload, as: UTF8.self)) }, topic + "/state") }

    func stop() async { await goDown() }

    func goDown() async {
        let (listener, connections) = state.withLock { state in
            state.isDown = true
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close()  // closed already is as good
        for connection in connections { try? await connection.close() }
    }

    /// To everybody who is there.
    func send(_ octets: [UInt8]) {
        for connection in state.withLock({ Array($0.connections.values) }) {
            connection.writeAndFlush(connection.allocator.buffer(bytes: octets), promise: nil)
        }
    }

    /// A program that another test starts just now holds a copy of our old socket until it has begun: then the port is not free yet.
    private func listen() async throws {
        for _ in 0..<10_000 {
            do {
                return try await listenOnce()
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                await Task.yield()
            }
        }
        try await listenOnce()
    }

    private func listenOnce() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(BrokerConversation(self)) }
            }
            .bind(host: "127.0.0.1", port: place.number).get()
        state.withLock { $0.listener = channel }
    }

    fileprivate func joined(_ channel: any Channel) {
        let isLate = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = channel
            return state.isDown
        }
        if isLate { channel.close(promise: nil) }
    }
    fileprivate func left(_ channel: any Channel) { state.withLock { $0.connections[ObjectIdentifier(channel)] = nil } }

    /// What it answers to one packet.
    fileprivate func answer(_ head: UInt8, _ rest: [UInt8]) -> [UInt8] {
        defer { steps.add() }
        let (behaviour, isFive) = (state.withLock(\.behaviour), version == "5")
        let right: [UInt8]
        switch head >> 4 {
        case 1:
            state.withLock { $0.hello.append(rest) }
            let code = refusal ?? 0
            right = isFive ? Packet.packet(0x20, [0, code] + Packet.length(properties.count) + properties) : [0x20, 2, 0, code]
        case 3:
            let length = Int(rest[0]) << 8 | Int(rest[1])
            let topic = String(decoding: rest[2..<(2 + length)], as: UTF8.self)
            let number = Array(rest[(2 + length)..<(4 + length)])
            let payload = Array(rest[(4 + length + (isFive ? 1 + Int(rest[4 + length]) : 0))...])
            let code: UInt8 = verdict ?? (behaviour == .refusing ? 0x87 : behaviour == .busy ? 0x97 : 0)
            if code < 0x80 || topic.hasSuffix("/hub") {
                state.withLock { $0.said.append(.init(topic: topic, payload: payload, retained: head & 1 != 0, number: UInt16(number[0]) << 8 | UInt16(number[1]))) }
            }
            right = code == 0 ? [0x40, 2] + number : [0x40, 3] + number + [code]
        case 8: right = Packet.packet(0x90, Array(rest.prefix(2)) + (isFive ? [0] : []) + [1, 1])
        case 12: right = [0xD0, 0]
        default: right = []
        }
        switch behaviour {
        case .silent: return []
        case .slow: return Array(right.prefix(1))
        case .lying: return right.isEmpty ? [] : Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        default: return right
        }
    }
}

private final class BrokerConversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let broker: FakeBroker
    private var pending: [UInt8] = []

    init(_ broker: FakeBroker) { self.broker = broker }

    func channelActive(context: ChannelHandlerContext) { broker.joined(context.channel) }
    func channelInactive(context: ChannelHandlerContext) { broker.left(context.channel) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending += unwrapInboundIn(data).readableBytesView
        while pending.count > 1 {
            var (count, place) = (0, 1)
            while place < pending.count {
                count |= Int(pending[place] & 0x7F) << (7 * (place - 1))
                place += 1
                if pending[place - 1] & 0x80 == 0 { break }
            }
            guard pending.count >= place + count, pending[place - 1] & 0x80 == 0 else { return }
            let answer = broker.answer(pending[0], Array(pending[place..<(place + count)]))
            pending.removeFirst(place + count)
            if !answer.isEmpty { context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: answer)), promise: nil) }
        }
    }
}

/// A sign: what it reads of its topic.
enum Sign {
    struct State: Decodable {
        struct Item: Decodable {
            struct Text: Decodable { var title: String, body: String }
            var id: String, event: String, delivery: String, valid_until: String, mode: String, gravity: String, level: Int?
            var texts: [String: Text]
        }
        var form: Int, mode: String, town: String, sign: String, serial: Int, again: Bool, said: Item?
        var standing: [Item]
    }

    static func held(_ said: [(topic: String, payload: String)], _ topic: String) -> [HeldMessage] {
        guard let last = said.last(where: { $0.topic == topic }), let state = try? JSONDecoder().decode(State.self, from: Data(last.payload.utf8)) else { return [] }
        return state.standing.map { HeldMessage(id: $0.delivery, text: $0.texts["ja"].map { $0.title + "\n" + $0.body }) }
    }
}
