import AlertModel
import ChannelKit
import Curl
import Dispatching
import Foundation

/// The ways out: asked one by one, checked as a hub checks them, and each tried.
extension TownStart {
    mutating func channels() async throws {
        guard start.town != nil else { return }
        if interview.isHeld, start.town?.endpoints == nil || wish.again == StartStep.channels.rawValue { try askChannels() }
        try writeSettings()
        guard start.done?.settings != nil, let scene = try scene(try CurlTransport()), let town = scene.towns.all.first else { return }
        let answers = await LinkTest.run(town, scene.actual, scene.exercise)
        var links: [String: String] = [:]
        for answer in answers where links[answer.key] ?? "ok" == "ok" { links[answer.key] = answer.isThere ? "ok" : answer.words }
        start.done = with { $0.links = links }
        guard !answers.isEmpty else { return }
        let table = Terminal.table([["", "区別 MODE", "送り先 FAR END", "名前 NAME", "つながる試験 LINK TEST"]] + answers.map(Self.line))
        Terminal.complain(table)
        let silent = answers.filter { !$0.isThere }
        guard !silent.isEmpty else { return }
        try start.write(notes)
        if interview.isHeld {
            guard try interview.agrees("返事のない送り先が\(Set(silent.map(\.key)).count)か所あります。あとでつながるものとして残しますか (keep them as not yet there?)") else {
                start.town?.endpoints?.removeAll { end in silent.contains { $0.key == "\(end.channel)/\(end.id)" } }
                return try writeSettings()
            }
        } else if !wish.keep_silent {
            throw Exit.with(
                Exit.unreachable, "返事のない送り先があります。直すか、あとでつながるものなら --keep-silent を付けてください。ここまでは \(notes) に残しました "
                    + "(some far ends do not answer: mend them, or say --keep-silent; what was said so far is kept)")
        }
    }

    private static func line(_ answer: LinkTest.Finding) -> [String] {
        [
            answer.isThere ? "○" : "×", answer.modes.map { ModeWord.of($0.rawValue) }.joined(separator: "・"), answer.key, answer.name, answer.words,
        ]
    }

    private mutating func askChannels() throws {
        let manifests = Channels.all.map(\.manifest)
        var ends = start.town?.endpoints ?? []
        for end in ends { Terminal.complain("いまの送り先  \(end.channel)/\(end.id)  \(end.name)") }
        while true {
            Terminal.complain(manifests.enumerated().map { "\($0 + 1) \($1.title) \($1.name)" }.joined(separator: "   "))
            let word = try interview.ask("加える経路の番号（終わりは Enter） (add a channel, or Enter)")
            guard !word.isEmpty else { break }
            guard let manifest = Int(word).flatMap({ manifests.indices.contains($0 - 1) ? manifests[$0 - 1] : nil }) ?? manifests.first(where: { $0.name == word }) else {
                Terminal.complain("\(manifests.count)までの番号です (no such channel)")
                continue
            }
            var end = Settings.EndpointSettings(
                channel: manifest.name, id: try interview.ask("送り先の番号（英数字と - _） (id)"), name: try interview.ask("名前 (name)"))
            let district = try interview.ask("地区（町全体なら Enter） (district, or the whole town)")
            end.district = district.isEmpty ? nil : district
            var settings: [String: String] = [:]
            let keys = manifest.farEndKeys ?? []
            if !keys.isEmpty {
                Terminal.complain("この経路の項目: \(keys.joined(separator: ", "))。必要なものを 項目=値 で一行ずつ。終わりは Enter (its settings, KEY=VALUE, one a line)")
                while true {
                    let line = try interview.ask("  項目=値")
                    guard !line.isEmpty else { break }
                    let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                    if parts.count == 2 { settings[parts[0]] = parts[1] } else { Terminal.complain("項目=値 の形です (KEY=VALUE)") }
                }
            }
            end.exercise = try interview.agrees("訓練を受けますか (takes drills?)") ? settings : nil
            // Where drills need a far end of their own, one address is hardly meant for both.
            end.actual = try interview.agrees(
                "本番も受けますか\(end.exercise != nil && !settings.isEmpty ? "（訓練と同じ宛先です）" : "") (takes real alerts?)",
                end.exercise == nil || manifest.drills != .needOwnFarEnd) ? settings : nil
            start.town?.endpoints = ends + [end]
            do {
                _ = try scene()
                if let district = end.district, start.town?.districts?.contains(where: { $0.name == district }) != true {
                    throw SettingsError("地区「\(district)」はありません (no such district)")
                }
                ends.append(end)
            } catch let error as SettingsError {
                Terminal.complain("加えていません: \(error.reason) (not added)")
            }
        }
        start.town?.endpoints = ends
    }
}
