/// How bad it is: which colour, which place on the page, does it sound, what may not hide it.
///
/// Not how fast it goes out: that is `Priority`, which may be low for a quiet re-issue of the gravest warning. Gravity
/// belongs to the event as it stands in a town and is never lowered by silence. The steps are those of the warning level
/// (警戒レベル) and of JMA's colours for it: 1 white, 2 yellow, 3 red, 4 purple, 5 black.
public enum Gravity: Int, Sendable, CaseIterable, Comparable {
    /// Notices, shelters, what is over.
    case information = 1
    /// 注意報, 津波予報, a felt earthquake.
    case advisory
    /// 警報, level 3, 津波注意報, 震度５弱.
    case warning
    /// Level 4, 危険警報, 津波警報, 震度６弱.
    case danger
    /// Level 5, 特別警報, 大津波警報, 緊急地震速報（警報）.
    case emergency

    public var word: String {
        switch self {
        case .information: "information"
        case .advisory: "advisory"
        case .warning: "warning"
        case .danger: "danger"
        case .emergency: "emergency"
        }
    }

    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = match
    }

    /// Where nothing but the pace is known.
    public init(_ priority: Priority) {
        self =
            switch priority {
            case .immediate: .emergency
            case .urgent: .danger
            case .routine: .advisory
            case .background: .information
            }
    }

    /// 警戒レベル 1 to 5.
    public init?(level: Int) { self.init(rawValue: level) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Gravity: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let word = try container.decode(String.self)
        guard let gravity = Self(word: word) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no gravity \(word)")
        }
        self = gravity
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(word)
    }
}
