/// The channels of a night: three manners of far ends under the names for which there are texts. They are never asked to
/// deliver; the night takes their attempts from the runner and answers them itself.
import AlertModel
import ChannelKit

protocol NightManner: Sendable {
    static var manifest: ChannelManifest { get }
}

/// Every phone in the cell: what is said is said.
enum Mail: NightManner {
    static let manifest = ChannelManifest(
        name: "area-mail", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, languages: [.japanese],
        concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(10), hearsEarthquakeWarningsElsewhere: false)
}

/// A page that shows the last state.
enum Portal: NightManner {
    static let manifest = ChannelManifest(
        name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese], concurrency: 8,
        reservedForImmediate: 2, attemptLimit: .seconds(5))
}

enum Tablet: NightManner {
    static let manifest = ChannelManifest(
        name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese], concurrency: 8,
        reservedForImmediate: 2, attemptLimit: .seconds(5))
}

struct NightChannel<M: Mode, Manner: NightManner>: ChannelAdapter {
    static var manifest: ChannelManifest { Manner.manifest }

    init() {}
    init(_ setup: ChannelSetup<M>) throws(SettingsError) {}

    func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        preconditionFailure("the night answers its attempts itself")
    }
}
