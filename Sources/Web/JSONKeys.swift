/// What JSON decoders do not tell: a key that stands twice in one object, and other encodings than UTF-8.
///
/// `{"mode":"exercise","mode":"actual"}` is read by each reader in its own way (RFC 8259 §4): a drill here, real there.
/// Walks the octets once with a stack of its own, no deeper than `depth`. What is no JSON at all is left to the decoder,
/// which says why.
package struct JSONKeys {
    package enum Fault: Error, Equatable, Sendable {
        /// The key as it reads, escapes resolved.
        case twice(String)
        case notUTF8
        case tooDeep
    }

    /// Foundation's decoder has the same bound.
    static let depth = 512

    private enum Level {
        case object(Set<String>)
        case array
    }

    private var rest: ArraySlice<UInt8>
    private var levels: [Level] = []
    /// The next string is a key.
    private var awaitsKey = false

    package static func check(_ octets: [UInt8]) throws(Fault) {
        // A decoder that guesses would take UTF-16 by its zeros.
        guard !octets.contains(0), String(validating: octets, as: UTF8.self) != nil else { throw .notUTF8 }
        var keys = JSONKeys(rest: octets[...])
        try keys.walk()
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    private mutating func walk() throws(Fault) {
        while let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "{"): try open(.object([]), awaitsKey: true)
            case UInt8(ascii: "["): try open(.array, awaitsKey: false)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = levels.popLast()
                awaitsKey = false
            case UInt8(ascii: ","): if case .object = levels.last { awaitsKey = true }
            case UInt8(ascii: "\""):
                let text = string()
                if awaitsKey { try take(text) }
                awaitsKey = false
            default: break
            }
        }
    }

    private mutating func open(_ level: Level, awaitsKey: Bool) throws(Fault) {
        guard levels.count < Self.depth else { throw .tooDeep }
        levels.append(level)
        self.awaitsKey = awaitsKey
    }

    private mutating func take(_ key: String) throws(Fault) {
        guard case .object(var known) = levels.popLast() else { return }
        guard known.insert(key).inserted else { throw .twice(key) }
        levels.append(.object(known))
    }

    /// The rest of a string whose quote was read, up to its other quote.
    private mutating func string() -> String {
        var octets: [UInt8] = []
        var units: [UInt16] = []
        func flush() {
            guard !units.isEmpty else { return }
            octets += String(decoding: units, as: UTF16.self).utf8
            units = []
        }
        while let octet = rest.popFirst(), octet != UInt8(ascii: "\"") {
            guard octet == UInt8(ascii: "\\") else {
                flush()
                octets.append(octet)
                continue
            }
            guard let letter = rest.popFirst() else { break }
            if letter == UInt8(ascii: "u") {
                units.append(hexadecimal())
            } else {
                flush()
                octets.append(Self.escapes[letter] ?? letter)
            }
        }
        flush()
        return String(decoding: octets, as: UTF8.self)
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10, UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13,
    ]

    private mutating func hexadecimal() -> UInt16 {
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        rest = rest.dropFirst(4)
        return UInt16(digits, radix: 16) ?? 0xFFFD
    }
}
