/// Tsunami warnings and observations, VTSE41, 51, 52.
///
/// Forecasts are routed by 津波予報区 of the body. Observed heights follow as statements without a kind: one for the
/// stretch of coast (its highest station), one for each station; stations off shore have no stretch.
internal import AlertModel

enum JMATsunami {
    static func read(_ body: XMLElement, into statements: inout JMAStatements) {
        guard let tsunami = body.own("Tsunami") else { return }
        if let forecast = tsunami.own("Forecast") {
            for item in forecast.owned("Item") { addForecast(item, into: &statements) }
        }
        if let estimation = tsunami.own("Estimation") {
            for item in estimation.owned("Item") { addForecast(item, into: &statements) }
        }
        if let observation = tsunami.own("Observation") {
            for item in observation.owned("Item") { addObservation(item, into: &statements) }
        }
    }

    private static func addForecast(_ item: XMLElement, into statements: inout JMAStatements) {
        guard let area = item.own("Area"), let code = area.word("Code") else { return }
        let kind = item.own("Category")?.own("Kind")
        let first = item.own("FirstHeight")
        var statement = AreaStatement(
            scheme: .jmaTsunami, code: code, name: area.word("Name"), kindCode: kind?.word("Code"),
            kindName: kind?.word("Name"), status: first?.word("Condition"),
            value: Height(item.own("MaxHeight")).words, arrival: first?.word("ArrivalTime"))
        let last = item.own("Category")?.own("LastKind")
        if let before = last?.word("Name"), last?.word("Code") != statement.kindCode { statement.lastKind = before }
        statements.add(statement)
    }

    private static func addObservation(_ item: XMLElement, into statements: inout JMAStatements) {
        var highest: Height?
        var stations: [AreaStatement] = []
        for station in item.owned("Station") {
            let height = Height(station.own("MaxHeight"))
            if (height.metres ?? -1) > (highest?.metres ?? -1) || highest == nil { highest = height }
            guard let code = station.word("Code") else { continue }
            let first = station.own("FirstHeight")
            stations.append(AreaStatement(
                scheme: .other, code: code, name: station.word("Name"), status: first?.word("Condition"),
                value: height.words, codeType: "潮位観測点", arrival: first?.word("ArrivalTime")))
        }
        if let area = item.own("Area"), let code = area.word("Code") {
            statements.add(AreaStatement(
                scheme: .jmaTsunami, code: code, name: area.word("Name"), value: highest?.words))
        }
        for station in stations { statements.add(station) }
    }

    /// MaxHeight. `NaN` means a height in words (巨大, 高い) or none at all.
    private struct Height {
        var words: String?
        var metres: Double?

        init(_ element: XMLElement?) {
            guard let element else { return }
            if let height = element.first("TsunamiHeight", in: JMANamespace.basis) {
                metres = height.trimmed.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
                words = height["description"].flatMap { $0.isEmpty ? nil : $0 }
                    ?? (metres == nil ? nil : height.trimmed)
            }
            // 観測中, 微弱, 欠測 where there is no height.
            words = words ?? element.word("Condition")
        }
    }
}
