import AlertModel
import ArgumentParser
import ChannelKit
import Desk
import Devices
import Foundation
import Hub
import Logging

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "ハブ。記録はDIRの中のSQLite、端末の受け口も同じプロセス。--config がなければ実演の町 "
            + "(the hub: SQLite in DIR, edge inside the same process; without --config: the demonstration town)")

    @Option(help: "設定ファイル（YAML） (settings file)") var config: String?
    @Option(help: "記録とページのフォルダー (folder for the ledger and the pages)") var data: String?
    @Option(help: "待ち受ける HOST:PORT (to listen on)") var listen: String?
    @Option(help: "文面のフォルダー (folder of templates)") var templates: String?
    @Option(name: .customLong("log-format"), help: "ログの形。text か json (form of the log lines on standard error)") var log_format = HubLogging.Format.text
    @Flag(help: .hidden) var benchmark = false

    func run() async throws {
        let logger = HubLogging.start(log_format)
        Descriptors.raise(logger)
        do {
            let settings = try config.map { path throws(SettingsError) in try Settings.read(path) }
                ?? DemonstrationTown.settings()
            var operators = try settings.makeOperators()
            var token: String?
            if config == nil {
                let made = ProcessInfo.processInfo.environment["NOROSHI_TOKEN"] ?? DeviceRegister.randomToken()
                operators.append(Operator(name: "demonstration", tokenDigest: DeviceRegister.digest(made)))
                token = made
            }
            let (host, port) = try Address.parse(listen ?? settings.listen ?? "127.0.0.1:8480")
            let folder = data ?? settings.data ?? "./data"
            let program = try await HubProgram.make(
                .init(
                    settings: settings, data: URL(filePath: folder),
                    templates: try TemplateFolder.open(templates ?? settings.templates, settings.spoken), host: host, port: port,
                    operators: operators, hasBenchmarkDoor: benchmark),
                logger: logger)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await program.run() }
                guard let early = await program.door.heard() else { return }
                if !program.hub.start.isOpen {
                    Terminal.complain("記録を読んでいます。読み終わるまで 503 で答えます (reading the record; answers 503 on port \(early) until that is done)")
                }
                guard let bound = await program.port.heard() else { return }
                Terminal.complain("noroshi listens on http://\(host):\(bound), data in \(folder)")
                if let token { Terminal.complain("operator's token: \(token)") }
            }
        } catch let error as SettingsError {
            throw Exit.with(Exit.badSettings, error.reason)
        } catch let error as CannotWrite {
            throw Exit.with(Exit.cannotWrite, error.reason)
        } catch let error as UndecidedCopy {
            throw Exit.with(Exit.changed, error.words)
        }
    }
}

/// `HOST:PORT`, `[::1]:PORT`.
enum Address {
    static func parse(_ text: String) throws(SettingsError) -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon != text.startIndex
        else { throw SettingsError("listen: 「\(text)」は HOST:PORT ではありません (no HOST:PORT)") }
        return (text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port)
    }

    /// Whether a hub could listen there: the name leads somewhere. What `serve` would end with, `check` says before.
    static func check(_ text: String) throws(SettingsError) {
        let (host, port) = try parse(text)
        var hints = addrinfo(), found: UnsafeMutablePointer<addrinfo>?
        hints.ai_flags = AI_PASSIVE
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0 else {
            throw SettingsError("listen: 「\(host)」というホストは見つかりません。このマシンの番地か 127.0.0.1 か 0.0.0.0 を書いてください (no such host: \(String(cString: gai_strerror(code))))")
        }
    }
}

enum TemplateFolder {
    /// The folder said, or the first of: ./Templates, beside the program and its parents, /usr/share/noroshi/Templates.
    static func find(_ said: String?) throws(SettingsError) -> URL {
        if let said { return URL(filePath: said) }
        if let found = TemplatePlace.found { return found }
        throw SettingsError("文面のフォルダーが見つかりません。--templates で場所を書いてください (no folder of templates found)")
    }

    /// Which of the languages there are words for are spoken.
    enum Spoken {
        /// Those whose own file says so.
        case usual
        case these([String])
        case everyOne
    }

    /// The folder, whose words of screens and readings are this program's from now on. Before anything asks a channel what it speaks.
    static func open(_ said: String?, _ spoken: Spoken = .usual) throws(SettingsError) -> URL {
        let folder = try find(said)
        do throws(ScreenWordsProblem) {
            let there = try ScreenLanguages(folder: folder.appending(path: "screens"))
            switch spoken {
            case .usual: ScreenLanguages.use(there)
            case .these(let tags): ScreenLanguages.use(try there.speaking(tags))
            case .everyOne: ScreenLanguages.use(there.everyOne)
            }
        } catch {
            throw SettingsError(error.description)
        }
        do throws(ReadingsProblem) {
            Readings.use(try Readings.read(in: folder))
        } catch {
            throw SettingsError(error.description)
        }
        return folder
    }
}

extension Settings {
    var spoken: TemplateFolder.Spoken { languages.map { .these($0) } ?? .usual }

    func watcherDigest() throws(SettingsError) -> String? {
        guard let digest = metrics_token_sha256?.lowercased() else { return nil }
        guard digest.utf8.count == 64, digest.allSatisfy(\.isHexDigit) else {
            throw SettingsError("metrics_token_sha256: トークンのSHA-256を、16進64桁で書いてください (the SHA-256 of the token, 64 hex digits)")
        }
        return digest
    }

    func makeOperators() throws(SettingsError) -> [Operator] {
        var made: [Operator] = []
        for person in operators ?? [] {
            guard person.token_sha256.utf8.count == 64, person.token_sha256.allSatisfy(\.isHexDigit) else {
                throw SettingsError("operators: \(person.name): token_sha256 には、トークンのSHA-256を、16進64桁で書いてください "
                    + "(the SHA-256 of the token, 64 hex digits)")
            }
            var towns: Set<TownID>?
            if let codes = person.towns {
                towns = []
                for code in codes {
                    guard let town = TownID(code) else { throw SettingsError("operators: \(person.name): 「\(code)」という市町村はありません (no such town)") }
                    towns?.insert(town)
                }
            }
            let digest = person.token_sha256.lowercased()
            // The placeholder of the example file belongs to nobody.
            if let other = made.first(where: { $0.credential == digest }), !digest.allSatisfy({ $0 == "0" }) {
                throw SettingsError("operators: \(person.name): \(other.name) と同じトークンです (the same token as another's)")
            }
            made.append(Operator(name: person.name, tokenDigest: digest, towns: towns, scopes: try Self.scopes(of: person)))
        }
        return made
    }

    private static func scopes(of person: OperatorSettings) throws(SettingsError) -> Set<Scope>? {
        guard let written = person.scopes else { return nil }
        var scopes: Set<Scope> = []
        for word in written {
            guard let scope = Scope(rawValue: word) else {
                throw SettingsError("operators: \(person.name): scopes: \(unknown(word, among: Scope.allCases.map(\.rawValue)))")
            }
            scopes.insert(scope)
        }
        guard !scopes.isEmpty else {
            throw SettingsError("operators: \(person.name): scopes: 空です。権限を書くか、行を消してください (empty: name scopes or leave it out)")
        }
        return scopes
    }
}
