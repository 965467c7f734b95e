internal import AlertModel
internal import ChannelKit
internal import Streams
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Pages
internal import Seals
internal import Web
internal import Tablets

extension HubRouter {
    func addPages(to router: Router<Context>) {
        let (hub, configuration) = (hub, configuration)
        let shelf = SpotShelf(pages: configuration.pages) { spot, manifest in
            let town = hub.allTowns.first { $0.endpoints.contains { $0.id == spot && configuration.has($0, .page) } }
            return town.flatMap { hub.seals.seal(manifest, as: "pages", of: $0.id) }?.line ?? manifest
        }
        PageDesk(
            publicAddress: configuration.publicAddress, paths: Pages.paths,
            isKnown: { spot in
                hub.allTowns.contains { $0.endpoints.contains { $0.id == spot && configuration.has($0, .page) } }
            },
            spots: {
                hub.allTowns.flatMap(\.endpoints).filter { configuration.has($0, .page) }.map { (id: $0.id, name: $0.name) }
            },
            page: { spot, name in
                configuration.pages.asked(at: spot, now: hub.clock())
                return await shelf.page(spot, name)
            }
        ).add(to: router)
    }
}
