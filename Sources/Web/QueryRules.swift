/// What a call takes behind its `?`, and nothing else.
///
/// A word that is not known, a known one given twice and a boolean that is neither `true` nor `false` are refused before
/// anything is done: `?preview=True` must not send. Names are compared as they stand, undecoded, so that no other
/// spelling of a name is read by one reader and passed over by the next.
package struct QueryRules: Sendable, ExpressibleByDictionaryLiteral {
    package enum Kind: Sendable, Equatable {
        /// `true` or `false`.
        case flag
        case text
        /// May be given again.
        case texts
    }

    package enum Fault: Error, Equatable, Sendable {
        case unknown(String)
        case twice(String)
        case noFlag(String, value: String)
        case unreadable(String)
    }

    package let kinds: [String: Kind]
    /// For pages: gateways and browsers add words of their own to the address of a page, and the page is shown all the same.
    package let takesOthers: Bool

    package init(dictionaryLiteral elements: (String, Kind)...) {
        kinds = Dictionary(elements, uniquingKeysWith: { first, _ in first })
        takesOthers = false
    }

    private init(takesOthers: Bool) {
        kinds = [:]
        self.takesOthers = takesOthers
    }

    package static let none: QueryRules = [:]
    package static let anything = QueryRules(takesOthers: true)

    /// - Parameter query: what stands behind the `?`, as it came.
    package func check(_ query: String?) throws(Fault) {
        guard !takesOthers, let query else { return }
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(halves.first ?? "")
            let value = String(halves.count > 1 ? halves.last ?? "" : "")
            guard let kind = kinds[name] else { throw .unknown(name) }
            guard seen.insert(name).inserted || kind == .texts else { throw .twice(name) }
            guard Self.isDecodable(value) else { throw .unreadable(name) }
            if kind == .flag, value != "true", value != "false" { throw .noFlag(name, value: value) }
        }
    }

    /// Every `%` is followed by two digits of sixteen, and what they stand for is UTF-8.
    private static func isDecodable(_ text: String) -> Bool {
        var octets: [UInt8] = []
        var rest = text.utf8[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                octets.append(octet)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Self.isHexadecimal($0) }),
                let decoded = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return false }
            octets.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: octets, as: UTF8.self) != nil
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x46).contains(octet) || (0x61...0x66).contains(octet)
    }
}
