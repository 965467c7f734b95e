import ArgumentParser
import Foundation

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "タブレットとスポットの登録 (the register of tablets and spots)",
        subcommands: [Invite.self, List.self, Show.self, Set.self, Codes.self, Approve.self, Lend.self, Return.self, Retire.self, Revoke.self])

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "一度だけ使える番号とQRコードを作る。15分有効 (a one-time code and its QR, for fifteen minutes)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(name: [.long, .customLong("site")], help: "避難所か学校の番号 (the shelter's or school's id)") var shelter: String?
        @Option(help: "まとめて作る：CSVの列は name（端末の名前）と site（学校の番号か名前）、あれば use と group (many at once: a CSV with the columns name and site, and use and group where it has them)") var from: String?
        @Option(help: "だれの端末か：pupil（生徒）か staff（先生・職員）。点呼で尋ねる (whose it will be, for roll-calls)") var use: String?
        @Option(help: "組（例：3-2） (its class)") var group: String?
        @Option(help: "前もって配る番号を、この枚数だけ作る。その場所の中継機は、回線が切れていてもこれで登録できる (so many codes for paper: an edge takes them while its line is cut)") var beforehand: Int?
        @Option(help: "前もって配る番号が使える日数。90日まで (for how many days they are good)") var days = 90
        @Option(help: "前もって配る番号を、QRコードといっしょに印刷するHTMLファイル (a page to print them on, with their QR codes)") var sheet: String?
        @Option(help: "--edge と：タブレットがその中継機を開く名前かアドレス。証明書に書く。いくつでも (with --edge: a name or address by which tablets reach it, for its certificate; repeat it)") var host: [String] = []
        @Flag(help: "タブレットでなく、その場所の中継機（noroshi edge）のため (for a relay at that site instead of a tablet)") var edge = false

        func run() async throws {
            if let from { return try await many(from) }
            guard let shelter else { throw Exit.with(Exit.usage, "--site か --from を書いてください (--site or --from)") }
            if let beforehand { return try await codes(beforehand, shelter) }
            let value = try await invite(shelter, nil, use, group)
            guard hub.format == .table, let invitation = value as? [String: Any] else {
                return Terminal.say(JSONLine.text(value))
            }
            let code = invitation["code"] as? String ?? ""
            if edge {
                Terminal.say("コード  \(code)   noroshi edge --hub \(hub.address) --site \(invitation["site"] ?? shelter) --code \(code)")
            } else {
                Terminal.say(invitation["qr_text"] as? String ?? "")
                Terminal.say("コード  \(code)   \(invitation["url"] as? String ?? "")")
                if let trust = invitation["trust_url"] as? String {
                    Terminal.say("先に、タブレットで \(trust) を開き、証明書を入れます。指紋 \(invitation["ca_fingerprint"] as? String ?? "") (first take in the town's certificate there; compare the fingerprint)")
                }
            }
            Terminal.say("期限    \(invitation["expires_at"] as? String ?? "")（1台、1回だけ）")
        }

        private func codes(_ count: Int, _ site: String) async throws {
            guard !edge else { throw Exit.with(Exit.usage, "--beforehand はタブレットのためのものです。--edge とは書けません (for tablets, not for an edge)") }
            var wish: [String: Any] = ["site": site, "count": count, "days": days]
            wish["town"] = town
            let value = try await hub.client().send("POST", "/v1/device-codes", body: Array(JSONLine.text(wish).utf8))
            if let sheet {
                guard let page = CodePage(value) else { throw Exit.with(Exit.badData, "ハブの返事が読めません (the hub's answer cannot be read)") }
                do { try Data(page.html.utf8).write(to: URL(filePath: sheet)) } catch { throw Exit.with(Exit.cannotWrite, "\(sheet)に書けません (cannot write)") }
            }
            guard hub.format == .table, let issued = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            let batch = issued["batch"] as? [String: Any] ?? [:]
            if sheet == nil { for code in issued["codes"] as? [[String: Any]] ?? [] { Terminal.say("\(code["code"] ?? "")   \(code["url"] ?? "")") } }
            Terminal.say("\(count)枚、\(batch["expires_at"] as? String ?? "")まで。1枚で1台。取り消すときは noroshi device codes --revoke \(batch["id"] ?? "") (one tablet each)")
        }

        private func invite(_ site: String, _ name: String?, _ use: String?, _ group: String?) async throws -> Any {
            var wish: [String: Any] = ["site": site]
            (wish["use"], wish["group"]) = (use, group)
            wish["town"] = town
            wish["name"] = name
            if edge { wish["role"] = "edge" }
            if !host.isEmpty { wish["hosts"] = host }
            return try await hub.client().send("POST", "/v1/devices/invitations", body: Array(JSONLine.text(wish).utf8))
        }

        /// Every line is read before the first code is made: half a class is worse than a question.
        private func many(_ file: String) async throws {
            let rows: [DeviceList.Row]
            do throws(DeviceList.Refusal) {
                rows = try DeviceList.read(file)
            } catch {
                throw Exit.with(Exit.badData, "\(file): \(error.reason)")
            }
            var table = [["名前 NAME", "場所 SITE", "コード CODE", "期限 UNTIL", "アドレス URL"]]
            for row in rows {
                let value = try await invite(row.site, row.name, row.use ?? use, row.group ?? group) as? [String: Any] ?? [:]
                func text(_ key: String) -> String { value[key] as? String ?? "" }
                guard hub.format == .table else {
                    Terminal.say(JSONLine.text(value.merging(["name": row.name]) { $1 }))
                    continue
                }
                table.append([row.name, row.site, text("code"), text("expires_at"), text("url")])
            }
            guard hub.format == .table else { return }
            Terminal.say(Terminal.table(table))
            Terminal.say("\(rows.count)台分です。1つのコードで1台、15分のうちに登録してください (one device for each code, within fifteen minutes)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "町のすべての端末 (every device of a town)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Flag(help: "貸しているものだけ (only those that are lent)") var lent = false

        func run() async throws {
            let value = try await hub.client().get("/v1/devices" + HubClient.query([("town", town)]))
            let all = (value as? [String: Any])?["devices"] as? [[String: Any]] ?? []
            let devices = all.filter { !lent || $0["lent_to"] != nil }
            guard hub.format == .table else { return devices.forEach { Terminal.say(JSONLine.text($0)) } }
            var rows = [["端末 DEVICE", "役目 ROLE", "場所 SITE", "名前 NAME", "人・組 WHOSE", "登録 ENROLLED", "最後に見た LAST SEEN", "状態 STATE", "ようす SIGNS", "貸出 LENT"]]
            for device in devices { rows.append(DeviceCommand.row(device)) }
            Terminal.say(Terminal.table(rows))
            let (out, late) = (all.filter { $0["lent_to"] != nil }, all.filter { $0["overdue"] as? Bool == true })
            if !out.isEmpty { Terminal.say("貸出中 \(out.count)台、期限を過ぎて戻っていないもの \(late.count)台 (lent, and not back in time)") }
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "コードのない端末が出している番号を見て、登録を認める (lets in a tablet that shows a code of its own)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "端末に出ている番号 (what the tablet shows)") var code: String
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "置き場所の番号か名前。書かなければ、何が尋ねているかを見るだけ (its place; without it one only looks)") var site: String?
        @Option(help: "端末の名前 (its name)") var name: String?
        @Option(help: "pupil（生徒）か staff（先生・職員） (whose it will be)") var use: String?
        @Option(help: "組 (its class)") var group: String?

        func run() async throws {
            var wish: [String: Any] = ["code": code]
            if let site { (wish["site"], wish["town"], wish["name"], wish["use"], wish["group"]) = (site, town, name, use, group) }
            let value = try await hub.client().send("POST", "/v1/device-asks/\(site == nil ? "look" : "approve")", body: Array(JSONLine.text(wish).utf8))
            guard hub.format == .table, let ask = value as? [String: Any] else { return Terminal.say(JSONLine.text(value)) }
            func text(_ key: String) -> String { ask[key] as? String ?? "—" }
            Terminal.say("\(text("code"))  \(text("name"))  \(text("address"))  \(text("asked_at"))\(site.map { "  → \($0)" } ?? "")")
        }
    }

    struct Codes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "前もって配った番号の一覧と取り消し (codes issued beforehand: list them, take a batch back)")
        @OptionGroup var hub: HubOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?
        @Option(help: "取り消す束の番号。これで登録済みの端末はそのまま (a batch to take back; tablets that came by it stay)") var revoke: String?

        func run() async throws {
            if let revoke {
                _ = try await hub.client().send("DELETE", "/v1/device-codes/\(HubClient.step(revoke))")
                return Terminal.say(hub.format == .json ? JSONLine.text(["revoked": revoke]) : "失効  \(revoke)")
            }
            let value = try await hub.client().get("/v1/device-codes" + HubClient.query([("town", town)]))
            let all = (value as? [String: Any])?["batches"] as? [[String: Any]] ?? []
            guard hub.format == .table else { return all.forEach { Terminal.say(JSONLine.text($0)) } }
            var rows = [["束 BATCH", "場所 SITE", "作成 ISSUED", "期限 UNTIL", "枚数 COUNT", "使用 USED", "状態 STATE"]]
            for batch in all {
                func text(_ key: String) -> String { batch[key] as? String ?? "—" }
                rows.append([
                    text("id"), text("site"), text("issued_at"), text("expires_at"), "\(batch["count"] ?? "")", "\(batch["used"] ?? "")",
                    batch["revoked_at"] == nil ? "active" : "revoked",
                ])
            }
            Terminal.say(Terminal.table(rows))
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "だれの端末か、組、名前、置き場所を変える (whose it is, its class, its name, its place)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "端末の番号 (its id)") var device: String
        @Option(help: "pupil（生徒）、staff（先生・職員）、place（場所の端末） (pupil, staff or place)") var use: String?
        @Option(help: "組。空にするには - (its class; - for none)") var group: String?
        @Option(help: "名前 (its name)") var name: String?
        @Option(help: "置き場所の番号か名前 (its place)") var site: String?
        @Option(help: "中継機の名前かアドレス。証明書に書くものすべて。いくつでも (an edge's names and addresses, all of them, for its certificate)") var host: [String] = []

        func run() async throws {
            var wish: [String: Any] = [:]
            if let use { wish["use"] = use == "place" ? NSNull() : use }
            if let group { wish["group"] = group == "-" ? NSNull() : group }
            (wish["name"], wish["site"]) = (name, site)
            if !host.isEmpty { wish["hosts"] = host }
            guard !wish.isEmpty else { throw Exit.with(Exit.usage, "--use、--group、--name、--site、--host のどれかを書いてください (say what to change)") }
            let value = try await hub.client().send("PATCH", "/v1/devices/\(HubClient.step(device))", body: Array(JSONLine.text(wish).utf8))
            Terminal.say(hub.format == .json ? JSONLine.text(value) : "変更  \(device) (changed)")
        }
    }

    struct Lend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "貸したと記録する。借りた人の名前は、返るまで残る (hands one out; the name is kept until it is back)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "端末の番号 (its id)") var device: String
        @Option(help: "借りる人の名前 (to whom)") var to: String
        @Option(help: "返す時刻 2026-12-01T17:00:00+09:00 (until when)") var until: String?

        func run() async throws {
            var wish: [String: Any] = ["to": to]
            wish["until"] = until
            let value = try await hub.client().send("POST", "/v1/devices/\(HubClient.step(device))/lend", body: Array(JSONLine.text(wish).utf8))
            Terminal.say(hub.format == .json ? JSONLine.text(value) : "貸出  \(device)  \(to)さん\(until.map { "  \($0)まで" } ?? "") (lent)")
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "返ってきたと記録する (it has come back)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "端末の番号 (its id)") var device: String

        func run() async throws {
            let value = try await hub.client().send("POST", "/v1/devices/\(HubClient.step(device))/return")
            Terminal.say(hub.format == .json ? JSONLine.text(value) : "返却  \(device) (returned)")
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

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "手もとにある端末を使い終える。失くしたものは revoke (out of use for good, and not lost)")
        @OptionGroup var hub: HubOptions
        @Argument(help: "端末の番号 (its id)") var device: String

        func run() async throws {
            _ = try await hub.client().send("POST", "/v1/devices/\(HubClient.step(device))/retire")
            Terminal.say(hub.format == .json ? JSONLine.text(["retired": device]) : "終了  \(device) (retired)")
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

    /// Whether it is out, and has shown that nothing is on it any more.
    private static func state(_ device: [String: Any]) -> String {
        let word = device["retired_at"] != nil ? "retired" : device["revoked_at"] != nil ? "revoked" : "active"
        return (device["erased_at"] as? String).map { "\(word)、消去を確認 \($0)" } ?? word
    }

    private static func signs(_ device: [String: Any]) -> String {
        let words = [
            (device["battery"] as? Int).map { "\($0)%\(device["plugged"] as? Bool == true ? " 充電中" : "")" }, (device["sound"] as? Bool).map { $0 ? "音あり" : "音なし" },
            (device["page_is_current"] as? Bool).flatMap { $0 ? nil : "古いページ" }, (device["elsewhere"] as? String).map { "いま\($0)" },
        ].compactMap(\.self)
        return words.isEmpty ? "—" : words.joined(separator: "、")
    }

    static func row(_ device: [String: Any]) -> [String] {
        func text(_ key: String) -> String { device[key] as? String ?? "—" }
        return [
            text("id"), text("role"), text("site"), text("name"),
            [["pupil": "生徒", "staff": "先生・職員"][device["use"] as? String ?? ""], device["group"] as? String].compactMap { $0 }.joined(separator: " "),
            text("enrolled_at"), text("last_seen"),
            state(device), signs(device),
            device["lent_to"] == nil ? "—" : text("lent_to") + (device["overdue"] as? Bool == true ? "（期限を過ぎています）" : ""),
        ]
    }
}
