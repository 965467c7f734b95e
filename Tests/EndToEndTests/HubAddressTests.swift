/// Where commands look for their hub, and what they send there.
import Foundation
import Testing

extension EndToEnd {
    @Suite struct HubAddresses {
        @Test("No token goes over plain http to another machine unless somebody vouches for the line", arguments: [
            "http://192.0.2.7:8480", "http://hub.example.jp", "HTTP://hub.example.jp/", "http://127.0.0.1.example.jp", "http://localhost.example.jp",
            "http://1270.0.0.1", "http://[2001:db8::1]:8480",
        ])
        func plainHTTP(address: String) async throws {
            let folder = try TestHub.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            for words in [["alerts"], ["edge", "--site", "school-1", "--data", folder.appending(path: "edge").path, "--code", "BCDFGHJK"]] {
                let program = try Program(words, environment: ["NOROSHI_HUB": address, "NOROSHI_TOKEN": "secret-token"])
                #expect(try await program.ended() == 64, "\(address) \(words): \(program.errors)")
                #expect(program.errors.contains("https://") && program.errors.contains("--insecure") && !program.errors.contains("secret-token"))
            }
        }

        @Test("Without a hub every command that needs one ends with 69 and says where it looked")
        func unreachable() async throws {
            let commands: [[String]] = [
                ["log"], ["device", "list"], ["cancel", "a"], ["ingest", "-"],
                ["push", "--town", "042056", "--kind", "notice", "--title", "a", "--body", "b", "--exercise"],
                ["alerts", "--town", "042056"], ["standing", "--town", "042056"],
            ]
            for words in commands {
                let program = try Program(words + ["--hub", "http://127.0.0.1:9"], input: Array("<a/>".utf8))
                #expect(try await program.ended() == 69, "\(words)")
                #expect(program.errors.contains("127.0.0.1:9"), "\(words): \(program.errors)")
            }
        }

        @Test("A wrong token is said to be one")
        func wrongToken() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let answer = try await Program.run("log", "--hub", hub.address, "--token", "wrong")
                #expect(answer.code == 77 && answer.errors.contains("401") && answer.errors.contains("トークン"), "\(answer)")
            }
        }
    }
}
