/// Towns by name, for addresses, titles and names of files.
internal import AlertModel
internal import Codes

struct TownDirectory {
    private let byName: [String: [TownAreas]]
    private let parents: [TownID: TownID]
    private let tables: CodeTables
    private static let longest = 12

    init(_ tables: CodeTables) {
        self.tables = tables
        byName = Dictionary(grouping: tables.towns, by: \.name)
        parents = Dictionary(tables.towns.compactMap { town in town.parent.map { (town.id, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// A ward and its city are one to the other.
    func areSame(_ left: TownID, _ right: TownID) -> Bool { left == right || parents[left] == right || parents[right] == left }

    /// `宮城県気仙沼市八日町1-1`, `気仙沼市八日町`, `本吉郡南三陸町…`; nil where it names none we can be sure of.
    ///
    /// Without a prefecture a 町, 村 or 区 is as likely a district of ours (大島町), unless the cell is a name or a 郡 stands before it.
    func read(_ text: String, isName: Bool, near prefecture: String?) -> TownEvidence.Claim? {
        let text = ListText.ascii(text).filter { !$0.isWhitespace }
        guard let leading = Prefectures.leading(text) else {
            let (rest, hadCounty) = Self.withoutCounty(text)
            guard let towns = longestName(rest) else { return nil }
            // 南三陸町 of our own prefecture is that town; 大島町 may be a part of ours.
            let isNeighbour = towns[0].name.count > 3 && towns.contains { $0.prefecture == prefecture }
            guard isName || hadCounty || isNeighbour || (towns[0].name.contains("市") && towns[0].name.count > 2) else { return nil }
            if let near = towns.first(where: { $0.prefecture == prefecture }) { return .town(near.id) }
            return towns.count == 1 ? .town(towns[0].id) : nil
        }
        let rest = Self.withoutCounty(String(text.dropFirst(leading.count))).0
        if let towns = longestName(rest, in: leading), let town = towns.first { return .town(town.id) }
        return .prefecture(leading)
    }

    private func longestName(_ text: String, in prefecture: String? = nil) -> [TownAreas]? {
        for length in stride(from: min(Self.longest, text.count), through: 2, by: -1) {
            // The length is two letters or more, by the stride.
            let found = byName[String(text.prefix(length))]?.filter { prefecture == nil || $0.prefecture == prefecture } ?? []
            if !found.isEmpty { return found }
        }
        return nil
    }

    /// 本吉郡南三陸町 is 南三陸町; 郡山市 and 蒲郡市 stay.
    private static func withoutCounty(_ text: String) -> (String, Bool) {
        let head = text.prefix(6)
        guard let cut = head.firstIndex(of: "郡"), cut != head.startIndex, text.index(after: cut) < text.endIndex else { return (text, false) }
        // The cut lies before the end by the guard above.
        let rest = String(text[text.index(after: cut)...])
        return rest.hasPrefix("市") || rest.hasPrefix("山市") ? (text, false) : (rest, true)
    }

    // MARK: Files

    /// A run of five or six digits that is a town's code, wherever it stands: `01100_2.csv`, `避難所_03210.csv`.
    func code(inFileName name: String) -> TownID? {
        let name = name.split(separator: "/").last.map(String.init) ?? ""
        let runs = name.split { !($0.isASCII && $0.isNumber) }.filter { (5...6).contains($0.utf8.count) }
        return runs.lazy.compactMap { tables.town(written: String($0)) }.first
    }

    /// Cities, and towns behind their prefecture or 郡, in a title: 陸前高田市避難所一覧.
    func towns(inProse text: String) -> [TownID] {
        var found: [TownID] = []
        var rest = Substring(ListText.ascii(text).filter { !$0.isWhitespace })
        while !rest.isEmpty {
            if case .town(let town)? = read(String(rest.prefix(24)), isName: false, near: nil) {
                found.append(town)
                rest = rest.dropFirst(2)
            }
            rest = rest.dropFirst()
        }
        return found
    }
}
