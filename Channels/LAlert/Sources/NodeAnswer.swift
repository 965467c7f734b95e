/// What a node said, read with leniency: the words may hold Shift_JIS octets in what calls itself UTF-8, so nothing
/// here needs the answer to be well-formed.
internal import Foundation

struct NodeAnswer: Sendable, Equatable {
    /// 0 accepted · 401 message URI form wrong · 402 does not follow the schema · 901 other system error.
    var code: Int?
    var words: String
    /// faultcode of a SOAP fault.
    var fault: String?

    init(_ octets: [UInt8]) {
        let tags = Tag.all(in: octets)
        // A page of somebody else's may have a <code> too: only the one inside the answer counts.
        if let answer = tags.firstIndex(where: { $0.isStart && ($0.name == "publishresponse" || $0.name == "processresponse") }) {
            code = Self.text("code", in: tags[answer...], octets).flatMap { Int($0) }
            words = Self.text("result", in: tags[answer...], octets) ?? ""
        } else if tags.contains(where: { $0.isStart && $0.name == "fault" }) {
            fault = Self.text("faultcode", in: tags[...], octets) ?? ""
            words = Self.text("faultstring", in: tags[...], octets) ?? ""
        } else {
            words = ""
        }
        words = String(words.prefix(300))
    }

    /// Authentication faults of WSS 1.0, 12: FailedAuthentication, FailedCheck, InvalidSecurity, InvalidSecurityToken …
    var isAboutCredentials: Bool {
        guard let fault else { return false }
        return ["FailedAuthentication", "FailedCheck", "InvalidSecurity", "SecurityTokenUnavailable"]
            .contains { fault.contains($0) }
    }

    /// The text from the first element of this name to its end, tags between left out.
    private static func text(_ name: String, in tags: ArraySlice<Tag>, _ octets: [UInt8]) -> String? {
        guard let start = tags.firstIndex(where: { $0.isStart && $0.name == name }) else { return nil }
        var words: [UInt8] = []
        var position = tags[start].end
        for tag in tags[(start + 1)...] {
            // Tags stand one behind the other, none begins before the last one's end.
            words += octets[position..<tag.begin]
            position = tag.end
            if !tag.isStart, tag.name == name { return decoded(words) }
        }
        return nil
    }

    static func decoded(_ octets: [UInt8]) -> String {
        let text = String(validating: octets, as: UTF8.self)
            ?? String(bytes: octets, encoding: .shiftJIS) ?? String(decoding: octets, as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A tag and where it lies. In Shift_JIS no second octet is `<` or `>` (JIS X 0208, Annex 1: 0x40…0xFC).
private struct Tag {
    /// Lower case, without its prefix.
    let name: String
    let isStart: Bool
    let begin: Int
    let end: Int

    static func all(in octets: [UInt8]) -> [Tag] {
        var tags: [Tag] = []
        var position = 0
        // Behind a closing bracket that was found; at the end that is nothing.
        while let begin = octets[position...].firstIndex(of: UInt8(ascii: "<")),
              let close = octets[begin...].firstIndex(of: UInt8(ascii: ">")) {
            position = close + 1
            let inner = octets[(begin + 1)..<close]
            guard let first = inner.first, first != UInt8(ascii: "!"), first != UInt8(ascii: "?") else { continue }
            let isEnd = first == UInt8(ascii: "/")
            // One or nothing is dropped, of what is not empty.
            let whole = inner.dropFirst(isEnd ? 1 : 0).prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
            let local = whole.split(separator: UInt8(ascii: ":")).last ?? []
            tags.append(Tag(
                name: String(decoding: local, as: UTF8.self).lowercased(), isStart: !isEnd, begin: begin, end: position))
        }
        return tags
    }
}
