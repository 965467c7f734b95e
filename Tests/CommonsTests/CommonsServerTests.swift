import ChannelKit
import Commons
import Curl
import Synchronization
import Testing

@Suite("Our own node of L-Alert", .timeLimit(.minutes(1)))
struct CommonsServerTests {
    @Test("It listens, answers in SOAP, and lets nobody in without the password")
    func listens() async throws {
        let node = CommonsNode(password: "secret")
        let transport = try CurlTransport()
        let (ports, announced) = AsyncStream<Int>.makeStream()
        let server = CommonsServer(node)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { announced.yield($0) } }
            var port = 0
            for await bound in ports {
                port = bound
                break
            }
            for (body, status, words) in [("<a/>", 500, "bad digest"), ("no xml", 200, ">401<")] {
                let call = HTTPCall(
                    method: "POST", url: "http://127.0.0.1:\(port)/commons/publisher/soap", body: Array(body.utf8))
                let answer = try await transport.send(call, deadline: .now + .seconds(20))
                #expect(answer.status == status && answer.text.contains(words), "\(answer.text)")
            }
            group.cancelAll()
        }
        await transport.shutdown()
        #expect(node.held.isEmpty)
    }
}
