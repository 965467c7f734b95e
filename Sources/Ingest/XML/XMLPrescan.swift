/// A look at the octets before the parser has them.
///
/// libxml2 2.9 compares every attribute of a tag with every other: one tag of 5 MB keeps it busy for minutes
/// (xmllint of libxml2 2.9.14, 500,000 attributes: more than two minutes). No bulletin has more than ten.
enum XMLPrescan {
    /// Attributes and namespace declarations of one tag.
    static let attributeLimit = 100
    /// Octets of a document whose encoding this scan cannot follow (UTF-16, ISO-2022-JP …).
    static let foreignLimit = 64 << 10

    /// Why the octets must not reach the parser; nil when they may.
    static func objection(to octets: UnsafeRawBufferPointer) -> String? {
        guard isFollowed(octets) else {
            return octets.count <= foreignLimit
                ? nil : "UTF-8以外の文字コードで\(octets.count)オクテットあり、読める上限\(foreignLimit)を超えます (too long in another encoding)"
        }
        var scan = Scan(octets: octets)
        return scan.hasCrowdedTag ? "属性が\(attributeLimit)より多いタグがあります (too many attributes)" : nil
    }

    /// Encodings whose markup is ASCII, octet by octet. Second octets of Shift_JIS begin above all of XML's signs.
    private static let followed = [
        "utf-8", "utf8", "us-ascii", "iso-8859-", "windows-", "shift_jis", "cp932", "euc-jp",
    ]

    private static func isFollowed(_ octets: UnsafeRawBufferPointer) -> Bool {
        let head = octets.prefix(256)
        guard !head.prefix(4).contains(0), head.first != 0xFE, head.first != 0xFF else { return false }
        let text = String(decoding: head.map { $0 < 0x80 ? $0 : 0x3F }, as: UTF8.self).lowercased()
        // Found in this very text, one before the other.
        guard let end = text.firstRange(of: "?>"), let word = text[..<end.lowerBound].firstRange(of: "encoding") else {
            // Without a declaration it is UTF-8, if it begins as XML begins; EBCDIC does not.
            return text.contains("<")
        }
        // Found in what stands before the end.
        let name = text[word.upperBound..<end.lowerBound].drop { "= \t\r\n\"'".contains($0) }
        return followed.contains { name.hasPrefix($0) }
    }

    private struct Scan {
        let octets: UnsafeRawBufferPointer
        var place = 0

        var hasCrowdedTag: Bool {
            mutating get {
                // The place only moves behind octets that were there.
                while let open = octets[place...].firstIndex(of: 0x3C) {
                    place = open + 1
                    if skips("!--", to: "-->") || skips("![CDATA[", to: "]]>") || skips("?", to: "?>") { continue }
                    if passesTag() > attributeLimit { return true }
                }
                return false
            }
        }

        /// Past a comment, CDATA section or instruction, if one begins here.
        private mutating func skips(_ start: StaticString, to end: StaticString) -> Bool {
            guard stands(start, at: place) else { return false }
            place += start.utf8CodeUnitCount
            while place < octets.count, !stands(end, at: place) { place += 1 }
            return true
        }

        private func stands(_ word: StaticString, at index: Int) -> Bool {
            let size = word.utf8CodeUnitCount
            guard index + size <= octets.count else { return false }
            return (0..<size).allSatisfy { octets[index + $0] == word.utf8Start[$0] }
        }

        /// Past the tag that begins here; the equals signs outside of its values.
        private mutating func passesTag() -> Int {
            var signs = 0
            var quote: UInt8?
            while place < octets.count {
                let octet = octets[place]
                place += 1
                if let open = quote {
                    if octet == open { quote = nil }
                } else if octet == 0x22 || octet == 0x27 {
                    quote = octet
                } else if octet == 0x3D {
                    signs += 1
                } else if octet == 0x3E {
                    break
                }
            }
            return signs
        }
    }
}
