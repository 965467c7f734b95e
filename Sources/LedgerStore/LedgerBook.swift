internal import FoundationEssentials
internal import GRDB
internal import Logging
internal import Synchronization

/// The ledger's file that is in use now, the notebook in memory, and what has gone wrong.
final class LedgerBook: Sendable {
    private struct State {
        var pool: DatabasePool
        /// Of this file: another counts its bodies anew.
        var contents = Contents()
        var troubles: [String]
        var isCopyStale = true
        var copiedAt: ContinuousClock.Instant?
        /// Why there is no copy; gone with the next that is written.
        var copyTrouble: String?
        var begunAnew: ContinuousClock.Instant?
    }

    let notes: Mutex<Notes>
    let archive: Archive
    private let file: LedgerFile
    private let copy: NotebookCopy
    private let logger: Logger
    private let state: Mutex<State>

    init(path: String, isFirst: Bool, logger: Logger) throws {
        file = LedgerFile(path: path)
        copy = NotebookCopy(besideLedger: path)
        archive = Archive(besideLedger: path)
        self.logger = logger
        var opened = try Self.open(file, copy, logger)
        // A ledger whose copy is there was not begun just now, nor one in a folder that a hub has worked in.
        if opened.known.isEmpty, opened.wasMissing {
            let kept = copy.read() ?? [:]
            if !kept.isEmpty || !isFirst { opened.troubles.append(Self.words(missing: path, kept.count)) }
            opened.known = kept
            try Self.write(kept, to: opened.pool)
        }
        notes = Mutex(Notes(opened.known))
        var state = State(pool: opened.pool, troubles: opened.troubles, copyTrouble: copy.trouble)
        // The last run's is good enough for the first half minute, in which a start has better to do.
        if opened.troubles.isEmpty, state.copyTrouble == nil, copy.exists { state.copiedAt = .now }
        self.state = Mutex(state)
        for words in opened.troubles { logger.critical("the ledger is not whole", metadata: ["trouble": "\(words)"]) }
    }

    var pool: DatabasePool { state.withLock(\.pool) }
    var reading: (pool: DatabasePool, contents: Contents) { state.withLock { ($0.pool, $0.contents) } }
    var troubles: [String] { state.withLock { $0.troubles + [$0.copyTrouble].compactMap(\.self) } }

    // MARK: start

    private struct Opened {
        var pool: DatabasePool
        var known: [String: [UInt8]]
        var troubles: [String] = []
        var wasMissing = false
    }

    private static func open(_ file: LedgerFile, _ copy: NotebookCopy, _ logger: Logger) throws -> Opened {
        let wasMissing = !file.exists || file.isEmpty
        do {
            let pool = try file.open()
            do {
                return Opened(pool: pool, known: try read(pool), wasMissing: wasMissing)
            } catch where LedgerFile.isDamage(error) {
                try? pool.close()
                throw LedgerFile.Flaw.damaged("\(error)")
            }
        } catch let flaw as LedgerFile.Flaw {
            let aside = try file.setAside(flaw, at: Date())
            let pool = try file.open()
            let saved = salvage(aside, into: pool)
            // What the file itself gave is newer than the copy.
            let known = (copy.read() ?? [:]).merging(try read(pool)) { $1 }
            try write(known, to: pool)
            return Opened(pool: pool, known: known, troubles: [words(flaw, aside, saved)])
        }
    }

    private static func read(_ pool: DatabasePool) throws -> [String: [UInt8]] {
        try pool.read { db in
            var notes: [String: [UInt8]] = [:]
            notes.reserveCapacity(try Int.fetchOne(db, sql: "SELECT count(*) FROM note") ?? 0)
            // One row at a time: a country's notebook has tens of megabytes, which are in memory once.
            let rows = try Row.fetchCursor(db, sql: "SELECT key, value FROM note")
            while let row = try rows.next() { notes[try row.value(at: 0)] = [UInt8](try row.value(at: 1) as Data) }
            return notes
        }
    }

    private static func write(_ notes: [String: [UInt8]], to pool: DatabasePool) throws {
        try pool.write { db in
            for (key, value) in notes { try LedgerSchema.put(key, value, db) }
        }
    }

    /// What could be read, for people.
    private static func salvage(_ aside: String, into pool: DatabasePool) -> (japanese: String, english: String) {
        // A pipe would be waited for.
        guard LedgerFile(path: aside).isRegular else { return ("", "nothing in it") }
        do {
            var salvage = try LedgerSalvage(from: aside, into: pool)
            salvage.run(now: Date())
            let holes = salvage.holes.joined(separator: ", ")
            let (japanese, english) = holes.isEmpty ? ("", "") : ("。読めない所のある表: \(holes)", ", not whole: \(holes)")
            return ("直近3日の\(salvage.rows)行を引き継ぎました\(japanese)", "\(salvage.rows) rows carried over\(english)")
        } catch {
            return ("これまでの配信の記録は読めません", "nothing in it could be read: \(error)")
        }
    }

