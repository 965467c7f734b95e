/// A tablet's line, or any other connection, byte by byte: what a browser would not let us do.
import Foundation
import NIOCore
import NIOPosix
import Synchronization

final class StreamLine: Sendable {
    struct Event: Sendable, Hashable {
        var name: String
        var id: String?
        var data: String
        var object: [String: String] {
            guard let value = try? JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any] else { return [:] }
            return value.mapValues { "\($0)" }
        }
    }

    private final class Ear: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let heard: Heard
        init(_ heard: Heard) { self.heard = heard }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let octets = Array(unwrapInboundIn(data).readableBytesView)
            heard.state.withLock { $0.octets += octets }
        }
        func channelInactive(context: ChannelHandlerContext) { heard.state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Heard: Sendable {
        struct State {
            var octets: [UInt8] = []
            var isClosed = false
        }
        let state = Mutex(State())
    }

    private let channel: any Channel
    private let heard: Heard

    private init(_ channel: any Channel, _ heard: Heard) {
        self.channel = channel
        self.heard = heard
    }

    /// - Parameter receives: octets the kernel may hold for us when we do not read; nil leaves it as it is.
    static func connect(to port: Int, receives: Int? = nil) async throws -> StreamLine {
        let heard = Heard()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Ear(heard)) }
            }
        if let receives { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receives)) }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        return StreamLine(channel, heard)
    }

    func send(_ octets: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: octets)) }
    /// Nothing more will be said on our side.
    func finishSending() async throws { try await channel.close(mode: .output) }
    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func listen(token: String?, lastEventID: String? = nil, query: String = "") async throws {
        var head = "GET /v1/stream\(query) HTTP/1.1\r\nHost: hub\r\nAccept: text/event-stream\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        if let lastEventID { head += "Last-Event-ID: \(lastEventID)\r\n" }
        try await send(head + "\r\n")
    }

    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }
    func readOn() async throws { try await channel.setOption(.autoRead, value: true).get() }
    func close() async { try? await channel.close() }

    /// Everything heard; without the frames of chunks where the answer comes in chunks.
    var text: String {
        let whole = raw
        guard let end = whole.range(of: "\r\n\r\n"), whole[..<end.lowerBound].lowercased().contains("transfer-encoding: chunked")
        else { return whole }
        return whole[..<end.upperBound] + Self.unframed(Array(whole[end.upperBound...].utf8))
    }

    /// As it came over the wire.
    var raw: String { heard.state.withLock { String(decoding: $0.octets, as: UTF8.self) } }

    private static func unframed(_ octets: [UInt8]) -> String {
        var (rest, body) = (octets[...], [UInt8]())
        while let end = rest.firstIndex(of: 0x0A),
            let length = Int(String(decoding: rest[..<end].dropLast(), as: UTF8.self), radix: 16), length > 0
        {
            body += rest[(end + 1)...].prefix(length)
            rest = rest[(end + 1)...].dropFirst(length + 2)
        }
        return String(decoding: body, as: UTF8.self)
    }
    var count: Int { heard.state.withLock { $0.octets.count } }
    var isClosed: Bool { heard.state.withLock { $0.isClosed } }

    /// Every whole event so far, but for what is said every few minutes of what stands; comments and bare ids are none.
    var events: [Event] { all.filter { $0.name != "state" } }
    /// What stands, as the town signed it.
    var states: [Event] { all.filter { $0.name == "state" } }

    private var all: [Event] {
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first ?? ""
        return body.components(separatedBy: "\n\n").dropLast().compactMap { block in
            var event = Event(name: "", id: nil, data: "")
            for line in block.split(separator: "\n") {
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { event.data += line.dropFirst(6) }
            }
            return event.name.isEmpty ? nil : event
        }
    }

    /// The newest position the line has named.
    /// Past what is in force and the position that closes it.
    var isGreeted: Bool { text.contains(#/\n\nid: [^\n]+\n\n/#) }

    var position: String? {
        text.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
    }

    func names() -> [String] { events.map(\.name) }
}
