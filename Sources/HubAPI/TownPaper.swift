/// A town's document as it goes to a desk and comes back: its secrets behind a mask, and what a change of it is called.
internal import AlertModel
internal import ChannelKit
internal import Crypto
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Serving

struct TownPaper {
    /// Stands where a secret is, and comes back where it stays.
    static let mask = "********"
    /// Takes effect at once; everything else at the next start.
    static let living: Set<String> = ["name", "roman_name", "tsunami_areas", "areas", "districts", "outline", "shelters", "endpoints"]
    /// How carefully a town sends, and from where its desk is used: nobody takes that back at the desk itself.
    static let keepers: Set<String> = ["approval", "desk_networks"]

    let object: [String: Any]
    let channels: [ChannelManifest]

    init?(_ octets: some DataProtocol, _ channels: [ChannelManifest]) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any] else { return nil }
        (self.object, self.channels) = (object, channels)
    }

    init(_ object: [String: Any], _ channels: [ChannelManifest]) { (self.object, self.channels) = (object, channels) }

    var octets: [UInt8] {
        Array((try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data())
    }

    var digest: String { SHA256.hash(data: octets).map { String(format: "%02x", $0) }.joined() }

    var code: String? { object["code"] as? String }

    private var ends: [[String: Any]] { object["endpoints"] as? [[String: Any]] ?? [] }

    private static func key(_ end: [String: Any]) -> String { "\(end["channel"] ?? "")/\(end["id"] ?? "")" }

    private func manifest(_ end: [String: Any]) -> ChannelManifest? { channels.first { $0.name == end["channel"] as? String } }

    // MARK: Secrets

    var masked: TownPaper {
        withSettings { end, _, settings in
            for key in settings.keys where manifest(end)?.isSecret(key) == true { settings[key] = Self.mask }
        }
    }

    /// With the secrets that came back masked. A password is never sent to another address than it was written for.
    func unmasked(by old: TownPaper) throws(Problem) -> TownPaper {
        var missing: [Problem.Field] = []
        let known = Dictionary(old.ends.map { (Self.key($0), $0) }, uniquingKeysWith: { first, _ in first })
        let whole = withSettings { end, side, settings in
            let before = known[Self.key(end)]?[side] as? [String: Any] ?? [:]
            func address(_ all: [String: Any]) -> [String: String] { all.filter { $0.key.hasSuffix("url") }.compactMapValues { $0 as? String } }
            for key in settings.keys where settings[key] as? String == Self.mask && manifest(end)?.isSecret(key) == true {
                if let secret = before[key], address(before) == address(settings) {
                    settings[key] = secret
                } else {
                    missing.append(.init(
                        field: "\(Self.key(end)).\(side).\(key)", detail: "宛先か番号が変わったので、\(key) をもう一度書いてください (write it again: the far end is another)"))
                }
            }
        }
        guard missing.isEmpty else { throw Problem(.unprocessableContent, missing.map(\.detail).joined(separator: "。"), errors: missing) }
        return whole
    }

    private func withSettings(_ change: (_ end: [String: Any], _ side: String, _ settings: inout [String: Any]) -> Void) -> TownPaper {
        var object = object
        guard object["endpoints"] is [[String: Any]] else { return self }
        object["endpoints"] = ends.map { end in
            var end = end
            for side in ["actual", "exercise"] {
                guard var settings = end[side] as? [String: Any] else { continue }
                change(end, side, &settings)
                end[side] = settings
            }
            return end
        }
        return TownPaper(object, channels)
    }

    // MARK: What changes

    private static func same(_ left: Any?, _ right: Any?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (let left?, let right?): (left as? NSObject) == (right as? NSObject)
        default: false
        }
    }

    /// Top-level keys that differ.
    func changed(from old: TownPaper) -> Set<String> {
        Set(object.keys).union(old.object.keys).filter { !Self.same(object[$0], old.object[$0]) }
    }

    /// Far ends that run something on this machine and are not as they were.
    func changedPrograms(from old: TownPaper) -> [String] {
        let before = Dictionary(old.ends.map { (Self.key($0), $0) }, uniquingKeysWith: { first, _ in first })
        return ends.filter { manifest($0)?.runsHere == true && !Self.same($0, before[Self.key($0)]) }.map(Self.key)
    }

    /// In words, a line for each thing, for the record and for whoever is asked before.
    func words(from old: TownPaper) -> [String] {
        changed(from: old).sorted().flatMap { key -> [String] in
            switch key {
            case "districts": lines("地区", Self.districts(old), Self.districts(self))
            case "endpoints": lines("送り先", Self.byKey(old.ends, Self.key), Self.byKey(ends, Self.key))
            case "shelters": lines("避難所", Self.byID(old, key), Self.byID(self, key))
            case "plans": lines("計画", Self.byID(old, key), Self.byID(self, key))
            case "assumptions": lines("前提", Self.byID(old, key), Self.byID(self, key))
            default: ["\(key) を変更"]
            }
        }
    }

    private func lines(_ name: String, _ old: [String: Any], _ new: [String: Any]) -> [String] {
        let gone = old.keys.filter { new[$0] == nil }.sorted().map { "\(name) \($0) を削除" }
        let fresh = new.keys.filter { old[$0] == nil }.sorted().map { "\(name) \($0) を追加" }
        let other = new.keys.filter { old[$0] != nil && !Self.same(old[$0], new[$0]) }.sorted().map { "\(name) \($0) を変更" }
        let all = fresh + other + gone
        return all.isEmpty ? ["\(name)の順番を変更"] : all
    }

    private static func byKey(_ list: [[String: Any]], _ key: ([String: Any]) -> String) -> [String: Any] {
        Dictionary(list.map { (key($0), $0 as Any) }, uniquingKeysWith: { first, _ in first })
    }

    private static func byID(_ paper: TownPaper, _ key: String) -> [String: Any] {
        byKey(paper.object[key] as? [[String: Any]] ?? []) { "\($0["id"] ?? "")" }
    }

    private static func districts(_ paper: TownPaper) -> [String: Any] {
        Dictionary(
            (paper.object["districts"] as? [Any] ?? []).map { district in
                ((district as? [String: Any])?["name"] as? String ?? district as? String ?? "", district)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Names of districts that are no more.
    func lostDistricts(from old: TownPaper) -> Set<String> {
        Set(Self.districts(old).keys).subtracting(Self.districts(self).keys)
    }
}
