/// How strong and when: what an early warning (緊急地震速報) says of the shaking at one place, as JMA's bulletin gives it.
///
///     Forecast/Pref/Area  ForecastInt From, To         ─▶ lower, upper, isOrMore
///                         ArrivalTime                  ─▶ .expected
///                         Condition 既に主要動到達と推測 ─▶ .arrived
///                         Condition ＰＬＵＭ法で推定     ─▶ .unknown: shaking somewhere near already, at any moment here
///
/// Nothing here is reckoned by ourselves: a forecast of one's own needs a permit (気象業務法第17条, `Channels/SchoolTablet/README.md`).
public import FoundationEssentials

public struct Shaking: Sendable, Hashable {
    public enum Arrival: Sendable, Hashable {
        case expected(Date)
        case arrived
        /// The bulletin says no time: to be taken as now.
        case unknown
    }

    /// Nil where the bulletin has none (不明).
    public let lower, upper: Intensity?
    /// `over`: no upper bound is given, `upper` is the lower one.
    public let isOrMore: Bool
    public let arrival: Arrival
    /// The forecast was made of what shakes nearby (ＰＬＵＭ法), which knows no time of arrival.
    public let isPLUM: Bool

    /// Of the finest areas that name the town. Where these are several and differ, the strongest is told, and of the times the one that
    /// promises least: shaking already, then at any moment, then the first.
    public init?(_ kind: AlertKind, _ local: [AreaStatement]) {
        guard kind == .eew else { return nil }
        let own = AreaStatement.finestOfEarlyWarning(local)
        var strongest: (upper: Intensity, lower: Intensity, isOrMore: Bool)?
        var arrival: Arrival?
        var isPLUM = false
        for area in own {
            if let upper = area.value.flatMap(Intensity.highest(in:)) {
                let found = (upper: upper, lower: area.lower.flatMap(Intensity.highest(in:)) ?? upper, isOrMore: area.isOrMore == true)
                let isStronger = strongest.map { (found.upper, found.isOrMore ? 1 : 0, found.lower) > ($0.upper, $0.isOrMore ? 1 : 0, $0.lower) }
                if isStronger ?? true { strongest = found }
            }
            arrival = arrival.map { Self.sooner($0, Self.arrival(of: area)) } ?? Self.arrival(of: area)
            isPLUM = isPLUM || area.status.map(Self.isPLUM) == true
        }
        lower = strongest.map { min($0.lower, $0.upper) }
        upper = strongest?.upper
        isOrMore = strongest?.isOrMore ?? false
        self.arrival = arrival ?? .unknown
        self.isPLUM = isPLUM && self.arrival == .unknown
    }

    /// Whether it shakes there by now.
    public func isPast(at now: Date) -> Bool {
        switch arrival {
        case .arrived: true
        case .expected(let moment): moment <= now
        case .unknown: false
        }
    }

    private static func arrival(of area: AreaStatement) -> Arrival {
        if area.status?.contains("主要動到達") == true { return .arrived }
        return area.arrival.flatMap(JapanTime.moment).map(Arrival.expected) ?? .unknown
    }

    /// In half and in full width.
    private static func isPLUM(_ condition: String) -> Bool { condition.contains("ＰＬＵＭ") || condition.contains("PLUM") }

    private static func sooner(_ one: Arrival, _ other: Arrival) -> Arrival {
        switch (one, other) {
        case (.arrived, _), (_, .arrived): .arrived
        case (.unknown, _), (_, .unknown): .unknown
        case (.expected(let mine), .expected(let theirs)): .expected(min(mine, theirs))
        }
    }
}

extension AreaStatement {
    /// Of an early warning's areas: 細分区域 0, 府県予報区 1, 地方予報区 2; nil for what is none of these.
    public var earlyWarningLevel: Int? {
        switch scheme {
        case .jmaSeismic: 0
        case .jmaEEW: code.hasPrefix("99") ? 2 : 1
        default: nil
        }
    }

    /// Of the statements that concern a town, those that decide in an early warning.
    public static func finestOfEarlyWarning(_ local: [AreaStatement]) -> [AreaStatement] {
        guard let level = local.compactMap(\.earlyWarningLevel).min() else { return local }
        return local.filter { $0.earlyWarningLevel == level }
    }
}
