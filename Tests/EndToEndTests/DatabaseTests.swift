/// A hub whose record is in a database elsewhere: it is there, hangs, dies, comes back, and is asked for by another hub.
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: PostgresServer.isInstalled, "no PostgreSQL on this machine")) struct Databases {
        /// Made as the database's keeper makes it: by what the program prints.
        private func database(on server: PostgresServer) async throws -> String {
            let name = "hub"
            try await server.psql("CREATE DATABASE \(name)")
            let sql = try await Program.run("ledger", "sql")
            #expect(sql.code == 0)
            for _ in 0..<2 { try await server.psql(sql.out, in: name) }
            return server.address(name, role: "noroshi_hub", parameters: "?target_session_attrs=read-write")
        }

        @Test("With its database killed the hub warns as ever and says that it is recorded here only; killed too and started again when the database is back it has all of it, once, and knows its tablets; a second hub, and whoever looks for a file, is told where the record is")
        func killed() async throws {
            let server = try await PostgresServer(), address = try await database(on: server)
            try await Air.with { air in
                var town = TownFile(gateway: air.url)
                town.sources = "ledger: \"\(address)\""
                let folder = try TestHub.newFolder(), data = folder.appending(path: "data")
                var token: TestHub.Device?
                try await TestHub.with(town, in: folder) { hub in
                    let device = try await hub.enrol()
                    token = device
                    let tablet = try await hub.tablet(device)
                    let first = try #require(try await hub.take(try Quake().warning()).alerts.first)
                    #expect(try await hub.settled("alert=\(first)").count == 5)
                    #expect(try await hub.call("GET", "/readyz").status == 200)
                    let verified = try await Program.run(["log", "verify"], environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                    #expect(verified.code == 0, "\(verified)")

                    // Whoever looks for the record in the folder.
                    let looked = try await Program.run("log", "verify", "--data", data.path)
                    #expect(looked.code == 65 && looked.errors.contains("PostgreSQL（hub @ 127.0.0.1）"), "\(looked)")
                    #expect(!FileManager.default.fileExists(atPath: data.appending(path: "ledger.sqlite").path))

                    // Another hub, over another folder.
                    let other = try TestHub.newFolder()
                    try Data(town.yaml.utf8).write(to: other.appending(path: "settings.yaml"))
                    let refused = try await Program.run("serve", "--config", other.appending(path: "settings.yaml").path, "--data", other.appending(path: "data").path, "--listen", "127.0.0.1:0", "--templates", Program.package.appending(path: "Templates").path)
                    #expect(refused.code == 78 && refused.errors.contains("another hub writes into this record"), "\(refused)")

                    server.kill()
                    let quake = Quake()
                    let heard = tablet.names().count, rung = air.heard.count
                    let answer = try await hub.post(try quake.warning())
                    #expect(answer.status == 202 && answer.text.contains("recorded on this machine only"), "\(answer.text)")
                    try await eventually("the tablet hears") { tablet.names().count > heard }
                    try await eventually("phones hear") { air.heard.count > rung }
                    try await eventually("it says so", within: .seconds(30)) { try await hub.call("GET", "/readyz").text.contains("記録のデータベース") }
                    try await eventually("the desk says so", within: .seconds(30)) { try await hub.call("GET", "/v1/attention").text.contains("記録のデータベースが使えません") }
                    let order = try await hub.call("POST", "/v1/alerts", Array(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"給水車が来ます。"}"#.utf8))
                    #expect(order.status == 202 && order.text.contains(#""recorded_here_only":true"#), "\(order.text)")
                    try await eventually("the tablet hears that too") { tablet.names().count == heard + 2 }
                    #expect(try await hub.call("GET", "/v1/alerts?town=042056").status == 503)

                    // The rows of what was told lie on this machine's disk before it is killed.
                    _ = try await eventually("all of it is told") { tablet.names().count == heard + 2 ? true : nil }
                }
                try await server.startAgain()
                // Killed, and at once started again: nobody waits for the dead one's term.
                try await TestHub.with(town, in: folder) { hub in
                    let tablet = try await hub.tablet(try #require(token))
                    try await eventually("it is let in, and told what stands") { !tablet.names().isEmpty }
                    #expect(try await hub.alerts().count == 3)
                    try await eventually("every delivery has its end", within: .seconds(30)) { try await hub.rows().filter { $0.state == "delivered" }.count == 14 }
                    #expect(try await hub.call("GET", "/readyz").status == 200)
                    // While it runs, too.
                    server.kill()
                    let third = try await hub.post(try Quake().warning())
                    #expect(third.status == 202 && third.text.contains("recorded on this machine only"), "\(third.text)")
                    try await server.startAgain()
                    try await eventually("it is handed over", within: .seconds(30)) { try await hub.alerts().count == 4 }
                    try await eventually("the desk says so no more", within: .seconds(30)) { try await !hub.call("GET", "/v1/attention").text.contains("記録のデータベースが使えません") }
                    let verified = try await Program.run(["log", "verify"], environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                    #expect(verified.code == 0, "\(verified)")
                }
                town.sources = ""
                try Data(town.yaml.utf8).write(to: folder.appending(path: "settings.yaml"))
                let slip = try await Program.run("serve", "--config", folder.appending(path: "settings.yaml").path, "--data", data.path, "--listen", "127.0.0.1:0", "--templates", Program.package.appending(path: "Templates").path)
                #expect(slip.code == 78 && slip.errors.contains("the setting is missing"), "\(slip)")
                try FileManager.default.removeItem(at: folder)
            }
        }

        @Test("An address that is none, a role that stands above the walls and a drill of copies are refused before the start, with words")
        func refused() async throws {
            let server = try await PostgresServer(), address = try await database(on: server), folder = try TestHub.newFolder()
            func check(_ lines: String) async throws -> Program.Ended {
                var town = TownFile(gateway: "http://127.0.0.1:9")
                town.sources = lines
                try Data(town.yaml.utf8).write(to: folder.appending(path: "settings.yaml"))
                return try await Program.run("check", "--config", folder.appending(path: "settings.yaml").path, "--templates", Program.package.appending(path: "Templates").path)
            }
            #expect(try await check("ledger: sqlite").code == 0)
            let good = try await check("ledger: \"\(address)\"")
            #expect(good.code == 0 && !good.errors.contains("ledger"), "\(good)")
            for (lines, words) in [("ledger: mysql://x/y", "neither sqlite nor"), ("ledger: postgresql://h", "not named"), ("ledger: \"\(address)\"\ncopies: {drill: monthly}", "copies.drill")] {
                let found = try await check(lines)
                #expect(found.code == 78 && found.errors.contains(words), "\(found)")
            }
            let keeper = try await check("ledger: \"\(server.address("hub", role: "postgres"))\"")
            #expect(keeper.code == 0 && keeper.errors.contains("row-level security"), "\(keeper)")
            let away = try await check("ledger: \"\(server.address("hub", role: "secret:password").replacing(":\(server.port)/", with: ":1/"))\"")
            #expect(away.code == 0 && away.errors.contains("away") && !away.errors.contains("password"), "\(away)")
            try FileManager.default.removeItem(at: folder)
        }
    }
}
