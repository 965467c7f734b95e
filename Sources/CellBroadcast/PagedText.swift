/// A text cut into the pages of a cell-broadcast message, and put together again.
///
/// Source: 3GPP TS 23.041 §9.4.1 (a page carries 82 octets, a message 1…15 pages), TS 23.038 §5 (data coding scheme).
///
///     "避難指示…" ──▶ UCS-2 units ──▶ 41 a page, padded with CR ──▶ 82 octets
///
/// Line breaks are sent as LF. CR is the padding (TS 23.038 §6.2.3) of every page to its end, the last one too: a base
/// station fills what is missing with zeros, and phones show those. It is taken off again at the end of a page.
package struct PagedText: Hashable, Sendable {
    /// Data coding scheme.
    package let codingScheme: UInt8
    /// 1…15 pages of 82 octets; the last of 8-bit data may be shorter.
    package let pages: [[UInt8]]

    package static let octetsPerPage = 82
    package static let mostPages = 15
    /// 82 octets are 41 units; 15 pages are 615.
    package static let unitsPerPage = 41
    /// 82 octets hold 93 septets; 15 pages are 1395.
    package static let septetsPerPage = 93
    /// GSM 7 bit, language unspecified.
    package static let gsmScheme: UInt8 = 0x0F
    package static let ucs2Scheme: UInt8 = 0x48

    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case empty
        /// In the units of the alphabet: UTF-16 units, or septets with an escape counted.
        case tooLong(length: Int, limit: Int)
        case notInAlphabet(Character)
        case pageCount(Int)
        case pageLength(page: Int, octets: Int)

        package var description: String {
            switch self {
            case .empty: "the text is empty"
            case .tooLong(let length, let limit): "the text has \(length) units and 15 pages hold \(limit)"
            case .notInAlphabet(let character): "\(character) is not in the GSM 7 bit alphabet"
            case .pageCount(let count): "a message has 1 to 15 pages, not \(count)"
            case .pageLength(let page, let octets): "page \(page + 1) has \(octets) octets"
            }
        }
    }

    /// Pages as they came from elsewhere. Pages before the last must be full, as on the air.
    package init(codingScheme: UInt8, pages: [[UInt8]]) throws(Problem) {
        guard (1...Self.mostPages).contains(pages.count) else { throw .pageCount(pages.count) }
        for (index, page) in pages.enumerated() {
            let isLast = index == pages.count - 1
            guard page.count == Self.octetsPerPage || isLast && (1...Self.octetsPerPage).contains(page.count) else {
                throw .pageLength(page: index, octets: page.count)
            }
        }
        self.codingScheme = codingScheme
        self.pages = pages.dropLast() + pages.suffix(1).map { Self.padded($0, codingScheme) }
    }

    private static func padded(_ page: [UInt8], _ codingScheme: UInt8) -> [UInt8] {
        switch Alphabet(codingScheme: codingScheme) {
        case .ucs2:
            let whole = page.count.isMultiple(of: 2) ? page : page + [0x0D]
            // A size of ours: 82 octets, 93 letters or 41 units a page.
            return Array((whole + (0..<unitsPerPage).flatMap { _ in [0x00, 0x0D] as [UInt8] }).prefix(octetsPerPage))
        case .gsm where page.count < octetsPerPage:
            // A size of ours: 82 octets, 93 letters or 41 units a page.
            let septets = GSMAlphabet.unpack(page) + [UInt8](repeating: 0x0D, count: septetsPerPage)
            // A size of ours: 82 octets, 93 letters or 41 units a page.
            return GSMAlphabet.pack(Array(septets.prefix(septetsPerPage)))
        case .gsm, .data:
            return page
        }
    }

    /// Big-endian UCS-2 (UTF-16 on every phone sold today), 41 units a page; a surrogate pair is never split.
    package init(ucs2 text: String) throws(Problem) {
        let units = Array(Self.oneBreak(text).utf16)
        guard !units.isEmpty else { throw .empty }
        let cut = Self.cut(units, size: Self.unitsPerPage, padding: 0x0D) { UTF16.isLeadSurrogate($0) }
        guard cut.count <= Self.mostPages else {
            throw .tooLong(length: units.count, limit: Self.unitsPerPage * Self.mostPages)
        }
        try self.init(
            codingScheme: Self.ucs2Scheme,
            pages: cut.map { page in page.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] } })
    }

    /// GSM 7 bit, 93 septets a page; an escape is never parted from what it escapes.
    package init(gsm text: String) throws(Problem) {
        var septets: [UInt8] = []
        for character in Self.oneBreak(text) {
            guard let code = GSMAlphabet.septets(of: character) else { throw .notInAlphabet(character) }
            septets += code
        }
        guard !septets.isEmpty else { throw .empty }
        let cut = Self.cut(septets, size: Self.septetsPerPage, padding: 0x0D) { $0 == GSMAlphabet.escape }
        guard cut.count <= Self.mostPages else {
            throw .tooLong(length: septets.count, limit: Self.septetsPerPage * Self.mostPages)
        }
        try self.init(codingScheme: Self.gsmScheme, pages: cut.map(GSMAlphabet.pack))
    }

    private static func oneBreak(_ text: String) -> String {
        String(text.map { $0.isNewline ? "\n" : $0 })
    }

    /// Cuts after `size` units, one earlier where the last unit `mustNotEnd` a page; pages before the last are full.
    private static func cut<Unit>(
        _ units: [Unit], size: Int, padding: Unit, mustNotEnd: (Unit) -> Bool
    ) -> [[Unit]] {
        var pages: [[Unit]] = []
        var rest = units[...]
        while !rest.isEmpty {
            // A size of ours: 82 octets, 93 letters or 41 units a page.
            var page = Array(rest.prefix(size))
            if rest.count > page.count, let last = page.last, mustNotEnd(last) { page.removeLast() }
            rest = rest.dropFirst(page.count)
            // The page was cut to that size.
            if !rest.isEmpty { page += Array(repeating: padding, count: size - page.count) }
            pages.append(page)
        }
        return pages
    }

    /// The text a phone shows; nil for 8-bit data and coding schemes without text.
    package var text: String? {
        switch Alphabet(codingScheme: codingScheme) {
        // The prefix is 0 or 2, by the coding scheme.
        case .ucs2(let prefix): pages.map { Self.ucs2Text($0.dropFirst(prefix)) }.joined()
        case .gsm(let prefix): pages.map { GSMAlphabet.text(ofPacked: $0, skipping: prefix) }.joined()
        case .data: nil
        }
    }

    private static func ucs2Text(_ octets: ArraySlice<UInt8>) -> String {
        var units: [UInt16] = []
        var index = octets.startIndex
        while index + 1 < octets.endIndex {
            units.append(UInt16(octets[index]) << 8 | UInt16(octets[index + 1]))
            index += 2
        }
        while units.last == 0x0D || units.last == 0 { units.removeLast() }
        return String(decoding: units, as: UTF16.self)
    }

    /// What the data coding scheme says of the content (TS 23.038 §5).
    private enum Alphabet {
        /// Septets, or octets, of a language prefix in front of the text.
        case gsm(prefix: Int)
        case ucs2(prefix: Int)
        case data

        init(codingScheme: UInt8) {
            switch codingScheme {
            case 0x10: self = .gsm(prefix: 3)
            case 0x11: self = .ucs2(prefix: 2)
            case 0x00...0x3F: self = .gsm(prefix: 0)
            case 0x40...0x7F:
                switch codingScheme >> 2 & 3 {
                case 1: self = .data
                case 2: self = .ucs2(prefix: 0)
                default: self = .gsm(prefix: 0)
                }
            case 0xF0...0xFF: self = codingScheme & 4 == 0 ? .gsm(prefix: 0) : .data
            default: self = .data
            }
        }
    }
}
