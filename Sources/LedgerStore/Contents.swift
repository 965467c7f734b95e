internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger
internal import OwnJSON
internal import Synchronization

/// What alerts say, as it was read last: a start reads the same alert for each of hundreds of towns, and a body never changes
/// under its number.
final class Contents: Sendable {
    /// Alerts of some hours of a busy country, of some tens of kilobytes each.
    static let bound = 256
    private let known = Mutex<[Int64: AlertContent]>([:])

    /// A row that begins with mode, moment, actor, the body's number, and what it says where there is no body (an older file's). Nil where
    /// that is not readable: one such row takes none of the others with it.
    func alert(_ row: Row, _ db: Database) -> RecordedAlert? {
        guard let content = content(Int64.fromDatabaseValue(row[3]), row, db) else { return nil }
        return try? RecordedAlert(
            content: content, mode: ModeName(rawValue: row.value(at: 0)) ?? .exercise,
            accepted: Date(timeIntervalSince1970: row.value(at: 1)), actor: row.value(at: 2), deliveries: [])
    }

    private func content(_ body: Int64?, _ row: Row, _ db: Database) -> AlertContent? {
        guard let body else { return (try? row.value(at: 4)).flatMap(Self.read) }
        if let content = known.withLock({ $0[body] }) { return content }
        guard let octets = try? Data.fetchOne(try db.cachedStatement(sql: "SELECT content FROM content WHERE number = ?"), arguments: [body]),
            let content = Self.read(octets)
        else { return nil }
        known.withLock { known in
            if known.count >= Self.bound { known = [:] }
            known[body] = content
        }
        return content
    }

    private static func read(_ octets: Data) -> AlertContent? { try? OwnJSON.decode(AlertContent.self, from: [UInt8](octets)) }
}

/// What alerts say as it was written in one transaction, which may still come to nothing.
final class WrittenBodies {
    struct Body {
        var number: Int64
        /// Of its octets.
        var digest: [UInt8]
    }
    private var last: (content: AlertContent, body: Body)?

    /// For each of hundreds of towns the same alert comes one after the other, and is put into octets once.
    func body(of content: AlertContent, _ write: () throws -> Body) rethrows -> Body {
        if let last, last.content == content { return last.body }
        let body = try write()
        last = (content, body)
        return body
    }
}
