import ChannelKit
@testable import Curl
import Synchronization
import Testing

@Suite("TLS and HTTP/2", .timeLimit(.minutes(1)), .enabled(if: TLSPeer.isThere, "needs nginx and openssl"))
struct TLSTests {
    private func configuration(_ tls: CurlConfiguration.TLS) -> CurlConfiguration {
        var configuration = CurlConfiguration()
        configuration.addresses = ["gateway.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]]
        configuration.tls = tls
        return configuration
    }

    private func get(_ configuration: CurlConfiguration, _ url: String) async -> Result<String, TransportFailure>? {
        guard let client = try? CurlTransport(configuration) else { return nil }
        let result: Result<String, TransportFailure>
        do throws(TransportFailure) {
            result = .success(try await client.send(HTTPCall(method: "GET", url: url), deadline: .now + .seconds(20)).text)
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        return result
    }

    private func isRefused(_ result: Result<String, TransportFailure>?) -> Bool {
        if case .failure(.refused) = result { true } else { false }
    }

    @Test("Whom we trust, by certificate, name and key")
    func trust() async throws {
        try await TLSPeer.with { peer in
            let url = "https://gateway.example:\(peer.port)/", other = "https://other.example:\(peer.port)/"
            let known = CurlConfiguration.TLS(authorities: peer.authorities)
            #expect(await get(configuration(known), url) == .success("HTTP/2.0"))
            #expect(isRefused(await get(configuration(.init()), url)), "an unknown authority")
            #expect(isRefused(await get(configuration(known), other)), "another's certificate")
            #expect(isRefused(await get(configuration(.init(authorities: "/nowhere")), url)), "no such file")

            let wrong = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            let pinned = CurlConfiguration.TLS(authorities: peer.authorities, pinnedKey: peer.pin)
            let both = CurlConfiguration.TLS(authorities: peer.authorities, pinnedKey: "\(wrong);\(peer.pin)")
            let mistaken = CurlConfiguration.TLS(authorities: peer.authorities, pinnedKey: wrong)
            #expect(await get(configuration(pinned), url) == .success("HTTP/2.0"))
            #expect(await get(configuration(both), url) == .success("HTTP/2.0"))
            #expect(isRefused(await get(configuration(mistaken), url)), "another key")

            var perHost = configuration(.init())
            perHost.tlsByHost = ["gateway.example": known]
            #expect(await get(perHost, url) == .success("HTTP/2.0"))
        }
    }

    @Test("A client's certificate is shown where one is set, and nothing older than TLS 1.2 is spoken")
    func client() async throws {
        try await TLSPeer.with { peer in
            let tls = CurlConfiguration.TLS(authorities: peer.authorities, certificate: peer.certificate, key: peer.key)
            let strict = "https://gateway.example:\(peer.strictPort)/"
            #expect(await get(configuration(tls), strict) == .success("CN=noroshi"))
            let anonymous = await get(configuration(.init(authorities: peer.authorities)), strict)
            #expect(anonymous != .success("CN=noroshi"))

            let old = await get(configuration(tls), "https://gateway.example:\(peer.oldPort)/")
            guard case .failure(.unreachable) = old else {
                Issue.record("TLS 1.1 should be unreachable, is \(String(describing: old))")
                return
            }
        }
    }

    @Test("200 calls share a connection or two, ten streams at a time")
    func multiplexing() async throws {
        try await TLSPeer.with { peer in
            let connections = Atomic(0), plain = Atomic(0)
            var settings = configuration(.init(authorities: peer.authorities))
            settings.onTimings = { timings in
                connections.add(timings.newConnections, ordering: .relaxed)
                if !timings.isMultiplexed { plain.add(1, ordering: .relaxed) }
            }
            let client = try CurlTransport(settings)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let call = HTTPCall(method: "GET", url: "https://gateway.example:\(peer.port)/")
                        return try await client.send(call, deadline: .now + .seconds(20)).status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
            await client.shutdown()
            #expect((1...2).contains(connections.load(ordering: .relaxed)))
            #expect(plain.load(ordering: .relaxed) == 0)
        }
    }
}
