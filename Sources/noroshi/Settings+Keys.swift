import AlertModel
import ChannelKit
import Foundation
import Targeting
import Yams

/// Misspelt keys: a setting that nobody reads is a setting that somebody relies on.
extension Settings {
    /// The settings, unless some key in them means nothing; every such key is named with its line and the key that was
    /// probably meant.
    static func strict(_ text: String, path: String, channels: [ChannelManifest]) throws -> Settings {
        let watched = try YAMLDecoder().decode(Watched<Settings>.self, from: text)
        try refuse(watched.strangers, watched.value, text, path, channels) { $0 }
        return watched.value
    }

    /// Throws where a key means nothing. `place` leads from where a key stands in settings to where it stands in the text.
    static func refuse(
        _ strangers: [StrangeKey], _ settings: Settings, _ text: String, _ path: String, _ channels: [ChannelManifest],
        place: ([String]) -> [String]
    ) throws {
        func moved(_ key: StrangeKey) -> StrangeKey { StrangeKey(path: place(key.path), key: key.key, known: key.known) }
        let wrong = (strangers + settings.strangers(channels).map(moved)).map { ($0, $0.words) } + settings.strayDistricts.map { (moved($0.0), $0.1) }
        guard !wrong.isEmpty else { return }
        let root = try Parser(yaml: text).singleRoot()
        let found = wrong.map { (line: line(of: $0.0, in: root), key: $0.0.key, words: $0.1) }
            .sorted { ($0.line ?? 0, $0.key) < ($1.line ?? 0, $1.key) }
        throw SettingsError(found.map { "\(path)\($0.line.map { ":\($0)" } ?? ""): \($0.words)" }.joined(separator: "\n"))
    }

    /// Far ends in a district their town does not have: they would hear what concerns others, or not what concerns them.
    private var strayDistricts: [(StrangeKey, String)] {
        towns.enumerated().flatMap { index, town in
            let known = (town.districts ?? []).map(\.name)
            guard !known.isEmpty else { return [(StrangeKey, String)]() }
            return (town.endpoints ?? []).enumerated().compactMap { place, end in
                guard let district = end.district, !known.contains(district) else { return nil }
                let key = StrangeKey(path: ["towns", "[\(index)]", "endpoints", "[\(place)]"], key: "district", known: [])
                let near = StrangeKey(path: [], key: district, known: known).near
                let advice = near.map { "「\($0)」ではありませんか (no such district; did you mean “\($0)”?)" }
                    ?? "あるのは \(known.joined(separator: "、")) です (no such district)"
                return (key, "\(key.place): 「\(district)」という地区は\(town.name ?? "この町")にありません。\(advice)")
            }
        }
    }

    /// Sections whose keys are names: of channels, of their settings, of kinds.
    private func strangers(_ manifests: [ChannelManifest]) -> [StrangeKey] {
        let names = manifests.map(\.name)
        let kinds = AlertKind.allCases.map(\.rawValue)
        let byName = Dictionary(manifests.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var found: [StrangeKey] = []
        func look(_ keys: (some Sequence<String>)?, _ known: [String]?, _ path: String...) {
            guard let keys, let known else { return }
            let prefixes = known.filter { $0.hasSuffix(".") }
            for key in keys where !known.contains(key) && !prefixes.contains(where: { key.hasPrefix($0) }) {
                found.append(StrangeKey(path: path, key: key, known: known))
            }
        }
        look(channels?.keys, names, "channels")
        for (name, own) in channels ?? [:] {
            look(own.actual?.keys, byName[name]?.channelKeys, "channels", name, "actual")
            look(own.exercise?.keys, byName[name]?.channelKeys, "channels", name, "exercise")
        }
        for (index, town) in towns.enumerated() {
            look(town.routing?.codes?.keys, kinds, "towns", "[\(index)]", "routing", "codes")
            look(town.routing?.otherwise?.keys, kinds, "towns", "[\(index)]", "routing", "otherwise")
            look(town.routing?.channels?.keys, names, "towns", "[\(index)]", "routing", "channels")
            for (place, end) in (town.endpoints ?? []).enumerated() {
                // The line's own word, which no channel looks at.
                let known = byName[end.channel]?.farEndKeys.map { $0 + ["eew"] }
                look(end.actual?.keys, known, "towns", "[\(index)]", "endpoints", "[\(place)]", "actual")
                look(end.exercise?.keys, known, "towns", "[\(index)]", "endpoints", "[\(place)]", "exercise")
            }
        }
        return found
    }

    /// From 1; nil where it cannot be found, as behind a merge key.
    private static func line(of stranger: StrangeKey, in root: Node?) -> Int? {
        var node = root
        for part in stranger.path {
            let index = part.hasPrefix("[") ? Int(part.dropFirst().dropLast()) : nil
            node = if let index, let list = node?.sequence, index < list.count { list[index] } else { node?.mapping?[part] }
        }
        return node?.mapping?.first { $0.key.string == stranger.key }?.key.mark?.line
    }
}

extension Settings {
    /// What works and is hardly meant.
    var doubts: [String] {
        var doubts: [String] = []
        if cap?.sender == nil {
            doubts.append("cap.sender がありません。ほかへのCAPが、だれのものでもない名前「\(Voice.nobody)」で出ます (cap.sender is not set)")
        }
        if operators?.isEmpty != false { doubts.append("operators: 一人もいないので、だれも送ったり取り消したり見たりできません (there is none)") }
        return doubts
    }
}

extension StrangeKey {
    fileprivate var place: String { (path + [key]).reduce("") { $0 + ($0.isEmpty || $1.hasPrefix("[") ? "" : ".") + $1 } }

    fileprivate var words: String {
        if let near { return "\(place): この設定項目はありません。「\(near)」ではありませんか (no such setting; did you mean “\(near)”?)" }
        return "\(place): この設定項目はありません。" + (known.isEmpty ? "ここでは何も読みません" : "あるのは \(known.joined(separator: ", ")) です") + " (no such setting)"
    }

    /// The known key that differs in the fewest letters, if so few that it may be a slip.
    var near: String? {
        known.map { (key: $0, distance: Self.distance(Array(key), Array($0))) }.min { $0.distance < $1.distance }
            .flatMap { $0.distance <= max(2, key.count / 3) ? $0.key : nil }
    }

    /// Letters put in, left out, changed, or swapped with their neighbour.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for i in 1..<(left.count + 1) {
            var row = [i]
            for j in 1..<(right.count + 1) {
                let change = left[i - 1] == right[j - 1] ? 0 : 1
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + change)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
