/// Where the record is kept: a file in the data folder, or a database elsewhere.
///
/// A folder says once and for all which of the two: a hub whose settings were changed by a slip of the finger would begin an empty record
/// beside the full one, without devices, people and what stands.
import ChannelKit
import Foundation
import Glibc
import Ledger
import LedgerPostgres
import LedgerStore
import Logging

enum RecordKeeping {
    /// In the folder of a hub whose record is in a database: where, and what this hub is called there.
    static let fileName = "ledger-elsewhere.json"
    static let localName = "ledger.sqlite"
    /// What the database has not taken yet.
    static let waitingName = "ledger-waiting.sqlite"

    private struct Elsewhere: Codable {
        var database: String
        var hub: String
    }

    /// Nil: the record is this folder's file.
    static func database(_ settings: Settings) throws(SettingsError) -> PostgresAddress? {
        guard let text = settings.ledger, text != "sqlite" else { return nil }
        guard PostgresAddress.isOne(text) else {
            throw SettingsError("ledger: 「\(text.prefix(40))」は sqlite でも postgresql://… でもありません (neither sqlite nor a PostgreSQL address)")
        }
        if try settings.copyDrill() != nil {
            throw SettingsError("copies.drill: PostgreSQLの記録の写しはこのプログラムでは作れません。データベースの側で作り（pg_dump、pgBackRest など）、戻せることも確かめてください (copies of a record on PostgreSQL are the database's own)")
        }
        do throws(PostgresAddress.Trouble) {
            return try PostgresAddress(text)
        } catch {
            throw SettingsError("ledger: \(error)")
        }
    }

    /// Of a hub that shares its record with others; nil of one that has it for itself.
    static func seat(_ settings: Settings, host: String, port: Int) throws(SettingsError) -> HubSeat? {
        guard let hub = settings.hub else { return nil }
        guard try database(settings) != nil else {
            throw SettingsError("hub: 記録を分け合うハブには ledger: postgresql://… が要ります (hubs share a record on PostgreSQL alone)")
        }
        guard (1...32).contains(hub.name.utf8.count), hub.name.utf8.allSatisfy({ "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }) else {
            throw SettingsError("hub.name: 「\(hub.name.prefix(40))」は英小文字・数字・- の1〜32字ではありません (1 to 32 of a-z, 0-9 and -)")
        }
        if hub.address == nil, ["0.0.0.0", "::", "[::]", ""].contains(host) {
            throw SettingsError("hub.address: \(host) はほかのハブから開ける住所ではありません。「http://このハブの名前:ポート」を書いてください (every address of this machine is none that another hub can send to)")
        }
        let address = hub.address ?? "http://\(host):\(port)"
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme), url.host() != nil, url.path().isEmpty else {
            throw SettingsError("hub.address: 「\(address.prefix(80))」は http(s)://ホスト:ポート ではありません (no http(s)://HOST:PORT)")
        }
        return HubSeat(name: hub.name, address: address)
    }

    static func open(_ settings: Settings, _ data: URL, isFirst: Bool, _ standby: StandbyDoor? = nil, _ logger: Logger) async throws(SettingsError) -> any Ledger {
        guard let address = try database(settings) else {
            if let known = read(data) {
                throw SettingsError("ledger: このフォルダーのハブの記録は PostgreSQL（\(known.database)）にあります。settings の ledger がありません (this folder's record is in a database: the setting is missing)")
            }
            do {
                return try SQLiteLedger(path: data.appending(path: localName).path, isFirst: isFirst, logger: logger)
            } catch {
                throw SettingsError("\(data.path)の記録を開けません: \(error) (the ledger does not open)")
            }
        }
        if FileManager.default.fileExists(atPath: data.appending(path: localName).path) {
            throw SettingsError(
                "ledger: このフォルダーには記録 \(localName) があります。それを PostgreSQL に移す手段はまだありません。新しいフォルダーで始めるか、ledger を sqlite に戻してください"
                    + " (this folder has a record in a file, and there is no way yet to move it into a database)")
        }
        let hub = try keep(address, data)
        do {
            let bid = standby.map { door in LeaseBid(address: door.seat.address) { door.standsBy($0) } }
            let name = standby.map { "\($0.seat.name)/\(hub)" } ?? hub
            return try await PostgresLedger.open(address, name: name, bid: bid, waiting: data.appending(path: waitingName).path, logger: logger)
        } catch {
            throw SettingsError("ledger: \(error)")
        }
    }

    private static func read(_ data: URL) -> Elsewhere? {
        (try? Data(contentsOf: data.appending(path: fileName))).flatMap { try? JSONDecoder().decode(Elsewhere.self, from: $0) }
    }

    /// The name of this folder's hub, made once.
    private static func keep(_ address: PostgresAddress, _ data: URL) throws(SettingsError) -> String {
        let known = read(data)
        let name = known?.hub ?? "\(ProcessInfo.processInfo.hostName)-\(String(UInt32.random(in: .min ... .max), radix: 16))"
        let new = Elsewhere(database: address.words, hub: name), file = data.appending(path: fileName)
        guard known?.database != new.database else { return name }
        do {
            try JSONEncoder().encode(new).write(to: file, options: .atomic)
        } catch {
            // Without it the next start would be another hub, and a slip in the settings an empty record.
            throw SettingsError("\(file.path) を書けません: \(error.localizedDescription) (cannot be written)")
        }
        return name
    }

    /// For whatever reads or writes the folder's own file.
    static func refuseElsewhere(_ data: URL) throws {
        guard let known = read(data) else { return }
        throw Exit.with(
            Exit.badData,
            "このフォルダーのハブの記録は PostgreSQL（\(known.database)）にあります。動いているハブに --hub で尋ねるか、データベースの道具を使ってください"
                + " (this hub's record is in a database: ask the running hub, or use the database's own tools)")
    }
}
