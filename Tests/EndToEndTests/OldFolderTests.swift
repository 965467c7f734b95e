/// A folder that the program of 2026-11-27 left, before what an alert says was kept once, facts were chained and a spot's pages were made
/// when they are asked for. An hour of a town was played against it: orders, a shelter, a notice taken back, a drill, an early warning, receipts and a report.
import ChannelKit
import ChannelKitTesting
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct OldFolders {
        private static let token = "6-JYWRJRwZOtAm6KyaUKpAi2P5t_T0niNZvKf2V0Gn4"
        private static let order = "20261130T143047-ngh4wqq6"

        private static let more = """
                  - {channel: wifi-portal, id: spot-1, name: 駅前, actual: {}, exercise: {}}
            """

        @Test("Today's program goes on with it: every delivery is in the log as it was, the tablets are known, reports are there, nothing goes out again, and the record is whole")
        func goesOn() async throws {
            let folder = try TestHub.newFolder(), data = folder.appending(path: "data")
            defer { try? FileManager.default.removeItem(at: folder) }
            let kept = Program.package.appending(path: "Tests/Fixtures/ledger/2026-11-27.tar.gz").path
            #expect(try await ChildProcess.run("/bin/tar", ["xzf", kept, "-C", folder.path]) == 0)
            try FileManager.default.moveItem(at: folder.appending(path: "old"), to: data)
            let posts = Mutex(0)
            let gateway = try await FarEndServer { request in
                if request.method == "POST" { posts.withLock { $0 += 1 } }
                return .answer(request.method == "POST" ? 201 : 200)
            }
            var town = TownFile(gateway: gateway.url)
            town.more = Self.more
            try await TestHub.with(town, in: folder) { hub in
                let rows = try await hub.settled()
                let sent = rows.filter { $0.state == "delivered" }
                #expect(Set(sent.map(\.delivery)).count == 28 && sent.count == 28)
                #expect(sent.filter { $0.alert == Self.order }.map { "\($0.channel)/\($0.endpoint)" }.sorted() == [
                    "school-tablet/school-1", "school-tablet/school-2", "webhook/radio", "wifi-portal/spot-1",
                ])
                #expect(rows.filter { $0.mode == "exercise" }.allSatisfy { ["rejected", "skipped"].contains($0.state) })
                // Its far end is not in the settings any more, and its time may be over: it ends, and is not lost.
                #expect(rows.contains { $0.endpoint == "broken" && $0.alert == Self.order })

                let order = try await hub.call("GET", "/v1/alerts/\(Self.order)")
                #expect(order.status == 200 && order.text.contains("避難指示") && order.text.contains("魚町"), "\(order.text)")
                let reports = try await hub.call("GET", "/v1/reports?town=042056")
                #expect(reports.text.contains(#"\"people\": 120"#), "\(reports.text)")

                let tablet = try await hub.tablet(.init(device_id: "d-wHBzTD8O9fv3", token: Self.token, site: "school-1"))
                #expect(tablet.position != nil, "enrolled then, known today")
                #expect(try await hub.page("spot-1").contains("気仙沼市"))
                #expect(!FileManager.default.fileExists(atPath: data.appending(path: "wifi-portal/spot-1/current").path), "pages as files are gone")

                let verified = try await Program.run(["log", "verify"], environment: ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token])
                #expect(verified.code == 0, "\(verified)")
                #expect(posts.withLock(\.self) == 0, "what the old program said is not said again")
            }
            await gateway.stop()
        }
    }
}
