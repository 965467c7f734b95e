import ChannelKit
import Crypto
import FoundationEssentials

/// One receiver: where, and the secrets it may check our signature with.
struct HookSettings: Sendable {
    let url: String
    /// The present one first; a second while secrets are being exchanged.
    let keys: [SymmetricKey]

    init(_ settings: [String: String]) throws(SettingsError) {
        url = try Self.address(settings["url"])
        guard let secret = settings["secret"] else { throw SettingsError("secret: 書いてください。whsec_ のあとに、24〜64オクテットのBase64 (missing)") }
        var keys = [try Self.key(secret, "secret")]
        if let old = settings["previous_secret"] { keys.append(try Self.key(old, "previous_secret")) }
        self.keys = keys
    }

    /// Standard Webhooks 1.0.0, "Signature scheme": 192 to 512 bits, Base64 after `whsec_`. A secret is never repeated
    /// in a complaint.
    private static func key(_ text: String, _ name: String) throws(SettingsError) -> SymmetricKey {
        let prefix = "whsec_"
        guard text.hasPrefix(prefix), let octets = Data(base64Encoded: String(text.dropFirst(prefix.count))),
              (24...64).contains(octets.count)
        else { throw SettingsError("\(name): whsec_ のあとに、24〜64オクテットのBase64を書いてください (not of this form)") }
        return SymmetricKey(data: octets)
    }

    private static func address(_ text: String?) throws(SettingsError) -> String {
        let scheme = ["https://", "http://"].first { text?.hasPrefix($0) == true }
        guard let text, let scheme, !text.contains(where: { $0.isWhitespace || $0.isNewline }) else {
            throw SettingsError("url: 「\(text ?? "")」ではなく、https の宛先を書いてください (an https address)")
        }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, !authority.contains("@") else {
            throw SettingsError("url: ホスト名がないか、書いてはならない利用者名・パスワードがあります (no host, or a user and password)")
        }
        let host = authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        guard scheme == "https://" || ["127.0.0.1", "localhost", "[::1]"].contains(host) else {
            throw SettingsError("url: 「\(text)」は https にしてください。http はこの機械の中だけです (https only)")
        }
        return text
    }
}
