/// As much of CBOR (RFC 8949) as an authenticator's answer has: integers, octets, text, lists and maps of definite length,
/// true, false and null. Anything else, and anything too deep or too long, is no answer.
enum CBOR: Hashable {
    case number(Int64), octets([UInt8]), text(String), list([CBOR]), map([CBOR: CBOR]), flag(Bool), null

    struct Malformed: Error {}

    /// The first value, and where it ends.
    static func read(_ octets: [UInt8], from start: Int = 0) throws(Malformed) -> (value: CBOR, end: Int) {
        var reader = Reader(octets: octets, place: start)
        let value = try reader.value(depth: 0)
        return (value, reader.place)
    }

    subscript(key: String) -> CBOR? { if case .map(let pairs) = self { pairs[.text(key)] } else { nil } }
    subscript(key: Int64) -> CBOR? { if case .map(let pairs) = self { pairs[.number(key)] } else { nil } }
    var asOctets: [UInt8]? { if case .octets(let octets) = self { octets } else { nil } }
    var asNumber: Int64? { if case .number(let number) = self { number } else { nil } }

    private struct Reader {
        let octets: [UInt8]
        var place: Int
        static let deepest = 8
        static let most = 256

        mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
            guard count >= 0, count <= octets.count - place else { throw Malformed() }
            defer { place += count }
            return octets[place..<place + count]
        }

        mutating func argument(_ low: UInt8) throws(Malformed) -> UInt64 {
            switch low {
            case 0..<24: UInt64(low)
            case 24...27: try take(1 << Int(low - 24)).reduce(0) { $0 << 8 | UInt64($1) }
            default: throw Malformed()
            }
        }

        mutating func value(depth: Int) throws(Malformed) -> CBOR {
            guard depth < Self.deepest, let head = try take(1).first else { throw Malformed() }
            let argument = try argument(head & 0x1F)
            switch head >> 5 {
            case 0:
                guard argument <= UInt64(Int64.max) else { throw Malformed() }
                return .number(Int64(argument))
            case 1:
                guard argument <= UInt64(Int64.max) else { throw Malformed() }
                return .number(-1 - Int64(argument))
            case 2: return .octets(Array(try take(Int(clamping: argument))))
            case 3:
                guard let text = String(validating: try take(Int(clamping: argument)), as: UTF8.self) else { throw Malformed() }
                return .text(text)
            case 4:
                guard argument <= UInt64(Self.most) else { throw Malformed() }
                var list: [CBOR] = []
                // The guard above keeps it below 257.
                for _ in 0..<argument { list.append(try value(depth: depth + 1)) }
                return .list(list)
            case 5:
                guard argument <= UInt64(Self.most) else { throw Malformed() }
                var map: [CBOR: CBOR] = [:]
                // The guard above keeps it below 257.
                for _ in 0..<argument {
                    let key = try value(depth: depth + 1)
                    guard map.updateValue(try value(depth: depth + 1), forKey: key) == nil else { throw Malformed() }
                }
                return .map(map)
            case 7:
                switch head & 0x1F {
                case 20: return .flag(false)
                case 21: return .flag(true)
                case 22: return .null
                default: throw Malformed()
                }
            default: throw Malformed()
            }
        }
    }
}
