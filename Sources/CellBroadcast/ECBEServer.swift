import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// What was asked over HTTP, read and sorted.
enum ECBERequest: Sendable {
    case create(ECBEMessage)
    case delete(UInt16)
    /// Of our own: what is on the air.
    case list
    /// The answer is known without asking anybody.
    case refused(ECBEReply)
}

struct ECBEReply: Sendable, Hashable {
    let status: Int
    let text: String
    /// What the controllers said, where they were asked.
    var controllers: ControllerCount?
    var type = "text/plain; charset=utf-8"

    init(_ status: Int, _ text: String, controllers: ControllerCount? = nil) {
        self.status = status
        self.text = text
        self.controllers = controllers
    }
}

/// The HTTP side of the centre: two calls, plain-text answers, everything bounded. No TLS and no authentication, as
/// the interface has none: it listens on loopback.
struct ECBEServer: Sendable {
    let host: String
    let port: Int
    let bodyLimit: Int
    let connectionLimit: Int

    /// A connection that says nothing for this long is closed.
    private static let idleLimit = TimeAmount.seconds(30)
    private static let base = "/api/ecbe/v1/message"

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

    func run(
        onBound: @Sendable (Int) -> Void, answer: @escaping @Sendable (ECBERequest) async -> ECBEReply
    ) async throws {
        let seats = Seats(connectionLimit)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Self.setUp(channel, requestLimit: bodyLimit + 16384) }
            }
        onBound(server.channel.localAddress?.port ?? port)
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    guard seats.take() else {
                        try? await connection.channel.close()
                        continue
                    }
                    group.addTask {
                        // One client's broken line is no concern of the others.
                        try? await serve(connection, answer)
                        seats.giveBack()
                    }
                }
            }
        }
    }

    private static func setUp(_ channel: any Channel, requestLimit: Int) throws -> Connection {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers(IdleStateHandler(allTimeout: idleLimit), IdleCloser(), RequestSize(limit: requestLimit))
        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
        try pipeline.addHandler(ResponseParts())
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(
                inboundType: HTTPServerRequestPart.self, outboundType: HTTPPart<HTTPResponseHead, ByteBuffer>.self))
    }

    private func serve(
        _ connection: Connection, _ answer: @Sendable (ECBERequest) async -> ECBEReply
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let next):
                    head = next
                    body = []
                case .body(let buffer):
                    if body.count <= bodyLimit { body += buffer.readableBytesView }
                case .end:
                    guard let asked = head else { return }
                    let reply = await answer(request(asked, body))
                    try await outbound.write(contentsOf: Self.parts(reply, keepAlive: asked.isKeepAlive))
                    if !asked.isKeepAlive { return }
                    head = nil
                }
            }
        }
    }

    private static func parts(_ reply: ECBEReply, keepAlive: Bool) -> [HTTPPart<HTTPResponseHead, ByteBuffer>] {
        let text = ByteBuffer(string: reply.text)
        var headers: HTTPHeaders = [
            "Content-Type": reply.type, "Content-Length": "\(text.readableBytes)",
            "Connection": keepAlive ? "keep-alive" : "close",
        ]
        if let controllers = reply.controllers { headers.add(name: ControllerCount.header, value: controllers.description) }
        return [
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)),
            .body(text), .end(nil),
        ]
    }

    private func request(_ head: HTTPRequestHead, _ body: [UInt8]) -> ECBERequest {
        let path = head.uri.split(separator: "?", maxSplits: 1).first.map(String.init) ?? ""
        guard path == Self.base || path.hasPrefix(Self.base + "/") else { return .refused(ECBEReply(404, "Not Found")) }
        // A length of our own; of a shorter path nothing is left.
        let rest = path.dropFirst(Self.base.count + 1)
        switch (head.method, rest.isEmpty) {
        case (.POST, true): return created(body)
        case (.GET, true): return .list
        case (.DELETE, false):
            guard let identifier = UInt16(rest) else {
                return .refused(ECBEReply(400, "REST: \(rest.prefix(20)) is no message id"))
            }
            return .delete(identifier)
        default: return .refused(ECBEReply(405, "Method Not Allowed"))
        }
    }

    private func created(_ body: [UInt8]) -> ECBERequest {
        guard body.count <= bodyLimit else {
            return .refused(ECBEReply(413, "REST: the body is longer than \(bodyLimit) octets"))
        }
        do {
            return .create(try JSONDecoder().decode(ECBEMessage.self, from: Data(body)))
        } catch let error as DecodingError {
            return .refused(ECBEReply(400, "REST: \(Self.words(error))"))
        } catch {
            return .refused(ECBEReply(400, "REST: \(error)"))
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(place(context.codingPath)) has the wrong type"
        case .dataCorrupted(let context): return "\(place(context.codingPath)) \(context.debugDescription)"
        @unknown default: return "not understood"
        }
    }
}
