internal import Glibc
internal import Synchronization

/// Names to addresses, on threads of its own.
///
/// libcurl's threaded resolver is joined inside the multi loop: with the name server dead, one call held up all
/// others for 9 s (libcurl 7.88.1, measured; curl issues 4852, 8515, 9272). Here the loop asks and goes on.
///
///     unknown ──▶ waiting ──▶ known ──lifetime──▶ known, looked up again behind the caller's back
///                    └──────▶ told: no such name
///
/// An address that once was right stays in use until a newer one is known: no warning waits for a name server that
/// has answered before.
final class Resolver: Sendable {
    /// Numeric addresses; empty when there are none. May block.
    typealias Lookup = @Sendable (_ host: String) -> [String]

    private struct State {
        var known: [String: (addresses: [String], learned: ContinuousClock.Instant)] = [:]
        var queue: [String] = []
        var asked: Set<String> = []
        var threads = 0
    }

    /// Hosts kept in memory; far ends are some thousands at most.
    static let memory = 4096

    private let state = Mutex(State())
    private let lifetime: Duration
    private let threadLimit: Int
    private let lookup: Lookup
    private let tell: @Sendable (_ host: String, _ addresses: [String]?) -> Void

    init(
        lifetime: Duration, threads: Int, lookup: @escaping Lookup = Resolver.system,
        tell: @escaping @Sendable (String, [String]?) -> Void
    ) {
        self.lifetime = lifetime
        threadLimit = max(1, threads)
        self.lookup = lookup
        self.tell = tell
    }

    /// The addresses to use now, or nil: then `tell` is called later.
    func addresses(of host: String, now: ContinuousClock.Instant) -> [String]? {
        let (known, start) = state.withLock { state -> ([String]?, Bool) in
            let entry = state.known[host]
            if let entry, now - entry.learned < lifetime { return (entry.addresses, false) }
            var start = false
            if state.asked.insert(host).inserted {
                state.queue.append(host)
                start = state.threads < threadLimit
                if start { state.threads += 1 }
            }
            return (entry?.addresses, start)
        }
        if start { startThread() }
        return known
    }

    private func startThread() {
        guard let thread = LoopThread.start("resolver", body: { [self] in work() }) else {
            // No thread: whoever waits is told, and asks again with its next try.
            let waiting = state.withLock { state -> [String] in
                state.threads -= 1
                guard state.threads == 0 else { return [] }
                defer { state.queue = [] }
                state.asked.subtract(state.queue)
                return state.queue
            }
            for host in waiting { tell(host, nil) }
            return
        }
        thread.detach()  // getaddrinfo cannot be interrupted; the thread ends by itself when nothing is asked
    }

    private func work() {
        while let host = next() {
            let found = lookup(host)
            let answer = state.withLock { state -> [String]? in
                state.asked.remove(host)
                if !found.isEmpty {
                    if state.known.count >= Self.memory, state.known[host] == nil { forgetOldest(&state) }
                    state.known[host] = (found, .now)
                }
                return state.known[host]?.addresses
            }
            tell(host, answer)
        }
    }

    private func next() -> String? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    private func forgetOldest(_ state: inout State) {
        guard let oldest = state.known.min(by: { $0.value.learned < $1.value.learned }) else { return }
        state.known[oldest.key] = nil
    }

    /// The system's answer: hosts file and name servers, in the order of nsswitch.conf.
    static let system: Lookup = { host in
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        // A constant of the system's header.
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var entry = list
        while let current = entry {
            if let text = numeric(current.pointee), !found.contains(text) { found.append(text) }
            entry = current.pointee.ai_next
        }
        return found
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        // A constant of the system's header.
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func isNumeric(_ host: String) -> Bool {
        var room = in6_addr()
        return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1
    }
}
