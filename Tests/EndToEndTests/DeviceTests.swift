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
    }
}
