#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A Maildir into which the town's mail server puts what comes back (`new`; what is no report of ours goes to `cur`, where the server keeps
/// what has been seen).
///
/// Read whenever the far end is asked whether it is there: at the most 50 letters of 256 KiB, and 1,000 names.
struct ReportBox {
    /// What becomes of a letter that was read.
    enum Fate {
        /// Said in the log: not needed any more.
        case done
        /// A stranger's, or nothing we understand: a person may look at it.
        case aside
        /// Another adapter's.
        case left
    }

    private static let letters = 50, names = 1_000
    let folder: String

    /// Returns false where there is no such folder.
    func read(_ fate: ([UInt8]?) -> Fate) -> Bool {
        guard let list = opendir(folder + "/new") else { return false }
        defer { closedir(list) }
        var names: [String] = []
        while names.count < Self.names, let entry = Glibc.readdir(list) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix("."), !name.contains("/") { names.append(name) }
        }
        for name in names.sorted().prefix(Self.letters) {
            let path = "\(folder)/new/\(name)"
            switch fate(Self.octets(path)) {
            case .done: unlink(path)
            case .aside: rename(path, "\(folder)/cur/\(name):2,")
            case .left: break
            }
        }
        return true
    }

    /// Nil for what is no plain file, or too long to be a report.
    private static func octets(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var about = stat()
        guard fstat(file, &about) == 0, about.st_mode & S_IFMT == S_IFREG, about.st_size <= DeliveryReport.limit else { return nil }
        // No size is below nothing, and it was held against the limit above.
        var octets = [UInt8](repeating: 0, count: Int(about.st_size) + 1)
        var length = 0
        while length < octets.count {
            let count = octets.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + length }, $0.count - length) }
            if count <= 0 { break }
            length += count
        }
        // Counted while they were read.
        return length == octets.count ? nil : Array(octets.prefix(length))
    }
}
