internal import FoundationEssentials
internal import Ledger

/// What the rows of some facts say now, read back: the same values in the same order as they were written with. A fact knows its row by its
/// subject, a step its fact by the number.
struct PostgresDigests {
    private var digests: [Int64: [UInt8]] = [:]

    /// Nil where its rows are gone.
    subscript(_ fact: Fact) -> [UInt8]? { digests[fact.number] }

    init(of facts: [Fact], _ chain: String, on line: PostgresLine) throws {
        func subjects(_ kind: Fact.Kind) -> [String] { facts.filter { $0.kind == kind }.map(\.subject) }
        try addAlerts(facts, chain, line)
        try addSkips(facts, chain, line)
        try addPassed(facts, chain, line)
        for (kind, columns) in [(Fact.Kind.receipt, PostgresColumns.receipt), (.report, .report), (.deed, .deed)] where !subjects(kind).isEmpty {
            let rows = try Self.ask(line, "SELECT fact, \(columns.names) FROM \(columns.table) WHERE town = $1::text AND id = ANY ($2::text[])", chain, subjects(kind))
            let found = Self.byKey(rows) { "\(rows.int($0, 0) ?? 0) \(rows.text($0, 1) ?? "")" }
            for fact in facts where fact.kind == kind {
                if let row = found["\(fact.number) \(fact.subject)"] { digests[fact.number] = FactDigest.of(rows: [columns.values(rows, row, from: 1)]) }
            }
        }
        let numbers = facts.filter { $0.kind == .step }.map(\.number)
        if !numbers.isEmpty {
            let columns = PostgresColumns.step
            let rows = try line.run(
                "SELECT fact, \(columns.names) FROM step WHERE town = $1::text AND fact = ANY ($2::int8[])",
                written: [PostgresValue.text(chain).written, PostgresValue.array(numbers.map { .int($0) })])
            for row in 0..<rows.count { digests[rows.int(row, 0) ?? 0] = FactDigest.of(rows: [columns.values(rows, row, from: 1)]) }
        }
    }

    private static func ask(_ line: PostgresLine, _ sql: String, _ chain: String, _ subjects: [String]) throws -> PostgresRows {
        try line.run(sql, written: [PostgresValue.text(chain).written, PostgresValue.array(subjects.map { .text($0) })])
    }

    private static func byKey(_ rows: PostgresRows, _ key: (Int) -> String) -> [String: Int] {
        Dictionary((0..<rows.count).map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func addAlerts(_ facts: [Fact], _ chain: String, _ line: PostgresLine) throws {
        let own = facts.filter { $0.kind == .alert }
        guard !own.isEmpty else { return }
        let ids = own.map(\.subject)
        // What it says is hashed anew: a body that was changed is not what its hash says.
        let rows = try Self.ask(
            line,
            """
            SELECT \(PostgresColumns.alert.names(of: "a")), (SELECT sha256(c.octets) FROM content c WHERE c.town IN ($1::text, 'common') AND c.hash = a.body LIMIT 1),
              (SELECT sha256(s.texts) FROM said s WHERE s.town = $1::text AND s.alert = a.id)
            FROM alert a WHERE a.town = $1::text AND a.id = ANY ($2::text[])
            """, chain, ids)
        let sends = try deliveries(of: ids, chain, areSends: true, line), count = PostgresColumns.alert.columns.count
        let found = Self.byKey(rows) { rows.text($0, 0) ?? "" }
        for fact in own {
            guard let row = found[fact.subject] else { continue }
            digests[fact.number] = FactDigest.of(
                alert: PostgresColumns.alert.values(rows, row), body: rows.bytes(row, count), said: rows.bytes(row, count + 1), sends: sends[fact.subject] ?? [])
        }
    }

    private mutating func addSkips(_ facts: [Fact], _ chain: String, _ line: PostgresLine) throws {
        let own = facts.filter { $0.kind == .skips }
        guard !own.isEmpty else { return }
        let skips = try deliveries(of: own.map(\.subject), chain, areSends: false, line)
        for fact in own { if let rows = skips[fact.subject] { digests[fact.number] = FactDigest.of(rows: rows) } }
    }

    /// By alert, in the log's order.
    private func deliveries(of alerts: [String], _ chain: String, areSends: Bool, _ line: PostgresLine) throws -> [String: [[PostgresValue]]] {
        let columns = PostgresColumns.delivery
        let rows = try Self.ask(
            line,
            "SELECT \(columns.names) FROM delivery WHERE town = $1::text AND alert = ANY ($2::text[]) AND is_send = \(areSends ? 1 : 0) ORDER BY alert, number", chain, alerts)
        return (0..<rows.count).reduce(into: [:]) { $0[rows.text($1, 1) ?? "", default: []].append(columns.values(rows, $1)) }
    }

    private mutating func addPassed(_ facts: [Fact], _ chain: String, _ line: PostgresLine) throws {
        let own = facts.filter { $0.kind == .passed }
        guard !own.isEmpty else { return }
        let alerts = own.map { String($0.subject.drop { $0 != "/" }.dropFirst()) }, columns = PostgresColumns.passed
        let rows = try Self.ask(
            line,
            """
            SELECT p.fact, p.mode, p.alert, (SELECT sha256(convert_to(s.towns, 'UTF8')) FROM town_set s WHERE s.town = 'common' AND s.hash = p.towns),
              (SELECT sha256(c.octets) FROM content c WHERE c.town = 'common' AND c.hash = p.body), \(columns.names(of: "p"))
            FROM passed p WHERE p.town = $1::text AND p.alert = ANY ($2::text[]) ORDER BY p.number
            """, chain, alerts)
        var found: [String: (rows: [[PostgresValue]], body: [UInt8])] = [:]
        for row in 0..<rows.count {
            let key = "\(rows.int(row, 0) ?? 0) \(rows.text(row, 1) ?? "")/\(rows.text(row, 2) ?? "")"
            found[key, default: ([], rows.bytes(row, 4) ?? [])].rows.append(columns.values(rows, row, from: 5) + [.octets(rows.bytes(row, 3) ?? [])])
        }
        for fact in own {
            guard let known = found["\(fact.number) \(fact.subject)"] else { continue }
            digests[fact.number] = FactDigest.of(rows: known.rows + [[.octets(known.body)]])
        }
    }
}
