import CellBroadcast
import FoundationEssentials

/// How a far end is asked to repeat what it broadcasts. Kept with every entry, to write it again as it was.
struct Rhythm: Sendable, Codable, Hashable {
    /// In units of 1.883 s, 1…4095 (ECBE).
    let repetitionPeriod: Int
    /// The most times a text is sent; nil: as long as the alert is valid.
    let mostBroadcasts: Int?
    /// Seconds, 1…3600 (TS 48.049): how long an ETWS primary is repeated at most.
    let warningPeriod: Int
}

/// How often and how long one broadcast is sent, so that it ends with its alert even when the hub does not live to
/// see that.
struct Airing: Sendable, Hashable {
    /// Units of 1.883 s; the same for every text of a cell (`Room`), and never less than the pages.
    let period: Int
    /// 1…65535 (TS 48.049 §8.2.7).
    let broadcasts: Int
    /// For an ETWS primary, 1…3600 s.
    let warningSeconds: Int

    /// Seconds of one repetition unit (TS 23.041 §9.3.7).
    private static let unit = 1.883

    /// - Parameters:
    ///   - period: The cell's; nil: as the settings wish.
    ///   - seconds: Until the alert expires.
    init(pages: Int, period: Int? = nil, seconds: Double, _ rhythm: Rhythm) {
        self.period = max(period ?? rhythm.repetitionPeriod, pages)
        let whole = (seconds / (Self.unit * Double(self.period))).rounded(.up)
        broadcasts = Int(min(max(whole, 1), Double(rhythm.mostBroadcasts ?? 65535)))
        warningSeconds = Int(min(max(seconds.rounded(.up), 1), Double(rhythm.warningPeriod)))
    }

    func seconds(isWarning: Bool) -> Double {
        isWarning ? Double(warningSeconds) : Double(broadcasts) * Double(period) * Self.unit
    }
}
