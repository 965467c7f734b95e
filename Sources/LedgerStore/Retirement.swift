internal import AlertModel
internal import ChannelKit
internal import Dispatch
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// Takes what is over out of the record: finds it, copies it into the month's archive, reads that back from the disk, and only
/// then lets the rows leave, slice by slice, by the thread that writes.
///
///     find ──▶ copy, fsync, read back ──▶ leave (200 rows) ──▶ leave … ──▶ what nobody says any more leaves too
///
/// Killed anywhere in between, rows are in both, and are one for whoever reads; the next time they are copied onto
/// themselves and leave.
struct Retirement: Sendable {
    let rule: RetentionRule
    let ledger: any DatabaseReader
    let archive: Archive
    /// Writes one slice and waits for the disk.
    let leave: @Sendable (Leaving) async throws -> Void
    /// Between two slices: the disk is others' too.
    let rest: @Sendable () async throws -> Void
    /// Alerts of one round.
    static let round = 50

    private struct Batch: Sendable {
        var rows: [String: [ArchivedRow]] = [:]
        var leaving = Leaving()
        var bodies: Set<Int64> = []
        var sets: Set<Int64> = []
        var done = Retired()

        mutating func keep(_ new: [ArchivedRow], in month: String) { rows[month, default: []] += new }
    }

    func run() async throws -> Retired {
        let generation = try await ledger.read { try Archive.generation($0) }
        let batch = try await ledger.read { db in try rule.town.map { try ofTown($0, db) } ?? common(db) }
        let chain = CommonChain.name(of: rule.town)
        for (month, rows) in batch.rows.sorted(by: { $0.key < $1.key }) {
            try await Self.onDisk { [archive] in try archive.keep(rows, chain: chain, month: month, generation: generation) }
        }
        var leaving = batch.leaving
        for body in batch.bodies.sorted() {
            // The last number stays: another alert must never be given it.
            leaving.add("""
                DELETE FROM content WHERE number = ?1 AND number < (SELECT max(number) FROM content)
                AND NOT EXISTS (SELECT 1 FROM alert WHERE body = ?1) AND NOT EXISTS (SELECT 1 FROM passed WHERE body = ?1)
                """, [body])
        }
        for set in batch.sets.sorted() {
            leaving.add("DELETE FROM town_set WHERE number = ?1 AND number < (SELECT max(number) FROM town_set) AND NOT EXISTS (SELECT 1 FROM passed WHERE towns = ?1)", [set])
        }
        for slice in leaving.slices {
            try await leave(slice)
            try await rest()
        }
        return batch.done
    }

