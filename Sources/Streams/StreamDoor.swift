package import HummingbirdCore
package import Logging
package import NIOCore
internal import ChannelKit
internal import NIOHTTPTypes
package import HTTPTypes
internal import Web

/// Who may listen. Answers at once, from memory.
package protocol StreamAdmission: Sendable {
    func admit(_ request: StreamRequest) -> StreamAnswer
    /// Whose credential a request bears: a connection of somebody we know is not pushed out for a stranger's. Nil: nobody's.
    func whose(_ head: HTTPRequest) -> String?
    /// Somebody was turned away, or lost a line to a newer one of the same device.
    func turnedAway(_ request: StreamRequest, status: Int, detail: String, peer: String?)
}

package struct StreamRequest: Sendable {
    /// With the query.
    package var target: String
    package var token: String?
    package var lastEventID: String?
    /// As it was signed, where it was (RFC 9421).
    package var authorization, signatureInput, signature: String?
    /// For whom a proxy says it speaks.
    package var forwardedFor: String?
    /// HTTP/1.0, or a client that wants the connection closed behind the answer: no chunks.
    package var isBare = false

    /// Where this tablet was. An id nobody can read is a position in no run of ours: it is told `resync` and everything
    /// in force, as it may have missed anything.
    var since: StreamPosition? {
        guard let lastEventID, !lastEventID.isEmpty else { return nil }
        return StreamPosition(lastEventID) ?? StreamPosition(epoch: 0, offset: 0)
    }
}

package enum StreamAnswer: Sendable {
    case welcome(StreamListener)
    /// A problem document (RFC 9457) of that status.
    case refused(status: Int, detail: String)
    /// 401 of a type of its own: this device was revoked here.
    /// - Parameters:
    ///   - seal: the town's own word on it, as JSON.
    ///   - why: where no person decided it.
    case revoked(device: String, seal: [UInt8]?, why: String? = nil)
    /// 401 of a type of its own; with the nonce of the next try, where one more try is worth it.
    case doubted(type: String, detail: String, nonce: String?)
}

/// The server's child channel: looks at the first bytes of a connection and hands it either to the stream, which then
/// needs no HTTP machinery at all, or to Hummingbird.
///
///     accept ──▶ Doorkeeper: a place? ──▶ ConnectionWatch ──▶ PeekHandler ──"GET /v1/stream"──▶ StreamConnection alone
///                                                                        └──anything else─────▶ HTTP/1, StreamTurnstile, Hummingbird
///
/// Measured with 10,000 tablets, a response body inside Hummingbird costs 2.5 times the processor time of this.
package struct StreamDoor: ServerChildChannel {
    package struct Value: ServerChildChannelValue {
        package let channel: any Channel
        /// Nil when it became a tablet's line.
        fileprivate let http: EventLoopFuture<HTTP1Channel.Value?>
    }

    private let http: HTTP1Channel
    private let hub: StreamHub
    private let admission: any StreamAdmission
    private let keeper: Doorkeeper

    package init(
        hub: StreamHub, admission: any StreamAdmission, keeper: Doorkeeper, responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.hub = hub
        self.admission = admission
        self.keeper = keeper
        http = HTTP1Channel(
            responder: responder,
            configuration: .init(
                additionalChannelHandlers: [
                    RequestMarks(whose: { admission.whose($0) }), StreamTurnstile(hub: hub, admission: admission),
                ],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100)))
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let decided = channel.eventLoop.makePromise(of: HTTP1Channel.Value?.self)
        let http = http
        let peek = PeekHandler(hub: hub, admission: admission, decided: { connection in
            if connection {
                decided.succeed(nil)
            } else {
                http.setup(channel: channel, logger: logger).map { $0 }.cascade(to: decided)
            }
        }, gone: { decided.fail(ChannelError.eof) })
        // Not the decision itself: a server channel lets its child read only once this future is there.
        let keeper = keeper
        return channel.eventLoop.makeCompletedFuture {
            do {
                guard keeper.enter(channel) else { throw ChannelError.eof }
                try channel.pipeline.syncOperations.addHandler(ConnectionWatch(keeper))
                try channel.pipeline.syncOperations.addHandler(peek)
            } catch {
                decided.fail(error)
                throw error
            }
            return Value(channel: channel, http: decided.futureResult)
        }
    }

    package func handle(value: Value, logger: Logger) async {
        do {
            if let inner = try await value.http.get() { await http.handle(value: inner, logger: logger) }
        } catch {
            // It closed before it said what it wants.
            logger.debug("connection without a request", metadata: ["error": "\(error)"])
        }
    }
}

