internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// A town's share of what passed many by, as rows of its own log.
extension SQLiteTown {
    func passedRows(_ query: DeliveryQuery, _ db: Database) throws -> [DeliveryRow] {
        guard !query.concernedOnly, !query.unfinishedOnly, query.state == nil || query.state == .skipped else { return [] }
        let sets = try Row.fetchAll(try db.cachedStatement(sql: """
            SELECT number, substr(towns, instr(towns, char(10) || ?1) + 1, 512) AS line FROM town_set WHERE instr(towns, char(10) || ?1) > 0
            """), arguments: [id.code])
        let shares = sets.reduce(into: [Int64: PassedAlert.Share]()) { shares, row in
            let line = (row["line"] as String).prefix { $0 != "\n" }
            guard let share = LedgerSchema.share(of: id, String(line)),
                query.endpoint.map({ $0 == share.endpoint ?? "*" }) ?? true else { return }
            shares[row["number"]] = share
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
        return try Row.fetchAll(db, sql: sql, arguments: given).compactMap { row in shares[row["towns"]].map { passedRow(row, $0) } }
    }

    private func passedRow(_ row: Row, _ share: PassedAlert.Share) -> DeliveryRow {
        let accepted = Date(timeIntervalSince1970: row["accepted"])
        let delivery = RecordedDelivery(
            passing: AlertID(row["alert"]), share, channel: row["channel"], reason: row["reason"], sentence: row["sentence"],
            expires: Date(timeIntervalSince1970: row["expires"]))
        return DeliveryRow(
            number: row["number"], delivery: delivery, town: id, alert: AlertID(row["alert"]), event: EventID(row["event"]),
            mode: ModeName(rawValue: row["mode"]) ?? .exercise, kind: AlertKind(rawValue: row["kind"]) ?? .other,
            title: row["title"], offered: accepted, state: .skipped, settled: accepted)
    }
}
