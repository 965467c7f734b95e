internal import AlertModel

/// What a note forbids: 津波時は使用不可, 津波・高潮を除く, 洪水の際は開設しない.
enum ListRemark {
    private static let words: [(String, Shelter.Hazard)] = [
        ("津波", .tsunami), ("洪水", .flood), ("高潮", .stormSurge), ("土砂", .landslide), ("がけ崩れ", .landslide), ("崖崩れ", .landslide), ("地震", .earthquake),
        ("内水", .inlandFlood), ("火災", .fire), ("火事", .fire), ("噴火", .volcano), ("火山", .volcano),
    ]
    private static let forbidding = [
        "不可", "使用できない", "使用できません", "利用できない", "利用できません", "使えない", "使えません", "使用しない", "利用しない", "開設しない", "開設しません",
        "除く", "除きます", "対象外", "不適", "避難しない", "避難できない", "使用禁止",
    ]

    /// Clause by clause: in 地震は可、津波は不可 only the tsunami is forbidden. 1階は使用不可 forbids a floor, not the house.
    static func forbidden(in note: String) -> Set<Shelter.Hazard> {
        var found: Set<Shelter.Hazard> = []
        for clause in note.split(whereSeparator: { "。、,，；;\n（）()".contains($0) }) {
            guard forbidding.contains(where: { clause.contains($0) }), !clause.contains("階") else { continue }
            for (word, hazard) in words where clause.contains(word) { found.insert(hazard) }
        }
        return found
    }
}
