/// Whose shelter a row speaks of: what it says for the town it is read for, and what it says against it.
///
///     code · common id · name of the municipality · address · coordinates · title and name of the file
///
/// The town a person gave stands in only where the row is silent. What names another town lies elsewhere; what
/// contradicts itself, or cannot be understood, is refused: a stranger's shelter under our name sends people to a
/// place 900 km away, and a shelter that was refused is read out and can be mended.
package import AlertModel
internal import Codes

/// The town a list is read for.
package struct ListTown: Sendable {
    package var id: TownID
    /// Points of its outline, places of shelters already known.
    package var outline: [Coordinate]
    package var places: [Coordinate]

    package init(_ id: TownID, outline: [Coordinate] = [], places: [Coordinate] = []) {
        self.id = id
        self.outline = outline
        self.places = places
    }
}

struct TownEvidence {
    enum Claim: Hashable {
        case town(TownID)
        /// By name.
        case prefecture(String)
        /// Says something that nobody understands.
        case unread(String)
    }

    enum Verdict: Hashable {
        case ours(doubt: String?)
        case elsewhere(TownID)
        case refused(String)
    }

    let tables: CodeTables
    let expected: ListTown?
    /// By title or name of the file.
    let fileClaim: TownID?
    private let directory: TownDirectory
    private let prefecture: String?

    init(tables: CodeTables, expected: ListTown?, title: String, fileName: String) {
        self.tables = tables
        self.expected = expected
        let directory = TownDirectory(tables)
        self.directory = directory
        prefecture = expected.flatMap { tables.town($0.id)?.prefecture }
        let claims = [directory.code(inFileName: fileName)] + directory.towns(inProse: title) + directory.towns(inProse: fileName)
        let named = claims.compactMap(\.self)
        fileClaim = named.first { claim in expected.map { directory.areSame(claim, $0.id) } ?? false } ?? named.first
    }

    // MARK: What the cells say

    /// A code as people write it: `042056`, `42056`, `03210.0`, `="04205"`, `宮城県` by number.
    func claim(code written: String) -> Claim? {
        var code = ListText.ascii(ListText.tidy(written)).filter { $0 != "=" && $0 != "\"" && $0 != "'" && $0 != " " && $0 != "-" }
        if code.hasSuffix(".0") { code.removeLast(2) }
        guard !code.isEmpty else { return nil }
        if let town = tables.town(written: code) { return .town(town) }
        if let number = prefectureNumber(code), let name = Prefectures.name(number) { return .prefecture(name) }
        // 205 beside a column of prefectures: the code inside ours.
        if code.utf8.count == 3, let expected, let town = tables.town(written: String(expected.id.code.prefix(2)) + code) { return .town(town) }
        return .unread(code)
    }

    private func prefectureNumber(_ code: String) -> Int? {
        guard code.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        if code.utf8.count <= 2 { return Int(code) }
        let six = code.utf8.count == 5 ? "0" + code : code
        return six.utf8.count == 6 && six.dropFirst(2).hasPrefix("000") ? Int(six.prefix(2)) : nil
    }

    /// The code inside GSI's 共通ID: `E0420500001202`.
    func claim(commonID id: String) -> Claim? {
        guard id.utf8.count == 14, id.hasPrefix("E") else { return nil }
        return tables.town(written: String(id.dropFirst().prefix(5))).map(Claim.town)
    }

    /// A name or an address. `isName`: the cell holds nothing else.
    func claim(place text: String, isName: Bool) -> Claim? { directory.read(text, isName: isName, near: prefecture) }

    // MARK: What follows from it

    /// - Parameters:
    ///   - said: by codes, ids and names, which say to whom the row belongs.
    ///   - address: where it lies.
    func verdict(said: [Claim], address: Claim?) -> Verdict {
        guard let expected else { return .ours(doubt: nil) }
        func isOurs(_ claim: Claim) -> Bool? {
            switch claim {
            case .town(let town): directory.areSame(town, expected.id)
            // The prefecture alone proves nothing.
            case .prefecture(let name): name == prefecture ? nil : false
            case .unread: false
            }
        }
        let all = said + [address].compactMap(\.self)
        let against = said.filter { isOurs($0) == false }
        let speaksForUs = said.contains { isOurs($0) == true }
        if let strange = against.first {
            if all.contains(where: { isOurs($0) == true }) {
                if case .unread(let code) = strange { return .ours(doubt: "コード \(code) は読めない (code \(code) is no municipality's)") }
                return .refused("\(words(strange))とあるのに、ほかの欄は\(words(.town(expected.id))) (its columns contradict each other)")
            }
            guard case .town(let town) = strange else { return .refused("\(words(strange))とある (it says \(words(strange)))") }
            return .elsewhere(town)
        }
        guard let address, let isHere = isOurs(address) else { return byFile(speaksForUs) }
        if isHere { return .ours(doubt: nil) }
        if case .town(let town) = address, tables.town(town)?.prefecture == prefecture {
            // A town may have a shelter beyond its border, but only its own list can say so.
            return speaksForUs ? .ours(doubt: "住所は\(words(address)) (its address is in another municipality)") : .elsewhere(town)
        }
        if case .town(let town) = address, !speaksForUs { return .elsewhere(town) }
        return .refused("住所は\(words(address)) (its address is in another prefecture)")
    }

    /// Nothing in the row speaks against us; what of the file?
    private func byFile(_ speaksForUs: Bool) -> Verdict {
        guard let expected, !speaksForUs, let fileClaim, !directory.areSame(fileClaim, expected.id) else { return .ours(doubt: nil) }
        return .refused("ファイル名か表題は\(words(.town(fileClaim))) (the file's name or title speaks of another municipality)")
    }

    /// Why a place cannot be in the town; nil where it can.
    func distance(_ place: Coordinate) -> String? {
        guard let expected else { return nil }
        if let prefecture, let box = Prefectures.box(prefecture), !box.holds(place.latitude, place.longitude, margin: 0.3) {
            return "緯度経度 \(place.latitude), \(place.longitude) は\(prefecture)の外 (the place lies outside the prefecture)"
        }
        for (points, limit) in [(expected.outline, 50.0), (expected.places, 150.0)] {
            // An outline of thousands of points and a list of thousands of rows: every tenth is near enough.
            let some = points.enumerated().filter { points.count < 500 || $0.offset % 10 == 0 }.map(\.element)
            guard let nearest = some.map({ $0.distance(to: place) }).min(), nearest > limit else { continue }
            return "緯度経度は町から\(Int(nearest.rounded()))km離れている (the place is \(Int(nearest.rounded())) km away)"
        }
        return nil
    }

    func words(_ claim: Claim) -> String {
        switch claim {
        case .town(let town): tables.town(town).map { $0.prefecture + $0.name } ?? town.code
        case .prefecture(let name): name
        case .unread(let code): "読めないコード \(code)"
        }
    }
}
