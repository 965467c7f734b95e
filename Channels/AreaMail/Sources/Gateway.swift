import CellBroadcast
import ChannelKit
import FoundationEssentials

/// The way to one far end for one attempt: puts a slot on the air, or takes it off.
protocol Gateway: Sendable {
    /// Whether `put` takes an older broadcast's place by itself.
    var replaces: Bool { get }

    /// Afterwards the slot's broadcast is on the air, as far as the far end's yes goes. `note` hears of every step that
    /// changes what may be on the air, before or right after it happens.
    func put(
        _ slot: Slot, _ cast: Cast, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure) -> Put

    /// Takes off whatever stands under the slot's identifier. Not being there is success.
    func remove(_ slot: Slot) async -> Removal
}

/// What is said, how often and until when.
struct Cast: Sendable {
    let pages: PagedText
    let airing: Airing
    /// When a base station ends it by itself.
    let ends: Date

    func change() -> Slot.Change { .underway(airing, pages: pages.pages.count, ends: ends) }
}

enum Put: Sendable, Hashable {
    /// What the yes is worth, in the receipt's words.
    case there(FarEndReport.Certainty, String)
    /// A yes that came so late that a base station must have been silent.
    case late(String)
    /// Something stands under the identifier already.
    case taken
}

/// What became of taking something off.
enum Removal: Sendable, Hashable {
    /// The far end has let go of it. `isCertain`: the cells too.
    case gone(isCertain: Bool)
    /// It knew nothing of it.
    case unknown
    /// It has let go of it after a silence: what the cells do nobody knows.
    case letGo(String)
    /// Another removal of the same is at work over there.
    case underWay
    /// No answer, or one that promises nothing: it may still stand, over there too.
    case doubtful(String)
    case failed(DeliveryFailure)

    var isOff: Bool {
        switch self {
        case .gone, .unknown, .letGo: true
        case .underWay, .doubtful, .failed: false
        }
    }
}
