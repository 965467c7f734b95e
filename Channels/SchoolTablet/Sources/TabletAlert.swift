import AlertModel
import ChannelKit
import FoundationEssentials

/// The `data:` line of one `alert` or `cancel` on the stream: the head of an alert as JSON (`Channels/README.md`), and
/// keys of its own (this folder's README).
///
/// It says everything about itself — which event, which revision, until when — and is the same octets for as long as it holds, so that it
/// can be signed. `expires_in` is not among them: the stream puts in what is left at the moment it tells somebody.
struct TabletAlert: Encodable, Equatable {
    struct RevisionLine: Encodable, Equatable {
        var series: String
        var serial: Int?
        var sent: String
        /// A correction (訂正) repeats the serial of what it corrects; absent when it is none.
        var correction: Bool?
    }

    let head: AlertJSON.Head
    private(set) var own: Own

    /// The keys that only a tablet's line has, or has in another shape: a town's names beside its code, no titles.
    struct Own: Encodable, Equatable {
        var delivery, key, town, townName, townRomanName: String
        /// When it is over by itself (RFC 3339).
        var expires: String
        var level: Int?
        /// For what a shelter has to be fit while this holds.
        var hazard: String?
        var lifted: Bool
        var revision: RevisionLine
        var serverTime: String
        var hypocentre: Hypocentre?
        /// Of an early warning the upper bound of what is expected; `localIntensityFrom` the lower where it is another, and whether the
        /// bulletin gives no upper one.
        var localIntensity: String?
        var localIntensityFrom: String?
        var localIntensityOrMore: Bool?
        /// When JMA's bulletin expects the shaking in the town (RFC 3339), or that it is there; neither where it does not say.
        var arrival: String?
        var arrived: Bool?
        var shelters: [AlertJSON.House]

        enum CodingKeys: String, CodingKey {
            case delivery, key, expires, town, level, hazard, lifted, revision, hypocentre, shelters, arrival, arrived
            case townName = "town_name"
            case townRomanName = "town_roman_name"
            case serverTime = "server_time"
            case localIntensity = "local_intensity"
            case localIntensityFrom = "local_intensity_from"
            case localIntensityOrMore = "local_intensity_or_more"
        }
    }

    /// States of more shelters than this do not fit a tablet's screen; open ones come first.
    static let shelterLimit = 60

    init<M: Mode>(
        _ source: Message<M>, delivery: DeliveryID, key: String, expires: Date, serverTime: Date, languages: [Language]? = nil
    ) {
        let content = source.alert.content
        let (level, lifted) = (source.orderLevel, content.isLiftedOrder)
        head = AlertJSON.Head(source, milliseconds: false, languages: languages)
        own = Own(
            delivery: delivery.text, key: key, town: source.town.id.code, townName: source.town.name,
            townRomanName: source.town.romanName, expires: JapanTime.text(expires, milliseconds: false), level: level, hazard: content.hazardFled, lifted: lifted,
            // With milliseconds: of an operator's alerts, which have no serials, two may come within a second.
            revision: RevisionLine(
                series: content.revision.series, serial: content.revision.serial, sent: JapanTime.text(content.revision.sent),
                correction: content.revision.isCorrection ? true : nil),
            serverTime: JapanTime.text(serverTime, milliseconds: false),
            hypocentre: content.hypocentre.map(Self.withoutPlaceholders),
            localIntensity: Self.strongest(content.kind, source.local), shelters: Self.lines(source.shelters))
        if !source.isOver, let shaking = Shaking(content.kind, source.local) { add(shaking) }
    }

    private mutating func add(_ shaking: Shaking) {
        own.localIntensity = shaking.upper?.rawValue
        own.localIntensityFrom = shaking.lower == shaking.upper ? nil : shaking.lower?.rawValue
        own.localIntensityOrMore = shaking.isOrMore ? true : nil
        switch shaking.arrival {
        case .expected(let moment): own.arrival = JapanTime.text(moment, milliseconds: false)
        case .arrived: own.arrived = true
        case .unknown: break
        }
    }

    /// As the alert of every school of a town, where these are all the same.
    var ofNoDelivery: Self {
        var rest = self
        rest.own.delivery = ""
        return rest
    }

    func encode(to encoder: any Encoder) throws {
        try head.encode(to: encoder)
        try own.encode(to: encoder)
    }

    /// Magnitude and depth of an assumed hypocentre (仮定震源要素) are placeholders that nobody may see.
    private static func withoutPlaceholders(_ hypocentre: Hypocentre) -> Hypocentre {
        guard hypocentre.isAssumed else { return hypocentre }
        var shown = hypocentre
        shown.depth = nil
        shown.magnitude = nil
        shown.magnitudeText = nil
        return shown
    }

    /// Intensities from weak to strong (気象庁震度階級).
    private static let intensities = ["0", "1", "2", "3", "4", "5-", "5+", "6-", "6+", "7"]

    private static func strongest(_ kind: AlertKind, _ local: [AreaStatement]) -> String? {
        guard kind == .eew || kind == .earthquake else { return nil }
        return local.compactMap { $0.value.flatMap(intensities.firstIndex(of:)) }.max().map { intensities[$0] }
    }

    private static func lines(_ shelters: [ShelterStatus]) -> [AlertJSON.House] {
        let order = ShelterNotice.State.allCases
        let known = shelters.compactMap { status in
            status.state.flatMap(order.firstIndex(of:)).map { (rank: $0, status: status) }
        }
        let sorted = known.sorted { ($0.rank, $0.status.shelter.name) < ($1.rank, $1.status.shelter.name) }
        return sorted.prefix(shelterLimit).map { AlertJSON.House($0.status) }
    }
}
