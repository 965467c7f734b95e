/// From JMA's codeType (the name of a code table) to ours.
internal import AlertModel

enum JMAAreaScheme {
    private static let byCodeType: [String: AreaScheme] = [
        "地震情報／細分区域": .jmaSeismic,
        "気象・地震・火山情報／市町村等": .jmaCity,
        "緊急地震速報／地方予報区": .jmaEEW,
        "緊急地震速報／府県予報区": .jmaEEW,
        "津波予報区": .jmaTsunami,
        "気象情報／府県予報区・細分区域等": .jmaForecast,
        "河川": .jmaRiver,
        "指定河川洪水予報（予報区域）": .jmaRiver,
        "水位周知河川に関する情報（発表区間）": .jmaRiver,
        "火山名": .jmaVolcano,
    ]

    /// A place under the table the bulletin names. Tables that are not ours stay by name in `codeType`.
    static func statement(_ code: String, codeType: String?) -> AreaStatement {
        if let codeType, let scheme = byCodeType[codeType] { return AreaStatement(scheme: scheme, code: code) }
        return AreaStatement(scheme: .other, code: code, codeType: codeType)
    }

    /// Weather bodies name no table: municipalities have seven digits, forecast areas six
    /// (AreaInformationCity and AreaForecastLocalM of 2026-07).
    static func bodyCodeType(_ code: String, section: String?) -> String? {
        if let section, section.hasSuffix("（高潮予報区間）") { return "高潮予報区間" }
        switch code.utf8.count {
        case 7: return "気象・地震・火山情報／市町村等"
        case 6: return "気象情報／府県予報区・細分区域等"
        default: return section
        }
    }

    static func isTabled(_ scheme: AreaScheme) -> Bool {
        switch scheme {
        case .jmaSeismic, .jmaCity, .jmaEEW, .jmaTsunami, .jmaForecast, .jmaRiver, .jmaVolcano: true
        case .localGovernment, .polygon, .circle, .other: false
        }
    }
}

extension XMLElement {
    /// The text of a child in this element's own namespace, trimmed; nil when missing or empty.
    func word(_ name: StaticString) -> String? { own(name)?.trimmed }

    /// The children of that name in this element's own namespace.
    func owned(_ name: StaticString) -> some Sequence<XMLElement> {
        children.lazy.filter { [self] in $0.isNamed(name) && $0.sharesNamespace(with: self) }
    }
}
