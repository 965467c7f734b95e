internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// Rows that are in an archive and leave the record. In slices: whatever is urgent waits for one at the most.
package struct Leaving: Sendable {
    /// Rows of one slice: an urgent commit comes in behind one at the most.
    static let slice = 200

    struct Delete: Sendable {
        var sql: String
        var arguments: [DatabaseValue]
    }
    private(set) var deletes: [Delete] = []

    mutating func add(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) {
        deletes.append(Delete(sql: sql, arguments: arguments.map { $0?.databaseValue ?? .null }))
    }

    /// A row of a town's table by its key, and what tells of it in the chain.
    mutating func add(_ row: ArchivedRow, _ keys: String...) {
        add("DELETE FROM \(row.table) WHERE \(keys.map { "\($0) = ?" }.joined(separator: " AND "))", keys.map { row[$0] })
    }

    var slices: [Leaving] {
        stride(from: 0, to: deletes.count, by: Self.slice).map { start in
            var slice = Leaving()
            slice.deletes = Array(deletes[start..<min(start + Self.slice, deletes.count)])
            return slice
        }
    }

    func apply(_ db: Database) throws {
        for delete in deletes { try db.cachedStatement(sql: delete.sql).execute(arguments: StatementArguments(delete.arguments)) }
    }
}
