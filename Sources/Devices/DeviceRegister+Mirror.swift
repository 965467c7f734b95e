package import AlertModel
internal import Synchronization

extension DeviceRegister {
    /// Takes the devices of one site as the hub has them, in place of what was known of it here. Returns who is out now:
    /// revoked, gone, or with another token.
    package func mirror(_ all: [MirroredDevice], of site: String, in town: TownID) -> [String] {
        mirror(all, of: site, in: town) { $0.site != site }
    }

    /// The same of a town's other sites: whose tablets are guests here.
    package func mirror(guests all: [MirroredDevice], besides site: String, in town: TownID) -> [String] {
        mirror(all.filter { $0.site != nil && $0.site != site }, of: "", in: town) { $0.site == site }
    }

    private func mirror(_ all: [MirroredDevice], of site: String, in town: TownID, besides isKept: (Device) -> Bool) -> [String] {
        let now = clock()
        return state.withLock { state in
            let before = state.devices
            state.devices = before.filter { isKept($0.value) || $0.value.isPending == true }
            state.byToken = [:]
            state.revokedTokens = [:]
            for device in state.devices.values { Self.index(device, &state) }
            for seen in all {
                let site = seen.site ?? site, old = before[seen.id]
                var device = Device(
                    id: seen.id, town: town, site: site, name: seen.name, publicKey: seen.public_key, enrolled: old?.enrolled ?? now,
                    invitedBy: "hub", revoked: seen.token_sha256 == nil ? old?.revoked ?? now : nil,
                    lastSeen: old?.lastSeen,
                    tokenDigest: seen.token_sha256 ?? seen.revoked_sha256 ?? old?.tokenDigest ?? "", use: seen.use, group: seen.group,
                    // It may have signed here alone, so far.
                    signs: seen.signs == true || old?.signs == true && old?.publicKey == seen.public_key ? true : nil)
                (device.revocation, device.why) = (seen.revocation, seen.why)
                state.devices[seen.id] = device
                Self.index(device, &state)
                device.lastSeen = nil
                var known = old
                known?.lastSeen = nil
                if device != known { keep(device) }
            }
            for old in before.values where state.devices[old.id] == nil { drop(old) }
            return before.values.filter { old in
                old.revoked == nil && state.byToken[old.tokenDigest] != old.id
            }.map(\.id).sorted()
        }
    }
}
