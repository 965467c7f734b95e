/// The folder a program writes to: made, tried, and held by one program at a time. Two hubs on one folder would give two
/// events one name; a folder that cannot be written is said in words before anything else is begun.
import ChannelKit
// `stat` belongs to whichever of this and Glibc is loaded first (ARCHITECTURE.md).
import CoreFoundation
import Foundation
import Glibc

/// Ends the program with 73.
struct CannotWrite: Error {
    let reason: String
}

enum DataFolder {
    /// Where the keys of towns' certificate authorities lie, and nowhere else.
    static let authorityKeys = "town-ca"

    private static let lockName = "lock"

    /// Makes the folder and takes it. Held until the process ends, however it ends: the kernel lets go of the lock.
    static func claim(_ folder: URL) throws(CannotWrite) {
        let path = folder.path
        // Keys, tokens' digests and what people report: for nobody else on this machine, whatever the shell's umask is.
        umask(0o077)
        guard makeWhole(path) else { throw CannotWrite(reason: "データフォルダ \(path) を作れません: \(trouble()) (cannot be made\(me))") }
        let file = folder.appending(path: lockName).path
        let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw CannotWrite(reason: words(path, file)) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let holder = holder(lock)
            Glibc.close(lock)
            throw CannotWrite(
                reason: "データフォルダ \(path) は別のプログラム（プロセス番号 \(holder)）が使っています。一つのフォルダで動かせるのは一つだけです "
                    + "(process \(holder) has this folder; one folder, one hub)")
        }
        // A full disk keeps no hub from starting: then the lock bears no number.
        _ = ftruncate(lock, 0)
        let pid = Array("\(getpid())\n".utf8)
        _ = pwrite(lock, pid, pid.count, 0)
        if let reason = complaint(folder) { throw CannotWrite(reason: reason) }
        close(folder)
    }

    /// What an older program left open to others. A folder of somebody else's stays as its owner has it.
    private static func close(_ folder: URL) {
        var facts = stat()
        guard stat(folder.path, &facts) == 0, facts.st_uid == geteuid() else { return }
        if facts.st_mode & 0o077 != 0 { _ = chmod(folder.path, 0o700) }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where name.hasPrefix("ledger") || ["cap-key.pem", Papers.keyName].contains(name) {
            _ = chmod(folder.appending(path: name).path, 0o600)
        }
    }

    /// Why nothing could be written there; nil where all is well, or where there is no folder yet. Changes nothing.
    static func complaint(_ folder: URL) -> String? {
        let path = folder.path
        guard access(path, F_OK) == 0 else { return nil }
        guard access(path, W_OK | X_OK) == 0 else { return words(path, path) }
        let known = Set(["cap-key.pem", Papers.keyName, "edge.json", "edge-key.pem", "edge-certificate.json", authorityKeys, lockName, LocalKey.fileName] + Channels.all.map(\.manifest.name))
        // A stranger's file or lost+found is nothing to us.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
        for name in names where known.contains(name) || name.hasPrefix("ledger") {
            let entry = folder.appending(path: name).path
            // A link to what is not there is no reason not to start: the ledger begins without it, and says so.
            guard access(entry, F_OK) == 0 || errno == EACCES else { continue }
            if access(entry, R_OK | W_OK) != 0 { return words(path, entry) }
        }
        return nil
    }

    /// Whatever is there and cannot be used, out of the way under a name that says so; nothing is deleted. Said on standard error.
    static func setAside(_ file: URL, _ why: String) {
        var facts = stat()
        guard lstat(file.path, &facts) == 0 else { return }
        let aside = file.path + ".damaged-" + Date().formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
        let isAside = rename(file.path, aside) == 0, found = trouble()
        Terminal.complain("注意: \(file.path): \(why)。" + (isAside ? "\(aside) に移しました (warning: put aside)" : "よけられません: \(found) (warning: it stays)"))
    }

    /// A channel's own folder. Where it cannot be made the channel says so at its first write; the others go on.
    static func makeFolder(_ folder: URL) {
        var facts = stat()
        if stat(folder.path, &facts) != 0 || facts.st_mode & S_IFMT != S_IFDIR { setAside(folder, "フォルダではない (no folder)") }
        guard !makeWhole(folder.path) else { return }
        let found = trouble()
        Terminal.complain("注意: \(folder.path) を作れません: \(found) (warning: cannot be made)")
    }

    private static func makeWhole(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if !isFolder.boolValue { errno = ENOTDIR }
            return isFolder.boolValue
        }
        let parent = URL(filePath: path).deletingLastPathComponent().path
        guard parent == path || makeWhole(parent) else { return false }
        // Keys and what people report lie in it.
        return mkdir(path, 0o700) == 0 || errno == EEXIST
    }

    private static func holder(_ lock: Int32) -> String {
        var octets = [UInt8](repeating: 0, count: 20)
        let count = pread(lock, &octets, octets.count, 0)
        let text = String(decoding: octets.prefix(max(0, count)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? "?" : text
    }

    /// Whose it is, and who asks.
    private static func words(_ folder: String, _ entry: String) -> String {
        let why = trouble()
        var facts = stat()
        let place = access(entry, F_OK) == 0 ? entry : folder
        guard stat(place, &facts) == 0 else { return "データフォルダ \(folder) に書けません: \(why) (cannot be written\(me))" }
        let mode = String(facts.st_mode & 0o7777, radix: 8)
        return "データフォルダ \(folder) に書けません: \(place) の持ち主は\(name(facts.st_uid))（uid \(facts.st_uid)）、権限は\(mode)、"
            + "このプログラムは\(name(geteuid()))（uid \(geteuid())）です。\(why) (cannot be written: \(place) belongs to uid \(facts.st_uid)\(me))"
    }

    private static var me: String { "; this program runs as uid \(geteuid())" }
    private static func trouble() -> String { String(cString: strerror(errno)) }
    private static func name(_ user: uid_t) -> String { getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "uid \(user)" }
}
