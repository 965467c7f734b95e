/// What a client would rather have, of an `Accept-…` field: values with weights (RFC 9110 §12.4.2, §12.5).
///
/// A member that cannot be read is left out; the others stand.
package struct Wishes: Sendable {
    package struct Wish: Sendable, Equatable {
        /// In small letters.
        package var value: String
        /// Thousandths; 0 says "not this one".
        package var weight: Int
    }

    /// As written.
    package let all: [Wish]

    package init(_ written: String?) {
        all = FieldText.pieces(written ?? "", at: ",").compactMap { member in
            var pieces = FieldText.pieces(member, at: ";")[...]
            guard !member.hasPrefix(";"), let value = pieces.popFirst() else { return nil }
            let weights = pieces.compactMap { FieldText.pair($0) }.filter { $0.name == "q" }
            guard let written = weights.first?.value else { return Wish(value: value.lowercased(), weight: 1000) }
            return Self.weight(written).map { Wish(value: value.lowercased(), weight: $0) }
        }
    }

    /// The wanted ones, heaviest first, and as written where they weigh the same.
    package var inOrder: [String] {
        all.enumerated().filter { $0.element.weight > 0 }
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }.map(\.element.value)
    }

    package func weight(of value: String) -> Int? { all.first { $0.value == value }?.weight }

    /// `0`, `0.7`, `1.000`; nil for all else. By letters, not by a number that may be anything.
    static func weight(_ text: String) -> Int? {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = halves.first ?? ""
        let decimals = halves.count > 1 ? halves.last ?? "" : ""
        guard whole == "0" || whole == "1", decimals.utf8.count <= 3,
            decimals.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let thousandths = Int(decimals.padded(to: 3))
        else { return nil }
        return whole == "0" ? thousandths : thousandths == 0 ? 1000 : nil
    }
}

extension Substring {
    fileprivate func padded(to length: Int) -> String {
        var text = String(self)
        while text.utf8.count < length { text.append("0") }
        return text
    }
}

extension Wishes {
    /// Of an `Accept-Encoding` field: whether gzip is taken, and no less gladly than the bytes as they are.
    package static func takesGzip(_ written: String?) -> Bool {
        let wishes = Wishes(written)
        let gzip = wishes.weight(of: "gzip") ?? wishes.weight(of: "x-gzip") ?? wishes.weight(of: "*") ?? 0
        return gzip > 0 && gzip >= wishes.weight(of: "identity") ?? 0
    }

    /// Of an `Accept-Language` field: which of our languages, by tag; the first of them is the one spoken here. Japanese for who
    /// says nothing; English for who names only languages we do not have.
    package static func language(_ written: String?, among ours: [String] = ["ja", "ja-x-easy", "en"]) -> String {
        let wishes = Wishes(written)
        let tags = Tags(ours)
        let refused = Set(wishes.all.filter { $0.weight == 0 }.flatMap { [$0.value, tags.same($0.value)?.lowercased() ?? $0.value] })
        func isRefused(_ language: String) -> Bool {
            refused.contains(language.lowercased())
                || language == "ja-x-easy" && refused.contains("ja") && !wishes.inOrder.contains(language)
        }
        var isForeign = false
        for wish in wishes.inOrder {
            let found = wish == "*" ? (isForeign ? ["en", "ja"] : ["ja", "en"]).first { !isRefused($0) } : tags.closest(wish)
            if let found, !isRefused(found) { return found }
            if found == nil, wish != "*" { isForeign = true }
        }
        if isForeign || refused.contains("ja") { return refused.contains("en") ? "ja" : "en" }
        return "ja"
    }
}

/// Which of our languages somebody means who names one as phones do.
///
/// `pt-BR` is `pt` where we have no closer one (RFC 4647, 3.4). Chinese is told apart by script, and phones name the region: `zh-TW` is
/// `zh-Hant` (the likely subtags of Unicode's CLDR); who reads one script is better served by the other than by English.
private struct Tags {
    private let ours: [String]

    init(_ ours: [String]) { self.ours = ours }

    /// Old and other names of one language.
    private static let others = ["fil": "tl", "tl": "fil", "in": "id", "cmn": "zh", "yue": "zh-hant", "mo": "ro"]
    private static let writtenHant: Set<String> = ["tw", "hk", "mo"]

    /// The same language under the name it has here: `zh-CN` is `zh-Hans`.
    func same(_ wish: String) -> String? {
        var parts = wish.split(separator: "-").map { String($0) }
        guard let first = parts.first else { return nil }
        if let other = Self.others[first], fitting(wish) == nil { parts = other.split(separator: "-").map { String($0) } + parts.dropFirst() }
        if parts.first == "zh", !parts.contains("hans"), !parts.contains("hant") {
            parts.insert(parts.contains(where: Self.writtenHant.contains) ? "hant" : "hans", at: 1)
        }
        return fitting(parts.joined(separator: "-"))
    }

    func closest(_ wish: String) -> String? {
        if let found = same(wish) { return found }
        let isChinese = ["zh", "cmn", "yue"].contains { wish == $0 || wish.hasPrefix($0 + "-") }
        return isChinese ? ours.first { $0.lowercased().hasPrefix("zh") } : nil
    }

    private func fitting(_ tag: String) -> String? {
        ours.filter { tag == $0.lowercased() || tag.hasPrefix($0.lowercased() + "-") }.max { $0.utf8.count < $1.utf8.count }
    }
}
