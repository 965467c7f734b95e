/// Two hubs over one record: one is on duty and the other stands by. Killed, stopped and woken, ended as one ends a program.
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite(.enabled(if: PostgresServer.isInstalled, "no PostgreSQL on this machine")) struct Duties {
        /// Two folders, one database.
        private struct Pair {
            let server: PostgresServer
            var town: TownFile
            let address: String
            let folders: [URL]

            init(_ town: TownFile) async throws {
                server = try await PostgresServer()
                self.town = town
                try await server.psql("CREATE DATABASE hub")
                try await server.psql(try await Program.run("ledger", "sql").out, in: "hub")
                address = server.address("hub", role: "noroshi_hub", parameters: "?target_session_attrs=read-write")
                folders = [try TestHub.newFolder(), try TestHub.newFolder()]
            }

            /// Not waited for: it is on duty or stands by.
            func begin(_ number: Int) throws -> Program {
                var own = town
                own.sources = "ledger: \"\(address)\"\nhub: {name: \(number == 0 ? "a" : "b")}"
                let settings = folders[number].appending(path: "settings.yaml")
                try Data(own.yaml.utf8).write(to: settings)
                return try Program([
                    "serve", "--config", settings.path, "--data", folders[number].appending(path: "data").path, "--listen", "127.0.0.1:0",
                    "--templates", Program.package.appending(path: "Templates").path,
                ])
            }

            func onDuty(_ program: Program, in number: Int) async throws -> TestHub {
                try TestHub(program: program, folder: folders[number], port: try await TestHub.port(of: program))
            }

            /// Asked at the door at which it stands by, the last one it said.
            func standing(_ program: Program, in number: Int, times: Int = 1) async throws -> TestHub {
                let ports = try await eventually("it stands by: \(program.errors)", within: .seconds(60)) {
                    let found = program.errors.matches(of: #/stands by on http:\/\/[0-9.]+:(\d+)/#).compactMap { Int($0.1) }
                    return found.count >= times ? found : nil
                }
                return try TestHub(program: program, folder: folders[number], port: ports[times - 1])
            }

            func end(_ programs: Program...) async throws {
                for program in programs { program.signal(SIGKILL) }
                for program in programs { _ = try await program.ended() }
                for folder in folders { try FileManager.default.removeItem(at: folder) }
            }
        }

        private static let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"給水車が来ます。"}"#

        @Test("The hub that stands by says who is on duty and takes nothing; when that one is killed in the middle of a bulletin it takes over: nothing accepted is lost, its tablets and pages go on, and the killed one, started again, stands by; ended as one ends a program it hands over at once")
        func killed() async throws {
            try await Air.with { air in
                let pair = try await Pair(TownFile(gateway: air.url))
                let first = try pair.begin(0), one = try await pair.onDuty(first, in: 0)
                let second = try pair.begin(1), other = try await pair.standing(second, in: 1)
                let device = try await one.enrol()

                let ready = try await other.call("GET", "/readyz", token: nil)
                #expect(ready.status == 503 && ready.text.contains(#""on_duty":{"address":"http://127.0.0.1"#) && ready.text.contains(#""name":"a""#), "\(ready.text)")
                #expect(try await other.call("GET", "/healthz", token: nil).status == 200)
                let told = try await other.call("POST", "/v1/alerts", Array(Self.notice.utf8))
                #expect(told.status == 421 && told.text.contains("当番は a"), "\(told.text)")
                #expect(try await other.post(try Quake().warning()).status == 421)
                let read = try await other.call("GET", "/v1/alerts?town=042056")
                #expect(read.status == 307 && read.header("Location")?.hasSuffix("/v1/alerts?town=042056") == true, "\(read)")

                let tsunami = try #require(try await one.take(try Quake().tsunami()).alerts.first)
                try await one.settled("alert=\(tsunami)")
                #expect(try await one.page().contains("大津波警報"))
                let quake = try await one.take(try Quake(7).warning())
                try await first.kill()

                let heir = try await pair.onDuty(second, in: 1)
                #expect(heir.port == other.port)
                #expect(Set(try await heir.alerts().map(\.id)).isSuperset(of: quake.alerts + [tsunami]))
                try await heir.settled()
                #expect(try await heir.rows("alert=\(quake.alerts[0])").filter { $0.state == "delivered" }.count == 5)
                try await eventually("its pages say what stands") { try await heir.page().contains("大津波警報") }
                let tablet = try await heir.tablet(device)
                try await eventually("its tablet is let in and told what stands") { !tablet.names().isEmpty }
                let verified = try await Program.run(["log", "verify"], environment: ["NOROSHI_HUB": heir.address, "NOROSHI_TOKEN": TownFile.token])
                #expect(verified.code == 0, "\(verified)")

                let again = try pair.begin(0)
                _ = try await pair.standing(again, in: 0)
                _ = try await heir.push(Self.notice)
                second.signal(SIGTERM)
                #expect(try await second.ended() == 0)
                let back = try await pair.onDuty(again, in: 0)
                #expect(try await back.alerts().count == 3)
                try await pair.end(again)
            }
        }

        @Test("A hub that was stopped and is woken when another is on duty sends nothing and takes nothing, and stands by")
        func woken() async throws {
            let hook = try await FarEndServer { _ in .answer(503) }
            try await Air.with { air in
                let pair = try await Pair(TownFile(gateway: air.url, hook: hook.url + "/hook"))
                let first = try pair.begin(0), one = try await pair.onDuty(first, in: 0)
                let second = try pair.begin(1)
                _ = try await pair.standing(second, in: 1)
                // It has something to send, and will as soon as it may: the hook refuses.
                let quake = try #require(try await one.take(try Quake().warning()).alerts.first)
                await hook.arrived(2)
                first.signal(SIGSTOP)
                let heir = try await pair.onDuty(second, in: 1)
                hook.behave { _ in .answer(200) }
                let rows = try await heir.settled("alert=\(quake)", within: .seconds(60))
                #expect(rows.contains { $0.channel == "webhook" && $0.state == "delivered" }, "\(rows)")
                let heard = hook.requests.count
                // Asked while it is stopped: it hears this first of all.
                async let asked = one.call("POST", "/v1/alerts", Array(Self.notice.utf8))
                _ = await Gate().opens(within: .milliseconds(50))
                first.signal(SIGCONT)
                let standing = try await pair.standing(first, in: 0)
                #expect(first.errors.contains("another hub is on duty"))
                let answer = try? await asked
                #expect(answer?.status != 202, "\(String(describing: answer))")
                #expect(try await standing.call("GET", "/readyz", token: nil).text.contains(#""name":"b""#))
                #expect(hook.requests.count == heard)
                #expect(Set(hook.requests.compactMap { $0.header("webhook-id") }).count == 1, "one delivery under one name")
                #expect(try await heir.alerts().count == 1)
                let verified = try await Program.run(["log", "verify"], environment: ["NOROSHI_HUB": heir.address, "NOROSHI_TOKEN": TownFile.token])
                #expect(verified.code == 0, "\(verified)")
                // And again, as often as it takes.
                try await second.kill()
                try await eventually("it is on duty again, at the door at which it stood", within: .seconds(60)) { try await standing.call("GET", "/readyz").status == 200 }
                #expect(try await standing.alerts().count == 1)
                try await pair.end(first)
            }
            await hook.stop()
        }

        @Test("While the database hangs the hub on duty warns as ever and stays on duty; settings for several hubs without a database, or with a name that is none, are refused")
        func frozen() async throws {
            try await Air.with { air in
                let pair = try await Pair(TownFile(gateway: air.url))
                let first = try pair.begin(0), one = try await pair.onDuty(first, in: 0)
                let second = try pair.begin(1), other = try await pair.standing(second, in: 1)
                pair.server.freeze()
                let answer = try await one.post(try Quake().warning())
                #expect(answer.status == 202 && answer.text.contains("recorded on this machine only"), "\(answer.text)")
                try await eventually("phones hear") { !air.heard.isEmpty }
                try await eventually("the other knows nobody", within: .seconds(30)) { try await other.call("GET", "/readyz", token: nil).text.contains("nobody is on duty") }
                pair.server.wake()
                try await eventually("it is on duty", within: .seconds(30)) { try await one.call("GET", "/readyz").status == 200 }
                try await eventually("it is handed over", within: .seconds(30)) { try await one.alerts().count == 1 }
                // Its own question may hang for its second and a half still.
                try await eventually("the other knows who", within: .seconds(30)) { try await other.call("GET", "/readyz", token: nil).text.contains(#""name":"a""#) }
                #expect(try await one.call("GET", "/readyz").status == 200, "and it is still on duty")

                for (lines, words) in [("hub: {name: a}", "on PostgreSQL alone"), ("ledger: \"\(pair.address)\"\nhub: {name: 本庁}", "1 to 32"), ("ledger: \"\(pair.address)\"\nhub: {name: a, address: here}", "no http"), ("ledger: \"\(pair.address)\"\nlisten: \"0.0.0.0:8480\"\nhub: {name: a}", "none that another hub can send to")] {
                    var town = pair.town
                    town.sources = lines
                    let file = pair.folders[0].appending(path: "other.yaml")
                    try Data(town.yaml.utf8).write(to: file)
                    let found = try await Program.run("check", "--config", file.path, "--templates", Program.package.appending(path: "Templates").path)
                    #expect(found.code == 78 && found.errors.contains(words), "\(found)")
                }
                try await pair.end(first, second)
            }
        }
    }
}
