import NIOCore
import NIOPosix
import Synchronization

/// Notices that a centre began anew: an empty connection to it breaks when its program ends, and cannot be made again
/// until the next one listens. Whoever closes idle connections and takes the next at once has not been away.
package struct CentreWatch: Sendable {
    package struct Place: Sendable, Hashable {
        package let host: String
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// From `http://HOST:PORT…`; nil when it is none.
        package init?(url: String) {
            let isSecure = url.hasPrefix("https://")
            guard isSecure || url.hasPrefix("http://") else { return nil }
            // The scheme stands in front, as has just been seen.
            let rest = url.dropFirst(isSecure ? 8 : 7).prefix { $0 != "/" }
            let host: Substring, tail: Substring
            if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                // It begins with [, and ] comes after that.
                host = rest[rest.index(after: rest.startIndex)..<end]
                // An index after one that is in it.
                tail = rest[rest.index(after: end)...]
            } else {
                host = rest.prefix { $0 != ":" }
                tail = rest.dropFirst(host.count)
            }
            let port = tail.isEmpty ? (isSecure ? 443 : 80) : Int(tail.dropFirst())
            guard !host.isEmpty, let port, (1...65535).contains(port) else { return nil }
            self.init(host: String(host), port: port)
        }
    }

    private let place: Place
    private let sleep: @Sendable (Duration) async throws -> Void
    private static let shortest = Duration.milliseconds(100)
    private static let longest = Duration.seconds(2)
    /// A connection that broke sooner is not made again at once.
    private static let hasty = Duration.seconds(1)

    package init(
        _ place: Place, sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.place = place
        self.sleep = sleep
    }

    /// Until its task is cancelled. `onReturn` is called when the centre is back after it could not be reached.
    package func run(onReturn: @Sendable () async -> Void) async {
        var wasAway = false
        var pause = Self.shortest
        while !Task.isCancelled {
            let began = ContinuousClock.now
            if let connection = try? await connect() {
                if wasAway { await onReturn() }
                wasAway = false
                pause = Self.shortest
                await broken(connection)
                if ContinuousClock.now - began > Self.hasty { continue }
                guard (try? await sleep(Self.longest)) != nil else { return }
            } else {
                wasAway = true
                guard (try? await sleep(pause)) != nil else { return }
                pause = min(pause * 2, Self.longest)
            }
        }
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private func connect() async throws -> Connection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2))
            .connect(host: place.host, port: place.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    // 12345 lies outside of Linux' ports for outgoing connections, others do not: whoever asks long
                    // enough for nobody on his own machine is one day connected to himself.
                    if let own = channel.localAddress, own == channel.remoteAddress { throw ChannelError.eof }
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Returns when the other side has closed it, or the task is cancelled.
    private func broken(_ connection: Connection) async {
        try? await connection.executeThenClose { inbound, _ in
            for try await _ in inbound {}
        }
    }
}
