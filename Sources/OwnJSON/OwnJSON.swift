/// What this program once wrote as JSON, read again in a fraction of the time.
///
///     octets ──▶ Tape (where each value stands) ──▶ QuickDecoder ──▶ the value
///        └──────────────── anything unusual ──────▶ JSONDecoder ──▶ the value, or its refusal
///
/// A start reads the alerts of three days of a whole country, and most of that was JSONDecoder's. This reads the part of JSON that
/// JSONEncoder writes by its own settings, and gives the same value or none: where it meets anything else it stands back, and JSONDecoder
/// decides. So there is nothing that it alone accepts.
internal import FoundationEssentials

package enum OwnJSON {
    package static func decode<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) throws -> Value {
        if let value = quick(type, from: octets) { return value }
        return try JSONDecoder().decode(type, from: Data(octets))
    }

    /// Nil where JSONDecoder has to be asked.
    package static func quick<Value: Decodable>(_ type: Value.Type, from octets: [UInt8]) -> Value? {
        guard let tape = Tape(octets), !isSpecial(type) else { return nil }
        return try? type.init(from: QuickDecoder(tape: tape, at: 0))
    }

    /// Types that JSONEncoder writes in a way of its own.
    static func isSpecial(_ type: any Decodable.Type) -> Bool {
        type == Data.self || type == URL.self || type == Decimal.self
    }
}
