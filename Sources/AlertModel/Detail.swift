/// What only an operator's alert says.
public enum Detail: Sendable, Codable, Hashable {
    case none
    case evacuation(EvacuationOrder)
    case shelter(ShelterNotice)
    case headquarters(Headquarters)
    case notice(Notice)
}

/// Evacuation information (避難情報) with its warning level (警戒レベル), as issued by a mayor.
///
/// Source: 内閣府 避難情報に関するガイドライン, 2021-05.
public struct EvacuationOrder: Sendable, Codable, Hashable {
    /// 3 高齢者等避難, 4 避難指示, 5 緊急安全確保.
    public enum Level: Int, Sendable, Codable, CaseIterable {
        case elderly = 3, order = 4, emergency = 5

        /// As the guideline names it.
        public var name: String {
            switch self {
            case .elderly: "高齢者等避難"
            case .order: "避難指示"
            case .emergency: "緊急安全確保"
            }
        }
    }
    /// All districts at once, also of a town without a list of them.
    public static let wholeTown = ["市内全域", "町内全域", "村内全域", "区内全域"]

    public var level: Level
    /// 洪水, 土砂災害, 高潮, 地震, 津波, 大規模な火事, 内水氾濫, 火山現象.
    public var hazard: String
    /// Districts (地区) by name; empty is refused at the door, "the whole town" is one of the words `wholeTown`.
    public var districts: [String]
    public var reason: String?
    /// Identifiers of shelters to go to.
    public var shelters: [String]
    /// True when the order is lifted (解除).
    public var isLifted: Bool

    public init(
        level: Level, hazard: String, districts: [String], reason: String? = nil, shelters: [String] = [],
        isLifted: Bool = false
    ) {
        self.level = level
        self.hazard = hazard
        self.districts = districts
        self.reason = reason
        self.shelters = shelters
        self.isLifted = isLifted
    }

    enum CodingKeys: String, CodingKey {
        case level, hazard, districts, reason, shelters
        case isLifted = "lifted"
    }
}

/// The state of one shelter (避難所) has changed.
public struct ShelterNotice: Sendable, Codable, Hashable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case open, full, closed
    }
    public var shelter: String
    public var name: String
    public var address: String?
    public var state: State
    public var note: String?
    /// Told in the same words, one decision: seventeen that are opened at once. None of them has others.
    public var others: [ShelterNotice]?

    public init(shelter: String, name: String, address: String? = nil, state: State, note: String? = nil) {
        self.shelter = shelter
        self.name = name
        self.address = address
        self.state = state
        self.note = note
    }

    /// Several in one; nil where there are none.
    public init?(_ all: [ShelterNotice]) {
        guard var first = all.first else { return nil }
        if all.count > 1 { first.others = Array(all.dropFirst()) }
        self = first
    }

    /// Each by itself.
    public var all: [ShelterNotice] {
        var own = self
        own.others = nil
        return [own] + (others ?? [])
    }

    /// 市民会館; 市民会館、ほか16か所.
    public var names: String { (others ?? []).isEmpty ? name : "\(name)、ほか\(others?.count ?? 0)か所" }
}

/// The town's headquarters against a disaster (災害対策本部, 災害警戒本部) was set up or dissolved.
///
/// Source: 災害対策基本法 23条の2, under which a mayor sets it up and, when the danger is over, abolishes it (廃止).
public struct Headquarters: Sendable, Codable, Hashable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case open, closed
    }
    /// 災害対策本部, 災害警戒本部, or a name of the town's own with 本部 in it.
    public var name: String
    public var state: State
    public var note: String?

    public init(name: String = "災害対策本部", state: State, note: String? = nil) {
        self.name = name
        self.state = state
        self.note = note
    }
}

/// A town's notice (お知らせ).
public struct Notice: Sendable, Codable, Hashable {
    public var title: String
    public var body: String
    public init(title: String, body: String) {
        self.title = title
        self.body = body
    }
}
