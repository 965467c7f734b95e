/// Which of JMA's types a bulletin is: `VXSE43`. The XML holds a title only.
///
/// A title that no table of ours holds stays readable: kind `other`, the type from the file name if it bears one.
internal import AlertModel

struct JMAType {
    /// Nil where neither title nor file name tells. `VXKO`, `VFSV` … without number where a family shares one title
    /// and the file name is silent.
    let code: String?
    let kind: AlertKind
    /// Whether the title is one of ours.
    let isKnown: Bool

    init(title: String, fileName: String?) {
        let named = fileName.flatMap(JMAType.code(inFileName:))
        let candidates = JMATitles.types(of: title)
        isKnown = candidates != nil
        guard let candidates else {
            code = named
            kind = title.hasPrefix(JMATitles.levelFormat) ? .weather : .other
            return
        }
        // The file name chooses among the types of the title, and never against it.
        code = named.flatMap { name in candidates.contains { name.hasPrefix($0) } ? name : nil } ?? candidates[0]
        // No title of the table has an empty list of types.
        kind = JMAType.kind(ofCode: candidates[0])
    }

    /// Whether the kind stands in tags (情報タグ): 防災速報 and 解説情報 of 2026.
    var isTagged: Bool { code == "VPBS50" }

    /// 全般 and 地方気象解説情報: the headline says 全国, the body which region is meant by which amount.
    var namesRegionsInBody: Bool { code == "VPZJ51" || code == "VPCJ51" }

    /// 熱中症警戒アラート: no area is in it but the region's name at the start of its title.
    var namesRegionInTitle: Bool { code == "VPFT50" }

    /// Weather warnings in the old and the level format: each bulletin gives the whole state of its areas.
    var isStateOfWarnings: Bool { code?.hasPrefix("VPWW") == true || code?.hasPrefix("VPWS") == true }

    /// Whether a headline's Kind/Condition says what (土砂災害、浸水害) instead of that something changed (継続).
    var conditionIsValue: Bool {
        isStateOfWarnings || code?.hasPrefix("VPNO") == true || code?.hasPrefix("VPAW") == true
    }

    /// 記録雨 and 竜巻 have kinds of their own; nil for the other tags.
    static func kind(byTags areas: [AreaStatement]) -> AlertKind? {
        for area in areas {
            guard let tag = area.kindName else { continue }
            if tag.hasPrefix("記録雨") || tag.hasPrefix("記録的短時間大雨") { return .heavyRainRecord }
            if tag.hasPrefix("竜巻") { return .tornado }
        }
        return nil
    }

    /// `VXSE43` in `37_01_01_240613_VXSE43.xml` or `20210217225533_0_VXSE53_010000.xml`; the last one if several.
    static func code(inFileName name: String) -> String? {
        let last = name.split(separator: "/").last ?? ""
        return last.split { $0 == "_" || $0 == "." || $0 == "-" }.last { part in
            let octets = Array(part.utf8)
            return octets.count == 6 && octets[..<4].allSatisfy { (65...90).contains($0) }
                && octets[4...].allSatisfy { (48...57).contains($0) }
        }.map(String.init)
    }

    /// By the family the first letters name; the longest prefix wins.
    private static func kind(ofCode code: String) -> AlertKind {
        for (prefix, kind) in families where code.hasPrefix(prefix) { return kind }
        return .other
    }

    private static let families: [(String, AlertKind)] = [
        ("VXSE4", .eew), ("VXSE", .earthquake), ("VYSE", .nankai), ("VTSE", .tsunami), ("WEPA", .tsunami),
        // About the service (stations silent, tests to come), not about an earthquake.
        ("VZSE", .notice),
        ("VPWW56", .landslide), ("VXWW", .landslide), ("VXKO", .flood), ("VXSU", .flood),
        ("VFVO53", .ashfall), ("VFVO54", .ashfall), ("VFVO55", .ashfall),
        ("VFVO", .volcano), ("VFSV", .volcano), ("VZVO", .volcano),
        ("VPTI", .typhoon), ("VPTW", .typhoon), ("VPTA", .typhoon),
        ("VPHW", .tornado), ("VPOA", .heavyRainRecord),
        ("VPWW", .weather), ("VPWS", .weather), ("VPWP", .weather), ("VPNO", .weather), ("VPAW", .weather),
        ("VPRN", .weather), ("VPZJ", .weather), ("VPCJ", .weather), ("VPFJ", .weather), ("VPBS", .weather),
        ("VPZI", .weather), ("VPCI", .weather), ("VPFT", .weather), ("VPSG", .weather), ("VPZS", .weather),
        ("VMCJ", .weather), ("VPZU", .weather), ("VPCU", .weather),
    ]
}
