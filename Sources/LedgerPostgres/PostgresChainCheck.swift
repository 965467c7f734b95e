/// Looks through one chain: every fact against its rows and the one before it, then every row against its fact, then how each delivery
/// stands against its steps and receipts. All of it at one moment; it believes nothing of what it reads.
internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger

struct PostgresChainCheck {
    private let chain: String
    private let line: PostgresLine
    private static let page = 500

    init(_ chain: String, on line: PostgresLine) {
        self.chain = chain
        self.line = line
    }

    func run(expecting expected: [KnownHead]) throws -> ChainReport {
        var walk = ChainWalk(chain, expecting: expected)
        var last = Int64.min
        while true {
            let facts = try page(after: last)
            let digests = try PostgresDigests(of: facts, chain, on: line)
            for fact in facts { guard walk.take(fact, saying: fact.number == 0 ? nil : digests[fact]) else { return walk.report } }
            guard let end = facts.last?.number, facts.count == Self.page else { break }
            last = end
        }
        let head = try ask("SELECT number, hash FROM chain WHERE town = $1::text")
        walk.end(at: head.isEmpty ? .beginning : ChainHead(number: head.int(0, 0) ?? 0, hash: head.bytes(0, 1) ?? []))
        for question in Self.strays(chain) where walk.report.flaw == nil {
            let rows = try ask(question + " LIMIT 1")
            if let stray = rows.isEmpty ? nil : rows.text(0, 0) {
                walk.fail(nil, nil, stray, "「\(stray)」の行が、記録の連鎖に入っていません (this row was put in beside the chain)")
            }
        }
        if walk.report.flaw == nil, chain != CommonChain.name, let (fact, delivery) = try difference() {
            walk.fail(fact, .alert, delivery, "配信 \(delivery) の状態が、その経過の記録と合いません (how this delivery stands is not what its steps and receipts add up to)")
        }
        return walk.report
    }

    private func ask(_ sql: String, _ more: [PostgresValue] = []) throws -> PostgresRows { try line.run(sql, [.text(chain)] + more) }

    private func page(after last: Int64) throws -> [Fact] {
        let rows = try ask(
            "SELECT number, kind, subject, at, actor, cause, hash FROM fact WHERE town = $1::text AND number > $2::int8 ORDER BY number LIMIT \(Self.page)", [.int(last)])
        return (0..<rows.count).map { row in
            // What cannot be what we wrote becomes something no chain has.
            Fact(
                number: rows.int(row, 0) ?? 0, kind: rows.int(row, 1).flatMap { Fact.Kind(rawValue: Int($0)) } ?? .step, subject: rows.text(row, 2) ?? "",
                at: Date(timeIntervalSince1970: rows.double(row, 3) ?? 0), actor: rows.text(row, 4) ?? "", cause: rows.text(row, 5) ?? "", hash: rows.bytes(row, 6) ?? [])
        }
    }

    // MARK: rows that no fact speaks of

    private static func strays(_ chain: String) -> [String] { chain == CommonChain.name ? ofAll : ofTown }

    private static func owned(_ table: String, _ name: String, _ link: String) -> String {
        """
        SELECT '\(table) ' || \(name) FROM \(table) t WHERE t.town = $1::text AND NOT EXISTS
        (SELECT 1 FROM fact f WHERE f.town = $1::text AND f.number = t.fact AND \(link))
        """
    }

    private static let ofAll = [
        owned("passed", "alert", "f.kind = 6 AND f.subject = t.mode || '/' || t.alert"),
    ]

    private static let ofTown = [
        owned("alert", "id", "f.kind = 1 AND f.subject = t.id"),
        owned("step", "delivery", "f.kind = 3"),
        owned("receipt", "id", "f.kind = 4 AND f.subject = t.id"),
        owned("report", "id", "f.kind = 5 AND f.subject = t.id"),
        owned("deed", "id", "f.kind = 7 AND f.subject = t.id"),
        """
        SELECT 'delivery ' || d.id FROM delivery d WHERE d.town = $1::text AND (d.is_send NOT IN (0, 1)
        OR NOT EXISTS (SELECT 1 FROM fact f WHERE f.town = $1::text AND f.subject = d.alert AND f.kind = CASE d.is_send WHEN 1 THEN 1 ELSE 2 END))
        """,
        """
        SELECT 'said ' || s.alert FROM said s WHERE s.town = $1::text
        AND NOT EXISTS (SELECT 1 FROM fact f WHERE f.town = $1::text AND f.subject = s.alert AND f.kind = 1)
        """,
        "SELECT 'standing ' || s.delivery FROM standing s WHERE s.town = $1::text AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.town = $1::text AND d.id = s.delivery)",
        // Where a town finds what passed it by has to be what the set says, and the other way round.
        """
        SELECT 'share ' || h.line FROM share h WHERE h.town = $1::text AND NOT EXISTS
        (SELECT 1 FROM town_set s WHERE s.town = 'common' AND s.hash = h.hash AND strpos(s.towns, chr(10) || $1::text || h.line || chr(10)) > 0)
        """,
        """
        SELECT 'town_set ' || encode(s.hash, 'hex') FROM town_set s WHERE s.town = 'common' AND strpos(s.towns, chr(10) || $1::text) > 0
        AND NOT EXISTS (SELECT 1 FROM share h WHERE h.town = $1::text AND h.hash = s.hash)
        """,
    ]

