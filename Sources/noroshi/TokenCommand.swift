import ArgumentParser
import Foundation

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "プログラムのためのトークン (tokens for programs)", subcommands: [Add.self, List.self, Revoke.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "トークンを作る。一度だけ表示する (makes a token; it is shown once)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "名前 (name)") var name: String
        @Option(help: "権限。feed drill send approve devices read watch admin。何度でも (scope; may be repeated)") var scope: [String]
        @Option(help: "町の6桁の番号。何度でも。なければすべての町 (6-digit code; may be repeated; without it every town)") var town: [String] = []
        @Option(help: "期限。RFC 3339。なければ1年 (until; RFC 3339; without it a year)") var expires: String?

        func run() async throws {
            var wish: [String: Any] = ["name": name, "scopes": scope.flatMap { $0.split(separator: ",").map(String.init) }]
            if !town.isEmpty { wish["towns"] = town }
            wish["expires"] = expires
            let value = try await keeper.send("POST", "/v1/tokens", wish)
            guard keeper.hub.format == .table, let token = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            Terminal.say("番号 \(token["id"] as? String ?? "")  期限 \(token["expires"] as? String ?? "")")
            Terminal.say("トークン  \(token["token"] as? String ?? "")   もう表示されません (shown once)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "トークンの一覧 (the tokens)")
        @OptionGroup var keeper: KeeperOptions

        func run() async throws {
            let tokens = (try await keeper.send("GET", "/v1/tokens") as? [String: Any])?["tokens"] as? [[String: Any]] ?? []
            guard keeper.hub.format == .table else { return tokens.forEach { Terminal.say(JSONLine.text($0)) } }
            Terminal.say(Terminal.table([["番号 ID", "名前 NAME", "権限 SCOPES", "町 TOWNS", "期限 UNTIL", "状態 STATE"]] + tokens.map { token in
                [
                    token["id"] as? String ?? "", token["name"] as? String ?? "",
                    (token["scopes"] as? [String] ?? []).joined(separator: " "),
                    (token["towns"] as? [String])?.joined(separator: " ") ?? "すべて all", token["expires"] as? String ?? "",
                    token["revoked_at"] == nil ? "有効 active" : "失効 revoked",
                ]
            }))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "トークンをすぐに取り消す (cuts a token off, at once)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "トークンの番号 (the token's id)") var id: String

        func run() async throws {
            _ = try await keeper.send("DELETE", "/v1/tokens/\(HubClient.step(id))")
            Terminal.say(keeper.hub.format == .json ? JSONLine.text(["revoked": id]) : "失効  \(id)")
        }
    }
}
