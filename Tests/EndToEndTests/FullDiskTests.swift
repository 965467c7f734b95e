/// A disk that takes no more. The child's limit on the size of a file stands for it: it hits the ledger, whose file
/// is the only big one.
import CellBroadcast
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct FullDisk {
        /// Nil: as big as it likes. `prlimit` is of util-linux, which every Debian has.
        private func limit(_ hub: TestHub, to octets: Int?) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/prlimit")
            process.arguments = ["--pid", "\(hub.program.pid)", "--fsize=\(octets.map { "\($0)" } ?? "unlimited"):unlimited"]
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw Program.CannotStart(code: process.terminationStatus) }
        }

        @Test("A full disk delays the answer, never the warning; with room again everything is on record")
        func full() async throws {
            try await Air.with { air in
                // A write beyond the limit shall fail and not end the program.
                try await TestHub.with(TownFile(gateway: air.url), shell: "trap '' XFSZ;") { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    try limit(hub, to: 100)
                    let quake = Quake()
                    let refused = try await hub.post(try quake.warning())
                    #expect(refused.status == 503, "\(refused.text)")
                    #expect(refused.header("Retry-After") != nil)
                    #expect(refused.problem?.detail?.contains("not recorded") == true, "\(refused.text)")
                    // Told all the same.
                    try await eventually("the tablet hears") { tablet.names() == ["alert"] }
                    try await eventually("phones hear") { air.identifiers == [0x1100, 0xA001] }
                    try await eventually("who looks at the spot's page reads it") {
                        try await hub.call("GET", "/spots/kesennuma-eki/index.ja.html").text.contains("緊急地震速報")
                    }
                    let notReady = try await hub.call("GET", "/readyz")
                    #expect(notReady.status == 503)
                    #expect(notReady.text.contains("ページをディスクに書けません"), "\(notReady.text)")
                    #expect(try await hub.alerts().isEmpty)
                    try await eventually("the desk says so", within: .seconds(30)) {
                        try await hub.call("GET", "/v1/attention").text.contains("記録がディスクに書けません")
                    }
                    let again = try await hub.post(try quake.warning())
                    #expect(again.status == 503)

                    try limit(hub, to: nil)
                    let taken = try await eventually("it is recorded") { try? await hub.take(try quake.warning()) }
                    let alert = try #require(taken.alerts.first)
                    #expect(try await hub.alerts().map(\.id) == [alert])
                    let rows = try await hub.settled("alert=\(alert)")
                    #expect(rows.count == 5 && Set(rows.map(\.state)) == ["delivered"], "\(rows)")
                    #expect(tablet.names() == ["alert"], "told once")
                    #expect(air.heard.filter { $0.identifier == 0x1100 }.count == 1)
                    try await eventually("the desk says so no more", within: .seconds(30)) {
                        try await !hub.call("GET", "/v1/attention").text.contains("記録がディスクに書けません")
                    }
                    try await eventually("ready again", within: .seconds(30)) {
                        let ready = try await hub.call("GET", "/readyz")
                        return ready.status == 200 && !ready.text.contains("ページをディスクに書けません")
                    }
                    let cancel = try await hub.take(try quake.cancel())
                    try await hub.settled("alert=\(try #require(cancel.alerts.first))")
                    #expect(air.onAir.isEmpty)
                }
            }
        }

        @Test("What a full disk refused is on record with room again, though nobody sends it a second time")
        func withoutAskingTwice() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url), shell: "trap '' XFSZ;") { hub in
                    try limit(hub, to: 100)
                    #expect(try await hub.post(try Quake().warning()).status == 503)
                    try await eventually("phones hear") { air.identifiers == [0x1100, 0xA001] }
                    try limit(hub, to: nil)
                    try await eventually("recorded") { try await hub.alerts().count == 1 }
                    let rows = try await hub.settled()
                    #expect(rows.count == 5 && Set(rows.map(\.state)) == ["delivered"], "\(rows)")
                }
            }
        }
    }
}
