internal import FoundationEssentials
#if canImport(Glibc)
internal import Glibc
#endif

/// A small copy of the notebook beside the ledger: the devices, the channels' serial numbers, what is on the air. A ledger that
/// is damaged or gone must not lock every tablet out.
///
/// Written whole to a file of its own, synced, and put in the old one's place; so one of the two is always whole.
struct NotebookCopy: Sendable {
    private struct Page: Decodable {
        var notes: [String: Data]
    }

    let path: String
    /// Seconds: copies are no oftener than this, and a change waits no longer.
    static let pause = 30

    init(besideLedger ledger: String) { path = ledger + ".notebook" }

    var exists: Bool { access(path, F_OK) == 0 }

    private var isFile: Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
    }

    /// What keeps the copy from being one, in words.
    var trouble: String? {
        guard exists, !isFile else { return nil }
        return "記録の控え \(path.split(separator: "/").last ?? "") がファイルではないので、控えを書けません。どけてください (the notebook's copy is no file: move it away)"
    }

    /// Notes that are put into octets at once: a country's notebook is never in memory a second time.
    private static let handful = 256

    func write(_ notes: [String: [UInt8]]) throws {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble(errno) }
        defer { close(file) }
        try write(Array("{\"version\":1,\"notes\":{".utf8), to: file)
        var keys = notes.keys[...], isFirst = true
        while !keys.isEmpty {
            let some = keys.prefix(Self.handful)
            keys = keys.dropFirst(Self.handful)
            let object = try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: some.map { ($0, Data(notes[$0] ?? [])) }))
            // Between its braces.
            try write((isFirst ? [] : [UInt8(ascii: ",")]) + object.dropFirst().dropLast(), to: file)
            isFirst = false
        }
        try write(Array("}}".utf8), to: file)
        guard fsync(file) == 0, rename(new, path) == 0 else { throw Trouble(errno) }
    }

    private func write(_ octets: [UInt8], to file: Int32) throws {
        try octets.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress! + written, bytes.count - written)
                guard count > 0 else { throw Trouble(errno) }
                written += count
            }
        }
    }

    /// Nil: there is none, or it cannot be read either.
    func read() -> [String: [UInt8]]? {
        // A pipe would be waited for.
        guard isFile, let octets = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return (try? JSONDecoder().decode(Page.self, from: octets))?.notes.mapValues { [UInt8]($0) }
    }

    private struct Trouble: Error, CustomStringConvertible {
        let description: String
        init(_ number: Int32) { description = String(cString: strerror(number)) }
    }
}
