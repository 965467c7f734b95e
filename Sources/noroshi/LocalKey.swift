import Desk
import Devices
import Foundation
import Glibc
import Ledger
import LedgerStore
import Logging

/// How this machine's own commands reach the people's register: whoever can read the data folder is its keeper anyway.
///
/// A running hub leaves a token in the folder, made anew at each start, for its owner's eyes alone; where none runs, the
/// command opens the record itself.
enum LocalKey {
    static let fileName = "local-key"

    /// The digest of this start's token, which lies in the folder from now on.
    static func make(in folder: URL) throws(CannotWrite) -> String {
        let token = DeviceRegister.randomToken()
        let path = folder.appending(path: fileName).path
        // Never an older file's owner or mode.
        unlink(path)
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw CannotWrite(reason: "\(path) を書けません: \(String(cString: strerror(errno))) (cannot be written)") }
        defer { Glibc.close(file) }
        let octets = Array(token.utf8)
        guard write(file, octets, octets.count) == octets.count else {
            // A full disk keeps no hub from starting: this machine's own commands have to wait for room.
            unlink(path)
            return DeviceRegister.digest(token)
        }
        return DeviceRegister.digest(token)
    }

    static func read(in folder: URL) -> String? {
        (try? String(contentsOf: folder.appending(path: fileName), encoding: .utf8)).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The keeper of the folder, where no hub runs.
    static let keeper = People.keeper("local")

    /// The people of a folder whose hub does not run.
    static func opening<Value>(_ folder: URL, _ body: (People) async throws -> Value) async throws -> Value {
        try RecordKeeping.refuseElsewhere(folder)
        let ledger = try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path, logger: Logger(label: "noroshi", factory: { _ in SwiftLogNoOpLogHandler() }))
        do {
            let value = try await body(People([], notebook: ledger))
            try await ledger.flush().committed()
            await ledger.close()
            return value
        } catch let failure as PeopleFailure {
            await ledger.close()
            let code: Int32 =
                switch failure {
                case .conflict: Exit.changed
                case .forbidden, .wrong, .codeNeeded, .wait: Exit.notAllowed
                case .invalid, .notFound: Exit.badData
                case .busy: Exit.unreachable
                case .unrecorded: Exit.cannotWrite
                }
            throw Exit.with(code, failure.description)
        } catch {
            await ledger.close()
            throw error
        }
    }
}
