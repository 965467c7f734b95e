/// What went out to whom, for whoever asks: as it is in the record, as it goes on, and what waits for a person to decide.
package import AlertModel
package import ChannelKit
internal import Dispatching
package import FoundationEssentials
internal import Ledger

/// Which lines of a town's log.
package struct DeliveryQuestion: Sendable {
    /// Every word `state` may be.
    package static let states = DeliveryState.allCases.map(\.rawValue)

    package var alert: AlertID?
    package var channel, endpoint, state: String?
    /// Who sent it, or said yes to it.
    package var by: String?
    /// What is real, or drills; nil: both.
    package var mode: ModeName?
    /// Offered at or after, and before. Where one of them is given what is archived is read too.
    package var since, until: Date?
    /// Lines after this number.
    package var after: Int64 = 0
    /// Asks for the last lines instead of the first.
    package var newest = false
    package var limit = 100

    package init() {}

    package var reachesBack: Bool { since != nil || until != nil }

    /// The same of a line that passes by.
    package func takes(_ line: DeliveryLine) -> Bool {
        (alert == nil || line.alert == alert) && (channel == nil || line.channel == channel) && (endpoint == nil || line.endpoint == endpoint)
            && (state == nil || line.state == state) && (mode == nil || line.mode == mode)
    }

    fileprivate var query: DeliveryQuery {
        var query = DeliveryQuery()
        (query.alert, query.channel, query.endpoint, query.mode) = (alert, channel, endpoint, mode)
        query.state = state.flatMap { DeliveryState(rawValue: $0) }
        query.by = by
        (query.since, query.until, query.after, query.newest, query.limit) = (since, until, after, newest, limit)
        return query
    }
}

/// A line of the log: what was decided for a far end, and how it stands.
package struct DeliveryLine: Sendable {
    package var number: Int64
    package var id: DeliveryID
    package var town: TownID
    package var alert: AlertID
    package var event: EventID
    package var mode: ModeName
    package var kind: AlertKind
    package var title, channel, endpoint: String
    /// How many far ends the line speaks of.
    package var endpoints: Int
    package var isSend: Bool
    package var priority: Priority
    /// A stable word, and the sentence for people.
    package var reason, sentence: String
    package var state: String
    package var isDelivered: Bool
    /// Devices were told that there is something to ask for: no delivery of it.
    package var isHint: Bool
    package var attempts: Int
    package var offered: Date
    package var settled: Date?
    package var detail, reference: String?
    /// Devices that reached each level.
    package var reached, shown, touched: Int

    init(_ row: DeliveryRow, isHint: Bool) {
        self.isHint = isHint
        (number, id, town, alert, event, mode, kind, title) = (row.number, row.delivery.id, row.town, row.alert, row.event, row.mode, row.kind, row.title)
        (channel, endpoint, endpoints) = (row.delivery.channel, row.delivery.endpoint, row.delivery.endpoints)
        (isSend, priority, reason, sentence) = (row.delivery.isSend, row.delivery.priority, row.delivery.reason, row.delivery.sentence)
        (state, isDelivered, attempts) = (row.state.rawValue, row.state == .delivered, row.attempts)
        (offered, settled, detail, reference) = (row.offered, row.settled, row.detail, row.reference)
        (reached, shown, touched) = (row.reached, row.shown, row.touched)
    }
}

/// What a restart held back of one alert, for a person to decide.
package struct HeldDeliveries: Sendable {
    fileprivate var rows: [DeliveryRow]
    package var modes: Set<ModeName> { Set(rows.map(\.mode)) }
    /// For people: what it says, and at how many far ends.
    package var title: String { "\(rows.first?.title ?? "")（\(rows.count)か所）" }
}

/// What became of held deliveries that a person released.
package struct ReleasedDeliveries: Sendable, Hashable {
    package var released, expired, annulled, rejected: Int
}

/// What whoever watches a town's log hears.
package enum LogNews: Sendable {
    /// None where it was another town's.
    case lines([DeliveryLine])
    case beat
    /// Lines were lost on the way here.
    case gap
}

extension Hub {
    package func deliveries(_ question: DeliveryQuestion, of town: TownID) async throws -> [DeliveryLine] {
        try await ledger.town(town).deliveries(question.query).map { DeliveryLine($0, isHint: isHint($0.delivery.channel)) }
    }

    /// Far ends by how their delivery stands: from memory for what has just gone out, from the record for what may have gone out
    /// before a restart.
    package func farEnds(of order: Pushed) async throws(DeskFailure) -> [String: Int] {
        let rows: [DeliveryRow]
        if order.isRepeat, let town = order.town {
            var query = DeliveryQuery()
            query.alert = order.id
            query.limit = 100_000
            do { rows = try await ledger.town(town).deliveries(query) } catch { throw .unrecorded("\(error)") }
        } else {
            rows = journal.rows(of: order.id)
        }
        return rows.filter { !isHint($0.delivery.channel) }.reduce(into: [:]) { counts, row in counts[row.state.rawValue, default: 0] += row.delivery.endpoints }
    }

    package func held(_ alert: AlertID, in town: TownID) async throws -> HeldDeliveries {
        var query = DeliveryQuery()
        query.alert = alert
        query.state = .held
        query.limit = 100_000
        return HeldDeliveries(rows: try await ledger.town(town).deliveries(query))
    }

    package func release(_ held: HeldDeliveries, by person: String) async throws -> ReleasedDeliveries {
        let done = try await actual.release(held.rows, by: person) + exercise.release(held.rows, by: person)
        return ReleasedDeliveries(released: done.released, expired: done.expired, annulled: done.annulled, rejected: done.rejected)
    }

    /// Returns how many will not go out.
    package func drop(_ held: HeldDeliveries, by person: String) -> Int { actual.drop(held.rows, by: person) + exercise.drop(held.rows, by: person) }

    /// A town's log as it goes on; `beat` says into it that the line is alive.
    package func watchLog(of town: TownID) -> (news: some AsyncSequence<LogNews, Never> & Sendable, beat: @Sendable () -> Void) {
        let watch = journal.watch()
        return (watch.events.map { event in self.news(event, of: town) }, watch.beat)
    }

    /// Its far ends are told that there is something to ask for, and nothing else.
    func isHint(_ channel: String) -> Bool { (actual.role(of: channel) ?? exercise.role(of: channel)) == .hint }

    private func news(_ event: Watched, of town: TownID) -> LogNews {
        switch event {
        case .row(let row): .lines(row.town == town ? [DeliveryLine(row, isHint: isHint(row.delivery.channel))] : [])
        case .passed(let passed):
            .lines(passed.deliveries(of: town).map { DeliveryLine(DeliveryRow(number: 0, delivery: $0, in: passed.recorded, town: town), isHint: isHint($0.channel)) })
        case .beat: .beat
        case .gap: .gap
        }
    }
}
