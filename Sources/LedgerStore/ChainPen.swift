internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// Writes facts at the end of their chains, within one transaction: the heads are read once and written once.
final class ChainPen {
    private var heads: [String: ChainHead] = [:]

    /// The number it was given in its chain.
    /// - Parameter row: of a step, the number of its row.
    func append(
        _ kind: Fact.Kind, _ subject: String, in chain: String, at: Double, actor: String, cause: String, row: Int64? = nil,
        saying digest: [UInt8], _ db: Database
    ) throws -> Int64 {
        var head = try heads[chain] ?? Self.head(of: chain, db)
        let fact = head.append(kind, subject, in: chain, at: Date(timeIntervalSince1970: at), actor: actor, cause: cause, saying: digest)
        try Self.insert(fact, chain, row, db)
        heads[chain] = head
        return fact.number
    }

    static func insert(_ fact: Fact, _ chain: String, _ row: Int64?, _ db: Database) throws {
        try LedgerSchema.run(db, "INSERT INTO fact (chain, number, kind, subject, row, at, actor, cause, hash) VALUES (?,?,?,?,?,?,?,?,?)", [
            chain, fact.number, fact.kind.rawValue, fact.subject, row, fact.at.timeIntervalSince1970, fact.actor, fact.cause, Data(fact.hash),
        ])
    }

    /// To be called before the transaction is committed.
    func close(_ db: Database) throws {
        for (chain, head) in heads {
            try LedgerSchema.run(db, """
                INSERT INTO chain VALUES (?,?,?) ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash
                """, [chain, head.number, Data(head.hash)])
        }
        heads = [:]
    }

    static func head(of chain: String, _ db: Database) throws -> ChainHead {
        let known = try db.cachedStatement(sql: "SELECT number, hash FROM chain WHERE chain = ?")
        return try Row.fetchOne(known, arguments: [chain]).map { ChainHead(number: try $0.value("number"), hash: [UInt8](try $0.value("hash") as Data)) } ?? .beginning
    }
}

/// What is carried through one transaction.
final class Writing {
    let bodies = WrittenBodies()
    let pen = ChainPen()
}

extension FactDigest {
    mutating func add(_ value: DatabaseValue) {
        switch value.storage {
        case .null: addNothing()
        case .int64(let number): add(number)
        case .double(let number): add(number)
        case .string(let text): add(text)
        case .blob(let octets): add(octets: [UInt8](octets))
        }
    }

    mutating func add(_ values: [(any DatabaseValueConvertible)?]) {
        for value in values { add(value?.databaseValue ?? .null) }
    }

    mutating func add(_ row: Row) {
        for value in row.databaseValues { add(value) }
    }
}
