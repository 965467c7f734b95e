#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import FoundationEssentials

/// A spot's folder on disk.
///
///     spot/
///       current -> r-42      what is served; changes by one rename
///       r-42/                index.ja.html, index.ja.html.gz, …, manifest.json
///       r-41/                kept for readers who opened it before the swap
///       state.json           what to show, for the next start
///
/// A reader sees a whole bundle, the old one or the new one. Nothing is flushed to the platter: after a power cut
/// the pages are made again from the ledger and the next alert.
struct BundleFolder: Sendable {
    struct File: Sendable {
        var name: String
        var bytes: [UInt8]
    }

    struct Failure: Error, CustomStringConvertible {
        let doing: String
        let number: CInt
        var description: String { "\(doing): \(String(cString: strerror(number)))" }
    }

    let path: String

    /// Writes `files` as revision `revision` and makes it current. On failure the old bundle stays current and
    /// what was half written is removed.
    func replace(files: [File], state: [UInt8], revision: Int) throws {
        try make(path)
        let bundle = "\(path)/r-\(revision)"
        do {
            try? FileManager.default.removeItem(atPath: bundle)
            try make(bundle)
            for file in files {
                try write(file.bytes, to: "\(bundle)/\(file.name)")
            }
            try write(state, to: "\(path)/state.json.new")
            // The state first: a start after a crash in between shows too much and mends itself, never too little.
            try move("state.json.new", to: "state.json")
            try makeCurrent("r-\(revision)")
        } catch {
            if current() != "r-\(revision)" { try? FileManager.default.removeItem(atPath: bundle) }
            _ = unlink("\(path)/state.json.new")
            throw error
        }
        prune(keeping: revision)
    }

    /// Nil when there is none yet.
    func readState() throws -> [UInt8]? {
        guard let data = FileManager.default.contents(atPath: "\(path)/state.json") else { return nil }
        return Array(data)
    }

    func lastRevision() -> Int? {
        revisions().max()
    }

    /// With the folders it lies in.
    private func make(_ folder: String) throws {
        guard mkdir(folder, 0o755) != 0 else { return }
        let number = errno
        var facts = stat()
        if number == EEXIST, stat(folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { return }
        guard number == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else {
            throw Failure(doing: "フォルダを作れません (mkdir) \(folder)", number: number)
        }
        // Up to the slash found above.
        try make(String(folder[..<slash]))
        guard mkdir(folder, 0o755) == 0 else { throw Failure(doing: "フォルダを作れません (mkdir) \(folder)", number: errno) }
    }

    private func makeCurrent(_ target: String) throws {
        let link = "\(path)/current.new"
        _ = unlink(link)
        guard symlink(target, link) == 0 else { throw Failure(doing: "リンクできません (link) \(target)", number: errno) }
        try move("current.new", to: "current")
    }

    private func move(_ source: String, to target: String) throws {
        guard rename("\(path)/\(source)", "\(path)/\(target)") == 0 else {
            throw Failure(doing: "名前を変えられません (rename) \(source)", number: errno)
        }
    }

    private func current() -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(path)/current")
    }

    private func write(_ bytes: [UInt8], to file: String) throws {
        let handle = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard handle >= 0 else { throw Failure(doing: "作れません (create) \(file)", number: errno) }
        defer { close(handle) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { writeBytes(handle, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(doing: "書けません (write) \(file)", number: errno) }
            written += count
        }
    }

    /// The bundle before this one stays: somebody may be reading it.
    private func prune(keeping revision: Int) {
        let current = "r-\(revision)"
        let old = revisions().filter { $0 < revision }.sorted().dropLast()
        for number in old where "r-\(number)" != current {
            try? FileManager.default.removeItem(atPath: "\(path)/r-\(number)")
        }
    }

    private func revisions() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { $0.hasPrefix("r-") ? Int($0.dropFirst(2)) : nil }
    }
}

/// The C library's `write`, which a method of that name would hide.
private func writeBytes(_ handle: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(handle, bytes, count)
}
