package import AlertModel
package import FoundationEssentials

/// A town's last days as its record has them, of both modes: what a start reads of it.
package struct TownPast: Sendable {
    package struct Rows: Sendable {
        /// Of what is in force still: who was told.
        package var lasting: [DeliveryRow] = []
        package var unfinished: [DeliveryRow] = []

        package init() {}
    }

    /// As they were recorded, the oldest first.
    package var alerts: [RecordedAlert]
    /// A failure here keeps the alerts from nobody.
    package var rows: Result<Rows, any Error>

    package init(alerts: [RecordedAlert], rows: Result<Rows, any Error>) {
        self.alerts = alerts
        self.rows = rows
    }

    /// Newest first, as a ledger gives them.
    package static func alerts(since: Date) -> AlertQuery {
        var query = AlertQuery()
        query.since = since
        query.concernedOnly = true
        query.limit = 10_000
        return query
    }

    /// Of an event that stands for longer than that.
    package static func alerts(of event: EventID) -> AlertQuery {
        var query = AlertQuery()
        query.event = event
        query.concernedOnly = true
        query.limit = 1000
        return query
    }

    /// Each once, the oldest first.
    package static func sorted(_ alerts: [RecordedAlert]) -> [RecordedAlert] {
        var seen: Set<AlertID> = []
        return alerts.filter { seen.insert($0.content.id).inserted }.sorted { ($0.accepted, $0.content.id) < ($1.accepted, $1.content.id) }
    }

    package static var unfinished: DeliveryQuery {
        var query = DeliveryQuery()
        query.limit = 1_000_000
        query.unfinishedOnly = true
        return query
    }

    /// Nil where nothing is in force any more.
    package static func lasting(_ alerts: [RecordedAlert], at now: Date) -> DeliveryQuery? {
        let lasting = alerts.map(\.content).filter { $0.expires > now }.map(\.id)
        guard !lasting.isEmpty else { return nil }
        var query = DeliveryQuery()
        query.limit = 1_000_000
        query.concernedOnly = true
        query.alerts = lasting
        return query
    }
}

extension TownLedger {
    package func past(since: Date, and events: Set<EventID>, now: Date) async throws -> TownPast {
        var alerts = try await alerts(TownPast.alerts(since: since))
        for event in events.sorted(by: { $0.text < $1.text }) { alerts += try await self.alerts(TownPast.alerts(of: event)) }
        alerts = TownPast.sorted(alerts)
        do {
            var rows = TownPast.Rows()
            rows.unfinished = try await deliveries(TownPast.unfinished)
            if let lasting = TownPast.lasting(alerts, at: now) { rows.lasting = try await deliveries(lasting) }
            return TownPast(alerts: alerts, rows: .success(rows))
        } catch {
            return TownPast(alerts: alerts, rows: .failure(error))
        }
    }
}

extension Ledger {
    package func pasts(of towns: [TownID: Set<EventID>], since: Date, now: Date) async -> [TownID: Result<TownPast, any Error>] {
        var pasts: [TownID: Result<TownPast, any Error>] = [:]
        for (town, events) in towns {
            do {
                pasts[town] = .success(try await self.town(town).past(since: since, and: events, now: now))
            } catch {
                pasts[town] = .failure(error)
            }
        }
        return pasts
    }
}
