/// The commands, as a newcomer types them.
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Commands {
        private func run(_ hub: TestHub, _ words: String..., input: [UInt8] = []) async throws -> Program.Ended {
            let program = try Program(
                words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token], input: input)
            let code = try await program.ended()
            return Program.Ended(code: code, out: program.out, errors: program.errors)
        }

        private func file(_ text: String, in hub: TestHub, _ name: String = "bulletin.xml") throws -> String {
            let url = hub.folder.appending(path: name)
            try Data(text.utf8).write(to: url)
            return url.path
        }

        private func object(_ line: String) throws -> [String: String] {
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(value, "\(line)").mapValues { "\($0)" }
        }

        @Test("A word of a screen that one language lacks is said before anything starts, at the hub and at an edge")
        func screenWords() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
            let templates = folder.appending(path: "Templates")
            try FileManager.default.copyItem(at: Program.package.appending(path: "Templates"), to: templates)
            let file = templates.appending(path: "screens/en.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try text.replacing("\"nothing\":", with: "\"nothinq\":").write(to: file, atomically: true, encoding: .utf8)
            for arguments in [
                ["check", "--templates", templates.path],
                ["edge", "--hub", "http://127.0.0.1:9", "--site", "school", "--data", folder.appending(path: "edge").path, "--templates", templates.path],
            ] {
                let said = try await Program.run(arguments)
                #expect(said.code == 78 && said.errors.contains("en.json: 「portal.nothing」がありません"), "\(said.errors)")
            }
        }

        @Test("--help explains itself, and so does every command")
        func help() async throws {
            let help = try await Program.run("--help")
            #expect(help.code == 0)
            let commands = ["serve", "check", "read", "ingest", "push", "cancel", "alerts", "standing", "device", "log", "held", "endpoint", "replay", "demo", "gateway", "user", "token", "roles", "approvals", "town", "notice", "chronicle", "pact", "muster"]
            for command in commands {
                #expect(help.out.contains("  \(command)"), "\(command)")
                let own = try await Program.run(command, "--help")
                #expect(own.code == 0 && own.out.contains("USAGE: noroshi \(command)"), "\(command)")
            }
            #expect(try await Program.run("dance").code == 64)
            #expect(try await Program.run("push").code == 64)
        }

        @Test("read prints a line for each bulletin and ends with 65 when one is refused")
        func read() async throws {
            let demo = Program.package.appending(path: "Templates/demo/04_20110311144959_VTSE41.xml").path
            let good = try await Program.run("read", demo)
            #expect(good.code == 0)
            let line = try object(try #require(good.lines.first))
            #expect(line["kind"] == "tsunami" && line["format"] == "jma" && line["file"] == demo)
            let piped = try await Program.run("read", "-", input: Array(try Quake().forecast().utf8))
            #expect(piped.code == 0)
            #expect(try object(try #require(piped.lines.first))["file"] == "-")
            let mixed = try await Program.run("read", "/nowhere.xml", demo)
            #expect(mixed.code == 65)
            #expect(mixed.lines.count == 1)
            #expect(mixed.errors.hasPrefix("/nowhere.xml: "), "\(mixed.errors)")
        }

        @Test("ingest hands on, says what was taken before, and ends with 65 when the hub refuses")
        func ingest() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let path = try file(try Quake().warning(), in: hub)
                let first = try await run(hub, "ingest", path)
                #expect(first.code == 0 && first.out.contains("accepted"), "\(first)")
                let second = try await run(hub, "ingest", "--format", "json", path)
                #expect(second.code == 0)
                #expect(try object(try #require(second.lines.first))["duplicate"] == "1")
                let bad = try await run(hub, "ingest", try file("<a/>", in: hub, "bad.xml"))
                #expect(bad.code == 65 && bad.errors.contains("bad.xml: "), "\(bad)")
                let drill = try await run(hub, "ingest", "--exercise", try file(try Quake(7).warning(), in: hub, "drill.xml"))
                #expect(drill.code == 0, "\(drill)")
                #expect(try await hub.alerts().contains { $0.mode == "exercise" })
            }
        }

        @Test("push shows, sends and is taken back; the log says so")
        func push() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let words = ["--town", "042056", "--kind", "evacuation", "--level", "4", "--hazard", "津波", "--district", "階上地区"]
                    let program = try Program(
                        ["push"] + words + ["--exercise", "--preview"],
                        environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                    #expect(try await program.ended() == 0, "\(program.errors)")
                    #expect(program.out.contains("訓練") && program.out.contains("Nothing was sent."), "\(program.out)")
                    #expect(try await hub.alerts().isEmpty)

                    let sending = try Program(
                        ["push"] + words + ["--exercise", "--format", "json"],
                        environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                    #expect(try await sending.ended() == 0, "\(sending.errors)")
                    let pushed = try object(try #require(sending.lines.first))
                    let id = try #require(pushed["id"])
                    #expect(pushed["mode"] == "exercise")
                    try await hub.settled("alert=\(id)")
                    let log = try await run(hub, "log", "--alert", id, "--format", "json")
                    #expect(log.code == 0)
                    #expect(try log.lines.map { try object($0)["state"] } == Array(repeating: "delivered", count: 5), "\(log.out)")
                    let table = try await run(hub, "log", "--channel", "area-mail")
                    #expect(table.out.contains("CHANNEL") && table.out.contains("area-mail") && table.out.contains("訓練"))

                    let cancel = try await run(hub, "cancel", id)
                    #expect(cancel.code == 0 && cancel.out.contains("取消"), "\(cancel)")
                    try await hub.settled()
                    #expect(air.onAir.isEmpty)
                    #expect(try await run(hub, "cancel", "nobody").code == 65)
                    let wrong = try await run(hub, "push", "--town", "042056", "--kind", "evacuation", "--level", "9", "--exercise")
                    #expect(wrong.code == 65 && wrong.errors.contains("level"), "\(wrong)")
                }
            }
        }

        @Test("push is neither real nor a drill by itself: one of the two is said, or 64")
        func realOrDrill() async throws {
            let words = ["push", "--town", "042056", "--kind", "notice", "--title", "断水のお知らせ", "--body", "本吉地区で断水しています。"]
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let environment = ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token]
                for more in [[], ["--preview"], ["--actual", "--exercise"]] {
                    let program = try Program(words + more, environment: environment)
                    #expect(try await program.ended() == 64, "\(more)")
                    #expect(program.errors.contains("--actual（本番）か --exercise（訓練）"), "\(program.errors)")
                }
                #expect(try await hub.alerts().isEmpty)
                let script = try Program(words + ["--actual"], environment: environment)
                #expect(try await script.ended() == 0, "\(script.errors)")
                // On a terminal the town's name is asked for.
                guard access("/usr/bin/script", X_OK) == 0 else { return }
                for (typed, code) in [("塩竈市", Int32(64)), ("気仙沼市", 0)] {
                    let line = (["exec", "'\(Program.path)'"] + words.map { "'\($0)'" } + ["--actual"]).joined(separator: " ")
                    let shell = "exec /usr/bin/script -qec \"$LINE\" /dev/null;"
                    let terminal = try Program(
                        [], environment: environment.merging(["LINE": line]) { $1 }, input: Array("\(typed)\n".utf8), shell: shell)
                    #expect(try await terminal.ended() == code, "\(typed): \(terminal.out) \(terminal.errors)")
                    #expect(terminal.out.contains("気仙沼市に送ります"), "\(terminal.out)")
                }
                #expect(try await hub.alerts().count == 2)
            }
        }

        @Test("What one carrier forbids is seen before anything is sent: where, for whom, and what to do")
        func carriers() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.commons = "http://127.0.0.1:9/soap"
            town.moreDistricts = (1...40).map { "本吉町第\($0)行政区" }
            try await TestHub.with(town) { [town] hub in
                let words = [
                    "push", "--town", "042056", "--kind", "evacuation", "--level", "4", "--hazard", "洪水", "--district", "階上地区", "--exercise",
                ]
                let long = town.moreDistricts.flatMap { ["--district", $0] }
                let environment = ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token]
                let preview = try await Program.run(words + long + ["--dry-run"], environment: environment)
                #expect(preview.code == 0 && preview.out.contains("It would be refused. Nothing was sent."), "\(preview)")
                let finding = try #require(preview.lines.first { $0.contains("too-long") && $0.contains("UMC") })
                #expect(finding.contains("本文 body ") && finding.contains("文字目 (character ") && finding.contains("縮めてください"), "\(finding)")
                #expect(finding.contains("UMC2:"), "\(finding)")
                let push = try await Program.run(words + long, environment: environment)
                #expect(push.code == 65 && push.errors.contains("UMC2"), "\(push)")
                #expect(try await hub.alerts().isEmpty)
                let short = try await Program.run(words + ["--dry-run"], environment: environment)
                #expect(short.out.contains("\n何も送っていません。 Nothing was sent."), "\(short)")
            }
        }

        @Test("device invites, lists and revokes; a revoked tablet's line is cut within a second")
        func device() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let invited = try await run(hub, "device", "invite", "--town", "042056", "--site", "school-1")
                #expect(invited.code == 0 && invited.out.contains("コード"), "\(invited)")
                let device = try await hub.enrol()
                let line = try await hub.tablet(device)
                let list = try await run(hub, "device", "list", "--format", "json")
                #expect(try object(try #require(list.lines.first))["id"] == device.device_id)
                #expect(try await run(hub, "device", "show", device.device_id).out.contains("school-1"))
                let start = ContinuousClock.now
                let revoked = try await run(hub, "device", "revoke", device.device_id)
                #expect(revoked.code == 0)
                try await eventually("the line is cut") { line.isClosed }
                // By its end and not by its next heartbeat.
                #expect(start.duration(to: .now) < .seconds(14))
                #expect(line.events.last?.object["reason"] == "revoked")
                #expect(try await run(hub, "device", "list").out.contains("revoked"))
                #expect(try await run(hub, "device", "revoke", "d-nobody").code == 65)
                let again = try await StreamLine.connect(to: hub.port)
                try await again.listen(token: device.token)
                try await eventually("refused") { again.isClosed && again.text.hasPrefix("HTTP/1.1 401") }
            }
        }

        @Test("log --follow shows what happens while it watches, until it is interrupted")
        func follow() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let watcher = try Program(
                        ["log", "--follow", "--format", "json"],
                        environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                    try await hub.take(try Quake().tsunami())
                    try await eventually("five deliveries in the log") {
                        Set(watcher.lines.filter { $0.contains("\"delivered\"") }.compactMap { try? object($0)["delivery"] }).count == 5
                    }
                    watcher.signal(SIGINT)
                    #expect(try await watcher.ended() == 128 + SIGINT)
                }
            }
        }

        @Test("log --follow goes on over a cut: the hub dies, comes back, and what happened meanwhile is there, each row once")
        func followOverACut() async throws {
            try await Air.with { air in
                let folder = try TestHub.newFolder()
                let town = TownFile(gateway: air.url)
                let first = try await TestHub.start(town, in: folder)
                defer { first.program.signal(SIGKILL) }
                let watcher = try Program(
                    ["log", "--follow", "--format", "json"],
                    environment: ["NOROSHI_HUB": first.address, "NOROSHI_TOKEN": TownFile.token])
                defer { watcher.signal(SIGKILL) }
                func delivered() -> [String] {
                    watcher.lines.filter { $0.contains("\"delivered\"") }.compactMap { try? object($0)["delivery"] }
                }
                try await first.take(try Quake().tsunami())
                try await eventually("five deliveries in the log") { Set(delivered()).count == 5 }
                first.program.signal(SIGKILL)
                _ = try await first.program.ended()
                try await eventually("it says so: \(watcher.errors)") { watcher.errors.contains("the line is cut") }
                let second = try await TestHub.start(town, in: folder, at: first.port)
                defer { second.program.signal(SIGKILL) }
                _ = try await second.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#)
                try await eventually("what came after the cut is told: \(watcher.errors)") { watcher.lines.contains { $0.contains("断水") } }
                #expect(watcher.errors.contains("the line is back") && watcher.isRunning)
                let told = delivered()
                #expect(told.count == Set(told).count, "nothing twice: \(watcher.lines)")
                watcher.signal(SIGINT)
                #expect(try await watcher.ended() == 128 + SIGINT)
                try FileManager.default.removeItem(at: folder)
            }
        }

        @Test("check says good, or what is wrong and where, with 78")
        func check() async throws {
            #expect(try await Program.run("check").code == 0)
            let folder = try TestHub.newFolder()
            let path = folder.appending(path: "settings.yaml")
            let good = TownFile(gateway: "http://127.0.0.1:9").yaml
            let table: [(String, String, String)] = [
                ("", "", ""),
                ("\"042056\"", "\"042057\"", "042057"),
                ("channel: wifi-portal", "channel: wifi-portals", "wifi-portals"),
                ("tsunami_areas: [\"220\"]", "tsunami_areas: [\"999\"]", "999"),
                ("id: uo-ichiba", "id: kesennuma-eki", "kesennuma-eki"),
                ("url: \"http", "url: \"gopher", "gopher"),
                ("eew: send", "eew: perhaps", "perhaps"),
                ("roman_name: Kesennuma City", "", "roman_name"),
                ("roman_name: Kesennuma City", "roman_name: Kesennuma City\n    crowding: maybe", "crowding: 「maybe」は publish"),
                ("tsunami_areas:", "outline: [[[141.5, 38.8], [141.7, 38.8], [141.6, 39.0]]]\n    tsunami_areas:", "緯度と経度が逆です"),
                ("tsunami_areas:", "outline: [[[38.8, 141.5], [38.8, 141.7]]]\n    tsunami_areas:", "3個以上"),
                ("towns:", "towns: [", "settings.yaml"),
            ]
            for (old, new, word) in table {
                let text = old.isEmpty ? good : good.replacing(old, with: new, maxReplacements: 1)
                try Data(text.utf8).write(to: path)
                let answer = try await Program.run("check", "--config", path.path)
                #expect(answer.code == (old.isEmpty ? 0 : 78), "\(new): \(answer)")
                #expect(word.isEmpty || answer.errors.contains(word), "\(new): \(answer.errors)")
                if !old.isEmpty {
                    let serve = try await Program.run(
                        "serve", "--config", path.path, "--data", folder.appending(path: "data").path, "--listen", "127.0.0.1:0")
                    #expect(serve.code == 78 && serve.errors.contains(word), "\(new): \(serve)")
                }
            }
            #expect(try await Program.run("check", "--config", "/nowhere.yaml").code == 78)
            // A host that nobody knows, which --listen would hide.
            try Data("listen: no-such-host.invalid:8480\n\(good)".utf8).write(to: path)
            for command in [["check"], ["serve", "--data", folder.appending(path: "data").path]] {
                let answer = try await Program.run(command + ["--config", path.path])
                #expect(answer.code == 78 && answer.errors.contains("no-such-host.invalid"), "\(command): \(answer)")
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A misspelt key is refused by check and serve, with file, line and the key that was meant")
        func misspelt() async throws {
            let folder = try TestHub.newFolder()
            let path = folder.appending(path: "settings.yaml")
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.hook = "http://127.0.0.1:9/hook"
            let table: [(String, String, String)] = [
                ("tsunami_areas:", "tsunami_area:", ":8: towns[0].tsunami_area: この設定項目はありません。「tsunami_areas」ではありませんか"),
                ("capacity: 300", "capacty: 300", ":11: towns[0].shelters[0].capacty: この設定項目はありません。「capacity」ではありませんか"),
                ("exercise: {}", "exercize: {}", ".exercize: この設定項目はありません。「exercise」ではありませんか"),
                ("eew: send", "ew: send", "towns[0].endpoints[0].actual.ew: この設定項目はありません。「eew」ではありませんか"),
                ("{url: \"http", "{token: a, urls: x, url: \"http", ".actual.urls: この設定項目はありません。「url」ではありませんか"),
                ("secret: ", "previous_sceret: a, secret: ", "did you mean “previous_secret”?"),
                ("\ntowns:", "\nlistn: 1\ntowns:", ":5: listn: この設定項目はありません。「listen」ではありませんか"),
                ("\ntowns:", "\nsources: {folder: [a]}\ntowns:", ":5: sources.folder: この設定項目はありません。「folders」ではありませんか"),
                ("\ntowns:", "\nchannels: {area-mial: {}}\ntowns:", "channels.area-mial: この設定項目はありません。「area-mail」ではありませんか"),
                ("\ntowns:", "\nchannels: {webhook: {actual: {url: a}}}\ntowns:", "channels.webhook.actual.url: この設定項目はありません。ここでは何も読みません"),
                ("districts:", "routing: {earthquake_form: \"4\"}\n    districts:", ".routing.earthquake_form: この設定項目はありません。「earthquake_from」ではありませんか"),
                ("districts:", "routing: {codes: {tsunmai: {\"51\": urgent}}}\n    districts:", ".routing.codes.tsunmai: この設定項目はありません。「tsunami」ではありませんか"),
                ("districts: [気仙沼地区,", "districts: [{name: 気仙沼地区, romanname: Kesennuma},", "did you mean “roman_name”?"),
                ("\ntowns:", "\nblue: 1\ntowns:", "blue: この設定項目はありません。あるのは cap, hub, listen, public_address"),
            ]
            for (old, new, words) in table {
                #expect(town.yaml.contains(old), "\(old)")
                try Data(town.yaml.replacing(old, with: new, maxReplacements: 1).utf8).write(to: path)
                for command in [["check"], ["serve", "--listen", "127.0.0.1:0", "--data", folder.path]] {
                    let program = try Program(command + ["--config", path.path])
                    #expect(try await program.ended() == 78, "\(command) \(new)")
                    #expect(program.errors.contains(words) && program.errors.contains(path.path + ":"), "\(new): \(program.errors)")
                }
            }
            let both = town.yaml.replacing("eew: send", with: "ew: send").replacing("capacity: 300", with: "capacty: 300")
            try Data(both.utf8).write(to: path)
            let all = try await Program.run("check", "--config", path.path)
            #expect(all.errors.split(separator: "\n").count == 3, "each once: \(all.errors)")
            try FileManager.default.removeItem(at: folder)
        }

        @Test("check takes what is right, and warns where nobody is named as the sender of CAP or as an operator")
        func doubts() async throws {
            let folder = try TestHub.newFolder()
            let path = folder.appending(path: "settings.yaml")
            let districts = "districts: [{name: 気仙沼地区, roman_name: Kesennuma District}, 階上地区]"
            var yaml = TownFile(gateway: "http://127.0.0.1:9").yaml.replacing("districts: [気仙沼地区, 階上地区]", with: districts)
            try Data(yaml.utf8).write(to: path)
            let doubtful = try await Program.run("check", "--config", path.path)
            #expect(doubtful.code == 0 && doubtful.errors.contains("注意: cap.sender"), "\(doubtful)")
            #expect(!doubtful.errors.contains("operators"))
            yaml = "cap: {sender: noroshi.city.example.jp}\n" + yaml.replacing("operators:", with: "vocabularies: []\noperators:")
            try Data(yaml.utf8).write(to: path)
            let good = try await Program.run("check", "--config", path.path)
            #expect(good.code == 0 && good.errors.isEmpty, "\(good)")
            try Data("towns: []\n".utf8).write(to: path)
            #expect(try await Program.run("check", "--config", path.path).errors.contains("注意: operators"))
            let spoken = TownFile(gateway: "http://127.0.0.1:9").yaml
            try Data(("languages: [ja, en, ne, id, tl, th, es, my, ru, uk]\n" + spoken).utf8).write(to: path)
            let many = try await Program.run("check", "--config", path.path)
            #expect(many.code == 0, "\(many)")
            try Data(("languages: [en, nepali]\n" + spoken).utf8).write(to: path)
            let strange = try await Program.run("check", "--config", path.path)
            #expect(strange.code == 78 && strange.errors.contains("languages: 「nepali」の単語がありません") && strange.errors.contains("ja（日本語）は、いつも要ります"), "\(strange)")
            let example = Program.package.appending(path: "deploy/noroshi.example.yaml").path
            #expect(try await Program.run("check", "--config", example).code == 0)
            try FileManager.default.removeItem(at: folder)
        }

        @Test("The demonstration town listens and prints its token; a second hub on its port says why it cannot")
        func serve() async throws {
            let folder = try TestHub.newFolder()
            let hub = try Program(
                ["serve", "--data", folder.path, "--listen", "127.0.0.1:0"], environment: ["NOROSHI_TOKEN": "mine"])
            let port = try await TestHub.port(of: hub)
            try await eventually("the token") { hub.errors.contains("mine") }
            // Often: whether the record was read before or after the port was refused is chance.
            for attempt in 1...8 {
                let second = try await Program.run(
                    "serve", "--data", folder.appending(path: "other\(attempt)").path, "--listen", "127.0.0.1:\(port)", within: .seconds(30))
                #expect(second.code == 78)
                #expect(second.errors.contains("127.0.0.1:\(port)で待ち受けられません"), "\(second.errors)")
            }
            hub.signal(SIGTERM)
            #expect(try await hub.ended(within: .seconds(30)) == 0, "\(hub.errors)")
            try FileManager.default.removeItem(at: folder)
        }

        @Test("The demonstration plays to its end, and L-Alert's strict node takes what the town says")
        func demo() async throws {
            let schema = Self.edxlSchema
            let checked = schema.map { ["--edxl-schema", $0] } ?? []
            let demo = try await Program.run(
                ["demo", "--once", "--speed", "100", "--listen", "127.0.0.1:0"] + checked, within: .seconds(120))
            #expect(demo.code == 0, "\(demo.errors.suffix(1000))")
            #expect(demo.out.contains("まとめ"))
            #expect(demo.out.contains("訓練"))
            // One district's order is lifted by mistake, and the lifting is taken back: phones hear both.
            #expect(demo.out.contains("【訓練】避難情報の一部解除") && demo.out.contains("【訓練】解除は誤り 避難継続"))
            let lines = demo.out.split(separator: "\n").map(String.init)
            let taken = lines.filter { $0.contains("⟫ Lアラート  受理 accepted") }
            for said in [
                "EvacuationOrder  Report  kesennuma.example.lg.jp-x.exercise.op.042056.", "UMC1-1/1  【訓練】", "UMC2-1/1", "UMC3-1/1",
                "AntidisasterHeadquarter  Report  kesennuma.example.lg.jp-x.exercise.op.042056.headquarters-AntidisasterHeadquarter-1/1",
                "Shelter  Report  kesennuma.example.lg.jp-x.042056-Shelter-1/1  【訓練】避難所　開設　市民会館",
                "Shelter  Update  kesennuma.example.lg.jp-x.042056-Shelter-1/2  【訓練】避難所　開設　階上中学校",
            ] {
                #expect(taken.contains { $0.contains(said) }, "\(said)\n\(taken.joined(separator: "\n"))")
            }
            #expect(lines.contains { $0.contains("✓ l-alert       commons") && $0.contains("code 0") })
            let count = try #require(lines.first { $0.hasPrefix("Lアラート: ") })
            #expect(count.contains("\(taken.count) revisions") && count.contains("accepted, 0 refused"), "\(count)")
            #expect(count.contains("xmllint") == (schema != nil), "\(count)")
        }

        @Test("A demonstration that cannot begin ends with the reason")
        func badDemo() async throws {
            let folder = try TestHub.newFolder()
            let templates = folder.appending(path: "Templates")
            try FileManager.default.copyItem(at: Program.package.appending(path: "Templates"), to: templates)
            try "x".write(to: templates.appending(path: "words/en.json"), atomically: true, encoding: .utf8)
            let demo = try await Program.run(
                "demo", "--once", "--listen", "127.0.0.1:0", "--templates", templates.path, within: .seconds(60))
            #expect(demo.code == 78, "\(demo)")
            #expect(demo.errors.contains("words/en.json"), "\(demo.errors)")
            try FileManager.default.removeItem(at: folder)
        }

        /// The public schema, where it and xmllint are.
        private static var edxlSchema: String? {
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/xmllint") else { return nil }
            return [ProcessInfo.processInfo.environment["NOROSHI_CORPUS"], Program.package.path + "/../shared/corpus"]
                .compactMap { $0 }.map { "\($0)/cap/schema/edxl-de-1.0.xsd" }.first { FileManager.default.fileExists(atPath: $0) }
        }
    }
}
