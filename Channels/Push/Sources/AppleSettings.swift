/// A key of Apple's developers' site, and whose it is.
import ChannelKit
import Crypto
import FoundationEssentials

struct AppleSettings: Sendable {
    let key: P256.Signing.PrivateKey
    let keyID, team, topic, host: String

    static let keys = ["apns_key_file", "apns_key_id", "apns_team_id", "apns_topic", "apns_host"]
    /// Apple's file has 257 octets.
    private static let longest = 4_096

    /// - Returns: nil where nothing of it is written.
    init?(_ settings: [String: String]) throws(SettingsError) {
        guard Self.keys.contains(where: { settings[$0] != nil }) else { return nil }
        guard let file = settings["apns_key_file"], let id = settings["apns_key_id"], let team = settings["apns_team_id"], let topic = settings["apns_topic"] else {
            throw SettingsError("鍵の四つ（apns_key_file、apns_key_id、apns_team_id、apns_topic）は、すべて書くか、どれも書かないでください (all four or none)")
        }
        for (name, text) in [("apns_key_id", id), ("apns_team_id", team)] {
            guard text.wholeMatch(of: /[A-Z0-9]{10}/) != nil else { throw SettingsError("\(name): 「\(text.prefix(20))」ではなく、英大文字と数字の10文字です (ten letters and digits)") }
        }
        guard topic.wholeMatch(of: /[A-Za-z0-9.\-]{1,200}/) != nil else { throw SettingsError("apns_topic: 「\(topic.prefix(40))」ではなく、アプリのバンドルIDを書いてください (the app's bundle id)") }
        let host = settings["apns_host"] ?? "https://api.push.apple.com"
        guard host.wholeMatch(of: /https:\/\/[a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?(?::[0-9]{1,5})?/) != nil else { throw SettingsError("apns_host: 「\(host.prefix(80))」ではなく、https://ホスト名 を書いてください (an https origin)") }
        (key, keyID, self.team, self.topic, self.host) = (try Self.read(file), id, team, topic, host)
    }

    /// The complaint names a file by its path alone, and no path where somebody has pasted the key in its place: what is in it is said to nobody.
    private static func read(_ file: String) throws(SettingsError) -> P256.Signing.PrivateKey {
        guard file.hasPrefix("/"), !file.contains(where: \.isNewline) else { throw SettingsError("apns_key_file: 鍵そのものではなく、Appleの .p8 ファイルの場所を / から書いてください (the absolute path of Apple's .p8, not its text)") }
        guard let octets = try? Data(contentsOf: URL(filePath: file)), octets.count <= longest, let key = try? P256.Signing.PrivateKey(pemRepresentation: String(decoding: octets, as: UTF8.self)) else {
            throw SettingsError("apns_key_file: \(file) を、Appleの .p8（-----BEGIN PRIVATE KEY-----）として読めません (cannot be read, or is no .p8)")
        }
        return key
    }
}