/// Turns a channel into a tablet's line.
enum StreamUpgrade {
    static let head = """
        HTTP/1.1 200 OK\r
        Content-Type: text/event-stream\r
        Cache-Control: no-store\r
        X-Accel-Buffering: no\r
        X-Content-Type-Options: nosniff\r
        Connection: close\r\n
        """
    static let chunkedEnd = "Transfer-Encoding: chunked\r\n\r\n"

    /// Writes the head and the past and seats the tablet; or refuses and closes. On the channel's loop.
    static func perform(
        _ request: StreamRequest, channel: any Channel, hub: StreamHub, admission: any StreamAdmission
    ) {
        let peer = channel.remoteAddress?.ipAddress
        switch admission.admit(request) {
        case .refused(let status, let detail):
            admission.turnedAway(request, status: status, detail: detail, peer: peer)
            refuse(status, detail, channel: channel)
        case .revoked(let device, let seal, let why):
            admission.turnedAway(request, status: 401, detail: "この端末の登録は取り消されました (this device was revoked)", peer: peer)
            let word = seal.map { #","seal":\#(String(decoding: $0, as: UTF8.self))"# } ?? ""
            let reason = why.map { #","why":"\#($0)""# } ?? ""
            let type = #""type":"urn:noroshi:problem:device-revoked","device":"\#(device)"\#(reason)\#(word)"#
            refuse(401, "この端末の登録は取り消されました (this device was revoked)", type: type, channel: channel)
        case .doubted(let type, let detail, let nonce):
            admission.turnedAway(request, status: 401, detail: detail, peer: peer)
            refuse(401, detail, type: #""type":"\#(type)""#, more: nonce.map { "Noroshi-Nonce: \($0)\r\n" } ?? "", channel: channel)
        case .welcome(let listener):
            let connection = StreamConnection(listener: listener, isBare: request.isBare)
            do {
                try channel.pipeline.syncOperations.addHandler(connection, position: place(in: channel))
                try channel.syncOptions?.setOption(
                    .writeBufferWaterMark, value: .init(low: StreamHub.bufferBound / 2, high: StreamHub.bufferBound))
            } catch {
                channel.close(promise: nil)
                return
            }
            guard let greeting = hub.join(connection, since: request.since, on: channel.eventLoop) else {
                return refuse(503, "ハブを終了しています (the hub is closing)", channel: channel)
            }
            let watch = try? channel.pipeline.syncOperations.handler(type: ConnectionWatch.self)
            watch?.becameLine(of: "device:\(listener.device)")
            if connection.ousts {
                admission.turnedAway(
                    request, status: 200, detail: "同じ端末の古い回線を閉じました (too many lines of one device: an older one was closed)", peer: peer)
            }
            var buffer = ByteBuffer(string: head + (request.isBare ? "\r\n" : chunkedEnd))
            buffer.writeImmutableBuffer(request.isBare ? greeting : ServerSentEvent.framed(greeting))
            connection.greet(buffer)
        }
    }

    /// Before all that is ours, and behind TLS where there is some: what is written here is never to go out in clear.
    private static func place(in channel: any Channel) -> ChannelPipeline.SynchronousOperations.Position {
        (try? channel.pipeline.syncOperations.handler(type: ConnectionWatch.self)).map { .before($0) } ?? .first
    }

    private static func refuse(
        _ status: Int, _ detail: String, type: String = #""type":"about:blank""#, more: String = "", channel: any Channel
    ) {
        let (reason, japanese) =
            switch status {
            case 400: ("Bad Request", "依頼が読めません")
            case 401: ("Unauthorized", "認証が必要です")
            case 403: ("Forbidden", "許されていません")
            default: ("Service Unavailable", "いまは受け付けられません")
            }
        let body = #"{\#(type),"title":"\#(japanese) (\#(reason))","status":\#(status),"detail":"\#(detail)"}"#
        let challenge = status == 401 ? "WWW-Authenticate: Bearer\r\n" : ""
        let text = """
            HTTP/1.1 \(status) \(reason)\r
            \(challenge)\(more)X-Content-Type-Options: nosniff\r
            Content-Type: application/problem+json\r
            Content-Length: \(body.utf8.count)\r
            Cache-Control: no-store\r
            Connection: close\r
            \r
            \(body)
            """
        // Straight to the socket: on a connection that was HTTP before, the handlers above expect response parts.
        let writer = RawWriter()
        do { try channel.pipeline.syncOperations.addHandler(writer, position: place(in: channel)) } catch {}
        writer.writeAndClose(ByteBuffer(string: text))
    }
}

private final class RawWriter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var context: ChannelHandlerContext?
    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func writeAndClose(_ buffer: ByteBuffer) {
        guard let context else { return }
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(NIOAny(buffer), promise: written)
    }
}

/// Reads until it is clear what the connection wants. Bounded in octets; in time by `ConnectionWatch`.
private final class PeekHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The longest request head of a tablet that is read here.
    static let bound = 8 * 1024

    private let hub: StreamHub
    private let admission: any StreamAdmission
    private let decided: (Bool) -> Void
    private let gone: () -> Void
    private var seen = ByteBuffer()
    private var isDecided = false

    init(
        hub: StreamHub, admission: any StreamAdmission, decided: @escaping (Bool) -> Void, gone: @escaping () -> Void
    ) {
        self.hub = hub
        self.admission = admission
        self.decided = decided
        self.gone = gone
    }

    func handlerAdded(context: ChannelHandlerContext) {
        hub.opened()
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()?()
        context.fireChannelInactive()
    }

    /// A connection that comes while the server stops is closed before it ever was active.
    func handlerRemoved(context: ChannelHandlerContext) { finish()?() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
        if case ChannelEvent.inputClosed = event, !isDecided { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        var buffer = unwrapInboundIn(data)
        seen.writeBuffer(&buffer)
        switch StreamHead.look(at: seen.readableBytesView, bound: Self.bound) {
        case .more: break
        case .other:
            // The first line tells the version.
            guard seen.readableBytesView.contains(0x0A) || seen.readableBytes >= Self.bound else { break }
            passOn(context)
        case .stream(let request):
            _ = finish()
            let channel = context.channel
            decided(true)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            StreamUpgrade.perform(request, channel: channel, hub: hub, admission: admission)
        }
    }

    private func passOn(_ context: ChannelHandlerContext) {
        _ = finish()
        decided(false)
        let isOld = StreamHead.isOld(seen)
        if isOld, let turnstile = try? context.pipeline.syncOperations.handler(type: StreamTurnstile.self) { turnstile.isOld = true }
        context.fireChannelRead(wrapInboundOut(isOld ? StreamHead.closing(seen) : seen))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// Nil when it was decided before.
    private func finish() -> (() -> Void)? {
        guard !isDecided else { return nil }
        isDecided = true
        hub.decided()
        return gone
    }
}

/// The same door on a connection that has carried other requests before: browsers keep connections open and use
/// them again.
final class StreamTurnstile: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let hub: StreamHub
    private let admission: any StreamAdmission
    private var isTaken = false
    /// The client speaks HTTP/1.0. Its connection carries one request, since it is closed behind it.
    var isOld = false

    init(hub: StreamHub, admission: any StreamAdmission) {
        self.hub = hub
        self.admission = admission
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isTaken { return }
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        // HTTP/1.0 asks for no Host; behind this door every request has one.
        if isOld, head.authority == nil { head.authority = "localhost" }
        guard head.method == .get, let path = head.path, path == "/v1/stream" || path.hasPrefix("/v1/stream?"),
            let host = head.authority, HostField.isValid(host), !head.headerFields.contains(where: { $0.name.canonicalName == "host" })
        else { return context.fireChannelRead(wrapInboundOut(.head(head))) }
        isTaken = true
        var request = StreamRequest(target: path)
        request.isBare = isOld || head.headerFields[.connection]?.lowercased() == "close"
        for field in head.headerFields { StreamHead.take(field.name.canonicalName, field.value, into: &request) }
        StreamUpgrade.perform(request, channel: context.channel, hub: hub, admission: admission)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
    }
}
