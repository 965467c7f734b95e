public import FoundationEssentials

/// What the hub knows about one town: where it lies in everybody's code tables, its shelters and its far ends.
public struct Town: Sendable, Hashable {
    public var id: TownID
    /// 気仙沼市.
    public var name: String
    /// `Kesennuma City`, for texts in Latin letters.
    public var romanName: String
    /// The area codes the town lies in, by scheme. 津波予報区 is in no public table and comes from the settings.
    public var areas: [AreaScheme: Set<String>]
    /// 地区 by name, for evacuation orders.
    public var districts: [String]
    public var shelters: [Shelter]
    public var endpoints: [Endpoint]
    /// Outline of the town for polygons and circles; empty when none is known.
    public var outline: [[Coordinate]]
    /// Names of 地区 in Latin letters, by their name; only those the town gives.
    public var districtRomanNames: [String: String]

    public init(
        id: TownID, name: String, romanName: String, areas: [AreaScheme: Set<String>], districts: [String] = [],
        shelters: [Shelter] = [], endpoints: [Endpoint] = [], outline: [[Coordinate]] = [],
        districtRomanNames: [String: String] = [:]
    ) {
        self.id = id
        self.name = name
        self.romanName = romanName
        self.areas = areas
        self.districts = districts
        self.shelters = shelters
        self.endpoints = endpoints
        self.outline = outline
        self.districtRomanNames = districtRomanNames
    }
}

/// Degrees; north and east positive.
public struct Coordinate: Sendable, Hashable, Codable {
    public var latitude: Double
    public var longitude: Double
    public init(latitude: Double, longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }
}

/// 試験: a school's tablets make no sound, flash what calls, and sound again by themselves at its end.
public struct Examination: Sendable, Hashable {
    /// Seconds: whoever forgets one leaves nobody without a sound for a day.
    public static let longest: TimeInterval = 6 * 3600
    /// Of one place.
    public static let most = 40

    public var from, until: Date
    public init(from: Date, until: Date) { (self.from, self.until) = (from, until) }
}

/// One far end of one town: a gateway, a Wi-Fi spot, a school.
public struct Endpoint: Sendable, Hashable {
    /// Letters: two sheets of paper, which nobody reads to the end while the ground shakes.
    public static let procedureLimit = 2_000

    /// Unique in its town and channel; letters, digits, `-` and `_`.
    public var id: String
    /// `area-mail`, `wifi-portal`, `school-tablet` …
    public var channel: String
    public var name: String
    /// For pages in English; nil where nobody gave one.
    public var romanName: String?
    /// Where it stands, if it serves less than the whole town.
    public var district: String?
    /// The shelter it stands in, if any.
    public var shelter: String?
    /// Where it stands, if that is not the shelter's own place.
    public var place: Coordinate?
    /// What the house has written down to do, for its own tablets: plain text, at most `procedureLimit` letters.
    public var procedure: String?
    /// When its tablets are silent on purpose.
    public var exams: [Examination]
    /// Settings for real alerts: `url`, `cell_broadcast_id` …; nil when it takes none.
    public var actual: [String: String]?
    /// Settings for drills; nil when it takes none.
    public var exercise: [String: String]?

    public init(
        id: String, channel: String, name: String, romanName: String? = nil, district: String? = nil, shelter: String? = nil,
        place: Coordinate? = nil, procedure: String? = nil, exams: [Examination] = [], actual: [String: String]? = [:], exercise: [String: String]? = [:]
    ) {
        self.exams = exams
        self.id = id
        self.channel = channel
        self.name = name
        self.romanName = romanName
        self.district = district
        self.shelter = shelter
        self.place = place
        self.procedure = procedure
        self.actual = actual
        self.exercise = exercise
    }
}