    // MARK: how deliveries stand

    /// `standing` made anew of steps and receipts, alert by alert, and compared.
    private func difference() throws -> (fact: Int64, delivery: String)? {
        var last = ""
        while true {
            let alerts = try ask("SELECT id, fact FROM alert WHERE town = $1::text AND id > $2::text ORDER BY id LIMIT 50", [.text(last)])
            guard !alerts.isEmpty else { return nil }
            let ids = (0..<alerts.count).map { alerts.text($0, 0) ?? "" }
            if let found = try difference(ids, Dictionary((0..<alerts.count).map { (ids[$0], alerts.int($0, 1) ?? 0) }, uniquingKeysWith: { $1 })) { return found }
            last = ids.last ?? ""
        }
    }

    private func difference(_ alerts: [String], _ facts: [String: Int64]) throws -> (fact: Int64, delivery: String)? {
        let written = [PostgresValue.text(chain).written, PostgresValue.array(alerts.map { .text($0) })]
        func ask(_ sql: String) throws -> PostgresRows { try line.run(sql, written: written) }
        let rows = try ask("""
            SELECT d.alert, d.id, d.is_send, d.offered, s.delivery, \(PostgresStands.Stand.columns) FROM delivery d
            LEFT JOIN standing s ON s.town = $1::text AND s.delivery = d.id WHERE d.town = $1::text AND d.alert = ANY ($2::text[]) ORDER BY d.alert, d.number
            """)
        let steps = try ask("""
            SELECT d.id, t.at, t.state, t.attempt, t.detail, t.reference, t.fact FROM delivery d JOIN step t ON t.town = $1::text AND t.delivery = d.id
            WHERE d.town = $1::text AND d.alert = ANY ($2::text[]) ORDER BY t.fact
            """)
        let receipts = try ask("SELECT alert, channel, endpoint, reach, fact FROM receipt WHERE town = $1::text AND alert = ANY ($2::text[])")
        var stands: [String: (alert: String, stand: PostgresStands.Stand)] = [:]
        for row in 0..<rows.count {
            stands[rows.text(row, 1) ?? ""] = (rows.text(row, 0) ?? "", PostgresStands.Stand(isSend: rows.int(row, 2) == 1, offered: rows.double(row, 3) ?? 0))
        }
        for row in 0..<steps.count {
            let id = steps.text(row, 0) ?? ""
            guard let known = stands[id], steps.int(row, 6) ?? 0 > facts[known.alert] ?? 0, let state = steps.text(row, 2).flatMap(DeliveryState.init) else { continue }
            stands[id]?.stand.take(
                state: state, at: steps.double(row, 1) ?? 0, attempt: steps.int(row, 3) ?? 0, detail: steps.text(row, 4), reference: steps.text(row, 5))
        }
        for row in 0..<receipts.count {
            let alert = receipts.text(row, 0) ?? ""
            guard receipts.int(row, 4) ?? 0 > facts[alert] ?? 0 else { continue }
            let id = "\(alert).\(chain).\(receipts.text(row, 1) ?? "").\(receipts.text(row, 2) ?? "")"
            stands[id]?.stand.take(reach: receipts.int(row, 3) ?? 0)
        }
        for row in 0..<rows.count {
            guard let known = stands[rows.text(row, 1) ?? ""] else { continue }
            if rows.text(row, 4) == nil || known.stand != PostgresStands.Stand(rows, row, from: 5) { return (facts[known.alert] ?? 0, rows.text(row, 1) ?? "") }
        }
        return nil
    }
}
