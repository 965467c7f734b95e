/// The ledger of several machines: PostgreSQL through libpq, one writer on a thread of its own, everything that waits in one transaction.
///
///     record ──▶ buffer ──▶ writer (its own thread) ──▶ one transaction ──▶ "accepted"
///     read   ──▶ readers (threads of their own) ──▶ one moment of this town's rows
///
/// What SQLite's ledger promises holds here: writing answers at once and in order, a town is part of every key, the chains have the same
/// hashes to the last octet. What is different: the database may be away. Then no warning waits for it; whoever asks whether a row is
/// recorded hears within seconds that it is not, and the rows wait in memory until it is back.
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
package import Ledger
internal import LedgerStore
package import Logging
internal import Synchronization

package final class PostgresLedger: Ledger {
    /// Why a hub does not start on this record.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    private let buffer: LedgerBuffer
    private let readers: PostgresReaders
    private let writer: PostgresWriter
    private let watch: PostgresWatch
    private let waiting: WaitingRows?
    private let contents = PostgresContents()
    private let notes: Mutex<Notes>
    package let duty: Duty

    private init(_ address: PostgresAddress, _ claim: PostgresClaim, _ waiting: WaitingRows?, limit: Int, logger: Logger) {
        self.waiting = waiting
        buffer = LedgerBuffer(limit: limit)
        watch = PostgresWatch(logger: logger)
        readers = PostgresReaders(address, watch)
        notes = Mutex(Notes(claim.notes))
        duty = claim.lease?.duty ?? .always
        writer = PostgresWriter(address, writer: claim.writer, lease: claim.lease, buffer: buffer, waiting: waiting, watch: watch, logger: logger)
        writer.start(on: claim.line)
    }

    // MARK: to begin

    /// Takes the record over: the tables have to be there, and no other hub may be writing.
    /// - Parameters:
    ///   - name: this data folder's and no other's; who finds the record taken is told it.
    ///   - bid: of a hub that shares its record with others: it returns when this one is on duty, however long another is.
    ///   - waiting: a file of this machine for rows that wait for the database; without one they wait in memory.
    ///   - limit: rows that may wait in memory.
    ///   - patience: so long a database that is away, or another hub that has just ended, is waited for.
    package static func open(
        _ address: PostgresAddress, name: String, bid: LeaseBid? = nil, waiting path: String? = nil, limit: Int = 200_000, patience: Duration = .seconds(15), logger: Logger
    ) async throws -> PostgresLedger {
        var waiting: WaitingRows?
        do {
            waiting = try path.map { try WaitingRows(path: $0) }
        } catch {
            // A full disk keeps no hub from starting.
            logger.critical("rows cannot wait on this machine's disk", metadata: ["error": "\(error)"])
        }
        let standby = PostgresStandby(address: address, name: name, waiting: waiting, logger: logger)
        let claim = try await PostgresThread.value(of: "ledger-open") {
            if let bid { try standby.stand(bid) } else { try standby.claim(until: .now + patience) }
        }
        return PostgresLedger(address, claim, waiting, limit: limit, logger: logger)
    }

    /// Whether a hub could start there, without taking anything.
    package static func look(at address: PostgresAddress) async throws {
        try await PostgresThread.value(of: "ledger-look") { try PostgresCheck.look(at: PostgresLine.open(address)) }
    }

    package var troubles: [String] { watch.troubles }
    package var isElsewhere: Bool { true }

    // MARK: to write

    package func town(_ id: TownID) -> any TownLedger { part(id) }

    private func part(_ id: TownID) -> PostgresTown { PostgresTown(id: id, buffer: buffer, readers: readers, contents: contents, watch: watch) }

    package func keep(_ bulletin: KeptBulletin) -> Commit { buffer.promise(.bulletin(bulletin)) }
    package func record(_ passed: PassedAlert) -> Commit { buffer.promise(.passed(passed)) }
    package func flush() -> Commit { buffer.promise(.barrier) }
    package var backlog: (waiting: Int, lost: Int) {
        let memory = buffer.backlog
        return (memory.waiting + (waiting?.backlog ?? 0), memory.lost)
    }
    package var disk: LedgerDisk? { LedgerDisk(commit: writer.lastCommit, size: nil) }

    package func close() async {
        buffer.close()
        await writer.finished()
        readers.close()
        waiting?.close()
    }

    // MARK: to read

    package func bulletins(limit: Int) async throws -> [KeptBulletin] { try await bulletins(limit, octets: "octets") }
    package func bulletinHeads(limit: Int) async throws -> [KeptBulletin] { try await bulletins(limit, octets: "''::bytea") }

    private func bulletins(_ limit: Int, octets: String) async throws -> [KeptBulletin] {
        try await readers.read([PostgresSchema.hub], within: PostgresReaders.long) { line in
            var found: [KeptBulletin] = [], last = Int64.max
            // Octets of 20,000 bulletins are a gigabyte: a hundred at a time.
            while found.count < limit {
                let most = min(octets == "octets" ? 100 : 5_000, limit - found.count)
                let rows = try line.run(
                    """
                    SELECT number, hash, received, source, verdict, reason, alerts, \(octets) FROM bulletin WHERE town = 'hub' AND number < $1::int8
                    ORDER BY number DESC LIMIT $2::int8
                    """, [.int(last), .int(most)])
                for row in 0..<rows.count {
                    last = rows.int(row, 0) ?? 0
                    found.append(KeptBulletin(
                        hash: rows.text(row, 1) ?? "", received: Date(timeIntervalSince1970: rows.double(row, 2) ?? 0), source: rows.text(row, 3) ?? "",
                        verdict: rows.text(row, 4).flatMap(KeptBulletin.Verdict.init) ?? .refused, reason: rows.text(row, 5),
                        alerts: (rows.text(row, 6) ?? "").split(separator: " ").map { AlertID(String($0)) }, octets: rows.bytes(row, 7) ?? []))
                }
                guard rows.count == most else { break }
            }
            return found
        }
    }

    package func passed(since: Date, limit: Int) async throws -> [RecordedAlert] {
        let (contents, watch) = (contents, watch)
        return try await readers.read([], within: PostgresReaders.long) { line in
            let rows = try line.run(
                """
                SELECT alert, mode, accepted, actor, body FROM (
                  SELECT DISTINCT ON (alert, mode) alert, mode, accepted, actor, body, number FROM passed WHERE town = 'common' AND accepted >= $1::float8
                  ORDER BY alert, mode, number) p
                ORDER BY accepted DESC, number DESC LIMIT $2::int8
                """, [.time(since), .int(limit)])
            return try contents.alerts(rows, of: CommonChain.name, on: line) { watch.tell(unreadIn: CommonChain.name) }.reversed()
        }
    }

    package func busy(_ towns: [TownID], since: Date) async throws -> Set<TownID> {
        try await readers.read(towns.map(\.code), within: PostgresReaders.long) { line in
            let rows = try line.run(
                """
                SELECT t FROM unnest($1::text[]) t WHERE EXISTS (SELECT 1 FROM alert WHERE town = t AND accepted >= $2::float8)
                OR EXISTS (SELECT 1 FROM standing WHERE town = t AND state IN (\(PostgresTown.openStates)))
                """, written: [PostgresValue.array(towns.map { .text($0.code) }), PostgresValue.time(since).written])
            return Set((0..<rows.count).compactMap { rows.text($0, 0).flatMap { TownID($0) } })
        }
    }

    package func pasts(of towns: [TownID: Set<EventID>], since: Date, now: Date) async -> [TownID: Result<TownPast, any Error>] {
        do {
            let parts = towns.map { (part($0.key), $0.value) }
            return try await readers.read(towns.keys.map(\.code), within: PostgresReaders.long) { line in
                var pasts: [TownID: Result<TownPast, any Error>] = [:]
                for (town, events) in parts { pasts[town.id] = Result { try town.past(since: since, and: events, now: now, line) } }
                return pasts
            }
        } catch {
            return towns.mapValues { _ in .failure(error) }
        }
    }

    package func verify(_ town: TownID?, expecting expected: [KnownHead]) async throws -> ChainReport {
        let chain = CommonChain.name(of: town)
        return try await readers.read([chain], within: PostgresReaders.long) { try PostgresChainCheck(chain, on: $0).run(expecting: expected) }
    }

    package func head(of town: TownID?, before moment: Date) async throws -> ChainHead? {
        let chain = CommonChain.name(of: town)
        return try await readers.read([chain]) { line in
            let rows = try line.run(
                "SELECT number, hash FROM fact WHERE town = $1::text AND at < $2::float8 ORDER BY number DESC LIMIT 1", [.text(chain), .time(moment)])
            guard !rows.isEmpty, let number = rows.int(0, 0), let hash = rows.bytes(0, 1) else { return nil }
            return ChainHead(number: number, hash: hash)
        }
    }

    // MARK: notebook

    package func read(_ key: String) -> [UInt8]? { notes.withLock { $0[key] } }

    package func write(_ key: String, _ value: [UInt8]?) { write([(key, value)]) }

    package func write(_ entries: [(key: String, value: [UInt8]?)]) {
        // Inside the lock, so that two writes of one key reach the database in the order they were made.
        notes.withLock { notes in
            for (key, value) in entries { notes[key] = value }
            buffer.add(.notes(entries))
        }
    }

    package func keys(prefix: String) -> [String] { notes.withLock { $0.keys(prefix: prefix) } }
}

extension PostgresWatch {
    /// Alerts were passed over when a town's were read.
    func tell(unreadIn town: String) {
        tell("市町村 \(town) の記録に読めない行があります。ほかの行は読めています (alerts of town \(town) that cannot be read were passed over)")
    }
}
