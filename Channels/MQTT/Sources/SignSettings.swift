import AlertModel
import ChannelKit

/// One sign or siren: the broker it listens at, and its topic.
///
/// A drill's topics begin with `drill/`, and those of real alerts never do: who writes a rule of the broker, or a device that
/// listens to `sakura/#`, cannot take the one for the other.
struct SignSettings: Sendable {
    static let keys = ["server", "topic", "user", "password", "client_id", "status", "version", "plain", "wait", "eew"]
    static let drillTree = "drill"
    /// Words that would make a real sign's topic look like a drill's.
    private static let drillWords: Set<String> = [drillTree, "drills", "exercise", "kunren", "test", "訓練"]

    /// What one line has in common: signs with the same share one.
    struct Broker: Sendable, Hashable {
        let host: String
        let port: Int
        let isSecret: Bool
        let user: String?
        let password: String?
        /// Given where the broker's rules hang on it; else made by chance.
        let client: String?
        let version: MQTTVersion
        /// Where it stands whether this hub is there: `online`, `offline` (our will).
        let status: String
    }

    let broker: Broker
    let topic: String
    /// How long a receipt waits for the device's own word.
    let wait: Duration

    var state: String { topic + "/state" }
    var answers: String { topic + "/ack" }
    var presence: String { topic + "/device" }

    init<M: Mode>(_ farEnd: FarEnd<M>) throws(SettingsError) {
        let settings = farEnd.settings
        topic = try Self.topic(settings["topic"], "topic")
        let status = try settings["status"].map { (text) throws(SettingsError) in try Self.topic(text, "status") } ?? Self.status(beside: topic)
        for topic in [topic, status] { try Self.check(topic, isDrill: M.name == .exercise) }
        let (host, port, isSecret) = try Self.server(settings["server"], mayBePlain: settings["plain"])
        broker = Broker(
            host: host, port: port, isSecret: isSecret, user: try Self.word(settings["user"], "user"), password: try Self.word(settings["password"], "password"),
            client: try Self.client(settings["client_id"]), version: try Self.version(settings["version"]), status: status)
        guard (broker.user == nil) == (broker.password == nil) else {
            throw SettingsError("user と password は、両方書くか、どちらも書かないでください (both or neither)")
        }
        wait = try Self.wait(settings["wait"])
    }

    private static func check(_ topic: String, isDrill: Bool) throws(SettingsError) {
        // A text split is never without its first part.
        let first = topic.split(separator: "/", omittingEmptySubsequences: false).first.map { $0.lowercased() } ?? ""
        if isDrill, first != drillTree {
            throw SettingsError("topic: 訓練のトピックは「drill/」で始めてください。「\(topic)」は本番のものです (a drill's topic begins with drill/)")
        }
        if !isDrill, drillWords.contains(first) {
            throw SettingsError("topic: 「\(first)/」で始まるトピックは訓練用です。本番には使えません (a drill's tree takes nothing real)")
        }
    }

    /// 4.7: no wildcards, no `$`, no empty level.
    private static func topic(_ text: String?, _ name: String) throws(SettingsError) -> String {
        guard let text, (1...200).contains(text.utf8.count), !text.hasPrefix("$"),
            !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F || $0 == "+" || $0 == "#" || ($0.value >= 0x80 && $0.value <= 0x9F) }),
            !text.split(separator: "/", omittingEmptySubsequences: false).contains("")
        else {
            throw SettingsError("\(name): 「\(text ?? "")」ではなく、sakura/sirens/harbour のように書いてください。+ # 空白は使えません (levels parted by /, no wildcards)")
        }
        return text
    }

    /// `sakura/hub`, `drill/sakura/hub`.
    private static func status(beside topic: String) -> String {
        let levels = topic.split(separator: "/")
        // A town's first level, and in a drill the drill's before it.
        let head = levels.prefix(while: { $0 == drillTree }) + levels.drop(while: { $0 == drillTree }).prefix(1)
        return (head + ["hub"]).joined(separator: "/")
    }

    private static func server(_ text: String?, mayBePlain: String?) throws(SettingsError) -> (String, Int, Bool) {
        guard let text, let match = text.wholeMatch(of: /(mqtts?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/) else {
            throw SettingsError("server: 「\(text ?? "")」ではなく、mqtts://ホスト:8883 か mqtt://ホスト:1883 を書いてください。利用者名は user に書きます (mqtts:// or mqtt://, host and port alone)")
        }
        let isSecret = match.1 == "mqtts"
        let host = String(match.2).filter { $0 != "[" && $0 != "]" }
        guard let port = match.3.map({ Int($0) }) ?? (isSecret ? 8883 : 1883), (1...65_535).contains(port) else {
            throw SettingsError("server: 「\(text)」のポートが読めません (no such port)")
        }
        guard mayBePlain == nil || mayBePlain == "allowed" else { throw SettingsError("plain: 書けるのは allowed だけです (allowed, or nothing)") }
        guard isSecret || mayBePlain == "allowed" || ["127.0.0.1", "localhost", "::1"].contains(host) else {
            throw SettingsError("server: この機械の外へは mqtts:// を使ってください。町の閉じた回線だけなら plain: allowed と書きます (beyond this machine over TLS, or plain: allowed)")
        }
        return (host, port, isSecret)
    }

    private static func word(_ text: String?, _ name: String) throws(SettingsError) -> String? {
        guard let text else { return nil }
        guard (1...1000).contains(text.utf8.count), !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw SettingsError("\(name): 空か、長すぎるか、改行があります (empty, too long, or with a line break)")
        }
        return text
    }

    private static func client(_ text: String?) throws(SettingsError) -> String? {
        guard let text else { return nil }
        guard text.wholeMatch(of: /[A-Za-z0-9._:-]{1,64}/) != nil else {
            throw SettingsError("client_id: 英数字と . _ : - で64文字までです (letters, digits and . _ : -)")
        }
        return text
    }

    private static func version(_ text: String?) throws(SettingsError) -> MQTTVersion {
        switch text {
        case nil, "5": return .v5
        case "3.1.1": return .v311
        case .some(let other): throw SettingsError("version: 「\(other)」ではなく、5 か 3.1.1 です (5 or 3.1.1)")
        }
    }

    private static func wait(_ text: String?) throws(SettingsError) -> Duration {
        guard let text else { return .zero }
        guard let seconds = Int(text), (0...10).contains(seconds) else { throw SettingsError("wait: 0から10までの秒数です (seconds, up to 10)") }
        return .seconds(seconds)
    }
}
