/// Far ends, as people look at them: their lanes, whether somebody is there, which shelters are open, and what went out to whom.
package import AlertModel
package import ChannelKit
internal import Dispatching
package import Ledger

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

/// What became of held deliveries that a person released.
package struct ReleasedDeliveries: Sendable, Hashable {
    package var released, expired, annulled, rejected: Int
}

/// What whoever watches a town's log hears.
package enum LogNews: Sendable {
    /// None where it was another town's.
    case rows([DeliveryRow])
    case beat
    /// Rows were lost on the way here.
    case gap
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

    // MARK: What went out

    package func deliveries(_ query: DeliveryQuery, of town: TownID) async throws -> [DeliveryRow] { try await ledger.town(town).deliveries(query) }

    /// Far ends by how their delivery stands: from memory for what has just gone out, from the record for what may have gone out
    /// before a restart.
    package func farEnds(of order: Pushed) async throws(DeskFailure) -> [String: Int] {
        let rows: [DeliveryRow]
        if order.isRepeat, let town = order.town {
            var query = DeliveryQuery()
            query.alert = order.id
            query.limit = 100_000
            do { rows = try await deliveries(query, of: town) } catch { throw .unrecorded("\(error)") }
        } else {
            rows = journal.rows(of: order.id)
        }
        return rows.reduce(into: [:]) { counts, row in counts[row.state.rawValue, default: 0] += row.delivery.endpoints }
    }

    /// Held back after a restart, for a person to decide.
    package func held(_ alert: AlertID, in town: TownID) async throws -> [DeliveryRow] {
        var query = DeliveryQuery()
        query.alert = alert
        query.state = .held
        query.limit = 100_000
        return try await deliveries(query, of: town)
    }

    package func release(_ rows: [DeliveryRow], by person: String) async throws -> ReleasedDeliveries {
        let done = try await actual.release(rows, by: person) + exercise.release(rows, by: person)
        return ReleasedDeliveries(released: done.released, expired: done.expired, annulled: done.annulled, rejected: done.rejected)
    }

    /// Returns how many will not go out.
    package func drop(_ rows: [DeliveryRow], by person: String) -> Int { actual.drop(rows, by: person) + exercise.drop(rows, by: person) }

    /// A town's log as it goes on; `beat` says into it that the line is alive.
    package func watchLog(of town: TownID) -> (news: some AsyncSequence<LogNews, Never> & Sendable, beat: @Sendable () -> Void) {
        let watch = journal.watch()
        return (watch.events.map { event in Self.news(event, of: town) }, watch.beat)
    }

    private static func news(_ event: Watched, of town: TownID) -> LogNews {
        switch event {
        case .row(let row): .rows(row.town == town ? [row] : [])
        case .passed(let passed): .rows(passed.deliveries(of: town).map { DeliveryRow(number: 0, delivery: $0, in: passed.recorded, town: town) })
        case .beat: .beat
        case .gap: .gap
        }
    }
}

extension FarEndLane {
    fileprivate init<M: Mode>(_ lane: Line<M>.LaneState) {
        self.init(
            channel: lane.channel, endpoint: lane.endpoint, mode: lane.mode, waiting: lane.waiting, stoppedBecause: lane.stoppedBecause, report: lane.report)
    }
}
