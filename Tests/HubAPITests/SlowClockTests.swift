import AlertModel
import Foundation
import Hub
import Synchronization
import Testing

@Suite("A hub whose clock is behind, and the warning that proves it")
struct SlowClockTests {
    /// Seconds since the test's beginning, by every clock; the hub's wall clock is behind by some more.
    private final class Night: Sendable {
        let passed = Mutex<TimeInterval>(0)
        let begun = ContinuousClock.now
        static let truth = Date(timeIntervalSince1970: 1_795_930_320)
        var now: Date { Self.truth.addingTimeInterval(passed.withLock(\.self)) }
        func clock(behind: TimeInterval) -> HubClock {
            HubClock(wall: { self.now.addingTimeInterval(-behind) }, steady: { self.begun + .seconds(self.passed.withLock(\.self)) })
        }
    }

    /// The demonstration's early warning, of this moment and of an earthquake of its own.
    private func warning(_ number: Int, at now: Date) throws -> [UInt8] {
        let file = House.package.appending(path: "Templates/demo/02_20110311144648_VXSE43.xml")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#, with: JapanTime.text(now, milliseconds: false))
            .replacing("<EventID>20110311144640", with: "<EventID>2026112900000\(number)")
        return Array(text.utf8)
    }

    @Test("It is told like those before and after it", arguments: [360.0, 7200.0] as [TimeInterval])
    func told(behind: TimeInterval) async throws {
        let night = Night()
        let house = try await House(time: night.clock(behind: behind))
        var isFound = false
        for (number, passed) in [0.0, 30, 65, 95, 7_000].enumerated() {
            night.passed.withLock { $0 = passed }
            let taking = try await house.hub.take(try warning(number, at: night.now.addingTimeInterval(-1)), Intake(source: "dmdata:1"))
            #expect(taking.alerts.count == 1)
            #expect(!taking.notes.contains { $0.contains("期限が過ぎて") }, "number \(number), after \(passed) s: \(taking.notes)")
            isFound = isFound || house.hub.time.correction != 0
        }
        #expect(isFound && house.hub.clockTrouble != nil, "else nothing was tried")
    }
}
