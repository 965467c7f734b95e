/// What the hub signs for its towns beside alerts: what stands at each place, and which devices are out.
package import AlertModel
internal import Bundles
internal import ChannelKit
internal import Devices
internal import FoundationEssentials
internal import Logging
package import Seals
internal import Streams

extension Hub {
    /// Of each round: a country's schools come back after a restart, and each costs some ten microseconds.
    private static let statesAtOnce = 400
    /// A tablet says so every three minutes.
    private static let unprovenHolds: TimeInterval = 600

    /// Says at each place that is owed it what stands there.
    package func sayStates() {
        for (topic, standing) in stream.unstated(every: TownSeals.stateEvery, upTo: Self.statesAtOnce) {
            guard let town = town(topic.town) else { continue }
            let exams = town.endpoints.first { $0.id == topic.site && !$0.exams.isEmpty }?.exams ?? []
            if let event = seals.state(of: topic, inForce: standing, exams: exams) { stream.publish(event, to: topic) }
        }
    }

    /// A device that is out erases itself for the town's own word alone.
    /// - Returns: false where there is no such device.
    package func revoke(device id: String, of town: TownID, retires: Bool = false) -> Bool {
        devices.revoke(id, of: town, seal: seals.revocation(of: id, in: town), retires: retires)
    }

    /// Those that were revoked by an older program.
    package func sealRevocations() {
        for town in allTowns {
            for device in devices.devices(of: town.id) where device.revoked != nil && device.revocation == nil { _ = revoke(device: device.id, of: town.id) }
        }
    }

    /// Another key takes the place of a town's, once it is on disk; its tablets follow by the old one's signature.
    /// - Parameter isTakenBack: what the old one signed holds no longer.
    /// - Returns: nil where another change was quicker.
    package func changeKey(of town: TownID, isTakenBack: Bool) async throws -> KeyWord? {
        guard let change = seals.prepare(town, isTakenBack: isTakenBack) else { return nil }
        do {
            try await onDisk()
        } catch {
            seals.undo(change)
            throw error
        }
        guard seals.take(change) else { return nil }
        // Before it signs an alert, whoever listens has heard of it.
        stream.owe(town)
        sayStates()
        logger.notice("town has another key", metadata: ["town": "\(town)", "key": "\(change.word.key.fingerprint)", "taken_back": "\(isTakenBack)"])
        return change.word
    }

    /// Places whose tablets were told what the town has not signed: another machine may stand in the hub's place there.
    func noticeUnproven(_ devices: [TownID: [(device: Device, signs: DeviceSigns?)]], now: Date) {
        for town in allTowns {
            let told = (devices[town.id] ?? []).filter { $0.signs?.last.seals == .doubt && now.timeIntervalSince($0.signs?.last.at ?? .distantPast) < Self.unprovenHolds }
            let sites = Dictionary(grouping: told, by: \.device.site)
            for end in town.endpoints {
                guard let own = sites[end.id] else { attention.settle(.unproven, subject: end.id, of: town.id); continue }
                attention.notice(
                    .unproven, end.id,
                    "\(end.name)のタブレット\(own.count)台が、町の署名のない知らせを受けたか、署名のある知らせを受けていません。学校のつなぎ先（DNS、中継機）を確かめてください (tablets there were told what the town has not signed: look at what they are connected to)",
                    from: "tablets", of: town.id, at: now)
            }
        }
    }
}
