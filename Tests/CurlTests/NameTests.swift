import ChannelKit
@testable import Curl
import Synchronization
import Testing

@Suite("Names and addresses", .timeLimit(.minutes(1)))
struct NameTests {
    private func get(_ client: CurlTransport, _ url: String, within limit: Duration = .seconds(20)) async
        -> Result<String, TransportFailure>
    {
        do throws(TransportFailure) {
            return .success(try await client.send(HTTPCall(method: "GET", url: url), deadline: .now + limit).text)
        } catch {
            return .failure(error)
        }
    }

    @Test("A name whose server does not answer holds up nobody else, and its own call only until the deadline")
    func deadName() async throws {
        let server = try LoopbackServer { peer in while peer.request() != nil { peer.answer("here") } }
        defer { server.stop() }
        let stuck = Gate(), never = Gate()
        let client = try CurlTransport(CurlConfiguration()) { host in
            guard host == "dead.example" else { return ["127.0.0.1"] }
            stuck.open()
            never.blockUntilOpen()
            return []
        }
        async let dead = get(client, "http://dead.example:\(server.port)/")
        await stuck.opened()
        #expect(await get(client, "http://alive.example:\(server.port)/") == .success("here"))
        #expect(await get(client, server.url) == .success("here"))
        let short = await get(client, "http://dead.example:\(server.port)/", within: .milliseconds(50))
        #expect(short == .failure(.unreachable("送る前に期限が過ぎました (the deadline passed before anything was sent)")))
        never.open()
        #expect(await dead == .failure(.unreachable("dead.exampleの住所（IPアドレス）がわかりません (no address known for it)")))
        await client.shutdown()
    }

    @Test("A shutdown does not wait for a name server")
    func shutdownWhileLookingUp() async throws {
        let stuck = Gate(), never = Gate()
        let client = try CurlTransport(CurlConfiguration()) { _ in
            stuck.open()
            never.blockUntilOpen()
            return []
        }
        async let dead = get(client, "http://dead.example/")
        await stuck.opened()
        await client.shutdown()
        #expect(await dead == .failure(.cancelled))
        never.open()
    }

    @Test("A name is asked for once while its address is young, and the old address serves when the server dies")
    func lastGoodAddress() async throws {
        let asked = Atomic(0)
        let answers = Mutex<[[String]]>([["192.0.2.1"], [], ["192.0.2.2"]])
        let told = Mutex<[[String]?]>([])
        let gates = [Gate(), Gate(), Gate()]
        let resolver = Resolver(lifetime: .seconds(60), threads: 1, lookup: { _ in
            asked.add(1, ordering: .relaxed)
            return answers.withLock { $0.removeFirst() }
        }, tell: { _, addresses in
            let count = told.withLock { told in
                told.append(addresses)
                return told.count
            }
            gates[count - 1].open()
        })
        let start = ContinuousClock.now
        #expect(resolver.addresses(of: "a.example", now: start) == nil)
        await gates[0].opened()
        #expect(resolver.addresses(of: "a.example", now: start) == ["192.0.2.1"])
        #expect(asked.load(ordering: .relaxed) == 1)

        // Old: used all the same, and looked up again behind the caller's back; the name server is dead.
        #expect(resolver.addresses(of: "a.example", now: start + .seconds(90)) == ["192.0.2.1"])
        await gates[1].opened()
        #expect(told.withLock { $0 } == [["192.0.2.1"], ["192.0.2.1"]])

        // It is back and says something new.
        #expect(resolver.addresses(of: "a.example", now: start + .seconds(91)) == ["192.0.2.1"])
        await gates[2].opened()
        #expect(resolver.addresses(of: "a.example", now: start + .seconds(2)) == ["192.0.2.2"])
    }

    @Test("Given addresses are never looked up")
    func givenAddress() async throws {
        let server = try LoopbackServer { peer in
            while let request = peer.request() { peer.answer(request.lowercased().contains("host: gateway.example:") ? "yes" : "no") }
        }
        defer { server.stop() }
        var configuration = CurlConfiguration()
        configuration.addresses = ["gateway.example": ["127.0.0.1"]]
        let client = try CurlTransport(configuration) { host in
            Issue.record("\(host) was looked up")
            return []
        }
        #expect(await get(client, "http://Gateway.Example:\(server.port)/") == .success("yes"))
        await client.shutdown()
    }

    @Test("The system's resolver knows localhost")
    func system() { #expect(Resolver.system("localhost").contains { $0 == "127.0.0.1" || $0 == "::1" }) }

    @Test("Numeric hosts are told from names", arguments: [
        ("127.0.0.1", true), ("::1", true), ("localhost", false), ("1.example", false), ("", false),
    ])
    func numeric(host: String, isNumeric: Bool) { #expect(Resolver.isNumeric(host) == isNumeric) }

    @Test("An address gives its origin and its entry for libcurl", arguments: [
        ("http://Example.jp/a", "http://example.jp:80", "example.jp:80:192.0.2.1,[2001:db8::1]"),
        ("https://example.jp:8443/?q", "https://example.jp:8443", "example.jp:8443:192.0.2.1,[2001:db8::1]"),
        ("http://[::1]:8080/", "http://[::1]:8080", "[::1]:8080:192.0.2.1,[2001:db8::1]"),
    ])
    func address(url: String, origin: String, entry: String) throws {
        let address = try CallAddress(url)
        #expect(address.origin == origin)
        #expect(address.entry(["192.0.2.1", "2001:db8::1"]) == entry)
    }
}
