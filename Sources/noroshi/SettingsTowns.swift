/// Towns of the record beside those of the settings file, read by the one reader of settings.
import AlertModel
import ChannelKit
import Codes
import Dispatching
import Foundation
import Hub
import Yams

extension Settings {
    /// A town as a document of the record.
    static func town(_ document: [UInt8], _ id: TownID) throws(SettingsError) -> TownSettings {
        let place = "町\(id)の設定"
        do {
            let text = "{\"towns\": [\(String(decoding: document, as: UTF8.self))]}"
            guard let town = try strict(text, path: place, channels: Channels.all.map(\.manifest)).towns.first else { throw SettingsError("\(place): 空です (empty)") }
            guard town.code == id.code else { throw SettingsError("\(place): code が \(town.code) です (another town's)") }
            return town
        } catch let error as SettingsError {
            throw error
        } catch let error as DecodingError {
            throw SettingsError("\(place): \(words(error))")
        } catch {
            throw SettingsError("\(place): \(error)")
        }
    }

    static func document(_ town: TownSettings) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(town)).map { [UInt8]($0) }
    }

    /// With the towns of the record, which count where both name one. A document that this program cannot read keeps no hub
    /// from starting: the file's town counts then, and that is said.
    func merged(_ book: [TownID: TownDocument]) -> (settings: Settings, said: [String], trouble: [String]) {
        var (merged, said, trouble) = (self, [String](), [String]())
        for (id, document) in book.sorted(by: { $0.key < $1.key }) {
            let place = merged.towns.firstIndex { $0.code == id.code }
            do throws(SettingsError) {
                let town = try Self.town([UInt8](document.octets), id)
                if let place { merged.towns[place] = town } else { merged.towns.append(town) }
                let last = document.changes.last
                said.append(
                    "町\(id)は、記録の設定（第\(document.version)版\(last.map { "、\($0.by)、\(JapanTime.text($0.at, milliseconds: false))" } ?? "")）で動きます"
                        + "\(place == nil ? "" : "。設定ファイルの同じ町より先です") (settings of the record, version \(document.version))")
            } catch {
                trouble.append("\(error.reason)。\(place == nil ? "この町は動きません" : "設定ファイルの町で動きます") (settings of the record cannot be read)")
            }
        }
        return (merged, said, trouble)
    }
}

/// Documents of the desk, looked at as a start would look at them.
struct SettingsTownReader: TownReader {
    /// The settings file.
    let file: Settings
    /// With the record's towns, as this run began.
    let started: Settings
    let codes: CodeTables
    let templates: String
    let book: TownBook

    func seed(of town: TownID) -> [UInt8]? { Self.document(town, in: file) }
    func started(with town: TownID) -> [UInt8]? { Self.document(town, in: started) }

    private static func document(_ id: TownID, in settings: Settings) -> [UInt8]? {
        settings.towns.first { $0.code == id.code }.flatMap(Settings.document)
    }

    func read(_ document: [UInt8], of id: TownID) throws(TownRefused) -> Town {
        do {
            let town = try Settings.town(document, id)
            // Beside the others: two towns may not have one spot.
            var all = file.merged(book.all.filter { $0.key != id }).settings
            all.towns.removeAll { $0.code == id.code }
            var alone = file
            alone.towns = [town]
            all.towns.append(town)
            _ = try all.makeTowns(codes: codes, channels: Channels.all.map(\.manifest))
            guard let made = try CheckScene(alone, codes: codes, templates: templates).towns[id] else { throw TownRefused("町\(id)がありません (no such town)") }
            return made
        } catch let error as TownRefused {
            throw error
        } catch let error as SettingsError {
            throw TownRefused(error.reason)
        } catch {
            throw TownRefused("\(error)")
        }
    }
}
