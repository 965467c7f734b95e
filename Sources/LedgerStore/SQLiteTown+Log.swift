internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// A page of the log as a question of SQL: the numbers of its rows first, by the index of whatever is asked for most narrowly, then the rows.
///
///     filters ──▶ which index has the fewest ──▶ numbers of each mode, in order, so many ──▶ rows
extension SQLiteTown {
    /// By what the numbers are found.
    private enum Way: CaseIterable {
        case state, endpoint, channel, mode
    }

    /// More entries than this are not counted: it is many, and the next filter is looked at.
    private static let many = 20_000

    func numbers(_ query: DeliveryQuery, _ db: Database) throws -> (sql: String, arguments: [any DatabaseValueConvertible]) {
        let bounds = try bounds(query, db)
        let way = try narrowest(query, bounds, db)
        var arguments: [any DatabaseValueConvertible] = []
        let branches = (query.mode.map { [$0] } ?? ModeName.allCases).map { mode in
            let (sql, given) = branch(query, mode, way, bounds)
            arguments += given
            return "SELECT number FROM (\(sql))"
        }
        return (branches.joined(separator: " UNION ALL "), arguments)
    }

    private typealias Bounds = (after: Int64, last: Int64)

    /// Numbers among which all rows of the time that is asked for are; of a clock that was put back they are wide.
    private func bounds(_ query: DeliveryQuery, _ db: Database) throws -> Bounds {
        var bounds: Bounds = (query.after, .max)
        func hour(_ date: Date) -> Int64 { Int64(max(-1e12, min(1e12, (date.timeIntervalSince1970 / 3600).rounded(.down)))) }
        if let since = query.since {
            let first = try Int64.fetchOne(
                try db.cachedStatement(sql: "SELECT min(first) FROM log_hour WHERE town = ? AND hour >= ?"), arguments: [id.code, hour(since)])
            bounds.after = max(bounds.after, first.map { $0 - 1 } ?? .max - 1)
        }
        if let until = query.until {
            let last = try Int64.fetchOne(
                try db.cachedStatement(sql: "SELECT max(last) FROM log_hour WHERE town = ? AND hour <= ?"), arguments: [id.code, hour(until)])
            bounds.last = last ?? 0
        }
        return bounds
    }

    private func narrowest(_ query: DeliveryQuery, _ bounds: Bounds, _ db: Database) throws -> Way {
        let asked = Way.allCases.filter { way in
            switch way {
            case .state: query.state != nil
            case .endpoint: query.endpoint != nil
            case .channel: query.channel != nil
            case .mode: true
            }
        }
        guard asked.count > 2 else { return asked[0] }
        var best: (way: Way, count: Int)?
        for way in asked where way != .mode {
            let count = try (query.mode.map { [$0] } ?? ModeName.allCases).reduce(0) { try $0 + entries(query, $1, way, bounds, db) }
            if best.map({ count < $0.count }) ?? true { best = (way, count) }
        }
        return best?.way ?? .mode
    }

    private func entries(_ query: DeliveryQuery, _ mode: ModeName, _ way: Way, _ bounds: Bounds, _ db: Database) throws -> Int {
        let (table, conditions, given) = source(query, mode, way)
        let sql = "SELECT count(*) FROM (SELECT 1 FROM \(table) WHERE \(conditions) AND d.number > ? AND d.number <= ? LIMIT \(Self.many))"
        let all: [(any DatabaseValueConvertible)?] = given + [bounds.after, bounds.last]
        return try Int.fetchOne(
            try db.cachedStatement(sql: sql), arguments: StatementArguments(all)) ?? 0
    }

    /// The index and what it is asked for; `d` is the row, or the entry that has its number.
    private func source(_ query: DeliveryQuery, _ mode: ModeName, _ way: Way) -> (table: String, conditions: String, arguments: [any DatabaseValueConvertible]) {
        let own: [any DatabaseValueConvertible] = [id.code, mode.rawValue]
        return switch way {
        case .state: ("log_state d", "d.town = ? AND d.mode = ? AND d.state = ?", own + [query.state?.rawValue ?? ""])
        case .endpoint: ("delivery d INDEXED BY log_endpoint", "d.town = ? AND d.mode = ? AND d.endpoint = ?", own + [query.endpoint ?? ""])
        case .channel: ("delivery d INDEXED BY log_channel", "d.town = ? AND d.mode = ? AND d.channel = ?", own + [query.channel ?? ""])
        case .mode: ("delivery d INDEXED BY log_mode", "d.town = ? AND d.mode = ?", own)
        }
    }

