import ChannelKitTesting
import Foundation
import Gzip
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A small DMDATA.JP on loopback: tickets over HTTP, and WebSockets that really speak.
final class SmallDMDATA: Sendable {
    private struct State {
        var tickets: Set<String> = []
        var issued = 0
        var sockets: [any Channel] = []
        var said: [String] = []
        var listener: (any Channel)?
        var port = 0
        /// Where it is reached under TLS.
        var front: Int?
        var isRevoking = false
        var greets = true
        var protocolName = "dmdata.v2"
        /// What time it is there.
        var date = SmallDMDATA.present
    }
    private let state = Mutex(State())
    let api: FarEndServer
    /// WebSockets opened since the beginning.
    let opened = Tally()
    /// Whole messages from the hub, closes among them.
    let heard = Tally()

    init() async throws {
        api = try await FarEndServer { _ in .silent }
        api.behave { [self] in ticket($0) }
        try await listen()
    }

    private static var present: String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = .gmt
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: Date())
    }

    var base: String { "\(api.url)/v2/" }
    /// What the hub said: `text …`, `close 1000`, `pong …`.
    var said: [String] { state.withLock { $0.said } }
    var socketCount: Int { state.withLock { $0.sockets.count } }

    /// Tickets from now on are refused by the WebSocket.
    func revokeTickets(_ isRevoking: Bool = true) { state.withLock { $0.isRevoking = isRevoking } }
    var port: Int { state.withLock { $0.port } }
    /// Tickets from now on name this port, where somebody carries TLS to us.
    func standBehind(port: Int) { state.withLock { $0.front = port } }
    func say(date: String) { state.withLock { $0.date = date } }
    func staySilent() { state.withLock { $0.greets = false } }
    func speak(_ name: String) { state.withLock { $0.protocolName = name } }

    private func ticket(_ request: FarEndServer.Request) -> FarEndServer.Reply {
        guard request.method == "POST", request.path == "/v2/socket",
            request.header("Authorization") == "Basic \(Data("secret-key:".utf8).base64EncodedString())"
        else {
            return .answer(401, body: Array(#"{"status":"error","error":{"message":"Invalid key.","code":401}}"#.utf8))
        }
        let (ticket, place) = state.withLock { state in
            state.issued += 1
            if !state.isRevoking { state.tickets.insert("T\(state.issued)") }
            return ("T\(state.issued)", state.front.map { "wss://localhost:\($0)" } ?? "ws://localhost:\(state.port)")
        }
        let url = "\(place)/v2/websocket?ticket=\(ticket)"
        return .answer(200, headers: [("Date", state.withLock(\.date))], body: Array("""
            {"responseId":"1","status":"ok","ticket":"\(ticket)","websocket":{"id":1,"url":"\(url)","protocol":["dmdata.v2"],"expiration":300},
            "classifications":[],"test":"no","types":null,"formats":["xml"],"appName":"noroshi"}
            """.utf8))
    }

    // MARK: What the test makes it do

    func send(_ text: String, to socket: Int? = nil) { send([(.text, true, text)], to: socket) }

    func send(_ frames: [(WebSocketOpcode, Bool, String)], to socket: Int? = nil) {
        let sockets = state.withLock { state in socket.map { [state.sockets[$0]] } ?? state.sockets }
        for channel in sockets {
            for (opcode, isLast, text) in frames {
                channel.writeAndFlush(
                    WebSocketFrame(fin: isLast, opcode: opcode, data: ByteBuffer(string: text)), promise: nil)
            }
        }
    }

    /// A bulletin as DMDATA wraps it.
    static func data(
        _ text: String, id: String = "abc", type: String = "VXSE51", test: Bool = false, format: String = "xml",
        body: String? = nil
    ) -> String {
        let packed = Data(Gzip.compress(Array(text.utf8))).base64EncodedString()
        return """
            {"type":"data","version":"2.0","classification":"telegram.earthquake","id":"\(id)","passing":[],
            "head":{"type":"\(type)","author":"RJTD","time":"2024-01-01T07:12:42Z","designation":null,"test":\(test),"xml":true},
            "format":"\(format)","compression":"gzip","encoding":"base64","body":"\(body ?? packed)"}
            """
    }

    /// The line is cut without a word.
    func cut() async {
        for channel in state.withLock({ $0.sockets }) { try? await channel.close() }
    }

    func goDown() async {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        try? await listener?.close()
        await cut()
    }

    func comeBack() async throws { try await listen() }

    func stop() async {
        await goDown()
        await api.stop()
    }

    // MARK: The WebSocket

    private func listen() async throws {
        let port = state.withLock { $0.port }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel) }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { state in
            state.listener = channel
            state.port = channel.localAddress?.port ?? 0
        }
    }

    private func prepare(_ channel: any Channel) throws {
        let upgrader = NIOTypedWebSocketServerUpgrader<Void>(
            maxFrameSize: 1 << 20,
            shouldUpgrade: { [self] channel, head in
                let ticket = head.uri.split(separator: "=").last.map(String.init) ?? ""
                let headers: HTTPHeaders? = state.withLock { state in
                    let isGood = state.tickets.remove(ticket) != nil && head.headers.first(name: "Sec-WebSocket-Protocol") == "dmdata.v2"
                    return isGood ? ["Sec-WebSocket-Protocol": state.protocolName] : nil
                }
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { [self] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Socket(self))
                }
            })
        _ = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(configuration: .init(
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Refuser()) }
                })))
    }

    private final class Refuser: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            let head = HTTPResponseHead(version: .http1_1, status: .forbidden, headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private final class Socket: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame
        private let server: SmallDMDATA
        init(_ server: SmallDMDATA) { self.server = server }

        func handlerAdded(context: ChannelHandlerContext) {
            let greets = server.state.withLock { state in
                state.sockets.append(context.channel)
                return state.greets
            }
            if greets {
                let start = ByteBuffer(string: #"{"type":"start","socketId":1,"classifications":[],"test":"no","time":"2024-01-01T00:00:00.000Z"}"#)
                context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: start)), promise: nil)
            }
            server.opened.add()
        }

        func channelInactive(context: ChannelHandlerContext) {
            server.state.withLock { state in state.sockets.removeAll { $0 === context.channel } }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            var words = frame.unmaskedData
            let mask = frame.maskKey == nil ? "unmasked " : ""
            switch frame.opcode {
            case .text: hear("\(mask)text \(String(buffer: words))")
            case .pong: hear("\(mask)pong \(String(buffer: words))")
            case .connectionClose:
                hear("\(mask)close \(words.readWebSocketErrorCode().map { "\(UInt16(webSocketErrorCode: $0))" } ?? "")")
                context.close(promise: nil)
            default: break
            }
        }

        private func hear(_ words: String) {
            server.state.withLock { $0.said.append(words) }
            server.heard.add()
        }
    }
}
