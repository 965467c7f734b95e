import AlertModel
import ChannelKit
import FoundationEssentials
import Synchronization

/// To whom a letter that cannot be delivered comes back, and whose letter it was.
///
///     bousai@town.example ─▶ bousai+a3k…9@town.example   one return path a letter (VERP), kept in the notebook
///                                     │
///     …/Maildir/new/17… ◀─────────────┘ a report (RFC 3464) ─▶ a line under the delivery, and the list does not hear
///
/// libcurl 7.88.1 says neither ENVID nor NOTIFY of RFC 3461: with a return path of its own each report names its letter all the same, also where
/// the server offers no DSN. A word of 96 bits, so that nobody who has had no letter of ours can invent a report on one.
final class ReturnPaths: Sendable {
    struct Entry: Codable, Equatable {
        var delivery: String
        var town: String
        var end: String
        var to: String
        /// Seconds since 1970.
        var sent: Double
    }

    /// What is known of a far end's address.
    struct Verdict: Codable, Equatable {
        var to: String
        var status: String
        var at: Double
    }

    /// Letters under way. A server gives up after five days (RFC 5321 4.5.4.1).
    static let limit = 512
    static let lasts = 7 * 86_400.0

    private let notebook: any Notebook
    private let prefix: String
    private let lock = Mutex(())

    /// - Parameter mode: real letters and drills come back to words of their own, also where they lie in one folder.
    init(_ notebook: any Notebook, _ mode: ModeName) {
        self.notebook = notebook
        prefix = mode == .actual ? "a" : "d"
    }

    /// The same for the same delivery, however often it is tried.
    func path(_ from: String, of entry: Entry) -> String {
        let word = lock.withLock { _ in
            let known = all().first { $0.entry.delivery == entry.delivery }
            if let known { return known.word }
            let word = prefix + Self.newWord()
            makeRoom(entry.sent)
            write("return/\(word)", entry)
            return word
        }
        let at = from.firstIndex(of: "@") ?? from.endIndex
        return from[..<at] + "+" + word + from[at...]
    }

    /// Whose letter came back, by where the report came to.
    func entry(_ address: String) -> Entry? {
        word(of: address).flatMap { read("return/\($0)", Entry.self) }
    }

    /// Of the other mode, whose adapter reads it.
    func isOthers(_ address: String) -> Bool {
        guard let local = address.split(separator: "@").first, let sign = local.lastIndex(of: "+") else { return false }
        // The sign was found in this very text.
        let word = local[local.index(after: sign)...]
        return word.utf8.count == 21 && ["a", "d"].contains(word.prefix(1)) && word.prefix(1) != prefix
    }

    func verdict(_ town: TownID, _ end: String, _ to: String, now: Date) -> Verdict? {
        guard let verdict = read("dead/\(town.code)/\(end)", Verdict.self), verdict.to == to, now.timeIntervalSince1970 - verdict.at < Self.lasts else { return nil }
        return verdict
    }

    /// Nil: it does hear.
    func note(_ verdict: Verdict?, _ entry: Entry) {
        let key = "dead/\(entry.town)/\(entry.end)"
        if let verdict { write(key, verdict) } else { notebook.write(key, nil) }
    }

    private func word(of address: String) -> String? {
        guard let local = address.split(separator: "@").first, let sign = local.lastIndex(of: "+") else { return nil }
        // Some servers write local parts in small letters; ours are.
        let word = local[local.index(after: sign)...].lowercased()
        return word.hasPrefix(prefix) && word.utf8.count == 21 && word.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) } ? word : nil
    }

    /// 20 letters of 32: 100 bits.
    private static func newWord() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        // 32 letters stand above.
        return String((0..<20).map { _ in letters[Int.random(in: 0..<32)] })
    }

    private func all() -> [(word: String, entry: Entry)] {
        notebook.keys(prefix: "return/").compactMap { key in read(key, Entry.self).map { (String(key.dropFirst("return/".count)), $0) } }
    }

    /// The oldest go; the report on one of them is a stranger's then.
    private func makeRoom(_ now: Double) {
        let known = all().filter { $0.word.hasPrefix(prefix) }.sorted { $0.entry.sent < $1.entry.sent }
        let tooMany = max(0, known.count - Self.limit + 1)
        for (place, one) in known.enumerated() where place < tooMany || now - one.entry.sent > Self.lasts { notebook.write("return/\(one.word)", nil) }
    }

    private func read<Value: Decodable>(_ key: String, _ type: Value.Type) -> Value? {
        notebook.read(key).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
    }

    private func write(_ key: String, _ value: some Encodable) {
        guard let octets = try? JSONEncoder().encode(value) else { return }
        notebook.write(key, Array(octets))
    }
}
