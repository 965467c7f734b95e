/// `noroshi log verify`, at a hub and over a folder.
import ChannelKitTesting
import Foundation
import GRDB
import Testing

extension EndToEnd {
    @Suite struct Chains {
        private func run(_ hub: TestHub, _ words: String...) async throws -> Program.Ended {
            try await Program.run(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
        }

        @Test("The record is verified at the hub and from its folder; a changed row is 65 and named, and reading changes nothing")
        func verify() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let folder = try TestHub.newFolder()
            let data = folder.appending(path: "data").path
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let alert = try #require(try await hub.take(try Quake().tsunami()).alerts.first)
                _ = try await hub.settled("alert=\(alert)")
                let (all, back) = (try await run(hub, "log", "--format", "json"), try await run(hub, "log", "--since", "2000-01-01", "--format", "json"))
                #expect(back.code == 0 && !back.lines.isEmpty && back.lines == all.lines, "\(back)")
                #expect(try await run(hub, "log", "--until", "2000-01-01", "--format", "json").lines.isEmpty)
                let asked = try await run(hub, "log", "verify")
                #expect(asked.code == 0 && asked.lines.count == 2, "\(asked)")
                // The folder is only read: also while the hub has it.
                let beside = try await Program.run("log", "verify", "--data", data, "--town", "042056", "--format", "json")
                #expect(beside.code == 0 && beside.out.contains(#""flaw":null"#), "\(beside)")
            }
            await gateway.stop()
            let ledger = folder.appending(path: "data/ledger.sqlite")
            let whole = try Data(contentsOf: ledger)
            let offline = try await Program.run("log", "verify", "--data", data)
            #expect(offline.code == 0 && offline.out.contains("書かれたときのまま"), "\(offline)")
            let after = try Data(contentsOf: ledger)
            #expect(after == whole)
            do {
                let queue = try DatabaseQueue(path: ledger.path)
                try await queue.write { try $0.execute(sql: "UPDATE step SET at = at - 60 WHERE number = 3") }
                try queue.close()
            }
            let changed = try await Program.run("log", "verify", "--data", data, "--town", "042056", "--format", "json")
            #expect(changed.code == 65 && changed.out.contains("番（配信の経過）が、書かれたときの内容と違います"), "\(changed)")
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                let (asked, log) = (try await run(hub, "log", "verify", "--town", "042056"), try await run(hub, "log", "--limit", "3"))
                #expect(asked.code == 65 && log.code == 0, "the log itself is read as it was")
            }
            #expect(try await Program.run("log", "verify", "--expect", "1:x").code == 64)
        }
    }
}
