internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger
internal import LedgerStore

/// One town's part of the ledger: its code is in every question, and the database shows it no other row.
struct PostgresTown: BufferedTown {
    let id: TownID
    let buffer: LedgerBuffer
    let readers: PostgresReaders
    let contents: PostgresContents
    let watch: PostgresWatch

    static let openStates = DeliveryState.allCases.filter { !$0.isEnd }.map { "'\($0.rawValue)'" }.joined(separator: ", ")

    private func read<Value: Sendable>(_ body: @escaping @Sendable (PostgresLine) throws -> Value) async throws -> Value {
        try await readers.read([id.code], body)
    }

    // MARK: the log

    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] { try await read { try page(query, $0) } }

    private func page(_ query: DeliveryQuery, _ line: PostgresLine) throws -> [DeliveryRow] {
        let rows = (try own(query, line) + passedBy(query, line)).sorted { $0.number < $1.number }
        return query.newest ? Array(rows.suffix(query.limit)) : Array(rows.prefix(query.limit))
    }

    private func own(_ query: DeliveryQuery, _ line: PostgresLine) throws -> [DeliveryRow] {
        var asked = PostgresQuestion()
        // Asked by how it stands: by the index of that, which is in the log's order too.
        let byState = query.state != nil || query.unfinishedOnly, first = byState ? "s" : "d"
        asked.add("d.town = $::text", .text(id.code))
        asked.add("s.town = $::text", .text(id.code))
        asked.add("\(first).number > $::int8", .int(query.after))
        asked.add("d.alert = $::text", query.alert.map { .text($0.text) })
        asked.add("d.alert = ANY ($::text[])", anyOf: query.alerts?.map(\.text))
        asked.add("d.channel = $::text", query.channel.map { .text($0) })
        asked.add("d.endpoint = $::text", query.endpoint.map { .text($0) })
        asked.add("s.state = $::text", query.state.map { .text($0.rawValue) })
        if query.unfinishedOnly { asked.add("s.state IN (\(Self.openStates))") }
        asked.add("\(first).mode = $::text", query.mode.map { .text($0.rawValue) })
        asked.add("d.offered >= $::float8", query.since.map { .time($0) })
        asked.add("d.offered < $::float8", query.until.map { .time($0) })
        if let name = query.by {
            let (heads, tail) = (["operator:\(name) ", "operator:\(name)（"], " approved:\(name)")
            asked.add(
                """
                d.alert IN (SELECT a.id FROM alert a WHERE a.town = ?::text AND (a.actor IN (?::text, ?::text, ?::text) OR starts_with(a.actor, ?::text)
                  OR starts_with(a.actor, ?::text) OR right(a.actor, length(?::text)) = ?::text))
                """, values: [id.code, name, "operator:\(name)", "safe:\(name)", heads[0], heads[1], tail, tail].map { .text($0) })
        }
        let limit = asked.number(of: .int(query.limit))
        let rows = try line.run(
            """
            SELECT d.number, \(PostgresColumns.delivery.names(of: "d")), \(PostgresStands.Stand.columns)
            FROM delivery d JOIN standing s ON s.delivery = d.id WHERE \(asked.all) ORDER BY \(first).number \(query.newest ? "DESC" : "ASC") LIMIT \(limit)::int8
            """, written: asked.written)
        return (0..<rows.count).map { deliveryRow(rows, $0) }
    }

    private func deliveryRow(_ rows: PostgresRows, _ row: Int) -> DeliveryRow {
        func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
        let delivery = RecordedDelivery(
            id: DeliveryID(text(1)), channel: text(7), endpoint: text(8), endpoints: Int(rows.int(row, 9) ?? 1), isSend: rows.int(row, 10) == 1,
            priority: rows.int(row, 11).flatMap { Priority(rawValue: Int($0)) } ?? .background, reason: text(12), sentence: text(13),
            expires: Date(timeIntervalSince1970: rows.double(row, 15) ?? 0))
        let stand = PostgresStands.Stand(rows, row, from: 16)
        return DeliveryRow(
            number: rows.int(row, 0) ?? 0, delivery: delivery, town: id, alert: AlertID(text(2)), event: EventID(text(3)),
            mode: ModeName(rawValue: text(4)) ?? .exercise, kind: AlertKind(rawValue: text(5)) ?? .other, title: text(6),
            offered: Date(timeIntervalSince1970: rows.double(row, 14) ?? 0), state: stand.state, attempts: Int(stand.attempts),
            settled: stand.settled.map { Date(timeIntervalSince1970: $0) }, detail: stand.detail, reference: stand.reference, reached: Int(stand.counts[0]),
            shown: Int(stand.counts[1]), touched: Int(stand.counts[2]))
    }

    // MARK: what passed by

    private func passedBy(_ query: DeliveryQuery, _ line: PostgresLine) throws -> [DeliveryRow] {
        guard !query.concernedOnly, !query.unfinishedOnly, query.by == nil, query.state == nil || query.state == .skipped else { return [] }
        var asked = PostgresQuestion()
        asked.add("p.town = 'common' AND p.channel <> ''")
        asked.add("h.town = $::text", .text(id.code))
        asked.add("p.number > $::int8", .int(query.after))
        asked.add("p.alert = $::text", query.alert.map { .text($0.text) })
        asked.add("p.alert = ANY ($::text[])", anyOf: query.alerts?.map(\.text))
        asked.add("p.channel = $::text", query.channel.map { .text($0) })
        asked.add("p.mode = $::text", query.mode.map { .text($0.rawValue) })
        asked.add("p.accepted >= $::float8", query.since.map { .time($0) })
        asked.add("p.accepted < $::float8", query.until.map { .time($0) })
        if query.endpoint == "*" { asked.add("left(h.line, 1) = '*'") } else { asked.add("h.line = $::text", query.endpoint.map { .text("/\($0)") }) }
        let limit = asked.number(of: .int(query.limit))
        let rows = try line.run(
            """
            SELECT p.number, h.line, \(PostgresColumns.passed.names(of: "p")) FROM passed p JOIN share h ON h.hash = p.towns
            WHERE \(asked.all) ORDER BY p.number \(query.newest ? "DESC" : "ASC") LIMIT \(limit)::int8
            """, written: asked.written)
        return (0..<rows.count).compactMap { passedRow(rows, $0) }
    }

    private func passedRow(_ rows: PostgresRows, _ row: Int) -> DeliveryRow? {
        func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
        let line = text(1), rest = String(line.dropFirst())
        let share: PassedAlert.Share
        switch line.first {
        case "/": share = PassedAlert.Share(town: id, farEnds: 1, endpoint: rest)
        case "*": share = PassedAlert.Share(town: id, farEnds: Int(rest) ?? 0, endpoint: nil)
        default: return nil
        }
        let accepted = Date(timeIntervalSince1970: rows.double(row, 10) ?? 0)
        let delivery = RecordedDelivery(
            passing: AlertID(text(2)), share, channel: text(7), reason: text(8), sentence: text(9), expires: Date(timeIntervalSince1970: rows.double(row, 11) ?? 0))
        return DeliveryRow(
            number: rows.int(row, 0) ?? 0, delivery: delivery, town: id, alert: AlertID(text(2)), event: EventID(text(3)),
            mode: ModeName(rawValue: text(4)) ?? .exercise, kind: AlertKind(rawValue: text(5)) ?? .other, title: text(6), offered: accepted, state: .skipped,
            settled: accepted)
    }

    // MARK: alerts

    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] { try await read { try recorded(query, $0) } }

    private func recorded(_ query: AlertQuery, _ line: PostgresLine) throws -> [RecordedAlert] {
        var asked = question(query, "alert", id: "id")
        asked.add("t.town = $::text", .text(id.code))
        let limit = asked.number(of: .int(query.limit))
        let rows = try line.run(
            "SELECT t.id, t.mode, t.accepted, t.actor, t.body FROM alert t WHERE \(asked.all) ORDER BY t.accepted DESC, t.id DESC LIMIT \(limit)::int8",
            written: asked.written)
        var alerts = try contents.alerts(rows, of: id.code, on: line) { watch.tell(unreadIn: id.code) }
        if !query.concernedOnly { alerts += try passedAlerts(query, line) }
        return Array(alerts.sorted { ($0.accepted, $0.content.id) > ($1.accepted, $1.content.id) }.prefix(query.limit))
    }

    /// An alert that passed the town by has a row for each of its channels: read on until there are enough different ones.
    private func passedAlerts(_ query: AlertQuery, _ line: PostgresLine) throws -> [RecordedAlert] {
        var alerts: [RecordedAlert] = [], seen: Set<[PostgresValue]> = []
        var query = query
        let page = min(query.limit, 1_000) * 8
        while true {
            var asked = question(query, "passed", id: "alert")
            asked.add("t.town = 'common' AND EXISTS (SELECT 1 FROM share h WHERE h.town = ?::text AND h.hash = t.towns)", values: [.text(id.code)])
            let limit = asked.number(of: .int(page))
            let rows = try line.run(
                """
                SELECT t.alert, t.mode, t.accepted, t.actor, t.body FROM passed t WHERE \(asked.all)
                ORDER BY t.accepted DESC, t.alert DESC LIMIT \(limit)::int8
                """, written: asked.written)
            for alert in try contents.alerts(rows, of: id.code, on: line, isUnread: { watch.tell(unreadIn: id.code) })
            where seen.insert([.text(alert.content.id.text), .text(alert.mode.rawValue)]).inserted { alerts.append(alert) }
            guard rows.count == page, alerts.count < query.limit else { return alerts }
            query.earlier = RecordPlace(at: Date(timeIntervalSince1970: rows.double(page - 1, 2) ?? 0), id: rows.text(page - 1, 0) ?? "")
        }
    }

    private func question(_ query: AlertQuery, _ table: String, id key: String) -> PostgresQuestion {
        var asked = PostgresQuestion()
        asked.add("t.\(key) = $::text", query.id.map { .text($0.text) })
        asked.add("t.event = $::text", query.event.map { .text($0.text) })
        asked.add("t.mode = $::text", query.mode.map { .text($0.rawValue) })
        asked.add("t.accepted >= $::float8", query.since.map { .time($0) })
        if let place = query.earlier { asked.add("(t.accepted, t.\(key)) < (?::float8, ?::text)", values: [.time(place.at), .text(place.id)]) }
        return asked
    }

    /// Of many towns at one moment.
    func past(since: Date, and events: Set<EventID>, now: Date, _ line: PostgresLine) throws -> TownPast {
        var alerts = try recorded(TownPast.alerts(since: since), line)
        for event in events.sorted(by: { $0.text < $1.text }) { alerts += try recorded(TownPast.alerts(of: event), line) }
        alerts = TownPast.sorted(alerts)
        do {
            var rows = TownPast.Rows()
            rows.unfinished = try page(TownPast.unfinished, line)
            if let lasting = TownPast.lasting(alerts, at: now) { rows.lasting = try page(lasting, line) }
            return TownPast(alerts: alerts, rows: .success(rows))
        } catch {
            return TownPast(alerts: alerts, rows: .failure(error))
        }
    }

    func past(since: Date, and events: Set<EventID>, now: Date) async throws -> TownPast {
        try await read { try past(since: since, and: events, now: now, $0) }
    }

    func said(_ alert: AlertID) async throws -> [SaidText] {
        let town = id.code
        return try await read { line in
            let rows = try line.run("SELECT texts FROM said WHERE town = $1::text AND alert = $2::text", [.text(town), .text(alert.text)])
            guard !rows.isEmpty, let octets = rows.bytes(0, 0) else { return [] }
            return try SaidForm.unpack(Data(octets))
        }
    }
}
