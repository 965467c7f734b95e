internal import CCurl
internal import ChannelKit

/// One call inside libcurl: the easy handle with everything it points to, and what has come back so far.
///
/// Lives on the loop's thread. The loop keeps it until the handle is out of the multi handle, so the pointers libcurl
/// holds into it are good for as long as libcurl may follow them.
final class Transfer {
    let exchange: Exchange
    let address: CallAddress
    let easy: UnsafeMutableRawPointer
    let started = ContinuousClock.now

    private var lines: UnsafeMutablePointer<curl_slist>?
    private var places: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private let headerLimit: Int

    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    /// The blank line after the header has come.
    private var isHeaderWhole = false
    private var body: [UInt8] = []
    /// Said when we broke it off ourselves.
    private var objection: String?

    init(_ exchange: Exchange, to address: CallAddress, on easy: UnsafeMutableRawPointer, headerLimit: Int) {
        self.exchange = exchange
        self.address = address
        self.easy = easy
        self.headerLimit = headerLimit
        errorText.initialize(repeating: 0)
    }

    /// The handle must be reset or gone: it points here.
    deinit {
        curl_slist_free_all(lines)
        curl_slist_free_all(places)
        errorText.deallocate()
    }

    // MARK: Before

    func prepare(_ configuration: CurlConfiguration, addresses: [String], remaining: Duration) {
        ccurl_set_string(easy, CURLOPT_URL, exchange.call.url)
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_string(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // With TLS the handshake tells whether calls can share a connection. In plain HTTP only the first answer would,
        // and libcurl 7.88.1 keeps every other call waiting for it: a warning behind a silent routine send.
        ccurl_set_long(easy, CURLOPT_PIPEWAIT, address.scheme == "https" ? 1 : 0)
        // Kept lines are what libcurl makes a call again for; a multiplexed one is shared with calls before.
        if exchange.call.isOnce {
            ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
            ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        }
        let isPlain = exchange.reader != nil || exchange.upload != nil || exchange.call.isOnce || !configuration.multiplexes
        ccurl_set_long(easy, CURLOPT_HTTP_VERSION, isPlain ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS)
        // Empty text: without it libcurl reads http_proxy from the environment.
        ccurl_set_string(easy, CURLOPT_PROXY, configuration.proxy ?? "")
        ccurl_set_string(easy, CURLOPT_USERAGENT, configuration.userAgent)
        ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText.baseAddress)
        limit(configuration, remaining)
        (configuration.tlsByHost[address.host] ?? configuration.tls).apply(to: easy)
        if !addresses.isEmpty {
            places = curl_slist_append(nil, address.entry(addresses))
            ccurl_set_list(easy, CURLOPT_RESOLVE, places)
        }
        ask(exchange.call)
        listen()
    }

