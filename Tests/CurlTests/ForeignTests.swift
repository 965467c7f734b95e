import ChannelKit
import Testing

@testable import Curl

@Suite("An address that a stranger has named")
struct ForeignTests {
    @Test("What is of the open internet, and what is not", arguments: [
        ("8.8.8.8", true), ("142.250.196.106", true), ("2404:6800:4004:820::200a", true), ("172.32.0.1", true), ("100.128.0.1", true), ("192.0.3.1", true), ("::ffff:8.8.8.8", true), ("64:ff9b::808:808", true),
        ("0.0.0.0", false), ("10.255.255.255", false), ("100.64.0.1", false), ("127.0.0.1", false), ("169.254.169.254", false), ("172.16.0.1", false), ("172.31.255.255", false), ("192.0.0.8", false),
        ("192.168.1.1", false), ("198.18.0.1", false), ("203.0.113.7", false), ("224.0.0.1", false), ("255.255.255.255", false), ("::", false), ("::1", false), ("fe80::1", false), ("fd00::1", false),
        ("ff02::1", false), ("::ffff:10.0.0.1", false), ("64:ff9b::7f00:1", false), ("2002:7f00:1::", false), ("2001:db8::1", false), ("2001:0:1::", false), ("push.example", false), ("", false),
    ])
    func open(address: String, isOpen: Bool) { #expect(PublicAddress.isOne(address) == isOpen) }

    @Test("A name that leads into this machine is not called for a stranger, and for us it is", arguments: [true, false])
    func name(isForeign: Bool) async throws {
        let server = try LoopbackServer { peer in while peer.request() != nil { peer.answer("here") } }
        let client = try CurlTransport(CurlConfiguration(), lookup: { _ in ["127.0.0.1"] })
        func ask(_ url: String) async -> Result<HTTPAnswer, TransportFailure> {
            do throws(TransportFailure) {
                return .success(try await client.send(HTTPCall(method: "GET", url: url, isForeign: isForeign), deadline: .now + .seconds(5)))
            } catch {
                return .failure(error)
            }
        }
        let port = server.url.split(separator: ":").last ?? ""
        for url in [server.url, "http://push.example:\(port)"] {
            switch await ask(url) {
            case .success(let answer): #expect(!isForeign && answer.text == "here")
            case .failure(.refused(let words)): #expect(isForeign && words.contains("private networks"))
            case .failure(let failure): Issue.record("\(failure)")
            }
        }
        await client.shutdown()
        server.stop()
    }
}
