import ChannelKit
import Devices
import Foundation

extension Settings {
    /// Who asked to be woken, and by which push services; nil where the program has no channel for it.
    func wakes(_ devices: DeviceRegister, _ manifests: [ChannelManifest], _ data: URL) throws(SettingsError) -> WakeRegister? {
        guard let channel = manifests.first(.hint)?.name else { return nil }
        let own = channels?[channel]
        // One browser is one address, for drills too.
        guard own?.exercise?["hosts"] == nil else { throw SettingsError("channels.\(channel).exercise.hosts: actual に書いてください。訓練にも使われます (written once, under actual)") }
        do throws(SettingsError) {
            return WakeRegister(devices: devices, folder: data.appending(path: channel).appending(path: "keys"), hosts: try WakeHosts(own?.actual?["hosts"]),
                appleTopic: own?.actual?["apns_topic"])
        } catch {
            throw SettingsError("channels.\(channel).actual.\(error.reason)")
        }
    }
}
