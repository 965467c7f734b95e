import AlertModel
import ChannelKit
import FoundationEssentials
import Glibc

/// One program: what to start, and with what.
struct ProgramSettings: Sendable {
    let command: String
    let arguments: [String]
    /// All the program sees: nothing of the hub's own environment, where secrets may be.
    let environment: [String: String]

    init<M: Mode>(_ farEnd: FarEnd<M>) throws(SettingsError) {
        let settings = farEnd.settings
        guard let command = settings["command"], command.hasPrefix("/"), !command.utf8.contains(0) else {
            throw SettingsError("command: 「\(settings["command"] ?? "")」ではなく、プログラムを絶対パスで書いてください (the program's absolute path)")
        }
        guard access(command, X_OK) == 0 else { throw SettingsError("command: \(command) をここでは実行できません (cannot be executed here)") }
        self.command = command
        arguments = try Self.arguments(settings["arguments"])
        var environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "NOROSHI_MODE": M.name.rawValue,
            "NOROSHI_TOWN": farEnd.town.code, "NOROSHI_ENDPOINT": farEnd.id,
        ]
        for (key, value) in settings where key.hasPrefix("env.") {
            let name = String(key.dropFirst("env.".count))
            guard !name.isEmpty, !name.contains("="), !name.hasPrefix("NOROSHI_"), !(name + value).utf8.contains(0) else {
                throw SettingsError("\(key): プログラムに渡す変数の名前になりません (no name for a variable)")
            }
            environment[name] = value
        }
        self.environment = environment
    }

    /// A JSON list where an argument has a space in it, else words.
    private static func arguments(_ text: String?) throws(SettingsError) -> [String] {
        guard let text else { return [] }
        guard !text.utf8.contains(0) else { throw SettingsError("arguments: NUL文字が入っています (a NUL in them)") }
        guard text.hasPrefix("[") else { return text.split(separator: " ").map(String.init) }
        do {
            return try JSONDecoder().decode([String].self, from: Data(text.utf8))
        } catch {
            throw SettingsError("arguments: 文字列のJSON配列ではありません (no JSON list of texts)")
        }
    }
}
