/// 伝書, from one hub's command line to another's, with a printed page between them.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Bundles {
        private static func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        @Test("A town's state goes out as a file and as a page to print, is refused from a stranger, taken once he is known, shown and told to nobody; the receipt comes back")
        func carried() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let silent = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let (here, there) = (try TestHub.newFolder(), try TestHub.newFolder())
            func path(_ name: String) -> String { here.appending(path: name).path }
            try await TestHub.with(TownFile(gateway: gateway.url), in: here) { home in
                let order = #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["階上地区"],"reason":"津波警報"}"#
                _ = try await home.push(order)
                _ = try await home.settled()
                let out = try await Program.run(
                    "bundle", "export", "--town", "042056", "--hub", home.address, "--data", here.appending(path: "data").path, "--out", path("a.noroshi"), "--pages", path("a.html"), "--format", "json")
                #expect(out.code == 0, "\(out)")
                let print = try #require(try Self.object(out.out)["signer"] as? String)
                let page = try String(contentsOfFile: path("a.html"), encoding: .utf8)
                #expect(page.contains("階上地区") && page.contains("<svg") && !page.contains("<script") && page.contains("【実際】"))
                #expect(try await Program.run("bundle", "export", "--town", "042056", "--hub", home.address, "--token", TownFile.token, "--out", path("a.noroshi")).code == 73, "nothing is written over")
                try await TestHub.with(TownFile(gateway: silent.url), in: there) { far in
                    func take(_ more: String...) async throws -> Program.Ended {
                        try await Program.run(["bundle", "import", "--hub", far.address, "--token", TownFile.token] + more)
                    }
                    let stranger = try await take(path("a.noroshi"))
                    #expect(stranger.code == 65 && stranger.errors.contains(print), "\(stranger)")
                    var changed = try String(contentsOfFile: path("a.noroshi"), encoding: .utf8)
                    changed = changed.replacing("階上地区", with: "気仙沼地区")
                    try Data(changed.utf8).write(to: URL(filePath: path("b.noroshi")))
                    let refused = try await take(path("b.noroshi"), "--trust", print)
                    #expect(refused.code == 65 && refused.errors.contains("変わって"), "\(refused)")
                    let taken = try await take(path("a.noroshi"), "--trust", print, "--receipt", path("r.noroshi"), "--pages", path("r.html"))
                    #expect(taken.code == 0 && taken.out.contains("だれにも送っていません"), "\(taken)")
                    let again = try await take(path("a.noroshi"))
                    #expect(again.code == 0 && again.out.contains("もう取り込んで"), "\(again)")
                    let standing = try await Program.run("standing", "--town", "042056", "--hub", far.address, "--token", TownFile.token)
                    #expect(standing.code == 0 && standing.out.contains("手で運ばれてきました") && standing.out.contains("避難指示"), "\(standing)")
                    #expect(standing.out.contains("出ている避難情報・避難所・本部はありません"), "the town's own standing is as it was: \(standing)")
                    #expect(try await far.alerts().isEmpty)
                    #expect(silent.requests.allSatisfy { $0.method != "POST" }, "nobody was told")
                }
                // A start later it is still shown, and tells nobody.
                try await TestHub.with(TownFile(gateway: silent.url), in: there) { far in
                    #expect(try await far.call("GET", "/v1/attention").text.contains("手で運ばれてきました"))
                    let page = try await far.page()
                    #expect(!page.contains("避難指示"))
                }
                // The machine's own keeper brings it, where nobody with a token is there.
                let back = try await Program.run("bundle", "import", path("r.noroshi"), "--hub", home.address, "--data", here.appending(path: "data").path)
                #expect(back.code == 0 && back.out.contains("届いています"), "\(back)")
                let list = try await Program.run("bundle", "list", "--hub", home.address, "--token", TownFile.token)
                #expect(list.code == 0 && list.out.contains("届いた先: http://127.0.0.1"), "\(list)")
                // And the page of the receipt, by the eye of the scanner.
                if FileManager.default.isExecutableFile(atPath: "/usr/bin/zbarimg"), FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") {
                    try await Self.photograph(path("a.html"), path("a.png"))
                    let read = try await Program.run("bundle", "import", path("a.png"), "--hub", home.address, "--token", TownFile.token, "--dry-run")
                    #expect(read.code == 0 && read.out.contains("気仙沼市"), "\(read)")
                }
                #expect(try await Program.run("bundle", "import", path("a.html"), "--hub", home.address, "--token", TownFile.token).code == 65, "a page is no paper")
            }
            await gateway.stop()
            await silent.stop()
        }

        private static func photograph(_ page: String, _ picture: String) async throws {
            let code = try await ChildProcess.run(
                "/usr/bin/chromium",
                ["--headless", "--no-sandbox", "--disable-gpu", "--force-device-scale-factor=2", "--screenshot=\(picture)", "--window-size=1000,2400", "file://\(page)"])
            try #require(code == 0, "chromium")
        }
    }
}
