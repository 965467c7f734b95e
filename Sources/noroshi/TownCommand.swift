import AlertModel
import ArgumentParser
import Certificates
import Foundation
import LedgerStore

/// A town from nothing; and a town as one file, out of one hub's data folder and into another's.
struct TownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "town", abstract: "町を始める、一つのファイルとして移す (starts a town; moves one as one file)",
        discussion: """
            noroshi town init                                                          町を一から始めます（途中でやめても、次は続きから）
            noroshi town export 042056 --data /var/lib/noroshi --out kesennuma.town    （動いているハブの隣でも読めます）
            noroshi town import kesennuma.town --data /var/lib/noroshi                 （受け取るハブは止めておきます）

            移すのは、記録、いまの状況、避難所、端末の登録、その町だけの人です。設定ファイルの towns は移しません（操作卓で変えた町の設定は記録なので移ります）。元のハブの設定から町を外し、新しいハブの設定に
            書いてから起動してください。二つのハブが同じ町を同時に受け持ってはいけません。ファイルには住民には見せない記録と、トークンの要約、町の署名の鍵が入っています。中継の証明書の認証局の鍵（town-ca）は入っていません。手で移します。
            (The record, the standing, shelters, devices, and people of this town alone. The settings file is not moved, what was changed at the desk is; take the town out of the old
            hub's settings and put it into the new one's. Two hubs must never serve one town. The town's own key is in it: keep the file as you keep the record. The key of its certificate
            authority, in town-ca, is not: carry it by hand.)
            """,
        subcommands: [Init.self, SettingsOfTown.self, Key.self, Authority.self, Export.self, Import.self])

    /// The key by which tablets know what the town says.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "タブレットに出すものに署名する町の鍵：指紋を見る、新しくする (the town's key for what tablets are told: its fingerprint, or a new one)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "町の6桁の番号 (6-digit code)") var town: String
        @Flag(help: "新しい鍵にする。端末は、前の鍵の署名を見てついてくる。前の鍵の署名は40日有効 (another key; tablets follow by the old one's signature)") var new = false
        @Flag(help: "--new と：前の鍵を人に知られたとき。前の鍵の署名は、いまから無効 (with --new: what the old key signed holds no longer)") var takenBack = false

        func run() async throws {
            guard new || !takenBack else { throw Exit.with(Exit.usage, "--taken-back は --new と一緒に書いてください (with --new)") }
            let path = "/v1/towns/\(HubClient.step(town))/key"
            let value = new
                ? try await hub.client().send("POST", path, body: Array(JSONLine.text(["taken_back": takenBack]).utf8)) : try await hub.client().get(path)
            guard hub.format == .table, let page = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            let keys = page["keys"] as? [[String: Any]] ?? []
            Terminal.say("指紋  \(page["fingerprint"] as? String ?? "")   \(keys.count)番目の鍵、\(keys.last?["at"] as? String ?? "")から (fingerprint)")
        }
    }

    /// The authority behind the certificates of the town's edges.
    struct Authority: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ca",
            abstract: "中継機の証明書を出す町の認証局：指紋を見る、新しくする (the town's certificate authority for its edges: its fingerprint, or a new one)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "町の6桁の番号 (6-digit code)") var town: String
        @Flag(help: "新しくする。前のものは400日、一緒に信頼される (another one; the old one is trusted beside it for 400 days)") var new = false
        @Option(help: "--new と：証明書に書いてよい町のドメイン。いくつでも。言わなければ前のまま (with --new: a domain of the town's own that certificates may name; repeat it)") var domain: [String] = []
        @Flag(help: "--new と：前の鍵を人に知られたとき。前のものは、いまから信頼しない。タブレットには新しいものを入れ直す (with --new: the old one is trusted no longer; tablets take the new one in by hand)") var takenBack = false
        @Option(help: "この名前かアドレスの証明書を出す。公の名前のないハブの nginx のために。いくつでも (a certificate for this name or address, for the nginx of a hub without a public name; repeat it)") var issue: [String] = []
        @Option(help: "--issue と：鍵（key.pem）と証明書（certificate.pem）を置くフォルダー。鍵は、あればそのまま (with --issue: the folder of key.pem, which stays where there is one, and certificate.pem)") var out: String?
        @Flag(help: "証明書をPEMで出す (prints the certificates as PEM)") var pem = false

        func run() async throws {
            guard issue.isEmpty == (out == nil), issue.isEmpty || !new else { throw Exit.with(Exit.usage, "--issue と --out は一緒に、--new とは別に書いてください (--issue with --out, without --new)") }
            if let out { return try await issue(URL(filePath: out)) }
            guard new || !takenBack && domain.isEmpty else { throw Exit.with(Exit.usage, "--taken-back と --domain は --new と一緒に書いてください (with --new)") }
            let path = "/v1/towns/\(HubClient.step(town))/ca"
            var wish: [String: Any] = ["taken_back": takenBack]
            if !domain.isEmpty { wish["domains"] = domain }
            let value = new ? try await hub.client().send("POST", path, body: Array(JSONLine.text(wish).utf8)) : try await hub.client().get(path)
            let page = value as? [String: Any] ?? [:]
            let all = page["authorities"] as? [[String: Any]] ?? []
            if pem { return Terminal.say(all.compactMap { $0["pem"] as? String }.joined().trimmingCharacters(in: .newlines)) }
            guard hub.format == .table else { return Terminal.say(JSONLine.text(value)) }
            for one in all {
                let domains = (one["domains"] as? [String] ?? []).joined(separator: "、")
                Terminal.say("\(one["number"] ?? "")番目  \(one["trusted_until"] as? String ?? "")まで\(domains.isEmpty ? "" : "  \(domains)")\n指紋  \(one["fingerprint"] as? String ?? "") (SHA-256)")
            }
            if page["signs"] as? Bool == false {
                Terminal.say("注意: この認証局の鍵が、このハブにありません。しまってある鍵を記録フォルダーの town-ca へ戻すまで、証明書は出ません (its key is not at this hub: no certificates until it is back)")
            }
            Terminal.say("タブレットに入れるもの  \(page["trust_url"] as? String ?? "") (what tablets take in)")
        }

        /// The key is made here and goes nowhere.
        private func issue(_ folder: URL) async throws {
            umask(0o077)
            let key: ServingKey
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                key = try ServingKey.open(in: folder, name: "key.pem")
            } catch {
                throw Exit.with(Exit.cannotWrite, "\(folder.path): \(error)")
            }
            let wish: [String: Any] = ["csr": try key.request(), "hosts": issue]
            let value = try await hub.client().send("POST", "/v1/towns/\(HubClient.step(town))/ca/certificates", body: Array(JSONLine.text(wish).utf8))
            let page = value as? [String: Any] ?? [:]
            do {
                try Data((page["certificate"] as? String ?? "").utf8).write(to: folder.appending(path: "certificate.pem"), options: .atomic)
            } catch {
                throw Exit.with(Exit.cannotWrite, "\(folder.path): \(error.localizedDescription)")
            }
            Terminal.say(hub.format == .json ? JSONLine.text(value) : "証明書  \(folder.path)/certificate.pem、\(page["not_after"] as? String ?? "")まで。新しくするのは \(page["renew_after"] as? String ?? "") から (issued)")
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "町を一つのファイルにする (writes a town into one file)")
        @Argument(help: "町の6桁の番号 (6-digit code)") var town: String
        @Option(help: "ハブの記録フォルダー (the hub's data folder)") var data: String
        @Option(help: "書くファイル (the file to write)") var out: String
        @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

        func run() throws {
            // What lies in it is nobody else's on this machine.
            umask(0o077)
            guard let id = TownID(town) else { throw Exit.with(Exit.usage, "「\(town)」は市町村コードではありません。6桁です (no local government code)") }
            try RecordKeeping.refuseElsewhere(URL(filePath: data))
            let contents = try TownCommand.telling { () throws(TownFile.Failure) in
                try TownExport(id, data: URL(filePath: data).path).write(to: URL(filePath: out).path, now: Date())
            }
            TownCommand.say(contents, format, "\(out) に書きました (written)")
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "町のファイルを、止めてあるハブの記録に入れる。何も送らない (takes a town's file into the record of a hub that does not run; sends nothing)")
        @Argument(help: "町のファイル (the town's file)") var file: String
        @Option(help: "受け取るハブの記録フォルダー (the data folder of the hub that receives it)") var data: String
        @Flag(help: "確かめるだけで、何も変えない (only looks, changes nothing)") var dryRun = false
        @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

        func run() async throws {
            let folder = URL(filePath: data)
            try RecordKeeping.refuseElsewhere(folder)
            do throws(CannotWrite) {
                try DataFolder.claim(folder)
            } catch {
                throw Exit.with(Exit.cannotWrite, error.reason)
            }
            do throws(TownFile.Failure) {
                let contents = try await TownImport(URL(filePath: file).path, data: folder.path).run(isTrial: dryRun, now: Date())
                TownCommand.say(contents, format, contents.wasHere ? "もう入っています。何も変えていません (it is here already; nothing was changed)" : dryRun ? "入れられます (it can be taken)" : "入れました。何も送っていません (taken; nothing was sent)")
            } catch {
                throw TownCommand.exit(error)
            }
        }
    }

    private static func telling<Value>(_ body: () throws(TownFile.Failure) -> Value) throws -> Value {
        do throws(TownFile.Failure) {
            return try body()
        } catch {
            throw exit(error)
        }
    }

    private static func exit(_ failure: TownFile.Failure) -> any Error {
        let code: Int32 =
            switch failure {
            case .notWhole: Exit.badData
            case .occupied: Exit.changed
            case .disk: Exit.cannotWrite
            }
        return Exit.with(code, failure.description)
    }

    private static func say(_ contents: TownFile.Contents, _ format: OutputFormat, _ words: String) {
        guard format == .table else {
            return Terminal.say(JSONLine.text([
                "town": contents.town, "alerts": contents.alerts, "deliveries": contents.deliveries, "facts": contents.facts, "devices": contents.devices,
                "notes": contents.notes, "held": contents.held, "left": contents.left.sorted(), "was_here": contents.wasHere,
            ]))
        }
        Terminal.say("市町村 \(contents.town)  情報 \(contents.alerts)、配信 \(contents.deliveries)、端末 \(contents.devices)、記録の最後は \(contents.facts) 番。\(words)")
        if contents.held > 0 { Terminal.say("終わっていなかった配信 \(contents.held) 件を保留にしました。起動してから noroshi held で決めてください (held: release or drop them after the start)") }
        if !contents.left.isEmpty {
            Terminal.say("移していない人: \(contents.left.sorted().joined(separator: "、"))。ほかの町でも働いているか、同じ名前の人がもういます (people who stay: they work elsewhere too, or their name is taken)")
        }
    }
}
