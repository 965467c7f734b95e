internal import FoundationEssentials
internal import Ledger

/// What stands in a column. The same five kinds as SQLite's, so that a fact has the same digest in both ledgers.
enum PostgresValue: Sendable, Hashable {
    case null
    case int(Int64)
    case double(Double)
    case text(String)
    case octets([UInt8])

    enum Kind: String, Sendable {
        case int = "int8", double = "float8", text, octets = "bytea"
    }

    static func int(_ number: Int) -> Self { .int(Int64(number)) }
    static func time(_ date: Date) -> Self { .double(date.timeIntervalSince1970) }
    static func time(_ date: Date?) -> Self { date.map { time($0) } ?? .null }
    static func text(_ text: String?) -> Self { text.map { .text($0) } ?? .null }

    /// In PostgreSQL's own writing; nil for nothing there. A text ends at its first NUL, as its digest does.
    var written: [UInt8]? {
        switch self {
        case .null: nil
        case .int(let number): Array("\(number)".utf8)
        case .double(let number): Array("\(number)".utf8)
        case .text(let text): Array(text.utf8.prefix { $0 != 0 })
        case .octets(let octets): Self.hex(octets)
        }
    }

    /// As it is read back.
    var stored: Self {
        if case .text(let text) = self { .text(text.untilNul) } else { self }
    }

    private static func hex(_ octets: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = [UInt8(ascii: "\\"), UInt8(ascii: "x")]
        text.reserveCapacity(2 + 2 * octets.count)
        for octet in octets {
            text.append(digits[Int(octet >> 4)])
            text.append(digits[Int(octet & 15)])
        }
        return text
    }

    /// `{"a","b",NULL}`.
    static func array(_ values: some Sequence<PostgresValue>) -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for value in values {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            guard let written = value.written else {
                text += Array("NULL".utf8)
                continue
            }
            text.append(UInt8(ascii: "\""))
            for octet in written {
                if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                text.append(octet)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "}"))
        return text
    }
}

extension String {
    /// A text of PostgreSQL has no NUL.
    var untilNul: String { utf8.contains(0) ? String(decoding: utf8.prefix { $0 != 0 }, as: UTF8.self) : self }
}

extension FactDigest {
    mutating func add(_ value: PostgresValue) {
        switch value {
        case .null: addNothing()
        case .int(let number): add(number)
        case .double(let number): add(number)
        case .text(let text): add(text)
        case .octets(let octets): add(octets: octets)
        }
    }

    mutating func add(_ values: [PostgresValue]) { for value in values { add(value) } }

    static func of(rows: [[PostgresValue]]) -> [UInt8] {
        var sum = FactDigest()
        for row in rows { sum.add(row) }
        return sum.octets
    }
}
