import AlertModel
import ChannelKit
import FoundationEssentials
import Glibc

/// One loudspeaker's console: what speaks, and where the sound goes.
struct SpeechSettings: Sendable {
    static let keys = ["folder", "keep", "command", "arguments", "program", "dictionary", "voice", "times", "speed", "call", "readings", "chime", "eew"]

    /// Where the sound goes.
    enum Way: Sendable, Equatable {
        /// A console takes files from here; ours older than so many hours are removed.
        case folder(String, hours: Int)
        /// `{wav}` and `{text}` are the files.
        case command(String, [String])
    }

    let way: Way
    let program: String
    let dictionary: String
    let voice: String
    let times: Int
    let speed: Double
    let call: String?
    let readings: [String: String]
    let hasChime: Bool

    init(_ settings: [String: String]) throws(SettingsError) {
        way = try Self.way(settings)
        // Where Debian 12 puts them: open-jtalk, open-jtalk-mecab-naist-jdic, hts-voice-nitech-jp-atr503-m001.
        program = try Self.path(settings["program"] ?? "/usr/bin/open_jtalk", "program", X_OK, "open-jtalk")
        dictionary = try Self.path(settings["dictionary"] ?? "/var/lib/mecab/dic/open-jtalk/naist-jdic", "dictionary", R_OK | X_OK, "open-jtalk-mecab-naist-jdic")
        voice = try Self.path(
            settings["voice"] ?? "/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice", "voice", R_OK, "hts-voice-nitech-jp-atr503-m001")
        times = try Self.number(settings["times"], "times", 1...5, 3)
        speed = Double(try Self.number(settings["speed"], "speed", 50...150, 100)) / 100
        call = try settings["call"].map { (text) throws(SettingsError) in
            guard (1...200).contains(text.utf8.count), !text.contains(where: \.isNewline) else { throw SettingsError("call: 200オクテットまでの一行です (one line)") }
            return text
        }
        readings = try Self.readings(settings["readings"])
        guard ["yes", "no", nil].contains(settings["chime"]) else { throw SettingsError("chime: yes か no です (yes or no)") }
        hasChime = settings["chime"] != "no"
    }

    private static func way(_ settings: [String: String]) throws(SettingsError) -> Way {
        switch (settings["folder"], settings["command"]) {
        case (let folder?, nil):
            guard settings["arguments"] == nil else { throw SettingsError("arguments: command のためのものです (belongs to command)") }
            return .folder(try path(folder, "folder", R_OK | W_OK | X_OK, nil), hours: try number(settings["keep"], "keep", 1...720, 48))
        case (nil, let command?):
            guard settings["keep"] == nil else { throw SettingsError("keep: folder のためのものです (belongs to folder)") }
            let words = (settings["arguments"] ?? "{wav}").split(separator: " ").map(String.init)
            guard words.contains(where: { $0.contains("{wav}") }) else { throw SettingsError("arguments: {wav} のところに音のファイルが入ります ({wav} is missing)") }
            return .command(try path(command, "command", X_OK, nil), words)
        default: throw SettingsError("folder（装置が読むフォルダ）か command（鳴らすプログラム）の、どちらか一つを書いてください (a folder or a command)")
        }
    }

    private static func path(_ text: String, _ name: String, _ mode: Int32, _ package: String?) throws(SettingsError) -> String {
        guard text.hasPrefix("/"), text.utf8.count < 1000, !text.utf8.contains(0) else { throw SettingsError("\(name): 「\(text)」ではなく、絶対パスで書いてください (an absolute path)") }
        guard access(text, mode) == 0 else {
            let hint = package.map { "。apt install \($0)" } ?? ""
            throw SettingsError("\(name): \(text) がここでは使えません\(hint) (not there, or not allowed)")
        }
        return text
    }

    private static func number(_ text: String?, _ name: String, _ range: ClosedRange<Int>, _ usual: Int) throws(SettingsError) -> Int {
        guard let text else { return usual }
        guard let number = Int(text), range.contains(number) else { throw SettingsError("\(name): \(range.lowerBound)から\(range.upperBound)までの数です (a number of that range)") }
        return number
    }

    /// `南町=みなみまち, 魚町=さかなまち`.
    private static func readings(_ text: String?) throws(SettingsError) -> [String: String] {
        var readings: [String: String] = [:]
        for pair in (text ?? "").split(whereSeparator: { ",、\n".contains($0) }) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map { String($0.drop(while: \.isWhitespace)) }
            guard parts.count == 2, let name = parts.first, let kana = parts.last, !name.isEmpty, kana.wholeMatch(of: /[ぁ-んァ-ヶー・\s]+/) != nil else {
                throw SettingsError("readings: 「\(pair)」ではなく、魚町=さかなまち のように書いてください (NAME=KANA, parted by commas)")
            }
            readings[name] = kana
        }
        return readings
    }
}
