internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger

/// A record that is a copy's: what stands in it is what stood when the copy was made, and people have to know.
extension Hub {
    /// Days for which a start says so.
    private static var reminds: Double { 7 }

    /// When the copy was made that this record was restored from; what is older is told by nobody but a person.
    var copied: Date? { RestoredCopy.read(in: ledger)?.made }

    func noticeCopy() {
        guard let copy = RestoredCopy.read(in: ledger), clock().timeIntervalSince(copy.at) < Self.reminds * 86_400
        else { return }
        attention.notice(
            .ledger, RestoredCopy.note,
            "この記録は、\(JapanTime.text(copy.made, milliseconds: false)) に作った写しから戻したものです。出ている情報がいまも正しいか、まず確かめてください。終わっていなかった配信は保留にしてあります"
                + " (restored from a copy: check what stands; what had not ended is held)",
            from: Self.startName, at: clock())
    }
}
