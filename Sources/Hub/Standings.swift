/// The tables of all towns, in both modes. Changes of one hub's tables come one after another, together with the sending
/// of what changes them, so that nobody hears a state that another act has overtaken.
internal import AlertModel
internal import ChannelKit
internal import Foundation
internal import Memories
internal import OwnJSON
internal import Synchronization

final class Standings: Sendable {
    struct Key: Hashable {
        var town: TownID
        var mode: ModeName
        var note: String { "standing/\(town.code)/\(mode.rawValue)" }
    }

    private let notebook: any Notebook
    private let tables = Mutex<[Key: Standing]>([:])

    init(notebook: any Notebook) { self.notebook = notebook }

    func table(_ town: TownID, _ mode: ModeName) -> Standing {
        tables.withLock { $0[Key(town: town, mode: mode)] ?? Standing() }
    }

    /// Changes one table and keeps it beside the record of what changed it.
    func change<Result, Failure: Error>(
        _ town: TownID, _ mode: ModeName, _ body: (inout Standing) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try tables.withLock { tables throws(Failure) in
            let key = Key(town: town, mode: mode)
            var table = tables[key] ?? Standing()
            let before = table.version
            let result = try body(&table)
            tables[key] = table
            if table.version != before { keep(table, key) }
            return result
        }
    }

    /// What the last run kept; acts recorded after it are taken on top.
    func restore(_ town: TownID, _ mode: ModeName, _ kept: Standing, then acts: [AlertContent]) {
        let key = Key(town: town, mode: mode)
        tables.withLock { tables in
            var table = kept
            for content in acts { table.take(content) }
            // Most towns of a country have never said anything.
            tables[key] = table.version > 0 ? table : nil
        }
    }

    /// As it was kept; empty where none is.
    func kept(_ town: TownID, _ mode: ModeName) -> Standing {
        notebook.read(Key(town: town, mode: mode).note).flatMap { try? OwnJSON.decode(Standing.self, from: $0) } ?? Standing()
    }

    /// Every table with something in it.
    var all: [(town: TownID, mode: ModeName, table: Standing)] {
        tables.withLock { $0.map { ($0.key.town, $0.key.mode, $0.value) } }
            .sorted { ($0.0, $0.1.rawValue) < ($1.0, $1.1.rawValue) }
    }

    private func keep(_ table: Standing, _ key: Key) {
        notebook.write(key.note, (try? JSONEncoder().encode(table)).map { [UInt8]($0) })
    }
}
