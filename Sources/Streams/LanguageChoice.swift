internal import Web

/// The languages somebody on the stream follows, and the line of an alert in these alone.
///
///     {"texts":{"en":{…},"ja":{…},"ja-x-easy":{…}},"town":"042056"}  ──ja──▶  {"texts":{"ja":{…}},"town":"042056"}
///
/// Octets are left out and none is changed: who narrows a line, a hub or an edge, makes the same octets of it, and what is
/// signed there holds here.
package struct LanguageChoice: Sendable, Hashable {
    /// Sorted, each once. None: all of them.
    package let tags: [String]

    /// A screen shows one language and some beside it; who wants more takes all.
    package static let most = 4
    /// Octets of a tag (RFC 5646 §4.4.1 advises room for 35).
    private static let tagLimit = 35

    package static let all = LanguageChoice(tags: [])

    private init(tags: [String]) { self.tags = tags }

    /// As a query has it: `ja`, `ja,en`. Nil for what is no list of tags, or too many of them.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "," }).map { String($0) }
        let isTag = { (tag: String) in
            (1...Self.tagLimit).contains(tag.utf8.count)
                && tag.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        }
        guard parts.allSatisfy(isTag), Set(parts).count <= Self.most else { return nil }
        tags = Set(parts).sorted()
    }

    /// Behind `?` of the stream's address; nil for anything but one list of languages.
    package init?(query: some StringProtocol) {
        guard query.hasPrefix("language="), let choice = Self(query.dropFirst("language=".count)) else { return nil }
        self = choice
    }

    /// The line with the texts of these languages. Where it has none of them, Japanese, and where that is missing all: nobody is left with
    /// an alert without words. What is no line of JSON with texts stays as it is.
    package func narrowed(_ line: [UInt8]) -> [UInt8] {
        guard !tags.isEmpty, let texts = Self.texts(line), let inside = JSONMembers(line, in: texts)?.all else { return line }
        let asked = inside.filter { tags.contains(String(decoding: line[$0.key], as: UTF8.self)) }
        let kept = asked.isEmpty ? inside.filter { line[$0.key].elementsEqual("ja".utf8) } : asked
        guard !kept.isEmpty, kept.count < inside.count else { return line }
        var narrow: [UInt8] = []
        narrow.reserveCapacity(line.count)
        narrow += line.prefix(upTo: texts.lowerBound)
        narrow.append(UInt8(ascii: "{"))
        for (position, member) in kept.enumerated() {
            if position > 0 { narrow.append(UInt8(ascii: ",")) }
            // A key stands behind its quotation mark, and its value behind both: `JSONMembers` found them in this line.
            narrow += line[member.key.lowerBound - 1..<member.value.upperBound]
        }
        narrow.append(UInt8(ascii: "}"))
        // `texts` is where `JSONMembers` found it in this line.
        narrow += line.dropFirst(texts.upperBound)
        return narrow
    }

    private static func texts(_ line: [UInt8]) -> Range<Int>? {
        JSONMembers(line, in: line.indices)?.all.first { line[$0.key].elementsEqual("texts".utf8) }?.value
    }
}
