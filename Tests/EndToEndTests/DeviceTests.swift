import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite("Tablets, at the command line") struct Tablets {
        private func run(_ hub: TestHub, _ words: String...) async throws -> Program.Ended {
            let program = try Program(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
            return Program.Ended(code: try await program.ended(), out: program.out, errors: program.errors)
        }

        private static func file(_ text: String, in hub: TestHub, _ name: String) throws -> String {
            let url = hub.folder.appending(path: name)
            try Data(text.utf8).write(to: url)
            return url.path
        }

        @Test("A class is invited from a list, a tablet is lent and comes back; a list that names no place makes no code")
        func lending() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let list = try Self.file("\u{FEFF}site,name\r\nschool-1,\"1組, 1番\"\r\nschool-1,1組2番\r\n", in: hub, "class.csv")
                let made = try await run(hub, "device", "invite", "--town", "042056", "--from", list, "--format", "json")
                try #require(made.code == 0 && made.lines.count == 2, "\(made)")
                let code = try #require(made.lines.first?.firstMatch(of: #/"code":"([^"]+)"/#)).1
                let device = try await hub.call("POST", "/v1/devices", Array(#"{"code":"\#(code)"}"#.utf8), token: nil)
                let id = try #require(device.text.firstMatch(of: #/"device_id":"([^"]+)"/#)).1
                #expect(try await run(hub, "device", "lend", String(id), "--to", "山田花子").code == 0)
                #expect(try await run(hub, "device", "lend", String(id), "--to", "鈴木").code == 75)
                let lent = try await run(hub, "device", "list", "--town", "042056", "--lent")
                #expect(lent.out.contains("1組, 1番") && lent.out.contains("山田花子") && lent.out.contains("貸出中 1台"), "\(lent)")
                #expect(try await run(hub, "device", "return", String(id)).code == 0)
                #expect(try await !run(hub, "device", "list", "--town", "042056").out.contains("山田花子"))
                for (number, bad) in ["name,place\na,b", "name,site\n,school-1", "name,site\n", ""].enumerated() {
                    let ended = try await run(hub, "device", "invite", "--town", "042056", "--from", try Self.file(bad, in: hub, "bad\(number).csv"))
                    #expect(ended.code == 65, "\(bad): \(ended)")
                }
                #expect(try await run(hub, "device", "invite", "--town", "042056").code == 64)
            }
        }

        @Test("A town's key is shown and renewed at the command line, and whoever listens hears of the new one at once")
        func key() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let line = try await hub.tablet(try await hub.enrol())
                func keys() -> Int { line.states.last.map { $0.data.components(separatedBy: "ed25519:").count - 1 } ?? 0 }
                try await eventually("what stands, with the town's key") { keys() == 1 }
                let first = try await run(hub, "town", "key", "042056")
                #expect(first.code == 0 && first.out.contains("指紋") && first.out.contains("1番目"), "\(first)")
                let second = try await run(hub, "town", "key", "042056", "--new")
                #expect(second.code == 0 && second.out.contains("2番目"), "\(second)")
                try await eventually("both keys: \(line.text)", within: .seconds(10)) { keys() == 2 }
                #expect(try await run(hub, "town", "key", "042056", "--taken-back").code == 64)
            }
        }
    }
}
