/// What a device says of itself every few minutes: that its page runs, whether it can sound, and how its power stands. In memory
/// alone: after a restart it is said again before anybody has missed it.
///
///     plugged ──▶ on its battery ──▶ two words apart in time ──▶ "goes silent at about 4:20"
package import AlertModel
package import FoundationEssentials
internal import Synchronization

package struct DeviceSign: Sendable, Hashable {
    /// Percent; nil where the device cannot tell.
    package var charge: Int?
    /// Nil where the device cannot tell.
    package var isPlugged: Bool?
    /// Until its power is used up, as the device itself reckons.
    package var minutes: Int?
    package var isMute: Bool
    /// Whether what it is told was proven to be its town's; nil where its page does not say.
    package var seals: Seals?
    /// Which build of the page runs there: a short digest.
    package var page: String?
    /// The site at whose edge it is, where that is not its own; it says nothing then of whether its own site hears.
    package var elsewhere: String?
    /// Until when it is silent on purpose: an examination, which ends by itself.
    package var examUntil: Date?
    package var at: Date

    package enum Seals: String, Sendable, Codable {
        case ok, unchecked
        /// Something came within a day that was not proven, or nothing that was.
        case doubt
    }

    package init(charge: Int? = nil, isPlugged: Bool? = nil, minutes: Int? = nil, isMute: Bool = false, seals: Seals? = nil, examUntil: Date? = nil, at: Date) {
        (self.charge, self.isPlugged, self.minutes, self.isMute, self.seals, self.examUntil, self.at) = (charge, isPlugged, minutes, isMute, seals, examUntil, at)
    }
}

package struct DeviceSigns: Sendable, Hashable {
    /// How often a device says so, and when it is missed.
    package static let every: TimeInterval = 180
    package static let missedAfter: TimeInterval = 300
    /// Below this the slope of a battery says nothing: it is told in whole percent.
    private static let leastDrop = 2
    private static let leastTime: TimeInterval = 300

    private struct Mark: Hashable {
        var charge: Int
        var at: Date
    }

    package private(set) var last: DeviceSign
    /// What it had when it was first heard of on its battery.
    private var unplugged: Mark?

    package init(_ sign: DeviceSign) {
        last = sign
        note(sign)
    }

    /// What was said before the last word changes nothing.
    package mutating func take(_ sign: DeviceSign) {
        guard sign.at >= last.at else { return }
        last = sign
        note(sign)
    }

    private mutating func note(_ sign: DeviceSign) {
        guard sign.isPlugged == false, let charge = sign.charge else { return unplugged = nil }
        // A battery that was changed begins anew.
        if unplugged.map({ $0.charge < charge }) ?? true { unplugged = Mark(charge: charge, at: sign.at) }
    }

    package var isOnBattery: Bool { last.isPlugged == false }

    /// When its power is used up; nil while it is plugged in, or where nobody can say.
    package var silentAt: Date? {
        guard isOnBattery else { return nil }
        if let minutes = last.minutes { return last.at.addingTimeInterval(Double(minutes) * 60) }
        guard let unplugged, let charge = last.charge else { return nil }
        let drop = unplugged.charge - charge, time = last.at.timeIntervalSince(unplugged.at)
        guard drop >= Self.leastDrop, time >= Self.leastTime else { return nil }
        return last.at.addingTimeInterval(time / Double(drop) * Double(charge))
    }
}

extension DeviceRegister {
    /// A word of a device of ours about itself; of others nothing is kept.
    package func take(_ sign: DeviceSign, of id: String) {
        state.withLock { state in
            guard state.devices[id]?.revoked == nil, state.devices[id] != nil else { return }
            state.devices[id]?.lastSeen = clock()
            if state.signs[id]?.take(sign) == nil { state.signs[id] = DeviceSigns(sign) }
        }
    }

    package func signs(of id: String) -> DeviceSigns? { state.withLock { $0.signs[id] } }

    /// All that are enrolled and not revoked, with what they last said of themselves.
    package func inUse() -> [TownID: [(device: Device, signs: DeviceSigns?)]] {
        state.withLock { state in
            Dictionary(grouping: state.devices.values.filter { $0.revoked == nil }.map { (device: $0, signs: state.signs[$0.id]) }) { $0.device.town }
        }
    }

    /// The same of one town, by name.
    package func inUse(of town: TownID) -> [(device: Device, signs: DeviceSigns?)] {
        state.withLock { state in
            state.devices.values.filter { $0.town == town && $0.revoked == nil }.map { (device: $0, signs: state.signs[$0.id]) }
                .sorted { ($0.device.name, $0.device.id) < ($1.device.name, $1.device.id) }
        }
    }
}
