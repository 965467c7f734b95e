internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// A town's share of what passed many by, as rows of its own log.
extension SQLiteTown {
    func passedRows(_ query: DeliveryQuery, _ db: Database) throws -> [DeliveryRow] {
        guard !query.concernedOnly, !query.unfinishedOnly, query.by == nil, query.state == nil || query.state == .skipped else { return [] }
        let sets = try Row.fetchAll(try db.cachedStatement(sql: """
            SELECT number, substr(towns, instr(towns, char(10) || ?1) + 1, 512) AS line FROM town_set WHERE instr(towns, char(10) || ?1) > 0
            """), arguments: [id.code])
        let shares = try sets.reduce(into: [Int64: PassedAlert.Share]()) { shares, row in
            let line = try (row.value("line") as String).prefix { $0 != "\n" }
            guard let share = LedgerSchema.share(of: id, String(line)),
                query.endpoint.map({ $0 == share.endpoint ?? "*" }) ?? true else { return }
            shares[try row.value("number")] = share
        }
        guard !shares.isEmpty else { return [] }
        var conditions = ["number > ?", "channel <> ''", "towns IN (\(shares.keys.map(String.init).joined(separator: ",")))"]
        var arguments: [any DatabaseValueConvertible] = [query.after]
        for (condition, value) in [
            ("alert = ?", query.alert?.text), ("alert IN (SELECT value FROM json_each(?))", LedgerSchema.list(query.alerts)),
            ("channel = ?", query.channel), ("mode = ?", query.mode?.rawValue),
        ] {
            guard let value else { continue }
            conditions.append(condition)
            arguments.append(value)
        }
        for (condition, date) in [("accepted >= ?", query.since), ("accepted < ?", query.until)] {
            guard let date else { continue }
            conditions.append(condition)
            arguments.append(date.timeIntervalSince1970)
        }
        arguments.append(query.limit)
        let sql = """
            SELECT * FROM passed WHERE \(conditions.joined(separator: " AND "))
            ORDER BY number \(query.newest ? "DESC" : "ASC") LIMIT ?
            """
        let given = StatementArguments(arguments.map { $0 as (any DatabaseValueConvertible)? })
        let rows = try Row.fetchAll(db, sql: sql, arguments: given)
        return sound(rows) { row in try shares[row.value("towns")].map { try passedRow(row, $0) } }
    }

    private func passedRow(_ row: Row, _ share: PassedAlert.Share) throws -> DeliveryRow {
        let accepted = try Date(timeIntervalSince1970: row.value("accepted"))
        let delivery = try RecordedDelivery(
            passing: AlertID(row.value("alert")), share, channel: row.value("channel"), reason: row.value("reason"), sentence: row.value("sentence"),
            expires: Date(timeIntervalSince1970: row.value("expires")))
        return try DeliveryRow(
            number: row.value("number"), delivery: delivery, town: id, alert: AlertID(row.value("alert")), event: EventID(row.value("event")),
            mode: ModeName(rawValue: row.value("mode")) ?? .exercise, kind: AlertKind(rawValue: row.value("kind")) ?? .other,
            title: row.value("title"), offered: accepted, state: .skipped, settled: accepted)
    }
}
