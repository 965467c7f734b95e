/// The tablets of a whole town, as each of its edges has them: a tablet that is carried to another shelter gets in there too while the line is
/// cut. Signed by the town, since whoever stands in the hub's place would let his own in.
package import AlertModel
internal import FoundationEssentials
internal import Synchronization

package struct TownTablets: Sendable, Codable, Equatable {
    /// Tablets that get in, and revoked ones that are told so; the newest, where there are more.
    package static let mostDevices = 20_000
    package static let mostRevoked = 2_000

    package var town: String
    package var devices: [MirroredDevice]
    /// Codes of paper that can be used.
    package var codes: [MirroredCode]?
    /// What a tablet is told that comes by one: the town's name and key, and its sites' names.
    package var name, key: String?
    package var sites: [String: String]?

    package init(town: String, devices: [MirroredDevice], codes: [MirroredCode]? = nil) { (self.town, self.devices, self.codes) = (town, devices, codes) }
}

extension MirroredDevice {
    /// Of another site than the reader's: whose it is, and what it is called, is nobody's business there.
    package init(guest device: Device) {
        self.init(device)
        (name, group, site) = ("", nil, device.site)
    }
}

extension DeviceRegister {
    /// Of one site, for its edges: who gets in, and who was revoked last. Who is in neither gets in nowhere, so that no list grows beyond what an edge reads.
    package func tablets(of site: String, in town: TownID) -> [MirroredDevice] {
        let all = devices(of: town).filter { $0.site == site && !$0.isEdge }
        let known = all.filter { $0.revoked == nil }.suffix(TownTablets.mostDevices)
        let out = all.filter { $0.revoked != nil }.sorted { ($0.revoked ?? .distantPast, $0.id) < ($1.revoked ?? .distantPast, $1.id) }
        return (known + out.suffix(TownTablets.mostRevoked)).map { MirroredDevice($0) }
    }

    package func register(of town: TownID) -> TownTablets {
        let tablets = devices(of: town).filter { !$0.isEdge }
        let known = tablets.filter { $0.revoked == nil }.suffix(TownTablets.mostDevices)
        let out = tablets.filter { $0.revoked != nil && !$0.tokenDigest.isEmpty }.suffix(TownTablets.mostRevoked)
        return TownTablets(town: town.code, devices: (known + out).map { MirroredDevice(guest: $0) }, codes: mirroredCodes(of: town))
    }
}
