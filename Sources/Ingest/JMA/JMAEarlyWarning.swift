/// Earthquake early warnings (緊急地震速報), VXSE40–45: the intensity forecast of each 細分区域.
///
/// A warned district stands in the headline with kind 31 and in the body with its forecast; it becomes one statement.
/// Districts of a forecast that is no warning stand in the body only and keep the body's kind (00, 01, 09).
internal import AlertModel

enum JMAEarlyWarning {
    static func read(_ body: XMLElement, into statements: inout JMAStatements) {
        guard let forecast = body.own("Intensity")?.own("Forecast") else { return }
        for prefecture in forecast.owned("Pref") {
            for area in prefecture.owned("Area") {
                guard let code = area.word("Code") else { continue }
                let range = bounds(area.own("ForecastInt"))
                let longPeriod = bounds(area.own("ForecastLgInt")).value.flatMap { $0 == "0" ? nil : $0 }
                // 既に主要動到達と推測, ＰＬＵＭ法で推定.
                let condition = area.word("Condition")
                let arrival = area.word("ArrivalTime")
                let isWarned = statements.update(.jmaSeismic, code) {
                    $0.value = range.value
                    $0.lower = range.lower
                    $0.isOrMore = range.isOrMore
                    $0.status = condition
                    $0.arrival = arrival
                    $0.longPeriod = longPeriod
                }
                if isWarned { continue }
                let kind = area.own("Category")?.own("Kind")
                var statement = AreaStatement(
                    scheme: .jmaSeismic, code: code, name: area.word("Name"), kindCode: kind?.word("Code"),
                    kindName: kind?.word("Name"), status: condition, value: range.value, arrival: arrival)
                statement.lower = range.lower
                statement.isOrMore = range.isOrMore
                statement.longPeriod = longPeriod
                statements.add(statement)
            }
        }
    }

    /// The upper bound as written; the lower one where there is no upper (`5-` to `over`). `lower` only where it is another.
    private static func bounds(_ range: XMLElement?) -> (value: String?, lower: String?, isOrMore: Bool?) {
        let from = range?.word("From"), to = range?.word("To")
        guard let to, to != "over" else { return (from, nil, from != nil && to == "over" ? true : nil) }
        return (to, from == to ? nil : from, nil)
    }
}
