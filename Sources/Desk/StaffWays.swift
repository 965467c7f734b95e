/// How somebody of the town's own is reached when he is not at the desk. Residents are never called this way, and these are told to nobody
/// but who may call.
internal import Foundation

package struct StaffWays: Codable, Sendable, Hashable {
    /// What the hub does itself; a telephone is rung by a person.
    package enum Way: String, Codable, Sendable, Hashable, CaseIterable { case mail, webhook }

    package var mail: String?
    /// Of a chat's own program: it is told `{"text": …}`.
    package var webhook: String?
    package var phone: String?

    package init(mail: String? = nil, webhook: String? = nil, phone: String? = nil) { (self.mail, self.webhook, self.phone) = (mail, webhook, phone) }

    package var isEmpty: Bool { mail == nil && webhook == nil && phone == nil }

    package func address(_ way: Way) -> String? {
        switch way {
        case .mail: mail
        case .webhook: webhook
        }
    }

    /// What is wrong with them, field by field; empty where they can be used. Empty words are no way.
    package static func read(mail: String?, webhook: String?, phone: String?) -> (ways: StaffWays, errors: [(field: String, detail: String)]) {
        func plain(_ text: String?) -> String? { text.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.flatMap { $0.isEmpty ? nil : $0 } }
        let ways = StaffWays(mail: plain(mail), webhook: plain(webhook), phone: plain(phone))
        var errors: [(field: String, detail: String)] = []
        if let mail = ways.mail, !isMail(mail) { errors.append(("mail", "メールアドレスを一つ書いてください (one mail address)")) }
        if let hook = ways.webhook, !isHook(hook) { errors.append(("webhook", "https:// で始まる宛先を書いてください (an https address)")) }
        if let phone = ways.phone, phone.wholeMatch(of: /\+?[0-9][0-9 -]{2,23}/) == nil {
            errors.append(("phone", "電話番号は、数字と - で書いてください (digits and -)"))
        }
        return (ways, errors)
    }

    /// It stands in commands of SMTP and in header lines.
    private static func isMail(_ text: String) -> Bool {
        text.wholeMatch(of: /[!A-Za-z0-9#$%&'*+\/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?/) != nil
    }

    /// Beyond this machine over a line that is secret.
    private static func isHook(_ text: String) -> Bool {
        guard text.utf8.count <= 500, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return !host.isEmpty && !authority.contains("@") && (scheme == "https://" || ["127.0.0.1", "localhost", "[::1]"].contains(host))
    }
}
