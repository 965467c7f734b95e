import AlertModel
import ChannelKit
import Dispatching
import Foundation

/// Asks every far end of a town whether somebody is there. Nothing is sent that could be taken for an alert.
struct LinkTest {
    struct Answer: Sendable {
        var channel, endpoint, name: String
        var modes: [ModeName]
        var isThere: Bool
        var words: String
        var key: String { "\(channel)/\(endpoint)" }
        var line: [String] {
            [isThere ? "○" : "×", modes.map { ModeWord.of($0.rawValue) }.joined(separator: "・"), key, name, words]
        }
    }

    private static let patience = Duration.seconds(10)

    static func run(_ town: Town, _ scene: CheckScene) async -> [Answer] {
        let all = await asked(town, scene.actual) + asked(town, scene.exercise)
        return town.endpoints.flatMap { end -> [Answer] in
            let own = all.filter { $0.channel == end.channel && $0.endpoint == end.id }
            guard own.count == 2, own[0].isThere == own[1].isThere, own[0].words == own[1].words else { return own }
            var both = own[0]
            both.modes = own.flatMap(\.modes)
            return [both]
        }
    }

    private static func asked<M: Mode>(_ town: Town, _ line: Line<M>) async -> [Answer] {
        await withTaskGroup(of: Answer.self) { group in
            for end in town.endpoints {
                guard let slot = line.channels.first(where: { $0.manifest.name == end.channel }), let farEnd = FarEnd<M>(end, of: town.id) else { continue }
                group.addTask {
                    var answer = Answer(channel: end.channel, endpoint: end.id, name: end.name, modes: [M.name], isThere: true, words: "")
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
