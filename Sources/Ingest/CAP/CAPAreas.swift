/// The places of all infos, each once: an alert in two languages names the same ground twice.
import AlertModel
import Codes

enum CAPAreas {
    /// Names of code systems as issuers write them in `valueName`, compared without case, spaces and `_-`.
    ///
    /// JIS X 0402 is the municipality's five digits; with the check digit it is the 6-digit local government code.
    /// The JMA names are those of the JMA XML (codeType and the file of its code list).
    private static let schemes: [String: AreaScheme] = {
        let written: [(AreaScheme, [String])] = [
            (
                .localGovernment,
                [
                    "lg", "JIS X 0402", "JIS X 0401", "JISX04010402", "全国地方公共団体コード", "地方公共団体コード", "市区町村コード",
                    "市町村コード", "LocalGovernmentCode", "urn:jp:lg",
                ]
            ),
            (.jmaSeismic, ["jma-seismic", "AreaForecastLocalE", "地震情報／細分区域"]),
            (.jmaCity, ["jma-city", "AreaInformationCity", "気象・地震・火山情報／市町村等"]),
            (
                .jmaEEW,
                [
                    "jma-eew", "AreaForecastEEW", "AreaForecastLocalEEW", "緊急地震速報／地方予報区", "緊急地震速報／府県予報区",
                ]
            ),
            (.jmaTsunami, ["jma-tsunami", "AreaTsunami", "津波予報区"]),
            (.jmaForecast, ["jma-forecast", "AreaForecastLocalM", "気象情報／府県予報区・細分区域等"]),
            (.jmaRiver, ["jma-river", "AreaRiver", "河川", "水位観測所"]),
            (.jmaVolcano, ["jma-volcano", "PointVolcano", "火山名"]),
        ]
        var table: [String: AreaScheme] = [:]
        for (scheme, names) in written { for name in names { table[key(name)] = scheme } }
        return table
    }()

    private static func key(_ name: String) -> String {
        String(name.lowercased().filter { !$0.isWhitespace && $0 != "_" && $0 != "-" })
    }

    static func read(_ infos: [CAPAlert.Info], _ codes: CodeTables) -> (areas: [AreaStatement], unknown: [String]) {
        struct Place: Hashable {
            var scheme: AreaScheme
            var code: String
            var type: String?
        }
        var seen: Set<Place> = []
        var areas: [AreaStatement] = []
        var unknown: [String] = []
        for area in infos.lazy.flatMap(\.areas) {
            for statement in statements(of: area) {
                let place = Place(scheme: statement.scheme, code: statement.code, type: statement.codeType)
                guard seen.insert(place).inserted else { continue }
                areas.append(statement)
                if codes.knows(statement.scheme), !codes.knows(statement.scheme, statement.code) {
                    unknown.append("\(statement.scheme.rawValue):\(statement.code)")
                }
            }
        }
        return (areas, unknown)
    }

    private static func statements(of area: CAPAlert.Area) -> [AreaStatement] {
        let name: String? = area.description.isEmpty ? nil : area.description
        let shapes =
            area.polygons.map { AreaStatement(scheme: .polygon, code: $0, name: name) }
            + area.circles.map { AreaStatement(scheme: .circle, code: $0, name: name) }
        let codes = area.geocodes.map { statement(of: $0, name: name) }
        guard shapes.isEmpty, codes.isEmpty else { return shapes + codes }
        // Named only: the name stands for the code, so that two such places stay two.
        return [AreaStatement(scheme: .other, code: area.description, name: name, codeType: "areaDesc")]
    }

    private static func statement(of geocode: CAPAlert.Pair, name: String?) -> AreaStatement {
        guard let scheme = schemes[key(geocode.name)] else {
            return AreaStatement(scheme: .other, code: geocode.value, name: name, codeType: geocode.name)
        }
        let code = scheme == .localGovernment ? sixDigits(geocode.value) : geocode.value
        return AreaStatement(scheme: scheme, code: code, name: name)
    }

    /// Five digits of JIS X 0402 get the check digit that our codes carry; all else stays as written.
    private static func sixDigits(_ code: String) -> String {
        guard code.utf8.count == 5 else { return code }
        return (0...9).lazy.compactMap { TownID("\(code)\($0)")?.code }.first ?? code
    }
}
