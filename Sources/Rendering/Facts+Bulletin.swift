/// What bulletins say, as facts: who, where, what is in force, what to do about it.
import AlertModel
import Foundation
import Meanings

extension FactSource {
    // MARK: Who

    var sender: String {
        guard content.town == nil else { return townName }
        // 土砂災害警戒情報 has two: 宮城県 仙台管区気象台.
        let offices = content.sender.split(whereSeparator: \.isWhitespace).map { wording.office(String($0)) }
        return offices.isEmpty ? content.sender : wording.writesJapanese ? offices.joined(separator: "・") : wording.joined(offices)
    }

    /// A city has no 役場.
    var authority: String {
        switch town.name.last {
        case "町": "町役場"
        case "村": "村役場"
        case "区": "区役所"
        default: "市役所"
        }
    }

    var headline: String? {
        guard let headline = content.headline else { return nil }
        let lines = PlainLines.of(headline).map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    // MARK: Where

    /// The town where the bulletin names it; else the region it names, which is then said in every language.
    func addPlace(_ decided: Decided, _ facts: inout Facts) {
        var named = decided.inForce.isEmpty ? local : decided.inForce.map(\.statement)
        // 約１００ミリ in a neighbour is measured there; what the report is for is the region with a kind.
        if content.kind != .earthquake, named.contains(where: { $0.kindCode != nil || $0.kindName != nil }) {
            named.removeAll { $0.kindCode == nil && $0.kindName == nil }
        }
        let cities = named.filter { isOfTown($0) && (content.kind != .earthquake || $0.value != nil || $0.status != nil) }
        if !cities.isEmpty || content.town != nil || content.kind == .eew {
            let told = content.kind == .earthquake ? hardestHit(cities) : cities
            let names = unique(told.compactMap(\.name))
            facts.set(.place, !wording.isJapanese || names.isEmpty ? townName : wording.joined(names, limit: 3))
            return
        }
        let shapes: Set<AreaScheme> = [.polygon, .circle, .jmaRiver, .jmaVolcano, .other]
        let regions = unique(named.filter { !shapes.contains($0.scheme) }.map(regionName).filter { !$0.isEmpty })
        guard !regions.isEmpty else { return facts.set(.place, townName) }
        facts.set(.place, wording.joined(regions.map { wording.region($0) }, limit: 3))
        // A stretch of coast is where the town lies, whatever its name.
        facts.set(.region, flag: content.kind != .tsunami)
    }

    /// The town itself or a part of it, and not a prefecture under the code of one.
    private func isOfTown(_ statement: AreaStatement) -> Bool {
        switch statement.scheme {
        case .jmaCity: true
        case .localGovernment: statement.code.utf8.count >= 5 && !statement.code.dropFirst(2).hasPrefix("000")
        default: false
        }
    }

    /// Of the wards of a city those that had the intensity that is told.
    private func hardestHit(_ cities: [AreaStatement]) -> [AreaStatement] {
        func step(_ statement: AreaStatement) -> Intensity? { statement.value.flatMap(Intensity.highest(in:)) }
        guard let highest = cities.compactMap(step).max() else { return cities }
        return cities.filter { step($0) == highest }
    }

    /// 北西部 is one of many: with its prefecture.
    private func regionName(_ statement: AreaStatement) -> String {
        guard let name = statement.name else { return "" }
        guard statement.scheme == .jmaForecast, let prefecture = Prefecture.name(ofCode: statement.code) else { return name }
        return statement.forecastFineness == 0 || name.hasPrefix(prefecture) ? name : prefecture + name
    }

    func names(_ scheme: AreaScheme, of areas: [AreaStatement]) -> String? {
        let names = unique(areas.filter { $0.scheme == scheme }.compactMap(\.name)).map { wording.known("volcano", $0) ?? wording.marked($0) }
        return names.isEmpty ? nil : wording.joined(names, limit: 3)
    }

    /// Of several volcanoes only those whose level is the town's; where that cannot be told, none.
    func volcanoes(_ decided: Decided) -> String? {
        let all = content.areas.filter { $0.scheme == .jmaVolcano }
        if Set(all.map(\.code)).count < 2 { return names(.jmaVolcano, of: all) }
        let own = decided.inForce.map(\.statement).filter { $0.scheme == .jmaVolcano }
        return own.isEmpty ? nil : names(.jmaVolcano, of: own)
    }

    func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    // MARK: What

    func addKinds(_ decided: Decided, _ facts: inout Facts) {
        var kinds = decided.byGravity.compactMap { Self.phenomenon($0.statement) }
        if kinds.isEmpty { kinds = decided.over.compactMap { Self.phenomenon($0) } }
        // CAP's event is the kind: 暴風警報 is over, and not every warning of the weather.
        if kinds.isEmpty, content.type == "cap", decided.isLifted, !content.title.isEmpty { kinds = [content.title] }
        if content.kind == .flood {
            let ofRiver = content.areas.filter { $0.scheme == .jmaRiver }.compactMap { Self.phenomenon($0) }
            kinds = kinds.filter { !$0.hasPrefix("浸水想定地区") } + ofRiver
        }
        let words = unique(kinds).map { wording.kind($0) }
        facts.set(.kind, words.first)
        facts.set(.kinds, words.isEmpty ? nil : named(wording.joined(words, limit: 8)))
        facts.set(.more, flag: words.count > 1)
        if !decided.isLifted {
            let ended = unique(decided.over.compactMap { Self.phenomenon($0) }).filter { !kinds.contains($0) }
            facts.set(.liftedKinds, ended.isEmpty ? nil : wording.joined(ended.map { wording.kind($0) }, limit: 8))
        }
        if let (before, after) = switched(decided) {
            facts.set(.before, wording.kind(before))
            facts.set(.after, wording.kind(after))
        }
        facts.set(.keyword, content.areas.first { NankaiKeyword($0) != nil }?.kindName.map { wording.kind($0) })
        let level = decided.inForce.compactMap(\.meaning.level).max()
        facts.set(.level, level.map(String.init))
        if let level, level > 2, !kinds.contains(where: { $0.contains("レベル") }) { facts.set(.equalLevel, "\(level)") }
    }

    /// Names as people know them; nil for what is no phenomenon: 台風番号, その他の防災気象情報要素, 解除.
    static func phenomenon(_ statement: AreaStatement) -> String? {
        guard var name = statement.kindName, name != "解除", name != "なし" else { return nil }
        for word in ["番号", "コード", "要素"] where name.hasSuffix(word) { return nil }
        if name.hasSuffix("（氾濫水の予報）") { name = String(name.dropLast("（氾濫水の予報）".count)) }
        // 氾濫注意情報解除 is told as what it ends.
        if name.count > 4, name.hasSuffix("解除"), !name.contains("：") { name = String(name.dropLast(2)) }
        if name == "警報解除" { name = "警報" }
        // レベル５（避難） of a volcano is its own scale.
        if statement.scheme == .jmaVolcano, name.hasPrefix("レベル") { name = "噴火警戒" + name }
        return name.hasPrefix("大津波警報：発表") ? "大津波警報" + name.dropFirst("大津波警報：発表".count) : name
    }

    /// What was switched to something less (LastKind, or 特別警報から注意報 in Status).
    private func switched(_ decided: Decided) -> (before: String, after: String)? {
        for (statement, meaning) in decided.byGravity {
            if let last = statement.lastKind {
                var earlier = statement
                earlier.kindName = last
                earlier.kindCode = nil
                let gravity = Meaning.gravity(named: last)
                if let gravity, let now = meaning.gravity, gravity > now {
                    return Self.phenomenon(earlier).flatMap { before in Self.phenomenon(statement).map { (before, $0) } }
                }
            }
            if let status = statement.status, let end = status.range(of: "から"), let hazard = meaning.hazard {
                let earlier = String(status[..<end.lowerBound])
                let stem = Self.stems[hazard] ?? ""
                if ["特別警報", "危険警報", "警報"].contains(earlier), !stem.isEmpty, let now = meaning.gravity,
                    let gravity = Meaning.gravity(named: earlier), gravity > now
                {
                    return Self.phenomenon(statement).map { (stem + earlier, $0) }
                }
            }
        }
        return nil
    }

    private static let stems: [Hazard: String] = [
        .heavyRain: "大雨", .landslide: "土砂災害", .stormSurge: "高潮", .flood: "洪水", .storm: "暴風", .snowStorm: "暴風雪",
        .waves: "波浪", .snow: "大雪",
    ]

    /// 大雨警報が出ています reads well, 溶岩流が出ています does not: what is no 警報, 注意報 or 情報 is made one.
    private func named(_ kinds: String) -> String {
        guard wording.isJapanese, content.kind != .ashfall, !kinds.hasSuffix("報"), !kinds.hasSuffix("など"), !kinds.hasSuffix("）")
        else { return kinds }
        return kinds + "の情報"
    }

    // MARK: What to do

    /// One action a hazard, for the three gravest; the words are data: `advice.heavy-rain.3`, `act.heavy-rain.3`.
    func addAdvice(_ decided: Decided, _ facts: inout Facts) {
        guard content.kind == .weather || content.kind == .landslide else { return }
        let keys = decided.hazards.map { "\($0.hazard.rawValue).\($0.gravity.rawValue)" }
        facts.set(.act, keys.compactMap { wording.known("act", $0) }.first)
        let lines = unique(keys.compactMap { wording.known("advice", $0) }).prefix(3)
        facts.set(.advice, lines.isEmpty ? nil : lines.joined(separator: "\n"))
    }
}
