import Curl
import Foundation
import Glibc
import Testing

/// Against nginx, which speaks HTTP under TLS; here the octets are written by hand.
@Suite("A line under TLS", .enabled(if: TLSPeer.isThere, "no nginx or openssl here"))
struct SecureLineTests {
    private func connect(_ peer: TLSPeer, to host: String = "localhost", port: UInt16? = nil, pin: String? = nil) async throws -> Int32 {
        try await SecureLine.connect(
            host: host, port: Int(port ?? peer.port), addresses: ["127.0.0.1"], tls: .init(authorities: peer.authorities, pinnedKey: pin), limit: .seconds(10))
    }

    /// Everything until the far end closes, read on a thread of its own; nil where it is not closed in time.
    private func read(_ socket: Int32) async -> String? {
        await withCheckedContinuation { (waiter: CheckedContinuation<String?, Never>) in
            runThread {
                var octets: [UInt8] = []
                var page = [UInt8](repeating: 0, count: 4096)
                var side = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                while true {
                    guard poll(&side, 1, 20_000) == 1 else { return waiter.resume(returning: nil) }
                    let count = page.withUnsafeMutableBytes { Glibc.read(socket, $0.baseAddress, $0.count) }
                    guard count > 0 else { return waiter.resume(returning: String(decoding: octets, as: UTF8.self)) }
                    octets += page.prefix(count)
                }
            }
        }
    }

    private func write(_ text: String, to socket: Int32) async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            runThread {
                let octets = Array(text.utf8)
                var sent = 0
                var side = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
                while sent < octets.count, poll(&side, 1, 20_000) == 1 {
                    let count = octets[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    guard count > 0 || errno == EAGAIN else { break }
                    sent += max(0, count)
                }
                waiter.resume()
            }
        }
    }

    @Test("What is written comes out at the far end, however much, and its answer and its end come back")
    func bothWays() async throws {
        try await TLSPeer.with { peer in
            let socket = try await connect(peer, to: "gateway.example")
            let body = String(repeating: "x", count: 900_000)
            await write("POST / HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", to: socket)
            await write("GET / HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n", to: socket)
            let text = try #require(await read(socket))
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
            close(socket)
        }
    }

    @Test("Another name, another key, an old TLS, nobody there: no line, and the reason is said")
    func refused() async throws {
        try await TLSPeer.with { peer in
            await #expect(throws: SecureLine.Failure.self) { try await connect(peer, to: "localhost") }
            await #expect(throws: SecureLine.Failure.self) { try await connect(peer, to: "gateway.example", port: peer.oldPort) }
            await #expect(throws: SecureLine.Failure.self) {
                try await connect(peer, to: "gateway.example", pin: "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            }
            await #expect(throws: SecureLine.Failure.self) { try await connect(peer, port: 1) }
        }
    }

    @Test("Who waits for a far end that says nothing may go")
    func cancelled() async throws {
        let met = AsyncStream<Void>.makeStream()
        let silent = try LoopbackServer { connection in
            met.continuation.yield()
            connection.waitForClose()
        }
        let port = Int(silent.port)
        let waiting = Task { try await SecureLine.connect(host: "127.0.0.1", port: port, tls: .init(), limit: .seconds(600)) }
        for await _ in met.stream { break }
        waiting.cancel()
        await #expect(throws: SecureLine.Failure.self) { try await waiting.value }
        silent.stop()
    }
}
