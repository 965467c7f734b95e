import AlertModel
import ChannelKit
import Codes
import Desk
import Dispatching
import Foundation
import Hub
import HubAPI
import Ingest
import Ledger
import LedgerStore
import Logging

/// What goes into the record: shelters from their lists, the first person and the keys for the safe. Through the hub where it runs,
/// beside it where it does not.
extension TownStart {
    /// The record's folder: that of the settings.
    var folder: URL { URL(filePath: start.data ?? "./data") }

    // MARK: shelters

    mutating func shelterFiles() async throws {
        guard let town = start.town else { return }
        if interview.isHeld, start.shelter_files == nil, (town.shelters ?? []).isEmpty { try askShelters() }
        let waiting = (start.shelter_files ?? []).filter { start.done?.shelters?.contains($0.file) != true }
        guard !waiting.isEmpty, town.tsunami_areas != nil, town.districts != nil else { return }
        try writeSettings()
        for file in waiting {
            let octets: [UInt8]
            do throws(Refusal) {
                octets = try InputFile.read(file.file)
            } catch {
                throw Exit.with(Exit.badData, "\(file.file): \(error.reason)")
            }
            // Shown before, also to a script: what was mended and refused stands nowhere else.
            for line in try await shelters(octets, file, dryRun: true) { Terminal.complain(line) }
            if interview.isHeld, try !interview.agrees("この名簿を取り込みますか (take this list in?)") { continue }
            let lines = try await shelters(octets, file, dryRun: false)
            Terminal.complain(lines.last ?? "")
            start.done = with { $0.shelters = ($0.shelters ?? []) + [file.file] }
            try start.write(notes)
        }
    }

    private mutating func askShelters() throws {
        var files: [FirstStart.ShelterFile] = []
        while true {
            let file = try interview.ask("避難所のCSVのファイル（\(files.isEmpty ? "あとでなら" : "終わりは") Enter） (a CSV of shelters, or Enter)")
            guard !file.isEmpty else { break }
            guard FileManager.default.fileExists(atPath: file) else {
                Terminal.complain("\(file) がありません (no such file)")
                continue
            }
            files.append(.init(file: file))
        }
        start.shelter_files = files
    }

    /// The import's own report.
    private func shelters(_ octets: [UInt8], _ file: FirstStart.ShelterFile, dryRun: Bool) async throws -> [String] {
        guard let settings = start.town else { return [] }
        let name = URL(filePath: file.file).lastPathComponent
        guard try !isRunning() else {
            let query = HubClient.query(
                [("name", name), ("list", file.list), ("dry_run", dryRun ? "true" : nil)] + (file.map ?? []).map { ("map", $0) })
            let report = try await keeper.send("POST", "/v1/towns/\(settings.code)/shelters/import" + query, octets: octets, type: "text/csv")
            return SheltersCommand.Import.lines(report as? [String: Any] ?? [:])
        }
        var order = ShelterImportOrder()
        (order.fileName, order.list, order.map, order.isDryRun) = (name, file.list, file.map ?? [], dryRun)
        guard let town = try scene()?.towns.all.first else { return [] }
        return try await Self.opening(folder) { ledger in
            let register = ShelterRegister(notebook: ledger, towns: [town])
            do throws(DeskFailure) {
                let (report, next) = try register.plan(octets, for: town, order, codes, open: [])
                // Which of them are open only the hub knows.
                guard report.removed.isEmpty || dryRun else {
                    throw DeskFailure.conflict("前の名簿から\(report.removed.count)施設が外れます。ハブを動かして noroshi shelters import で入れ替えてください (the list before it would lose shelters: start the hub and import it there)")
                }
                if !dryRun { try keep(next, report.name, town, register) }
                let octets = (try? JSONEncoder().encode(ShelterImportShape(report, town.id, codes))) ?? Data()
                let shape = try? JSONSerialization.jsonObject(with: octets)
                return SheltersCommand.Import.lines(shape as? [String: Any] ?? [:])
            } catch {
                throw Exit.with(Exit.badData, "\(file.file): \(error.words)")
            }
        }
    }

