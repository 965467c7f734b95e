/// Who is warned first of a shaking (decision 36): by JMA's own times, never by a reckoning of ours.
///
///     at any moment (no time, ＰＬＵＭ) ─▶ sooner ─▶ later ─▶ shaking already
///
/// Who shakes already comes last: for him it is 「揺れに注意」, for the others there are seconds to be had. He is not forgotten either:
/// his turn is a moment too, and comes before what is offered after it.
internal import AlertModel
internal import FoundationEssentials

enum ShakingOrder {
    /// Seconds. No way of a shaking to a warned area is longer.
    static let longestWay: Int64 = 300

    /// In whole seconds, as JMA gives its times: towns of one second take turns.
    static func turn(_ arrival: Shaking.Arrival, at now: Date) -> Int64 {
        let second = Int64(now.timeIntervalSince1970)
        switch arrival {
        case .unknown: return second
        case .expected(let moment) where moment > now: return min(Int64(moment.timeIntervalSince1970), second + longestWay)
        case .expected, .arrived: return second + longestWay
        }
    }
}
