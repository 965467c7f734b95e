import AlertModel
import ChannelKit

/// One town's access to L-Alert, read and checked: its two nodes, who speaks, and whether phones ring.
struct NodeSettings: Sendable {
    struct Node: Sendable {
        let name: String
        let url: String
        let user: String
        let password: String
    }

    let normal: Node
    let backup: Node?
    /// The sender's domain (system id): `editor.city.example.lg.jp`.
    let senderID: String
    /// 作成・発表組織の部署: 危機管理課.
    let office: String
    let phone: String?
    /// Disaster/DisasterName; nil: what the alert itself names.
    let disaster: String?
    /// Carriers whose phones hear evacuation orders (緊急速報メール, category UrgentMail). Empty: none.
    let carriers: [Carrier]
    let noticeType: String
    let noticeCategory: (main: String, sub: String?)
    let confidentiality: String

    /// UMC1 docomo, UMC2 KDDI, UMC3 SoftBank (LGDIS, SaigaiTask); Rakuten's code is not public.
    static let carrierCodes = ["UMC1", "UMC2", "UMC3"]
    static let noticeTypes = ["Alert", "Disaster", "Ordinary"]

    static let keys = [
        "url", "user", "password", "backup_url", "backup_user", "backup_password", "sender_id", "office", "phone", "disaster",
        "urgent_mail", "urgent_mail_drills", "notice_type", "notice_category", "confidentiality",
    ]

    init(_ settings: [String: String], mode: ModeName) throws(SettingsError) {
        normal = try Self.node("url", "user", "password", named: "normal node", in: settings)
        backup = settings["backup_url"] == nil
            ? nil : try Self.node("backup_url", "backup_user", "backup_password", named: "backup node", in: settings)
        senderID = try Self.domain(settings["sender_id"])
        office = settings["office"] ?? "危機管理担当"
        guard (1...60).contains(office.count) else { throw SettingsError("office: 1〜60文字です (1 to 60 characters)") }
        phone = settings["phone"]
        disaster = settings["disaster"]
        carriers = try Self.carriers(settings, mode)
        noticeType = settings["notice_type"] ?? "Ordinary"
        guard Self.noticeTypes.contains(noticeType) else {
            throw SettingsError("notice_type: 「\(noticeType)」は使えません。次のどれかです: \(Self.noticeTypes.joined(separator: ", ")) (none of these)")
        }
        let category = (settings["notice_category"] ?? "広報").split(separator: "/", maxSplits: 1).map(String.init)
        guard let main = category.first else { throw SettingsError("notice_category: 空です。例: ライフライン/水道 (empty)") }
        noticeCategory = (main, category.count > 1 ? category[1] : nil)
        confidentiality = settings["confidentiality"] ?? "UNCLASSIFIED AND NOTSENSITIVE"
    }

    private static func node(
        _ url: String, _ user: String, _ password: String, named name: String, in settings: [String: String]
    ) throws(SettingsError) -> Node {
        guard let address = settings[url], let host = host(of: address) else {
            throw SettingsError("\(url): 「\(settings[url] ?? "")」ではなく、https の宛先を、利用者名とパスワードなしで書いてください (an https address without user and password)")
        }
        guard address.hasPrefix("https://") || ["127.0.0.1", "localhost", "[::1]"].contains(host) else {
            throw SettingsError("\(url): この機械の中を除き、https だけです (https only, except on this machine)")
        }
        guard let account = settings[user] ?? settings["user"], !account.isEmpty else {
            throw SettingsError("\(user): 書いてください。どのノードも利用者名を求めます (missing)")
        }
        guard let secret = settings[password] ?? settings["password"], !secret.isEmpty else {
            throw SettingsError("\(password): 書いてください (missing)")
        }
        return Node(name: name, url: address, user: account, password: secret)
    }

    private static func host(of address: String) -> String? {
        let scheme = ["https://", "http://"].first { address.hasPrefix($0) }
        guard let scheme, !address.contains(where: { $0.isWhitespace || $0.isNewline }) else { return nil }
        let authority = address.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        if authority.hasPrefix("[") { return authority.firstIndex(of: "]").map { String(authority[...$0]) } }
        return String(authority.prefix { $0 != ":" })
    }

    /// RFC 1123: letters, digits, hyphens and dots. It is the head of every id we give.
    private static func domain(_ text: String?) throws(SettingsError) -> String {
        guard let text, (1...128).contains(text.utf8.count), text.utf8.allSatisfy({
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E
        }) else {
            throw SettingsError("sender_id: 「\(text ?? "")」ではなく、発信元のドメインを書いてください（例: editor.city.example.lg.jp） (the sender's domain)")
        }
        return text
    }

    /// `UMC1=500 UMC2 UMC3`. A drill rings phones only where somebody wrote that it shall.
    private static func carriers(
        _ settings: [String: String], _ mode: ModeName
    ) throws(SettingsError) -> [Carrier] {
        let drills = settings["urgent_mail_drills"]
        guard mode == .exercise || drills == nil else {
            throw SettingsError("urgent_mail_drills: 訓練用の設定に書く項目です (belongs to the settings for drills)")
        }
        guard drills == nil || drills == "send" else { throw SettingsError("urgent_mail_drills: send とだけ書けます (only the word send)") }
        var carriers: [Carrier] = []
        for word in (settings["urgent_mail"] ?? "").split(whereSeparator: { $0 == " " || $0 == "," }) {
            let parts = word.split(separator: "=", maxSplits: 1)
            let limit = parts.count == 2 ? Int(parts[1]) : 200
            guard let code = parts.first.map(String.init), carrierCodes.contains(code), let limit,
                  (1...500).contains(limit), !carriers.contains(where: { $0.code == code })
            else {
                throw SettingsError("urgent_mail: 「\(word)」は使えません。UMC1, UMC2, UMC3 を一度ずつ、上限は =数 で500まで (none of these)")
            }
            carriers.append(Carrier(code: code, bodyLimit: limit))
        }
        guard carriers.isEmpty || mode == .actual || drills == "send" else {
            throw SettingsError("urgent_mail: 訓練で全員の電話が鳴ります。それでよければ urgent_mail_drills: send と書いてください (a drill would ring every phone)")
        }
        return carriers
    }
}