    private func keep(_ next: [AlertModel.Shelter], _ list: String, _ town: Town, _ register: ShelterRegister) throws(DeskFailure) {
        do {
            try register.keep(next, list, of: town)
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    /// The record of a folder whose hub does not run, with what was written in it on disk afterwards.
    private static func opening<Value>(_ folder: URL, _ body: (SQLiteLedger) async throws -> Value) async throws -> Value {
        try RecordKeeping.refuseElsewhere(folder)
        let ledger = try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path, logger: Logger(label: "noroshi", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            let value = try await body(ledger)
            try await ledger.flush().committed()
            await ledger.close()
            return value
        } catch {
            await ledger.close()
            throw error
        }
    }

    // MARK: people

    mutating func people() async throws {
        guard start.done?.settings != nil, start.done?.person == nil, let town = start.town, let id = TownID(town.code) else { return }
        if start.person == nil, interview.isHeld {
            let name = try interview.ask("最初の人の名前（あとでなら Enter） (the first person's name, or Enter)")
            if !name.isEmpty { start.person = .init(name: name) }
        }
        guard let person = start.person else { return }
        let roles = person.role ?? [Role.chief.rawValue], password = try GivenPassword.read(fromInput: false)
        var shown: [String: Any]
        var keys: [String]
        if try isRunning() {
            var wish: [String: Any] = ["name": person.name, "roles": roles, "towns": [town.code]]
            wish["password"] = password
            shown = try await keeper.send("POST", "/v1/users", wish) as? [String: Any] ?? [:]
            let answer = try await keeper.send("POST", "/v1/towns/\(town.code)/safe-keys", [:]) as? [String: Any]
            keys = answer?["keys"] as? [String] ?? []
        } else {
            let duties = try UserCommand.duties(roles, [town.code])
            let made = try await LocalKey.opening(folder) { people in
                let made = try await people.add(person.name, duties, password: password, withCode: false, by: LocalKey.keeper, now: Date())
                return (made.account, made.password, try people.makeSafeKeys(id, by: LocalKey.keeper))
            }
            shown = ["name": made.0.name, "roles": made.0.duties.map { ["role": $0.role.rawValue, "name": $0.role.japanese, "towns": [town.code]] }]
            shown["password"] = made.1
            keys = made.2
        }
        start.done = with { $0.person = person.name }
        try start.write(notes)
        UserCommand.say(shown, keeper.hub.format)
        UserCommand.SafeKeys.say(keys, of: town.code, keeper.hub.format)
        if interview.isHeld { _ = try interview.ask("パスワードと鍵を控えたら Enter（もう表示されません） (write both down, then Enter)") }
    }

    // MARK: the hub

    var keeper: KeeperOptions {
        var keeper = wish.keeper
        keeper.data = folder.path
        // The hub of these settings, unless another is said.
        if keeper.hub.link.place.hub == nil, ProcessInfo.processInfo.environment["NOROSHI_HUB"] == nil,
            let listen = start.listen, let place = try? Address.parse(listen), place.port > 0 {
            keeper.hub.link.place.hub = HubAddress.isHere(place.host) ? "http://\(listen)" : "http://127.0.0.1:\(place.port)"
        }
        return keeper
    }

    private func isRunning() throws -> Bool { try neighbour.isRunning { try keeper.isRunning(folder, makes: true) } }
}

/// Whether a hub has the folder: asked once, since the second time this very program has it.
final class Neighbour {
    private var known: Bool?
    func isRunning(_ look: () throws -> Bool) rethrows -> Bool {
        if let known { return known }
        let isRunning = try look()
        known = isRunning
        return isRunning
    }
}

extension DeskFailure {
    /// Without the names of fields, which a file has not.
    fileprivate var words: String {
        guard case .invalid(let fields) = self else { return description }
        return fields.map(\.detail).joined(separator: "; ")
    }
}
