import Desk
import AlertModel
import ChannelKit
import Foundation
import Hub
import Ingest
import Receiving

/// Who is a source by the settings, how far it is believed and what it may raise.
extension Settings {
    func makeSourceRules() throws(SettingsError) -> SourceRules {
        var rules: [SourceRule] = []
        let kinds = AlertKind.allCases.map(\.rawValue)
        let levels = SourceTrust.allCases.map(\.rawValue)
        for (index, written) in (sources?.rules ?? []).enumerated() {
            let place = "sources.rules[\(index)]"
            guard ways.contains(where: { SourceRule(source: written.source).covers($0) }) else {
                let known = Set(ways.flatMap { [$0, String($0.prefix { $0 != ":" })] }).sorted()
                throw SettingsError("\(place).source: \(Self.unknown(written.source, among: known))")
            }
            let trust = try written.trust.map { (word: String) throws(SettingsError) -> SourceTrust in
                guard let trust = SourceTrust(rawValue: word) else {
                    throw SettingsError("\(place).trust: \(Self.unknown(word, among: levels))")
                }
                return trust
            }
            for kind in written.raises ?? [] where !kinds.contains(kind) {
                throw SettingsError("\(place).raises: \(Self.unknown(kind, among: kinds))")
            }
            rules.append(SourceRule(
                source: written.source, trust: trust, raises: written.raises.map { Set($0.compactMap { AlertKind(rawValue: $0) }) }))
        }
        return SourceRules(rules)
    }

    /// Names of every way in, as the log, the gauges and `GET /v1/sources` have them.
    var ways: [String] {
        var ways = (sources?.folders ?? []).map { "folder:\($0)" }
        if let feeds = sources?.feeds { ways += (feeds.feeds ?? FeedSource.Settings().feeds).map { "feed:\($0)" } }
        if let dmdata = sources?.dmdata {
            ways += (1...max(1, dmdata.sockets?.count ?? 2)).map { "dmdata:\($0)" }
        }
        ways += (sources?.qzss ?? []).map { port in
            let bare = ["tcp:", "file:"].first(where: port.hasPrefix).map { port.dropFirst($0.count) } ?? port.prefix { $0 != "@" }
            return "qzss:\(bare)"
        }
        let people = (try? makeOperators()) ?? []
        return ways + people.filter { $0.may(.feed) }.map { "http:\($0.name)" }
    }

    /// What `noroshi check` says of them: a line for each, and one for CAP.
    func sourceLines(_ rules: SourceRules, _ trust: CAPTrust) -> [[String]] {
        let people = (try? makeOperators()) ?? []
        var lines = [["SOURCE", "TRUST", "RAISES", "TOWNS"]]
        for way in ways {
            let raises = rules.raises(way).map { $0.isEmpty ? "記録のみ nothing" : $0.map(\.rawValue).sorted().joined(separator: ",") } ?? "すべて all"
            let towns = people.first { "http:\($0.name)" == way }?.towns.map { $0.map(\.code).sorted().joined(separator: ",") }
            lines.append([way, "\(rules.trust(of: way).japanese) \(rules.trust(of: way).rawValue)", raises, towns ?? "すべて all"])
        }
        lines.append(
            trust.namesSomebody
                ? ["CAP", "署名つきCAP signed", "登録した署名者\(trust.pinTexts.count)名のものだけ (pinned signers only; others are recorded)", ""]
                : ["CAP", "その他 other", "署名者の登録なし: だれのCAPでも (no pinned signers: anybody's)", ""])
        return lines
    }

    static func unknown(_ word: String, among known: [String]) -> String {
        StrangeKey(path: [], key: word, known: known).near.map { "“\(word)” はありません。“\($0)” ではありませんか (no such word; did you mean “\($0)”?)" }
            ?? "“\(word)” はありません。使えるのは \(known.joined(separator: ", ")) です (no such word)"
    }
}
