/// Starting a child program: with three ends of its own, a group of its own, no descriptor of the hub's and no signal blocked.
///
/// SwiftNIO 2.101 does not mark its sockets "close on exec": a program would keep the hub's port and its callers' connections open for
/// as long as it lives. Linux only.
package import Glibc
internal import Synchronization

package enum Spawn {
    package struct Failure: Error {
        /// Japanese first.
        package let reason: String
        /// errno; 0 where there was none.
        package let code: Int32
    }

    /// `posix_spawn_file_actions_addclosefrom_np` of glibc 2.34 and newer. Its header shows it to `_GNU_SOURCE` only, which
    /// Swift's module of glibc does not set. Without it no program is started.
    private enum CloseFrom {
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        static let function: Function? = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
            unsafeBitCast($0, to: Function.self)
        }
    }

    /// Between the making of a pipe and its mark "close on exec" no other program may start: it would hold the pipe open.
    private static let oneAtATime = Mutex(())

    package static func alone<Value: Sendable, E: Error>(_ body: () throws(E) -> Value) throws(E) -> Value {
        let outcome: Result<Value, E> = oneAtATime.withLock { _ in
            do throws(E) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// A pipe nobody inherits: the end to read, the end to write.
    package static func pipe() throws(Failure) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw Failure(reason: "パイプを作れません: \(String(cString: strerror(errno))) (no pipe)", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    /// - Parameters:
    ///   - environment: all it sees.
    ///   - standard: input, output, errors. They stay the caller's to close.
    /// - Returns: the number of the program, and of its group.
    package static func start(_ command: String, _ arguments: [String], environment: [String: String], standard: [Int32]) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // Three of them, our own.
        for (place, end) in standard.enumerated() { posix_spawn_file_actions_adddup2(&actions, end, Int32(place)) }
        guard let closeFrom = CloseFrom.function, closeFrom(&actions, 3) == 0 else { throw Failure(reason: "\(command): \(String(cString: strerror(ENOSYS)))", code: ENOSYS) }
        // The hub ignores SIGPIPE, and threads of ours block signals: the program begins as from a shell.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            // Constants of the system's header.
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = ([command] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, command, &actions, &attributes, words, variables)
        guard result == 0 else { throw Failure(reason: "\(command): \(String(cString: strerror(result)))", code: result) }
        return pid
    }
}
