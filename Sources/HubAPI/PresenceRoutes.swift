/// Who is at the desk of a town now. Whoever asks is there.
internal import AlertModel
internal import Desk
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private struct Here: Encodable {
        struct Somebody: Encodable {
            var name, mode, since: String
            /// Whoever asks, in whichever place.
            var you: Bool
        }
        var people: [Somebody]
    }

    func addPresence(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/here") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            let mode = try Self.mode(request)
            _ = try Self.shown(mode, to: context.person, in: town.id)
            let people = hub.arrives(context.person, in: town.id, mode)
            return try Answer.json(Here(people: people.map {
                .init(name: $0.name, mode: $0.mode.rawValue, since: JapanTime.text($0.since, milliseconds: false), you: $0.isSelf)
            }))
        }
    }
}
