/// The keyword behind 南海トラフ地震臨時情報: four very different things bear one name.
///
/// Source: JMA EarthquakeInformation (地震関連情報番号); 内閣府 南海トラフ地震臨時情報防災対応ガイドライン, 2019-03.
package import AlertModel

package enum NankaiKeyword: String, Sendable, CaseIterable {
    /// 調査中 111…113: whether it has to do with the trough is being looked into.
    case investigating
    /// 巨大地震警戒 120: some must leave for a week.
    case warning
    /// 巨大地震注意 130: everybody is ready to leave for a week.
    case advisory
    /// 調査終了 190.
    case ended
    /// 関連解説情報 200, 210, 219.
    case commentary

    package init?(_ statement: AreaStatement) {
        switch statement.kindCode {
        case "111", "112", "113": self = .investigating
        case "120": self = .warning
        case "130": self = .advisory
        case "190": self = .ended
        case "200", "210", "219": self = .commentary
        default: return nil
        }
    }

    package var gravity: Gravity {
        switch self {
        case .warning: .danger
        case .advisory: .warning
        case .investigating: .advisory
        case .ended, .commentary: .information
        }
    }
}
