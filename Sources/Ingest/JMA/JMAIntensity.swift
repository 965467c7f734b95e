/// Observed intensities (震度速報, 震源・震度に関する情報, 長周期地震動に関する観測情報): prefectures, districts, cities.
internal import AlertModel

enum JMAIntensity {
    static func read(_ body: XMLElement, into statements: inout JMAStatements) {
        guard let observation = body.own("Intensity")?.own("Observation") else { return }
        for prefecture in observation.owned("Pref") {
            add(prefecture, .other, codeType: "地震情報／都道府県等", into: &statements)
            for area in prefecture.owned("Area") {
                add(area, .jmaSeismic, into: &statements)
                for city in area.owned("City") { add(city, .jmaCity, into: &statements) }
            }
        }
    }

    private static func add(
        _ element: XMLElement, _ scheme: AreaScheme, codeType: String? = nil, into statements: inout JMAStatements
    ) {
        guard let code = element.word("Code") else { return }
        // 震度５弱以上未入電: a city without MaxInt may be the worst hit.
        statements.add(AreaStatement(
            scheme: scheme, code: code, name: element.word("Name"), kindName: longPeriod(element),
            status: element.word("Condition"), value: element.word("MaxInt"), codeType: codeType))
    }

    /// 長周期地震動階級 in the words of the headline, which names only the higher classes.
    private static func longPeriod(_ element: XMLElement) -> String? {
        switch element.word("MaxLgInt") {
        case "1": "長周期地震動階級１"
        case "2": "長周期地震動階級２"
        case "3": "長周期地震動階級３"
        case "4": "長周期地震動階級４"
        default: nil
        }
    }
}
