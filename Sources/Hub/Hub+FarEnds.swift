/// Far ends, as people look at them: their lanes, whether somebody is there, and which shelters are open.
package import AlertModel
package import ChannelKit
internal import Dispatching

/// How the lane of one far end stands, in one mode.
package struct FarEndLane: Sendable, Hashable {
    package var channel, endpoint: String
    package var mode: ModeName
    package var waiting: Int
    package var stoppedBecause: String?
    /// What the channel believes the far end holds.
    package var report: FarEndReport?
}

/// What a far end answered to whether it is there.
package struct LinkAnswer: Sendable, Hashable {
    package var channel, endpoint, name: String
    /// One where the two sides answered differently.
    package var modes: [ModeName]
    package var isThere: Bool
    package var words: String
}

extension Hub {
    package func lanes(of town: Town, _ mode: ModeName) -> [FarEndLane] {
        switch mode {
        case .actual: actual.lanes(of: town).map { FarEndLane($0) }
        case .exercise: exercise.lanes(of: town).map { FarEndLane($0) }
        }
    }

    /// Lets the stopped lanes of one far end go on.
    /// - Parameter channel: nil for every channel that has a far end of this id.
    /// - Returns: the lanes that were stopped, with what waited in each.
    package func resume(_ endpoint: String, channel: String?, in town: Town, _ mode: ModeName, by person: String) -> [FarEndLane] {
        switch mode {
        case .actual: actual.resume(endpoint, channel: channel, in: town, by: person).map { FarEndLane($0) }
        case .exercise: exercise.resume(endpoint, channel: channel, in: town, by: person).map { FarEndLane($0) }
        }
    }

    /// Asks whether somebody is there, without a word that could be taken for an alert.
    package func testLinks(of town: Town, only ends: Set<Endpoint>) async -> [LinkAnswer] {
        await LinkTest.run(town, actual, exercise, only: ends).map {
            LinkAnswer(channel: $0.channel, endpoint: $0.endpoint, name: $0.name, modes: $0.modes, isThere: $0.isThere, words: $0.words)
        }
    }

    package func showsDrillsApart(on channel: String) -> Bool { exercise.showsDrillsApart(on: channel) }

    package func shelterStatuses(of town: Town, _ mode: ModeName) -> [ShelterStatus] {
        switch mode {
        case .actual: actual.shelters.statuses(of: town)
        case .exercise: exercise.shelters.statuses(of: town)
        }
    }
}

extension FarEndLane {
    fileprivate init<M: Mode>(_ lane: Line<M>.LaneState) {
        self.init(
            channel: lane.channel, endpoint: lane.endpoint, mode: lane.mode, waiting: lane.waiting, stoppedBecause: lane.stoppedBecause, report: lane.report)
    }
}
