package import ChannelKit
package import Devices
internal import Foundation
internal import HTTPTypes
package import Hummingbird
internal import Serving
internal import Web

/// `GET /v1/place`: where the tablet that asks stands, the same at the hub and at an edge. It keeps the answer for the days without a line.
package struct PlaceDesk: Sendable {
    private let devices: DeviceRegister
    private let place: @Sendable (StreamTopic) -> SitePlace?

    /// - Parameter place: of a site; nil where nothing is known of it.
    package init(devices: DeviceRegister, place: @escaping @Sendable (StreamTopic) -> SitePlace?) {
        (self.devices, self.place) = (devices, place)
    }

    package func add(to router: Router<some RequestContext>) {
        router.get("/v1/place") { request, _ in
            let device = try devices.asking(request)
            guard let place = place(StreamTopic(town: device.town, site: device.site)) else {
                throw Problem(.notFound, "この場所のことは、まだここに届いていません (nothing is known here of this place yet)")
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let tag = "\"" + DeviceRegister.digest(String(decoding: try encoder.encode(place), as: UTF8.self)).prefix(24) + "\""
            if EntityTags(request.headers[.ifNoneMatch])?.contains(tag) == true {
                return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-store"])
            }
            return try Answer.json(place, headers: [.eTag: tag])
        }
    }
}
