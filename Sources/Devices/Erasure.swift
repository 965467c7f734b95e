/// That a tablet which is out has erased itself: it says so by its key, when nothing is on it any more and before the key is forgotten. Nobody else can say it, and
/// where a tablet had no key (a page without https) nobody can.
///
/// Signed is `noroshi-erased 1`, a line end and `{"device":…,"town":…}`: of a tablet that is out it stays true for ever, so there is no time in it.
internal import AlertModel
internal import Crypto
package import FoundationEssentials
internal import Synchronization

extension DeviceRegister {
    /// - Returns: the device, where this is news; nil for what proves nothing, or was proven before.
    package func noteErased(_ id: String, signature: Data) -> (device: Device, isNew: Bool)? {
        state.withLock { state in
            guard var device = state.devices[id], device.revoked != nil,
                let key = device.publicKey.flatMap({ Data(base64Encoded: $0) }).flatMap({ try? P256.Signing.PublicKey(derRepresentation: $0) }),
                let proof = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
                key.isValidSignature(proof, for: Data("noroshi-erased 1\n{\"device\":\"\(id)\",\"town\":\"\(device.town.code)\"}".utf8))
            else { return nil }
            guard device.erased == nil else { return (device, false) }
            device.erased = clock()
            state.devices[id] = device
            keep(device)
            return (device, true)
        }
    }
}
