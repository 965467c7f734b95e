internal import FoundationEssentials
internal import GRDB
#if canImport(Glibc)
internal import Glibc
#endif

/// The ledger's file on disk: opened when it is whole, put aside under a name that says so when it is not. It is never
/// deleted: what is in it may be read by hand.
struct LedgerFile: Sendable {
    /// Why a file is not used any more.
    enum Flaw: Error, Sendable, CustomStringConvertible {
        case damaged(String)
        /// Written by a newer version of this program.
        case newer

        var description: String {
            switch self {
            case .damaged(let words): words
            case .newer: "このプログラムより新しい版の形です (its schema is of a newer version of this program)"
            }
        }
        var word: String {
            switch self {
            case .damaged: "damaged"
            case .newer: "newer"
            }
        }
    }

    let path: String

    var exists: Bool { access(path, F_OK) == 0 }

    /// A file that ends before its header does is to SQLite a ledger that was never begun (fileformat2: 100 octets).
    var isEmpty: Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_size < 100
    }

    /// - Throws: `Flaw` when the file is no good; the disk's own error when it is the disk.
    func open() throws -> DatabasePool {
        var facts = stat()
        if stat(path, &facts) == 0, !isRegular {
            throw Flaw.damaged(facts.st_mode & S_IFMT == S_IFDIR ? "フォルダです (it is a folder)" : "ふつうのファイルではありません (it is no regular file)")
        }
        do {
            return try openAsItIs()
        } catch where Self.isDamage(error) {
            throw Flaw.damaged("\(error)")
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN && isLink {
            // The disk it is on may not be there. The link to an empty place in a folder that is there is a first start.
            throw Flaw.damaged("リンクの先を開けません (a link to what cannot be opened)")
        }
    }

    var isRegular: Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }

    private var isLink: Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFLNK
    }

    private func openAsItIs() throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "ledger"
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.barrierWriteWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        if try pool.read({ try LedgerSchema.migrator.hasBeenSuperseded($0) }) {
            try pool.close()
            throw Flaw.newer
        }
        try LedgerSchema.migrator.migrate(pool)
        return pool
    }

    /// The file's trouble and not the disk's.
    static func isDamage(_ error: any Error) -> Bool {
        // Something is in a column that cannot be there.
        guard let error = error as? DatabaseError else { return error is RowDecodingError }
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: true
        // Tables that are not what they should be: another program's file, or the list of tables is damaged.
        case .SQLITE_ERROR, .SQLITE_MISMATCH: true
        case .SQLITE_IOERR: error.extendedResultCode == .SQLITE_IOERR_SHORT_READ || error.extendedResultCode == .SQLITE_IOERR_READ
        default: false
        }
    }

    /// While running a statement may fail for what is in it; only a bad file is put aside then.
    static func isFileDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    /// Out of the way, with what belongs to it, under a name that sorts by time. Returns the new path.
    func setAside(_ flaw: Flaw, at now: Date) throws -> String {
        let stamp = now.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        var aside = "\(path).\(flaw.word)-\(stamp)"
        for number in 2..<1000 where access(aside, F_OK) == 0 { aside = "\(path).\(flaw.word)-\(stamp)-\(number)" }
        var facts = stat()
        for suffix in ["-wal", "-shm", ""] where lstat(path + suffix, &facts) == 0 {
            guard rename(path + suffix, aside + suffix) == 0 else {
                throw Flaw.damaged("\(flaw)。よけておくこともできません: \(String(cString: strerror(errno))) (it cannot be put aside)")
            }
        }
        return aside
    }
}
