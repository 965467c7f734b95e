package import AlertModel
internal import FoundationEssentials
internal import GRDB
package import Ledger

/// A ledger's file looked at without changing an octet of it: whoever looks for a change makes none, not even by putting a
/// damaged file aside.
package struct LedgerOnDisk: Sendable {
    package enum Failure: Error, CustomStringConvertible {
        case unreadable(String)
        /// Written by a program that made no chains yet.
        case hasNoChain

        package var description: String {
            switch self {
            case .unreadable(let why): "記録を読めません: \(why) (the ledger cannot be read)"
            case .hasNoChain: "この記録にはまだ連鎖がありません。この版のハブを一度起動すると始まります (this ledger has no chain yet: it begins with the first start of this version)"
            }
        }
    }

    /// Notes by the beginning of their keys, as they are on the disk just now.
    package static func notes(path: String, prefix: String) throws(Failure) -> [(key: String, value: [UInt8])] {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            return try DatabaseQueue(path: path, configuration: configuration).read { db in
                guard try db.tableExists("note") else { return [] }
                return try Row.fetchAll(db, sql: "SELECT key, value FROM note WHERE substr(key, 1, ?) = ? ORDER BY key", arguments: [prefix.count, prefix])
                    .map { ($0["key"], [UInt8]($0["value"] as Data)) }
            }
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private let queue: DatabaseQueue
    private let archive: Archive

    package init(path: String) throws(Failure) {
        archive = Archive(besideLedger: path)
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.label = "ledger looked at"
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            guard try queue.read({ try $0.tableExists("fact") }) else { throw Failure.hasNoChain }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// Every town with a row or a chain.
    package func towns() throws(Failure) -> [TownID] {
        do {
            return try queue.read { db in
                try String.fetchAll(db, sql: """
                    SELECT chain FROM chain UNION SELECT chain FROM fact UNION SELECT town FROM alert UNION SELECT town FROM step
                    UNION SELECT town FROM receipt UNION SELECT town FROM report
                    """).compactMap { TownID($0) }.sorted()
            }
        } catch {
            throw .unreadable("\(error)")
        }
    }

    package func verify(_ town: TownID?, expecting written: ChainHead?) async throws(Failure) -> ChainReport { try await verify(town, expecting: KnownHead.written(written)) }

    package func verify(_ town: TownID?, expecting expected: [KnownHead] = []) async throws(Failure) -> ChainReport {
        do {
            let chain = CommonChain.name(of: town)
            let archives = try archive.readers(of: chain, generation: try await queue.read { try Archive.generation($0) })
            return try await ChainCheck(chain, archives: archives, ledger: queue).run(expecting: expected)
        } catch {
            throw .unreadable("\(error)")
        }
    }
}