    // MARK: while running

    /// Puts the file aside and begins a new one with what is known and what can be read. Writer's thread only. False when
    /// that is not possible, or was done a moment ago: then it is the disk.
    func beginAnew(_ flaw: LedgerFile.Flaw) -> Bool {
        let last = state.withLock(\.begunAnew)
        if let last, last.duration(to: .now) < .seconds(60) { return false }
        do {
            // Readers may still have it open: they read the file under its new name to their end.
            let aside = try file.setAside(flaw, at: Date())
            let new = try file.open()
            let saved = Self.salvage(aside, into: new)
            try Self.write(notes.withLock(\.values), to: new)
            let words = Self.words(flaw, aside, saved)
            state.withLock { state in
                state.pool = new
                state.contents = Contents()
                state.troubles.append(words)
                state.begunAnew = .now
            }
            logger.critical("the ledger is not whole", metadata: ["trouble": "\(words)"])
            return true
        } catch {
            logger.critical("no new ledger can be begun", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Written with every proof that the disk takes rows.
    static let unkept = "readiness"

    func notesChanged() { state.withLock { $0.isCopyStale = true } }

    /// When to come back for the copy; nil when it is up to date.
    var secondsToCopy: Int? { state.withLock(\.isCopyStale) ? NotebookCopy.pause : nil }

    /// The notebook's copy, when it has changed and the last is not of a moment ago. Writer's thread only.
    func copyNotes(atOnce: Bool = false) {
        let (isStale, at) = state.withLock { ($0.isCopyStale, $0.copiedAt) }
        guard isStale, atOnce || (at.map { $0.duration(to: .now) > .seconds(NotebookCopy.pause - 1) } ?? true) else { return }
        let present = notes.withLock(\.values).filter { $0.key != Self.unkept }
        var trouble: String?
        do {
            try copy.write(present)
        } catch {
            logger.warning("the notebook's copy was not written", metadata: ["error": "\(error)"])
            trouble = copy.trouble
        }
        state.withLock { state in
            state.copyTrouble = trouble
            state.isCopyStale = false
            state.copiedAt = .now
        }
    }

    /// All in one file at the end, for whoever copies it.
    func mergeLog() {
        do {
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        } catch {
            logger.notice("the ledger's log was not merged", metadata: ["error": "\(error)"])
        }
    }

    // MARK: words

    /// Alerts were passed over when a town's were read. Said once for each town.
    func tellUnread(of town: String) {
        let words = "市町村 \(town) の記録に読めない行があります。ほかの行は読めています (alerts of town \(town) that cannot be read were passed over)"
        let isNew = state.withLock { state in
            guard !state.troubles.contains(words) else { return false }
            state.troubles.append(words)
            return true
        }
        if isNew { logger.critical("the ledger is not whole", metadata: ["trouble": "\(words)"]) }
    }

    /// An archive could not be read. Said once for each file.
    func tellUnread(archive path: String, _ error: any Error) {
        let words = "保管した記録 \(Self.name(path)) を読めません。ほかは読めています (an archive cannot be read: \(error))"
        let isNew = state.withLock { state in
            guard !state.troubles.contains(words) else { return false }
            state.troubles.append(words)
            return true
        }
        if isNew { logger.critical("the ledger is not whole", metadata: ["trouble": "\(words)"]) }
    }

    private static func words(
        _ flaw: LedgerFile.Flaw, _ aside: String, _ saved: (japanese: String, english: String)
    ) -> String {
        let what = switch flaw {
        case .damaged: ("壊れていた", "was damaged")
        case .newer: ("新しい版のものだった", "is of a newer version")
        }
        return "記録が\(what.0)ため \(name(aside)) に移し、新しい記録を始めました。端末の登録は引き継ぎました。\(saved.japanese)"
            + " (the ledger \(what.1): set aside as \(name(aside)), a new one begun with the devices; \(saved.english); \(flaw))"
    }

    private static func words(missing path: String, _ count: Int) -> String {
        let (japanese, english) = count > 0
            ? ("端末の登録は控えから戻しました（\(count)件）。これまでの配信の記録はありません", "\(count) notes restored from the copy, the past is not in it")
            : ("控え（.notebook）もないので、端末・人・町の設定・配信の記録のどれもありません。写しから戻してください（noroshi restore）",
                "its copy is missing too: no devices, people, settings or past; restore a copy")
        return "記録 \(name(path)) がないか空だったため、新しい記録を始めました。\(japanese) (the ledger was missing or empty: a new one is begun, \(english))"
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
