import AlertModel
import ChannelKit
import FoundationEssentials

/// The letter as it goes over the line: plain text that every telephone reads, in UTF-8.
///
/// RFC 5322 (lines, Message-ID, References), 2047 (names and titles), 2045 (Base64), 3834 (no answer to a machine), 2369 (List-Unsubscribe).
struct Letter {
    /// `<…@town.example>`, the same for the same delivery: who has had it drops the second.
    let name: String
    let octets: [UInt8]

    init<M: Mode>(_ message: Message<M>, _ id: DeliveryID, _ settings: MailSettings, now: Date) {
        let content = message.alert.content
        name = Self.name(id.text, settings.domain)
        let texts = settings.languages.compactMap { language in message.texts[language].map { (language, $0) } }
        let first = texts.first?.1 ?? message.texts[.japanese] ?? RenderedText(title: content.title, body: "")
        let spoken = texts.map(\.0.rawValue)
        var lines = [
            "From: \(Self.encoded(message.town.name)) <\(settings.from)>", "To: <\(settings.to)>", "Subject: \(Self.encoded(first.title))",
            "Date: \(Self.date(now))", "Message-ID: \(name)",
        ]
        // One event is one conversation in the reader's list.
        let thread = Self.name("event." + content.event.text + "." + message.town.id.code, settings.domain)
        lines.append("References: \(thread)")
        if content.message != .alert { lines.append("In-Reply-To: \(thread)") }
        lines.append("Auto-Submitted: auto-generated")
        if message.priority <= .urgent { lines += ["Importance: high", "X-Priority: 1"] }
        if let link = settings.unsubscribe { lines.append("List-Unsubscribe: <\(link)>") }
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: base64"]
        if !spoken.isEmpty { lines.append("Content-Language: \(spoken.joined(separator: ", "))") }
        let parts = texts.isEmpty ? [first.body] : texts.enumerated().map { $0 == 0 ? $1.1.body : $1.1.title + "\n\n" + $1.1.body }
        let body = parts.joined(separator: "\n\n――――――――\n\n") + Self.footer(settings)
        octets = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + Self.base64(body) + "\r\n").utf8)
    }

    private static func footer(_ settings: MailSettings) -> String {
        settings.unsubscribe.map { "\n\n登録をやめる: \($0)\n" } ?? "\n"
    }

    /// What may stand to the left of the @ of a Message-ID; anything else by its octets.
    static func name(_ text: String, _ domain: String) -> String {
        let safe = text.utf8.map { octet -> String in
            let isSafe = (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet) || octet == 0x2D || octet == 0x5F
            return isSafe ? String(UnicodeScalar(octet)) : "=" + (octet < 16 ? "0" : "") + String(octet, radix: 16)
        }
        return "<\(safe.joined())@\(domain)>"
    }

    /// RFC 2047: words of 75 octets at most, no character cut in two.
    static func encoded(_ text: String) -> String {
        let plain = text.filter { !$0.isNewline }
        var words: [String] = [], word = ""
        for character in plain {
            if word.utf8.count + character.utf8.count > 45, !word.isEmpty {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        words.append(word)
        return words.map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    /// `Sun, 11 Mar 2011 14:46:48 +0900`.
    static func date(_ moment: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 9 * 3600) ?? .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: moment)
        func two(_ number: Int?) -> String { (number ?? 0) < 10 ? "0\(number ?? 0)" : "\(number ?? 0)" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // A calendar counts both from one, and as far as these lists go.
        let (day, month) = (days[(parts.weekday ?? 1) - 1], months[(parts.month ?? 1) - 1])
        return "\(day), \(two(parts.day)) \(month) \(parts.year ?? 0) \(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0900"
    }

    /// Lines of 76.
    static func base64(_ text: String) -> String {
        Data(text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n").utf8)
            .base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
    }
}
