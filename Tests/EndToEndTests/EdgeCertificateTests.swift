/// A school's own machine under TLS: the real programs, and `curl` as a tablet that trusts the town's authority and nobody else.
import ChannelKit
import ChannelKitTesting
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct EdgeCertificates {
        private static let town = TownFile(gateway: "http://127.0.0.1:9")

        /// - Parameter hosts: JSON; as the desk says them with the invitation.
        private static func code(_ hub: TestHub, hosts: String) async throws -> String {
            struct Invitation: Decodable { var code: String }
            let body = Array(#"{"town":"042056","site":"school-1","role":"edge","hosts":\#(hosts)}"#.utf8)
            return try JSONDecoder().decode(Invitation.self, from: Data(try await hub.call("POST", "/v1/devices/invitations", body).body)).code
        }

        private static func arguments(_ hub: TestHub, _ folder: URL, _ more: String...) -> [String] {
            TestEdge.arguments(hub: hub.port, in: folder) + more
        }

        /// `curl`, with that authority alone.
        private static func curl(_ folder: URL, _ address: String, ca: URL?, _ more: String...) async throws -> (code: Int32, text: String) {
            let out = folder.appending(path: "curl-\(UUID().uuidString)")
            var words = ["-sS", "--noproxy", "*", "--max-time", "10", "--capath", "/nonexistent"] + more
            if let ca { words += ["--cacert", ca.path] }
            let code = try await ChildProcess.run("/usr/bin/curl", words + [address], output: .file(out.path))
            return (code, (try? String(contentsOf: out, encoding: .utf8)) ?? "")
        }

        private static func run(_ hub: TestHub, _ words: String...) async throws -> Program.Ended {
            try await Program.run(words, environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
        }

        private static func scene(_ body: (TestHub, URL, inout [Program]) async throws -> Void) async throws {
            let (hubFolder, edgeFolder) = (try TestHub.newFolder(), try TestHub.newFolder())
            let hub = try await TestHub.start(town, in: hubFolder)
            var programs = [hub.program]
            defer { for program in programs { program.signal(SIGKILL) } }
            try await body(hub, edgeFolder, &programs)
            for folder in [hubFolder, edgeFolder] { try? FileManager.default.removeItem(at: folder) }
        }

        /// One field of what the edge keeps of its certificate, as if so much time had passed.
        private static func turn(_ folder: URL, _ change: (inout [String: Any]) -> Void) throws {
            let file = folder.appending(path: "edge-certificate.json")
            var kept = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
            change(&kept)
            try JSONSerialization.data(withJSONObject: kept).write(to: file)
        }

        @Test("A tablet that trusts the town believes its school's machine, by its name and its address; without the town's authority, and by another name, it does not", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
        func believed() async throws {
            try await Self.scene { hub, folder, programs in
                let program = try Program(Self.arguments(hub, folder, "--serve", "https", "--code", try await Self.code(hub, hosts: #"["127.0.0.1","localhost"]"#)))
                programs.append(program)
                let port = try await TestHub.port(of: program)
                let ca = folder.appending(path: "town-ca.pem")
                // As people take it in: from the hub, with its fingerprint.
                try Data(try await hub.call("GET", "/trust/042056/noroshi.pem").body).write(to: ca)
                for name in ["127.0.0.1", "localhost"] {
                    let answer = try await Self.curl(folder, "https://\(name):\(port)/tablet/", ca: ca)
                    #expect(answer.code == 0 && answer.text.contains("<html"), "\(name): \(answer.text.prefix(300))")
                }
                let strange = try await Self.curl(folder, "https://127.0.0.1:\(port)/healthz", ca: nil)
                #expect(strange.code == 60 || strange.code == 77, "no authority: \(strange)")
                let other = try await Self.curl(folder, "https://other.local:\(port)/healthz", ca: ca, "--resolve", "other.local:\(port):127.0.0.1")
                #expect(other.code == 60, "another name: \(other)")
                let plain = try await Self.curl(folder, "http://127.0.0.1:\(port)/healthz", ca: ca)
                #expect(plain.code != 0 && !plain.text.contains("ok\n"), "nothing is said in clear: \(plain)")
                #expect(try await Self.curl(folder, "https://127.0.0.1:\(port)/healthz", ca: ca, "--tls-max", "1.1", "--tlsv1.0").code != 0, "nothing of before TLS 1.2")
                // The stream is under it too: what is said there goes out by a way of its own.
                let tablet = try await hub.enrol()
                let listening = folder.appending(path: "listening")
                let ear = try ChildProcess("/usr/bin/curl", ["-sSN", "--noproxy", "*", "--cacert", ca.path, "-H", "Authorization: Bearer \(tablet.token)", "https://127.0.0.1:\(port)/v1/stream"], output: .file(listening.path))
                try await eventually("the edge greets", within: .seconds(60)) { (try? String(contentsOf: listening, encoding: .utf8))?.contains("event: state") == true }
                _ = try await hub.call("POST", "/v1/alerts", Array(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"断水です。"}"#.utf8))
                try await eventually("an alert comes through", within: .seconds(30)) { (try? String(contentsOf: listening, encoding: .utf8))?.contains("断水") == true }
                // Another certificate while it stands: whoever comes gets the new one, and the line goes on.
                let before = try await Self.curl(folder, "https://127.0.0.1:\(port)/readyz", ca: ca, "-w", "%{certs}")
                let devices = try await hub.call("GET", "/v1/devices?town=042056").text
                let id = String(try #require(devices.firstMatch(of: /"id":"(d-[^"]+)"[^}]*"role":"edge"/)?.1))
                #expect(try await hub.call("PATCH", "/v1/devices/\(id)", Array(#"{"hosts":["127.0.0.1","other.local"]}"#.utf8)).status == 200)
                try await eventually("renewed under its new names, without a restart", within: .seconds(60)) {
                    try await Self.curl(folder, "https://other.local:\(port)/healthz", ca: ca, "--resolve", "other.local:\(port):127.0.0.1").code == 0
                }
                #expect(try await Self.curl(folder, "https://localhost:\(port)/healthz", ca: ca).code == 60, "and under the old one no longer")
                #expect(before.code == 0)
                _ = try await hub.call("POST", "/v1/alerts", Array(#"{"town":"042056","kind":"notice","mode":"actual","title":"給水","body":"給水です。"}"#.utf8))
                try await eventually("the line of before goes on", within: .seconds(30)) { (try? String(contentsOf: listening, encoding: .utf8))?.contains("給水") == true }
                ear.end()
            }
        }

        @Test("It renews itself when a third is over; while the hub is away it serves on, also over a restart, and says that it has expired", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
        func renewed() async throws {
            try await Self.scene { hub, folder, programs in
                var program = try Program(Self.arguments(hub, folder, "--serve", "https", "--code", try await Self.code(hub, hosts: #"["127.0.0.1"]"#)))
                programs.append(program)
                var port = try await TestHub.port(of: program)
                let ca = folder.appending(path: "town-ca.pem")
                for name in ["edge-key.pem", "edge-certificate.json"] {
                    #expect(try FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)[.posixPermissions] as? Int == 0o600, "\(name)")
                }
                try await program.kill()
                // The clock of what it keeps is turned: a third is over.
                func chain() throws -> String { (try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "edge-certificate.json"))) as? [String: Any])?["chain"] as? String ?? "" }
                let first = try chain()
                try Self.turn(folder) { $0["renewAfter"] = -900_000_000.0 }
                program = try Program(Self.arguments(hub, folder, "--serve", "https"))
                programs.append(program)
                port = try await TestHub.port(of: program)
                try await eventually("it is renewed", within: .seconds(60)) { try chain() != first }
                #expect(try await Self.curl(folder, "https://127.0.0.1:\(port)/healthz", ca: ca).code == 0)
                // All of it is over, and the line is cut.
                try await program.kill()
                try Self.turn(folder) { ($0["renewAfter"], $0["notAfter"]) = (-900_000_000.0, -900_000_000.0) }
                let late = try chain()
                hub.program.signal(SIGSTOP)
                program = try Program(Self.arguments(hub, folder, "--serve", "https"))
                programs.append(program)
                port = try await TestHub.port(of: program)
                let ready = try await Self.curl(folder, "https://127.0.0.1:\(port)/readyz", ca: ca)
                #expect(ready.text.contains("証明書の期限が切れています") && ready.text.contains(#""ready":false"#), "\(ready.text)")
                #expect(try chain() == late, "it serves on with what it has")
                hub.program.signal(SIGCONT)
                try await eventually("the hub is back, and it has another one", within: .seconds(90)) { try chain() != late }
                try await eventually("ready again", within: .seconds(60)) { try await Self.curl(folder, "https://127.0.0.1:\(port)/readyz", ca: ca).text.contains(#""ready":true"#) }
                // Out is out.
                let before = try chain()
                let devices = try await hub.call("GET", "/v1/devices?town=042056").text
                let id = String(try #require(devices.firstMatch(of: /"id":"(d-[^"]+)"[^}]*"role":"edge"/)?.1))
                #expect(try await hub.call("DELETE", "/v1/devices/\(id)").status == 204)
                try await program.kill()
                try Self.turn(folder) { $0["renewAfter"] = -900_000_000.0 }
                program = try Program(Self.arguments(hub, folder, "--serve", "https"))
                programs.append(program)
                port = try await TestHub.port(of: program)
                try await eventually("the hub refuses it", within: .seconds(60)) { try await Self.curl(folder, "https://127.0.0.1:\(port)/readyz", ca: ca).text.contains(#""ready":false"#) }
                #expect(try chain() == before, "and signs nothing for it")
            }
        }

        @Test("Without a certificate it is no tablet server: it says why in words and ends; in clear only where nobody else comes, or where somebody says so")
        func refused() async throws {
            try await Self.scene { hub, folder, programs in
                // Enrolled, and nobody has said how it is called.
                let nameless = try await Program.run(Self.arguments(hub, folder, "--serve", "https", "--code", try await Self.code(hub, hosts: "[]")))
                #expect(nameless.code == 78 && nameless.errors.contains("タブレットの前には立ちません") && nameless.errors.contains("no certificate") && nameless.errors.contains("noroshi device set d-"), "\(nameless.errors)")
                // Where others come, https is not asked for: it is so.
                var open = Self.arguments(hub, folder)
                open[open.firstIndex(of: "127.0.0.1:0")!] = "0.0.0.0:0"
                #expect(try await Program.run(open).code == 78)
                // The hub is away, and it never had one.
                hub.program.signal(SIGSTOP)
                let alone = try await Program.run(Self.arguments(hub, folder, "--serve", "https"))
                hub.program.signal(SIGCONT)
                #expect(alone.code == 69 && alone.errors.contains("タブレットの前には立ちません"), "\(alone.errors)")
                for more in [["--serve", "http"], []] {
                    let program = try Program((more.isEmpty ? Self.arguments(hub, folder) : open) + more)
                    programs.append(program)
                    let port = try await TestHub.port(of: program)
                    #expect(program.errors.contains("listens on http://"))
                    #expect(try await TestEdge(program: program, folder: folder, port: port).call("GET", "/healthz").status == 200)
                    try await program.kill()
                }
            }
        }

        @Test("The keeper of the town makes another authority from the command line; machines come for new certificates at once, and tablets that know the old one alone go on", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
        func changed() async throws {
            try await Self.scene { hub, folder, programs in
                let program = try Program(Self.arguments(hub, folder, "--serve", "https", "--code", try await Self.code(hub, hosts: #"["127.0.0.1"]"#)))
                programs.append(program)
                let port = try await TestHub.port(of: program)
                let (old, new) = (folder.appending(path: "old.pem"), folder.appending(path: "new.pem"))
                try Data(try await hub.call("GET", "/trust/042056/noroshi.pem").body).write(to: old)
                let shown = try await Self.run(hub, "town", "ca", "042056")
                #expect(shown.code == 0 && shown.out.contains("指紋") && shown.out.contains("/trust/042056"), "\(shown)")
                #expect(try await Self.run(hub, "town", "ca", "042056", "--taken-back").code == 64)
                let made = try await Self.run(hub, "town", "ca", "042056", "--new", "--domain", "school.kesennuma.miyagi.jp")
                #expect(made.code == 0 && made.out.contains("2番目") && made.out.contains("school.kesennuma.miyagi.jp"), "\(made)")
                let pem = try await Self.run(hub, "town", "ca", "042056", "--pem").out
                try Data((pem.components(separatedBy: "-----BEGIN").last.map { "-----BEGIN" + $0 } ?? "").utf8).write(to: new)
                try await eventually("tablets that know the new one alone", within: .seconds(60)) { try await Self.curl(folder, "https://127.0.0.1:\(port)/healthz", ca: new).code == 0 }
                #expect(try await Self.curl(folder, "https://127.0.0.1:\(port)/healthz", ca: old).code == 0, "and those that know the old one alone")
            }
        }
    }
}
