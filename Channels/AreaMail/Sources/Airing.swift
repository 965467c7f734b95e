import CellBroadcast
import ChannelKit
import FoundationEssentials

/// How often and how long a slot's broadcast is sent, so that it ends with its alert even when the hub does not live
/// to see that.
struct Airing: Sendable, Hashable {
    /// Units of 1.883 s; never less than the pages, each of which takes one (osmo-bsc refuses it, cause 0x06).
    let period: Int
    /// 1…65535 (TS 48.049 §8.2.7).
    let broadcasts: Int
    /// For an ETWS primary, 1…3600 s.
    let warningSeconds: Int?

    /// Seconds of one repetition unit (TS 23.041 §9.3.7).
    private static let unit = 1.883

    init(_ slot: Slot, _ order: Order, _ settings: GatewaySettings) {
        self.init(
            words: order.words, isWarning: slot.role == .warning, seconds: order.expires.timeIntervalSince(order.made),
            settings)
    }

    init(words: String, isWarning: Bool, seconds: Double, _ settings: GatewaySettings) {
        let pages = (words.utf16.count + PagedText.unitsPerPage - 1) / PagedText.unitsPerPage
        period = max(settings.repetitionPeriod, pages)
        let whole = (seconds / (Self.unit * Double(period))).rounded(.up)
        broadcasts = Int(min(max(whole, 1), Double(settings.mostBroadcasts ?? 65535)))
        warningSeconds = isWarning ? Int(min(max(seconds.rounded(.up), 1), Double(settings.warningPeriod))) : nil
    }
}
