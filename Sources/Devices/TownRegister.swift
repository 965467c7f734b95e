/// The tablets of a whole town, as each of its edges has them: a tablet that is carried to another shelter gets in there too while the line is
/// cut. Signed by the town, since whoever stands in the hub's place would let his own in.
package import AlertModel
internal import FoundationEssentials
internal import Synchronization

package struct TownRegister: Sendable, Codable, Equatable {
    /// Tablets that get in, and revoked ones that are told so; the newest, where there are more.
    package static let mostDevices = 20_000
    package static let mostRevoked = 2_000

    package var town: String
    package var devices: [MirroredDevice]

    package init(town: String, devices: [MirroredDevice]) { (self.town, self.devices) = (town, devices) }
}

extension MirroredDevice {
    /// Of another site than the reader's: whose it is, and what it is called, is nobody's business there.
    package init(guest device: Device) {
        self.init(device)
        (name, group, site) = ("", nil, device.site)
    }
}

extension DeviceRegister {
    package func register(of town: TownID) -> TownRegister {
        let tablets = devices(of: town).filter { !$0.isEdge }
        let known = tablets.filter { $0.revoked == nil }.suffix(TownRegister.mostDevices)
        let out = tablets.filter { $0.revoked != nil && !$0.tokenDigest.isEmpty }.suffix(TownRegister.mostRevoked)
        return TownRegister(town: town.code, devices: (known + out).map { MirroredDevice(guest: $0) })
    }
}
