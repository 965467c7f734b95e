/// The first start of a town: what has been answered so far, step by step, in a file beside the settings. The file that a
/// script hands over is the same file, so that what one person began another goes on with.
///
///     town ▸ areas ▸ districts ▸ shelters ▸ channels ▸ people ▸ drill
///       └────────────┴─ what the settings will say ─┘      └─ what was done: never a password, never a key
import AlertModel
import ChannelKit
import Codes
import Foundation
import Yams

struct FirstStart: Codable, Sendable {
    /// A list of shelters as a file: `{file: 避難所.csv, list: 避難所, map: ["USER_施設名称=施設名称"]}`.
    struct ShelterFile: Codable, Sendable, Hashable {
        var file: String
        var list: String?
        var map: [String]?
    }

    struct Person: Codable, Sendable {
        var name: String
        /// 防災課長 unless said: who may do everything a town does, and let others in.
        var role: [String]?
    }

    /// What needs no second time.
    struct Done: Codable, Sendable {
        /// Files whose shelters are in the record.
        var shelters: [String]?
        /// Who was let in; empty where nobody is wanted here.
        var person: String?
        /// `channel/id`: `ok`, or why nobody answered.
        var links: [String: String]?
        /// The first drill's alert.
        var drill: String?
        /// SHA-256 of the settings as they were written: what a person changed in them since is theirs.
        var settings: String?
    }

    var listen: String?
    var public_address: String?
    var data: String?
    var cap: Settings.CAPSettings?
    /// As under `towns:` in the settings.
    var town: Settings.TownSettings?
    /// Empty: later.
    var shelter_files: [ShelterFile]?
    var person: Person?
    var done: Done?
}

/// A step of it, in the order people take them.
enum StartStep: String, CaseIterable, Sendable {
    case town, areas, districts, shelters, channels, people, drill

    var japanese: String {
        switch self {
        case .town: "市町村"
        case .areas: "区域"
        case .districts: "地区"
        case .shelters: "避難所"
        case .channels: "経路"
        case .people: "人と金庫の鍵"
        case .drill: "はじめての訓練"
        }
    }
}

extension FirstStart {
    enum State: String, Sendable {
        case done, missing
        /// Answered, and something of it has still to come.
        case notYet = "not-yet"

        var japanese: String {
            switch self {
            case .done: "済み"
            case .missing: "まだ"
            case .notYet: "あとで"
            }
        }
    }

    /// Where a step stands, and a word about it.
    func state(_ step: StartStep) -> (state: State, words: String) {
        switch step {
        case .town:
            guard let town, town.roman_name != nil else { return (.missing, "市町村コードと名前 (code and name)") }
            return (.done, "\(town.code) \(town.name ?? "") \(town.roman_name ?? "")")
        case .areas:
            guard let own = town?.tsunami_areas else { return (.missing, "津波予報区 (tsunami forecast regions)") }
            return (.done, own.isEmpty ? "津波予報区なし (no tsunami forecast region)" : "津波予報区 \(own.joined(separator: ", "))")
        case .districts:
            guard let own = town?.districts else { return (.missing, "避難情報を出す地区 (districts)") }
            return (.done, own.isEmpty ? "地区に分けない (none)" : "\(own.count)地区")
        case .shelters:
            if let own = town?.shelters, !own.isEmpty, shelter_files == nil { return (.done, "\(own.count)施設") }
            guard let files = shelter_files else { return (.missing, "避難所のCSV (a list of shelters)") }
            guard !files.isEmpty else { return (.notYet, "あとで: noroshi shelters import (later)") }
            let waiting = files.map(\.file).filter { done?.shelters?.contains($0) != true }
            return waiting.isEmpty ? (.done, "\(files.count)枚の名簿") : (.missing, "読み込んでいない名簿: \(waiting.joined(separator: ", ")) (not taken in)")
        case .channels:
            guard let ends = town?.endpoints, !ends.isEmpty else { return (.missing, "送り先 (far ends)") }
            let silent = ends.map { "\($0.channel)/\($0.id)" }.filter { done?.links?[$0] != "ok" }
            return silent.isEmpty ? (.done, "\(ends.count)か所、すべて確かめた") : (.notYet, "返事がない、または確かめていない: \(silent.joined(separator: ", ")) (no answer yet)")
        case .people:
            guard let name = done?.person else { return (.missing, "最初の人 (the first person)") }
            return (.done, name)
        case .drill:
            guard let alert = done?.drill else { return (.missing, "訓練を一つ出す (a first drill)") }
            return (.done, alert)
        }
    }

    /// Given answers over those that were kept; what was done stays done.
    func taking(_ given: FirstStart) -> FirstStart {
        var all = self
        all.listen = given.listen ?? listen
        all.public_address = given.public_address ?? public_address
        all.data = given.data ?? data
        all.cap = given.cap ?? cap
        all.town = given.town ?? town
        all.shelter_files = given.shelter_files ?? shelter_files
        all.person = given.person ?? person
        return all
    }
}

// MARK: - The file

extension FirstStart {
    static func read(_ path: String) throws(SettingsError) -> FirstStart {
        do {
            let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
            let watched = try YAMLDecoder().decode(Watched<FirstStart>.self, from: text)
            let start = watched.value
            if let town = start.town {
                try Settings.refuse(watched.strangers, start.settings(town), text, path, Channels.all.map(\.manifest)) { Array(["town"] + $0.dropFirst(2)) }
            } else {
                try Settings.refuse(watched.strangers, Settings(towns: []), text, path, []) { $0 }
            }
            return start
        } catch let error as SettingsError {
            throw error
        } catch let error as DecodingError {
            throw SettingsError("\(path): \(Settings.words(error))")
        } catch {
            throw SettingsError("\(path): 読めません: \(error.localizedDescription) (cannot be read)")
        }
    }

    /// For its owner's eyes: far ends' secrets are in it.
    func write(_ path: String) throws(CannotWrite) {
        let head = "# noroshi town init の控えです。もう一度 noroshi town init とすると、続きから始まります。\n# (What noroshi town init was told so far; run it again to go on. It may hold secrets of far ends.)\n"
        try Self.keep(head + Self.yaml(self), path)
    }

    static func keep(_ text: String, _ path: String) throws(CannotWrite) {
        umask(0o077)
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CannotWrite(reason: "\(path) を書けません: \(error.localizedDescription) (cannot be written)")
        }
    }

    static func yaml(_ value: some Encodable) -> String {
        let encoder = YAMLEncoder()
        encoder.options.allowUnicode = true
        encoder.options.width = -1
        return (try? encoder.encode(value)) ?? ""
    }

    /// The settings of a hub that serves this town alone.
    func settings(_ town: Settings.TownSettings) -> Settings {
        Settings(cap: cap, listen: listen, public_address: public_address, data: data, towns: [town])
    }

    func settingsText(_ town: Settings.TownSettings) -> String {
        """
        # noroshi town init が書きました。直したら noroshi check --config FILE で確かめ、ハブを再起動してください。
        # すべての項目の例は deploy/noroshi.example.yaml にあります。
        # (Written by noroshi town init. After a change: noroshi check --config FILE, then restart the hub.)

        """ + Self.yaml(settings(town))
    }
}
