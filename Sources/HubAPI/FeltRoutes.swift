/// Earthquakes that were felt in the town and not told, for a quiet card on the desk: nobody is to wonder whether the hub heard of them.
internal import AlertModel
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Felt: Encodable {
        struct Quake: Encodable {
            var alert, event, title, intensity, threshold, at, words: String
        }
        var felt: [Quake]
    }

    func addFelt(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/felt") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            let quakes = try await hub.felt(in: town, try Self.mode(request), since: hub.clock().addingTimeInterval(-86_400))
            return try Answer.json(Felt(felt: quakes.map {
                .init(
                    alert: $0.alert.text, event: $0.event.text, title: $0.title, intensity: $0.intensity.rawValue, threshold: $0.threshold.rawValue,
                    at: JapanTime.text($0.at, milliseconds: false), words: $0.words)
            }))
        }
    }
}
