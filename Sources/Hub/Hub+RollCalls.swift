/// What the town does of roll-calls: asks at all schools at once, and hears that somebody calls for help. Names it sees nowhere.
package import AlertModel
package import ChannelKit
package import Desk
package import Devices
internal import Foundation

extension Hub {
    /// Those of a place who are asked for.
    package func people(at site: String, of town: TownID) -> [Device] { devices.people(at: site, of: town) }

    /// Opens one at each of these places that has people; where one is open it stays.
    /// - Returns: the places where it is open now, and those where it is not since a real one is.
    package func openRollCalls(_ mode: ModeName, id: String, at sites: [Endpoint], in town: Town, by person: Operator) -> (open: [Endpoint], refused: [Endpoint]) {
        let now = clock()
        var (open, refused): ([Endpoint], [Endpoint]) = ([], [])
        for site in sites where !people(at: site.id, of: town.id).isEmpty {
            let topic = StreamTopic(town: town.id, site: site.id)
            do throws(RollFailure) {
                _ = try rollCalls.open(
                    RollCall(id: "town/\(mode.rawValue)/\(id)", mode: mode, opened: rollCalls.moment(now, at: topic), by: "\(town.name) \(person.name)"), at: topic)
                open.append(site)
            } catch {
                refused.append(site)
            }
        }
        if !open.isEmpty { noteDown(.device, "点呼を始めた：\(open.map(\.name).joined(separator: "、"))", about: "rollcall/\(id)", mode, in: town.id, by: person.actor) }
        return (open, refused)
    }

    package func closeRollCalls(_ mode: ModeName, at sites: [Endpoint], in town: Town, by person: Operator) -> [Endpoint] {
        let now = clock()
        let closed = sites.filter { site in
            let topic = StreamTopic(town: town.id, site: site.id)
            guard rollCalls.call(at: topic, now: now)?.mode == mode else { return false }
            return (try? rollCalls.close(nil, at: topic, now: rollCalls.moment(now, at: topic))) != nil
        }
        if !closed.isEmpty { noteDown(.device, "点呼を終えた：\(closed.map(\.name).joined(separator: "、"))", about: "rollcall", mode, in: town.id, by: person.actor) }
        for site in closed { lookAtRoll(StreamTopic(town: town.id, site: site.id)) }
        return closed
    }

    /// After something was said at a place: whoever calls for help there is somebody to be looked after.
    package func lookAtRoll(_ topic: StreamTopic) {
        guard rollCalls.callsForHelp(at: topic), let town = town(topic.town) else { return attention.settle(.help, subject: topic.site, of: topic.town) }
        let site = town.endpoints.first { $0.id == topic.site }
        let phone = site.flatMap { self.phone(of: $0, in: town) }.map { "（電話 \($0)）" } ?? ""
        attention.notice(
            .help, topic.site,
            "\(site?.name ?? topic.site)の点呼で「助けて」と伝えた人がいます。人数は「避難所の報告」に、だれかは学校の先生の端末にあります\(phone) (somebody calls for help in this school's roll-call)",
            from: "rollcall", of: topic.town, at: clock())
    }
}
