/// The header of a list: one line, or two where a spreadsheet had merged cells.
///
///     施設名,住所,災害種別,,,緯度,経度          a label over several columns stands in the first of them
///     ,,洪水,土砂災害,津波,,                    and what is under it is the column's own word
struct ListHeader {
    let words: [HeaderWord]
    /// As written, both lines joined.
    let written: [String]
    /// The label over the column, comparable; empty where there is none.
    let groups: [String]
    var count: Int { words.count }

    /// - Parameter upper: the line above, or nil.
    init(upper: [String]?, lower: [String]) {
        let width = max(upper?.count ?? 0, lower.count)
        func at(_ cells: [String]?, _ position: Int) -> String {
            guard let cells, position < cells.count else { return "" }
            return ListText.tidy(cells[position])
        }
        var label = "", words: [HeaderWord] = [], written: [String] = [], groups: [String] = []
        // A width is a count of cells and never negative.
        for position in 0..<width {
            let over = at(upper, position), own = at(lower, position)
            if !over.isEmpty { label = over }
            // (人) under 収容人数 says in what it counts, and is no word of its own.
            if !own.isEmpty, !over.isEmpty, Self.isUnit(own) || !Self.isKnown(own) && Self.isKnown(over) && !Self.isGroup(over) {
                words.append(HeaderWord(over))
                written.append("\(over)／\(own)")
                groups.append("")
            } else if own.isEmpty {
                words.append(HeaderWord(over))
                written.append(over)
                groups.append("")
            } else {
                words.append(HeaderWord(own))
                written.append(label.isEmpty ? own : "\(label)／\(own)")
                groups.append(HeaderWord.comparable(label))
            }
        }
        (self.words, self.written, self.groups) = (words, written, groups)
    }

    /// `#3`, or a heading as it is written, in either line; nil where there is none.
    func position(of theirs: String) -> Int? {
        if theirs.hasPrefix("#") || theirs.hasPrefix("＃"), let number = Int(ListText.ascii(String(theirs.dropFirst()))) {
            return (1...max(1, count)).contains(number) && number <= count ? number - 1 : nil
        }
        let word = HeaderWord.comparable(theirs)
        return written.firstIndex { HeaderWord.comparable($0) == word } ?? words.firstIndex { $0.exact == word }
            ?? words.firstIndex { $0.forms.contains(word) }
    }

    /// 避難所一覧（令和8年）: one cell, the first, and nothing beside it.
    static func isTitle(_ cells: [String]) -> Bool {
        cells.first.map { !ListText.tidy($0).isEmpty } == true && cells.dropFirst().allSatisfy { ListText.tidy($0).isEmpty }
    }

    /// Whether `next` continues this header: it has no name of its own, fills gaps, and holds words and no values.
    static func continues(_ header: [String], with next: [String]) -> Bool {
        let filled = next.enumerated().filter { !ListText.tidy($0.element).isEmpty }
        guard !filled.isEmpty else { return false }
        // Under a heading that stands for itself there must be nothing, except its unit, or under the label of a group.
        let known = filled.filter { isUnit($0.element) || isKnown($0.element) }
        let isValue = filled.contains { ListText.degrees($0.element) != nil || [.yes, .no].contains(ListMark($0.element)) }
        return !isValue && known.count * 2 >= filled.count && !known.isEmpty
    }

    private static func isKnown(_ cell: String) -> Bool {
        let word = HeaderWord(cell)
        return ColumnVocabulary.hazard(word, group: "") != .none || word.forms.contains { ColumnVocabulary.kind($0) != nil }
            || ColumnVocabulary.words.values.contains { $0.contains(word.plain) }
    }

    /// 災害種別, 対応災害: what stands under it are the columns.
    private static func isGroup(_ cell: String) -> Bool {
        let word = HeaderWord(cell).plain
        return word.contains("災害") || word.contains("種別") || word.contains("区分")
    }

    private static let units: Set<String> = ["人", "名", "人数", "世帯", "m2", "㎡", "平方メートル", "m", "メートル", "度", "十進", "10進", "台", "階", "単位:人"]

    /// (人), 人, ［㎡］; a remark in brackets that is no column's word either.
    private static func isUnit(_ cell: String) -> Bool {
        var word = HeaderWord.comparable(cell)
        while let first = word.first, let last = word.last, word.count > 2, "([{〔【（".contains(first), ")]}〕】）".contains(last) { word = String(word.dropFirst().dropLast()) }
        return units.contains(word)
    }
}
