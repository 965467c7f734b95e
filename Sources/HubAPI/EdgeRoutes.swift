internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Streams
internal import Hub
internal import Hummingbird
internal import Serving
internal import Tablets

/// What an edge asks for beyond what every device may: the devices of its own site, so that tablets get in while the
/// line is cut.
extension HubRouter {
    private struct SiteRegister: Encodable {
        var town, site: String
        var devices: [MirroredDevice]
        /// Where they stand.
        var place: SitePlace?
    }

    /// Where a site's tablets stand, by the town's settings of now.
    func place(of topic: StreamTopic) -> SitePlace? {
        guard let town = hub.town(topic.town), let endpoint = town.endpoints.first(where: { $0.id == topic.site && configuration.has($0, .tablet) }) else { return nil }
        return SitePlace(endpoint, of: town)
    }

    func addEdge(to router: Router<Context>) {
        router.get("/v1/edge/register") { request, _ in
            let edge = try hub.devices.asking(request)
            guard edge.isEdge else { throw Problem(.forbidden, "その場所の端末を尋ねられるのは中継機だけです (only an edge asks for its site's devices)") }
            let tablets = hub.devices.devices(of: edge.town).filter { $0.site == edge.site && !$0.isEdge }
            return try Answer.json(
                SiteRegister(
                    town: edge.town.code, site: edge.site, devices: tablets.map { MirroredDevice($0) },
                    place: place(of: StreamTopic(town: edge.town, site: edge.site))))
        }
    }

    /// The site's edges ask again, now and not at their next round.
    func tellEdges(of site: String, in town: TownID) {
        for device in hub.devices.devices(of: town) where device.isEdge && device.site == site && device.revoked == nil {
            hub.stream.tell(device: device.id, "register")
        }
    }
}
