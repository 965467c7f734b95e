/// A WebSocket (RFC 6455) to the outside: libcurl's TLS, and on it SwiftNIO's frames, since libcurl as Debian 12 builds it (7.88)
/// knows none.
///
/// Text messages of bounded size, in fragments or not; pings are answered; a close is answered and ends it. No
/// compression is offered. Client frames are masked, as the RFC asks.
internal import Curl
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOWebSocket

/// Where a WebSocket is: wss, or ws on this machine.
struct WebSocketAddress: Sendable, Hashable {
    let isSecure: Bool
    var host: String
    let port: Int
    /// Path and query, as written.
    let target: String

    static func isThisMachine(_ host: String) -> Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }), let url = URL(string: text),
            let scheme = url.scheme?.lowercased(), let host = url.host()?.lowercased(), !host.isEmpty, url.user() == nil
        else { return nil }
        guard scheme == "wss" || (scheme == "ws" && Self.isThisMachine(host)) else { return nil }
        isSecure = scheme == "wss"
        self.host = host
        port = url.port ?? (isSecure ? 443 : 80)
        let path = url.path(percentEncoded: true)
        target = (path.isEmpty ? "/" : path) + (url.query(percentEncoded: true).map { "?\($0)" } ?? "")
    }
}

struct WebSocketClient: Sendable {
    enum Event: Sendable {
        /// A whole text message.
        case text([UInt8])
        /// A ping or pong of the protocol itself.
        case sign
        /// Nothing follows.
        case ended(String)
    }

    struct Failure: Error { let words: String }

    /// Octets of one message, whole or in fragments.
    static let messageLimit = 8 << 20
    private static let fragmentLimit = 4096
    /// For name, TCP and TLS together, and for the upgrade.
    private static let connectLimit: Duration = .seconds(10)

    private let channel: any Channel

    /// - Parameter onEvent: Called on the event loop, must return soon; `.ended` comes once, if this returned.
    static func connect(
        _ address: WebSocketAddress, protocol name: String, tls: CurlConfiguration.TLS, onEvent: @escaping @Sendable (Event) -> Void
    ) async throws(Failure) -> WebSocketClient {
        do {
            guard let channel = try await upgrade(address, name, tls, onEvent).get() else {
                throw Failure(words: "\(address.host)がWebSocketの許可を受け付けません (does not take the ticket)")
            }
            return WebSocketClient(channel: channel)
        } catch let failure as Failure {
            throw failure
        } catch let failure as SecureLine.Failure {
            throw Failure(words: failure.words)
        } catch {
            throw Failure(words: "\(address.host): \(error)")
        }
    }

    private static func upgrade(
        _ address: WebSocketAddress, _ name: String, _ tls: CurlConfiguration.TLS, _ onEvent: @escaping @Sendable (Event) -> Void
    ) async throws -> EventLoopFuture<(any Channel)?> {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(connectLimit))
        let initializer: @Sendable (any Channel) -> EventLoopFuture<EventLoopFuture<(any Channel)?>> = { channel in
            channel.eventLoop.makeCompletedFuture { try prepare(channel, address, name, onEvent) }
        }
        guard address.isSecure else {
            return try await bootstrap.connect(host: address.host, port: address.port, channelInitializer: initializer)
        }
        let socket = try await SecureLine.connect(host: address.host, port: address.port, tls: tls, limit: connectLimit)
        // The bootstrap's from here on, whatever becomes of it.
        return try await bootstrap.withConnectedSocket(socket, channelInitializer: initializer)
    }

    func send(_ text: [UInt8]) {
        channel.writeAndFlush(frame(.text, ByteBuffer(bytes: text)), promise: nil)
    }

    /// Says so to the far end and waits two seconds at most for its answer.
    func close() async {
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        channel.writeAndFlush(frame(.connectionClose, code), promise: nil)
        let limit = channel.eventLoop.scheduleTask(in: .seconds(2)) { [channel] in channel.close(promise: nil) }
        try? await channel.closeFuture.get()  // closed is closed, however it came
        limit.cancel()
    }

    private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    }

    /// Nil comes out where the far end answers in plain HTTP.
    private static func prepare(
        _ channel: any Channel, _ address: WebSocketAddress, _ name: String, _ onEvent: @escaping @Sendable (Event) -> Void
    ) throws -> EventLoopFuture<(any Channel)?> {
        let pipeline = channel.pipeline.syncOperations
        let upgrader = NIOTypedWebSocketClientUpgrader<(any Channel)?>(maxFrameSize: messageLimit) { channel, head in
            channel.eventLoop.makeCompletedFuture {
                guard head.headers.first(name: "Sec-WebSocket-Protocol") == name else {
                    throw Failure(words: "\(address.host)は\(name)で話せません (does not speak it)")
                }
                try channel.pipeline.syncOperations.addHandlers(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: fragmentLimit,
                        maxAccumulatedFrameSize: messageLimit),
                    WebSocketHandler(onEvent))
                return channel
            }
        }
        let isUsualPort = address.port == (address.isSecure ? 443 : 80)
        let headers: HTTPHeaders = [
            "Host": isUsualPort ? address.host : "\(address.host):\(address.port)",
            "Sec-WebSocket-Protocol": name, "User-Agent": "noroshi",
        ]
        let limit = channel.eventLoop.scheduleTask(in: TimeAmount(connectLimit)) { channel.close(promise: nil) }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target, headers: headers),
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.close(promise: nil)
                    return channel.eventLoop.makeSucceededFuture(nil)
                }))
        // NIO throws away what comes in one packet with the server's yes (2.101.2), which is the first message.
        configuration.leftOverBytesStrategy = .forwardBytes
        let upgrade = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
        upgrade.whenComplete { result in
            limit.cancel()
            if case .failure = result { channel.close(promise: nil) }
        }
        return upgrade
    }
}

private final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let onEvent: @Sendable (WebSocketClient.Event) -> Void
    private var reason = "相手が接続を閉じました (the far end closed it)"

    init(_ onEvent: @escaping @Sendable (WebSocketClient.Event) -> Void) { self.onEvent = onEvent }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: onEvent(.text(Array(frame.unmaskedData.readableBytesView)))
        case .ping:
            reply(.pong, frame.unmaskedData, context)
            onEvent(.sign)
        case .pong: onEvent(.sign)
        case .connectionClose:
            var words = frame.unmaskedData
            if let code = words.readWebSocketErrorCode() {
                reason = "相手が接続を閉じました: \(UInt16(webSocketErrorCode: code)) \(String(buffer: words)) (the far end closed it)"
            }
            reply(.connectionClose, ByteBuffer(bytes: frame.unmaskedData.readableBytesView.prefix(2)), context)
            context.close(promise: nil)
        default: break  // binary: nothing here is sent so
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        onEvent(.ended(reason))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reason = "\(error)"
        context.close(promise: nil)
    }

    private func reply(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
