/// The door of a hub that stands by: it says who is on duty, and does nothing else.
///
///     GET, HEAD           307 to the hub on duty: reading goes on there
///     anything else       421 with its name and address: an act is done there, and by whoever meant it
///     nobody is on duty   503: somebody is in some seconds
///     /healthz            200: the program runs          /readyz   503: nobody is to be sent here
///
/// Name: connections at the door of a hub that stands by. Bound: 512, of ten seconds and one answer each. Gauge: none. When it is full the new
/// one is closed.
import Foundation
import LedgerPostgres
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One of several hubs over one record.
struct HubSeat: Sendable {
    var name: String
    /// Where the others send whoever asks them.
    var address: String
}

final class StandbyDoor: Sendable {
    private struct State {
        var holder: LeaseHolder?
        var channel: (any Channel)?
        var isTold = false
        /// Why it does not open, as it was last told.
        var trouble = ""
    }

    static let mostConnections = 512
    static let patience = TimeAmount.seconds(10)
    let seat: HubSeat
    private let host: String
    private let port: Int
    private let logger: Logger
    private let state = Mutex(State())
    private let connections = Atomic(0)

    init(_ seat: HubSeat, host: String, port: Int, logger: Logger) {
        (self.seat, self.host, self.port, self.logger) = (seat, host, port, logger)
    }

    /// On a thread that may wait. The door opens with the first word.
    func standsBy(_ holder: LeaseHolder?) {
        let (isNew, isOpen) = state.withLock { state in
            defer { (state.holder, state.isTold) = (holder, true) }
            return (!state.isTold || state.holder != holder, state.channel != nil)
        }
        if !isOpen { open() }
        guard isNew else { return }
        let who = holder.map { "\($0.name) \($0.address)" } ?? "nobody known"
        logger.notice("standing by", metadata: ["on_duty": "\(who)"])
    }

    private func open() {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard enter(channel) else { return }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(StandbyAnswer { [self] in answer($0) })
                }
            }
        do {
            let channel = try bootstrap.bind(host: host, port: port).wait()
            state.withLock { $0.channel = channel }
            Terminal.complain("noroshi stands by on http://\(host):\(channel.localAddress?.port ?? port)")
        } catch {
            let words = "\(error)", isNew = state.withLock { state in
                defer { state.trouble = words }
                return state.trouble != words
            }
            if isNew { logger.error("no door while standing by", metadata: ["address": "\(host):\(port)", "error": "\(words)"]) }
        }
    }

    private func enter(_ channel: any Channel) -> Bool {
        guard connections.add(1, ordering: .relaxed).newValue <= Self.mostConnections else {
            connections.subtract(1, ordering: .relaxed)
            channel.close(promise: nil)
            return false
        }
        channel.closeFuture.whenComplete { [self] _ in connections.subtract(1, ordering: .relaxed) }
        channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        return true
    }

    /// The port it stood at, for the hub that goes on there; nil where it never opened.
    func close() async -> Int? {
        let channel = state.withLock { state in
            defer { state.channel = nil }
            return state.channel
        }
        guard let channel else { return nil }
        let port = channel.localAddress?.port
        try? await channel.close()
        return port
    }

    // MARK: what it says

    struct Reply: Sendable {
        var status: HTTPResponseStatus
        var headers = HTTPHeaders()
        var body = Data()
    }

    private struct OnDuty: Encodable { var name, address: String }
    private struct Standing: Encodable {
        var type = "urn:noroshi:problem:stands-by"
        var title: String
        var status: UInt
        var detail: String
        var on_duty: OnDuty?
    }
    private struct NotReady: Encodable {
        var ready = false
        var reason: String
        var on_duty: OnDuty?
    }

    func answer(_ request: HTTPRequestHead) -> Reply {
        let holder = state.withLock(\.holder), path = request.uri.prefix { $0 != "?" }
        if path == "/healthz" { return Reply(status: .ok, headers: ["Content-Type": "text/plain"], body: Data("ok\n".utf8)) }
        let onDuty = holder.flatMap { $0.address.isEmpty ? nil : OnDuty(name: $0.name, address: $0.address) }
        let words = holder.map { "このハブは控えです。当番は \($0.name)\($0.address.isEmpty ? "" : "（\($0.address)）")です (this hub stands by; \($0.name) is on duty)" }
            ?? "このハブは控えです。当番のハブが見あたりません。すぐに代わります (this hub stands by, and nobody is on duty: it takes over at once)"
        if path == "/readyz" { return json(.serviceUnavailable, NotReady(reason: words, on_duty: onDuty), "application/json") }
        guard let onDuty else {
            var reply = json(.serviceUnavailable, Standing(title: "いまは受け付けられません (Service Unavailable)", status: 503, detail: words), "application/problem+json")
            reply.headers.add(name: "Retry-After", value: "1")
            return reply
        }
        guard request.method != .GET, request.method != .HEAD else {
            let place = onDuty.address + (request.uri.hasPrefix("/") ? request.uri : "/")
            return Reply(status: .temporaryRedirect, headers: ["Location": place])
        }
        return json(.misdirectedRequest, Standing(title: "当番のハブへお願いします (Misdirected Request)", status: 421, detail: words, on_duty: onDuty), "application/problem+json")
    }

    private func json(_ status: HTTPResponseStatus, _ value: some Encodable, _ type: String) -> Reply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Reply(status: status, headers: ["Content-Type": type], body: (try? encoder.encode(value)) ?? Data())
    }
}

/// One answer, and the end.
private final class StandbyAnswer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Of a body nobody reads: whoever sends more hears the answer before he has sent it all.
    private static let mostOctets = 1 << 20
    private let answer: (HTTPRequestHead) -> StandbyDoor.Reply
    private var head: HTTPRequestHead?
    private var octets = 0

    init(_ answer: @escaping (HTTPRequestHead) -> StandbyDoor.Reply) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let buffer):
            octets += buffer.readableBytes
            if octets > Self.mostOctets { reply(context) }
        case .end: reply(context)
        }
    }

    private func reply(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        var reply = answer(head)
        reply.headers.replaceOrAdd(name: "Content-Length", value: "\(reply.body.count)")
        reply.headers.replaceOrAdd(name: "Connection", value: "close")
        reply.headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: reply.status, headers: reply.headers))), promise: nil)
        if head.method != .HEAD, !reply.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
