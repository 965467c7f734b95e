/// A town from an empty folder: `noroshi town init`.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct FirstStarts {
        private static let secret = "whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4="
        private static let password = "hama-no-kaze-ga-tsuyoi-82"
        private static let list = """
            全国地方公共団体コード,ID,名称,住所,緯度,経度,災害種別_洪水,災害種別_津波,想定収容人数
            042056,1,市民会館,気仙沼市笹が陣4-2,38.9045,141.5667,1,1,400
            042056,2,階上中学校,気仙沼市長磯原ノ沢25-2,38.8423,141.5706,1,0,たくさん
            """

        /// The answers of a script, beside a list of shelters.
        private func answers(_ hook: String, in folder: URL) throws -> String {
            let list = folder.appending(path: "list.csv")
            try Data(Self.list.utf8).write(to: list)
            let path = folder.appending(path: "answers.yaml").path
            try """
            listen: 127.0.0.1:0
            data: \(folder.appending(path: "data").path)
            town:
              code: "042056"
              tsunami_areas: ["220"]
              districts: [気仙沼地区, {name: 階上地区, roman_name: Hashikami}]
              endpoints:
                - {channel: webhook, id: hook, name: 隣の市, exercise: {url: "\(hook)", secret: "\(Self.secret)"}}
                - {channel: wifi-portal, id: eki, name: 駅前, actual: {}, exercise: {}}
            shelter_files: [{file: \(list.path), list: 避難所}]
            person: {name: 佐藤}
            """.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        private func start(_ folder: URL, _ more: String..., environment: [String: String] = [:], input: String = "") async throws -> Program.Ended {
            try await Program.run(
                ["town", "init", "--out", folder.appending(path: "noroshi.yaml").path, "--templates", Program.package.appending(path: "Templates").path] + more,
                environment: environment, input: Array(input.utf8))
        }

        private func steps(_ folder: URL) async throws -> [String: String] {
            let said = try await start(folder, "--status", "--format", "json")
            return try said.lines.reduce(into: [:]) { steps, line in
                let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String] ?? [:]
                steps[row["step"] ?? ""] = row["state"]
            }
        }

        @Test("From an empty folder to the first drill, heard by a webhook: settings that check takes, shelters with their report, a person who can sign in, keys for the safe")
        func wholeWay() async throws {
            let hook = try await FarEndServer { request in .answer(request.method == "POST" ? 204 : 405) }
            let folder = try TestHub.newFolder(), settings = folder.appending(path: "noroshi.yaml").path
            let made = try await start(folder, "--answers", try answers(hook.url, in: folder), environment: ["NOROSHI_PASSWORD": Self.password])
            #expect(made.code == 0, "\(made)")
            #expect(made.errors.contains("追加2") && made.errors.contains("3行  補正") && made.errors.contains("相手が答えました: 405"), "\(made.errors)")
            #expect(made.out.contains("金庫の鍵") && !made.out.contains(Self.password) && !made.errors.contains(Self.password))
            // The link test carries nothing.
            #expect(hook.requests.map(\.method) == ["HEAD"] && hook.requests.allSatisfy(\.body.isEmpty))
            let checked = try await Program.run("check", "--config", settings, "--templates", Program.package.appending(path: "Templates").path)
            #expect(checked.code == 0 && checked.out.contains("1 towns, 2 far ends"), "\(checked)")
            let kept = try String(contentsOfFile: settings + ".init", encoding: .utf8)
            #expect(!kept.contains(Self.password))
            for path in [settings, settings + ".init"] {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(path)")
            }
            let hub = try Program(["serve", "--config", settings, "--templates", Program.package.appending(path: "Templates").path])
            let port = try await TestHub.port(of: hub)
            let drill = try await start(
                folder, "--drill", "--hub", "http://127.0.0.1:\(port)", environment: ["NOROSHI_PASSWORD": Self.password])
            #expect(drill.code == 0, "\(drill)")
            await hook.arrived(2)
            let heard = try #require(hook.requests.last)
            #expect(heard.method == "POST" && heard.text.contains(#""mode":"exercise""#) && heard.text.contains("はじめての訓練") && heard.text.contains("市民会館"))
            #expect(try await steps(folder) == ["town": "done", "areas": "done", "districts": "done", "shelters": "done", "channels": "done", "people": "done", "drill": "done"])
            // Another run sends nothing again.
            #expect(try await start(folder, "--drill", "--hub", "http://127.0.0.1:\(port)").code == 0)
            #expect(hook.requests.count { $0.method == "POST" } == 1)
            hub.signal(SIGKILL)
            _ = try await hub.ended()
            await hook.stop()
            try FileManager.default.removeItem(at: folder)
        }

        @Test("What is no town's code is refused, with the town that was probably meant; nothing is kept of it", arguments: [
            ("042057", "042056 宮城県気仙沼市"), ("04205", "042056 宮城県気仙沼市"), ("040002", "表"), ("999999", "検査数字"),
        ])
        func wrongCode(_ code: String, _ words: String) async throws {
            let folder = try TestHub.newFolder()
            let refused = try await start(folder, "--code", code)
            #expect(refused.code == 65 && refused.errors.contains(words), "\(refused)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A talk that ends in the middle goes on where it ended, and says again what was refused")
        func resumed() async throws {
            let folder = try TestHub.newFolder()
            // A name two towns have, then a code; the name as proposed; no second person; the one region; two districts.
            let first = try await start(folder, "--ask", input: "府中市\n042056\n\n\n\n\n気仙沼地区、階上地区\n\nHashikami\n\n")
            #expect(first.code == 64 && first.errors.contains("342084  広島県府中市") && first.errors.contains("続き"), "\(first)")
            #expect(try await steps(folder) == ["town": "done", "areas": "done", "districts": "done", "shelters": "not-yet", "channels": "missing", "people": "missing", "drill": "missing"])
            // A district the town does not have is refused where it is said.
            let second = try await start(folder, "--ask", "--data", folder.appending(path: "data").path, input: "wifi-portal\neki\n駅前\n海岸\n\n\n\nwifi-portal\neki\n駅前\n階上地区\n\n\n\n\n田中\n\n")
            #expect(second.code == 0 && second.errors.contains("地区「海岸」はありません") && !second.errors.contains("ローマ字の名前 (in"), "\(second)")
            let settings = try String(contentsOfFile: folder.appending(path: "noroshi.yaml").path, encoding: .utf8)
            #expect(settings.contains("Kesennuma City") && settings.contains("階上地区") && settings.contains("Hashikami") && !settings.contains("海岸"))
            #expect(try await steps(folder)["people"] == "done")
            // One step again: the others are not asked.
            let again = try await start(folder, "--ask", "--again", "districts", input: "本吉地区、階上地区\n\n\n\n")
            #expect(again.code == 0 && !again.errors.contains("市町村コード（6桁）か名前"), "\(again)")
            #expect(try String(contentsOfFile: folder.appending(path: "noroshi.yaml").path, encoding: .utf8).contains("本吉地区"))
            try FileManager.default.removeItem(at: folder)
        }

        @Test("Without a terminal nothing hangs: what is missing is named with 64, a far end that does not answer ends with 69 and may be kept as not yet there")
        func script() async throws {
            let folder = try TestHub.newFolder()
            let bare = try await start(folder)
            #expect(bare.code == 64 && bare.errors.contains("--code"), "\(bare)")
            let half = try await start(folder, "--code", "042056", "--district", "階上地区=Hashikami")
            #expect(half.code == 64 && half.errors.contains("区域（areas）"), "\(half)")
            let answers = try answers("http://127.0.0.1:1/", in: folder)
            let silent = try await start(folder, "--answers", answers)
            #expect(silent.code == 69 && silent.errors.contains("×") && silent.errors.contains("--keep-silent"), "\(silent)")
            let kept = try await start(folder, "--keep-silent")
            #expect(kept.code == 0, "\(kept)")
            #expect(try await steps(folder)["channels"] == "not-yet")
            // Nobody is there to be drilled.
            let drill = try await start(folder, "--keep-silent", "--drill", "--hub", "http://127.0.0.1:1")
            #expect(drill.code == 69 && drill.errors.contains("noroshi serve"), "\(drill)")
            try FileManager.default.removeItem(at: folder)
        }

        @Test("Settings a person wrote or changed are not written over; with --replace the old ones stay beside them")
        func others() async throws {
            let folder = try TestHub.newFolder(), settings = folder.appending(path: "noroshi.yaml").path
            try "# ours\ntowns: []\n".write(toFile: settings, atomically: true, encoding: .utf8)
            let words = ["--code", "042056", "--tsunami-area", "220", "--district", "none"]
            func run(_ more: [String]) async throws -> Program.Ended {
                try await Program.run(["town", "init", "--out", settings, "--templates", Program.package.appending(path: "Templates").path] + more)
            }
            let refused = try await run(words)
            #expect(refused.code == 75 && refused.errors.contains("--replace"), "\(refused)")
            #expect(try String(contentsOfFile: settings, encoding: .utf8).contains("# ours"))
            #expect(try await run(words + ["--replace"]).code == 0)
            #expect(try String(contentsOfFile: settings + ".before", encoding: .utf8).contains("# ours"))
            // The same again needs no flag; a change by hand does.
            #expect(try await run(["--district", "階上地区"]).code == 0)
            try (String(contentsOfFile: settings, encoding: .utf8) + "# mine\n").write(toFile: settings, atomically: true, encoding: .utf8)
            #expect(try await run(["--district", "none"]).code == 75)
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A misspelt key in the answers is named with its line; what a hub would refuse is refused before anything is written")
        func misspelt() async throws {
            let folder = try TestHub.newFolder()
            let path = folder.appending(path: "answers.yaml").path
            for (yaml, words) in [
                ("town:\n  code: \"042056\"\n  distrikts: []\n", ":3: town.distrikts"),
                ("persn: {name: 佐藤}\n", ":1: persn"),
                ("town:\n  code: \"042056\"\n  tsunami_areas: []\n  districts: []\n  endpoints:\n    - {channel: webhook, id: a, name: b, exercise: {ulr: x}}\n", ":6: town.endpoints[0].exercise.ulr"),
                ("town: {code: \"042056\", tsunami_areas: [\"999\"], districts: []}\n", "999"),
            ] {
                try yaml.write(toFile: path, atomically: true, encoding: .utf8)
                let refused = try await start(folder, "--answers", path)
                #expect(refused.code == 78 && refused.errors.contains(words), "\(yaml) \(refused)")
                #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "noroshi.yaml").path))
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("Changed at the desk a town is so at once, after a restart, for check, and in a moved town: a new far end hears the next drill; the file's town comes after the record's")
        func asData() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let hook = try await FarEndServer { request in .answer(request.method == "POST" ? 204 : 405) }
            let folder = try TestHub.newFolder(), data = folder.appending(path: "data").path
            let town = TownFile(gateway: gateway.url), paper = folder.appending(path: "town.json").path
            func settings(_ hub: TestHub, _ more: [String]) async throws -> Program.Ended {
                try await Program.run(["town", "settings", "042056", "--hub", hub.address, "--data", data] + more)
            }
            func change(_ hub: TestHub, _ old: String, _ new: String, _ more: [String]) async throws -> Program.Ended {
                let shown = try await settings(hub, [])
                #expect(shown.code == 0 && shown.out.contains(old), "\(shown)")
                try shown.out.replacing(old, with: new).write(toFile: paper, atomically: true, encoding: .utf8)
                return try await settings(hub, ["--from", paper] + more)
            }
            let end = #"{"channel": "webhook", "id": "new", "name": "新しい先", "exercise": {"url": "\#(hook.url)", "secret": "\#(Self.secret)"}}"#
            try await TestHub.with(town, in: folder) { hub in
                let wrong = try await change(hub, #""endpoints" : ["#, #""endpoints" : [{"channel": "webhook", "id": "n", "name": "n", "exercise": {"ulr": "x"}},"#, ["--dry-run"])
                #expect(wrong.code == 65 && wrong.errors.contains("ulr"), "\(wrong)")
                let made = try await change(hub, #""endpoints" : ["#, #""endpoints" : [\#(end),"#, ["--reason", "隣の市にも"])
                #expect(made.code == 0 && made.out.contains("送り先 webhook/new を追加") && made.out.contains("第1版"), "\(made)")
                // Seen before it was changed.
                #expect(try await settings(hub, ["--from", paper, "--reason", "もう一度"]).code == 75)
                let tested = try await hub.call("POST", "/v1/towns/042056/link-test", Array(#"{"endpoint":"new"}"#.utf8))
                #expect(tested.status == 200 && tested.text.contains(#""reached":true"#) && tested.text.contains("405"), "\(tested.text)")
                #expect(hook.requests.map(\.method) == ["HEAD"])
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"exercise","title":"訓練","body":"訓練です。"}"#)
                await hook.arrived(2)
                #expect(hook.requests.last?.text.contains(#""mode":"exercise""#) == true)
                let checked = try await Program.run(
                    "check", "--config", folder.appending(path: "settings.yaml").path, "--data", data, "--templates", Program.package.appending(path: "Templates").path)
                #expect(checked.code == 0 && checked.errors.contains("記録の設定（第1版") && checked.out.contains("6 far ends"), "\(checked)")
            }
            try await TestHub.with(town, in: folder) { hub in
                #expect(hub.program.errors.contains("記録の設定（第1版"))
                let shown = try await settings(hub, [])
                #expect(shown.out.contains("新しい先") && shown.out.contains("隣の市にも") && !shown.out.contains(Self.secret), "\(shown)")
                // Thresholds count from the next start, and say so until then; approval with this machine's key alone.
                let later = try await change(hub, #""code" : "042056","#, #""code" : "042056", "approval": "two", "routing": {"earthquake_from": "3"},"#, ["--reason", "二人で"])
                #expect(later.code == 0 && later.out.contains("approval, routing"), "\(later)")
            }
            try await TestHub.with(town, in: folder) { hub in
                #expect(try await settings(hub, []).out.contains(#""at_next_start" : ["#))
                let waits = try await hub.call("POST", "/v1/alerts", Array(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#.utf8))
                #expect(waits.status == 202 && waits.text.contains("approval"), "\(waits.text)")
            }
            await gateway.stop()
            await hook.stop()
            try FileManager.default.removeItem(at: folder)
        }
    }
}
