/// Which code table an area's code belongs to. Raw values as printed by `noroshi read`.
public enum AreaScheme: String, Sendable, Codable, CaseIterable, Hashable {
    /// 地震情報／細分区域 (AreaForecastLocalE, 3 digits).
    case jmaSeismic = "jma-seismic"
    /// 気象・地震・火山情報／市町村等 (AreaInformationCity, 7 digits).
    case jmaCity = "jma-city"
    /// 緊急地震速報／地方予報区 and ／府県予報区 (AreaForecastEEW 99xx, AreaForecastLocalEEW 9xxx).
    case jmaEEW = "jma-eew"
    /// 津波予報区 (AreaTsunami, 3 digits).
    case jmaTsunami = "jma-tsunami"
    /// 府県予報区, 一次細分区域, 市町村等をまとめた地域 of weather bulletins (AreaForecastLocalM, 6 digits).
    case jmaForecast = "jma-forecast"
    case jmaRiver = "jma-river"
    case jmaVolcano = "jma-volcano"
    /// 全国地方公共団体コード, 6 digits.
    case localGovernment = "lg"
    /// CAP polygon: `lat,lon lat,lon …` in `code`.
    case polygon
    /// CAP circle: `lat,lon radius-in-km` in `code`.
    case circle
    case other
}

/// One place a bulletin speaks of, and what it says there.
public struct AreaStatement: Sendable, Codable, Hashable {
    public var scheme: AreaScheme
    /// As written; unknown codes stay as they are.
    public var code: String
    /// The name as the bulletin writes it.
    public var name: String?
    /// The bulletin's kind for this area: `52` 大津波警報, `31` 緊急地震速報（警報）, `03` 大雨警報 …
    public var kindCode: String?
    public var kindName: String?
    /// 発表, 継続, 解除 … as written.
    public var status: String?
    /// Intensity (`5-`), wave height, level … as the bulletin's words.
    public var value: String?
    /// The lower bound of a forecast intensity, where the bulletin gives two (ForecastInt From; `value` is To).
    public var lower: String?
    /// True where the bulletin gives no upper bound (To `over`): `value` or more.
    public var isOrMore: Bool?
    /// When it is expected or was seen to arrive (ArrivalTime of a shaking or a tsunami), RFC 3339 as written.
    public var arrival: String?
    /// The kind in force before this bulletin, by name (LastKind), where the bulletin says so and it was another.
    public var lastKind: String?
    /// 長周期地震動階級 expected or observed there, `1` to `4`: the slow sway of high buildings.
    public var longPeriod: String?
    /// The codeType as written, where `scheme` is `other`.
    public var codeType: String?

    public init(
        scheme: AreaScheme, code: String, name: String? = nil, kindCode: String? = nil, kindName: String? = nil,
        status: String? = nil, value: String? = nil, codeType: String? = nil, arrival: String? = nil
    ) {
        self.scheme = scheme
        self.code = code
        self.name = name
        self.kindCode = kindCode
        self.kindName = kindName
        self.status = status
        self.value = value
        self.codeType = codeType
        self.arrival = arrival
    }

    enum CodingKeys: String, CodingKey {
        case scheme, code, name, status, value, arrival, lower
        case isOrMore = "or_more"
        case kindCode = "kind_code"
        case kindName = "kind_name"
        case codeType = "code_type"
        case longPeriod = "long_period"
        case lastKind = "last_kind"
    }
}

/// Where an earthquake began.
public struct Hypocentre: Sendable, Codable, Hashable {
    public var name: String?
    public var code: String?
    /// Degrees, north and east positive.
    public var latitude: Double?
    public var longitude: Double?
    /// Kilometres below ground; 0 is ごく浅い; nil is unknown.
    public var depth: Double?
    /// Nil where the bulletin says NaN; the words are in `magnitudeText`.
    public var magnitude: Double?
    /// `Ｍ７．９`, `Ｍ不明`, `Ｍ８を超える巨大地震` as written.
    public var magnitudeText: String?
    /// An assumed hypocentre (仮定震源要素): magnitude 1.0 and depth 10 km are placeholders and must not be shown.
    public var isAssumed: Bool
    /// When the ground broke there, RFC 3339 as written.
    public var origin: String?

    public init(
        name: String? = nil, code: String? = nil, latitude: Double? = nil, longitude: Double? = nil,
        depth: Double? = nil, magnitude: Double? = nil, magnitudeText: String? = nil, isAssumed: Bool = false
    ) {
        self.name = name
        self.code = code
        self.latitude = latitude
        self.longitude = longitude
        self.depth = depth
        self.magnitude = magnitude
        self.magnitudeText = magnitudeText
        self.isAssumed = isAssumed
    }

    enum CodingKeys: String, CodingKey {
        case name, code, latitude, longitude, magnitude, origin
        case depth = "depth_km"
        case magnitudeText = "magnitude_text"
        case isAssumed = "assumed"
    }
}
