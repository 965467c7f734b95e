internal import Ledger
internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import GRDB

/// One town's part of the ledger: its code is in every question.
struct SQLiteTown: BufferedTown {
    let id: TownID
    let book: LedgerBook
    let buffer: LedgerBuffer
    private var pool: DatabasePool { book.pool }

    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] {
        let rows = try await pool.read { db in
            let rows = try page(query, db)
            // After the ledger: what has left it meanwhile is in an archive.
            return query.reachesBack ? rows + archivedRows(query) : rows
        }
        var seen: Set<Seen> = []
        // What leaves just now is in both.
        let sorted = rows.filter { query.reachesBack ? seen.insert(Seen(number: $0.number, id: $0.delivery.id)).inserted : true }.sorted { $0.number < $1.number }
        return query.newest ? Array(sorted.suffix(query.limit)) : Array(sorted.prefix(query.limit))
    }

    private struct Seen: Hashable {
        var number: Int64
        var id: DeliveryID
    }

    private func page(_ query: DeliveryQuery, isArchive: Bool = false, _ db: Database) throws -> [DeliveryRow] {
        if let by = query.by, !isArchive { return try rows(by: by, query, db) { try page($0, db) } }
        let (sql, arguments) = try question(query, isArchive: isArchive, db)
        return sound(try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: arguments), deliveryRow) + (try passedRows(query, db))
    }

    /// Those that can be read: a row that holds what it cannot mean is named and takes none of the others with it.
    func sound<Found>(_ rows: [Row], _ read: (Row) throws -> Found?) -> [Found] {
        var isWhole = true
        let found = rows.compactMap { row -> Found? in
            do {
                return try read(row)
            } catch {
                isWhole = false
                return nil
            }
        }
        if !isWhole { book.tellUnread(of: id.code) }
        return found
    }

    /// Of the months asked for. A file that cannot be read is named, and the others are read.
    private func archivedRows(_ query: DeliveryQuery) -> [DeliveryRow] {
        // An alert of the last minute of a month may be offered in the next.
        let first = query.since.map { Archive.month($0.addingTimeInterval(-86_400)) } ?? "", last = query.until.map { Archive.month($0) } ?? "9999-99"
        return [id.code, CommonChain.name].flatMap { chain in
            book.archive.files(of: chain, from: first, to: last).flatMap { path -> [DeliveryRow] in
                do {
                    let queue = try Archive.reading(path)
                    defer { try? queue.close() }
                    return try queue.read { try page(query, isArchive: true, $0) }
                } catch {
                    book.tellUnread(archive: path, error)
                    return []
                }
            }
        }
    }

    func question(_ query: DeliveryQuery, isArchive: Bool = false, _ db: Database) throws -> (sql: String, arguments: StatementArguments) {
        // Of some alerts: their rows, by the index that finds them, and not the town's whole log in its order. Else by their numbers, which are looked for first.
        let isFound = !isArchive && query.alert == nil && (query.alerts == nil || query.endpoint != nil) && !query.unfinishedOnly
        var conditions = [isFound || query.unfinishedOnly && !isArchive ? "+d.town = ?" : "d.town = ?"]
        var arguments: [any DatabaseValueConvertible] = [id.code]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        let number = isFound || query.alerts == nil && query.alert == nil && !query.unfinishedOnly ? "d.number" : "+d.number"
        if isFound {
            let (numbers, given) = try numbers(query, db)
            conditions.append("d.number IN (\(numbers))")
            arguments += given
        } else {
            add("\(number) > ?", query.after)
            add("d.alert = ?", query.alert?.text)
            add("d.alert IN (SELECT value FROM json_each(?))", LedgerSchema.list(query.alerts))
            add("d.channel = ?", query.channel)
            add("d.endpoint = ?", query.endpoint)
            add("s.state = ?", query.state?.rawValue)
            add("d.mode = ?", query.mode?.rawValue)
            add("d.offered >= ?", query.since?.timeIntervalSince1970)
            add("d.offered < ?", query.until?.timeIntervalSince1970)
            if let by = query.by {
                let (condition, given) = Self.isActor(by)
                conditions.append("d.alert IN (SELECT id FROM alert WHERE town = ? AND \(condition))")
                arguments += [id.code] + given
            }
        }
        // What has not ended is few of many: by its state first, and not through ten million rows of a town in their order.
        if query.unfinishedOnly {
            conditions.append(isArchive ? "s.state IN (\(LedgerSchema.openStates))" : "d.number IN (SELECT number FROM log_state WHERE town = ? AND mode IN ('actual', 'exercise') AND state IN (\(LedgerSchema.openStates)))")
            if !isArchive { arguments.append(id.code) }
        }
        arguments.append(query.limit)
        let sql = """
            SELECT \(Self.columns)
            FROM delivery d JOIN standing s ON s.town = d.town AND s.delivery = d.id
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(number) \(query.newest ? "DESC" : "ASC") LIMIT ?
            """
        return (sql, StatementArguments(arguments.map { $0 as (any DatabaseValueConvertible)? }))
    }

    /// In the order in which `deliveryRow` takes them: by their names GRDB looks for each among all, in every row.
    private static let columns = """
        d.number, d.id, d.alert, d.event, d.mode, d.kind, d.title, d.channel, d.endpoint, d.endpoints, d.is_send, d.priority, d.reason, d.sentence,
        d.offered, d.expires, s.state, s.attempts, s.settled, s.detail, s.reference, s.reached, s.shown, s.touched
        """

    private func deliveryRow(_ row: Row) throws -> DeliveryRow {
        let delivery = try RecordedDelivery(
            id: DeliveryID(row.value(at: 1)), channel: row.value(at: 7), endpoint: row.value(at: 8), endpoints: row.value(at: 9),
            isSend: row.value(at: 10), priority: Priority(rawValue: row.value(at: 11)) ?? .background, reason: row.value(at: 12),
            sentence: row.value(at: 13), expires: Date(timeIntervalSince1970: row.value(at: 15)))
        return try DeliveryRow(
            number: row.value(at: 0), delivery: delivery, town: id, alert: AlertID(row.value(at: 2)), event: EventID(row.value(at: 3)),
            mode: ModeName(rawValue: row.value(at: 4)) ?? .exercise, kind: AlertKind(rawValue: row.value(at: 5)) ?? .other, title: row.value(at: 6),
            offered: Date(timeIntervalSince1970: row.value(at: 14)), state: DeliveryState(rawValue: row.value(at: 16)) ?? .rejected,
            attempts: row.value(at: 17), settled: (row.value(at: 18) as Double?).map { Date(timeIntervalSince1970: $0) }, detail: row.value(at: 19),
            reference: row.value(at: 20), reached: row.value(at: 21), shown: row.value(at: 22), touched: row.value(at: 23))
    }

    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] {
        let (pool, contents) = book.reading
        var (alerts, unread) = try await pool.read { try recorded(query, $0, contents) }
        if let range = query.archived {
            // After the ledger: what leaves it meanwhile is in one of the two.
            let known = Set(alerts.map(\.content.id))
            for file in book.archive.files(of: id.code, from: Archive.month(range.lowerBound), to: Archive.month(range.upperBound)) {
                do {
                    let queue = try Archive.reading(file)
                    defer { try? queue.close() }
                    // Bodies of another file have numbers of their own.
                    let found = try await queue.read { try recorded(query, $0, Contents()) }
                    alerts += found.alerts.filter { !known.contains($0.content.id) && range.contains($0.accepted) }
                    unread += found.unread
                } catch {
                    book.tellUnread(archive: file, error)
                }
            }
        }
        if unread > 0 { book.tellUnread(of: id.code) }
        let page = Array(Self.newestFirst(alerts).prefix(query.limit))
        guard query.reachesBack else { return page }
        return await reachingBack(from: page, query.limit, query.since, query.earlier, table: "alert", place: { RecordPlace(at: $0.accepted, id: $0.content.id.text) }) { db in
            try recorded(query, db, Contents()).alerts
        }
    }

    /// Of many towns in one look into the file.
    func past(since: Date, and events: Set<EventID>, now: Date, _ db: Database, _ contents: Contents) throws -> TownPast {
        var (alerts, unread) = try recorded(TownPast.alerts(since: since), db, contents)
        for event in events.sorted(by: { $0.text < $1.text }) {
            let more = try recorded(TownPast.alerts(of: event), db, contents)
            alerts += more.alerts
            unread += more.unread
        }
        alerts = TownPast.sorted(alerts)
        if unread > 0 { book.tellUnread(of: id.code) }
        do {
            var rows = TownPast.Rows()
            rows.unfinished = try page(TownPast.unfinished, db)
            if let lasting = TownPast.lasting(alerts, at: now) { rows.lasting = try page(lasting, db) }
            return TownPast(alerts: alerts, rows: .success(rows))
        } catch {
            return TownPast(alerts: alerts, rows: .failure(error))
        }
    }

    private static func newestFirst(_ alerts: [RecordedAlert]) -> [RecordedAlert] {
        alerts.sorted { ($0.accepted, $0.content.id) > ($1.accepted, $1.content.id) }
    }

    private func recorded(_ query: AlertQuery, _ db: Database, _ contents: Contents) throws -> (alerts: [RecordedAlert], unread: Int) {
        let (own, arguments) = question(query, table: "alert", id: "id", town: "t.town = ?")
        var rows = try Row.fetchAll(try db.cachedStatement(sql: own + " LIMIT \(query.limit)"), arguments: arguments)
        if !query.concernedOnly {
            let (passed, arguments) = question(
                query, table: "passed", id: "alert", town: "t.towns IN (SELECT number FROM town_set WHERE instr(towns, char(10) || ?) > 0)")
            rows += try Self.once(try Row.fetchCursor(try db.cachedStatement(sql: passed), arguments: arguments), query.limit)
        }
        let alerts = rows.compactMap { contents.alert($0, db) }
        return (alerts, rows.count - alerts.count)
    }

    /// An alert that passed a town by has a row for each of its channels, one after the other.
    private static func once(_ cursor: RowCursor, _ limit: Int) throws -> [Row] {
        var rows: [Row] = []
        var last: String?
        while rows.count < limit, let row = try cursor.next() {
            let alert: String = try row.value("id")
            if alert != last { rows.append(row.copy()) }
            last = alert
        }
        return rows
    }

    private func question(_ query: AlertQuery, table: String, id key: String, town: String) -> (sql: String, arguments: StatementArguments) {
        var conditions = [town]
        var arguments: [any DatabaseValueConvertible] = [id.code]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        add("t.\(key) = ?", query.id?.text)
        add("t.event = ?", query.event?.text)
        add("t.mode = ?", query.mode?.rawValue)
        add("t.accepted >= ?", query.since?.timeIntervalSince1970)
        if let place = query.earlier {
            conditions.append("(t.accepted, t.\(key)) < (?, ?)")
            arguments += [place.at.timeIntervalSince1970, place.id]
        }
        // Of an older file what an alert says stands in the town's own row. Else it is read once for all towns, by its number.
        let content = table == "alert" ? "CASE WHEN t.body IS NULL THEN t.content END" : "NULL"
        let sql = """
            SELECT t.mode, t.accepted, t.actor, t.body, \(content), t.\(key) AS id
            FROM \(table) t
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY t.accepted DESC, t.\(key) DESC
            """
        return (sql, StatementArguments(arguments.map { $0 as (any DatabaseValueConvertible)? }))
    }

    func said(_ alert: AlertID) async throws -> [SaidText] {
        let town = id.code
        return try await pool.read { db in
            let found = try Data.fetchOne(db, sql: "SELECT texts FROM said WHERE town = ? AND alert = ?", arguments: [town, alert.text])
            return try found.map { try SaidForm.unpack($0) } ?? []
        }
    }

    func receipts(of alert: AlertID) async throws -> [RecordedReceipt] {
        let town = id.code
        return try await pool.read { db in
            let sql = "SELECT id, channel, endpoint, device, reach, occurred, received FROM receipt WHERE town = ? AND alert = ? ORDER BY received, id"
            return sound(try Row.fetchAll(db, sql: sql, arguments: [town, alert.text])) { row in
                try RecordedReceipt(
                    id: row.value("id"), alert: alert, channel: row.value("channel"), endpoint: row.value("endpoint"), device: row.value("device"),
                    reach: Reach(rawValue: row.value("reach")) ?? .accepted, occurred: Date(timeIntervalSince1970: row.value("occurred")),
                    received: Date(timeIntervalSince1970: row.value("received")))
            }
        }
    }

    func reports(_ query: ReportQuery) async throws -> [RecordedReport] {
        let town = id.code
        var own = "town = ?"
        var given: [(any DatabaseValueConvertible)?] = [town]
        for (column, value) in [("id", query.id), ("site", query.site), ("device", query.device)] {
            guard let value else { continue }
            own += " AND \(column) = ?"
            given.append(value)
        }
        for device in query.without.sorted() {
            own += " AND device <> ?"
            given.append(device)
        }
        if let since = query.since {
            own += " AND received >= ?"
            given.append(since.timeIntervalSince1970)
        }
        if let place = query.earlier {
            own += " AND (received, id) < (?, ?)"
            given += [place.at.timeIntervalSince1970, place.id]
        }
        var listed = "1"
        if query.device == nil, !query.isEveryOne {
            listed += " AND place <= ?"
            given.append(RecordedReport.shownPerDevice)
        }
        if let before = query.before {
            listed += " AND (received, id) < (SELECT received, id FROM report WHERE town = ? AND id = ?)"
            given += [town, before]
        }
        given.append(query.limit)
        // Which ones, out of the index alone; what they say is read of those that are listed.
        let sql = """
            SELECT report.* FROM (
              SELECT town, id FROM (
                SELECT town, id, received, row_number() OVER (PARTITION BY device ORDER BY received DESC, id DESC) AS place FROM report WHERE \(own))
              WHERE \(listed) ORDER BY received DESC, id DESC LIMIT ?)
            CROSS JOIN report USING (town, id) ORDER BY received DESC, id DESC
            """
        let arguments = StatementArguments(given)
        let read: @Sendable (Database) throws -> [RecordedReport] = { db in
            sound(try Row.fetchAll(db, sql: sql, arguments: arguments)) { row in
                try RecordedReport(
                    id: row.value("id"), site: row.value("site"), device: row.value("device"),
                    occurred: Date(timeIntervalSince1970: row.value("occurred")),
                    received: Date(timeIntervalSince1970: row.value("received")), body: row.value("body"))
            }
        }
        let page = try await pool.read(read)
        guard query.reachesBack, query.isEveryOne else { return page }
        return await reachingBack(from: page, query.limit, query.since, query.earlier, table: "report", place: { RecordPlace(at: $0.received, id: $0.id) }, read)
    }

    func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] {
        let town = id.code
        var own = "town = ?"
        var given: [(any DatabaseValueConvertible)?] = [town]
        for (column, value) in [("id", query.id), ("kind", query.kind), ("mode", query.mode?.rawValue)] {
            guard let value else { continue }
            own += " AND \(column) = ?"
            given.append(value)
        }
        if let since = query.since {
            own += " AND at >= ?"
            given.append(since.timeIntervalSince1970)
        }
        if let before = query.before {
            own += " AND (at, id) < (SELECT at, id FROM deed WHERE town = ? AND id = ?)"
            given += [town, before]
        }
        if let place = query.earlier {
            own += " AND (at, id) < (?, ?)"
            given += [place.at.timeIntervalSince1970, place.id]
        }
        let (sql, arguments) = ("SELECT \(LedgerSchema.deedColumns) FROM deed WHERE \(own) ORDER BY at DESC, id DESC LIMIT ?", StatementArguments(given + [query.limit]))
        let read: @Sendable (Database) throws -> [RecordedDeed] = { db in
            sound(try Row.fetchAll(db, sql: sql, arguments: arguments)) { row in
                try RecordedDeed(
                    id: row.value("id"), mode: ModeName(rawValue: row.value("mode")) ?? .exercise, kind: row.value("kind"), subject: row.value("subject"),
                    at: Date(timeIntervalSince1970: row.value("at")), actor: row.value("actor"), body: row.value("body"))
            }
        }
        let page = try await pool.read(read)
        guard query.reachesBack else { return page }
        return await reachingBack(from: page, query.limit, query.since, query.earlier, table: LedgerSchema.deedTable, place: { RecordPlace(at: $0.at, id: $0.id) }, read)
    }
}
