/// One word of a header, made comparable: 【施設名】, USER_施設名称, 施設名（通称） and ※名称 all mean a name.
struct HeaderWord {
    /// The word and what is left of it when brackets, remarks in brackets, marks and a prefix are taken off, strictest first.
    let forms: [String]
    var exact: String { forms.first ?? "" }
    /// Without brackets and marks: what patterns are matched against.
    let plain: String

    init(_ cell: String) {
        let exact = Self.comparable(cell)
        let bare = Self.withoutRemark(Self.withoutFrame(exact))
        let unmarked = Self.withoutMark(bare)
        var forms = [exact, Self.withoutFrame(exact), bare, unmarked]
        if let tail = Self.tail(of: unmarked) { forms.append(tail) }
        var seen: Set<String> = []
        self.forms = forms.filter { !$0.isEmpty && seen.insert($0).inserted }
        plain = unmarked.isEmpty ? exact : unmarked
    }

    /// Half-width, lower case, without spaces and quotes.
    static func comparable(_ cell: String) -> String {
        ListText.ascii(ListText.fullWidthKana(cell)).lowercased().filter { !$0.isWhitespace && $0 != "\u{FEFF}" && $0 != "\"" }
    }

    private static let opening = "【[〔「『(<《〈", closing = "】]〕」』)>》〉"

    /// 【施設名】 is 施設名.
    private static func withoutFrame(_ word: String) -> String {
        guard let first = word.first, let last = word.last, word.count > 2, opening.contains(first), closing.contains(last) else { return word }
        return String(word.dropFirst().dropLast())
    }

    /// 収容人数(およそ) is 収容人数; a remark in front (【必須】名称) goes too.
    private static func withoutRemark(_ word: String) -> String {
        var kept = "", depth = 0
        for character in word {
            if opening.contains(character) {
                depth += 1
            } else if closing.contains(character) {
                depth = max(0, depth - 1)
            } else if depth == 0 {
                kept.append(character)
            }
        }
        return kept.isEmpty ? word : kept
    }

    /// ※, ■, ①, `1.` in front and ※1 behind.
    private static func withoutMark(_ word: String) -> String {
        var word = Substring(word)
        if word.contains("※") || word.contains("*") {
            let parts = word.split { $0 == "※" || $0 == "*" }
            word = parts.first ?? word
        }
        let trimmed = word.drop { !$0.isLetter || $0.isNumber }
        return String(trimmed.isEmpty ? word : trimmed)
    }

    /// What stands behind a prefix that says nothing: `user_施設名称`, `施設情報_名称`, `shelter.name`.
    private static func tail(of word: String) -> String? {
        guard let cut = word.lastIndex(where: { "_.:/".contains($0) }) else { return nil }
        // The cut is a letter of the word, so both halves are in it.
        let head = word[..<cut], tail = word[word.index(after: cut)...]
        guard !tail.isEmpty, !ColumnVocabulary.isOfSomebodyElse(String(head)) else { return nil }
        return String(tail)
    }
}
