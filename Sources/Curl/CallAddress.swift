internal import CCurl
internal import ChannelKit

/// Where a call goes, read by libcurl's own parser so that both always agree on the host.
struct CallAddress {
    let scheme: String
    /// As in the address; IPv6 without brackets.
    let host: String
    let port: String

    /// What shares connections: `https://gateway.example:443`.
    var origin: String { "\(scheme)://\(bracketed):\(port)" }
    private var bracketed: String { host.contains(":") ? "[\(host)]" : host }

    /// `host:port:address,address` for CURLOPT_RESOLVE.
    func entry(_ addresses: [String]) -> String {
        "\(bracketed):\(port):" + addresses.map { $0.contains(":") ? "[\($0)]" : $0 }.joined(separator: ",")
    }

    static let web = ["http", "https"]

    init(_ url: String, of schemes: [String] = web) throws(TransportFailure) {
        guard let parts = curl_url() else { throw .unreachable("メモリが足りません (out of memory)") }
        defer { curl_url_cleanup(parts) }
        // A password in an address ends up in logs.
        let code = curl_url_set(parts, CURLUPART_URL, url, UInt32(CURLU_DISALLOW_USER))
        guard code == CURLUE_OK, !url.utf8.contains(0) else {
            throw .refused("宛先の形が違います: \(String(cString: curl_url_strerror(code))) (not an address)")
        }
        scheme = Self.part(parts, CURLUPART_SCHEME).lowercased()
        guard schemes.contains(scheme) else {
            throw .refused("「\(scheme)」は使えません。\(schemes.joined(separator: " と ")) だけです (only \(schemes.joined(separator: " and ")))")
        }
        let written = Self.part(parts, CURLUPART_HOST).lowercased()
        host = written.hasPrefix("[") ? String(written.dropFirst().dropLast()) : written
        guard !host.isEmpty, !host.contains("%") else { throw .refused("宛先にホスト名がありません (the address names no host)") }
        port = Self.part(parts, CURLUPART_PORT)
    }

    private static func part(_ parts: OpaquePointer, _ which: CURLUPart) -> String {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, which, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else { return "" }
        defer { curl_free(text) }
        return String(cString: text)
    }
}

extension MailCall {
    static let schemes = ["smtp", "smtps"]

    /// A line end in an address would be a command of somebody else's.
    func check() throws(TransportFailure) {
        for address in [envelope?.from, envelope?.to].compactMap(\.self) {
            guard address.contains("@"), address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }) else {
                throw .refused("メールの宛先になりません: \(address.debugDescription) (no mail address)")
            }
        }
    }
}

extension HTTPCall {
    /// Characters of a method or a header's name (RFC 9110, 5.6.2, token).
    private static let tokens = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// A line end in a header would begin a header, or a request, of somebody else's.
    func check() throws(TransportFailure) {
        guard !method.isEmpty, method.utf8.allSatisfy(Self.tokens.contains) else {
            throw .refused("メソッド名になりません: \(method.debugDescription) (not a method)")
        }
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(Self.tokens.contains) else {
                throw .refused("ヘッダー名になりません: \(header.name.debugDescription) (not a header name)")
            }
            // RFC 9110, 5.5: visible characters, space and tab.
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw .refused("ヘッダー\(header.name)の値に制御文字があります (a control character in its value)")
            }
        }
    }
}
