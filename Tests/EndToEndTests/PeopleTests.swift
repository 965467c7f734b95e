/// People, tokens and approvals, by the commands, over a restart and in what lies about.
import ChannelKit
import Curl
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("People and approvals, at the command line") struct People {
        private let password = "correct horse battery"

        private func run(
            _ hub: TestHub, _ words: [String], token: String? = TownFile.token, environment more: [String: String] = [:]
        ) async throws -> Program.Ended {
            var environment = ["NOROSHI_HUB": hub.address]
            environment["NOROSHI_TOKEN"] = token
            let program = try Program(words, environment: environment.merging(more) { $1 })
            return Program.Ended(code: try await program.ended(), out: program.out, errors: program.errors)
        }

        private func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        /// A token of the chief's and one of the duty officer's kind: who approves need not have a browser.
        private func token(_ hub: TestHub, _ name: String, _ scopes: String) async throws -> String {
            let made = try await run(hub, ["token", "add", name, "--scope", scopes, "--town", "042056", "--format", "json"])
            #expect(made.code == 0, "\(made)")
            return try #require(try object(made.out)["token"] as? String)
        }

        @Test("The first person is made on the hub's own machine, with and without a running hub; passwords come by no command line")
        func first() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let data = folder.appending(path: "data").path
            let before = try Program(
                ["user", "add", "佐藤", "--role", "chief", "--town", "042056", "--data", data, "--format", "json"], environment: [:])
            #expect(try await before.ended() == 0, "\(before.errors)")
            let made = try #require(try object(before.out)["password"] as? String)
            let again = try Program(["user", "add", "佐藤", "--role", "duty", "--data", data], environment: [:])
            #expect(try await again.ended() == 75, "\(again.errors)")
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9"), in: folder) { hub in
                let list = try await run(hub, ["user", "list", "--format", "json"])
                #expect(list.out.contains("佐藤") && list.out.contains("chief"), "\(list)")
                // The hub runs: it is asked, by the key in its folder, and no other token is needed.
                let second = try await run(
                    hub, ["user", "add", "鈴木", "--role", "duty", "--town", "042056", "--data", data], token: nil,
                    environment: ["NOROSHI_PASSWORD": password])
                #expect(second.code == 0 && !second.out.contains(password), "\(second)")
                let signIn = try await hub.call("POST", "/v1/sessions", Array(#"{"name":"佐藤","password":"\#(made)"}"#.utf8), token: nil)
                #expect(signIn.status == 201, "\(signIn.text)")
                for words in [["user", "role", "鈴木", "--role", "watcher", "--town", "042056"], ["user", "disable", "鈴木"], ["user", "reset", "鈴木"]] {
                    let changed = try await run(hub, words)
                    #expect(changed.code == 0, "\(changed)")
                }
                #expect(try await run(hub, ["user", "disable", "いない"]).code == 65)
                #expect(try await run(hub, ["user", "list"], token: "wrong").code == 77)
                let keys = try await run(hub, ["user", "safe-keys", "--town", "042056", "--format", "json"])
                #expect(try #require(try object(keys.out)["keys"] as? [String]).count == 10)
                // Nobody else on this machine reads the key in the folder.
                var facts = stat()
                #expect(stat(data + "/local-key", &facts) == 0 && facts.st_mode & 0o077 == 0)
            }
        }

        @Test("An order waits over kill -9, is sent by the second person, and no password, token or key lies in log, data or process list")
        func waits() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let data = folder.appending(path: "data").path
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.more = "    approval: two"
            let order = ["push", "--town", "042056", "--kind", "notice", "--title", "断水", "--body", "断水しています。", "--actual"]
            let (duty, chief, id, first): (String, String, String, Program) = try await TestHub.with(town, in: folder) { hub in
                let duty = try await token(hub, "duty", "send,read")
                let chief = try await token(hub, "chief", "approve,read")
                let pushed = try await run(hub, order, token: duty)
                #expect(pushed.code == 0 && pushed.out.contains("まだ送っていません"), "\(pushed)")
                let list = try await run(hub, ["approvals", "--format", "json"], token: chief)
                let id = try #require(try object(list.out)["id"] as? String, "\(list)")
                #expect(try await run(hub, ["approvals", "approve", id], token: duty).code == 77)
                return (duty, chief, id, hub.program)
            }
            let second: Program = try await TestHub.with(town, in: folder) { hub in
                let table = try await run(hub, ["approvals"], token: chief)
                #expect(table.out.contains("断水") && table.out.contains("承認待ち"), "\(table)")
                let yes = try await run(hub, ["approvals", "approve", id], token: chief)
                #expect(yes.code == 0 && yes.out.contains("承認して送りました"), "\(yes)")
                #expect(try await run(hub, ["approvals", "approve", id], token: chief).code == 75)
                #expect(try await run(hub, ["alerts", "--town", "042056"], token: duty).out.contains("断水"))
                let glass = try await run(hub, order + ["--break-glass", "津波が見えた"], token: duty)
                #expect(glass.code == 0 && glass.out.contains("送り先"), "\(glass)")
                let returned = try await run(hub, order, token: duty)
                let waiting = try #require(try await run(hub, ["approvals", "--format", "json"], token: chief).lines.compactMap { line -> String? in
                    let act = try object(line)
                    return act["state"] as? String == "waiting" ? act["id"] as? String : nil
                }.first, "\(returned)")
                #expect(try await run(hub, ["approvals", "return", waiting, "--reason", "重複"], token: chief).code == 0)
                return hub.program
            }
            let log = first.out + first.errors + second.out + second.errors
            #expect(log.contains("waits for approval"))
            for secret in [duty, chief, password, TownFile.token] {
                #expect(!log.contains(secret))
                for file in try FileManager.default.subpathsOfDirectory(atPath: data) {
                    guard let octets = FileManager.default.contents(atPath: data + "/" + file) else { continue }
                    #expect(octets.range(of: Data(secret.utf8)) == nil, "\(file)")
                }
            }
        }

        @Test("Who follows the log and is stopped meanwhile reads no further line, and is hung up on", .timeLimit(.minutes(2)))
        func follower() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9"), in: folder) { hub in
                let made = try await run(hub, ["token", "add", "wall", "--scope", "read,watch", "--town", "042056", "--format", "json"])
                let (secret, id) = (try #require(try object(made.out)["token"] as? String), try #require(try object(made.out)["id"] as? String))
                let line = try await StreamLine.connect(to: hub.port)
                try await line.send("GET /v1/deliveries/stream?town=042056 HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer \(secret)\r\n\r\n")
                try await eventually("following") { line.text.contains("following") }
                let notice = ["push", "--town", "042056", "--kind", "notice", "--title", "断水", "--body", "断水しています。", "--exercise"]
                func told() async throws -> String {
                    let line = try #require(try await run(hub, notice + ["--format", "json"]).lines.first)
                    return try #require(try object(line)["id"] as? String)
                }
                let first = try await told()
                try await eventually("a line: \(line.text)") { line.text.contains("event: delivery") && line.text.contains(first) }
                #expect(try await hub.call("DELETE", "/v1/tokens/\(id)", token: TownFile.token).status == 204)
                let second = try await told()
                try await eventually("hung up on: \(line.text)") { line.raw.hasSuffix("0\r\n\r\n") }
                #expect(!line.text.contains(second))
            }
        }

        @Test("A slip of the fingers in --data makes no folder; this machine's key goes to no other machine; a role may name its town")
        func folders() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let typo = folder.appending(path: "dta").path
            for words in [["user", "list"], ["user", "reset", "佐藤"], ["user", "safe-keys", "--town", "042056"], ["user", "disable", "佐藤"]] {
                let ended = try await Program.run(words + ["--data", typo])
                #expect(ended.code == 64 && ended.errors.contains("記録がありません"), "\(ended)")
            }
            #expect(!FileManager.default.fileExists(atPath: typo))
            let data = folder.appending(path: "data").path
            let made = try await Program.run(["user", "add", "佐藤", "--role", "chief@042056", "--data", data, "--format", "json"])
            #expect(made.code == 0 && made.out.contains("042056"), "\(made)")
            // As if its hub ran.
            try "a-key".write(toFile: data + "/local-key", atomically: true, encoding: .utf8)
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9"), in: folder) { hub in
                let far = try await Program.run(["user", "list", "--data", data, "--hub", "https://hub.example.jp"])
                #expect(far.code == 64 && far.errors.contains("このマシンのハブではありません"), "\(far)")
            }
        }

        @Test("plans shows what is broken and what to do instead; settings that cannot be meant are refused by name")
        func plans() async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.more = """
                    assumptions: [{id: hall, name: 役場が使える}]
                    plans:
                      - {id: p1, name: 計画1, assumes: [hall], otherwise: p2}
                      - {id: p2, name: 計画2}
                """
            try await TestHub.with(town, in: folder) { hub in
                let quiet = try await run(hub, ["plans", "--town", "042056"])
                #expect(quiet.code == 0 && quiet.out.contains("使える"), "\(quiet)")
                let broken = try await run(hub, ["plans", "broken", "hall", "--town", "042056", "--reason", "浸水"])
                #expect(broken.code == 0 && broken.out.contains("崩れた：役場が使える") && broken.out.contains("計画2"), "\(broken)")
                #expect(try await run(hub, ["plans", "broken", "x", "--town", "042056", "--reason", "r"]).code == 65)
                #expect(try await run(hub, ["plans", "holds", "hall", "--town", "042056"]).out.contains("成り立つ"))
            }
            let path = folder.appending(path: "s.yaml")
            for (more, word) in [("otherwise: p1", "もとに戻ります"), ("otherwise: p9", "p9"), ("assumes: [x]", "前提「x」"), ("order: {hazard: 津波, level: 9, districts: []}", "level")] {
                town.more = "    plans: [{id: p1, name: 計画1, \(more)}]"
                try town.yaml.write(to: path, atomically: true, encoding: .utf8)
                let ended = try await Program.run("check", "--config", path.path)
                #expect(ended.code == 78 && ended.errors.contains(word), "\(more): \(ended)")
            }
        }

        private static let python = Program.package.appending(path: ".build/outside/venv/bin/python").path
        private static let hasProvider = (try? FileManager.default.subpathsOfDirectory(
            atPath: Program.package.appending(path: ".build/outside/venv/lib").path))?.contains { $0.hasSuffix("oidc_provider_mock/_app.py") } ?? false

        @Test("The town's own sign-in, by a provider that others wrote: whoever has an account here is in, and nobody else, nobody twice, no other browser")
        func openID() async throws {
            guard Self.hasProvider else { return print("skipped: oidc-provider-mock is not installed (Tests/outside/install)") }
            let port = Int.random(in: 20000..<32000)
            let issuer = "http://127.0.0.1:\(port)"
            let provider = try Program(
                ["--version"], shell: "exec '\(Self.python)' -m oidc_provider_mock --port \(port) --require-nonce true;")
            defer { provider.signal(SIGKILL) }
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let secret = folder.appending(path: "secret")
            try "s3cret-of-the-client\n".write(to: secret, atomically: true, encoding: .utf8)
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = """
                public_address: "http://localhost:8480"
                openid: {issuer: "\(issuer)", client_id: noroshi, client_secret_file: "\(secret.path)", claim: sub, name: 庁内の認証ではじめる}
                """
            try await TestHub.with(town, in: folder) { hub in
                #expect(try await run(hub, ["user", "add", "tanaka@city.example.jp", "--role", "duty", "--town", "042056"]).code == 0)
                let begun = try await eventually("the provider answers: \(provider.errors)") {
                    let answer = try await hub.call("GET", "/v1/sessions/openid", token: nil)
                    return answer.status == 303 ? answer : nil
                }
                #expect(try await hub.call("GET", "/v1/sessions", token: nil).text.contains("庁内の認証"))
                func cookie(_ answer: HTTPAnswer, _ name: String) -> String {
                    answer.headers.filter { $0.name.lowercased() == "set-cookie" }.map { String($0.value.prefix { $0 != ";" }) }
                        .first { $0.hasPrefix(name + "=") } ?? ""
                }
                func visit(_ sub: String, _ start: HTTPAnswer) async throws -> String {
                    let there = try #require(start.header("Location"))
                    #expect(there.contains("code_challenge_method=S256") && !there.contains("s3cret"))
                    let yes = try await CurlTransport().send(
                        HTTPCall(method: "POST", url: there, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array("sub=\(sub)".utf8)),
                        deadline: .now.advanced(by: .seconds(10)))
                    let back = try #require(yes.header("Location"), "\(yes.status) \(yes.text)")
                    #expect(back.hasPrefix("http://localhost:8480/console/openid?"), "\(back)")
                    return String(back.dropFirst("http://localhost:8480".count))
                }
                let mark = cookie(begun, "__Host-noroshi-openid")
                let back = try await visit("tanaka%40city.example.jp", begun)
                // Another browser, and one without its mark, get nothing of it.
                let stranger = try await hub.call("GET", back, token: nil)
                #expect(stranger.text.contains("openid=no") && cookie(stranger, "__Host-noroshi").isEmpty)
                let home = try await hub.call("GET", back, token: nil, headers: [("Cookie", mark)])
                #expect(home.status == 200 && home.text.contains("openid=yes"), "\(home.text) \(hub.program.errors.suffix(2000))")
                let session = cookie(home, "__Host-noroshi")
                let current = try await hub.call("GET", "/v1/sessions/current", token: nil, headers: [("Cookie", session)])
                #expect(current.text.contains("tanaka@city.example.jp") && current.text.contains("duty"), "\(current.text)")
                #expect(try await hub.call("GET", back, token: nil, headers: [("Cookie", mark)]).text.contains("openid=no"))

                let other = try await hub.call("GET", "/v1/sessions/openid", token: nil)
                let nobody = try await hub.call(
                    "GET", try await visit("stranger%40example.com", other), token: nil, headers: [("Cookie", cookie(other, "__Host-noroshi-openid"))])
                #expect(nobody.text.contains("openid=no") && cookie(nobody, "__Host-noroshi").isEmpty)
                provider.signal(SIGKILL)
                _ = try await provider.ended()
                let gone = try await hub.call("GET", "/v1/sessions/openid", token: nil)
                #expect(gone.status == 502 && gone.text.contains("金庫の鍵"), "\(gone.text)")
                #expect(!hub.program.errors.contains("s3cret-of-the-client"))
            }
        }

        @Test("roles prints the table, and a setting that is none of the three is refused by name")
        func table() async throws {
            let table = try await Program.run("roles")
            #expect(table.code == 0 && table.out.contains("当直") && table.out.contains("防災課長"))
            #expect(try await Program.run("roles", "--format", "json").lines.count == 7)
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appending(path: "s.yaml")
            for (word, isGood) in [("two", true), ("none", true), ("{wait: 60s}", true), ("\"wait: 2m\"", true), ("three", false), ("{wait: 2h}", false), ("{wait: 0s}", false)] {
                var town = TownFile(gateway: "http://127.0.0.1:9")
                town.more = "    approval: \(word)"
                try town.yaml.write(to: path, atomically: true, encoding: .utf8)
                let ended = try await Program.run("check", "--config", path.path)
                #expect((ended.code == 0) == isGood, "\(word): \(ended)")
                if !isGood { #expect(ended.code == 78 && ended.errors.contains("approval")) }
            }
        }
    }
}
