/// When a sentence was received, as far as that is known: a message of a satellite names month, day, hour and minute, and
/// the year is found from this.
///
///     within 12 h of the hub's clock ─────▶ of now, whatever the receiver's own clock says (a week count that ran over
///                                           says 1999, one without a battery the year before)
///     within 12 h of the recording's clock ▶ of then: an old recording
///     neither, from a file ───────────────▶ the latest such moment that has been
///     neither, from the receiver itself ──▶ the nearest such moment, and a person is told: some clock is wrong. An early
///                                           warning is told as of now: the satellite says it while it holds
package import FoundationEssentials

package struct QZSSReceipt: Sendable {
    /// How far two clocks may differ and still mean the same day.
    static let tolerance = 12 * 3_600.0

    package let hub: Date
    /// What the receiver's own sentences (RMC, ZDA) said before this one, in a recording.
    package var receiver: Date?
    /// Straight from a receiver, and not out of a file or a request.
    package var isLive = false

    package init(hub: Date, receiver: Date? = nil, isLive: Bool = false) {
        self.hub = hub
        self.receiver = receiver
        self.isLive = isLive
    }

    struct Dating {
        let announced: Date
        /// What the message's other times are counted from.
        let receipt: Date
        /// For the operator: clocks that disagree.
        var doubt: String?
        /// The message's date agrees with no clock of ours.
        var isUndated = false
    }

    func dating(month: Int, day: Int, hour: Int, minute: Int) -> Dating? {
        func nearest(_ anchor: Date) -> Date? {
            QZSSTimes.nearest(month: month, day: day, hour: hour, minute: minute, to: anchor)
        }
        guard let near = nearest(hub) else { return nil }
        if Self.agree(near, hub) { return Dating(announced: near, receipt: hub, doubt: strayReceiver) }
        if let receiver, receiver < hub.addingTimeInterval(86_400), let then = nearest(receiver), Self.agree(then, receiver) {
            return Dating(announced: then, receipt: receiver)
        }
        if isLive { return Dating(announced: near, receipt: hub, doubt: Self.words(near), isUndated: true) }
        return QZSSTimes.announced(month: month, day: day, hour: hour, minute: minute, receivedAt: hub)
            .map { Dating(announced: $0, receipt: hub, doubt: strayReceiver) }
    }

    /// For a message without any date: the recording's clock where it has one that can be.
    var moment: Date { receiver.flatMap { $0 < hub ? $0 : nil } ?? hub }

    private var strayReceiver: String? {
        guard let receiver, !Self.agree(receiver, hub) else { return nil }
        let date = QZSSTimes.japanese(receiver)?.text ?? "?"
        return "受信機の時計（\(date)）がこのハブの時計と合いません。ハブの時計で扱います (the receiver's clock differs from the hub's, which decides)"
    }

    private static func words(_ announced: Date) -> String {
        let date = QZSSTimes.japanese(announced)?.text ?? "?"
        return "受信機から届いた災危通報の日時（\(date)）がこのハブの時計と12時間以上違います。ハブの時計を確かめてください。緊急地震速報は届いた時刻で伝えます"
            + " (a live sentence is dated more than 12 h from the hub's clock: check it; an early warning is told as of now)"
    }

    private static func agree(_ one: Date, _ other: Date) -> Bool { abs(one.timeIntervalSince(other)) <= tolerance }
}

/// What a receiver says the time is: RMC and ZDA of NMEA 0183, in UTC.
enum ReceiverTime {
    /// Nil for every other sentence, for a damaged one, for an RMC that says itself that it is not valid, and for a date that is none.
    static func read(_ sentence: ArraySlice<UInt8>) -> Date? {
        guard let body = intact(sentence) else { return nil }
        let fields = body.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        guard let name = fields.first, name.utf8.count == 5, fields.count > 4, let clock = digits(fields[1], 6) else { return nil }
        switch name.suffix(3) {
        case "RMC":
            guard fields.count > 9, fields[2] == "A", fields[9].utf8.count == 6, let date = digits(fields[9], 6) else { return nil }
            let year = date % 100
            // NMEA 0183 has two digits; satellite navigation began in 1980.
            return moment(year < 80 ? 2_000 + year : 1_900 + year, date / 100 % 100, date / 10_000, clock)
        case "ZDA":
            guard let day = digits(fields[2], 2), let month = digits(fields[3], 2), let year = digits(fields[4], 4) else { return nil }
            return moment(year, month, day, clock)
        default: return nil
        }
    }

    private static func moment(_ year: Int, _ month: Int, _ day: Int, _ clock: Int) -> Date? {
        let (hour, minute, second) = (clock / 10_000, clock / 100 % 100, clock % 100)
        guard hour < 24, minute < 60, second <= 60, year >= 1_980 else { return nil }
        return QZSSTimes.moment(year, month, day, hour, minute)?.addingTimeInterval(Double(second))
    }

    /// What stands between `$` and `*`, where the checksum fits.
    private static func intact(_ sentence: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let star = sentence.firstIndex(of: UInt8(ascii: "*")), sentence.endIndex - star > 2, star > sentence.startIndex,
            let high = QZSSSentence.digit(sentence[star + 1]), let low = QZSSSentence.digit(sentence[star + 2])
        else { return nil }
        // The star stands behind the first octet.
        let body = sentence[sentence.index(after: sentence.startIndex)..<star]
        return body.reduce(UInt8(0), ^) == high << 4 | low ? body : nil
    }

    /// The first so many, which must all be there.
    private static func digits(_ text: String, _ count: Int) -> Int? {
        // 2, 4 or 6, above.
        let head = text.utf8.prefix(count)
        guard head.count == count, head.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return head.reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}
