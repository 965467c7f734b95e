public import AlertModel
public import FoundationEssentials

/// When a drill is shown beside what is real, on far ends that show both (`ChannelManifest.Drills.shownApart`).
///
/// Beside a notice a drill stands apart, marked 訓練. Something grave and real ends every drill on the same screen for
/// good, and a drill that comes meanwhile is refused with `refusal`: the log says what the far end shows, and no old
/// drill comes up when what was real is over.
public enum DrillRule {
    /// From here on nothing of a drill stands beside it.
    public static let endsAt = Gravity.warning
    /// Seconds after which a drill is over at every far end, however long its alert would hold.
    public static let longest: TimeInterval = 3 * 3600
    /// Why a drill is not shown.
    public static let refusal = """
        本番の警報や避難情報が出ているため、訓練は表示しません \
        (a real alert of gravity warning or more is in force here: no drill is shown beside it)
        """

    /// Until when an alert of this mode is shown.
    public static func end<M: Mode>(of alert: Alert<M>) -> Date {
        M.name == .exercise ? min(alert.expires, alert.sent + longest) : alert.expires
    }
}
