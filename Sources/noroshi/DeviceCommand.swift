import ArgumentParser
import Foundation

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "タブレットとスポットの登録 (the register of tablets and spots)",
        subcommands: [Invite.self, List.self, Show.self, Revoke.self])

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "一度だけ使える番号とQRコードを作る。15分有効 (a one-time code and its QR, for fifteen minutes)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(name: [.long, .customLong("site")], help: "避難所か学校の番号 (the shelter's or school's id)") var shelter: String
        @Flag(help: "タブレットでなく、その場所の中継機（noroshi edge）のため (for a relay at that site instead of a tablet)") var edge = false

        func run() async throws {
            var wish: [String: Any] = ["site": shelter]
            wish["town"] = town
            if edge { wish["role"] = "edge" }
            let value = try await hub.client().send("POST", "/v1/devices/invitations", body: Array(JSONLine.text(wish).utf8))
            guard hub.format == .table, let invitation = value as? [String: Any] else {
                return Terminal.say(JSONLine.text(value))
            }
            let code = invitation["code"] as? String ?? ""
            if edge {
                Terminal.say("コード  \(code)   noroshi edge --hub \(hub.address) --site \(invitation["site"] ?? shelter) --code \(code)")
            } else {
                Terminal.say(invitation["qr_text"] as? String ?? "")
                Terminal.say("コード  \(code)   \(invitation["url"] as? String ?? "")")
            }
            Terminal.say("期限    \(invitation["expires_at"] as? String ?? "")（1台、1回だけ）")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "町のすべての端末 (every device of a town)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let value = try await hub.client().get("/v1/devices" + HubClient.query([("town", town)]))
            let devices = (value as? [String: Any])?["devices"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return devices.forEach { Terminal.say(JSONLine.text($0)) } }
            var rows = [["端末 DEVICE", "役目 ROLE", "場所 SITE", "名前 NAME", "登録 ENROLLED", "最後に見た LAST SEEN", "状態 STATE"]]
            for device in devices { rows.append(DeviceCommand.row(device)) }
            Terminal.say(Terminal.table(rows))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "一つの端末 (one device)")
        @OptionGroup var hub: HubOptions
        @Argument var device: String

        func run() async throws {
            let value = try await hub.client().get("/v1/devices/\(device)")
            guard hub.format == .table, let found = value as? [String: Any] else {
                return Terminal.say(JSONLine.text(value))
            }
            Terminal.say(Terminal.table(found.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "端末の登録をすぐに取り消す (cuts a device off, at once)")
        @OptionGroup var hub: HubOptions
        @Argument var device: String

        func run() async throws {
            _ = try await hub.client().send("DELETE", "/v1/devices/\(device)")
            Terminal.say(hub.format == .json ? JSONLine.text(["revoked": device]) : "失効  \(device)")
        }
    }

    static func row(_ device: [String: Any]) -> [String] {
        func text(_ key: String) -> String { device[key] as? String ?? "—" }
        return [
            text("id"), text("role"), text("site"), text("name"), text("enrolled_at"), text("last_seen"),
            device["revoked_at"] == nil ? "active" : "revoked",
        ]
    }
}
