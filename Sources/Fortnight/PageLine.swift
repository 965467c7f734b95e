/// A line of the stream as a tablet reads it: of an alert's words what decides, and none of its texts.
package struct PageLine: Sendable, Hashable, Codable {
    package struct Revision: Sendable, Hashable, Codable {
        package var series: String
        package var serial: Int?
        package var sent: String
        package var correction: Bool?

        package init(series: String, serial: Int?, sent: String, correction: Bool? = nil) {
            (self.series, self.serial, self.sent, self.correction) = (series, serial, sent, correction)
        }
    }

    package struct Seal: Sendable, Hashable, Codable {
        package var key: String
        package var number: UInt64

        package init(key: String, number: UInt64) { (self.key, self.number) = (key, number) }
    }

    package var id, event, mode, message: String
    package var priority, gravity, change, key, town, expires, server_time: String?
    package var lifted, over: Bool?
    package var revision: Revision
    package var sent: String
    package var expires_in: Int?
    package var seal: Seal?

    package init(id: String, event: String, mode: String, message: String, revision: Revision, sent: String) {
        (self.id, self.event, self.mode, self.message, self.revision, self.sent) = (id, event, mode, message, revision, sent)
    }

    private static let gravities = ["information", "advisory", "warning", "danger", "emergency"]
    private static let ofPriority = ["immediate": 5, "urgent": 4, "routine": 2, "background": 1]

    /// `gravityOf` of the page.
    func weight(before: Int = 0) -> Int {
        if let said = gravity.flatMap({ Self.gravities.firstIndex(of: $0) }) { return said + 1 }
        if lifted == true { return 1 }
        return max(Self.ofPriority[priority ?? ""] ?? 1, before)
    }

    var isOver: Bool { over ?? (message == "cancel" || lifted == true) }
    var isCancel: Bool { message == "cancel" && isOver }
    var isDrill: Bool { mode == "exercise" }

    private var rank: Int { message == "cancel" ? 2 : revision.correction == true ? 1 : 0 }

    /// `isNewer` of the page.
    func isNewer(than other: PageLine) -> Bool {
        let sent = PageTime.read(revision.sent) - PageTime.read(other.revision.sent), weights = rank - other.rank
        if revision.series == other.revision.series, let mine = revision.serial, let theirs = other.revision.serial {
            if mine != theirs { return mine > theirs }
            return weights == 0 ? sent > 0 : weights > 0
        }
        if sent != 0 { return sent > 0 }
        if weights != 0 { return weights > 0 }
        return revision.series < other.revision.series
    }
}

/// Times of a fortnight as they are written, to the second, in UTC.
package enum PageTime {
    /// Milliseconds since 1970.
    package static func read(_ text: String) -> Int {
        let parts = text.split(whereSeparator: { "-T:Z.+".contains($0) }).compactMap { Int($0) }
        guard parts.count >= 6 else { return 0 }
        // There are six.
        let (year, month, day) = (parts[0], parts[1], parts[2])
        // Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
        let shifted = month <= 2 ? year - 1 : year, era = shifted / 400, ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
        let hours = text.hasSuffix("+09:00") ? parts[3] - 9 : parts[3]
        return ((days * 24 + hours) * 60 + parts[4]) * 60_000 + parts[5] * 1000
    }

    package static func write(_ milliseconds: Int) -> String {
        let (seconds, days) = (milliseconds / 1000 % 86_400, milliseconds / 86_400_000)
        let shifted = days + 719_468, era = shifted / 146_097, day = shifted - era * 146_097
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let ofYear = day - (365 * year + year / 4 - year / 100), month = (5 * ofYear + 2) / 153
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let civil = month < 10 ? month + 3 : month - 9
        return "\(year + era * 400 + (civil <= 2 ? 1 : 0))-\(two(civil))-\(two(ofYear - (153 * month + 2) / 5 + 1))T"
            + "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))Z"
    }

    /// As HTTP has it (RFC 9110, 5.6.7); the name of the day is read by nobody.
    static func http(_ milliseconds: Int) -> String {
        let text = write(milliseconds)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = Int(text.dropFirst(5).prefix(2)) ?? 1
        // A month of a date that was written above.
        return "Sun, \(text.dropFirst(8).prefix(2)) \(months[month - 1]) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) GMT"
    }
}

/// `shortName` of the page.
package func pageShortName(_ text: String) -> String {
    [UInt32(0x811c_9dc5), 0x9e37_79b9].map { start in
        var hash = start
        for octet in text.utf8 { hash = (hash ^ UInt32(octet)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
}
