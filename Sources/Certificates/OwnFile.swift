internal import Foundation

#if canImport(Glibc)
internal import Glibc
#endif

/// A file for its owner's eyes alone, whole or not at all.
enum OwnFile {
    /// Its rights are those of its first moment: nobody has it open before there is something in it.
    static func write(_ text: String, to file: URL) throws {
        let draft = file.appendingPathExtension("new")
        unlink(draft.path)
        let descriptor = open(draft.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO, userInfo: [NSFilePathErrorKey: draft.path]) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
            try handle.close()
        } catch {
            unlink(draft.path)
            throw error
        }
        guard rename(draft.path, file.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO, userInfo: [NSFilePathErrorKey: file.path]) }
    }

    /// One that somebody has put there by hand becomes its owner's alone.
    static func read(_ file: URL) -> String? {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        chmod(file.path, 0o600)
        return text
    }
}
