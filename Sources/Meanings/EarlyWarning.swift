/// Whether an early warning (緊急地震速報) warns a place or only forecasts: by the finest area that names it.
///
///     細分区域 (3 digits)  ▶  府県予報区 (9xxx)  ▶  地方予報区 (99xx)  ▶  anything else
///
/// A prefecture is listed with kind 31 when one of its districts is warned; a district with kind 00 of its own is only forecast.
package import AlertModel

extension AreaStatement {
    /// 31 in the headline (EarthquakeWarning), 10, 11 and 19 in the body (EarthquakeForecast).
    package var isEarthquakeWarning: Bool {
        switch kindCode {
        case "31", "10", "11", "19": true
        default: kindCode == nil && kindName?.contains("緊急地震速報（警報）") == true
        }
    }
}

package enum EarlyWarning {
    /// Of the statements that concern a town, those that decide.
    package static func finest(_ local: [AreaStatement]) -> [AreaStatement] { AreaStatement.finestOfEarlyWarning(local) }

    package static func isWarned(_ local: [AreaStatement]) -> Bool { finest(local).contains(where: \.isEarthquakeWarning) }
}
