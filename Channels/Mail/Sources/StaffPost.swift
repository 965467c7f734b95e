/// Letters to the town's own people, one by one, over a mail server: what a call-up is told by. It goes to an address and never to a list.
public import ChannelKit
public import FoundationEssentials

public struct StaffPost: Sendable {
    private let settings: MailSettings

    public static let keys = ["server", "from", "user", "password"]

    /// - Parameter settings: `server`, `from`, and where it asks for them `user` and `password`.
    public init(_ settings: [String: String]) throws(SettingsError) {
        if let stranger = settings.keys.filter({ !Self.keys.contains($0) }).min() {
            throw SettingsError("\(stranger): あるのは \(Self.keys.joined(separator: ", ")) です (no such setting)")
        }
        // It has no reader of its own: who writes stands in the place of the list.
        self.settings = try MailSettings(settings.merging(["to": settings["from"] ?? ""]) { $1 })
    }

    /// - Parameters:
    ///   - id: the same for the same letter: who has had it drops the second.
    ///   - sender: beside the address, for people.
    public func letter(to address: String, _ subject: String, _ body: String, sender: String, id: String, now: Date) -> MailCall {
        settings.call(envelope: (settings.from, address), Letter.plain(to: address, subject, body, sender: sender, id: id, settings, now: now))
    }
}

extension Letter {
    static func plain(to address: String, _ subject: String, _ body: String, sender: String, id: String, _ settings: MailSettings, now: Date) -> [UInt8] {
        let lines = [
            "From: \(encoded(sender)) <\(settings.from)>", "To: <\(address)>", "Subject: \(encoded(subject))", "Date: \(date(now))",
            "Message-ID: \(name(id, settings.domain))", "Auto-Submitted: auto-generated", "Importance: high", "X-Priority: 1", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: base64",
        ]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + base64(body + "\n") + "\r\n").utf8)
    }
}
