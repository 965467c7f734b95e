import ChannelKit
import NIOCore
import NIOPosix

/// HTTP to a server on loopback, one call a connection: enough for an adapter under test.
struct LoopbackTransport: HTTPTransport {
    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        do {
            return try await exchange(call)
        } catch {
            throw .noAnswer("\(error)")
        }
    }

    private func exchange(_ call: HTTPCall) async throws -> HTTPAnswer {
        let rest = call.url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let port = Int(rest[..<slash].split(separator: ":").last ?? "") ?? 80
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(
                        inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
                }
            }
        let headers = (call.headers + [("Content-Length", "\(call.body.count)"), ("Connection", "close"), ("Host", "a")])
            .map { "\($0.0): \($0.1)\r\n" }.joined()
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: Array("\(call.method) \(rest[slash...]) HTTP/1.1\r\n\(headers)\r\n".utf8) + call.body))
            var octets: [UInt8] = []
            for try await buffer in inbound { octets += buffer.readableBytesView }
            let text = String(decoding: octets, as: UTF8.self)
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
            let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return HTTPAnswer(status: status, body: parts.count > 1 ? Array(parts[1].utf8) : [])
        }
    }
}
