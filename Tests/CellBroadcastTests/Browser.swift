import NIOCore
import NIOPosix

/// Just enough HTTP to talk to the centre: one request a connection, the whole answer as text.
struct Browser: Sendable {
    let port: Int

    struct Answer: Sendable, Hashable {
        let status: Int
        let text: String
    }

    func post(_ body: String, to path: String = "/api/ecbe/v1/message") async throws -> Answer {
        try await send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
    }

    func get(_ path: String) async throws -> Answer {
        try await send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    func delete(_ identifier: Int) async throws -> Answer {
        try await send("DELETE /api/ecbe/v1/message/\(identifier) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    func send(_ request: String) async throws -> Answer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(
                        inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var octets: [UInt8] = []
            for try await buffer in inbound { octets += buffer.readableBytesView }
            let text = String(decoding: octets, as: UTF8.self)
            let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return Answer(status: status, text: text.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first.map(String.init) ?? "")
        }
    }
}
