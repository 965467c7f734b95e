internal import FoundationEssentials
internal import Gzip

/// One message of DMDATA.JP's WebSocket v2 (documents of 2026-06).
///
///     {"type":"start","socketId":1,…}
///     {"type":"ping","pingId":"012345"}                 to be answered by pong within 120 s
///     {"type":"data","id":"…","head":{"type":"VXSE43","test":false,…},"format":"xml",
///      "compression":"gzip","encoding":"base64","body":"H4sI…"}
///     {"type":"error","error":"…","code":4503,"close":true}
enum DMDATAMessage: Sendable, Hashable {
    case start
    case ping(id: String?)
    case pong
    case data(DMDATABulletin)
    case error(words: String, closes: Bool)
    /// A type that is not known here, or no message at all.
    case other(String)

    init(_ octets: [UInt8]) {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(octets)) else {
            self = .other("読めないメッセージです (a message that is not readable)")
            return
        }
        switch wire.type {
        case "start": self = .start
        case "ping": self = .ping(id: wire.pingId)
        case "pong": self = .pong
        case "error": self = .error(
            words: "\(wire.error ?? "an error")\(wire.code.map { " (\($0.text))" } ?? "")", closes: wire.close ?? false)
        case "data": self = DMDATABulletin(wire).map { .data($0) } ?? .other("data に id, head.type, body のどれかがありません (without id, head.type or body)")
        default: self = .other("種類が\(wire.type.prefix(40))のメッセージです (of this type)")
        }
    }

    static func pong(to id: String?) -> [UInt8] {
        let answer = id.map { ["type": "pong", "pingId": $0] } ?? ["type": "pong"]
        // Strings always encode.
        return (try? JSONEncoder().encode(answer)).map { Array($0) } ?? Array(#"{"type":"pong"}"#.utf8)
    }

    struct Wire: Decodable {
        struct Head: Decodable {
            var type: String
            var test: Bool?
        }
        var type: String
        var pingId: String?
        var id: String?
        var head: Head?
        var format: String?
        var compression: String?
        var encoding: String?
        var body: String?
        var error: String?
        var code: Code?
        var close: Bool?
    }

    /// A number in the table of codes, a word in the example.
    struct Code: Decodable {
        let text: String
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            text = (try? value.decode(Int.self)).map(String.init) ?? (try? value.decode(String.self)) ?? "?"
        }
    }
}

/// A bulletin as it was sent, its body still packed.
struct DMDATABulletin: Sendable, Hashable {
    /// Octets of a body, inflated: what BulletinReader takes.
    static let limit = 8 << 20

    let name: String
    /// Training or test, as the sender marks XML bulletins.
    let isDrill: Bool
    /// `xml`, `a/n`, `binary`; only the first is read here.
    let isXML: Bool
    private let compression: String?
    private let encoding: String?
    private let body: String

    init?(_ wire: DMDATAMessage.Wire) {
        guard let id = wire.id, let head = wire.head, let body = wire.body, id.utf8.count <= 200, head.type.utf8.count <= 20
        else { return nil }
        name = "\(id)_\(head.type)"
        isDrill = head.test ?? false
        isXML = wire.format == "xml"
        compression = wire.compression
        encoding = wire.encoding
        self.body = body
    }

    struct Damage: Error { let words: String }

    var octets: Result<[UInt8], Damage> {
        let packed: [UInt8]
        switch encoding {
        case "base64":
            guard let data = Data(base64Encoded: body) else { return .failure(Damage(words: "\(name): base64が壊れています (damaged base64)")) }
            packed = Array(data)
        case "utf-8", nil: packed = Array(body.utf8)
        case let other?: return .failure(Damage(words: "\(name): 符号化「\(other.prefix(40))」を知りません (encoding not known)"))
        }
        guard packed.count <= Self.limit else { return .failure(Damage(words: "\(name): \(packed.count)オクテットは長すぎます (too long)")) }
        switch compression {
        case nil: return .success(packed)
        case "gzip":
            do throws(Gzip.Failure) {
                return .success(try Gzip.inflate(packed, limit: Self.limit))
            } catch {
                return .failure(Damage(words: "\(name): gzipを展開できません: \(error) (gzip)"))
            }
        case let other?: return .failure(Damage(words: "\(name): 圧縮「\(other.prefix(40))」を知りません (compression not known)"))
        }
    }
}
