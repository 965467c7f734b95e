/// What a school says of a tablet after it was enrolled: whose it is, which class, what it is called, where it stands.
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
internal import Synchronization

package struct DeviceChange: Sendable, Equatable {
    package enum Wish<Value: Sendable & Equatable>: Sendable, Equatable {
        case leave
        /// Nil takes away what was said.
        case say(Value?)
    }

    package var use = Wish<DeviceUse>.leave
    package var group = Wish<String>.leave
    package var name: String?
    /// An endpoint's id that the caller has looked up.
    package var site: String?
    /// Of an edge; read by the caller.
    package var hosts: [String]?

    package init() {}

    package static let longestGroup = 20

    /// - Returns: why not, for people; nil where it can be done.
    package static func objection(group: String?) -> String? {
        guard let group else { return nil }
        return (1...longestGroup).contains(group.count) && PlainText.isPlain(group)
            ? nil : "組（group）は\(longestGroup)文字までで、制御文字は使えません (group: 1 to \(longestGroup) letters)"
    }
}

package enum DeviceChangeFailure: Error, Sendable, Equatable {
    case noDevice
    case isEdge
    case invalid(String)
}

extension DeviceRegister {
    /// - Returns: the device before and after it.
    package func change(_ id: String, of town: TownID, _ wish: DeviceChange) throws(DeviceChangeFailure) -> (before: Device, after: Device) {
        if case .say(let group) = wish.group, let words = DeviceChange.objection(group: group) { throw .invalid(words) }
        if let name = wish.name, !((1...64).contains(name.count) && PlainText.isPlain(name)) {
            throw .invalid("端末の名前（name）は64文字までで、制御文字は使えません (name: 1 to 64 letters)")
        }
        var before: Device?
        let after = try change(id, of: town, orElse: DeviceChangeFailure.noDevice) { device throws(DeviceChangeFailure) in
            guard device.revoked == nil else { throw .noDevice }
            guard device.isEdge || wish.hosts == nil else { throw .invalid("hosts は中継機（edge）にだけ書けます (hosts are an edge's)") }
            guard !device.isEdge || wish.use == .leave && wish.group == .leave && wish.site == nil else { throw .isEdge }
            before = device
            if case .say(let use) = wish.use { device.use = use }
            if case .say(let group) = wish.group { device.group = group }
            if let name = wish.name { device.name = name }
            if let site = wish.site { device.site = site }
            if let hosts = wish.hosts { device.hosts = hosts }
        }
        return (before ?? after, after)
    }

    /// An edge has a certificate for its key. The first key that asks is its own from then on, where it was enrolled without one.
    /// - Returns: false where another key was quicker, or the device is out.
    package func certified(_ id: String, of town: TownID, key: String, until ends: Date) -> Bool {
        struct Other: Error {}
        let done = try? change(id, of: town, orElse: Other()) { device throws(Other) in
            guard device.revoked == nil, device.isEdge, device.publicKey ?? key == key else { throw Other() }
            device.publicKey = key
            device.certificateEnds = ends
        }
        return done != nil
    }

    /// Whoever is asked for in a roll-call of a place: pupils and teachers with a tablet of their own.
    package func people(at site: String, of town: TownID) -> [Device] {
        state.withLock { state in
            state.devices.values.filter { $0.town == town && $0.site == site && $0.revoked == nil && $0.use != nil }
                .sorted { ($0.group ?? "", $0.name, $0.id) < ($1.group ?? "", $1.name, $1.id) }
        }
    }
}
