/// Call-ups of the town's own people by the real program, against far ends that others wrote and that behave badly.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite("Staff, called by mail and by chat") struct StaffCalls {
        /// Debian's own, which has what `apt` has brought.
        private static let hasPeer = FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/aiosmtpd")

        private struct Muster: Decodable {
            struct Call: Decodable { var round: Int; var way: String; var trouble: String? }
            struct Said: Decodable { var answer: String }
            struct Person: Decodable { var name: String; var calls: [Call]; var said: Said? }
            struct End: Decodable { var outcome: String }
            var id: String
            var round, taken: Int
            var end: End?
            var people: [Person]

            func calls(_ name: String, _ way: String) -> [Call] { people.first { $0.name == name }?.calls.filter { $0.way == way } ?? [] }
        }

        /// What the far ends heard, a line each.
        private struct Heard: Decodable {
            var heard: String
            var at, to, subject, body, id: String?
            var count, smtp, plain, smtps, https: Int?
        }

        private struct FarEnds {
            let program: Program
            let folder: URL

            static func start() async throws -> (FarEnds, ports: Heard) {
                let folder = try TestHub.newFolder()
                let script = Program.package.appending(path: "Tests/independent/staff_far_ends.py").path
                let ends = FarEnds(program: try Program([], shell: "exec /usr/bin/python3 '\(script)' '\(folder.path)';"), folder: folder)
                let ports = try await eventually("the far ends listen: \(ends.program.errors)") { ends.heard("ports").first }
                return (ends, ports)
            }

            func heard(_ kind: String, _ place: String? = nil, to who: String? = nil) -> [Heard] {
                program.lines.compactMap { try? JSONDecoder().decode(Heard.self, from: Data($0.utf8)) }
                    .filter { $0.heard == kind && (place == nil || $0.at == place) && (who == nil || $0.to == who) }
            }

            func stop() async throws {
                try await program.kill()
                try? FileManager.default.removeItem(at: folder)  // only a temporary folder
            }
        }

        private func town(mail: String) -> TownFile {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = "staff: {mail: {server: \"\(mail)\", from: bousai@city.example.jp}}"
            return town
        }

        private func add(_ name: String, _ ways: String, role: String = "duty", _ hub: TestHub) async throws {
            let made = try await hub.call("POST", "/v1/users", Array(#"{"name":"\#(name)","roles":["\#(role)"],"towns":["042056"],"password":"correct horse battery"}"#.utf8))
            #expect(made.status == 201, "\(made.text)")
            let given = try await hub.call("PATCH", "/v1/users/\(name)", Array(#"{"ways":{\#(ways)}}"#.utf8))
            #expect(given.status == 200, "\(given.text)")
        }

        private func begin(_ id: String, _ hub: TestHub, mode: String = "actual") async throws {
            let begun = try await hub.call(
                "POST", "/v1/musters", Array(#"{"town":"042056","id":"\#(id)","mode":"\#(mode)","words":"大雨のため庁舎2階へ","roles":["duty"],"pause_seconds":3600,"rounds":2}"#.utf8))
            #expect(begun.status == 201, "\(begun.text)")
        }

        private func command(_ hub: TestHub, _ words: String...) async throws -> Program.Ended {
            try await Program.run(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
        }

        @Test(
            "Whatever their servers do, everybody is called once on each way, the good ones are not kept waiting, and the desk says in words who was not reached and why",
            .enabled(if: hasPeer, "apt install python3-aiosmtpd"))
        func badFarEnds() async throws {
            let (ends, ports) = try await FarEnds.start()
            let chat = try await FarEndServer { request in
                switch request.path {
                case "/slow": .silent
                case "/close": .close
                case "/half": .closeMidBody(200)
                case "/nonsense": .nonsense(Array("SSH-2.0".utf8))
                case "/later": .answer(429, headers: [("Retry-After", "120")])
                case "/gone": .answer(404)
                case "/broken": .answer(503)
                default: .answer(200)
                }
            }
            // By mail, by chat, and what the desk reads; nil: nothing is wrong.
            let mails: [(String, String?)] = [
                ("ok", nil), ("slow", nil), ("greylisted", "今は受け取れません: 451"), ("busy", "今は受け取れません: 421"), ("full", "受け取りませんでした: 550"), ("late-no", "受け取りませんでした: 554"),
                ("hang", "つながりません"), ("hang-data", "届いたかどうか分かりません"), ("drop", ""), ("drop-data", "届いたかどうか分かりません"),
            ]
            let chats: [(String, String?)] = [
                ("\(chat.url)/fine", nil), ("\(chat.url)/slow", "届いたかどうか分かりません"), ("\(chat.url)/close", "届いたかどうか分かりません"), ("\(chat.url)/half", "届いたかどうか分かりません"), ("\(chat.url)/nonsense", ""), ("\(chat.url)/later", "混んでいます: 429、120秒あと"),
                ("\(chat.url)/gone", "もう使えません: 404。連絡先を直してください"), ("\(chat.url)/broken", "障害があります: 503"),
                ("https://127.0.0.1:\(ports.https ?? 0)/x", "宛先か証明書に誤りがあり"), ("http://127.0.0.1:9/x", "つながりません"),
            ]
            try await TestHub.with(town(mail: "smtp://127.0.0.1:\(ports.smtp ?? 0)")) { hub in
                for (mail, chat) in zip(mails, chats) { try await add("p-\(mail.0)", #""mail":"\#(mail.0)@city.example.jp","webhook":"\#(chat.0)""#, hub) }
                try await begin("m1", hub)
                // Two of each kind that hang, and the others beside them.
                try await eventually("who answers is called at once", within: .seconds(10)) {
                    let now = try await hub.get("/v1/musters/m1", as: Muster.self)
                    return !now.calls("p-ok", "mail").isEmpty && !now.calls("p-ok", "webhook").isEmpty && now.calls("p-hang", "mail").isEmpty
                }
                let muster = try await eventually("every call has its end", within: .seconds(60)) {
                    let now = try await hub.get("/v1/musters/m1", as: Muster.self)
                    return now.people.allSatisfy { $0.calls.count >= 2 } ? now : nil
                }
                #expect(muster.people.count == mails.count && mails.count == chats.count && muster.people.allSatisfy { $0.calls.count == 2 && $0.calls.allSatisfy { $0.round == 1 } })
                for (mail, chat) in zip(mails, chats) {
                    for (way, place, words) in [("mail", mail.0, mail.1), ("webhook", chat.0, chat.1)] {
                        let call = try #require(muster.calls("p-\(mail.0)", way).first)
                        #expect((call.trouble == nil) == (words == nil), "\(place): \(call.trouble ?? "went out")")
                        if let words { #expect(words.isEmpty || call.trouble?.contains(words) == true, "\(place): \(call.trouble ?? "")") }
                        if let trouble = call.trouble { #expect(trouble.unicodeScalars.contains { (0x3040...0x30FF).contains($0.value) }, "Japanese first: \(trouble)") }
                    }
                }
                for (who, _) in mails {
                    #expect(ends.heard("rcpt", to: who).count == 1, "\(who): \(ends.program.out)")
                    #expect(ends.heard("letter", to: who).count <= 1)
                }
                for (place, _) in chats.dropLast(2) { #expect(chat.requests.filter { place.hasSuffix($0.path) }.count == 1, "\(place)") }
                #expect(ends.heard("hook").isEmpty, "nothing is said to a certificate that nobody signed")
                #expect(ends.heard("letter").allSatisfy { $0.count == 1 }, "nobody reads another's address")

                let shown = try await command(hub, "muster", "show", "m1")
                for words in ["× p-full メール 1回目：メールサーバーが受け取りませんでした: 550", "× p-late-no 通知 1回目：通知の宛先が混んでいます: 429", "0/1人が引き受けました"] {
                    #expect(shown.out.contains(words), "\(words): \(shown.out)")
                }
                // The link in the letter answers; then nobody is called any more.
                let letter = try #require(ends.heard("letter", to: "ok").first)
                let body = try #require(letter.body)
                #expect(letter.subject == "職員参集 気仙沼市" && letter.id?.hasSuffix("@city.example.jp>") == true, "\(letter)")
                let link = String(try #require(body.firstMatch(of: /(\/muster\/[A-Za-z0-9_-]+)/)?.1))
                let said = try await hub.call("POST", link + "/taken", Array("x=".utf8), type: "application/x-www-form-urlencoded", token: nil)
                #expect(said.status == 303, "\(said.text)")
                let over = try await hub.get("/v1/musters/m1", as: Muster.self)
                #expect(over.end?.outcome == "taken" && over.taken == 1)
            }
            #expect(chat.requests.count == chats.count - 2)
            await chat.stop()
            try await ends.stop()
        }

        @Test("A hub that is stopped while a server hangs stops at once, and calls after its start whom it had not called", .enabled(if: hasPeer, "apt install python3-aiosmtpd"))
        func stopped() async throws {
            let (ends, ports) = try await FarEnds.start()
            let folder = try TestHub.newFolder(), town = town(mail: "smtp://127.0.0.1:\(ports.smtp ?? 0)")
            let first = try await TestHub.start(town, in: folder)
            defer { first.program.signal(SIGKILL) }
            try await add("a", #""mail":"hang@city.example.jp""#, first)
            try await add("b", #""mail":"ok@city.example.jp""#, first)
            try await begin("m1", first, mode: "exercise")
            try await eventually("one letter is there, the other hangs") { !ends.heard("letter", to: "ok").isEmpty && !ends.heard("rcpt", to: "hang").isEmpty }
            try await eventually("and is noted") { try await !first.get("/v1/musters/m1", as: Muster.self).calls("b", "mail").isEmpty }
            first.program.signal(SIGTERM)
            #expect(try await first.program.ended(within: .seconds(15)) == 0)
            let second = try await TestHub.start(town, in: folder)
            try await eventually("who had not been called is called again") { ends.heard("rcpt", to: "hang").count == 2 }
            let now = try await second.get("/v1/musters/m1", as: Muster.self)
            #expect(now.round == 1 && now.calls("a", "mail").isEmpty && now.calls("b", "mail").map(\.trouble) == [nil])
            #expect(ends.heard("letter", to: "ok").count == 1, "who was called is not called twice")
            #expect(ends.heard("letter", to: "ok").first?.subject == "【訓練】職員参集 気仙沼市")
            try await second.program.kill()
            try await ends.stop()
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A server without a secret line, or with a certificate that nobody signed, hears no letter", .enabled(if: hasPeer, "apt install python3-aiosmtpd"), arguments: ["plain", "smtps"])
        func secret(server: String) async throws {
            let (ends, ports) = try await FarEnds.start()
            let url = server == "plain" ? "smtp://127.0.0.2:\(ports.plain ?? 0)" : "smtps://127.0.0.1:\(ports.smtps ?? 0)"
            try await TestHub.with(town(mail: url)) { hub in
                try await add("a", #""mail":"ok@city.example.jp""#, hub)
                try await begin("m1", hub)
                let call = try await eventually("it has its end") { try await hub.get("/v1/musters/m1", as: Muster.self).calls("a", "mail").first }
                #expect(call.trouble?.contains("送れません") == true || call.trouble?.contains("送りません") == true, "\(call.trouble ?? "")")
                #expect(ends.heard("rcpt").isEmpty && ends.heard("letter").isEmpty)
            }
            try await ends.stop()
        }

        @Test("At the command line: called, shown, answered, ended; who can be reached by nothing is said before; a drill is another list")
        func commands() async throws {
            let chat = try await FarEndServer { _ in .answer(200) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                #expect(try await command(hub, "muster").out.contains("参集はありません"))
                try await add("sato", #""webhook":"\#(chat.url)/sato""#, hub)
                try await add("suzuki", #""phone":"090-0000-0001""#, hub)
                try await add("tanaka", "", role: "chief", hub)
                let staff = try await command(hub, "muster", "staff")
                #expect(staff.code == 0 && staff.lines.count == 5 && staff.out.contains("呼ぶ手段がない") && staff.out.contains("staff.mail"), "\(staff)")
                #expect(try await command(hub, "muster", "staff", "--format", "json").lines.count == 3)
                for words in [["muster", "call", "x", "--roles", "duty"], ["muster", "call", "x", "--roles", "duty", "--actual", "--exercise"]] {
                    #expect(try await Program.run(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token]).code == 64)
                }
                let wrong = try await command(hub, "muster", "call", "x", "--roles", "mayor", "--actual")
                #expect(wrong.code == 65 && wrong.errors.contains("duty（当直）"), "\(wrong)")
                #expect(chat.requests.isEmpty)

                let called = try await command(hub, "muster", "call", "庁舎2階へ", "--town", "042056", "--roles", "duty,chief", "--needed", "2", "--id", "m1", "--actual")
                #expect(called.code == 0 && called.out.contains("呼んでいます") && called.out.contains("電話してください：suzuki"), "\(called)")
                #expect(called.errors.contains("呼ぶ手段が一つもない人：tanaka"), "\(called.errors)")
                await chat.arrived(1)
                let again = try await command(hub, "muster", "call", "庁舎2階へ", "--town", "042056", "--roles", "duty,chief", "--needed", "2", "--id", "m1", "--actual")
                #expect(again.code == 0 && chat.requests.count == 1, "the same id is the same call-up: \(again)")
                let drill = try await command(hub, "muster", "call", "庁舎2階へ", "--town", "042056", "--roles", "chief", "--id", "d1", "--exercise")
                #expect(drill.code == 0 && drill.out.hasPrefix("【訓練】d1"), "\(drill)")
                let list = try await command(hub, "muster", "list", "--town", "042056"), drills = try await command(hub, "muster", "list", "--town", "042056", "--exercise", "--format", "json")
                #expect(list.out.contains("m1") && !list.out.contains("d1") && list.out.contains("0/2"), "\(list)")
                #expect(drills.lines.count == 1 && drills.out.contains(#""id":"d1""#))

                let said = try await command(hub, "muster", "answer", "m1", "suzuki", "taken", "--words", "10分で着く")
                #expect(said.code == 0 && said.out.contains("1/2人") && said.out.contains("引き受けた (taken)") && said.out.contains("10分で着く"), "\(said)")
                #expect(try await command(hub, "muster", "answer", "m1", "yamada", "taken").code == 65)
                let shown = try await command(hub, "muster", "show", "m1")
                #expect(shown.out.contains("1回 通知") && shown.out.contains("2回目から") && shown.out.contains("次に呼ぶ時刻"), "\(shown)")
                let ended = try await command(hub, "muster", "end", "m1")
                #expect(ended.code == 0 && ended.out.contains("終えた (stopped)"), "\(ended)")
                #expect(try await command(hub, "muster", "answer", "m1", "sato", "taken").code == 75)
                #expect(try await command(hub, "muster", "show", "nothing").code == 65)
                #expect(try await hub.alerts().isEmpty, "no resident hears of it")
            }
            await chat.stop()
        }
    }
}
