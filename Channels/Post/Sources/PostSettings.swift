import AlertModel
import ChannelKit

/// One account: at which service, and the token that posts in its name.
struct PostSettings: Sendable {
    static let keys = ["service", "url", "token", "languages", "limit", "visibility", "eew"]

    let service: PostService
    /// Without a slash at its end.
    let url: String
    let token: String
    /// In this order, one under the other as far as there is room.
    let languages: [Language]
    /// Characters of a post, as the service counts them.
    let room: Int
    let visibility: String

    init(_ settings: [String: String]) throws(SettingsError) {
        guard let service = settings["service"].flatMap(PostService.init) else {
            throw SettingsError("service: 「\(settings["service"] ?? "")」ではなく、line か mastodon を書いてください (line or mastodon)")
        }
        self.service = service
        url = try Self.address(settings["url"] ?? service.home)
        guard let token = settings["token"], (8...1000).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw SettingsError("token: 空白のない、アカウントのトークンを書いてください (the account's token)")
        }
        self.token = token
        languages = try Self.languages(settings["languages"])
        room = try Self.room(settings["limit"], service)
        visibility = settings["visibility"] ?? "public"
        guard ["public", "unlisted"].contains(visibility), service == .mastodon || settings["visibility"] == nil else {
            throw SettingsError("visibility: mastodon に、public か unlisted を書いてください (public or unlisted, of mastodon)")
        }
    }

    var bearer: (name: String, value: String) { ("Authorization", "Bearer \(token)") }

    private static func address(_ text: String?) throws(SettingsError) -> String {
        let scheme = ["https://", "http://"].first { text?.hasPrefix($0) == true }
        guard let text, let scheme else { throw SettingsError("url: 「\(text ?? "")」ではなく、サーバーの https の住所を書いてください (the server's https address)") }
        let authority = text.dropFirst(scheme.count)
        let isPlain = authority.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || [0x2D, 0x2E, 0x3A, 0x5B, 0x5D].contains($0) }
        guard !authority.isEmpty, isPlain else { throw SettingsError("url: ホスト名とポートだけを書いてください (host and port alone)") }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        guard scheme == "https://" || ["127.0.0.1", "localhost", "[::1]"].contains(host) else {
            throw SettingsError("url: 「\(text)」は https にしてください。http はこの機械の中だけです (https only)")
        }
        return text
    }

    private static func languages(_ text: String?) throws(SettingsError) -> [Language] {
        guard let text else { return [.japanese] }
        let tags = text.split(separator: ",").map { $0.filter { $0 != " " } }
        guard !tags.isEmpty, Set(tags).count == tags.count, tags.allSatisfy({ ScreenLanguages.inUse.known.contains(Language(rawValue: $0)) }) else {
            throw SettingsError("languages: 「\(text)」には、ない言語か、同じ言語が二つあります (an unknown language, or one twice)")
        }
        return tags.map { Language(rawValue: $0) }
    }

    /// A Mastodon server may allow more than 500, and says so at `/api/v2/instance`; LINE's is fixed.
    private static func room(_ text: String?, _ service: PostService) throws(SettingsError) -> Int {
        guard let text else { return service.room }
        guard service == .mastodon, let number = Int(text), (200...20_000).contains(number) else {
            throw SettingsError("limit: mastodon に、200 から 20000 までの文字数を書いてください (200 to 20000, of mastodon)")
        }
        return number
    }
}
