package import AlertModel
internal import ChannelKit

/// Asks far ends of a town whether somebody is there. Nothing is sent that could be taken for an alert.
package struct LinkTest: Sendable {
    package struct Finding: Sendable, Hashable {
        package var channel, endpoint, name: String
        /// One where the two sides answered differently.
        package var modes: [ModeName]
        package var isThere: Bool
        package var words: String
        package var key: String { "\(channel)/\(endpoint)" }
    }

    private static let patience = Duration.seconds(10)

    /// What one far end answered, where an alert of ours for real would go; where it takes none, a drill's.
    package enum Answer: Sendable, Hashable {
        case there(String)
        case silent(String)
        /// Nothing lies beyond this hub.
        case inside
    }

    package static func ask(_ end: Endpoint, of town: Town, _ actual: Line<Actual>, _ exercise: Line<Exercise>, patience: Duration) async -> Answer {
        if let farEnd = FarEnd<Actual>(end, of: town.id), let slot = actual.slot(end.channel) { return await ask(farEnd, slot, patience) }
        if let farEnd = FarEnd<Exercise>(end, of: town.id), let slot = exercise.slot(end.channel) { return await ask(farEnd, slot, patience) }
        return .inside
    }

    private static func ask<M: Mode>(_ farEnd: FarEnd<M>, _ slot: ChannelSlot<M>, _ patience: Duration) async -> Answer {
        if let why = slot.runner.standing(of: LaneID(town: farEnd.town, endpoint: farEnd.id)).stoppedBecause {
            return .silent("送るのを止めています: \(why) (the lane is stopped)")
        }
        do throws(DeliveryFailure) {
            return try await slot.reach(farEnd, .now.advanced(by: patience)).map { .there($0) } ?? .inside
        } catch {
            // Who asks us to wait is there.
            if case .throttled = error { return .there(error.words) }
            return .silent(error.words)
        }
    }

    /// - Parameter ends: those to ask; nil for all of the town.
    package static func run(
        _ town: Town, _ actual: Line<Actual>, _ exercise: Line<Exercise>, only ends: Set<Endpoint>? = nil
    ) async -> [Finding] {
        let asked = town.endpoints.filter { ends?.contains($0) ?? true }
        let all = await answers(asked, town, actual) + answers(asked, town, exercise)
        return asked.flatMap { end -> [Finding] in
            let own = all.filter { $0.channel == end.channel && $0.endpoint == end.id }
            guard own.count == 2, own[0].isThere == own[1].isThere, own[0].words == own[1].words else { return own }
            var both = own[0]
            both.modes = own.flatMap(\.modes)
            return [both]
        }
    }

    private static func answers<M: Mode>(_ ends: [Endpoint], _ town: Town, _ line: Line<M>) async -> [Finding] {
        await withTaskGroup(of: Finding.self) { group in
            for end in ends {
                guard let slot = line.slot(end.channel), let farEnd = FarEnd<M>(end, of: town.id) else { continue }
                group.addTask {
                    var answer = Finding(channel: end.channel, endpoint: end.id, name: end.name, modes: [M.name], isThere: true, words: "")
                    do throws(DeliveryFailure) {
                        answer.words = try await slot.reach(farEnd, .now.advanced(by: patience))
                            ?? "このハブの中なので、確かめる線はありません (inside this hub: no line to test)"
                    } catch {
                        answer.isThere = false
                        answer.words = error.words
                    }
                    return answer
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}
