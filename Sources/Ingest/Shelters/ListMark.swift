/// What a cell of a column of flags says.
enum ListMark: Hashable {
    case yes, no, blank
    /// △, ○（2階以上）: under a condition that stands in the cell or in the note.
    case conditional
    case other

    init(_ cell: String) {
        let text = ListText.ascii(ListText.tidy(cell)).lowercased()
        self = Self.words[text] ?? Self.composed(text)
    }

    private static let words: [String: ListMark] = {
        var words: [String: ListMark] = ["": .blank]
        for word in ["1", "1.0", "○", "〇", "◯", "●", "◎", "✓", "✔", "√", "レ", "true", "yes", "y", "t", "有", "可", "はい", "適", "適合", "指定", "対象",
                     "対応", "該当", "あり", "使用可", "使用可能", "利用可", "利用可能", "可能", "o"] { words[word] = .yes }
        for word in ["0", "0.0", "×", "✕", "✖", "✗", "✘", "☓", "╳", "x", "-", "－", "―", "ー", "—", "–", "false", "no", "n", "f", "無", "不可", "いいえ", "不適", "否", "対象外",
                     "非対応", "なし", "使用不可", "利用不可", "不適合", "指定なし", "該当なし"] { words[word] = .no }
        for word in ["△", "▲", "▽", "条件付き", "条件つき", "条件付", "一部", "一部可", "一部使用可", "要確認"] { words[word] = .conditional }
        return words
    }()

    /// ○(2階以上), △※1, ×(津波浸水想定区域内), 2階以上.
    private static func composed(_ text: String) -> ListMark {
        guard let first = text.first else { return .blank }
        let rest = String(text.dropFirst())
        // 1.5 and x線棟 are no marks with a remark; 1(2階以上) is.
        let isRemark = rest.first.map { first.isASCII ? $0 == "(" : !$0.isNumber && (!$0.isLetter || rest.contains("階")) } ?? true
        if isRemark {
            switch words[String(first)] {
            case .yes?: return .conditional
            case .no? where first != "-": return .no
            case .conditional?: return .conditional
            default: break
            }
        }
        return text.contains("階以上") ? .conditional : .other
    }
}
