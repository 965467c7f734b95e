import NIOCore
import NIOPosix
import Synchronization

@testable import CellBroadcast

/// A base-station controller that really listens on loopback and answers as osmo-bsc 1.9.0 does: RESTART on connect,
/// "already used" for a second WRITE, "not identified" for an unknown KILL.
final class FakeController: Sendable {
    struct Held: Sendable {
        var onAir: [UInt16: SerialNumber] = [:]
        var heard: [CBSPMessage] = []
        var refusal: CBSPCause?
        var isSilent = false
    }

    private let brain = Brain()
    private let server: any Channel
    private let connections: NIOLoopBoundBox<[any Channel]>
    /// An address of its own: a port of 127.0.0.1 that is free for a moment is soon somebody else's.
    let host: String
    let port: Int

    /// Anywhere, or where `old` was. A controller that starts has lost its messages.
    static func start(insteadOf old: FakeController? = nil) async throws -> FakeController {
        let host = old?.host ?? "127." + (0..<3).map { _ in "\(Int.random(in: 16...250))" }.joined(separator: ".")
        return try await FakeController(host, old?.port ?? 0)
    }

    private init(_ host: String, _ port: Int) async throws {
        self.host = host
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let connections = NIOLoopBoundBox<[any Channel]>.makeBoxSendingValue([], eventLoop: loop)
        server = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [brain] channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.value.append(channel)
                    try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(CBSPFrames()), Behaviour(brain))
                }
            }
            .bind(host: host, port: port).get()
        self.connections = connections
        self.port = server.localAddress?.port ?? 0
    }

    var onAir: [UInt16: SerialNumber] { brain.held.withLock { $0.onAir } }
    var heard: [CBSPMessage] { brain.held.withLock { $0.heard } }
    /// Every message, once it is decided what it is answered.
    var ear: Heard<CBSPMessage> { brain.ear }
    func set(refusal: CBSPCause? = nil, silent: Bool = false) {
        brain.held.withLock {
            $0.refusal = refusal
            $0.isSilent = silent
        }
    }

    /// Ends, connections and all.
    func stop() async throws {
        try await server.close()
        let open = try await server.eventLoop.submit { [connections] in connections.value }.get()
        for channel in open { try? await channel.close() }
    }

    /// Cuts the line without losing messages.
    func cut() async throws {
        let open = try await server.eventLoop.submit { [connections] in
            defer { connections.value = [] }
            return connections.value
        }.get()
        for channel in open { try? await channel.close() }
    }

    private final class Behaviour: ChannelInboundHandler {
        typealias InboundIn = Result<CBSPMessage, CBSPError>
        typealias OutboundOut = ByteBuffer
        private let brain: Brain
        init(_ brain: Brain) { self.brain = brain }

        func channelActive(context: ChannelHandlerContext) {
            let restart = CBSPMessage(.restart, [.cells(.all), .broadcastType(0), .recovery(1)])
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: restart.encoded())), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .success(let message) = unwrapInboundIn(data), let answer = brain.answer(message) else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer.encoded())), promise: nil)
        }
    }
}

/// What the controller knows and says.
private final class Brain: Sendable {
    typealias Held = FakeController.Held
    let held = Mutex(Held())
    let ear = Heard<CBSPMessage>()

    func answer(_ message: CBSPMessage) -> CBSPMessage? {
        defer { ear.hear(message) }
        return held.withLock { held in
            held.heard.append(message)
            guard !held.isSilent else { return nil }
            if let cause = held.refusal, message.type == .writeReplace { return Self.refuse(message, cause) }
            switch message.type {
            case .writeReplace: return Self.write(&held, message)
            case .kill: return Self.kill(&held, message)
            case .keepAlive: return CBSPMessage(.keepAliveComplete, [])
            case .reset:
                held.onAir = [:]
                return CBSPMessage(.resetComplete, [.cells(.all)])
            case .loadQuery:
                return CBSPMessage(.loadQueryComplete, [.loads(LoadList(naming: .cell, items: [.init(cell: CellName([0, 1]), load: 0x4040)])), .channel(0)])
            default: return nil
            }
        }
    }

    private static func write(_ held: inout Held, _ message: CBSPMessage) -> CBSPMessage? {
        guard let identifier = message.identifier, let serial = message.newSerial else { return nil }
        if let old = message.oldSerial, held.onAir[identifier] != old { return refuse(message, .referenceNotIdentified) }
        if message.oldSerial == nil, held.onAir[identifier] == serial { return refuse(message, .referenceAlreadyUsed) }
        held.onAir[identifier] = serial
        return CBSPMessage(.writeReplaceComplete, [.messageIdentifier(identifier), .newSerial(serial), .cells(.all), .channel(0)])
    }

    private static func kill(_ held: inout Held, _ message: CBSPMessage) -> CBSPMessage? {
        guard let identifier = message.identifier, let serial = message.oldSerial else { return nil }
        guard held.onAir[identifier] == serial else { return refuse(message, .referenceNotIdentified) }
        held.onAir[identifier] = nil
        return CBSPMessage(.killComplete, [.messageIdentifier(identifier), .oldSerial(serial), .cells(.all), .channel(0)])
    }

    private static func refuse(_ message: CBSPMessage, _ cause: CBSPCause) -> CBSPMessage? {
        guard let identifier = message.identifier else { return nil }
        let failures = [CellFailure(naming: .areaAndCell, cell: CellName([0, 1, 0, 2]), cause: cause)]
        return message.type == .kill
            ? CBSPMessage(.killFailure, [.messageIdentifier(identifier), .oldSerial(message.oldSerial ?? SerialNumber(encoded: 0)), .failures(failures)])
            : CBSPMessage(.writeReplaceFailure, [.messageIdentifier(identifier), .newSerial(message.newSerial ?? SerialNumber(encoded: 0)), .failures(failures)])
    }
}

/// Events as they come, to wait for one without a clock.
final class Heard<Event: Sendable>: Sendable {
    private let stream: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000)) }
    func hear(_ event: Event) { continuation.yield(event) }

    /// The first event from here on that `isIt`.
    func next(_ isIt: @Sendable (Event) -> Bool) async -> Event? { await stream.first(where: isIt) }
}
