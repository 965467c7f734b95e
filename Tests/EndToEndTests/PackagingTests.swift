import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    /// What goes out with the program: rules for the watch, others' licences, man pages.
    @Suite struct Packaging {
        private func sh(_ script: String) async throws -> (status: Int32, text: String) {
            // The program's own version is what runs when the script says yes.
            let child = try Program(["--version"], shell: "cd '\(Program.package.path)' && \(script) &&")
            let status = try await child.ended()
            return (status, child.out + child.errors)
        }

        @Test("promtool finds nothing wrong with the rules for the watch")
        func rules() async throws {
            let promtool = "/usr/bin/promtool"
            guard FileManager.default.isExecutableFile(atPath: promtool) else {
                return print("skipped: promtool is not installed (apt install prometheus)")
            }
            let answer = try await sh("\(promtool) check rules deploy/alerts.yml")
            #expect(answer.status == 0, "\(answer.text)")
        }

        @Test("Every gauge the rules speak of is one the hub shows")
        func gauges() async throws {
            let rules = try String(contentsOf: Program.package.appending(path: "deploy/alerts.yml"), encoding: .utf8)
            let wanted = Set(rules.matches(of: #/noroshi_[a-z_]+/#).map { String($0.0) })
            // Shown only where there is something to say.
            let later: Set = ["noroshi_clock_offset_seconds", "noroshi_source_silent", "noroshi_attention"]
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let text = try await hub.call("GET", "/metrics", token: nil).text
                for gauge in wanted.subtracting(later) {
                    #expect(text.contains("\n\(gauge)") || text.hasPrefix(gauge), "\(gauge)")
                }
            }
        }

        @Test("The notices name every package of the build, and the manifest pins each of them exactly")
        func packages() async throws {
            guard FileManager.default.fileExists(atPath: Program.package.appending(path: "Package.resolved").path) else {
                return print("skipped: the packages are not resolved here")
            }
            let answer = try await sh("deploy/third-parties check")
            #expect(answer.status == 0, "\(answer.text)")
            let bill = try await sh("deploy/third-parties sbom")
            #expect(bill.status == 0 && bill.text.contains(#""bomFormat": "CycloneDX""#))
        }

        @Test("There is a man page for every command")
        func manuals() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-man-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let answer = try await sh("deploy/manpages '\(Program.path)' '\(folder.path)'")
            #expect(answer.status == 0, "\(answer.text)")
            let page = try String(contentsOf: folder.appending(path: "noroshi-gateway.1"), encoding: .utf8)
            #expect(page.contains(".TH \"NOROSHI-GATEWAY\"") && page.contains("\\-\\-bsc"))
        }
    }
}
