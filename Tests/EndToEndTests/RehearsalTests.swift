/// Before the first warning the hub goes through one by itself: nobody may hear of it.
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Rehearsals {
        @Test("A start goes through the recorded earthquake in a sealed room: no far end hears it, and it leaves no row, no page and no file")
        func sealed() async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            try await Air.with { air in
                let folder = try TestHub.newFolder()
                let (hub, words) = try await start(TownFile(gateway: air.url, hook: hook.url + "/hook"), in: folder, Program.package.appending(path: "Templates"))
                let calls = try #require(words.firstMatch(of: #/sealed calls=(\d+)/#).flatMap { Int($0.1) })
                #expect(calls >= 32, "the receivers of its town were not reached: \(words)")
                #expect(hook.requests.isEmpty)
                #expect(air.heard.isEmpty)
                #expect(try await hub.alerts().isEmpty)
                #expect(try await hub.rows("").isEmpty)
                #expect(!(try await hub.page()).contains("地震"))
                let left = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "data").path)
                #expect(!left.contains { $0.contains("rehearsal") }, "\(left)")
                try await hub.program.kill()
                try FileManager.default.removeItem(at: folder)
            }
            await hook.stop()
        }

        @Test("Without the recordings a hub starts all the same")
        func withoutRecordings() async throws {
            let folder = try TestHub.newFolder()
            let texts = folder.appending(path: "Templates")
            try FileManager.default.copyItem(at: Program.package.appending(path: "Templates"), to: texts)
            try FileManager.default.removeItem(at: texts.appending(path: "demo"))
            let (hub, words) = try await start(TownFile(gateway: "http://127.0.0.1:9"), in: folder, texts)
            #expect(words.contains("sealed calls=0 "))
            try await hub.program.kill()
            try FileManager.default.removeItem(at: folder)
        }

        private func start(_ town: TownFile, in folder: URL, _ texts: URL) async throws -> (TestHub, String) {
            let settings = folder.appending(path: "settings.yaml")
            try Data(town.yaml.utf8).write(to: settings)
            let program = try Program(
                [
                    "serve", "--config", settings.path, "--data", folder.appending(path: "data").path, "--listen", "127.0.0.1:0",
                    "--templates", texts.path,
                ], environment: ["NOROSHI_LOG": "info"])
            let port = try await TestHub.port(of: program)
            let words = try await eventually("the rehearsal is over") {
                program.errors.split(separator: "\n").last { $0.contains("rehearsed") }.map(String.init)
            }
            return (try TestHub(program: program, folder: folder, port: port), words)
        }
    }
}
