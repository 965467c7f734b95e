internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger

/// What devices, shelters and people told: receipts, reports, deeds.
extension PostgresTown {
    func receipts(of alert: AlertID) async throws -> [RecordedReceipt] {
        let town = id.code
        return try await readers.read([town]) { line in
            let rows = try line.run(
                "SELECT \(PostgresColumns.receipt.names) FROM receipt WHERE town = $1::text AND alert = $2::text ORDER BY received, id",
                [.text(town), .text(alert.text)])
            return (0..<rows.count).map { row in
                func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
                return RecordedReceipt(
                    id: text(0), alert: alert, channel: text(2), endpoint: text(3), device: text(4),
                    reach: rows.int(row, 5).flatMap { Reach(rawValue: Int($0)) } ?? .accepted, occurred: Date(timeIntervalSince1970: rows.double(row, 6) ?? 0),
                    received: Date(timeIntervalSince1970: rows.double(row, 7) ?? 0))
            }
        }
    }

    func reports(_ query: ReportQuery) async throws -> [RecordedReport] {
        var asked = PostgresQuestion()
        asked.add("town = $::text", .text(id.code))
        asked.add("id = $::text", query.id.map { .text($0) })
        asked.add("site = $::text", query.site.map { .text($0) })
        asked.add("device = $::text", query.device.map { .text($0) })
        if !query.without.isEmpty { asked.add("device <> ALL ($::text[])", anyOf: query.without.sorted()) }
        asked.add("received >= $::float8", query.since.map { .time($0) })
        if let place = query.earlier { asked.add("(received, id) < (?::float8, ?::text)", values: [.time(place.at), .text(place.id)]) }
        let own = asked.all
        var listed = PostgresQuestion(after: asked)
        if query.device == nil, !query.isEveryOne { listed.add("place <= \(RecordedReport.shownPerDevice)") }
        if let before = query.before {
            listed.add("(received, id) < (SELECT received, id FROM report WHERE town = ?::text AND id = ?::text)", values: [.text(id.code), .text(before)])
        }
        let limit = listed.number(of: .int(query.limit)), condition = listed.conditions.isEmpty ? "true" : listed.all
        // Which ones, out of the index alone; what they say is read of those that are listed.
        let sql = """
            SELECT \(PostgresColumns.report.names(of: "r")) FROM (
              SELECT town, id FROM (
                SELECT town, id, received, row_number() OVER (PARTITION BY device ORDER BY received DESC, id DESC) AS place FROM report WHERE \(own)) o
              WHERE \(condition) ORDER BY received DESC, id DESC LIMIT \(limit)::int8) l
            JOIN report r USING (town, id) ORDER BY r.received DESC, r.id DESC
            """
        let written = listed.written
        return try await readers.read([id.code]) { line in
            let rows = try line.run(sql, written: written)
            return (0..<rows.count).map { row in
                func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
                return RecordedReport(
                    id: text(0), site: text(1), device: text(2), occurred: Date(timeIntervalSince1970: rows.double(row, 3) ?? 0),
                    received: Date(timeIntervalSince1970: rows.double(row, 4) ?? 0), body: text(5))
            }
        }
    }

    func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] {
        var asked = PostgresQuestion()
        asked.add("town = $::text", .text(id.code))
        asked.add("id = $::text", query.id.map { .text($0) })
        asked.add("kind = $::text", query.kind.map { .text($0) })
        asked.add("mode = $::text", query.mode.map { .text($0.rawValue) })
        asked.add("at >= $::float8", query.since.map { .time($0) })
        if let before = query.before {
            asked.add("(at, id) < (SELECT at, id FROM deed WHERE town = ?::text AND id = ?::text)", values: [.text(id.code), .text(before)])
        }
        if let place = query.earlier { asked.add("(at, id) < (?::float8, ?::text)", values: [.time(place.at), .text(place.id)]) }
        let limit = asked.number(of: .int(query.limit))
        let sql = "SELECT \(PostgresColumns.deed.names) FROM deed WHERE \(asked.all) ORDER BY at DESC, id DESC LIMIT \(limit)::int8", written = asked.written
        return try await readers.read([id.code]) { line in
            let rows = try line.run(sql, written: written)
            return (0..<rows.count).map { row in
                func text(_ column: Int) -> String { rows.text(row, column) ?? "" }
                return RecordedDeed(
                    id: text(0), mode: ModeName(rawValue: text(1)) ?? .exercise, kind: text(2), subject: text(3),
                    at: Date(timeIntervalSince1970: rows.double(row, 4) ?? 0), actor: text(5), body: text(6))
            }
        }
    }
}
