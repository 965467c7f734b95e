internal import FoundationEssentials
#if canImport(Glibc)
internal import Glibc
#endif

/// A small copy of the notebook beside the ledger: the devices, the channels' serial numbers, what is on the air. A ledger that
/// is damaged or gone must not lock every tablet out.
///
/// Written whole to a file of its own, synced, and put in the old one's place; so one of the two is always whole.
struct NotebookCopy: Sendable {
    private struct Page: Codable {
        var version = 1
        var notes: [String: Data]
    }

    let path: String
    /// Seconds: copies are no oftener than this, and a change waits no longer.
    static let pause = 30

    init(besideLedger ledger: String) { path = ledger + ".notebook" }

    var exists: Bool { access(path, F_OK) == 0 }

    func write(_ notes: [String: [UInt8]]) throws {
        let octets = try JSONEncoder().encode(Page(notes: notes.mapValues { Data($0) }))
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble(errno) }
        defer { close(file) }
        try octets.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress! + written, bytes.count - written)
                guard count > 0 else { throw Trouble(errno) }
                written += count
            }
        }
        guard fsync(file) == 0, rename(new, path) == 0 else { throw Trouble(errno) }
    }

    /// Nil: there is none, or it cannot be read either.
    func read() -> [String: [UInt8]]? {
        guard let octets = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return (try? JSONDecoder().decode(Page.self, from: octets))?.notes.mapValues { [UInt8]($0) }
    }

    private struct Trouble: Error, CustomStringConvertible {
        let description: String
        init(_ number: Int32) { description = String(cString: strerror(number)) }
    }
}
