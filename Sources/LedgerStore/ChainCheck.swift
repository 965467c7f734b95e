internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// Looks through one chain: every fact against its rows and the one before it, then every row against its fact, then how
/// each delivery stands against its steps and receipts.
///
/// Nothing here believes what it reads: a file that somebody changed may hold anything in any column.
struct ChainCheck {
    let chain: String
    /// The ledger last. What is in it and in an archive too left it only half when the power failed: the archive is whole.
    let sources: [any DatabaseReader]
    private static let page = 500

    /// - Parameter ledger: as it is at one moment.
    init(_ chain: String, archives: [any DatabaseReader] = [], ledger: any DatabaseReader) {
        self.chain = chain
        sources = archives + [ledger]
    }

    func run(expecting expected: [KnownHead] = []) async throws -> ChainReport {
        var walk = ChainWalk(chain, expecting: expected)
        var readers = sources.map { Pages(source: $0, chain: chain) }
        while true {
            for index in readers.indices { try await readers[index].fill(Self.page) }
            guard let place = Self.next(readers) else { break }
            let found = readers[place].take()
            // A double of what was taken from an archive already.
            if place == readers.count - 1, found.fact.number == walk.report.head.number, found.fact.hash == walk.report.head.hash { continue }
            guard walk.take(found.fact, saying: found.digest) else { return walk.report }
            try Task.checkCancellation()
        }
        guard let ledger = sources.last else { return walk.report }
        let name = chain
        walk.end(at: try await ledger.read { try ChainPen.head(of: name, $0) })
        for source in sources where walk.report.flaw == nil {
            if let stray = try await source.read({ try ChainStrays.first(of: name, $0) }) {
                walk.fail(nil, nil, stray, "「\(stray)」の行が、記録の連鎖に入っていません (this row was put in beside the chain)")
            }
        }
        for source in sources where walk.report.flaw == nil && chain != CommonChain.name {
            if let (fact, delivery) = try await difference(in: source) {
                walk.fail(fact, .alert, delivery, "配信 \(delivery) の状態が、その経過の記録と合いません (how this delivery stands is not what its steps and receipts add up to)")
            }
        }
        return walk.report
    }

    /// An alert that is in an archive too has left this one only half.
    private func difference(in source: any DatabaseReader) async throws -> (fact: Int64, delivery: String)? {
        let name = chain
        let found = try await source.read { try ChainFold.differences(in: name, $0) }
        for (fact, alert, delivery) in found {
            var isArchived = false
            for archive in sources.dropLast() where source === sources.last {
                isArchived = try await archive.read { try Row.fetchOne($0, sql: "SELECT 1 FROM alert WHERE town = ? AND id = ?", arguments: [name, alert]) != nil } || isArchived
            }
            if !isArchived { return (fact, delivery) }
        }
        return nil
    }

    /// The lowest number, of two the earlier source's.
    private static func next(_ readers: [Pages]) -> Int? {
        readers.indices.filter { readers[$0].first != nil }.min { (readers[$0].first ?? 0, $0) < (readers[$1].first ?? 0, $1) }
    }
}

/// Facts of one source in their order, some hundred at a time, with what their rows say.
private struct Pages {
    let source: any DatabaseReader
    let chain: String
    private var found: ArraySlice<(fact: Fact, digest: [UInt8]?)> = []
    private var last = Int64.min
    private var isOver = false
    private let bodies = Shared()

    /// Used by one reader after the other.
    private final class Shared: @unchecked Sendable { let digests = BodyDigests() }

    init(source: any DatabaseReader, chain: String) {
        self.source = source
        self.chain = chain
    }

    var first: Int64? { found.first?.fact.number }
    mutating func take() -> (fact: Fact, digest: [UInt8]?) { found.removeFirst() }

    mutating func fill(_ count: Int) async throws {
        guard found.isEmpty, !isOver else { return }
        let (chain, last, bodies) = (chain, last, bodies)
        found = try await source.read { db in
            let rows = try Row.fetchAll(
                try db.cachedStatement(sql: "SELECT * FROM fact WHERE chain = ? AND number > ? ORDER BY number LIMIT ?"), arguments: [chain, last, count])
            return try rows.map { row in
                let fact = Fact(unbelieved: row)
                let place = Int64.fromDatabaseValue(row["row"])
                return (fact, fact.number == 0 ? nil : try LedgerSchema.digest(of: fact, row: place, in: chain, bodies.digests, db))
            }[...]
        }
        isOver = found.count < count
        self.last = found.last?.fact.number ?? last
    }
}

extension Fact {
    /// What cannot be what we wrote becomes something no chain has.
    init(unbelieved row: Row) {
        func text(_ name: String) -> String { String.fromDatabaseValue(row[name]) ?? "" }
        self.init(
            number: Int64.fromDatabaseValue(row["number"]) ?? 0, kind: Int.fromDatabaseValue(row["kind"]).flatMap(Kind.init) ?? .step, subject: text("subject"),
            at: Date(timeIntervalSince1970: Double.fromDatabaseValue(row["at"]) ?? 0), actor: text("actor"), cause: text("cause"),
            hash: [UInt8](Data.fromDatabaseValue(row["hash"]) ?? Data()))
    }
}

/// Rows that no fact speaks of.
enum ChainStrays {
    static func first(of chain: String, _ db: Database) throws -> String? {
        let deeds = try db.tableExists(LedgerSchema.deedTable) ? [owned(LedgerSchema.deedTable, "id", "f.kind = 7 AND f.subject = t.id")] : []
        let questions = chain == CommonChain.name ? [passed] : ofTown + deeds
        for question in questions {
            if let row = try Row.fetchOne(db, sql: question + " LIMIT 1", arguments: [chain]) { return String.fromDatabaseValue(row[0]) ?? "?" }
        }
        return nil
    }

    private static func owned(_ table: String, _ name: String, _ link: String) -> String {
        """
        SELECT '\(table) ' || \(name) FROM \(table) t WHERE town = ?1 AND NOT EXISTS
        (SELECT 1 FROM fact f WHERE f.chain = ?1 AND f.number = t.fact AND \(link))
        """
    }

    private static let passed = """
        SELECT 'passed ' || alert FROM passed t WHERE NOT EXISTS
        (SELECT 1 FROM fact f WHERE f.chain = ?1 AND f.number = t.fact AND f.subject = t.mode || '/' || t.alert)
        """

    private static let ofTown = [
        owned("alert", "id", "f.kind = 1 AND f.subject = t.id"),
        owned("step", "number", "f.kind = 3 AND f.row = t.number"),
        owned("receipt", "id", "f.kind = 4 AND f.subject = t.id"),
        owned("report", "id", "f.kind = 5 AND f.subject = t.id"),
        """
        SELECT 'delivery ' || id FROM delivery WHERE town = ?1 AND (is_send NOT IN (0, 1)
        OR is_send = 1 AND alert NOT IN (SELECT subject FROM fact WHERE chain = ?1 AND kind = 1)
        OR is_send = 0 AND alert NOT IN (SELECT subject FROM fact WHERE chain = ?1 AND kind = 2))
        """,
        "SELECT 'said ' || alert FROM said WHERE town = ?1 AND alert NOT IN (SELECT subject FROM fact WHERE chain = ?1 AND kind = 1)",
        "SELECT 'standing ' || delivery FROM standing WHERE town = ?1 AND delivery NOT IN (SELECT id FROM delivery WHERE town = ?1)",
    ]
}
