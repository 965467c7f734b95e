/// What a sleeping device is told: that there is something newer than N. Never what: it asks for that itself, and hears the whole state and no word that
/// has been overtaken.
import AlertModel
import ChannelKit
import Crypto
import FoundationEssentials

struct Hint: Sendable {
    /// How far the stream has come; nil where it counts nothing.
    let position: StreamPosition?
    let mode: ModeName
    let event: EventID
    /// Seconds for which it is worth something.
    let lasts: Int
    /// What was said is taken back: nobody is called to read that, and what lies on the dark screen leaves it.
    var isEnd = false

    /// A day: a device that sleeps for longer hears all when somebody opens its page.
    static let longest = 86_400

    /// In the form of Declarative Web Push (8030), which Safari shows by itself where no page is left to do so; any other browser
    /// hands it to the page, which reads the last part alone.
    private struct Form: Encodable {
        struct Notification: Encodable { var title, body, lang, navigate: String }
        struct Own: Encodable { var position: String?, mode: String }
        var web_push: Int?
        var mutable: Bool?
        var notification: Notification?
        var noroshi: Own
    }

    /// For a device whose people read `language`; a drill's says so first.
    func text(for sleeper: Sleeper) -> [UInt8] {
        let words = ScreenLanguages.inUse.words(sleeper.language), drill = mode == .exercise ? words[.drillTitle] : ""
        func word(_ key: String) -> String { words.word(key, of: "tablet") ?? "" }
        var form = Form(noroshi: .init(position: position?.description, mode: mode.rawValue))
        if let page = sleeper.page {
            (form.web_push, form.mutable) = (8030, true)
            form.notification = .init(title: drill + word("brand"), body: drill + word("wakeNews"), lang: sleeper.language.rawValue, navigate: page)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and a number: they can be encoded.
        return (try? encoder.encode(form)).map { [UInt8]($0) } ?? []
    }

    private struct Apple: Encodable {
        struct Aps: Encodable {
            struct Alert: Encodable { var title, body: String }
            enum CodingKeys: String, CodingKey {
                case alert, sound
                case level = "interruption-level"
                case isMutable = "mutable-content"
                case isNews = "content-available"
            }
            var alert: Alert?
            var sound, level: String?
            /// One, or absent.
            var isMutable, isNews: Int?
        }
        var aps: Aps
        var noroshi: Form.Own
    }

    /// What an app shows by itself while it is not running, where its own extension has not asked the hub first; a drill breaks nobody's silence, and an end wakes the
    /// app alone.
    func apple(for sleeper: Sleeper) -> [UInt8] {
        let words = ScreenLanguages.inUse.words(sleeper.language), isDrill = mode == .exercise, drill = isDrill ? words[.drillTitle] : ""
        func word(_ key: String) -> String { drill + (words.word(key, of: "tablet") ?? "") }
        let aps = isEnd ? Apple.Aps(isNews: 1)
            : Apple.Aps(alert: .init(title: word("brand"), body: word("wakeNews")), sound: "default", level: isDrill ? "active" : "time-sensitive", isMutable: 1)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and numbers: they can be encoded.
        return (try? encoder.encode(Apple(aps: aps, noroshi: .init(position: position?.description, mode: mode.rawValue)))).map { [UInt8]($0) } ?? []
    }

    /// RFC 8030, 5.4: a later hint on the same event takes an undelivered one's place, and a drill's never a real one's. Whoever does not have the town's key
    /// learns from it only that two hints are on one event.
    func topic(_ key: [UInt8]) -> String {
        let mark = HMAC<SHA256>.authenticationCode(for: Data("\(mode.rawValue) \(event.text)".utf8), using: SymmetricKey(data: key))
        return String(Data(mark).base64URL.prefix(32))
    }
}
