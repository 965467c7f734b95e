/// The members of one JSON object (RFC 8259), by where they stand: whoever passes a line on leaves octets out and changes none.
package struct JSONMembers: Sendable {
    package private(set) var all: [(key: Range<Int>, value: Range<Int>)] = []
    private let octets: [UInt8]
    private let end: Int
    private var at: Int

    package init?(_ octets: [UInt8], in range: Range<Int>) {
        (self.octets, end, at) = (octets, range.upperBound, range.lowerBound)
        guard take("{") else { return nil }
        if take("}") { return }
        repeat {
            guard let key = string(), take(":"), let value = value() else { return nil }
            // Without its quotes.
            all.append((key.lowerBound + 1..<key.upperBound - 1, value))
        } while take(",")
        guard take("}") else { return nil }
    }

    // The range was one of these octets'.
    private var next: UInt8? { at < end ? octets[at] : nil }

    private mutating func space() {
        while let octet = next, octet == 0x20 || octet == 0x09 || octet == 0x0A || octet == 0x0D { at += 1 }
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        space()
        guard next == UInt8(ascii: sign) else { return false }
        at += 1
        return true
    }

    /// With its quotes.
    private mutating func string() -> Range<Int>? {
        space()
        guard next == UInt8(ascii: "\"") else { return nil }
        let start = at
        at += 1
        while let octet = next {
            at += octet == UInt8(ascii: "\\") ? 2 : 1
            if octet == UInt8(ascii: "\"") { return start..<at }
        }
        return nil
    }

    private mutating func value() -> Range<Int>? {
        space()
        let start = at
        var depth = 0
        while let octet = next {
            switch octet {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { return start < at ? start..<at : nil }
                depth -= 1
                at += 1
            case UInt8(ascii: ",") where depth == 0: return start < at ? start..<at : nil
            default: at += 1
            }
        }
        return nil
    }
}
