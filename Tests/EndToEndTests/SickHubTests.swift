/// A hub whose clock is wrong, or whose ledger was damaged or lost between two runs: warnings go out, and it says what is amiss.
import ChannelKit
import Foundation
import Testing

extension EndToEnd {
    @Suite struct SickHub {
        private struct Ready: Decodable {
            var ready: Bool
            var clock_offset_s: Double?
            var remarks: [String]?
        }

        @Test("With the clock six minutes fast an early warning goes out, and it is said that the clock is wrong")
        func clockFast() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    // The sender's clock is right, so ours is ahead of it by as much.
                    let quake = Quake(at: Date().addingTimeInterval(-360))
                    let alert = try #require(try await hub.take(try quake.warning()).alerts.first)
                    try await eventually("the tablet hears") { tablet.names() == ["alert"] }
                    let rows = try await hub.settled("alert=\(alert)")
                    #expect(Set(rows.map(\.state)) == ["delivered"], "\(rows)")
                    let ready: Ready = try await hub.get("/readyz")
                    #expect(ready.ready)
                    #expect(ready.clock_offset_s.map { abs($0 - 360) < 30 } == true, "\(ready)")
                    #expect(ready.remarks?.contains { $0.contains("時計") } == true, "\(ready)")
                    #expect(try await hub.call("GET", "/v1/attention").text.contains(#""topic":"clock""#))
                }
            }
        }

        @Test("An early warning that is six minutes late is not told, when another bulletin came at once")
        func late() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    try await hub.take(try Quake(3).tsunami())
                    try await hub.settled()
                    let late = try await hub.take(try Quake(2, at: Date().addingTimeInterval(-360)).warning())
                    let rows = try await hub.settled("alert=\(late.alerts.first ?? "")")
                    #expect(!rows.contains { $0.state == "delivered" }, "\(rows)")
                }
            }
        }

        enum Harm: CaseIterable, Sendable { case firstPage, allPages, noOctets, deleted, isFolder }

        @Test("After any harm to the ledger the hub starts, knows its tablets, tells them, and says what is missing", arguments: Harm.allCases)
        func harmed(_ harm: Harm) async throws {
            let folder = try TestHub.newFolder()
            let ledger = folder.appending(path: "data/ledger.sqlite")
            try await Air.with { air in
                let town = TownFile(gateway: air.url)
                let device = try await TestHub.with(town, in: folder) { hub in
                    let device = try await hub.enrol()
                    // A stop that is no kill writes the copy; so does time.
                    hub.program.signal(SIGTERM)
                    _ = try await hub.program.ended()
                    return device
                }
                let size = try #require(try FileManager.default.attributesOfItem(atPath: ledger.path)[.size] as? Int)
                switch harm {
                case .firstPage, .allPages:
                    let file = try FileHandle(forWritingTo: ledger)
                    try file.write(contentsOf: Data(repeating: 0xA5, count: harm == .firstPage ? 4096 : size))
                    try file.close()
                case .noOctets: try Data().write(to: ledger)
                case .deleted: try FileManager.default.removeItem(at: ledger)
                case .isFolder:
                    try FileManager.default.removeItem(at: ledger)
                    try FileManager.default.createDirectory(at: ledger, withIntermediateDirectories: false)
                }
                try await TestHub.with(town, in: folder) { hub in
                    let tablet = try await hub.tablet(device)
                    let alert = try #require(try await hub.take(try Quake().warning()).alerts.first)
                    try await eventually("the tablet hears") { tablet.names().contains("alert") }
                    let rows = try await hub.settled("alert=\(alert)")
                    #expect(Set(rows.map(\.state)) == ["delivered"], "\(rows)")
                    let ready: Ready = try await hub.get("/readyz")
                    #expect(ready.ready)
                    #expect(ready.remarks?.contains { $0.contains("記録") } == true, "\(ready)")
                    #expect(try await hub.call("GET", "/v1/attention").text.contains(#""topic":"ledger""#))
                    let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "data").path)
                    #expect(names.contains { $0.contains("damaged-") } == [.firstPage, .allPages, .isFolder].contains(harm), "\(names)")
                }
            }
        }

        @Test("Small files that a power cut emptied, and a file where a channel's folder should be, are put aside: warnings go out")
        func smallFiles() async throws {
            let folder = try TestHub.newFolder()
            let data = folder.appending(path: "data")
            try await Air.with { air in
                let town = TownFile(gateway: air.url)
                try await TestHub.with(town, in: folder) { hub in
                    hub.program.signal(SIGTERM)
                    _ = try await hub.program.ended()
                }
                for name in ["cap-key.pem", "paper-key", "local-key"] { try Data().write(to: data.appending(path: name)) }
                for name in ["wifi-portal", "area-mail"] {
                    try FileManager.default.removeItem(at: data.appending(path: name))
                    try Data("x".utf8).write(to: data.appending(path: name))
                }
                try await TestHub.with(town, in: folder) { hub in
                    try await hub.take(try Quake().warning())
                    try await eventually("the page") { try await hub.call("GET", "/spots/kesennuma-eki/index.ja.html").text.contains("緊急地震速報") }
                    try await eventually("phones hear") { air.identifiers.contains(0x1100) }
                    #expect(hub.program.errors.contains("cap-key.pem") && hub.program.errors.contains("wifi-portal"), "said")
                }
                let names = try FileManager.default.contentsOfDirectory(atPath: data.path)
                for name in ["cap-key.pem", "wifi-portal", "area-mail"] { #expect(names.contains { $0.hasPrefix(name + ".damaged-") }, "\(names)") }
            }
        }

        @Test("A ledger that is gone with its copy is missed too: the hub starts, tells, and says that nothing is known any more; the first start of all says nothing")
        func gone() async throws {
            let folder = try TestHub.newFolder()
            let data = folder.appending(path: "data")
            try await Air.with { air in
                let town = TownFile(gateway: air.url)
                try await TestHub.with(town, in: folder) { hub in
                    let ready: Ready = try await hub.get("/readyz")
                    #expect(ready.ready && ready.remarks?.contains { $0.contains("記録") } != true, "\(ready)")
                    hub.program.signal(SIGTERM)
                    _ = try await hub.program.ended()
                }
                for name in try FileManager.default.contentsOfDirectory(atPath: data.path) where name.hasPrefix("ledger.sqlite") {
                    try FileManager.default.removeItem(at: data.appending(path: name))
                }
                try await TestHub.with(town, in: folder) { hub in
                    try await hub.take(try Quake().warning())
                    let ready: Ready = try await hub.get("/readyz")
                    #expect(ready.ready)
                    #expect(ready.remarks?.contains { $0.contains("控え（.notebook）もない") && $0.contains("noroshi restore") } == true, "\(ready)")
                    #expect(try await hub.call("GET", "/v1/attention").text.contains(#""topic":"ledger""#))
                }
            }
        }
    }
}