    private func branch(_ query: DeliveryQuery, _ mode: ModeName, _ way: Way, _ bounds: Bounds) -> (sql: String, arguments: [any DatabaseValueConvertible]) {
        var (table, first, arguments) = source(query, mode, way)
        var conditions = [first, "d.number > ?", "d.number <= ?"]
        arguments += [bounds.after, bounds.last] as [any DatabaseValueConvertible]
        // The entry of a state is no row yet.
        let row = way == .state ? "r" : "d"
        var needsRow = false
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
            needsRow = true
        }
        add("\(row).alert IN (SELECT value FROM json_each(?))", LedgerSchema.list(query.alerts))
        if way != .endpoint { add("\(row).endpoint = ?", query.endpoint) }
        if way != .channel { add("\(row).channel = ?", query.channel) }
        add("\(row).offered >= ?", query.since?.timeIntervalSince1970)
        add("\(row).offered < ?", query.until?.timeIntervalSince1970)
        if way == .state {
            if needsRow { table += " CROSS JOIN delivery r ON r.number = d.number" }
        } else if query.state != nil {
            table += " CROSS JOIN standing s ON s.town = d.town AND s.delivery = d.id"
            add("s.state = ?", query.state?.rawValue)
        }
        arguments.append(query.limit)
        return ("SELECT d.number FROM \(table) WHERE \(conditions.joined(separator: " AND ")) ORDER BY d.number \(query.newest ? "DESC" : "ASC") LIMIT ?", arguments)
    }

    // MARK: a person's

    /// Alerts of a person at once.
    private static let handful = 20

    /// Rows of what a person sent, said yes to, or sent by the key of the safe: his alerts in the log's order, handful by handful, until the page is full.
    func rows(by name: String, _ query: DeliveryQuery, _ db: Database, _ read: (DeliveryQuery) throws -> [DeliveryRow]) throws -> [DeliveryRow] {
        let (condition, given) = Self.isActor(name)
        let ids = try String.fetchAll(
            try db.cachedStatement(sql: "SELECT id FROM alert WHERE town = ? AND \(condition)"), arguments: StatementArguments([id.code] + given))
        if query.endpoint != nil {
            // A far end has one row of each alert: its own index has fewer than his alerts have.
            var own = query
            (own.by, own.alerts) = (nil, ids.map { AlertID($0) })
            return try read(own)
        }
        // Each end for itself is a seek; both of one question are all rows of the alert.
        let ends = try db.cachedStatement(sql: """
            SELECT (SELECT min(number) FROM delivery WHERE town = ?1 AND alert = ?2) AS first, (SELECT max(number) FROM delivery WHERE town = ?1 AND alert = ?2) AS last
            """)
        var spans = try ids.compactMap { alert -> (alert: AlertID, first: Int64, last: Int64)? in
            guard let row = try Row.fetchOne(ends, arguments: [id.code, alert]), let first = row["first"] as Int64?, let last = row["last"] as Int64?, last > query.after else { return nil }
            return (AlertID(alert), first, last)
        }
        spans.sort { query.newest ? $0.last > $1.last : $0.first < $1.first }
        var found: [DeliveryRow] = []
        for start in stride(from: 0, to: spans.count, by: Self.handful) {
            // No row of a later alert comes before the last one of a full page.
            if found.count >= query.limit, let border = found.last?.number, query.newest ? spans[start].last < border : spans[start].first > border { break }
            var own = query
            own.by = nil
            own.alerts = spans[start..<min(start + Self.handful, spans.count)].map(\.alert)
            found += try read(own)
            found.sort { query.newest ? $0.number > $1.number : $0.number < $1.number }
            found = Array(found.prefix(query.limit))
        }
        return found
    }

    /// As `DeliveryQuery.isAct` has it.
    static func isActor(_ name: String) -> (condition: String, arguments: [String]) {
        let heads = ["operator:\(name) ", "operator:\(name)（"], tail = " approved:\(name)"
        return (
            "(actor IN (?, ?, ?) OR substr(actor, 1, length(?)) IN (?, ?) OR substr(actor, -length(?)) = ?)",
            [name, "operator:\(name)", "safe:\(name)"] + [heads[0]] + heads + [tail, tail])
    }
}
