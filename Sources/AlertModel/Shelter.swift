/// A shelter (避難所) of a town's register, and for which hazards people may be sent there.
///
/// Fitness has three answers and a silence. *Silence is not fitness*: a school nobody has said anything about is not named
/// as a place to flee to from a tsunami. See docs/decisions/0016-fitness.md.
public struct Shelter: Sendable, Hashable, Codable {
    /// The eight hazards a site is designated for (災害対策基本法施行令 第20条の4).
    public enum Hazard: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable, Comparable {
        case flood = "洪水", landslide = "土砂災害", stormSurge = "高潮", earthquake = "地震", tsunami = "津波"
        case fire = "大規模な火事", inlandFlood = "内水氾濫", volcano = "火山現象"

        /// In the order of the law.
        public static func < (left: Self, right: Self) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    public enum Fitness: String, Sendable, Codable, CaseIterable {
        case fit
        /// △: some floors, some depths; the note says which.
        case conditional
        case unfit
    }

    public enum Kind: String, Sendable, Codable, CaseIterable {
        case shelter = "指定避難所", site = "指定緊急避難場所", temporary = "臨時避難所", wideArea = "広域避難場所"
        case firstSite = "一時避難場所", welfare = "福祉避難所", tsunamiBuilding = "津波避難施設"
    }

    public var id: String
    public var name: String
    /// The name in Latin letters, where the town gives one.
    public var romanName: String?
    public var address: String?
    public var place: Coordinate?
    /// People; nil when unknown.
    public var capacity: Int?
    /// Hazards nothing is said of are not in it.
    public var fitness: [Hazard: Fitness]?
    public var kinds: [Kind]?
    /// What the register says of it: 津波時は使用不可, 2階以上. Not the note of its present state.
    public var note: String?
    public var phone: String?
    public var kana: String?
    /// 地区 it lies in.
    public var district: String?

    public init(
        id: String, name: String, romanName: String? = nil, address: String? = nil, place: Coordinate? = nil,
        capacity: Int? = nil, fitness: [Hazard: Fitness]? = nil, kinds: [Kind]? = nil, note: String? = nil,
        phone: String? = nil, kana: String? = nil, district: String? = nil
    ) {
        self.id = id
        self.name = name
        self.romanName = romanName
        self.address = address
        self.place = place
        self.capacity = capacity
        self.fitness = fitness
        self.kinds = kinds
        self.note = note
        self.phone = phone
        self.kana = kana
        self.district = district
    }

    /// By the word of an order's `hazard`; nil where nobody has said, and for a word that is none of the eight.
    /// As interfaces say it, `{"津波": "unfit"}`; nil where nothing is known.
    public var fitnessWords: [String: String]? {
        guard let fitness, !fitness.isEmpty else { return nil }
        return Dictionary(fitness.map { ($0.key.rawValue, $0.value.rawValue) }, uniquingKeysWith: { first, _ in first })
    }

    public func fitness(for hazard: String) -> Fitness? { Hazard(rawValue: hazard).flatMap { fitness?[$0] } }

    /// The same house in two lists: what one is silent about the other says, and of two answers the more careful one counts.
    public func joined(with other: Shelter) -> Shelter {
        var joined = self
        joined.romanName = romanName ?? other.romanName
        joined.address = address ?? other.address
        joined.place = place ?? other.place
        joined.capacity = capacity ?? other.capacity
        joined.phone = phone ?? other.phone
        joined.kana = kana ?? other.kana
        joined.district = district ?? other.district
        joined.note = note == other.note ? note : [note, other.note].compactMap(\.self).joined(separator: "\n")
        if joined.note?.isEmpty == true { joined.note = nil }
        if let kinds = other.kinds { joined.kinds = Array(Set(self.kinds ?? []).union(kinds)).sorted { $0.rawValue < $1.rawValue } }
        if let said = other.fitness { joined.fitness = (fitness ?? [:]).merging(said) { $0.moreCareful($1) } }
        return joined
    }
}

extension Shelter.Fitness {
    /// unfit before conditional before fit.
    public func moreCareful(_ other: Self) -> Self {
        let order: [Self] = [.unfit, .conditional, .fit]
        return order.first { $0 == self || $0 == other } ?? self
    }
}

/// A shelter and the state it was last reported in; nil while nobody has opened it.
public struct ShelterStatus: Sendable, Hashable, Codable {
    public var shelter: Shelter
    public var state: ShelterNotice.State?
    public var note: String?
    /// Seconds since 1970 of the last change.
    public var since: Double?

    public init(shelter: Shelter, state: ShelterNotice.State? = nil, note: String? = nil, since: Double? = nil) {
        self.shelter = shelter
        self.state = state
        self.note = note
        self.since = since
    }
}
