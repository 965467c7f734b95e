// TLS to a far end that speaks something else than HTTP on it, as a socket of this process.
//
//     who speaks ◀── plain octets, a pair of sockets ──▶ SecureLine's thread ◀── TLS, libcurl ──▶ far end
//
// A thread for each line, for as long as it stands: lines are few and stand for weeks. It holds 64 KiB for each direction
// at the most and reads no further until they are handed on, so that whoever is slow is slow to the other side too. When one
// side closes, what is under way is handed on for two seconds, then the other side is closed.

internal import CCurl
internal import ChannelKit
internal import Glibc
internal import Synchronization

package enum SecureLine {
    package struct Failure: Error {
        package let words: String
        /// The far end is not whom it says it is, or speaks no TLS: another try will not help.
        package var isDistrust = false
    }

    /// - Parameters:
    ///   - addresses: Of the host; nothing is looked up then.
    ///   - tls: Nil: the line is open to whoever stands on the way.
    ///   - limit: For the address, TCP and TLS together.
    /// - Returns: A connected stream socket, for the caller to close.
    package static func connect(
        host: String, port: Int, addresses: [String] = [], tls: CurlConfiguration.TLS?, limit: Duration
    ) async throws(Failure) -> Int32 {
        let call = Opening(host: host, port: port, addresses: addresses, tls: tls, limit: limit)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Result<Int32, Failure>, Never>) in
                let thread = LoopThread.start("tls-line") {
                    guard let line = Line(call, waiter) else { return }
                    line.run()
                }
                guard let thread else { return waiter.resume(returning: .failure(Failure(words: "これ以上スレッドを作れません (no more threads)"))) }
                thread.detach()  // it ends with its line
            }
        } onCancel: {
            call.isCancelled.store(true, ordering: .relaxed)
        }
        return try outcome.get()
    }

    /// What is asked for, and whether it still is.
    private final class Opening: Sendable {
        let host: String
        let port: Int
        let addresses: [String]
        let tls: CurlConfiguration.TLS?
        let limit: Duration
        let isCancelled = Atomic(false)

        init(host: String, port: Int, addresses: [String], tls: CurlConfiguration.TLS?, limit: Duration) {
            (self.host, self.port, self.addresses, self.tls, self.limit) = (host, port, addresses, tls, limit)
        }
    }

    /// Lives on its own thread.
    private final class Line {
        /// One direction: what was read and not yet handed on.
        private struct Way {
            var octets: [UInt8] = []
            var sent = 0
            var isEnded = false
            var isEmpty: Bool { sent == octets.count }
        }

        private static let room = 64 << 10
        private static let farewell: Duration = .seconds(2)

        private let easy: UnsafeMutableRawPointer
        private let far: Int32
        private let near: Int32
        private var out = Way()
        private var back = Way()
        // `room` is a number of ours, above.
        private var page = [UInt8](repeating: 0, count: room)
        private var end: ContinuousClock.Instant?

        /// Nil where there is no connection; the waiter has heard why.
        init?(_ call: Opening, _ waiter: CheckedContinuation<Result<Int32, Failure>, Never>) {
            guard let easy = curl_easy_init() else {
                waiter.resume(returning: .failure(Failure(words: "libcurl: メモリが足りません (out of memory)")))
                return nil
            }
            let code = Self.connect(easy, call)
            var socket: curl_socket_t = -1
            var pair: [Int32] = [-1, -1]
            guard code == CURLE_OK, ccurl_active_socket(easy, &socket) == CURLE_OK, socket >= 0,
                socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
            else {
                let reason = code == CURLE_OK ? "接続できません (no socket)" : String(cString: curl_easy_strerror(code))
                curl_easy_cleanup(easy)
                let distrust: [CURLcode] = [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM]
                waiter.resume(returning: .failure(Failure(words: "\(call.host): \(reason)", isDistrust: distrust.contains(code))))
                return nil
            }
            // A pair has two, always.
            (self.easy, far, near) = (easy, socket, pair[0])
            // A pair has two, always.
            waiter.resume(returning: .success(pair[1]))
        }

        deinit {
            close(near)
            curl_easy_cleanup(easy)
        }

        private static func connect(_ easy: UnsafeMutableRawPointer, _ call: Opening) -> CURLcode {
            let host = call.host.contains(":") ? "[\(call.host)]" : call.host
            let places = call.addresses.isEmpty ? nil : curl_slist_append(nil, "\(host):\(call.port):" + call.addresses.joined(separator: ","))
            defer {
                ccurl_set_list(easy, CURLOPT_RESOLVE, nil)
                curl_slist_free_all(places)
            }
            ccurl_set_list(easy, CURLOPT_RESOLVE, places)
            let scheme = call.tls == nil ? "http" : "https"
            ccurl_set_string(easy, CURLOPT_URL, "\(scheme)://\(host):\(call.port)/")
            ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, scheme)
            ccurl_set_string(easy, CURLOPT_PROXY, "")
            ccurl_set_long(easy, CURLOPT_CONNECT_ONLY, 1)
            ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
            ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
            // Offered to the far end with TLS: whoever speaks here does not speak HTTP/2.
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, call.limit.milliseconds))
            call.tls?.apply(to: easy)
            // Asked a few times a second until it is connected; `call` outlives the question.
            ccurl_set_on_progress(easy, { context, _, _, _, _ in
                guard let context else { return 0 }
                return Unmanaged<Opening>.fromOpaque(context).takeUnretainedValue().isCancelled.load(ordering: .relaxed) ? 1 : 0
            }, Unmanaged.passUnretained(call).toOpaque())
            return withExtendedLifetime(call) { curl_easy_perform(easy) }
        }

        // MARK: While it stands

        func run() {
            while step() {
                var sides = [
                    pollfd(fd: far, events: wanted(reads: back.isEmpty && !back.isEnded, writes: !out.isEmpty), revents: 0),
                    // A side that has closed is said at once and for ever, whether one asks or not.
                    pollfd(fd: out.isEnded ? -1 : near, events: wanted(reads: out.isEmpty, writes: !back.isEmpty), revents: 0),
                ]
                var patience: Int32 = -1
                if let end {
                    let left = end - .now
                    guard left > .zero else { return }
                    patience = Int32(clamping: left.milliseconds + 1)
                }
                guard poll(&sides, nfds_t(sides.count), patience) >= 0 || errno == EINTR else { return }
                // A side is gone, and the other does not take what it left: no more than the farewell.
                let gone = Int16(POLLHUP | POLLERR)
                if sides[1].revents & gone != 0, !out.isEmpty { leave(&out) }
                if sides[0].revents & gone != 0, !back.isEmpty { end = end ?? .now + Self.farewell }
            }
        }

        /// Two of poll's bits, far below 32,768.
        private func wanted(reads: Bool, writes: Bool) -> Int16 { Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) }

        /// Hands on what can be handed on now.
        /// - Returns: false when nothing more will be.
        private func step() -> Bool {
            // TLS may hold octets that the socket no longer shows: read until there is none.
            while back.isEmpty, !back.isEnded, receive() {
                guard handBack() else { return false }
            }
            while out.isEmpty, !out.isEnded, take() {
                guard handOut() else { return false }
            }
            guard handBack(), handOut() else { return false }
            return !((back.isEnded && back.isEmpty) || (out.isEnded && out.isEmpty))
        }

        private func leave(_ way: inout Way) {
            way.isEnded = true
            end = end ?? .now + Self.farewell
        }

        /// - Returns: true where there are octets for the near side.
        private func receive() -> Bool {
            var count = 0
            let code = page.withUnsafeMutableBytes { curl_easy_recv(easy, $0.baseAddress, $0.count, &count) }
            guard code == CURLE_OK, count > 0 else {
                if code != CURLE_AGAIN { leave(&back) }
                return false
            }
            // More than none, and never more than the page has room for.
            back = Way(octets: Array(page.prefix(count)))
            return true
        }

        private func take() -> Bool {
            let count = page.withUnsafeMutableBytes { read(near, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if count == 0 || (errno != EAGAIN && errno != EINTR) { leave(&out) }
                return false
            }
            // More than none, and never more than the page has room for.
            out = Way(octets: Array(page.prefix(count)))
            return true
        }

        /// - Returns: false where the near side takes nothing any more.
        private func handBack() -> Bool {
            while !back.isEmpty {
                // No signal where it has closed: signals are blocked on this thread.
                let count = back.octets[back.sent...].withUnsafeBytes { write(near, $0.baseAddress, $0.count) }
                guard count > 0 else { return errno == EAGAIN || errno == EINTR }
                back.sent += count
            }
            return true
        }

        private func handOut() -> Bool {
            while !out.isEmpty {
                var count = 0
                // What was sent is never more than there is: the loop ends there.
                let code = out.octets[out.sent...].withUnsafeBytes { curl_easy_send(easy, $0.baseAddress, $0.count, &count) }
                guard code == CURLE_OK else { return code == CURLE_AGAIN }
                out.sent += count
            }
            return true
        }
    }
}

extension CurlConfiguration.TLS {
    /// TLS 1.2 or newer, and the far end's name certified by whom we trust.
    func apply(to easy: UnsafeMutableRawPointer) {
        ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities { ccurl_set_string(easy, CURLOPT_CAINFO, authorities) }
        if let certificate { ccurl_set_string(easy, CURLOPT_SSLCERT, certificate) }
        if let key { ccurl_set_string(easy, CURLOPT_SSLKEY, key) }
        if let pinnedKey { ccurl_set_string(easy, CURLOPT_PINNEDPUBLICKEY, pinnedKey) }
    }
}
