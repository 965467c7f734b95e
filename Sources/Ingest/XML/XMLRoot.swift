/// The namespace of a document's root from its first tag alone, so that the whole is not parsed twice.
///
/// Reads only what is written plainly, as every bulletin is: declaration, comments, then the root with its namespace in
/// quotes. Everything else (a DOCTYPE, a reference inside the name) gives nil, and the parser is asked.
enum XMLRoot {
    /// Octets in front of the root's end; the longest of JMA's has 400.
    private static let reach = 4096

    static func namespace(of octets: [UInt8]) -> String? {
        var rest = octets.prefix(reach)
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while true {
            rest = rest.drop(while: isBlank)
            if rest.starts(with: Array("<?".utf8)) {
                guard let end = rest.after("?>") else { return nil }
                rest = end
            } else if rest.starts(with: Array("<!--".utf8)) {
                guard let end = rest.dropFirst(4).after("-->") else { return nil }
                rest = end
            } else {
                break
            }
        }
        guard rest.first == UInt8(ascii: "<") else { return nil }
        return namespace(ofTag: rest.dropFirst())
    }

    /// `name a="…" b='…'>`
    private static func namespace(ofTag tag: ArraySlice<UInt8>) -> String? {
        let name = tag.prefix { isNamed($0) || $0 == UInt8(ascii: ":") }
        guard let first = name.first, isNamed(first) else { return nil }
        // Up to the colon found in the same line.
        let prefix = name.firstIndex(of: UInt8(ascii: ":")).map { name[..<$0] }
        let wanted = prefix.map { Array("xmlns:".utf8) + $0 } ?? Array("xmlns".utf8)
        var rest = tag[name.endIndex...]
        while true {
            rest = rest.drop(while: isBlank)
            let key = rest.prefix { isNamed($0) || $0 == UInt8(ascii: ":") }
            guard !key.isEmpty else { return nil }
            rest = rest[key.endIndex...].drop(while: isBlank)
            guard rest.first == UInt8(ascii: "=") else { return nil }
            rest = rest.dropFirst().drop(while: isBlank)
            guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                let end = rest.dropFirst().firstIndex(of: quote)
            else { return nil }
            let value = rest[(rest.startIndex + 1)..<end]
            if key.elementsEqual(wanted) {
                guard !value.contains(where: { $0 == UInt8(ascii: "&") || isBlank($0) }) else { return nil }
                return String(decoding: value, as: UTF8.self)
            }
            // Behind the quote found above; at the end that is nothing.
            rest = rest[(end + 1)...]
        }
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0A || octet == 0x0D }

    private static func isNamed(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
            || octet == UInt8(ascii: "_") || octet == UInt8(ascii: "-") || octet == UInt8(ascii: ".") || octet >= 0x80
    }
}

extension ArraySlice<UInt8> {
    /// What follows the first `end`.
    fileprivate func after(_ end: String) -> ArraySlice<UInt8>? { firstRange(of: Array(end.utf8)).map { self[$0.upperBound...] } }
}
