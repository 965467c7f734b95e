internal import CCurl
internal import ChannelKit
internal import Synchronization

/// One mail over libcurl, on a thread of its own.
///
/// Not on the loop: when a mail's connection ends, libcurl 7.88.1 says QUIT and waits for the answer, up to two minutes and
/// holding up whatever else its thread has to do. A warning to other far ends must not be behind that.
enum MailLine {
    /// Threads at once, those that still take leave among them.
    static let most = 64
    /// A server's silence at the end of a letter (seconds).
    private static let farewell = 10

    /// Blocks. The exchange has its outcome before the line is taken down.
    static func send(_ mail: MailCall, to address: CallAddress, _ configuration: CurlConfiguration, for exchange: Exchange) {
        guard exchange.mayLeave() else { return exchange.finish(.failure(.cancelled)) }
        guard let easy = curl_easy_init() else { return exchange.finish(.failure(.unreachable("メモリが足りません (out of memory)"))) }
        defer { curl_easy_cleanup(easy) }
        let talk = Talk(mail.message, exchange)
        defer { withExtendedLifetime(talk) {} }
        let left = max(1, (exchange.deadline - .now).milliseconds)
        ccurl_set_string(easy, CURLOPT_URL, mail.url)
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        ccurl_set_string(easy, CURLOPT_PROXY, "")
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, left)
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, min(left, configuration.connectLimit.milliseconds)))
        ccurl_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, max(farewell, left / 1000))
        ccurl_set_long(easy, CURLOPT_USE_SSL, Int((mail.mustBeSecret ? CURLUSESSL_ALL : CURLUSESSL_TRY).rawValue))
        (configuration.tlsByHost[address.host] ?? configuration.tls).apply(to: easy)
        if let login = mail.login {
            ccurl_set_string(easy, CURLOPT_USERNAME, login.user)
            ccurl_set_string(easy, CURLOPT_PASSWORD, login.password)
        }
        let recipients = mail.envelope.flatMap { curl_slist_append(nil, $0.to) }
        defer { curl_slist_free_all(recipients) }
        talk.listen(on: easy)
        if let envelope = mail.envelope {
            ccurl_set_string(easy, CURLOPT_MAIL_FROM, envelope.from)
            ccurl_set_list(easy, CURLOPT_MAIL_RCPT, recipients)
            talk.speak(on: easy)
        } else {
            ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, "NOOP")
        }
        exchange.finish(talk.outcome(curl_easy_perform(easy), on: easy))
    }

    /// What libcurl asks for and hears. Of one thread.
    private final class Talk {
        private let octets: [UInt8]
        private let exchange: Exchange
        private var place = 0
        private var lastLine = ""
        /// The server's no, which libcurl takes leave after: 221 is the answer to that.
        private var refusal: (status: Int, line: String)?

        init(_ octets: [UInt8], _ exchange: Exchange) {
            self.octets = octets
            self.exchange = exchange
        }

        private var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

        func speak(on easy: UnsafeMutableRawPointer) {
            ccurl_set_on_mail(easy, curl_off_t(octets.count), { data, size, count, context in
                guard let data, let context else { return 0 }
                return Unmanaged<Talk>.fromOpaque(context).takeUnretainedValue().read(into: UnsafeMutableRawBufferPointer(start: data, count: size * count))
            }, pointer)
        }

        func listen(on easy: UnsafeMutableRawPointer) {
            ccurl_set_on_data(easy, { _, size, count, _ in size * count }, pointer)
            ccurl_set_on_header(easy, { data, size, count, context in
                guard let data, let context else { return 0 }
                Unmanaged<Talk>.fromOpaque(context).takeUnretainedValue().hear(UnsafeRawBufferPointer(start: data, count: size * count))
                return size * count
            }, pointer)
            // Asked about once a second: whoever waited has been answered already.
            ccurl_set_on_progress(easy, { context, _, _, _, _ in
                guard let context else { return 0 }
                return Unmanaged<Talk>.fromOpaque(context).takeUnretainedValue().exchange.isCancelled ? 1 : 0
            }, pointer)
        }

        private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(buffer.count, octets.count - place)
            guard count > 0 else { return 0 }
            buffer.copyBytes(from: octets[place..<(place + count)])
            place += count
            return count
        }

        private func hear(_ line: UnsafeRawBufferPointer) {
            // 512 octets are the longest line a server may send (RFC 5321 4.5.3.1.5).
            lastLine = String(decoding: line.prefix(512), as: UTF8.self).filter { !$0.isNewline }
            guard let status = Int(lastLine.prefix(3)), status != 221 else { return }
            refusal = status >= 400 ? (status, lastLine) : nil
        }

        /// A server that says no has answered; what libcurl makes of it is no failure of the line.
        func outcome(_ code: CURLcode, on easy: UnsafeMutableRawPointer) -> Exchange.Outcome {
            let status = ccurl_info_long(easy, CURLINFO_RESPONSE_CODE)
            let answer = HTTPAnswer(status: status, body: Array(lastLine.utf8))
            if code == CURLE_OK { return .success(answer) }
            if code == CURLE_USE_SSL_FAILED { return .failure(.refused("暗号化できない相手なので送りません (the server offers no STARTTLS)")) }
            let isLine = [CURLE_OPERATION_TIMEDOUT, CURLE_COULDNT_CONNECT, CURLE_PEER_FAILED_VERIFICATION, CURLE_RECV_ERROR, CURLE_GOT_NOTHING].contains(code)
            if !isLine, let refusal { return .success(HTTPAnswer(status: refusal.status, body: Array(refusal.line.utf8))) }
            return .failure(TransportFailure(code, wasSent: place > 0, String(cString: curl_easy_strerror(code))))
        }
    }
}
