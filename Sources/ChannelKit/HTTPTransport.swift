/// HTTP to the outside. The hub has one, on libcurl; tests and adapters see only this.
public protocol HTTPTransport: Sendable {
    /// One exchange, without redirects. Cancelling the task ends it promptly.
    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer
}

public struct HTTPCall: Sendable {
    public var method: String
    /// Absolute, `http` or `https`.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// An answer longer than this is a failure.
    public var answerLimit: Int

    public init(
        method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        answerLimit: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.answerLimit = answerLimit
    }
}

public struct HTTPAnswer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as text, what is not UTF-8 replaced.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why there is no answer.
public enum TransportFailure: Error, Sendable, Hashable {
    /// Nothing was sent: name not found, connection refused or not made in time.
    case unreachable(String)
    /// It may have been sent, and no whole answer came.
    case noAnswer(String)
    /// The call itself is wrong: bad address, protocol not allowed, certificate refused.
    case refused(String)
    case cancelled
}

extension TransportFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .noAnswer(let reason): "返事がありません: \(reason) (no answer)"
        case .refused(let reason): "呼び出せません: \(reason) (not possible)"
        case .cancelled: "cancelled"
        }
    }
}
