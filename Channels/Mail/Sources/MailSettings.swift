import AlertModel
import ChannelKit
import FoundationEssentials

/// One list: the server that takes its mail, who writes, and to which address.
struct MailSettings: Sendable {
    static let keys = ["server", "from", "to", "user", "password", "unsubscribe", "languages", "eew", "bounces"]

    let server: String
    let from: String
    let to: String
    let login: (user: String, password: String)?
    /// Where a reader takes himself off the list: an https address or a `mailto:`.
    let unsubscribe: String?
    /// In this order, one under the other.
    let languages: [Language]
    /// A Maildir into which the town's server puts what comes back.
    let bounces: String?
    /// Beyond this machine nothing is said over a line that is not secret.
    let mustBeSecret: Bool

    init(_ settings: [String: String]) throws(SettingsError) {
        (server, mustBeSecret) = try Self.server(settings["server"])
        from = try Self.address(settings["from"], "from")
        to = try Self.address(settings["to"], "to")
        switch (settings["user"], settings["password"]) {
        case (nil, nil): login = nil
        case (let user?, let password?):
            guard !user.isEmpty, !password.isEmpty, !(user + password).contains(where: \.isNewline) else {
                throw SettingsError("user, password: 空か、改行があります (empty, or with a line break)")
            }
            login = (user, password)
        default: throw SettingsError("user と password は、両方書くか、どちらも書かないでください (both or neither)")
        }
        unsubscribe = try Self.link(settings["unsubscribe"])
        languages = try Self.languages(settings["languages"])
        bounces = try Self.folder(settings["bounces"], from)
    }

    /// A word of 22 octets stands before the @ (RFC 5321 4.5.3.1.1: 64 octets there), behind the only +.
    private static func folder(_ path: String?, _ from: String) throws(SettingsError) -> String? {
        guard let path else { return nil }
        guard path.hasPrefix("/"), !path.contains(where: \.isNewline), path.utf8.count <= 4000 else {
            throw SettingsError("bounces: 「\(path)」ではなく、戻ったメールが入る Maildir の絶対パスを書いてください (absolute path of a Maildir)")
        }
        let local = from.prefix { $0 != "@" }
        guard local.utf8.count <= 42, !local.contains("+") else {
            throw SettingsError("from: bounces を使うには、@の前を42文字以内にし、+を使わないでください (at most 42 octets before the @, and no +)")
        }
        return path
    }

    var domain: String { String(from.split(separator: "@").last ?? "localhost") }

    func call(envelope: (from: String, to: String)?, _ message: [UInt8]) -> MailCall {
        // The path is the name we give at HELO.
        MailCall(url: "\(server)/\(domain)", envelope: envelope, message: message, login: login, mustBeSecret: mustBeSecret)
    }

    private static func server(_ text: String?) throws(SettingsError) -> (String, Bool) {
        let scheme = ["smtp://", "smtps://"].first { text?.hasPrefix($0) == true }
        guard let text, let scheme else {
            throw SettingsError("server: 「\(text ?? "")」ではなく、smtps://ホスト:465 か smtp://ホスト:587 を書いてください (smtps:// or smtp://)")
        }
        let authority = text.dropFirst(scheme.count)
        let isPlain = authority.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || [0x2D, 0x2E, 0x3A, 0x5B, 0x5D].contains($0) }
        guard !authority.isEmpty, isPlain else { throw SettingsError("server: 宛先のホスト名とポートが読めません。利用者名やパスワードは user と password に書きます (host and port alone)") }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return (text, !["127.0.0.1", "localhost", "[::1]"].contains(host))
    }

    /// A plain address (RFC 5321 4.1.2 without quoted names): it stands in commands and headers.
    private static func address(_ text: String?, _ name: String) throws(SettingsError) -> String {
        guard let text, text.wholeMatch(of: /[!A-Za-z0-9#$%&'*+\/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?/) != nil else {
            throw SettingsError("\(name): 「\(text ?? "")」ではなく、メールアドレスを一つ書いてください (one mail address)")
        }
        return text
    }

    private static func link(_ text: String?) throws(SettingsError) -> String? {
        guard let text else { return nil }
        guard ["https://", "mailto:"].contains(where: text.hasPrefix), text.utf8.count <= 500, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3C && $0 != 0x3E }) else {
            throw SettingsError("unsubscribe: 「\(text)」ではなく、https:// か mailto: を書いてください (https or mailto)")
        }
        return text
    }

    private static func languages(_ text: String?) throws(SettingsError) -> [Language] {
        guard let text else { return [.japanese] }
        let known = ScreenLanguages.inUse.all
        var chosen: [Language] = []
        for word in text.split(separator: ",").map({ $0.filter { !$0.isWhitespace } }) {
            guard let language = known.first(where: { $0.rawValue == word }), !chosen.contains(language) else {
                throw SettingsError("languages: 「\(word)」は使えません。\(known.map(\.rawValue).joined(separator: ", ")) から、コンマで区切ります (not one of these, or twice)")
            }
            chosen.append(language)
        }
        guard !chosen.isEmpty else { throw SettingsError("languages: 空です (empty)") }
        return chosen
    }
}
