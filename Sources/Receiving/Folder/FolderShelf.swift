internal import Glibc
internal import NIOPosix

/// The folder's files, read and moved on NIO's threads for blocking work: a disk may take its time.
struct FolderShelf: Sendable {
    /// What changes when a file does.
    struct Stamp: Sendable, Hashable {
        let inode: UInt
        let size: Int
        /// Nanoseconds since 1970.
        let modified: Int

        init(_ status: stat) {
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
        }
    }

    struct Trouble: Error { let words: String }

    enum Reading: Sendable {
        case whole(Stamp, [UInt8])
        /// Gone, empty, or a name that is left alone.
        case nothing
        /// Never to be read, with the reason.
        case unfit(Stamp, String)
        case trouble(String)
    }

    let path: String
    let sizeLimit: Int
    /// Files of one look. A longer list is worked off in several.
    private static let fileLimit = 10_000

    static func isLeftAlone(_ name: String) -> Bool {
        name.isEmpty || name.hasPrefix(".") || name.hasSuffix(".tmp") || name.hasSuffix(".part") || name.contains("/")
    }

    /// The files that may be bulletins, with their stamps.
    func look() async -> Result<[String: Stamp], Trouble> {
        await onThread { lookNow() } ?? .failure(Trouble(words: "ファイルを読むスレッドが終わっています (the threads for files have ended)"))
    }

    func read(_ name: String) async -> Reading {
        await onThread { readNow(name) } ?? .trouble("ファイルを読むスレッドが終わっています (the threads for files have ended)")
    }

    /// Moves a file to where its answer says.
    ///
    /// - Returns: nil, or why it is still there.
    func put(_ name: String, after answer: SinkAnswer) async -> String? {
        switch answer {
        case .accepted, .duplicate: await onThread { moveNow(name, to: "done", reason: nil) } ?? "移していません (not moved)"
        case .refused(let reason): await onThread { moveNow(name, to: "refused", reason: reason) } ?? "移していません (not moved)"
        case .notRecorded: nil
        }
    }

    /// To its end, also when the task is cancelled: what the sink has accepted is still moved. Nil when the pool is
    /// shut down, at the end of the process.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { (waiter: CheckedContinuation<Value?, Never>) in
            NIOThreadPool.singleton.submit { state in
                switch state {
                case .active: waiter.resume(returning: body())
                case .cancelled: waiter.resume(returning: nil)
                }
            }
        }
    }

    private func lookNow() -> Result<[String: Stamp], Trouble> {
        guard let folder = opendir(path) else { return .failure(Trouble(words: "\(path): \(SystemWords.last())")) }
        defer { closedir(folder) }
        var found: [String: Stamp] = [:]
        while found.count < Self.fileLimit, let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var status = stat()
            guard !Self.isLeftAlone(name), fstatat(dirfd(folder), name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                status.st_mode & S_IFMT == S_IFREG, status.st_size > 0
            else { continue }
            found[name] = Stamp(status)
        }
        return .success(found)
    }

    private func readNow(_ name: String) -> Reading {
        guard !Self.isLeftAlone(name) else { return .nothing }
        // A link could name any file of this machine, and a FIFO would hold us up.
        let file = open("\(path)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            return errno == ENOENT || errno == ELOOP ? .nothing : .trouble("\(name): \(SystemWords.last())")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return .trouble("\(name): \(SystemWords.last())") }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return .nothing }
        let stamp = Stamp(status)
        guard stamp.size <= sizeLimit else {
            return .unfit(stamp, "\(stamp.size)オクテットあり、読める上限\(sizeLimit)を超えます (too long)")
        }
        // Regular files of no more than `sizeLimit` come here; no size is negative.
        var octets = [UInt8](repeating: 0, count: stamp.size)
        var filled = 0
        while filled < octets.count {
            // Not empty while less than all of it is filled.
            let count = octets.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + filled, $0.count - filled) }
            guard count > 0 || (count < 0 && errno == EINTR) else {
                return .trouble("\(name): \(count == 0 ? "cut short while it was read" : SystemWords.last())")
            }
            filled += max(0, count)
        }
        return .whole(stamp, octets)
    }

    private func moveNow(_ name: String, to place: String, reason: String?) -> String? {
        let folder = "\(path)/\(place)"
        guard mkdir(folder, 0o750) == 0 || errno == EEXIST else { return "\(folder): \(SystemWords.last())" }
        guard let target = freeName(name, in: folder) else { return "\(folder)に\(name)という名前のファイルが多すぎます (too many files of this name)" }
        if let reason, let words = write("\(reason)\n", to: "\(target).reason") { return words }
        guard rename("\(path)/\(name)", target) == 0 || errno == ENOENT else {
            return "\(name)を\(place)に移せません: \(SystemWords.last()) (cannot be moved)"
        }
        return nil
    }

    /// `a.xml`, or `a.xml.2` … when there is one: names come again, and none is overwritten.
    private func freeName(_ name: String, in folder: String) -> String? {
        var status = stat()
        return (1...10_000).lazy.map { $0 == 1 ? "\(folder)/\(name)" : "\(folder)/\(name).\($0)" }
            .first { lstat($0, &status) != 0 && errno == ENOENT }
    }

    private func write(_ text: String, to target: String) -> String? {
        let file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard file >= 0 else { return "\(target): \(SystemWords.last())" }
        defer { close(file) }
        let octets = Array(text.utf8)
        return Glibc.write(file, octets, octets.count) == octets.count ? nil : "\(target): \(SystemWords.last())"
    }
}
