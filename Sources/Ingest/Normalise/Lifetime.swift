/// How long people are still told. The bulletin's own ValidDateTime or `expires`; where it has none, a limit of ours
/// per kind, because after it the words would be wrong or a burden.
///
/// Counted from when it was sent: a warning that waited an hour on some line is an hour old. A bulletin older than
/// its lifetime still becomes an alert, which expired before it came; the queue refuses it and the record shows it.
import AlertModel
import FoundationEssentials

enum Lifetime {
    private static let minute = 60.0
    private static let hour = 3_600.0

    /// CAP's `expires` may lie years ahead. No warning does.
    private static let longest = 31 * 24 * hour
    /// An error must be taken back even after what it took back has faded from the screens.
    private static let cancel = hour

    static func expiry(of bulletin: Bulletin, sent: Date, receivedAt: Date) -> Date {
        let start = sent.timeIntervalSince(receivedAt) > Normaliser.tolerance ? receivedAt : sent
        let limit = seconds(of: bulletin)
        // What CAP takes back or ends is told however wrong its sender's clock: else the warning stays, and the right cancel that
        // follows is the second one.
        let end = bulletin.format == .cap ? max(start, receivedAt) : start
        if bulletin.message == .cancel { return end.addingTimeInterval(max(limit, cancel)) }
        guard let written = bulletin.expires else { return (bulletin.isAllClear ? end : start).addingTimeInterval(limit) }
        let last = min(Normaliser.date(written), start.addingTimeInterval(longest))
        return bulletin.isAllClear ? max(last, end.addingTimeInterval(cancel)) : last
    }

    private static func seconds(of bulletin: Bulletin) -> Double {
        if bulletin.format == .jma, let type = bulletin.type, let limit = byType[type] { return limit }
        let limit = byKind(bulletin.kind)
        // The satellite's message says the minute only, cut off: it may be that much younger than it says.
        return bulletin.format == .qzss ? limit + minute : limit
    }

    /// Of an alert that a town issues itself.
    static func seconds(ofOwn kind: AlertKind) -> Double { byKind(kind) }

    private static let byType: [String: Double] = [
        // 震度速報 is followed by 震源・震度 within minutes.
        "VXSE51": hour,
        // 噴火速報: "now"; the warning (VFVO50) follows.
        "VFVO56": 6 * hour,
        // Flows for the next hour.
        "VFVO60": hour,
        // Arrivals and heights are overtaken by the next one.
        "VTSE51": 6 * hour, "VTSE52": 6 * hour,
    ]

    private static func byKind(_ kind: AlertKind) -> Double {
        switch kind {
        // The strong shaking is over everywhere within three minutes of the first report (2011-03-11: Tokyo after
        // about 100 s, the longest on record); a later alarm sends people under tables for nothing.
        case .eew: 3 * minute
        case .earthquake: 6 * hour
        // States: lifted by a bulletin of their own, and issued again while they last.
        case .tsunami, .weather, .landslide, .flood: 24 * hour
        case .volcano: 72 * hour
        // JMA's 速報 covers one hour, 詳細 six.
        case .ashfall: 6 * hour
        case .typhoon: 12 * hour
        // JMA gives about an hour (ValidDateTime); this is for one without.
        case .tornado: 75 * minute
        // What fell in the last hour.
        case .heavyRainRecord: 3 * hour
        case .nankai: 48 * hour
        // Minutes decide; the word that it has passed comes as a message of its own.
        case .missile: 6 * hour
        case .notice: 24 * hour
        // Until lifted by who gave the order; a far end that was away for days still has to hear it.
        case .evacuation, .shelter, .headquarters: 72 * hour
        case .other: 12 * hour
        }
    }
}
