/// Reports in the wrong order, and events between one another.
import CellBroadcast
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Order {
        @Test("A warning said in two types of telegram is told once")
        func twoTypes() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    let quake = Quake()
                    try await hub.take(try quake.warning())
                    try await hub.take(try quake.forecast())
                    // The same areas and classes again, as the next serial.
                    try await hub.take(try quake.warning(serial: 2, after: 1))
                    try await hub.settled()
                    let mail = try await hub.rows("channel=area-mail")
                    #expect(mail.filter { $0.state == "delivered" }.count == 1, "\(mail)")
                    #expect(air.heard.filter { $0.identifier == 0x1100 && $0.verb == .written }.count == 1)
                    #expect(tablet.events.filter { $0.object["priority"] == "immediate" }.count <= 1)
                }
            }
        }

        @Test("An older report that comes late changes nothing")
        func late() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let quake = Quake()
                    try await hub.take(try quake.warning(serial: 3, after: 2))
                    try await hub.settled()
                    let heard = air.heard.count
                    let late = try await hub.take(try quake.warning(serial: 2, after: 1))
                    #expect(late.notes.contains { $0.contains("recorded only") }, "\(late)")
                    #expect(air.heard.count == heard)
                }
            }
        }

        @Test("A cancel that comes before its alert silences it")
        func cancelFirst() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    let quake = Quake()
                    try await hub.take(try quake.cancel())
                    try await hub.take(try quake.warning())
                    let rows = try await hub.settled()
                    #expect(!rows.contains { $0.state == "delivered" }, "\(rows)")
                    #expect(air.heard.isEmpty)
                    #expect(tablet.events.isEmpty)
                }
            }
        }

        @Test("The cancel of one event leaves the other in force")
        func interleaved() async throws {
            try await Air.with { air in
                try await TestHub.with(TownFile(gateway: air.url)) { hub in
                    let tablet = try await hub.tablet(try await hub.enrol())
                    let (first, second) = (Quake(1), Quake(60))
                    try await hub.take(try first.warning())
                    try await hub.take(try second.tsunami())
                    // A cancel overtakes what still waits.
                    try await eventually("told") { tablet.events.count == 2 }
                    try await hub.take(try first.cancel())
                    try await hub.settled()
                    #expect(air.identifiers == [0x1101, 0xA002])
                    #expect(try await hub.page().contains("津波"))
                    try await eventually("three events") { tablet.events.count == 3 }
                    #expect(tablet.names() == ["alert", "alert", "cancel"])
                    let fresh = try await hub.tablet(try await hub.enrol())
                    #expect(fresh.events.map { $0.object["kind"] } == ["tsunami"])
                }
            }
        }
    }
}
