internal import AlertModel
internal import ChannelKit
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import Serving

/// The far ends of a town and how their lanes stand; a stopped one is let go on here.
extension HubRouter {
    private struct LaneShape: Encodable {
        var state: String
        var waiting: Int
        var reason: String?
        /// What the far end is believed to hold, and how surely.
        var holds: FarEndReport?
    }

    private struct EndpointShape: Encodable {
        var id, channel, name: String
        var district, shelter: String?
        /// Absent where the far end takes no real alerts, or no drills.
        var actual, exercise: LaneShape?
    }

    private struct Resumed: Encodable {
        struct Lane: Encodable {
            var endpoint, channel, mode: String
            var waiting: Int
        }
        var resumed: [Lane]
    }

    func addEndpoints(to desk: DeskRoutes) {
        desk.get("/v1/endpoints") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            return try Answer.json(["endpoints": endpoints(of: town)])
        }
        desk.post("/v1/endpoints/{endpoint}/resume") { request, context in
            struct Choice: Decodable {
                var town, channel, mode: String?
            }
            let person = context.person
            let octets = try await Body.octets(request, upTo: 4 << 10)
            let choice = octets.isEmpty ? Choice() : try Body.decode(Choice.self, from: octets)
            let town = try town(choice.town, for: person)
            let endpoint = try context.parameters.require("endpoint")
            guard town.endpoints.contains(where: {
                $0.id == endpoint && (choice.channel == nil || $0.channel == choice.channel)
            }) else {
                throw Problem(.notFound, "\(town.name)に送り先「\(choice.channel.map { "\($0)/" } ?? "")\(endpoint)」はありません (no such far end)")
            }
            let mode = try choice.mode.map { (word: String) throws(Problem) -> ModeName in
                guard let mode = ModeName(rawValue: word) else { throw Problem(.badRequest, "modeは actual か exercise です (mode: actual or exercise)") }
                return mode
            }
            if let mode { try Self.authorise(person, mode, in: town.id) }
            var lanes: [Resumed.Lane] = []
            if mode != .exercise, person.may(.send, in: town.id) { lanes += resume(endpoint, choice.channel, town, .actual, person) }
            if mode != .actual, person.may(.drill, in: town.id) { lanes += resume(endpoint, choice.channel, town, .exercise, person) }
            return try Answer.json(Resumed(resumed: lanes))
        }
    }

    private func resume(_ endpoint: String, _ channel: String?, _ town: Town, _ mode: ModeName, _ person: Operator) -> [Resumed.Lane] {
        hub.resume(endpoint, channel: channel, in: town, mode, by: person.name).map {
            Resumed.Lane(endpoint: $0.endpoint, channel: $0.channel, mode: mode.rawValue, waiting: $0.waiting)
        }
    }

    private func endpoints(of town: Town) -> [EndpointShape] {
        let actual = shapes(town, .actual)
        let exercise = shapes(town, .exercise)
        return town.endpoints.map { end in
            let key = "\(end.channel)/\(end.id)"
            return EndpointShape(
                id: end.id, channel: end.channel, name: end.name, district: end.district, shelter: end.shelter,
                actual: actual[key], exercise: exercise[key])
        }
    }

    private func shapes(_ town: Town, _ mode: ModeName) -> [String: LaneShape] {
        Dictionary(
            hub.lanes(of: town, mode).map { lane in
                let isStopped = lane.stoppedBecause != nil
                return (
                    "\(lane.channel)/\(lane.endpoint)",
                    LaneShape(state: isStopped ? "stopped" : "open", waiting: lane.waiting, reason: lane.stoppedBecause, holds: lane.report)
                )
            }, uniquingKeysWith: { $1 })
    }
}
