/// A copy for pairs of holders: nobody alone opens it, any one pair does.
///
///     key made now ──▶ age for the second ──▶ age for the first ──▶ pair-1.age        copy ──▶ age for that key ──▶ copy.age
///
/// The copy is sealed once, however many pairs there are; a pair's part is some hundred octets. What is written is a tar that can be opened with
/// Debian's programs alone, and says in itself how.
import Foundation
import LedgerStore

enum CopyPairs {
    /// In the folder where a copy is made or opened, and never in a copy.
    static let folder = ".pair"
    static let limit = 16
    private static let letter = "READ-ME.txt"
    private static let body = "copy.age"

    /// A tar's head (POSIX ustar, GNU): its first file is our letter.
    static func isMark(_ head: Data) -> Bool { head.starts(with: Data(letter.utf8)) && head.dropFirst(257).starts(with: Data("ustar".utf8)) }

    static func seal(_ pack: [[String]], for pairs: [(String, String)], beside stage: URL, to file: URL) async throws {
        let box = try made(stage), out = box.appending(path: "out"), key = box.appending(path: "key"), open = box.appending(path: "key.pub")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try await Pipeline([["age-keygen"]]).run(from: nil, to: key)
        try await Pipeline([["age-keygen", "-y", key.path]]).run(from: nil, to: open)
        let recipient = try String(contentsOf: open, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        try await Pipeline(pack + [["age", "-e", "-r", recipient]]).run(from: nil, to: out.appending(path: body))
        for (number, pair) in pairs.enumerated() {
            try await Pipeline([["age", "-e", "-r", pair.1], ["age", "-e", "-r", pair.0]]).run(from: key, to: out.appending(path: part(number)))
        }
        try Data(words.utf8).write(to: out.appending(path: letter))
        try await Pipeline([
            ["tar", "-C", out.path, "--format=ustar", "--owner=0", "--group=0", "-cf", "-", letter] + pairs.indices.map(part) + [body]
        ]).run(from: nil, to: file)
        try FileManager.default.removeItem(at: box)
    }

    /// - Parameter steps: what becomes of the copy once it is open.
    static func open(_ file: URL, identities: [String], beside stage: URL, into steps: [[String]]) async throws {
        let box = try made(stage), key = box.appending(path: "key")
        let asked = ["age", "-d"] + identities.flatMap { ["-i", $0] }
        var isOpen = false
        for number in 0..<limit where !isOpen {
            do {
                try await Pipeline([out(file, part(number)), asked, asked]).run(from: nil, to: key)
                isOpen = true
            } catch let broken as Pipeline.Broken where !broken.isMissing {
                // Another pair's, or no more pairs.
                continue
            }
        }
        guard isOpen else { throw TownFile.Failure.notWhole("この鍵の組では開きません。同じ組の二人の鍵が要ります (no pair of these keys opens it)") }
        try await Pipeline([out(file, body), ["age", "-d", "-i", key.path]] + steps).run(from: nil, to: nil)
        try FileManager.default.removeItem(at: box)
    }

    private static func part(_ number: Int) -> String { "pair-\(number + 1).age" }
    private static func out(_ file: URL, _ name: String) -> [String] { ["tar", "-xOf", file.path, "--occurrence=1", name] }

    private static func made(_ stage: URL) throws -> URL {
        let box = stage.appending(path: folder)
        do { try FileManager.default.createDirectory(at: box, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700]) } catch {
            throw TownFile.Failure.disk("\(box.path): \(error.localizedDescription)")
        }
        return box
    }

    private static let words = """
        狼煙の記録の写しです。開けるには、組になっている二人の鍵が要ります。
            noroshi restore FILE --identity 一人目.key --identity 二人目.key --verify
        狼煙がなくても、tar、age、zstd で開けられます（組の番号は 1 から）。
        A copy of a hub's record. Two holders' keys open it; without the program:
            tar -xf FILE
            age -d -i FIRST.key pair-1.age | age -d -i SECOND.key > copy.key
            age -d -i copy.key copy.age | zstd -d | tar -xf -

        """
}
