internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// First on every connection: keeps its `Patience`, hangs up when that is over, and tells the doorkeeper what it is doing.
///
/// One timer a connection, set again only when it rings too early.
final class ConnectionWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let keeper: Doorkeeper
    private var patience: Patience
    private var timer: Scheduled<Void>?
    private var rings = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    /// A tablet's line: `StreamHub` looks after it.
    private var isLine = false

    init(_ keeper: Doorkeeper) {
        self.keeper = keeper
        patience = Patience(now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watch()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        isLine = true
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        patience.heard(unwrapInboundIn(data).readableBytes, now: .now())
        patience.reads(false, now: .now())
        told()
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        patience.reads(true, now: .now())
        watch()
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        patience.isRead(context.channel.isWritable, now: .now())
        told()
        context.fireChannelWritabilityChanged()
    }

    // MARK: what the handlers behind it say

    func asked(by name: String?) {
        patience.asked(now: .now())
        if let context { keeper.name(context.channel, name) }
        told()
    }

    func finished() {
        patience.finished()
        told()
    }

    func answered() {
        patience.answered(now: .now())
        told()
    }

    /// From here on this is a tablet's line.
    func becameLine(of name: String) {
        isLine = true
        timer?.cancel()
        guard let context else { return }
        keeper.name(context.channel, name)
        keeper.turn(context.channel, .answeredTo)
    }

    // MARK: the clock

    private func told() {
        guard let context, !isLine else { return }
        let doing: GuestBook<ObjectIdentifier>.Doing =
            switch patience.stage {
            case _ where patience.isStuck: .asking
            case .silent, .head, .body: .asking
            case .answering: .answeredTo
            case .resting: .resting
            }
        keeper.turn(context.channel, doing)
        watch()
    }

    private func watch() {
        guard let context, !isLine, let deadline = patience.deadline, deadline < rings else { return }
        timer?.cancel()
        rings = deadline
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) { bound.value.rang() }
    }

    private func rang() {
        rings = .distantFuture
        guard let context, !isLine, let deadline = patience.deadline else { return }
        guard deadline <= .now() else { return watch() }
        isLine = true
        guard patience.stage == .head, !patience.isStuck else { return context.close(promise: nil) }
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: Self.tooSlow)), promise: written)
    }

    static let tooSlow: String = {
        let body = #"{"type":"about:blank","title":"時間切れです (Request Timeout)","status":408,"detail":"依頼が途中で止まりました。もう一度送ってください (the request stopped half-way: send it again)"}"#
        return "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }()
}

/// Tells the watch where a request begins and ends, which only the decoder knows.
final class RequestMarks: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let whose: @Sendable (HTTPRequest) -> String?
    private var watch: ConnectionWatch?

    init(whose: @escaping @Sendable (HTTPRequest) -> String?) { self.whose = whose }

    func handlerAdded(context: ChannelHandlerContext) {
        watch = try? context.pipeline.syncOperations.handler(type: ConnectionWatch.self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { watch = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): watch?.asked(by: whose(head))
        case .body: break
        case .end: watch?.finished()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        // Of `100 Continue` and the like there is a head and no end.
        if case .end = unwrapOutboundIn(data) { watch?.answered() }
    }
}