    private func limit(_ configuration: CurlConfiguration, _ remaining: Duration) {
        // 0 would mean no limit at all.
        let total = max(1, remaining.milliseconds)
        ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, total)
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, min(total, configuration.connectLimit.milliseconds)))
    }

    private func ask(_ call: HTTPCall) {
        let carries = !call.body.isEmpty || ["POST", "PUT", "PATCH"].contains(call.method)
        if let upload = exchange.upload {
            give(upload)
        } else if carries {
            _ = call.body.withUnsafeBytes { bytes in
                // An empty array may have no address, and libcurl takes NULL for "read it from a callback".
                bytes.baseAddress.map { ccurl_set_body(easy, $0, curl_off_t(bytes.count)) }
                    ?? ccurl_set_body(easy, "", 0)
            }
        }
        switch call.method {
        case "HEAD" where !carries: ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        case "GET" where !carries: ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
        case "POST": break
        default: ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, call.method)
        }
        for header in call.headers {
            // libcurl's way to say an empty value; "Name:" would take the header out.
            add(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        // What libcurl adds to a body of its own accord: a form's type, and a question that costs a round trip.
        for name in ["Content-Type", "Expect"] where carries && !call.headers.contains(where: {
            $0.name.lowercased() == name.lowercased()
        }) { add("\(name):") }
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, lines)
    }

    /// The exchange keeps it for as long as libcurl may ask.
    private func give(_ upload: FileUpload) {
        ccurl_set_on_read(easy, curl_off_t(upload.octets), { data, size, count, context in
            guard let data, let context else { return 0 }
            return Unmanaged<FileUpload>.fromOpaque(context).takeUnretainedValue().read(into: UnsafeMutableRawBufferPointer(start: data, count: size * count))
                ?? Int(CURL_READFUNC_ABORT)
        }, { context, offset, origin in
            guard let context, origin == 0 else { return CURL_SEEKFUNC_CANTSEEK }
            return Unmanaged<FileUpload>.fromOpaque(context).takeUnretainedValue().seek(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }, Unmanaged.passUnretained(upload).toOpaque())
        ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1024)
        ccurl_set_long(easy, CURLOPT_LOW_SPEED_TIME, 120)
    }

    private func add(_ line: String) {
        lines = curl_slist_append(lines, line) ?? lines
    }

    private func listen() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_on_data(easy, { data, size, count, context in
            guard let data, let context else { return 0 }
            let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().take(bytes) ? size * count : 0
        }, me)
        ccurl_set_on_header(easy, { data, size, count, context in
            guard let data, let context else { return 0 }
            let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().takeLine(bytes) ? size * count : 0
        }, me)
    }

    // MARK: Meanwhile

    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let reader = exchange.reader, ccurl_info_long(easy, CURLINFO_RESPONSE_CODE) == 200 {
            guard !reader(bytes) else { return true }
            objection = "求めたものと違う返事です (the answer is not what was asked for)"
            return false
        }
        guard body.count + bytes.count <= exchange.call.answerLimit else {
            objection = "返事が\(exchange.call.answerLimit)バイトを超えています (the answer is too long)"
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func takeLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= headerLimit else {
            objection = "返事のヘッダーが\(headerLimit)バイトを超えています (the header is too long)"
            return false
        }
        if bytes.starts(with: "HTTP/".utf8) {
            headers = []  // what came before was an interim answer (RFC 9110, 15.2)
            isHeaderWhole = false
            return true
        }
        if bytes.elementsEqual("\r\n".utf8) || bytes.elementsEqual("\n".utf8) { isHeaderWhole = true }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return true }
        headers.append((Self.text(bytes[..<colon]), Self.text(bytes[(colon + 1)...])))
        return true
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d || $0 == 0x0a }
        guard let first = bytes.firstIndex(where: { !blank($0) }),
              let last = bytes.lastIndex(where: { !blank($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    // MARK: After

    func outcome(_ code: CURLcode) -> Exchange.Outcome {
        if code == CURLE_OK {
            // libcurl 7.88.1 calls it a success when the connection is closed inside the header.
            guard isHeaderWhole else { return .failure(.noAnswer("返事がヘッダーの途中で切れました (the answer ended inside its header)")) }
            let status = ccurl_info_long(easy, CURLINFO_RESPONSE_CODE)
            let answer = HTTPAnswer(
                status: status, headers: headers, body: body, isHTTP2: ccurl_info_long(easy, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0)
            // And it passes over a length it cannot read, which makes any ending a good one (RFC 9112, 6.3).
            if let length = answer.header("Content-Length"), Int(length) == nil {
                return .failure(.noAnswer("返事の長さが読めません (the answer gives no readable length)"))
            }
            return .success(answer)
        }
        let wasSent = ccurl_info_long(easy, CURLINFO_REQUEST_SIZE) > 0
        return .failure(TransportFailure(code, wasSent: wasSent, objection ?? explanation(code)))
    }

    private func explanation(_ code: CURLcode) -> String {
        let said = String(decoding: errorText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(Self.words(code)) (\(said.isEmpty ? String(cString: curl_easy_strerror(code)) : said))"
    }

    /// What staff can do something with; libcurl's own sentence stands behind it for who looks after the machine.
    private static func words(_ code: CURLcode) -> String {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: "宛先の名前が見つかりません"
        case CURLE_COULDNT_CONNECT: "相手がつながりを受け付けません"
        case CURLE_OPERATION_TIMEDOUT: "時間内に返事がありません"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS: "相手の証明書を確かめられません"
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE: "こちらの証明書か鍵の設定に誤りがあります"
        case CURLE_SSL_CONNECT_ERROR: "暗号の通信を始められません"
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE: "通信が途中で切れました"
        default: "通信できませんでした"
        }
    }

    func timings() -> CurlTimings {
        func time(_ info: CURLINFO) -> Duration { .microseconds(ccurl_info_large(easy, info)) }
        return CurlTimings(
            origin: address.origin, status: ccurl_info_long(easy, CURLINFO_RESPONSE_CODE),
            waited: started - exchange.begun, connected: time(CURLINFO_CONNECT_TIME_T),
            secured: time(CURLINFO_APPCONNECT_TIME_T), firstByte: time(CURLINFO_STARTTRANSFER_TIME_T),
            total: time(CURLINFO_TOTAL_TIME_T), newConnections: ccurl_info_long(easy, CURLINFO_NUM_CONNECTS),
            isMultiplexed: ccurl_info_long(easy, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0)
    }
}

extension TransportFailure {
    /// What libcurl's code means for who called.
    ///
    /// Ours to mend: address, certificates, keys. Otherwise it is the request's first byte that counts: before it
    /// nothing happened over there, after it nobody knows.
    init(_ code: CURLcode, wasSent: Bool, _ reason: String) {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
             CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
             CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_BAD_FUNCTION_ARGUMENT:
            self = .refused(reason)
        // Also said of an answer that is no HTTP/1.x at all, hence the condition.
        case CURLE_UNSUPPORTED_PROTOCOL where !wasSent:
            self = .refused(reason)
        default:
            self = wasSent ? .noAnswer(reason) : .unreachable(reason)
        }
    }
}

extension Duration {
    /// Whole milliseconds, cut off.
    var milliseconds: Int {
        // Deadlines are our own, a day at most.
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
