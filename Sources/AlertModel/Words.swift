/// What an alert is about. The raw values are the words of `noroshi read` and of the HTTP interface.
public enum AlertKind: String, Sendable, Codable, CaseIterable, Hashable {
    /// Earthquake early warning (緊急地震速報).
    case eew
    /// Observed earthquake: intensities, hypocentre, counts.
    case earthquake
    case tsunami
    /// Warnings and advisories of JMA that are none of the others (気象警報・注意報).
    case weather
    /// Landslide alert (土砂災害警戒情報).
    case landslide
    /// River flood forecast (指定河川洪水予報).
    case flood
    case volcano
    case ashfall
    case typhoon
    /// 竜巻注意情報.
    case tornado
    /// 記録的短時間大雨情報.
    case heavyRainRecord = "heavy-rain-record"
    /// Nankai Trough earthquake information (南海トラフ地震に関連する情報).
    case nankai
    /// A missile, an air raid or another attack (国民保護情報, Ｊアラート): into a building, underground.
    case missile
    case notice
    /// A municipality's evacuation order (避難情報).
    case evacuation
    /// A shelter opened, filled or closed (避難所情報).
    case shelter
    /// The town's headquarters was set up or dissolved (災害対策本部の設置・廃止).
    case headquarters
    case other
}

/// Control/Status of JMA, `status` of CAP.
public enum BulletinStatus: String, Sendable, Codable, CaseIterable {
    case actual, exercise, test, system
}

/// What a message does to its event (CAP msgType; JMA InfoType 発表, 訂正, 取消).
public enum MessageType: String, Sendable, Codable, CaseIterable {
    case alert, update, cancel, ack, error
}

/// How urgently a delivery goes out. Lower raw value goes first.
public enum Priority: Int, Sendable, Codable, CaseIterable, Comparable {
    /// Seconds count: earthquake early warning, major tsunami warning, level 5.
    case immediate
    /// Minutes count: tsunami, evacuation orders, special warnings.
    case urgent
    /// Shelter states, advisories, observed intensities.
    case routine
    /// Notices and everything that may wait until the night is over.
    case background

    public var word: String {
        switch self {
        case .immediate: "immediate"
        case .urgent: "urgent"
        case .routine: "routine"
        case .background: "background"
        }
    }

    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = match
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A language of a text, by BCP 47 tag. やさしい日本語 has no tag of its own: `ja-x-easy`.
public struct Language: Hashable, Sendable, Codable, RawRepresentable, Comparable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let japanese = Language(rawValue: "ja")
    public static let easyJapanese = Language(rawValue: "ja-x-easy")
    public static let english = Language(rawValue: "en")

    public var description: String { rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