    /// A month's file is written and synced on a thread of its own: it blocks.
    private static func onDisk(_ work: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            disk.async { done.resume(with: Result(catching: work)) }
        }
    }

    private static let disk = DispatchQueue(label: "noroshi-archive", qos: .background)

    // MARK: of a town

    private func ofTown(_ town: TownID, _ db: Database) throws -> Batch {
        var batch = Batch()
        try skips(of: town.code, &batch, db)
        // In a round of their own: an alert's skips have left before it does.
        if batch.done.skips == 0 { try alerts(of: town.code, &batch, db) }
        if !batch.done.isMore {
            batch.done.reports = try leaves("report", by: "received", of: town.code, &batch, db)
            batch.done.deeds = try leaves(LedgerSchema.deedTable, by: "at", of: town.code, &batch, db)
        }
        batch.done.rows = batch.rows.values.reduce(0) { $0 + $1.count }
        return batch
    }

    private func skips(of town: String, _ batch: inout Batch, _ db: Database) throws {
        let cursor = try Row.fetchCursor(
            db, sql: "SELECT id, accepted, skips FROM alert WHERE town = ? AND skips IS NOT NULL AND accepted < ? ORDER BY accepted",
            arguments: [town, rule.skips.timeIntervalSince1970])
        while let row = try cursor.next() {
            let id: String = try row.value("id")
            guard !rule.keep.contains(AlertID(id)) else { continue }
            guard batch.done.skips < Self.round else { return batch.done.isMore = true }
            let deliveries = try ArchivedRow.all("delivery", where: "town = ? AND alert = ? AND is_send = 0", [town, id], db)
            let facts = try ArchivedRow.all("fact", where: "chain = ? AND number = ?", [town, row.value("skips") as Int64], db)
            let standings = try self.standings(deliveries, town, db)
            batch.keep(deliveries + standings + facts, in: Archive.month(Date(timeIntervalSince1970: try row.value("accepted"))))
            for row in standings { batch.leaving.add(row, "town", "delivery") }
            for row in deliveries { batch.leaving.add(row, "number") }
            for row in facts { batch.leaving.add(row, "chain", "number") }
            batch.leaving.add("UPDATE alert SET skips = NULL WHERE town = ? AND id = ?", [town, id])
            batch.done.skips += 1
        }
        batch.done.isMore = batch.done.skips > 0
    }

    private func standings(_ deliveries: [ArchivedRow], _ town: String, _ db: Database) throws -> [ArchivedRow] {
        try deliveries.flatMap { try ArchivedRow.all("standing", where: "town = ? AND delivery = ?", [town, $0["id"]], db) }
    }

    private func alerts(of town: String, _ batch: inout Batch, _ db: Database) throws {
        let open = DeliveryState.allCases.filter { !$0.isEnd }.map { "'\($0.rawValue)'" }.joined(separator: ",")
        let cursor = try Row.fetchCursor(db, sql: """
            SELECT a.id, a.accepted, a.body, a.fact, coalesce(c.content, a.content) AS content FROM alert a LEFT JOIN content c ON c.number = a.body
            WHERE a.town = ? AND a.accepted < ? AND a.skips IS NULL AND NOT EXISTS (
              SELECT 1 FROM delivery d JOIN standing s ON s.town = d.town AND s.delivery = d.id
              WHERE d.town = a.town AND d.alert = a.id AND s.state IN (\(open))) ORDER BY a.accepted
            """, arguments: [town, rule.said.timeIntervalSince1970])
        while let row = try cursor.next() {
            let id: String = try row.value("id")
            guard !rule.keep.contains(AlertID(id)), isOver(Data.fromDatabaseValue(row["content"])) else { continue }
            guard batch.done.alerts < Self.round else { return batch.done.isMore = true }
            try take(id, row, of: town, &batch, db)
            batch.done.alerts += 1
        }
    }

    /// What cannot be read has nothing in force.
    private func isOver(_ content: Data?) -> Bool {
        guard let content, let said = try? JSONDecoder().decode(AlertContent.self, from: content) else { return true }
        return said.expires < rule.now
    }

    private func take(_ id: String, _ row: Row, of town: String, _ batch: inout Batch, _ db: Database) throws {
        let deliveries = try ArchivedRow.all("delivery", where: "town = ? AND alert = ?", [town, id], db)
        let standings = try standings(deliveries, town, db)
        let steps = try deliveries.flatMap { try ArchivedRow.all("step", where: "town = ? AND delivery = ?", [town, $0["id"]], db) }
        let receipts = try ArchivedRow.all("receipt", where: "town = ? AND alert = ?", [town, id], db)
        let said = try ArchivedRow.all("said", where: "town = ? AND alert = ?", [town, id], db)
        let own = try ArchivedRow.all("alert", where: "town = ? AND id = ?", [town, id], db)
        let facts = try (steps + receipts + own).compactMap { Int64.fromDatabaseValue($0["fact"]) }
            .flatMap { try ArchivedRow.all("fact", where: "chain = ? AND number = ?", [town, $0], db) }
        let body = Int64.fromDatabaseValue(row["body"])
        let content = try body.map { try ArchivedRow.all("content", where: "number = ?", [$0], db) } ?? []
        batch.keep(
            content + own + said + deliveries + standings + steps + receipts + facts, in: Archive.month(Date(timeIntervalSince1970: try row.value("accepted"))))
        if let body { batch.bodies.insert(body) }
        for row in steps { batch.leaving.add(row, "number") }
        for row in receipts { batch.leaving.add(row, "town", "id") }
        for row in standings { batch.leaving.add(row, "town", "delivery") }
        for row in deliveries { batch.leaving.add(row, "number") }
        for row in said { batch.leaving.add(row, "town", "alert") }
        for row in own { batch.leaving.add(row, "town", "id") }
        for row in facts { batch.leaving.add(row, "chain", "number") }
    }

    /// What stands alone, a row and its fact: how many of it.
    private func leaves(_ table: String, by time: String, of town: String, _ batch: inout Batch, _ db: Database) throws -> Int {
        let rows = try ArchivedRow.all(table, where: "town = ? AND \(time) < ? LIMIT \(Leaving.slice)", [town, rule.said.timeIntervalSince1970], db)
        for row in rows {
            let facts = try ArchivedRow.all("fact", where: "chain = ? AND number = ?", [town, row["fact"]], db)
            batch.keep([row] + facts, in: Archive.month(Date(timeIntervalSince1970: Double.fromDatabaseValue(row[time]) ?? 0)))
            batch.leaving.add(row, "town", "id")
            for fact in facts { batch.leaving.add(fact, "chain", "number") }
        }
        batch.done.isMore = batch.done.isMore || rows.count == Leaving.slice
        return rows.count
    }

    // MARK: what passed by, and bulletins

    private func common(_ db: Database) throws -> Batch {
        var batch = Batch()
        let passed = try Row.fetchAll(db, sql: """
            SELECT alert, mode, fact, min(accepted) AS accepted FROM passed WHERE accepted < ? AND expires < ? GROUP BY alert, mode ORDER BY min(accepted) LIMIT \(Self.round)
            """, arguments: [rule.skips.timeIntervalSince1970, rule.now.timeIntervalSince1970])
        for row in passed {
            let rows = try ArchivedRow.all("passed", where: "alert = ? AND mode = ?", [row.value("alert") as String, row.value("mode") as String], db)
            let facts = try ArchivedRow.all("fact", where: "chain = ? AND number = ?", [CommonChain.name, row.value("fact") as Int64?], db)
            let (bodies, sets) = (Set(rows.compactMap { Int64.fromDatabaseValue($0["body"]) }), Set(rows.compactMap { Int64.fromDatabaseValue($0["towns"]) }))
            let shared = try bodies.flatMap { try ArchivedRow.all("content", where: "number = ?", [$0], db) }
                + sets.flatMap { try ArchivedRow.all("town_set", where: "number = ?", [$0], db) }
            batch.keep(shared + rows + facts, in: Archive.month(Date(timeIntervalSince1970: try row.value("accepted"))))
            batch.bodies.formUnion(bodies)
            batch.sets.formUnion(sets)
            for row in rows { batch.leaving.add(row, "number") }
            for fact in facts { batch.leaving.add(fact, "chain", "number") }
        }
        let bulletins = try ArchivedRow.all("bulletin", where: "received < ? ORDER BY number LIMIT \(Self.round)", [rule.skips.timeIntervalSince1970], db)
        for bulletin in bulletins {
            batch.keep([bulletin], in: Archive.month(Date(timeIntervalSince1970: Double.fromDatabaseValue(bulletin["received"]) ?? 0)))
            batch.leaving.add(bulletin, "number")
        }
        (batch.done.passed, batch.done.bulletins) = (passed.count, bulletins.count)
        batch.done.rows = batch.rows.values.reduce(0) { $0 + $1.count }
        batch.done.isMore = max(passed.count, bulletins.count) == Self.round
        return batch
    }
}
