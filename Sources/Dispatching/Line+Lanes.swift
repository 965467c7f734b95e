package import AlertModel
package import ChannelKit
internal import Logging

/// The lanes of a town's far ends, as people see them: a lane whose far end refuses our credentials is stopped until
/// a person has mended that and says so.
extension Line {
    package struct LaneState: Sendable, Hashable {
        package var channel: String
        package var endpoint: String
        package var mode: ModeName
        package var waiting: Int
        package var stoppedBecause: String?
        /// What the channel believes the far end holds.
        package var report: FarEndReport?
    }

    package func lanes(of town: Town) -> [LaneState] {
        town.endpoints.compactMap { endpoint in
            guard let slot = slot(endpoint.channel), let farEnd = FarEnd<M>(endpoint, of: town.id) else { return nil }
            let standing = slot.runner.standing(of: LaneID(town: town.id, endpoint: endpoint.id))
            return LaneState(
                channel: endpoint.channel, endpoint: endpoint.id, mode: M.name, waiting: standing.waiting,
                stoppedBecause: standing.stoppedBecause, report: slot.report(farEnd))
        }
    }

    /// Events of which it is remembered who was told.
    package var toldEvents: Int { memory.count }

    package var stoppedLanes: Int { channels.map(\.runner.gauges.stopped.count).reduce(0, +) }

    /// Over all channels.
    package func oldestImmediate(now: Instant = .now) -> OldestDelivery {
        channels.map { $0.runner.oldestImmediate(now: now) }.reduce(OldestDelivery(), +)
    }

    /// Lets the stopped lanes of one far end go on. What waits there goes out, unless its time is over.
    ///
    /// - Parameter channel: nil for every channel that has a far end of this id.
    /// - Returns: the lanes that were stopped, with what waited in each.
    package func resume(_ endpoint: String, channel: String?, in town: Town, by person: String) -> [LaneState] {
        lanes(of: town).filter { $0.endpoint == endpoint && (channel == nil || $0.channel == channel) }
            .compactMap { lane in
                let id = LaneID(town: town.id, endpoint: endpoint)
                guard let waiting = slot(lane.channel)?.runner.resume(id, by: person) else { return nil }
                var resumed = lane
                resumed.waiting = waiting
                return resumed
            }
    }
}

extension Line<Exercise> {
    /// What drills left on screens that show the last state. There is nothing like it for what is real.
    package func clear(_ town: Town) async {
        for endpoint in town.endpoints {
            guard let slot = slot(endpoint.channel), let farEnd = FarEnd<Exercise>(endpoint, of: town.id) else { continue }
            do throws(DeliveryFailure) {
                try await slot.clear(farEnd)
            } catch {
                logger.warning("drill not cleared", metadata: ["channel": "\(endpoint.channel)", "endpoint": "\(endpoint.id)", "reason": "\(error.words)"])
            }
        }
    }
}
