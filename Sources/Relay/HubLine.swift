package import ChannelKit
package import Curl

/// How an edge asks its hub.
package struct HubLine: Sendable {
    /// Without a slash at the end.
    let address: String
    let token: String?
    private let transport: Transport

    /// What carries the calls: libcurl, or whoever plays a line.
    package struct Transport: Sendable {
        let send: @Sendable (HTTPCall, ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer
        let follow: @Sendable (HTTPCall, ContinuousClock.Instant, @escaping CurlTransport.Reader) async throws(TransportFailure) -> HTTPAnswer

        package init(_ curl: CurlTransport) {
            send = { (call, deadline) async throws(TransportFailure) in try await curl.send(call, deadline: deadline) }
            follow = { (call, deadline, reader) async throws(TransportFailure) in try await curl.follow(call, deadline: deadline, reader: reader) }
        }

        /// A line that is played: nothing is followed, what comes is handed to `Upstream.take`.
        package init(playing send: @escaping @Sendable (HTTPCall) async throws(TransportFailure) -> HTTPAnswer) {
            self.send = { (call, _) async throws(TransportFailure) in try await send(call) }
            follow = { (_, _, _) async throws(TransportFailure) in throw TransportFailure.unreachable("played") }
        }
    }

    package init(address: String, token: String?, transport: CurlTransport) {
        self.init(address: address, token: token, over: Transport(transport))
    }

    package init(address: String, token: String?, over transport: Transport) {
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        self.token = token
        self.transport = transport
    }

    package func call(
        _ method: String, _ path: String, _ body: [UInt8] = [], headers more: [(name: String, value: String)] = [],
        answerLimit: Int = 1 << 20
    ) async throws(TransportFailure) -> HTTPAnswer {
        try await transport.send(request(method, path, body, more, answerLimit), .now.advanced(by: .seconds(20)))
    }

    func follow(
        _ path: String, headers: [(name: String, value: String)], reader: @escaping CurlTransport.Reader
    ) async throws(TransportFailure) -> HTTPAnswer {
        // A day: nothing lasts for ever, and a fresh connection finds the hub's present address.
        try await transport.follow(request("GET", path, [], headers, 64 << 10), .now.advanced(by: .seconds(86_400)), reader)
    }

    private func request(
        _ method: String, _ path: String, _ body: [UInt8], _ more: [(name: String, value: String)], _ limit: Int
    ) -> HTTPCall {
        var headers = more
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        return HTTPCall(method: method, url: address + path, headers: headers, body: body, answerLimit: limit)
    }
}
