/// One running program, its three pipes and its end. Used by its supervisor's thread only; never blocks.
import Glibc
import Synchronization

/// `posix_spawn_file_actions_addclosefrom_np` of glibc 2.34 and newer. Its header shows it to `_GNU_SOURCE` only, which
/// Swift's module of glibc does not set. Without it no program is started.
private enum CloseFrom {
    typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    static let function: Function? = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: Function.self)
    }
}

final class Child {
    let pid: pid_t
    private(set) var input: Int32
    private(set) var output: Int32
    private(set) var errors: Int32
    /// Not written yet.
    var pending: ArraySlice<UInt8> = []
    /// From its standard error, not a whole line yet.
    var complaint: [UInt8] = []
    private var ending: (begun: ContinuousClock.Instant, isTerminated: Bool, isKilled: Bool)?

    struct SpawnError: Error {
        let reason: String
    }

    /// Between the making of a pipe and its mark "close on exec" no other program may start: it would hold the pipe open.
    private static let oneAtATime = Mutex(())

    /// A pipe nobody inherits: the end to read, the end to write.
    static func pipe() throws(SpawnError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SpawnError(reason: "パイプを作れません: \(String(cString: strerror(errno))) (no pipe)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    /// A group of its own, so that a kill reaches whatever it started; every descriptor of the hub stays closed to it.
    init(_ settings: ProgramSettings) throws(SpawnError) {
        let begun: Swift.Result<([Int32], Int32, pid_t), SpawnError> = Self.oneAtATime.withLock { _ in
            var pipes: [Int32] = []
            do throws(SpawnError) {
                for _ in 0..<3 { pipes += try Self.pipe() }
            } catch {
                for end in pipes { close(end) }
                return .failure(error)
            }
            // Three pipes have six ends.
            let (result, pid) = Self.spawn(settings, standard: [pipes[0], pipes[3], pipes[5]])
            return .success((pipes, result, pid))
        }
        let (pipes, result, started) = try begun.get()
        // Three pipes have six ends.
        for end in [pipes[0], pipes[3], pipes[5]] { close(end) }
        // Three pipes have six ends.
        (input, output, errors) = (pipes[1], pipes[2], pipes[4])
        pid = started
        guard result == 0 else {
            for end in [input, output, errors] { close(end) }
            throw SpawnError(reason: "\(settings.command): \(String(cString: strerror(result)))")
        }
        for end in [input, output, errors] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }

    private static func spawn(_ settings: ProgramSettings, standard: [Int32]) -> (Int32, pid_t) {
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
        // SwiftNIO 2.101 does not mark its sockets "close on exec": a program would keep the hub's port and its callers'
        // connections open for as long as it lives.
        guard let closeFrom = CloseFrom.function, closeFrom(&actions, 3) == 0 else { return (ENOSYS, 0) }
        // The hub ignores SIGPIPE, and our thread blocks it: the program begins as from a shell.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            // Constants of the system's header.
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let arguments = ([settings.command] + settings.arguments).map { strdup($0) } + [nil]
        let environment = settings.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, settings.command, &actions, &attributes, arguments, environment)
        return (result, pid)
    }

    // MARK: Pipes

    /// Writes as much as the pipe takes.
    func write() {
        while !pending.isEmpty, input >= 0 {
            let count = pending.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count > 0 {
                pending.removeFirst(count)
            } else {
                // EPIPE: it is gone, or does not listen; its end is noticed elsewhere.
                if errno != EAGAIN, errno != EINTR { pending = [] }
                return
            }
        }
    }

    /// Nil at the end of the stream.
    static func read(_ end: Int32) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 64 << 10)
        let count = octets.withUnsafeMutableBytes { Glibc.read(end, $0.baseAddress, $0.count) }
        // More than none, as the same line asks.
        if count > 0 { return Array(octets.prefix(count)) }
        return count == 0 || (errno != EAGAIN && errno != EINTR) ? nil : []
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }
    func closeErrors() {
        if errors >= 0 { close(errors) }
        errors = -1
    }

    // MARK: End

    var isEnding: Bool { ending != nil }

    /// End of file first, then SIGTERM, then SIGKILL, each to the whole group. Called again until it is gone.
    func end(now: ContinuousClock.Instant, grace: Duration, mercy: Duration) {
        if input >= 0 { close(input) }
        input = -1
        pending = []
        var ending = ending ?? (now, false, false)
        if now >= ending.begun + grace, !ending.isTerminated {
            ending.isTerminated = true
            kill(-pid, SIGTERM)
        }
        if now >= ending.begun + grace + mercy, !ending.isKilled {
            ending.isKilled = true
            kill(-pid, SIGKILL)
        }
        self.ending = ending
    }

    /// How it ended; nil while it runs. What it left behind in its group goes with it, before its number can be given
    /// to somebody else.
    func reap() -> String? {
        var found = siginfo_t()
        guard waitid(P_PID, id_t(pid), &found, WEXITED | WNOHANG | WNOWAIT) == 0, found.si_signo == SIGCHLD else { return nil }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        for end in [input, output, errors] where end >= 0 { close(end) }
        (input, output, errors) = (-1, -1, -1)
        // wait(2): the low seven bits are the signal, the next octet the exit code.
        let signal = status & 0x7F
        return signal == 0 ? "終了コード\(status >> 8 & 0xFF)で終わりました (it ended)" : "シグナル\(signal)で止められました (ended by a signal)"
    }
}
