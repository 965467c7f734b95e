internal import AlertModel
package import ChannelKit
package import Devices
package import Streams
internal import Foundation
package import Logging

/// The devices of the site as the hub has them, on disk here too: tablets get in while the line is cut, and one that
/// was revoked is out as soon as the line says so.
package struct SiteMirror: Sendable {
    private struct Missed: Decodable {
        var town, site: String
        var devices: [MirroredDevice]
        var place: SitePlace?
        /// Absent in a hub's of before.
        var hosts: [String]?
        var authority: String?
    }

    private static let placeNote = "relay/place"
    /// Octets: as many tablets as a hub lists have 8 MB.
    private static let registerLimit = 12 << 20

    private let hub: HubLine
    private let topic: StreamTopic
    private let devices: DeviceRegister
    private let stream: StreamHub
    private let watch: LineWatch
    private let guests: Guests?
    private let notebook: any Notebook
    private let logger: Logger
    private let certificates: CertificateKeeper?
    package let rounds = Rounds()

    package init(
        hub: HubLine, topic: StreamTopic, devices: DeviceRegister, stream: StreamHub, watch: LineWatch, guests: Guests? = nil, certificates: CertificateKeeper? = nil,
        notebook: any Notebook, logger: Logger
    ) {
        (self.guests, self.certificates) = (guests, certificates)
        (self.hub, self.topic, self.devices) = (hub, topic, devices)
        (self.stream, self.watch, self.notebook, self.logger) = (stream, watch, notebook, logger)
    }

    package func run() async {
        await rounds.run(every: .seconds(30)) {
            // First: a tablet that has left this site is a guest before it is gone from its list.
            await refresh(all: true)
        }
    }

    /// - Parameter all: also the town's other tablets.
    package func refresh(all: Bool) async {
        if all { await guests?.askRegister() }
        await refresh()
    }

    /// Where the tablets of this edge stand, as the hub last said it; over a restart too.
    package func place(of topic: StreamTopic) -> SitePlace? {
        guard topic == self.topic else { return nil }
        return notebook.read(Self.placeNote).flatMap { try? JSONDecoder().decode(SitePlace.self, from: Data($0)) }
    }

    private func keep(_ place: SitePlace?) {
        guard let place, place != self.place(of: topic), let octets = try? JSONEncoder().encode(place) else { return }
        notebook.write(Self.placeNote, [UInt8](octets))
    }

    /// Nothing changes unless the hub has answered in full.
    package func refresh() async {
        do {
            let answer = try await hub.call("GET", "/v1/edge/register", answerLimit: Self.registerLimit)
            guard answer.status == 200 else {
                watch.refused("ハブが\(answer.status)と答えました (the hub answers so)")
                return logger.error("hub does not give the register", metadata: ["status": "\(answer.status)"])
            }
            let all = try JSONDecoder().decode(Missed.self, from: Data(answer.body))
            guard all.town == topic.town.code, all.site == topic.site else {
                watch.didNotReadRegister("ハブがこの場所の端末の名簿でないものを渡しています (the register is another site's)")
                return logger.error("the register is another site's", metadata: ["site": "\(all.site)"])
            }
            // A page that asks to log in has a date too.
            switch watch.learn(hubTime: answer.header("Date")) {
            case .behind(let seconds): stream.reckonAnew(behind: .seconds(seconds))
            case .byOwnClock: stream.reckonAnew(behind: nil)
            case nil: break
            }
            keep(all.place)
            watch.readRegister()
            let gone = devices.mirror(all.devices, of: topic.site, in: topic.town)
            for id in gone { stream.cut(device: id) }
            await certificates?.look(hosts: all.hosts ?? [], authority: all.authority ?? "")
            if !gone.isEmpty { logger.notice("devices are out", metadata: ["devices": "\(gone)"]) }
        } catch TransportFailure.cancelled {
            return
        } catch {
            watch.didNotReadRegister("ハブが渡す端末の名簿を読めません。取り消した端末が、ここではまだ使えます (the register cannot be read: revoked tablets still get in)：\(error)")
            logger.info("register not refreshed", metadata: ["reason": "\(error)"])
        }
    }
}
