/// A text of JSON (RFC 8259), gone through once: its values in their order, each with where it ends.
struct Tape {
    enum Kind: UInt8 {
        case null, yes, no, number, text, list, object
    }

    struct Value {
        var kind: Kind
        /// A text that is written with a backslash somewhere.
        var isEscaped = false
        /// Octets, of a text those between its quotation marks.
        var start: Int
        var end: Int
        /// The place of the value behind it and all it holds.
        var next: Int
    }

    let octets: [UInt8]
    /// Of an object key, value, key, value …
    private(set) var values: [Value] = []

    /// Deeper than anything of ours.
    private static let depth = 32

    /// Nil for what is no JSON, or none that we write.
    init?(_ octets: [UInt8]) {
        self.octets = octets
        guard (try? UTF8Span(validating: octets.span)) != nil else { return nil }
        values.reserveCapacity(octets.count / 16)
        var reader = Reader(octets: octets)
        guard reader.value(&values, Self.depth), reader.at == octets.count else { return nil }
    }

    private struct Reader {
        let octets: [UInt8]
        var at = 0

        /// A slash, a quotation mark, a backslash and the ends of lines. All others are left to JSONDecoder.
        private static let escapes = Array(#"/"\nrt"#.utf8)

        private var octet: UInt8 { at < octets.count ? octets[at] : 0 }

        private mutating func take(_ octet: UInt8) -> Bool {
            guard self.octet == octet, at < octets.count else { return false }
            at += 1
            return true
        }

        mutating func value(_ values: inout [Value], _ depth: Int) -> Bool {
            guard depth > 0 else { return false }
            switch octet {
            case UInt8(ascii: "\""): return text(&values)
            case UInt8(ascii: "{"): return object(&values, depth)
            case UInt8(ascii: "["): return list(&values, depth)
            case UInt8(ascii: "t"): return word("true", .yes, &values)
            case UInt8(ascii: "f"): return word("false", .no, &values)
            case UInt8(ascii: "n"): return word("null", .null, &values)
            default: return number(&values)
            }
        }

        private mutating func word(_ word: StaticString, _ kind: Kind, _ values: inout [Value]) -> Bool {
            let start = at
            let isThere = word.withUTF8Buffer { word in word.allSatisfy { take($0) } }
            if isThere { values.append(Value(kind: kind, start: start, end: at, next: values.count + 1)) }
            return isThere
        }

        /// The octets of one; whether they are a number is seen when it is asked for.
        private mutating func number(_ values: inout [Value]) -> Bool {
            let start = at
            loop: while true {
                switch octet {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
                    UInt8(ascii: "+"):
                    at += 1
                default: break loop
                }
            }
            if at > start { values.append(Value(kind: .number, start: start, end: at, next: values.count + 1)) }
            return at > start
        }

        private mutating func text(_ values: inout [Value]) -> Bool {
            at += 1
            let start = at
            var isEscaped = false
            while at < octets.count {
                switch octets[at] {
                case UInt8(ascii: "\""):
                    values.append(Value(kind: .text, isEscaped: isEscaped, start: start, end: at, next: values.count + 1))
                    at += 1
                    return true
                case UInt8(ascii: "\\"):
                    isEscaped = true
                    at += 1
                    guard Self.escapes.contains(octet) else { return false }
                    at += 1
                case 0..<0x20: return false
                default: at += 1
                }
            }
            return false
        }

        private mutating func list(_ values: inout [Value], _ depth: Int) -> Bool {
            let place = open(.list, &values)
            if !take(UInt8(ascii: "]")) {
                repeat {
                    guard value(&values, depth - 1) else { return false }
                } while take(UInt8(ascii: ","))
                guard take(UInt8(ascii: "]")) else { return false }
            }
            values[place].end = at
            values[place].next = values.count
            return true
        }

        private mutating func object(_ values: inout [Value], _ depth: Int) -> Bool {
            let place = open(.object, &values)
            if !take(UInt8(ascii: "}")) {
                repeat {
                    guard octet == UInt8(ascii: "\""), text(&values), take(UInt8(ascii: ":")), value(&values, depth - 1) else { return false }
                } while take(UInt8(ascii: ","))
                guard take(UInt8(ascii: "}")) else { return false }
            }
            values[place].end = at
            values[place].next = values.count
            return true
        }

        private mutating func open(_ kind: Kind, _ values: inout [Value]) -> Int {
            values.append(Value(kind: kind, start: at, end: at, next: 0))
            at += 1
            return values.count - 1
        }
    }
}
