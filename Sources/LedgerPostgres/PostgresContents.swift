internal import AlertModel
internal import FoundationEssentials
internal import Ledger
internal import OwnJSON
internal import Synchronization

/// What alerts say, as it was read last: a start reads the same alert for each of hundreds of towns, and a body never changes under its
/// hash.
final class PostgresContents: Sendable {
    /// Alerts of some hours of a busy country, of some tens of kilobytes each.
    private static let bound = 256
    /// Bodies of one question.
    private static let slice = 50
    private let known = Mutex<[[UInt8]: AlertContent]>([:])

    /// Rows of id, mode, moment, actor and body. One that cannot be read takes none of the others with it.
    func alerts(_ rows: PostgresRows, of town: String, on line: PostgresLine, isUnread: () -> Void) throws(PostgresTrouble) -> [RecordedAlert] {
        let hashes = (0..<rows.count).map { rows.bytes($0, 4) ?? [] }
        var contents = known.withLock { known in hashes.reduce(into: [[UInt8]: AlertContent]()) { $0[$1] = known[$1] } }
        let missing = Array(Set(hashes).subtracting(contents.keys))
        for start in stride(from: 0, to: missing.count, by: Self.slice) {
            let some = missing[start..<min(start + Self.slice, missing.count)]
            let found = try line.run(
                "SELECT hash, octets FROM content WHERE town IN ($1::text, 'common') AND hash = ANY ($2::bytea[])",
                written: [PostgresValue.text(town).written, PostgresValue.array(some.map { .octets($0) })])
            for row in 0..<found.count {
                guard let hash = found.bytes(row, 0), let octets = found.bytes(row, 1), let content = try? OwnJSON.decode(AlertContent.self, from: octets) else { continue }
                contents[hash] = content
            }
        }
        let new = contents
        known.withLock { known in
            if known.count + missing.count > Self.bound { known = [:] }
            for hash in missing.prefix(Self.bound) { known[hash] = new[hash] }
        }
        let alerts = (0..<rows.count).compactMap { row -> RecordedAlert? in
            guard let content = new[hashes[row]] else { return nil }
            return RecordedAlert(
                content: content, mode: rows.text(row, 1).flatMap(ModeName.init) ?? .exercise, accepted: Date(timeIntervalSince1970: rows.double(row, 2) ?? 0),
                actor: rows.text(row, 3) ?? "", deliveries: [])
        }
        if alerts.count < rows.count { isUnread() }
        return alerts
    }
}
