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

    /// RFC 8030, 5.4: a later hint on the same event takes an undelivered one's place, and a drill's never a real one's. Whoever does not have the town's key
    /// learns from it only that two hints are on one event.
    func topic(_ key: [UInt8]) -> String {
        let mark = HMAC<SHA256>.authenticationCode(for: Data("\(mode.rawValue) \(event.text)".utf8), using: SymmetricKey(data: key))
        return String(Data(mark).base64URL.prefix(32))
    }
}
