import AlertModel
import ArgumentParser
import Desk
import Foundation

/// A hub by address and token, or the hub on this machine by its data folder.
struct KeeperOptions: ParsableArguments {
    @OptionGroup var hub: HubOptions
    @Option(help: "このマシンのハブの記録フォルダー。最初の人を作るときに使います (this machine's hub, by its data folder: for the first account)") var data: String?

    var folder: URL? { data.map { URL(filePath: $0) } }

    /// Over HTTP, with this machine's own key where a data folder is named and its hub runs.
    func send(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any {
        try await send(method, path, octets: body.map { Array(JSONLine.text($0).utf8) } ?? [])
    }

    func send(
        _ method: String, _ path: String, octets: [UInt8], type: String = "application/json", headers: [(name: String, value: String)] = []
    ) async throws -> Any {
        try await client().send(method, path, body: octets, type: type, headers: headers)
    }

    func client() throws -> HubClient {
        let client = try hub.client()
        if let folder, hub.token == nil, let key = LocalKey.read(in: folder) {
            // This machine's key is for this machine's hub: whoever else gets it may do everything here.
            guard HubAddress.isHere(URLComponents(string: client.address)?.host ?? "") else {
                throw Exit.with(
                    Exit.usage, "\(client.address) は、このマシンのハブではありません。--data の鍵は送りません。その宛先のトークンを使ってください "
                        + "(not this machine's hub: the key of --data is not sent there)")
            }
            return HubClient(address: client.address, token: key, transport: client.transport)
        }
        return client
    }

    /// Whether a hub has the folder: then it is asked, and nobody else writes there.
    ///
    /// - Parameter makes: a folder that is not there yet is made; else it is a slip of the fingers.
    func isRunning(_ folder: URL, makes: Bool = false) throws -> Bool {
        guard FileManager.default.fileExists(atPath: folder.appending(path: "ledger.sqlite").path) else {
            guard makes || LocalKey.read(in: folder) != nil else {
                throw Exit.with(Exit.usage, "\(folder.path) に記録がありません。--data を確かめてください (no record there: check --data)")
            }
            if makes { Terminal.complain("\(folder.path) に新しい記録を作ります (a new record is made there)") }
            return try take(folder)
        }
        return try take(folder)
    }

    private func take(_ folder: URL) throws -> Bool {
        do throws(CannotWrite) {
            try DataFolder.claim(folder)
            return false
        } catch {
            guard LocalKey.read(in: folder) != nil else { throw Exit.with(Exit.cannotWrite, error.reason) }
            return true
        }
    }
}

/// A password that comes by the environment or standard input, never by the command line, which others can read.
enum GivenPassword {
    static func read(fromInput: Bool) throws -> String? {
        if fromInput {
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw Exit.with(Exit.usage, "標準入力にパスワードがありません (no password on standard input)")
            }
            return line
        }
        return ProcessInfo.processInfo.environment["NOROSHI_PASSWORD"]
    }
}

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "人と役割 (people and their roles)",
        discussion: """
            noroshi user add 佐藤 --role duty --town 042056 --data ./data   最初の人（ハブのあるマシンで）
            役割の一覧は noroshi roles (roles: noroshi roles)
            """,
        subcommands: [Add.self, List.self, RoleChange.self, Reset.self, Disable.self, Confirm.self, HandOver.self, SafeKeys.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "人を加える。最初のパスワードを一度だけ表示する (adds a person; the first password is shown once)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String
        @Option(help: "役割。duty、chief、press、school、prefecture、watcher、admin。何度でも (role; may be repeated)") var role: [String]
        @Option(help: "町の6桁の番号。何度でも。なければこのハブのすべての町 (6-digit code; may be repeated; without it every town)") var town: [String] = []
        @Flag(help: "6桁の確認コードも使う (also the six digits of a telephone)") var code = false
        @Flag(name: .customLong("password-stdin"), help: "パスワードを標準入力から読む (reads the password from standard input)") var password_stdin = false

        func run() async throws {
            let password = try GivenPassword.read(fromInput: password_stdin)
            guard let folder = keeper.folder, try !keeper.isRunning(folder, makes: true) else {
                var wish: [String: Any] = ["name": name, "roles": role, "code": code]
                if !town.isEmpty { wish["towns"] = town }
                wish["password"] = password
                return UserCommand.say(try await keeper.send("POST", "/v1/users", wish), keeper.hub.format)
            }
            let made = try await LocalKey.opening(folder) { people in
                try await people.add(
                    name, try UserCommand.duties(role, town), password: password, withCode: code, by: LocalKey.keeper, now: Date())
            }
            var shown: [String: Any] = ["name": made.account.name, "roles": made.account.duties.map { ["role": $0.role.rawValue, "name": $0.role.japanese, "towns": $0.towns as Any? ?? "all"] }]
            shown["password"] = made.password
            shown["code_address"] = made.codeAddress
            UserCommand.say(shown, keeper.hub.format)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "人の一覧 (the people)")
        @OptionGroup var keeper: KeeperOptions

        func run() async throws {
            let users: [[String: Any]]
            if let folder = keeper.folder, try !keeper.isRunning(folder) {
                users = try await LocalKey.opening(folder) { people in
                    people.accounts(for: LocalKey.keeper).map { account in
                        [
                            "name": account.name, "disabled": account.isDisabled, "code": account.hasCode,
                            "roles": account.duties.map { duty -> [String: Any] in
                                var shown: [String: Any] = ["role": duty.role.rawValue, "name": duty.role.japanese]
                                shown["towns"] = duty.towns
                                return shown
                            },
                        ]
                    }
                }
            } else {
                users = (try await keeper.send("GET", "/v1/users") as? [String: Any])?["users"] as? [[String: Any]] ?? []
            }
            guard keeper.hub.format == .table else { return users.forEach { Terminal.say(JSONLine.text($0)) } }
            guard !users.isEmpty else { return Terminal.say("だれも登録されていません (nobody)") }
            Terminal.say(Terminal.table([["名前 NAME", "役割 ROLES", "確認コード CODE", "最後 LAST SIGN-IN", "状態 STATE"]] + users.map { user in
                [
                    user["name"] as? String ?? "", UserCommand.roles(user), user["code"] as? Bool == true ? "あり" : "—",
                    user["last_sign_in_at"] as? String ?? "—", user["disabled"] as? Bool == true ? "停止 disabled" : "有効 active",
                ]
            }))
        }
    }

    struct RoleChange: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "role", abstract: "役割を変える。いまの役割は、書いたものに置き換わる (changes the roles; those said replace the old ones)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String
        @Option(help: "役割。何度でも (role; may be repeated)") var role: [String]
        @Option(help: "町の6桁の番号。何度でも (6-digit code; may be repeated)") var town: [String] = []

        func run() async throws {
            var wish: [String: Any] = ["roles": role]
            if !town.isEmpty { wish["towns"] = town }
            try await UserCommand.change(keeper, name, wish) { people in
                try people.change(name, try UserCommand.duties(role, town), by: LocalKey.keeper)
            }
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "新しいパスワードを作る。入っている人は出る (a new password; who is in is out)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String
        @Flag(help: "6桁の確認コードも新しくする (also new six digits)") var code = false
        @Flag(name: .customLong("password-stdin"), help: "パスワードを標準入力から読む (reads the password from standard input)") var password_stdin = false

        func run() async throws {
            let password = try GivenPassword.read(fromInput: password_stdin)
            guard let folder = keeper.folder, try !keeper.isRunning(folder) else {
                var wish: [String: Any] = ["reset": true]
                wish["password"] = password
                if code { wish["code"] = true }
                return UserCommand.say(
                    try await keeper.send("PATCH", "/v1/users/\(HubClient.step(name))", wish), keeper.hub.format)
            }
            let made = try await LocalKey.opening(folder) { people in
                try await people.reset(name, password: password, withCode: code ? true : nil, by: LocalKey.keeper, now: Date())
            }
            var shown: [String: Any] = ["name": made.account.name]
            shown["password"] = made.password
            shown["code_address"] = made.codeAddress
            UserCommand.say(shown, keeper.hub.format)
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "止める。入っている人は出る。--again で戻す (stops a person; --again lets them in again)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String
        @Flag(help: "また使えるようにする (lets in again)") var again = false

        func run() async throws {
            try await UserCommand.change(keeper, name, ["disabled": !again]) { people in
                try people.disable(name, !again, by: LocalKey.keeper)
            }
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "本人だと確かめた。作った人の出したものも承認できるようになる (somebody else has looked at who this is: from now on a second person for its maker too)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String

        func run() async throws {
            try await UserCommand.change(keeper, name, ["confirmed": true]) { people in
                try people.confirm(name, by: LocalKey.keeper)
                guard let account = people.account(name) else { throw PeopleFailure.notFound("「\(name)」という人はいません (nobody of this name)") }
                return account
            }
        }
    }

    struct HandOver: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hand-over", abstract: "自分の役割を引き継ぐ。その瞬間から相手の権限になる (one's own role becomes another's, at once)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "引き継ぐ相手の名前 (to whom)") var name: String
        @Option(help: "役割 (role)") var role: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            var wish: [String: Any] = ["role": role]
            wish["town"] = town
            let value = try await hub.client().send(
                "POST", "/v1/users/\(HubClient.step(name))/hand-over", body: Array(JSONLine.text(wish).utf8))
            UserCommand.say(value, hub.format)
        }
    }

    struct SafeKeys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "safe-keys", abstract: "金庫の鍵（一回ずつ使える符号10枚）を作る。前の鍵は使えなくなる (ten one-time codes for the safe; older ones open nothing any more)")
        @OptionGroup var keeper: KeeperOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String

        func run() async throws {
            let keys: [String]
            var waits = false
            if let folder = keeper.folder, try !keeper.isRunning(folder) {
                guard let id = TownID(town) else { throw Exit.with(Exit.usage, "「\(town)」は市町村コードではありません (no local government code)") }
                keys = try await LocalKey.opening(folder) { people in try people.makeSafeKeys(id, by: LocalKey.keeper) }
            } else {
                let answer = try await keeper.send("POST", "/v1/towns/\(town)/safe-keys", [:]) as? [String: Any]
                keys = answer?["keys"] as? [String] ?? []
                waits = answer?["approval"] != nil
            }
            Self.say(keys, of: town, waits: waits, keeper.hub.format)
        }

        static func say(_ keys: [String], of town: String, waits: Bool = false, _ format: OutputFormat) {
            guard format == .table else { return Terminal.say(JSONLine.text(["town": town, "keys": keys, "waits": waits])) }
            if waits { Terminal.say("ほかの人が承認するまで使えません。それまでは前の鍵が使えます (they open nothing until a second person has approved; the old ones do)") }
            Terminal.say("市町村 \(town) の金庫の鍵です。印刷し、封をして、金庫に入れてください。一枚で一回、パスワードがなくても入れます。")
            Terminal.say("(Keys for the safe: print, seal, lock away. Each opens once, without a password.)\n")
            for (number, key) in keys.enumerated() { Terminal.say("\(number + 1 < 10 ? " " : "")\(number + 1)  □ \(key)") }
        }
    }

    // MARK: pieces

    static func duties(_ roles: [String], _ towns: [String]) throws -> [Duty] {
        func id(_ code: String) throws -> TownID {
            guard let id = TownID(code) else { throw Exit.with(Exit.usage, "「\(code)」は市町村コードではありません。6桁です (no local government code)") }
            return id
        }
        let common = towns.isEmpty ? nil : try towns.map(id)
        // `chief@042056` names its own town.
        return try roles.map { written in
            let parts = written.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let role = Role(parts[0]) else {
                throw Exit.with(Exit.usage, "「\(written)」という役割はありません。noroshi roles で確かめてください (no such role)")
            }
            return Duty(role, towns: parts.count == 2 ? [try id(parts[1])] : common)
        }
    }

    private static func change(
        _ keeper: KeeperOptions, _ name: String, _ wish: [String: Any], _ local: (People) throws -> Account
    ) async throws {
        guard let folder = keeper.folder, try !keeper.isRunning(folder) else {
            return say(try await keeper.send("PATCH", "/v1/users/\(HubClient.step(name))", wish), keeper.hub.format)
        }
        let account = try await LocalKey.opening(folder) { people in try local(people) }
        say(["name": account.name, "disabled": account.isDisabled, "roles": account.duties.map { ["role": $0.role.rawValue, "name": $0.role.japanese] }], keeper.hub.format)
    }

    private static func roles(_ user: [String: Any]) -> String {
        (user["roles"] as? [[String: Any]] ?? []).map { role in
            let towns = role["towns"] as? [String]
            return "\(role["name"] as? String ?? "")（\(role["role"] as? String ?? "")\(towns.map { " " + $0.joined(separator: ",") } ?? "")）"
        }.joined(separator: " ")
    }

    static func say(_ value: Any, _ format: OutputFormat) {
        guard format == .table, let user = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
        Terminal.say("\(user["name"] as? String ?? "")  \(roles(user))\(user["disabled"] as? Bool == true ? "  停止 (disabled)" : "")")
        if let password = user["password"] as? String {
            Terminal.say("最初のパスワード  \(password)   もう表示されません。本人が入ってから変えてください (first password, shown once)")
        }
        if let approval = user["approval"] as? [String: Any] {
            Terminal.say("ほかの人の承認を待っています  \(approval["title"] as? String ?? "")  noroshi approvals approve \(approval["id"] as? String ?? "") (waits for a second person)")
        }
        if let address = user["code_address"] as? String {
            if let picture = user["code_qr_text"] as? String { Terminal.say(picture) }
            Terminal.say("確認コードの登録  \(address) (for the authenticator app; shown once)")
        }
    }
}

struct RolesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "roles", abstract: "役割と権限の表 (the table of roles and rights)")
    @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

    func run() {
        guard format == .table else {
            for role in Role.allCases {
                let rights = Dictionary((Role.table[role] ?? [:]).map { ($0.key.rawValue, $0.value.map(\.rawValue)) }, uniquingKeysWith: { $1 })
                Terminal.say(JSONLine.text(["role": role.rawValue, "name": role.japanese, "rights": rights]))
            }
            return
        }
        Terminal.say("役割ごとにできること。市町村は、人に役割を与えるときに決めます (what each role may do, in the towns it is given for)\n")
        let acts = DeskAct.allCases
        Terminal.say(Terminal.table([["役割 ROLE"] + acts.map { "\($0.japanese) \($0.rawValue)" }] + Role.allCases.map { role in
            ["\(role.japanese) \(role.rawValue)"] + acts.map { act in
                switch role.rights.modes(act).count {
                case 0: "—"
                case 1: "訓練"
                default: [.order, .shelter, .notice].contains(act) ? "本番・訓練" : "○"
                }
            }
        }))
    }
}
