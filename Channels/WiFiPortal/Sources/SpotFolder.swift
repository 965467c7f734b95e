#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import FoundationEssentials

/// A spot's folder on disk: `state.json`, what the spot shows, for the next start.
///
/// One small file, changed by one rename: a start finds the old state or the new one, whole. Nothing is flushed to the platter: after a
/// power cut the pages are made again from the ledger and the next alert. Pages lie nowhere: they are made of the state when somebody
/// asks. As files they were fifty for each spot and alert, and making them kept one core from everything else for most of a second.
struct SpotFolder: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let doing: String
        let number: CInt
        var description: String { "\(doing): \(String(cString: strerror(number)))" }
    }

    let path: String

    func write(_ state: [UInt8]) throws {
        try make(path)
        do {
            try write(state, to: "\(path)/state.json.new")
            try move("state.json.new", to: "state.json")
        } catch {
            _ = unlink("\(path)/state.json.new")
            throw error
        }
    }

    /// Earlier versions kept the pages here as files.
    func removePages() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name == "current" || name == "current.new" || name.hasPrefix("r-") {
            try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }

    /// Nil when there is none yet.
    func readState() throws -> [UInt8]? {
        guard let data = FileManager.default.contents(atPath: "\(path)/state.json") else { return nil }
        return Array(data)
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

    private func move(_ source: String, to target: String) throws {
        guard rename("\(path)/\(source)", "\(path)/\(target)") == 0 else {
            throw Failure(doing: "名前を変えられません (rename) \(source)", number: errno)
        }
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
}

/// The C library's `write`, which a method of that name would hide.
private func writeBytes(_ handle: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(handle, bytes, count)
}
