/// Requests nobody in his right mind sends, made from docs/openapi.yaml and a seed: the same seed, the same requests.
import Chance
import Foundation
import Yams

extension Dice {
    /// Of a list that is not empty.
    mutating func one<Value>(of list: [Value]) -> Value { list[Int.random(in: list.indices, using: &self)] }
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

struct OddRequest: Sendable {
    var octets: [UInt8]
    /// The statuses that are described for it; nil where it is no request of the description any more.
    var statuses: Set<Int>?
    /// Its answer has no end.
    var isStream: Bool

    var text: String { String(decoding: octets.prefix(3000), as: UTF8.self) }
}

struct OddRequests: Sendable {
    struct Operation: Sendable {
        var method, path: String
        var queries: [String]
        var statuses: Set<Int>
        var isStream: Bool { path == "/v1/stream" || path == "/v1/deliveries/stream" }
    }

    let operations: [Operation]
    /// Values that mean something to this hub, for the braces of paths.
    var known: [String: [String]] = [:]
    /// What stands in `Authorization`; empty for none.
    var tokens: [String] = [""]
    /// Bodies that are right or nearly so.
    var bodies: [[UInt8]] = []

    init(openAPI: URL, takes: (_ path: String) -> Bool = { _ in true }) throws {
        let document = try Yams.load(yaml: String(contentsOf: openAPI, encoding: .utf8)) as? [String: Any] ?? [:]
        let shared = (document["components"] as? [String: Any])?["parameters"] as? [String: [String: Any]] ?? [:]
        var found: [Operation] = []
        for (path, item) in (document["paths"] as? [String: [String: Any]] ?? [:]).sorted(by: { $0.key < $1.key }) where takes(path) {
            for method in ["get", "post", "delete", "put", "patch"] {
                guard let operation = item[method] as? [String: Any] else { continue }
                let parameters = [item["parameters"], operation["parameters"]].compactMap { $0 as? [[String: Any]] }.flatMap { $0 }
                    .map { entry in (entry["$ref"] as? String)?.split(separator: "/").last.flatMap { shared[String($0)] } ?? entry }
                found.append(Operation(
                    method: method.uppercased(), path: path,
                    queries: parameters.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String },
                    statuses: Set((operation["responses"] as? [String: Any] ?? [:]).keys.compactMap { Int($0) })))
            }
        }
        operations = found
    }

    static let values = [
        "", ";", ";;", ",", " ", "\t", "-1", "0", "1", "1000", "1001", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "1e308", "1e400", "nan", "inf", "true", "True", "false", "null", "%", "%00", "%ff", "%E3%81%82", "%2F..%2F", "..", "../../etc/passwd",
        "\u{202E}", "日本", "é", "\"", "'", "\\", "=", "==", "&", "*", "[", "]", "{", "}", "<", "042056", "000000", "0-0", "1-1",
        "18446744073709551615-18446744073709551615", "99999999999999999999-1", "-", "1-", "-1-1", "a,b;q=0.5", "q=", ";q=1", "W/", "W/\"", "\"\"",
        "bytes=0-", "gzip;q=0", "*;q=0", "text/", "/", "a/b/c", "application/json;", "application/json; charset=", "Bearer", "Bearer ", "Basic Og==",
        "Thu, 01 Jan 1970 00:00:00 GMT", "2026-11-28T10:00:00+09:00", "+292278994-08-17T07:12:55Z", String(repeating: "9", count: 400),
        String(repeating: "a", count: 5000), String(repeating: "[", count: 1000),
    ]

    private static let headers = [
        "Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset", "Content-Type", "Content-Encoding", "Content-Language", "If-None-Match",
        "If-Match", "If-Modified-Since", "Range", "Last-Event-ID", "Idempotency-Key", "Authorization", "Cookie", "Origin", "Referer", "Expect",
        "X-Forwarded-For", "Forwarded", "TE", "Trailer", "Upgrade", "Via", "Date", "Prefer", "X",
    ]

    private static let bits = [
        "0", "-1", "1e308", "-1e400", "99999999999999999999999", "1.5", "true", "null", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[[]]",
        "\"2026-11-28T10:00:00+09:00\"", "\"+999999999-01-01T00:00:00Z\"", "\"\u{202E}x\"", "\"a\\r\\n\\tb\"",
    ]

    // MARK: one request

