/// The tables in force while the hub runs: the bundled ones, and files a person lays over them.
///
///     bundled ──▶ 10-jma.tsv ──▶ 20-river.tsv ──▶ tables          look() ──▶ only what changed is read again
///
/// A file that cannot be taken changes nothing: what it said when it was last good stays in force, and the flaw is said
/// to the operator. A file that is taken away takes its entries along.
internal import FoundationEssentials
internal import Synchronization

package final class Vocabulary: Sendable {
    /// Files of one folder, and of all paths together.
    static let fileLimit = 64
    /// What all files may hold together; a single one is bounded by `CodeTables.sizeLimit`.
    static let octetLimit = 16 << 20

    /// What a look found.
    package struct News: Sendable, Equatable {
        /// The tables are others than before.
        package var isChanged = false
        /// Every file that is not in force as it lies there, with the place; a file is here as long as it is bad.
        package var flaws: [UnreadableTable] = []
    }

    /// Whether a file is the same one, as far as the disk tells without reading.
    private struct Stamp: Equatable {
        var size: Int
        var modified: Date
        var inode: UInt64
    }

    private struct File {
        var stamp: Stamp?
        /// As it was when it was last good.
        var good: [UInt8]?
        var flaw: UnreadableTable?
    }

    private struct State {
        var tables: CodeTables
        var files: [String: File] = [:]
        var order: [String] = []
    }

    private let base: CodeTables
    private let paths: [String]
    private let state: Mutex<State>

    /// - Parameter paths: Files, or folders whose `*.tsv` count in the order of their names. Later ones win.
    package init(paths: [String] = [], base: CodeTables = .bundled) {
        self.base = base
        self.paths = paths
        state = Mutex(State(tables: base))
    }

    package var tables: CodeTables { state.withLock { $0.tables } }

    /// Looks at the files and takes what is new. Reads the disk: not for a thread that must not wait.
    ///
    /// - Parameter accept: Asked before other tables come into force; what it throws is said of every file that changed,
    ///   and the old ones stay.
    package func look(accept: (CodeTables) throws -> Void = { _ in }) -> News {
        state.withLock { state in
            let (order, missing) = list()
            var next = state
            next.order = order
            var touched = order != state.order
            for gone in state.files.keys where !order.contains(gone) { next.files[gone] = nil }
            for path in order where read(path, &next.files[path, default: File()]) { touched = true }
            var news = News()
            if touched {
                let tables = assemble(&next)
                do {
                    try accept(tables)
                    news.isChanged = true
                    next.tables = tables
                } catch {
                    for path in order where next.files[path]?.good != state.files[path]?.good {
                        next.files[path]?.good = state.files[path]?.good
                        next.files[path]?.flaw = UnreadableTable(file: path, line: 0, reason: "\(error)")
                    }
                }
            }
            state = next
            news.flaws = missing + order.compactMap { next.files[$0]?.flaw }
            return news
        }
    }

    /// The files there are, and the paths that are none.
    private func list() -> ([String], [UnreadableTable]) {
        var files: [String] = []
        var flaws: [UnreadableTable] = []
        for path in paths {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
                flaws.append(UnreadableTable(file: path, line: 0, reason: "ありません (is not there)"))
                continue
            }
            guard attributes[.type] as? FileAttributeType == .typeDirectory else {
                files.append(path)
                continue
            }
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
                .filter { $0.hasSuffix(".tsv") && !$0.hasPrefix(".") }.sorted()
            files += names.map { "\(path)/\($0)" }
        }
        if files.count > Self.fileLimit {
            flaws.append(UnreadableTable(
                file: files[Self.fileLimit], line: 0, reason: "ファイルが\(Self.fileLimit)より多いので読みません (too many files)"))
        }
        return (Array(files.prefix(Self.fileLimit)), flaws)
    }

    /// Reads a file that is another than before. True where what is in force may change.
    private func read(_ path: String, _ file: inout File) -> Bool {
        let stamp = Self.stamp(path)
        guard stamp == nil || stamp != file.stamp else { return false }
        file.stamp = stamp
        do {
            guard stamp.map({ $0.size <= CodeTables.sizeLimit }) ?? true else {
                throw UnreadableTable(file: path, line: 0, reason: "\(CodeTables.sizeLimit)オクテットを超えています (too large)")
            }
            let octets = Array(try Data(contentsOf: URL(filePath: path)))
            // An editor that has just opened the file for writing, more likely than a wish.
            guard !octets.isEmpty else { throw UnreadableTable(file: path, line: 0, reason: "空です (is empty)") }
            _ = try base.adding(octets, from: path)
            file.flaw = nil
            defer { file.good = octets }
            return octets != file.good
        } catch let flaw as UnreadableTable {
            file.flaw = flaw
        } catch {
            file.flaw = UnreadableTable(file: path, line: 0, reason: "読めません: \(error) (cannot be read)")
        }
        return false
    }

    private static func stamp(_ path: String) -> Stamp? {
        // Links are followed: what they point to is what is read.
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: real) else { return nil }
        return Stamp(
            size: (attributes[.size] as? Int) ?? Int((attributes[.size] as? UInt64) ?? 0),
            modified: (attributes[.modificationDate] as? Date) ?? .distantPast,
            inode: (attributes[.systemFileNumber] as? UInt64) ?? UInt64((attributes[.systemFileNumber] as? Int) ?? 0))
    }

    /// All good files, one over the other.
    private func assemble(_ state: inout State) -> CodeTables {
        var tables = base
        var octets = 0
        for path in state.order {
            guard let good = state.files[path]?.good else { continue }
            octets += good.count
            do throws(UnreadableTable) {
                guard octets <= Self.octetLimit else {
                    throw UnreadableTable(file: path, line: 0, reason: "合わせて\(Self.octetLimit)オクテットを超えています (too large together)")
                }
                tables = try tables.adding(good, from: path)
            } catch {
                state.files[path]?.flaw = error
            }
        }
        return tables
    }
}
