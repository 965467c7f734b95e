internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A small HTTP/1.1 server on loopback that really listens, and misbehaves as it is told.
///
/// ```swift
/// let gateway = try await FarEndServer { request in request.path == "/v1" ? .answer(201) : .silent }
/// …
/// await gateway.arrived(1)
/// gateway.behave { _ in .nonsense(Array("SSH-2.0".utf8)) }
/// await gateway.stop()
/// ```
package final class FarEndServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        /// Path and query.
        package let path: String
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package indirect enum Reply: Sendable {
        case answer(Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
        /// The whole answer two times for one request.
        case answerTwice(Int, body: [UInt8] = [])
        /// Nothing, and the connection stays open.
        case silent
        /// Header and half of the body, and no more; the connection stays open.
        case halfAnswer(Int)
        /// The same, and the connection is closed.
        case closeMidBody(Int)
        case close
        /// These bytes instead of an answer; then the connection is closed.
        case nonsense([UInt8])
        /// `reply` once the test opens the gate.
        case after(Gate, Reply)
    }

    package typealias Script = @Sendable (Request) -> Reply

    private struct State {
        var script: Script
        var requests: [Request] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var port = 0
        var isDown = false
    }
    private let state: Mutex<State>
    private let tally = Tally()
    private let opened = Tally()

    private let place: HeldPort

    package init(_ script: @escaping Script) async throws {
        state = Mutex(State(script: script))
        place = try HeldPort()
        try await listen(port: place.number)
    }

    /// `http://127.0.0.1:PORT`, the same while it is down and when it is back.
    package var url: String { "http://127.0.0.1:\(port)" }
    package var port: Int { state.withLock { $0.port } }
    package var requests: [Request] { state.withLock { $0.requests } }
    /// Connections accepted since the beginning.
    package var connectionCount: Int { opened.count }

    /// Returns when `count` whole requests have come since the beginning.
    package func arrived(_ count: Int) async { await tally.reaches(count) }

    /// For requests from now on.
    package func behave(_ script: @escaping Script) { state.withLock { $0.script = script } }

    /// Nobody listens any more, and every connection is closed.
    package func goDown() async {
        let listener = state.withLock { state in
            state.isDown = true
            defer { state.listener = nil }
            return state.listener
        }
        try? await listener?.close()  // closed already is as good
        for connection in state.withLock({ Array($0.connections.values) }) { try? await connection.close() }
    }

    /// Listens again, at the same port.
    package func comeBack() async throws {
        guard state.withLock({ $0.isDown }) else { return }
        state.withLock { $0.isDown = false }
        try await listen(port: port)
    }

    package func stop() async { await goDown() }

    private func listen(port: Int) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            // The port's old connections linger for a minute, and we want it back at once.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(FarEndConnection(self))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.withLock { state in
            state.listener = channel
            state.port = channel.localAddress?.port ?? 0
        }
    }

    // MARK: The connection's side

    fileprivate func joined(_ channel: any Channel) {
        let isLate = state.withLock { state in
            state.connections[ObjectIdentifier(channel)] = channel
            return state.isDown  // accepted just before the listener went
        }
        if isLate { channel.close(promise: nil) }
        opened.add()
    }

    fileprivate func left(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
    }

    fileprivate func reply(to request: Request) -> Reply {
        let script = state.withLock { state in
            state.requests.append(request)
            return state.script
        }
        defer { tally.add() }
        return script(request)
    }
}

/// Puts requests together and writes replies as bytes: an encoder would not let us lie.
private final class FarEndConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let server: FarEndServer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: FarEndServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        server.joined(context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.left(context.channel)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes):
            body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            let request = FarEndServer.Request(
                method: head.method.rawValue, path: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: body)
            Self.perform(server.reply(to: request), head.method, on: context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func perform(_ reply: FarEndServer.Reply, _ method: HTTPMethod, on channel: any Channel) {
        switch reply {
        case .answer(let status, let headers, let body):
            write(head(status, headers, length: body.count) + (method == .HEAD ? [] : body), to: channel)
        case .answerTwice(let status, let body):
            let whole = head(status, [], length: body.count) + body
            write(whole + whole, to: channel)
        case .silent: break
        case .halfAnswer(let status):
            write(head(status, [], length: 100) + [UInt8](repeating: 0x20, count: 50), to: channel)
        case .closeMidBody(let status):
            write(head(status, [], length: 100) + [UInt8](repeating: 0x20, count: 50), to: channel, thenClose: true)
        case .close: channel.close(promise: nil)
        case .nonsense(let bytes): write(bytes, to: channel, thenClose: true)
        case .after(let gate, let reply): gate.whenOpen { perform(reply, method, on: channel) }
        }
    }

    private static func head(_ status: Int, _ headers: [(name: String, value: String)], length: Int) -> [UInt8] {
        let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
        var text = "HTTP/1.1 \(status) \(reason)\r\n"
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        // RFC 9110, 8.6: none of these has a length of its own.
        if status >= 200, status != 204, status != 304 { text += "Content-Length: \(length)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private static func write(_ bytes: [UInt8], to channel: any Channel, thenClose: Bool = false) {
        let written = channel.writeAndFlush(ByteBuffer(bytes: bytes))
        if thenClose { written.whenComplete { _ in channel.close(promise: nil) } }
    }
}
