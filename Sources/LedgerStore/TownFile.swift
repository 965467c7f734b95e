internal import AlertModel
internal import Crypto
internal import Foundation
package import FoundationEssentials
internal import GRDB
internal import Ledger
#if canImport(Glibc)
internal import Glibc
#endif

/// A town as one file: everything the hub keeps of it, and nothing of another.
///
///     noroshi-town 1\n  SHA-256 of the rest, hex\n  a ledger that holds this town alone
///
/// It is whole or it is refused: the digest finds what was cut or changed on the way, the chain inside what was changed before.
/// Secrets lie in it as they lie in the record: digests of tokens, scrypt of passwords, the keys of code generators.
package enum TownFile {
    static let mark = Data("noroshi-town 1\n".utf8)
    static let headLength = 15 + 65

    package enum Failure: Error, Sendable, CustomStringConvertible {
        /// Cut, changed, or no such file at all.
        case notWhole(String)
        /// The town has a life of its own here already.
        case occupied(String)
        case disk(String)

        package var description: String {
            switch self {
            case .notWhole(let why): "この町のファイルは受け取れません。何も変えていません: \(why) (this file is not whole; nothing was changed)"
            case .occupied(let why): "この町には、ここでの記録がもうあります。何も変えていません: \(why) (the town has a life of its own here; nothing was changed)"
            case .disk(let why): "読み書きできません: \(why) (cannot be read or written)"
            }
        }
    }

    /// What is in it.
    package struct Contents: Sendable, Hashable {
        package var town = ""
        package var made = Date()
        package var alerts = 0, deliveries = 0, facts = 0, devices = 0, notes = 0
        /// Accounts that stay where they are: they work in other towns too, or their name is another's here.
        package var left: [String] = []
        /// Deliveries that had not ended, and are held.
        package var held = 0
        /// The same file was here before.
        package var wasHere = false

        package init() {}
    }

    /// Puts the head before a ledger that is closed. `file` is there once it is whole.
    static func seal(_ ledger: String, into file: String) throws(Failure) {
        do {
            let octets = try Data(contentsOf: URL(filePath: ledger))
            let digest = SHA256.hash(data: octets).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let new = file + ".new"
            unlink(new)
            let target = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard target >= 0 else { throw Failure.disk("\(new): \(String(cString: strerror(errno)))") }
            defer { close(target) }
            for part in [mark, Data((digest + "\n").utf8), octets] {
                try part.withUnsafeBytes { bytes in
                    var done = 0
                    while done < bytes.count {
                        let count = write(target, bytes.baseAddress! + done, bytes.count - done)
                        guard count > 0 else { throw Failure.disk("\(new): \(String(cString: strerror(errno)))") }
                        done += count
                    }
                }
            }
            guard fsync(target) == 0, rename(new, file) == 0 else { throw Failure.disk("\(file): \(String(cString: strerror(errno)))") }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .disk("\(error)")
        }
    }

    /// The ledger inside, at `place`, when the file is whole.
    static func unseal(_ file: String, to place: String) throws(Failure) {
        let octets: Data
        do { octets = try Data(contentsOf: URL(filePath: file)) } catch { throw .disk("\(file): \(error)") }
        guard octets.count > headLength, octets.prefix(mark.count) == mark else {
            throw .notWhole("町のファイルではありません (no town's file)")
        }
        let body = octets.dropFirst(headLength)
        let digest = SHA256.hash(data: body).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        guard octets.dropFirst(mark.count).prefix(65) == Data((digest + "\n").utf8) else {
            throw .notWhole("途中で切れているか、変わっています (it was cut or changed)")
        }
        do { try Data(body).write(to: URL(filePath: place)) } catch { throw .disk("\(place): \(error)") }
    }

    // MARK: whose a note is

    /// Notes that name no town first, and those whose first number may be anything.
    private static let nobodys = ["source", "readiness", "spot", "people/account/", "people/token/", "people/session/", "approval/", "day-root/"]

    /// The first part of a key that is a town's code says whose it is.
    static func isOf(_ town: TownID, key: String, value: [UInt8]) -> Bool {
        if key.hasPrefix("approval/") { return object(value)?["town"] as? String == town.code }
        if key.hasPrefix("people/account/") {
            let duties = object(value)?["duties"] as? [[String: Any]] ?? []
            return !duties.isEmpty && duties.allSatisfy { $0["towns"] as? [String] == [town.code] }
        }
        if key.hasPrefix("people/token/") { return object(value)?["towns"] as? [String] == [town.code] }
        guard !nobodys.contains(where: key.hasPrefix) else { return false }
        return key.split(separator: "/").lazy.compactMap { TownID(String($0)) }.first == town
    }

    /// An account with a duty here and another elsewhere.
    static func isShared(_ town: TownID, key: String, value: [UInt8]) -> Bool {
        guard key.hasPrefix("people/account/"), !isOf(town, key: key, value: value) else { return false }
        let duties = object(value)?["duties"] as? [[String: Any]] ?? []
        return duties.contains { ($0["towns"] as? [String])?.contains(town.code) == true }
    }

    static func object(_ value: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(value))) as? [String: Any]
    }
}
