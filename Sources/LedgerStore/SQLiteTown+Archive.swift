internal import AlertModel
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// A page of the record that goes on in the archive, the newest first.
///
///     record ──▶ 2026-11 ──▶ 2026-10 ──▶ …      until the page is full and no older month can have anything newer
///
/// A month's file that cannot be read is named, and the others are read.
extension SQLiteTown {
    /// - Parameters:
    ///   - own: what the record has, after which the archive is read: what leaves just now is in one of the two, or in both.
    ///   - since, earlier: files of other months are not opened.
    ///   - table: a file of before there was one has nothing of it.
    func reachingBack<Found: Sendable>(
        from own: [Found], _ limit: Int, _ since: Date?, _ earlier: RecordPlace?, table: String, place: (Found) -> RecordPlace,
        _ read: @escaping @Sendable (Database) throws -> [Found]
    ) async -> [Found] {
        var page = own, seen = Set(own.map(place))
        let first = since.map { Archive.month($0) } ?? "", last = earlier.map { Archive.month($0.at) } ?? "9999-99"
        for file in book.archive.files(of: id.code, from: first, to: last).reversed() {
            if page.count >= limit, let oldest = page.last, Archive.month(place(oldest).at) > Archive.month(ofFile: file) { break }
            do {
                let queue = try Archive.reading(file)
                defer { try? queue.close() }
                let found = try await queue.read { db in try db.tableExists(table) ? read(db) : [] }
                page += found.filter { seen.insert(place($0)).inserted }
            } catch {
                book.tellUnread(archive: file, error)
                continue
            }
            page.sort { (place($0).at, place($0).id) > (place($1).at, place($1).id) }
            page = Array(page.prefix(limit))
        }
        return page
    }
}