    func next(_ random: inout Dice) -> OddRequest {
        if random.chance(0.04) { return Self.noise(&random) }
        let operation = random.one(of: operations)
        var isPlain = true
        var path = operation.path.split(separator: "/", omittingEmptySubsequences: false).map { piece -> String in
            guard piece.hasPrefix("{") else { return String(piece) }
            if let values = known[String(piece.dropFirst().dropLast())], random.chance(0.7) { return random.one(of: values) }
            isPlain = false
            return Self.encoded(random.one(of: Self.values), &random)
        }.joined(separator: "/")
        var pairs: [String] = []
        while random.chance(0.45), pairs.count < 6 {
            let name = random.chance(0.8) && !operation.queries.isEmpty ? random.one(of: operation.queries) : random.one(of: Self.values)
            pairs.append(Self.encoded(name, &random) + (random.chance(0.9) ? "=" : "") + Self.encoded(random.one(of: Self.values), &random))
        }
        if !pairs.isEmpty { path += "?" + pairs.joined(separator: "&") }
        let method = random.chance(0.9) ? operation.method : random.one(of: ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "BREW", "get", "CONNECT", "POST"])
        var lines = ["\(method) \(path) HTTP/1.\(random.chance(0.95) ? 1 : 0)"]
        if random.chance(0.97) { lines.append("Host: hub") } else { lines.append("Host: \(random.one(of: Self.values))") }
        let token = random.one(of: tokens)
        if !token.isEmpty { lines.append("Authorization: Bearer \(token)") }
        while random.chance(0.5), lines.count < 12 { lines.append("\(random.one(of: Self.headers)): \(random.one(of: Self.values))") }
        let isSure = isPlain && method == operation.method && !lines.contains { $0.utf8.count > 4000 } && path.utf8.count < 4000
        return finished(lines, operation, isSure: isSure, &random)
    }

    private func finished(_ head: [String], _ operation: Operation, isSure: Bool, _ random: inout Dice) -> OddRequest {
        var lines = head
        var octets: [UInt8] = []
        var isSure = isSure
        if operation.method == "POST" || random.chance(0.1) {
            octets = oddBody(&random)
            if !lines.contains(where: { $0.hasPrefix("Content-Type") }), random.chance(0.8) {
                lines.append("Content-Type: " + random.one(of: ["application/json", "application/xml", "text/plain", "text/csv", "application/gzip"]))
            }
            if random.chance(0.1) {
                lines.append("Transfer-Encoding: chunked")
                let size = random.one(of: [String(octets.count, radix: 16), "zz", "-1", "FFFFFFFFFFFFFFFF", "", "5;x=\"", "0"])
                octets = Array("\(size)\r\n".utf8) + octets + Array("\r\n0\r\n\r\n".utf8)
                isSure = false
            } else if random.chance(0.03) {
                lines.append("Content-Length: " + random.one(of: Self.values))
                isSure = false
            } else {
                lines.append("Content-Length: \(octets.count)")
            }
        }
        if random.chance(0.9) { lines.append("Connection: close") }
        return OddRequest(
            octets: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + octets, statuses: isSure ? operation.statuses : nil,
            isStream: operation.isStream)
    }

    func oddBody(_ random: inout Dice) -> [UInt8] {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return []
        case 1: return (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 2: return Array(random.one(of: Self.bits + Self.values).utf8)
        case 3: return Array(String(repeating: random.one(of: ["[", "{\"a\":", "<a>", "("]), count: random.one(of: [10, 511, 600, 20_000])).utf8)
        default: return mutated(random.one(of: bodies), &random)
        }
    }

    /// A right body with some of it changed.
    private func mutated(_ body: [UInt8], _ random: inout Dice) -> [UInt8] {
        var body = body
        for _ in 0..<random.one(of: [0, 1, 1, 1, 2, 5]) where !body.isEmpty {
            let place = Int.random(in: body.indices, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: body[place] = UInt8.random(in: 0...255, using: &random)
            case 1: body.removeSubrange(place..<min(body.count, place + Int.random(in: 1...20, using: &random)))
            case 2: body.insert(contentsOf: Array(random.one(of: Self.bits + Self.values).utf8), at: place)
            case 3: body = Array(body.prefix(place))
            default:
                // A value of JSON by another one.
                guard let colon = body[place...].firstIndex(of: UInt8(ascii: ":")) else { continue }
                let end = body[colon...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? body.endIndex
                body.replaceSubrange((colon + 1)..<end, with: Array(random.one(of: Self.bits).utf8))
            }
        }
        return body
    }

    private static func encoded(_ text: String, _ random: inout Dice) -> String {
        if text.allSatisfy({ $0.isASCII && !$0.isWhitespace && !$0.isNewline }), random.chance(0.5) { return text.replacing("/", with: "%2F") }
        return text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private static func noise(_ random: inout Dice) -> OddRequest {
        let heads = [
            "", "\r\n\r\n", "GET", "GET / HTTP/9.9\r\n\r\n", "GET /v1/stream HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /v1/stream?a HTTP/1.1\r\nHost: hub\r\n: x\r\n\r\n",
            "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET ? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%%% HTTP/1.1\r\nHost: a\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /v1/stream HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer\r\nLast-Event-ID: ;\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "POST /v1/receipts HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            "GET /v1/stream HTTP/1.1\r\nHost: hub\r\n\u{0}: x\r\n\r\n",
        ]
        var octets = Array(random.one(of: heads).utf8)
        if random.chance(0.5) { octets += (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) } }
        return OddRequest(octets: octets, statuses: nil, isStream: false)
    }
}
