import Foundation
import Hub
import Testing

@Suite("A satellite receiver, and a hub whose clock means another day")
struct ReceiverClockTests {
    /// An early warning for 宮城, announced so many days from now.
    private func warning(days: Double) -> [UInt8] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let time = calendar.dateComponents([.month, .day, .hour, .minute], from: Date().addingTimeInterval(days * 86_400))
        var bits = [Bool](repeating: false, count: 252)
        func put(_ value: Int, _ offset: Int, _ width: Int) {
            for bit in 0..<width { bits[offset + bit] = value >> (width - 1 - bit) & 1 == 1 }
        }
        put(0x53, 0, 8); put(43, 8, 6); put(1, 14, 3); put(1, 17, 4); put(time.month ?? 0, 21, 4); put(time.day ?? 0, 25, 5)
        put(time.hour ?? 0, 30, 5); put(time.minute ?? 0, 35, 6); put(201, 53, 9); put(1, 136, 1); put(1, 214, 6)
        var crc = 0
        for bit in bits.prefix(226) {
            crc = (crc ^ (bit ? 1 << 23 : 0)) << 1
            if crc & 0x100_0000 != 0 { crc ^= 0x186_4CFB }
        }
        put(crc, 226, 24)
        let digits = stride(from: 0, to: 252, by: 4).map { start in
            String(bits[start..<start + 4].reduce(0) { $0 * 2 + ($1 ? 1 : 0) }, radix: 16, uppercase: true)
        }.joined()
        let body = "QZQSM,55,\(digits)"
        return Array("$\(body)*\(String(format: "%02X", body.utf8.reduce(UInt8(0), ^)))".utf8)
    }

    @Test("An early warning straight from the receiver is not held for its date, and the operator is told; out of a file it is old",
        arguments: [-40.0, -1, 1.5, 200])
    func live(days: Double) async throws {
        let house = try await House()
        let taking = try await house.hub.take(warning(days: days), Intake(source: "qzss:/dev/ttyUSB0"))
        #expect(taking.alerts.count == 1 && !taking.notes.contains { $0.contains("期限が過ぎて") })
        #expect(house.hub.attention.rows.contains { $0.topic == .receiver && $0.subject == "qzss:/dev/ttyUSB0" })
        #expect(house.hub.clockTrouble == nil, "a date that agrees with nothing proves nothing about our clock")

        var recorded = Intake(source: "qzss:/srv/log.nmea")
        recorded.fileName = "log.nmea"
        let other = try await House()
        guard days < 1 || days > 20 else { return }
        #expect(try await other.hub.take(warning(days: days), recorded).notes.contains { $0.contains("期限が過ぎて") })
    }
}
