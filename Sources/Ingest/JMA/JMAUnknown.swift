/// What of a bulletin no table of ours holds. It stays in the bulletin as written; this is for the operator.
import AlertModel
import Codes
import FoundationEssentials

enum JMAUnknown {
    /// Codes of places, as `scheme:code`, each once, in the order of the bulletin. Where we have no table at all
    /// nothing is called unknown.
    static func places(_ areas: [AreaStatement], _ codes: CodeTables) -> [String] {
        each(areas) { area in
            guard JMAAreaScheme.isTabled(area.scheme), codes.knows(area.scheme), !codes.knows(area.scheme, area.code)
            else { return nil }
            return "\(area.scheme.rawValue):\(area.code)"
        }
    }

    /// Codes of kinds, as `table:code`. A code that will be known one day is known: bulletins of a new format come
    /// before their day, as tests.
    static func kinds(_ areas: [AreaStatement], of type: JMAType, _ codes: CodeTables) -> [String] {
        if type.isTagged { return tags(areas) }
        let tables = tables(of: type)
        guard let first = tables.first else { return [] }
        return each(areas) { area in
            guard let code = area.kindCode,
                !tables.contains(where: { codes.kindName($0, code, at: .distantFuture) != nil })
            else { return nil }
            return "\(first.rawValue):\(code)"
        }
    }

    /// Tags (情報タグ) that no word of ours knows, as `tag:name`. They are told by their name all the same.
    private static func tags(_ areas: [AreaStatement]) -> [String] {
        each(areas) { area in
            guard area.kindCode == nil, let name = area.kindName, !knownTags.contains(where: name.contains) else { return nil }
            return "tag:\(name)"
        }
    }

    private static let knownTags = ["記録雨", "記録的短時間大雨", "線状降水帯", "竜巻", "大雪", "顕著"]

    /// The tables a type takes its kinds from; none where it numbers them by itself (rivers, typhoons).
    private static func tables(of type: JMAType) -> [KindTable] {
        switch type.code?.prefix(4) {
        case "VPWW", "VPWS": [.weather]
        case "VTSE": [.tsunami]
        case "VFVO", "VFSV": [.volcano]
        case "VXWW": [.landslide]
        case "VPHW": [.tornado]
        case "VPOA": [.heavyRainRecord]
        case "VYSE": [.nankai]
        case "VXSE" where type.kind == .eew: [.eewWarning, .eewForecast]
        default: []
        }
    }

    private static func each(_ areas: [AreaStatement], _ word: (AreaStatement) -> String?) -> [String] {
        var seen: Set<String> = []
        return areas.compactMap(word).filter { seen.insert($0).inserted }
    }
}
