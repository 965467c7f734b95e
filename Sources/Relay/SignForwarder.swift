/// Tells the hub every minute which tablets are on this edge's own line and what they said of themselves, and how the power of this
/// machine stands: beyond an edge the hub sees no tablet. A tablet's word of three minutes ago is four old there at the most.
///
/// Nothing waits for a hub that is away: what is told is how it stands now, however long nobody could be told.
internal import AlertModel
package import ChannelKit
package import Devices
package import Streams
package import Foundation
package import Logging

package struct SignForwarder: Sendable {
    private struct Sign: Encodable {
        var device: String?
        var charge, minutes: Int?
        var plugged, mute: Bool?
        var seals, page: String?
        var signed: Bool?
        /// As the tablet said it, so many milliseconds ago.
        var exam_seconds: Int?
        var elapsed_ms: Int
    }

    private let hub: HubLine
    private let topic: StreamTopic
    private let devices: DeviceRegister
    private let stream: StreamHub
    private let power: String
    private let isDoubting: @Sendable () -> Bool
    /// Tablets of which the hub has not heard yet: for one of them it would take nothing of all the others.
    private let unheard: @Sendable () -> Set<String>
    /// What speaks at the place itself does not: as a tablet without a sound.
    private let isMute: @Sendable () -> Bool
    private let rounds: Rounds
    private let logger: Logger
    private let clock: @Sendable () -> Date
    /// As many as a hub takes at once.
    static let atOnce = 500

    package init(
        hub: HubLine, topic: StreamTopic, devices: DeviceRegister, stream: StreamHub, power: String, isDoubting: @escaping @Sendable () -> Bool = { false },
        isMute: @escaping @Sendable () -> Bool = { false }, unheard: @escaping @Sendable () -> Set<String> = { [] }, rounds: Rounds = Rounds(), logger: Logger, clock: @escaping @Sendable () -> Date = { Date() }
    ) {
        (self.isDoubting, self.isMute, self.unheard, self.rounds) = (isDoubting, isMute, unheard, rounds)
        (self.hub, self.topic, self.devices) = (hub, topic, devices)
        (self.stream, self.power, self.logger, self.clock) = (stream, power, logger, clock)
    }

    package func run() async { await rounds.run(every: .seconds(60)) { await tell() } }

    func tell() async {
        let all = signs(now: clock())
        for start in stride(from: 0, to: all.count, by: Self.atOnce) {
            do {
                // Not beyond the end, by the line itself.
                let octets = try JSONEncoder().encode(["signs": Array(all[start..<min(start + Self.atOnce, all.count)])])
                let answer = try await hub.call("POST", "/v1/signs", [UInt8](octets))
                // A hub of before does not know the call.
                if answer.status >= 300 { return logger.info("signs not taken", metadata: ["status": "\(answer.status)"]) }
            } catch {
                return logger.info("signs not told", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func signs(now: Date) -> [Sign] {
        let unheard = unheard(), own = devices.inUse(of: topic.town).filter { !unheard.contains($0.device.id) }, onLine = stream.onLine(own.map(\.device.id))
        var all = own.compactMap { device, signs -> Sign? in
            // A page of before says nothing of itself: its line is all that is known.
            guard let last = signs?.last else { return onLine.contains(device.id) ? Sign(device: device.id, signed: device.signs, elapsed_ms: 0) : nil }
            let age = now.timeIntervalSince(last.at)
            guard age <= DeviceSigns.missedAfter else { return nil }
            // At most five minutes, by the line above.
            let elapsed = Int(max(0, age) * 1000)
            // Six hours at the most, as it was taken.
            let exam = last.examUntil.map { Int(max(0, min($0.timeIntervalSince(last.at), 21_600))) }
            return Sign(
                device: device.id, charge: last.charge, minutes: last.minutes, plugged: last.isPlugged, mute: last.isMute, seals: last.seals?.rawValue, page: last.page, signed: device.signs,
                exam_seconds: exam, elapsed_ms: elapsed)
        }
        let reading = PowerReading(at: power, now: now)
        all.append(Sign(charge: reading?.charge, minutes: reading?.minutes, plugged: reading?.isPlugged, mute: isMute() ? true : nil, seals: isDoubting() ? "doubt" : nil, elapsed_ms: 0))
        return all
    }
}
