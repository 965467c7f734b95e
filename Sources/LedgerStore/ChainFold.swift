internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// `standing` is a fold of steps and receipts: made anew here and compared. What was written before there were chains is left
/// out: older programs may have counted otherwise, and what was saved from a damaged file has not all its steps.
enum ChainFold {
    private struct Stand: Equatable {
        var values: [DatabaseValue]

        init(isSend: Bool, offered: DatabaseValue) {
            let state: DeliveryState = isSend ? .waiting : .skipped
            values = [state.rawValue.databaseValue, 0.databaseValue, isSend ? .null : offered, .null, .null, 0.databaseValue, 0.databaseValue, 0.databaseValue]
        }

        init(_ values: [DatabaseValue]) { self.values = values }

        /// `at`, `state`, `attempt`, `detail`, `reference`.
        mutating func take(_ step: Row) {
            func state(_ value: DatabaseValue) -> DeliveryState? { String.fromDatabaseValue(value).flatMap(DeliveryState.init) }
            guard state(values[0])?.isEnd == false else { return }
            values[0] = step["state"]
            values[1] = max(Int64.fromDatabaseValue(values[1]) ?? 0, Int64.fromDatabaseValue(step["attempt"]) ?? 0).databaseValue
            values[2] = state(step["state"])?.isEnd == true ? step["at"] : .null
            for (place, name) in [(3, "detail"), (4, "reference")] {
                let value: DatabaseValue = step[name]
                if !value.isNull { values[place] = value }
            }
        }
    }

    /// The facts of the alerts, and the deliveries; some of them at most.
    static func differences(in town: String, _ db: Database) throws -> [(fact: Int64, alert: String, delivery: String)] {
        var found: [(fact: Int64, alert: String, delivery: String)] = []
        let cursor = try Row.fetchCursor(db, sql: """
            SELECT a.fact, d.alert, d.id, d.channel, d.endpoint, d.is_send, d.offered,
            s.state, s.attempts, s.settled, s.detail, s.reference, s.reached, s.shown, s.touched
            FROM delivery d JOIN alert a ON a.town = d.town AND a.id = d.alert JOIN fact f ON f.chain = d.town AND f.number = a.fact
            LEFT JOIN standing s ON s.town = d.town AND s.delivery = d.id
            WHERE d.town = ? AND f.cause NOT IN ('migrated', 'salvaged') ORDER BY d.alert
            """, arguments: [town])
        let steps = try db.makeStatement(sql: "SELECT at, state, attempt, detail, reference FROM step WHERE town = ? AND delivery = ? AND fact > ? ORDER BY number")
        var receipts = Receipts()
        while let row = try cursor.next() {
            let fact = Int64.fromDatabaseValue(row["fact"]) ?? 0
            let alert = String.fromDatabaseValue(row["alert"]) ?? "", id = String.fromDatabaseValue(row["id"]) ?? ""
            var stand = Stand(isSend: Bool.fromDatabaseValue(row["is_send"]) ?? true, offered: row["offered"])
            for step in try Row.fetchAll(steps, arguments: [town, id, fact]) { stand.take(step) }
            let farEnd: [DatabaseValue] = [row["channel"], row["endpoint"]]
            let counts = try receipts.counts(of: alert, town, fact, db)[farEnd] ?? [0, 0, 0]
            for (place, count) in counts.enumerated() { stand.values[5 + place] = count.databaseValue }
            if stand != Stand(Array(row.databaseValues.dropFirst(7))) { found.append((fact, alert, id)) }
            // One that leaves has some thousand far ends at the most.
            if found.count >= 10_000 { break }
        }
        return found
    }

    /// Of one alert after the other.
    private struct Receipts {
        private var alert: String?
        private var counts: [[DatabaseValue]: [Int]] = [:]

        mutating func counts(of alert: String, _ town: String, _ fact: Int64, _ db: Database) throws -> [[DatabaseValue]: [Int]] {
            guard self.alert != alert else { return counts }
            self.alert = alert
            let known = try db.cachedStatement(sql: """
                SELECT channel, endpoint, reach, count(*) AS count FROM receipt WHERE town = ? AND alert = ? AND fact > ? GROUP BY channel, endpoint, reach
                """)
            counts = try Row.fetchAll(known, arguments: [town, alert, fact]).reduce(into: [:]) { counts, row in
                guard let reach = Int.fromDatabaseValue(row["reach"]), (1...3).contains(reach) else { return }
                let farEnd: [DatabaseValue] = [row["channel"], row["endpoint"]]
                counts[farEnd, default: [0, 0, 0]][reach - 1] += Int.fromDatabaseValue(row["count"]) ?? 0
            }
            return counts
        }
    }
}
