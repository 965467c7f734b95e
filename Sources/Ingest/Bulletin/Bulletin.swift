/// What a reader understood of one bulletin, in the words of `noroshi read`.
///
///     bytes ──▶ reader (JMA, CAP, QZSS) ──▶ Bulletin ──▶ normalise ──▶ Alert
///
/// A bulletin is what was said, whole and undecided: whether it is news, whom it concerns and whether it is a drill
/// of ours is decided after this. Unknown codes stay in `areas` and are listed in `unknownCodes`.
package import AlertModel

package struct Bulletin: Sendable, Hashable {
    package enum Format: String, Sendable, Codable {
        case jma, cap, qzss
    }

    package enum Signature: String, Sendable, Codable {
        case none, valid, invalid, unverified
    }

    package struct Reference: Sendable, Hashable, Codable {
        package var sender: String
        package var identifier: String
        package var sent: String
        package init(sender: String, identifier: String, sent: String) {
            self.sender = sender
            self.identifier = identifier
            self.sent = sent
        }
    }

    /// A place or part of a bulletin that says something to nobody here.
    package struct Unread: Sendable, Hashable {
        /// The way to it: `Body/MeteorologicalInfos`, `areas`.
        package var place: String
        package var scheme: String?
        package var code: String?
        package var name: String?
        package init(_ place: String, scheme: String? = nil, code: String? = nil, name: String? = nil) {
            self.place = place
            self.scheme = scheme
            self.code = code
            self.name = name
        }
    }

    package var format: Format
    /// The bulletin's type where it is known: `VXSE43`. JMA's XML carries only a title; the type comes from the
    /// title, or from the file name where several types share one.
    package var type: String?
    /// Control/Title, or the CAP event, or QZSS category name.
    package var title: String
    package var kind: AlertKind
    package var status: BulletinStatus
    package var message: MessageType
    /// JMA: EventIDs split at white space; CAP: [identifier].
    package var identifiers: [String] = []
    /// The event a revision or cancel shares with what came before, where the identifier names only the message
    /// (QZSS: the earthquake by its origin time). Nil where the identifiers say it.
    package var event: String?
    /// As written, nil where the bulletin has none.
    package var serial: String?
    package var sent: Timestamp?
    package var reported: Timestamp?
    package var target: Timestamp?
    package var expires: Timestamp?
    /// Publishing office, or CAP sender.
    package var sender: String
    /// Editorial office (JMA): part of the key of bulletins without an EventID.
    package var editor: String?
    package var headline: String?
    package var areas: [AreaStatement] = []
    package var hypocentre: Hypocentre?
    package var references: [Reference] = []
    package var severity: String?
    package var urgency: String?
    package var certainty: String?
    package var signature: Signature?
    /// Of a valid signature: the key's pin, as the settings write it (`sha256/…`).
    package var signer: String?
    /// CAP: `Public`, `Restricted` or `Private`.
    package var scope: String?
    /// Codes that no table of ours knows, as `scheme:code`.
    package var unknownCodes: [String] = []
    /// Codes of kinds that no table of ours knows, as `weather:99`. They stay in `areas` with the name they came with.
    package var unknownKinds: [String] = []
    /// No table holds the title: read as far as headline and places go, and told as kind `other`.
    package var isOfUnknownType = false
    /// The office's fixed sentences, by number.
    package var remarks: [Remark] = []
    /// The number and keyword of an information that names no place: `120` 巨大地震警戒.
    package var keyword: AreaStatement?
    /// What of the body was kept or left without being understood.
    package var unread: [Unread] = []
    /// What people should read beyond the headline: body text, comments, instruction. As written.
    package var text: String?
    /// Says that something is over (CAP AllClear): told for an hour at least, whatever its own `expires` says.
    package var isAllClear = false
    /// Departures from the format's rules that leave no doubt about what is meant.
    package var departures: [String] = []
    /// Some of these departures leave a doubt; it was read because it ends a warning.
    package var isInDoubt = false
    /// For the operator, where clocks disagree about when it was said. It tells nothing about our clock then.
    package var doubtfulDate: String?

    package init(
        format: Format, type: String?, title: String, kind: AlertKind, status: BulletinStatus, message: MessageType,
        sender: String
    ) {
        self.format = format
        self.type = type
        self.title = title
        self.kind = kind
        self.status = status
        self.message = message
        self.sender = sender
    }
}

/// A moment as a bulletin wrote it: RFC 3339 with its offset, kept as text, and the same as seconds since 1970.
package struct Timestamp: Sendable, Hashable {
    /// `2011-03-11T14:46:45+09:00`.
    package let text: String
    /// Seconds since 1970-01-01T00:00:00Z.
    package let seconds: Double

    /// Nil unless `text` is an RFC 3339 date-time with seconds and offset. A fraction is allowed.
    package init?(_ text: String) {
        guard let seconds = Timestamp.parse(Array(text.utf8)) else { return nil }
        self.text = text
        self.seconds = seconds
    }

    private static func parse(_ octets: [UInt8]) -> Double? {
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for octet in octets[range] {
                guard (48...57).contains(octet) else { return nil }
                value = value * 10 + Int(octet) - 48
            }
            return value
        }
        guard octets.count >= 20, octets[4] == 0x2D, octets[7] == 0x2D, octets[10] == 0x54 || octets[10] == 0x74,
            octets[13] == 0x3A, octets[16] == 0x3A,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        var fraction = 0.0
        // There are twenty octets, and this is the twentieth.
        if octets[position] == 0x2E {
            position += 1
            var scale = 0.1
            while position < octets.count, (48...57).contains(octets[position]) {
                fraction += Double(octets[position] - 48) * scale
                scale /= 10
                position += 1
            }
        }
        guard position < octets.count else { return nil }
        var offset = 0
        switch octets[position] {
        case 0x5A, 0x7A: guard position + 1 == octets.count else { return nil }
        case 0x2B, 0x2D:
            guard octets.count == position + 6, octets[position + 3] == 0x3A,
                let hours = number(position + 1..<position + 3), let minutes = number(position + 4..<position + 6),
                hours <= 14, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (octets[position] == 0x2B ? 1 : -1)
        default: return nil
        }
        guard day <= daysIn(month: month, year: year) else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        return Double(days * 86400 + hour * 3600 + minute * 60 + second - offset) + fraction
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// A bulletin that is not taken. The reason is for the sender and for the operator.
package struct Refusal: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
    package var description: String { reason }
}
