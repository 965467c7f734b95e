import AlertModel
import CellBroadcast
import ChannelKitTesting
import NIOCore
import NIOPosix
import Synchronization

/// A base-station controller that really listens and answers as osmo-bsc does, for the suite every channel runs.
final class ControllerFarEnd: ConformanceFarEnd {
    /// What it broadcasts, and how it behaves. Outlives its connections.
    fileprivate final class Cell: Sendable {
        struct Held {
            var messages: [UInt16: CBSPMessage] = [:]
            var behaviour = FarEndBehaviour.well
            var requests = 0
            var waiting: [(Int, CheckedContinuation<Void, Never>)] = []
        }
        let held = Mutex(Held())
    }

    private let cell = Cell()
    private let seen = Mutex(0)
    private let server = Mutex<(any Channel)?>(nil)
    private let connections: NIOLoopBoundBox<[any Channel]>
    private let loop: any EventLoop
    private let port = Mutex(0)
    /// An address of its own: a port of 127.0.0.1 that is free for a moment is soon somebody else's.
    private let host = "127." + (0..<3).map { _ in "\(Int.random(in: 16...250))" }.joined(separator: ".")

    init() {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        connections = .makeBoxSendingValue([], eventLoop: loop)
    }

    /// A controller asks for no pause, and there is no half answer that is not silence.
    let repertoire: Set<FarEndBehaviour> = [.well, .silent, .refusing, .lying, .gone, .back]
    var settings: [String: String] { ["protocol": "cbsp", "url": "cbsp://\(host):\(port.withLock { $0 })"] }

    func start() async throws {
        let server = try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [cell, connections] channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.value.append(channel)
                    try channel.pipeline.syncOperations.addHandler(Answers(cell))
                }
            }
            .bind(host: host, port: port.withLock { $0 }).get()
        port.withLock { $0 = server.localAddress?.port ?? 0 }
        self.server.withLock { $0 = server }
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        seen.withLock { seen in
            seen = cell.held.withLock { held in
                held.behaviour = behaviour
                return held.requests
            }
        }
        if behaviour == .gone { await stop() }
        if behaviour == .back { try await start() }
    }

    func arrived() async {
        let wanted = seen.withLock { $0 } + 1
        await withCheckedContinuation { continuation in
            let isThere = cell.held.withLock { held in
                if held.requests >= wanted { return true }
                held.waiting.append((wanted, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func messagesHeld() async -> [HeldMessage] {
        cell.held.withLock { $0.messages }.sorted { $0.key < $1.key }.map { HeldMessage(id: "\($0)", text: $1.text) }
    }

    func stop() async {
        try? await server.withLock { $0 }?.close()  // closed already is as good
        let open = try? await loop.submit { [connections] in
            defer { connections.value = [] }
            return connections.value
        }.get()
        for channel in open ?? [] { try? await channel.close() }
    }
}

/// One connection. The codec's own frames are not used: a length of three octets is soon read.
private final class Answers: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let cell: ControllerFarEnd.Cell
    private var octets: [UInt8] = []

    init(_ cell: ControllerFarEnd.Cell) { self.cell = cell }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        octets += unwrapInboundIn(data).readableBytesView
        while octets.count >= 4 {
            let length = 4 + (Int(octets[1]) << 16 | Int(octets[2]) << 8 | Int(octets[3]))
            guard octets.count >= length else { return }
            if let message = try? CBSPMessage(decoding: Array(octets[..<length])), let answer = cell.answer(message) {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
            }
            octets.removeFirst(length)
        }
    }
}

extension ControllerFarEnd.Cell {
    func answer(_ message: CBSPMessage) -> [UInt8]? {
        if message.type == .keepAlive { return CBSPMessage(.keepAliveComplete, []).encoded() }
        let (answer, ready) = held.withLock { held -> ([UInt8]?, [CheckedContinuation<Void, Never>]) in
            held.requests += 1
            let ready = held.waiting.filter { $0.0 <= held.requests }.map(\.1)
            held.waiting.removeAll { $0.0 <= held.requests }
            return (Self.play(&held, message), ready)
        }
        for one in ready { one.resume() }
        return answer
    }

    private static func play(_ held: inout Held, _ message: CBSPMessage) -> [UInt8]? {
        switch held.behaviour {
        case .refusing: return refuse(message, CBSPCause(rawValue: 0x09)).encoded()
        case .lying: return Array("SSH-2.0-OpenSSH\r\n".utf8)
        // The work is done and the answer lost.
        case .silent:
            _ = work(&held, message)
            return nil
        default: return work(&held, message).encoded()
        }
    }

    private static func work(_ held: inout Held, _ message: CBSPMessage) -> CBSPMessage {
        guard let identifier = message.identifier else { return refuse(message, CBSPCause(rawValue: 0x05)) }
        let current = held.messages[identifier]?.newSerial
        switch message.type {
        case .writeReplace:
            if let old = message.oldSerial, current != old { return refuse(message, .referenceNotIdentified) }
            if message.oldSerial == nil, current == message.newSerial { return refuse(message, .referenceAlreadyUsed) }
            held.messages[identifier] = message
            return CBSPMessage(.writeReplaceComplete, named(message) + [.cells(.all), .channel(0)])
        default:
            guard current == message.oldSerial else { return refuse(message, .referenceNotIdentified) }
            held.messages[identifier] = nil
            return CBSPMessage(.killComplete, named(message) + [.cells(.all), .channel(0)])
        }
    }

    private static func refuse(_ message: CBSPMessage, _ cause: CBSPCause) -> CBSPMessage {
        let failure = CellFailure(naming: .areaAndCell, cell: CellName([0, 1, 0, 1]), cause: cause)
        return CBSPMessage(
            message.type == .kill ? .killFailure : .writeReplaceFailure, named(message) + [.failures([failure])])
    }

    private static func named(_ message: CBSPMessage) -> [CBSPElement] {
        message.elements.filter { element in
            switch element {
            case .messageIdentifier, .newSerial, .oldSerial: true
            default: false
            }
        }
    }
}

extension CBSPMessage {
    /// The words of a WRITE-REPLACE; nil for a warning.
    fileprivate var text: String? {
        var scheme: UInt8?
        var pages: [[UInt8]] = []
        for element in elements {
            switch element {
            case .codingScheme(let value): scheme = value
            case .content(let page): pages.append(page)
            default: break
            }
        }
        return scheme.flatMap { try? PagedText(codingScheme: $0, pages: pages).text }
    }
}
