/// HTTP to the outside. The hub has one, on libcurl; tests and adapters see only this.
public protocol HTTPTransport: Sendable {
    /// One exchange, without redirects. Cancelling the task ends it promptly.
    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer

    /// One mail to a server, or the question whether it is there. A server's no is an answer.
    func mail(_ call: MailCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> MailAnswer

    /// A line to somebody who speaks neither: a connected stream socket that takes and gives plain octets, for the caller to close. What is
    /// secret about it is on the far side of that socket.
    func line(_ call: LineCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> Int32
}

extension HTTPTransport {
    public func mail(_ call: MailCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> MailAnswer {
        throw .refused("メールは送れません (no mail)")
    }
    public func line(_ call: LineCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> Int32 {
        throw .refused("回線は開けません (no lines)")
    }
}

/// A line to be opened.
public struct LineCall: Sendable, Hashable {
    /// A name or an address, without brackets.
    public var host: String
    public var port: Int
    /// TLS 1.2 or newer, and the far end's name certified by whom we trust.
    public var isSecret: Bool

    public init(host: String, port: Int, isSecret: Bool) {
        self.host = host
        self.port = port
        self.isSecret = isSecret
    }
}

/// A mail on its way to the next server (RFC 5321).
public struct MailCall: Sendable {
    /// `smtp://host:25` or `smtps://host:465`.
    public var url: String
    /// The envelope: who hears of what could not be delivered, and to whom it goes. Nil: nothing is sent, the server is asked
    /// whether it is there.
    public var envelope: (from: String, to: String)?
    /// Header and body (RFC 5322), lines ended by CRLF.
    public var message: [UInt8]
    public var login: (user: String, password: String)?
    /// Nothing is said over a line that cannot be made secret (STARTTLS, RFC 3207).
    public var mustBeSecret: Bool

    public init(
        url: String, envelope: (from: String, to: String)?, message: [UInt8] = [], login: (user: String, password: String)? = nil, mustBeSecret: Bool
    ) {
        self.url = url
        self.envelope = envelope
        self.message = message
        self.login = login
        self.mustBeSecret = mustBeSecret
    }
}

/// The server's last reply: 250 and what it says, or why not.
public struct MailAnswer: Sendable, Equatable {
    public var status: Int
    public var words: String

    public init(status: Int, words: String) {
        self.status = status
        self.words = words
    }
}

public struct HTTPCall: Sendable {
    public var method: String
    /// Absolute, `http` or `https`.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// An answer longer than this is a failure.
    public var answerLimit: Int
    /// Said at most once, on a line of its own: one that was kept and has died would be replaced, and the call made again.
    public var isOnce: Bool
    /// A stranger has named the address: nothing of this machine's own networks is called, whatever the name leads to.
    public var isForeign: Bool

    public init(
        method: String, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        answerLimit: Int = 1 << 20, isOnce: Bool = false, isForeign: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.answerLimit = answerLimit
        self.isOnce = isOnce
        self.isForeign = isForeign
    }
}

public struct HTTPAnswer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// It came over HTTP/2.
    public var isHTTP2: Bool

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], isHTTP2: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isHTTP2 = isHTTP2
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
