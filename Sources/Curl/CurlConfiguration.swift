/// What the hub's HTTP client may do, and how much of it.
package struct CurlConfiguration: Sendable {
    /// Who we are to a far end, and whom we take it for. Paths name PEM files.
    package struct TLS: Sendable, Equatable {
        /// Certificates to trust instead of the system's.
        package var authorities: String?
        package var certificate: String?
        package var key: String?
        /// `sha256//…` of the far end's public key; two, parted by `;`, while keys are being exchanged.
        package var pinnedKey: String?

        package init(
            authorities: String? = nil, certificate: String? = nil, key: String? = nil, pinnedKey: String? = nil
        ) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
            self.pinnedKey = pinnedKey
        }
    }

    /// Connections to one origin, and calls at once to an origin that speaks HTTP/1.1. As many as a channel's manifest
    /// has places, or its places for immediate warnings are taken away again here.
    package var connectionsPerOrigin = 8
    /// Calls at once to an origin that has answered in HTTP/2. Further ones wait here and not inside libcurl, where
    /// waiting counts against the time to connect, and where a far end's stream limit turns it into a storm of
    /// connections: 60 calls against a limit of 10 streams opened 51 (libcurl 7.88.1, measured 2026-11, 2 cores).
    /// RFC 9113, 6.5.2, advises servers to allow 100 streams or more; small gateways allow 10.
    package var streamsPerOrigin = 10
    /// HTTP/2 where the far end speaks it. Without it a call that runs out of time takes its connection with it.
    package var multiplexes = true
    /// Calls at once to an `https` origin that has not answered yet and may speak either.
    package var firstCalls = 2
    /// Connections kept for the next call, over all origins; libcurl closes them after 118 s without one. Its own limit
    /// is four for each call under way, too few for one hub and the gateways of many towns.
    package var idleConnections = 256
    /// Calls begun and not answered, over all origins. The next one is told so at once. More than all channels together
    /// let hang (`QueueLimits.late`), or those that hang would take the way of those that answer.
    package var callLimit = 4096
    /// A far end in the same country answers a TCP handshake within tenths of a second; libcurl's own limit is 300 s.
    package var connectLimit: Duration = .seconds(3)
    /// Bytes of an answer's header lines.
    package var headerLimit = 64 << 10
    /// Names looked up at once. One dead name holds a thread for as long as resolv.conf allows (10 s by default).
    package var resolverThreads = 8
    /// After this an address is looked up again, in the background, while the old one stays in use.
    package var addressLifetime: Duration = .seconds(60)
    /// Hosts whose addresses are given and never looked up.
    package var addresses: [String: [String]] = [:]
    /// `http://proxy:3128`. The environment's proxies are not used.
    package var proxy: String?
    package var userAgent = "noroshi"
    package var tls = TLS()
    /// By host, in place of `tls`.
    package var tlsByHost: [String: TLS] = [:]
    /// Told of every call that reached libcurl, on the loop's thread: it must return at once.
    package var onTimings: (@Sendable (CurlTimings) -> Void)?

    package init() {}
}

/// Where the time of one call went. Each is measured from the call's start inside libcurl.
package struct CurlTimings: Sendable {
    /// `https://gateway.example:443`.
    package let origin: String
    /// 0 when there was no answer.
    package let status: Int
    /// Waiting for the address and for a free place, before libcurl saw the call.
    package let waited: Duration
    package let connected: Duration
    package let secured: Duration
    package let firstByte: Duration
    package let total: Duration
    /// 0 when an open connection was used again.
    package let newConnections: Int
    /// True when it went over HTTP/2.
    package let isMultiplexed: Bool
}

/// The client cannot be made.
package struct CurlSetupError: Error, CustomStringConvertible {
    package let description: String
}
