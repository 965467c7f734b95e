import AlertModel
import ChannelKit
import FoundationEssentials

/// The `data:` line of one `alert` or `cancel` on the stream. Keys and units are in this folder's README.
///
/// `expires_in` is not among them: the stream puts in what is left at the moment it tells somebody.
struct TabletAlert: Encodable {
    struct RevisionLine: Encodable {
        var series: String
        var serial: Int?
        var sent: String
        /// A correction (訂正) repeats the serial of what it corrects; absent when it is none.
        var correction: Bool?
    }

    struct ShelterLine: Encodable {
        var id, name: String
        var romanName, address: String?
        var state: String
        var note: String?

        enum CodingKeys: String, CodingKey {
            case id, name, address, state, note
            case romanName = "roman_name"
        }
    }

    var id, event, kind, message, mode, priority, delivery: String
    var town, townName, townRomanName, sender: String
    var level: Int?
    var lifted: Bool
    var revision: RevisionLine
    /// By language tag.
    var texts: [String: RenderedText]
    var sent, serverTime: String
    var reported: String?
    var hypocentre: Hypocentre?
    var localIntensity: String?
    var shelters: [ShelterLine]

    enum CodingKeys: String, CodingKey {
        case id, event, kind, message, mode, priority, delivery, town, sender, level, lifted, revision, texts, sent
        case reported, hypocentre, shelters
        case townName = "town_name"
        case townRomanName = "town_roman_name"
        case serverTime = "server_time"
        case localIntensity = "local_intensity"
    }

    /// States of more shelters than this do not fit a tablet's screen; open ones come first.
    static let shelterLimit = 60

    init<M: Mode>(_ source: Message<M>, delivery: DeliveryID, serverTime: Date) {
        let content = source.alert.content
        id = content.id.text
        event = content.event.text
        kind = content.kind.rawValue
        message = content.message.rawValue
        mode = M.name.rawValue
        priority = source.priority.word
        self.delivery = delivery.text
        town = source.town.id.code
        townName = source.town.name
        townRomanName = source.town.romanName
        sender = content.sender
        (level, lifted) = Self.level(content.detail)
        revision = RevisionLine(
            series: content.revision.series, serial: content.revision.serial, sent: Self.exactStamp(content.revision.sent),
            correction: content.revision.isCorrection ? true : nil)
        texts = Dictionary(uniqueKeysWithValues: source.texts.map { ($0.key.rawValue, $0.value) })
        sent = Self.stamp(content.sent)
        reported = content.reported.map(Self.stamp)
        self.serverTime = Self.stamp(serverTime)
        hypocentre = content.hypocentre.map(Self.withoutPlaceholders)
        localIntensity = Self.strongest(content.kind, source.local)
        shelters = Self.lines(source.shelters)
    }

    private static func level(_ detail: Detail) -> (Int?, Bool) {
        guard case .evacuation(let order) = detail else { return (nil, false) }
        return (order.isLifted ? nil : order.level.rawValue, order.isLifted)
    }

    /// RFC 3339 in Japan's time.
    private static func stamp(_ date: Date) -> String {
        let zone = TimeZone(secondsFromGMT: 9 * 3600) ?? .gmt
        return Date.ISO8601FormatStyle(timeZoneSeparator: .colon, timeZone: zone).format(date)
    }

    /// With milliseconds: of an operator's alerts, which have no serials, two may come within a second.
    private static func exactStamp(_ date: Date) -> String {
        let zone = TimeZone(secondsFromGMT: 9 * 3600) ?? .gmt
        return Date.ISO8601FormatStyle(timeZoneSeparator: .colon, includingFractionalSeconds: true, timeZone: zone).format(date)
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

    private static func lines(_ shelters: [ShelterStatus]) -> [ShelterLine] {
        let order = ShelterNotice.State.allCases
        let known = shelters.compactMap { status in
            status.state.flatMap(order.firstIndex(of:)).map { (rank: $0, status: status) }
        }
        let sorted = known.sorted { ($0.rank, $0.status.shelter.name) < ($1.rank, $1.status.shelter.name) }
        return sorted.prefix(shelterLimit).map { rank, status in
            ShelterLine(
                id: status.shelter.id, name: status.shelter.name, romanName: status.shelter.romanName,
                address: status.shelter.address, state: order[rank].rawValue, note: status.note)
        }
    }
}
