/// A machine's disk: what is on it across power cuts, and what a running program has handed over and not been promised.
///
/// The ledger's twin for an edge and for the hub's tablets: notes, and rows that count once.
import AlertModel
import ChannelKit
import Foundation
import Ledger
import Synchronization

final class FortnightDisk: Sendable {
    struct Row: Sendable, Hashable {
        var device, about: String
        /// `reached`, `shown`, `touched`, or `report`.
        var kind: String
    }

    struct Contents: Sendable {
        var notes: [String: [UInt8]] = [:]
        var rows: [String: Row] = [:]
    }

    private enum Write: Sendable {
        case notes([(key: String, value: [UInt8]?)])
        case row(String, Row)
        case barrier
    }

    private struct State {
        var durable = Contents()
        var notes: [String: [UInt8]] = [:]
        var tail: [(write: Write, commit: Commit?)] = []
        var run = 0
    }

    private let state = Mutex(State())

    var run: Int { state.withLock(\.run) }
    var durable: Contents { state.withLock(\.durable) }
    func has(_ id: String) -> Bool { state.withLock { $0.durable.rows[id] != nil } }

    func read(_ key: String) -> [UInt8]? { state.withLock { $0.notes[key] } }
    func keys(_ prefix: String) -> [String] { state.withLock { $0.notes.keys.filter { $0.hasPrefix(prefix) }.sorted() } }

    /// All of them come to the disk, or none.
    func write(_ entries: [(key: String, value: [UInt8]?)], run: Int) {
        state.withLock { state in
            guard state.run == run else { return }
            for (key, value) in entries { state.notes[key] = value }
            state.tail.append((.notes(entries), nil))
        }
    }

    func append(_ id: String, _ row: Row, run: Int) -> Commit { add(.row(id, row), run) }
    func flush(run: Int) -> Commit { add(.barrier, run) }

    private func add(_ write: Write, _ run: Int) -> Commit {
        let commit = Commit()
        let isTaken = state.withLock { state in
            guard state.run == run else { return false }
            state.tail.append((write, commit))
            return true
        }
        if !isTaken { commit.fulfil(.closed) }
        return commit
    }

    func sync() {
        let done = state.withLock { state in
            defer { state.tail = [] }
            return state.tail.map { (commit: $0.commit, isNew: Self.put($0.write, into: &state.durable)) }
        }
        for one in done { one.commit?.fulfil(nil, isNew: one.isNew) }
    }

    private static func put(_ write: Write, into contents: inout Contents) -> Bool {
        switch write {
        case .notes(let entries): for (key, value) in entries { contents.notes[key] = value }
        case .row(let id, let row):
            guard contents.rows[id] == nil else { return false }
            contents.rows[id] = row
        case .barrier: break
        }
        return true
    }

    /// The power is gone: of what was not promised the first `kept` writes had come to the disk. Whoever waits hears nothing any more.
    func kill(kept: Int) {
        let broken = state.withLock { state in
            for entry in state.tail.prefix(kept) { _ = Self.put(entry.write, into: &state.durable) }
            defer { state.tail = [] }
            state.run += 1
            state.notes = state.durable.notes
            return state.tail.compactMap(\.commit)
        }
        for commit in broken { commit.fulfil(.closed) }
    }

    /// Another disk is put in, with what a copy has.
    func restore(_ copy: Contents) {
        kill(kept: 0)
        state.withLock { state in
            state.durable = copy
            state.notes = copy.notes
        }
    }

    var tail: Int { state.withLock(\.tail.count) }
}

/// As one run of a program has it.
final class FortnightLedger: Ledger {
    let medium: FortnightDisk
    private let run: Int

    init(_ medium: FortnightDisk) { (self.medium, run) = (medium, medium.run) }

    func read(_ key: String) -> [UInt8]? { medium.read(key) }
    func write(_ key: String, _ value: [UInt8]?) { medium.write([(key, value)], run: run) }
    func write(_ entries: [(key: String, value: [UInt8]?)]) { medium.write(entries, run: run) }
    func keys(prefix: String) -> [String] { medium.keys(prefix) }
    func flush() -> Commit { medium.flush(run: run) }
    func append(_ id: String, _ row: FortnightDisk.Row) -> Commit { medium.append(id, row, run: run) }
    /// Whether a record is there, and promised.
    func has(_ id: String) -> Bool { medium.has(id) }
    var backlog: (waiting: Int, lost: Int) { (medium.tail, 0) }
    func close() async {}

    // No alert is recorded here.
    private let rest = MemoryLedger()
    func town(_ id: TownID) -> any TownLedger { rest.town(id) }
    func keep(_ bulletin: KeptBulletin) -> Commit { rest.keep(bulletin) }
    func bulletins(limit: Int) async throws -> [KeptBulletin] { try await rest.bulletins(limit: limit) }
    func record(_ passed: PassedAlert) -> Commit { rest.record(passed) }
    func passed(since: Date, limit: Int) async throws -> [RecordedAlert] { try await rest.passed(since: since, limit: limit) }
}
