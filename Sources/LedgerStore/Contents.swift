internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger
internal import Synchronization

/// What alerts say, as it was read last: a start reads the same alert for each of hundreds of towns, and a body never changes
/// under its number.
final class Contents: Sendable {
    /// Alerts of some hours of a busy country, of some tens of kilobytes each.
    static let bound = 256
    private let known = Mutex<[Int64: AlertContent]>([:])

    /// A row with `mode`, `accepted`, `actor`, `body` (nil where it stands in the row alone) and `content`. Nil where what it says
    /// is not readable: one such row takes none of the others with it.
    func alert(_ row: Row) -> RecordedAlert? {
        guard let content = content(Int64.fromDatabaseValue(row["body"]), row) else { return nil }
        return try? RecordedAlert(
            content: content, mode: ModeName(rawValue: row.value("mode")) ?? .exercise,
            accepted: Date(timeIntervalSince1970: row.value("accepted")), actor: row.value("actor"), deliveries: [])
    }

    private func content(_ body: Int64?, _ row: Row) -> AlertContent? {
        if let body, let content = known.withLock({ $0[body] }) { return content }
        guard let octets: Data = try? row.value("content"), let content = try? JSONDecoder().decode(AlertContent.self, from: octets) else { return nil }
        guard let body else { return content }
        known.withLock { known in
            if known.count >= Self.bound { known = [:] }
            known[body] = content
        }
        return content
    }
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
