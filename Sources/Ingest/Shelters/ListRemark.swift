internal import AlertModel

/// What a note forbids: 津波時は使用不可, 津波・高潮を除く, 洪水の際は開設しない, 土砂災害時のみ使用可.
enum ListRemark {
    private static let words: [(String, Shelter.Hazard)] = [
        ("津波", .tsunami), ("洪水", .flood), ("高潮", .stormSurge), ("土砂", .landslide), ("がけ崩れ", .landslide), ("崖崩れ", .landslide), ("地震", .earthquake),
        ("内水", .inlandFlood), ("大雨", .flood), ("大雨", .inlandFlood), ("浸水", .flood), ("浸水", .inlandFlood), ("火災", .fire), ("火事", .fire), ("噴火", .volcano), ("火山", .volcano),
    ]
    private static let forbidding = [
        "不可", "使用できない", "使用できません", "利用できない", "利用できません", "使えない", "使えません", "使用しない", "利用しない", "開設しない", "開設しません",
        "除く", "除きます", "対象外", "不適", "避難しない", "避難できない", "使用禁止", "使わない", "使いません", "使用しません", "利用しません", "開設されない", "開設されません",
        "対応していない", "対応していません", "対応しない", "対応しません", "適さない", "適しない", "適しません", "適していない", "適していません",
        "避難所としない", "避難場所としない", "避難先としない", "閉鎖",
    ]
    /// 土砂災害時のみ使用可: whatever it does not name is forbidden.
    private static let restricting = ["のみ", "に限る", "に限り", "だけ"]

    private static func clauses(of note: String, at marks: String = "。、,，；;\n（）()") -> [Substring] { note.split { marks.contains($0) } }
    private static func hazards(in clause: Substring) -> Set<Shelter.Hazard> { Set(words.filter { clause.contains($0.0) }.map(\.1)) }

    /// 洪水時は２階以上, 津波（3階以上）, 高潮のときは開かない場合があります: part of the house, or not always; not all of it and not none.
    static func conditional(in note: String) -> Set<Shelter.Hazard> {
        clauses(of: note, at: "。、,，；;\n").filter { clause in clause.contains("階") || clause.contains("場合が") }
            .reduce(into: []) { $0.formUnion(hazards(in: $1)) }
    }

    /// 令和5年3月末廃止, 工事のため閉鎖中: the place itself, not for one hazard and not one floor of it.
    static func closes(_ note: String) -> Bool {
        clauses(of: note).contains { clause in
            guard hazards(in: clause).isEmpty, !["階", "場合", "予定", "バス", "路線", "駐車", "旧", "名称"].contains(where: { clause.contains($0) }) else { return false }
            return clause.hasSuffix("廃止") || ["廃止しま", "廃止済", "閉鎖中", "閉鎖しま", "使用停止", "利用停止", "使用中止", "利用中止", "休止中", "使用休止", "指定解除", "指定を解除", "指定取消", "指定を取"]
                .contains { clause.contains($0) }
        }
    }

    /// 洪水○ 津波×: marks in the note, each behind its hazard.
    private static func crossed(in note: String) -> Set<Shelter.Hazard> {
        let plain = note.filter { !$0.isWhitespace && !"：:は…・=＝".contains($0) }
        return Set(words.filter { word, _ in "×✕✖✗✘☓╳".contains { plain.contains("\(word)\($0)") || plain.contains("\(word)時\($0)") || plain.contains("\(word)災害\($0)") } }.map(\.1))
    }

    /// Clause by clause: in 地震は可、津波は不可 only the tsunami is forbidden. 1階は使用不可 forbids a floor, not the house.
    static func forbidden(in note: String) -> Set<Shelter.Hazard> {
        var found = crossed(in: note)
        for clause in clauses(of: note) where !clause.contains("階") && !clause.contains("場合が") {
            let named = hazards(in: clause)
            guard !named.isEmpty else { continue }
            let isForbidden = forbidding.contains { clause.contains($0) }
            switch (isForbidden, clause.contains("以外")) {
            case (true, false), (false, true): found.formUnion(named)
            // 地震以外は使用不可.
            case (true, true): found.formUnion(Set(Shelter.Hazard.allCases).subtracting(named))
            case (false, false) where restricting.contains { clause.contains($0) }: found.formUnion(Set(Shelter.Hazard.allCases).subtracting(named))
            case (false, false): break
            }
        }
        return found
    }
}
